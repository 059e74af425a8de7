"""Measure the core-seconds until a model knows nine tenths of the mini-world's facts.

    python tools/experiments/time_to_knowledge.py --seeds 0 1 2

Four ways from the same initial weights: the package's loop; transformers' model in a
plain loop on the same batches with the same optimizer and learning rates; the
package's loop with Muon and its recipe, on the same batches again; and the package's
loop with BERT's uniform masking. They train one after the other on one thread. Time is
the CPU time of training alone; recall, the share of facts in held-out wordings whose
right word is the first choice, is measured every few steps in between. Results go into
the package's runs.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import torch
import transformers
from bench import Batch, published_twin
from record import RUNS, main, origin
from torch import Tensor
from torch.nn import functional as F
from until import rephrased_recall, train_until

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.loop import Trainer, TrainingConfig
from bert_tutorial.training.optimizer import linear_schedule, parameter_groups
from bert_tutorial.training.shortcuts import cheapen_dropout
from bert_tutorial.world import World
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.pretrain import minute_recipe

RESULTS = RUNS / "time_to_knowledge.json"
GOAL = 0.9
WAYS = ("ours", "transformers", "ours, Muon", "ours, uniform masking")
Step = Callable[[int, Batch], None]


def ours(model: BertForPreTraining, config: TrainingConfig) -> Step:
    """Give the package's step."""
    cheapen_dropout(model)
    trainer = Trainer(model, config, torch.device("cpu"))

    def step(number: int, batch: Batch) -> None:
        trainer.backward([batch])
        trainer.update(number)

    return step


def plain(model: Any, config: TrainingConfig) -> Step:
    """Give the usual loop's step around transformers' model.

    The losses are written out, because the model's own is NaN for batches of single
    sentences, which have no next-sentence label.
    """
    optimizer = torch.optim.AdamW(
        parameter_groups(model, config.weight_decay),
        lr=config.learning_rate,
        betas=config.betas,
        eps=config.epsilon,
    )

    def loss_of(batch: Batch) -> Tensor:
        names = ("input_ids", "attention_mask", "token_type_ids")
        output = model(**{name: batch[name] for name in names if name in batch})
        words = output.prediction_logits.flatten(0, 1)
        loss = F.cross_entropy(words, batch["labels"].flatten())
        relations = batch["next_sentence_label"]
        if bool((relations != -100).any()):
            loss = loss + F.cross_entropy(output.seq_relationship_logits, relations)
        return loss

    def step(number: int, batch: Batch) -> None:
        factor = linear_schedule(number, config.steps + 1, config.warmup)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * factor
        loss_of(batch).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_gradient_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def in_package(model: Any) -> BertForPreTraining:
    """Open a model of either side in the package, to ask it."""
    if isinstance(model, BertForPreTraining):
        return model
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return BertForPreTraining.from_pretrained(folder)


def prepare(
    way: str, recipe: WorldRecipe, data: WorldData
) -> tuple[BertForPreTraining | torch.nn.Module, Step]:
    """Give the model with its initial weights, and its step."""
    config = recipe.training_config()
    torch.manual_seed(recipe.seed)
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    if way != "transformers":
        return model, ours(model, config)
    twin = published_twin(model)
    return twin, plain(twin, config)


def run_one(way: str, seed: int, steps: int, probe_every: int) -> dict[str, Any]:
    """Train one way until the goal, or to the end of its steps."""
    masking = "uniform" if "uniform" in way else "content"
    recipe = WorldRecipe(seed=seed, steps=steps, masking=masking)
    if way == "ours, Muon":
        recipe = minute_recipe(seed=seed)
    data = WorldData(World(seed), recipe)
    model, step = prepare(way, recipe, data)
    model.train()
    batches, tokens = data.batches(recipe), 0

    def counted(number: int) -> None:
        nonlocal tokens
        batch = next(batches)
        tokens += batch["input_ids"].numel()
        step(number, batch)

    asked = train_until(
        counted,
        lambda: rephrased_recall(in_package(model), data),
        steps=recipe.steps,
        probe_every=probe_every,
        goal=GOAL,
    )
    return {
        "way": way,
        "seed": seed,
        "reached": asked.is_reached,
        "core_seconds": round(asked.seconds, 1),
        "steps": asked.steps,
        "tokens_per_second": round(tokens / asked.seconds),
        "recall": asked.recall,
        "curve": asked.curve,
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run the ways that were named on every seed; the others' rows stay."""
    transformers.logging.set_verbosity_error()
    document["goal"] = GOAL
    kept = [r for r in document.get("runs", []) if r["way"] not in options.ways]
    document |= origin()  # a row tells its own date
    runs = document["runs"] = kept
    for seed in options.seeds:
        for way in options.ways:
            found = run_one(way, seed, options.steps, options.probe_every)
            runs.append(found | {"date": document["machine"]["date"]})
            shown = {k: v for k, v in runs[-1].items() if k != "curve"}
            print(json.dumps(shown), flush=True)
            yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--steps", type=int, default=WorldRecipe().steps)
    parser.add_argument("--probe-every", type=int, default=50)


if __name__ == "__main__":
    main(run, RESULTS, options=add_options, goes_on=True)
