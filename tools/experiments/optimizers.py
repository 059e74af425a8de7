"""Compare Muon with AdamW on the mini-world, over budgets, each with tuned rates.

    python tools/experiments/optimizers.py                     # what is committed
    python tools/experiments/optimizers.py --seeds 0 --budgets 400 --output FILE

Three ways from the same initial weights, on the same batches: AdamW as in chapter 12,
AdamW with the memory and the schedule that Muon has here (its control), and Muon for
the encoder's matrices. Each way tries its learning rates on the first seed, at each
budget of steps, and trains the other seeds with the best. Recall is the share of facts
in held-out wordings whose right word is the first choice, at the end of a run. What a
step costs is measured by time_to_knowledge.py. About half an hour of one core; runs
that the file has are not made again.
"""

import argparse
import json
from collections.abc import Iterator
from typing import Any

import torch
from record import RUNS, main
from until import rephrased_recall, train_until, updates

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.loop import Trainer
from bert_tutorial.training.muon import late_fall
from bert_tutorial.world import World
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.knowledge import majority_recall

RESULTS = RUNS / "optimizers.json"
PAPERS, CONTROL, MUON = "AdamW", "AdamW, Muon's schedule", "Muon"
RATES = {
    PAPERS: (1.5e-3, 3e-3, 5e-3, 8e-3),
    CONTROL: (1.5e-3, 3e-3, 5e-3, 8e-3),
    MUON: (3.5e-3, 5e-3, 7e-3),
}
BUDGETS = (400, 800, 1_200, 1_600)


class LateTrainer(Trainer):
    """AdamW with the schedule of Muon."""

    def rate(self, step: int) -> float:
        """Give the learning rate of a step, counted from 1."""
        config = self.config
        return config.learning_rate * late_fall(step, config.steps + 1, config.warmup)


def trainer_for(way: str, model: BertForPreTraining, recipe: WorldRecipe) -> Trainer:
    """Make the trainer of a way."""
    device = torch.device("cpu")
    if way != CONTROL:
        return Trainer(model, recipe.training_config(), device)
    model_config = WorldRecipe(
        steps=recipe.steps, learning_rate=recipe.learning_rate, optimizer="muon"
    ).training_config()
    values = vars(model_config) | {
        "optimizer": "adamw",
        "warmup_steps": model_config.warmup,
    }
    return LateTrainer(model, type(model_config)(**values), device)


def train_one(
    way: str, steps: int, rate: float, seed: int, data: WorldData
) -> dict[str, Any]:
    """Train once and ask all questions."""
    recipe = WorldRecipe(
        seed=seed,
        steps=steps,
        learning_rate=rate,
        optimizer="muon" if way == MUON else "adamw",
    )
    torch.manual_seed(seed)
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    trainer = trainer_for(way, model, recipe)
    model.train()
    asked = train_until(
        updates(trainer, data.batches(recipe)),
        lambda: rephrased_recall(model, data),
        steps=steps,
        probe_every=steps,
        goal=1.0,
    )
    return {
        "way": way,
        "steps": steps,
        "rate": rate,
        "seed": seed,
        "recall": round(asked.recall, 4),
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Tune every way on the first seed, then run the others."""
    runs = document.setdefault("runs", [])
    done = {(r["way"], r["steps"], r["rate"], r["seed"]): r for r in runs}
    first, *others = options.seeds
    worlds = {
        seed: WorldData(World(seed), WorldRecipe(seed=seed)) for seed in options.seeds
    }
    document["commonest answer"] = {
        str(seed): round(majority_recall(data.world.probes("rephrased")).share, 4)
        for seed, data in worlds.items()
    }

    def get(way: str, steps: int, rate: float, seed: int) -> dict[str, Any]:
        key = (way, steps, rate, seed)
        if key not in done:
            done[key] = train_one(*key, worlds[seed])
            runs.append(done[key])
            print(json.dumps(done[key]), flush=True)
        return done[key]

    for steps in options.budgets:
        for way, rates in RATES.items():
            for rate in rates:
                get(way, steps, rate, first)
                yield
            tried = [done[way, steps, rate, first] for rate in rates]
            best = max(tried, key=lambda r: r["recall"])["rate"]
            for seed in others:
                get(way, steps, best, seed)
                yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--budgets", type=int, nargs="+", default=list(BUDGETS))


if __name__ == "__main__":
    main(run, RESULTS, options=add_options, goes_on=True)
