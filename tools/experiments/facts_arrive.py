"""Train as the shipped weights were trained, and ask for every kind of fact on the way.

    python tools/experiments/facts_arrive.py                  # the committed run:
        16,000 steps
    python tools/experiments/facts_arrive.py --steps 60 --every 20 --small --output
        try.json

Every few steps the model is asked: facts in wordings of the corpus (stated), in
wordings that were kept back (rephrased), facts that are never stated and follow from
others (inferable), and stated facts behind a sentence that denies them (contradicted:
once counting the fact, once the word of that sentence). The file grows with each point,
and holds what those who know nothing would score. One thread.
"""

import argparse
import json
import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from record import RUNS, origin, store
from torch import Tensor

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.loop import train
from bert_tutorial.world import FULL, Mix, World
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.knowledge import (
    answer_probes,
    contradict,
    majority_recall,
    recall,
)
from bert_tutorial.world.pretrain import full_recipe

RESULTS = RUNS / "facts_arrive.json"
KINDS = ("stated", "rephrased", "inferable")
EVERY_FIFTH = 5  # of the stated questions, of which there are many
SMALL = Mix(sentences=3_000, documents=600, residents=True)


class Questions:
    """The ledger's questions, and how a model answers them."""

    def __init__(self, data: WorldData) -> None:
        """Collect the questions of all kinds."""
        self.tokenizer = data.tokenizer
        self.probes = {kind: data.world.probes(kind) for kind in KINDS}
        self.probes["stated"] = self.probes["stated"][::EVERY_FIFTH]
        pairs = contradict(self.probes["stated"])
        self.probes["contradicted"] = [probe for probe, _ in pairs]
        self.false_words = [word.lower() for _, word in pairs]

    def ask(self, model: BertForPreTraining) -> dict[str, float]:
        """Give the share of right first choices of each kind."""
        shares = {}
        for kind, probes in self.probes.items():
            answers = answer_probes(model, self.tokenizer, probes)
            shares[kind] = recall(answers).share
            if kind == "contradicted":
                pairs = zip(answers, self.false_words, strict=True)
                said = sum(answer.word == word for answer, word in pairs)
                shares["contradicted_false_word"] = said / len(answers)
        return {kind: round(share, 4) for kind, share in shares.items()}

    def sizes(self) -> dict[str, dict[str, float]]:
        """Count the questions of each kind, and what the commonest answer gets."""
        kinds = self.probes.items()
        most = {kind: majority_recall(some).share for kind, some in kinds}
        return {
            "questions": {kind: len(some) for kind, some in kinds},
            "majority": {kind: round(share, 4) for kind, share in most.items()},
        }


def levels(data: WorldData, recipe: WorldRecipe, batches: int) -> dict[str, float]:
    """Give the losses of who knows nothing, and of who knows how frequent words are."""
    counts = torch.zeros(len(data.tokenizer), dtype=torch.double)
    source = data.batches(recipe)
    for _ in range(batches):
        labels: Tensor = next(source)["labels"]
        counts += labels[labels != -100].bincount(minlength=len(counts))
    shares = counts[counts > 0] / counts.sum()
    return {
        "uniform": round(math.log(len(counts)), 4),
        "unigram": round(float(-(shares * shares.log()).sum()), 4),
    }


def trace(recipe: WorldRecipe, mix: Mix, every: int, output: Path) -> dict[str, Any]:
    """Train, and write the document with a point every `every` steps."""
    torch.manual_seed(recipe.seed)  # the same order of draws as `pretrain_world`
    data = WorldData(World(recipe.seed, mix), recipe)
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    questions = Questions(data)
    document: dict[str, Any] = {
        **origin(),
        "recipe": asdict(recipe),
        "mix": asdict(mix),
        "vocabulary": len(data.tokenizer),
        "levels": levels(data, recipe, batches=300),
        **questions.sizes(),
        "untrained": questions.ask(model),
        "core_seconds": 0.0,
        "core_seconds_asking": 0.0,
        "points": [],
    }
    started, asking = time.process_time(), 0.0

    def after_step(step: int, record: dict[str, Any]) -> None:
        nonlocal asking
        if record.get("step") != step:
            return
        before = time.process_time()
        shares = questions.ask(model)
        asking += time.process_time() - before
        loss = {"step": step, "masked_lm": round(record["masked_lm"], 4)}
        document["points"].append(loss | shares)
        document["core_seconds_asking"] = round(asking, 1)
        document["core_seconds"] = round(time.process_time() - started - asking, 1)
        store(output, document)
        print(json.dumps(document["points"][-1]), flush=True)

    choices = replace(recipe.training_config(), log_every=every)
    batches, cpu = data.batches(recipe), torch.device("cpu")
    train(model, batches, choices, device=cpu, progress=False, on_step=after_step)
    return document


def main() -> None:
    """Run the shipped recipe, or a small one to try the tool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="the shipped weights' is 1")
    parser.add_argument("--steps", type=int, default=full_recipe().steps)
    parser.add_argument("--every", type=int, default=200, help="steps between points")
    parser.add_argument("--small", action="store_true", help="with little text")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = full_recipe(seed=options.seed, steps=options.steps)
    mix = SMALL if options.small else FULL
    document = trace(recipe, mix, options.every, options.output)
    shown = {key: document[key] for key in ("core_seconds", "core_seconds_asking")}
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
