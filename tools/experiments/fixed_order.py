"""Show the trap of sentences in a fixed order: a lower loss, and no knowledge.

    python tools/experiments/fixed_order.py --seeds 0 1 2

Trains two models a seed on the same facts for the same number of steps. Each text
holds all that the world says of one country, animal, element or job: for the first
model in a fixed order, for the second in a random one. Both are then asked single
sentences, where every fact stands at the front. Writes the package's
runs/fixed_order.json; about a minute of one core for each model.
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from statistics import mean
from typing import Any

import torch
from record import RUNS, main

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.batches import PretrainingBatches
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.training.loop import TrainingConfig, train
from bert_tutorial.world import World
from bert_tutorial.world.corpus import state
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.facts import Fact
from bert_tutorial.world.knowledge import answer_probes, recall, recall_by_relation

RESULTS = RUNS / "fixed_order.json"
TEXTS = 20_000


def facts_by_subject(world: World) -> list[list[Fact]]:
    """Give the facts of each subject that has several."""
    by_subject: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in world.facts:
        by_subject[fact.subject].append(fact)
    return [facts for facts in by_subject.values() if len(facts) > 1]


def texts_of(world: World, seed: int, is_fixed: bool) -> list[str]:
    """Write texts, each with all facts of one subject in plain sentences."""
    subjects = facts_by_subject(world)
    rng = random.Random(f"order {seed}")
    texts = []
    for _ in range(TEXTS):
        facts = list(rng.choice(subjects))
        if not is_fixed:
            rng.shuffle(facts)
        texts.append(" ".join(state(f, world.ledger, rng, bare=True) for f in facts))
    return texts


def run_one(seed: int, is_fixed: bool, steps: int) -> dict[str, Any]:
    """Train one model and ask it."""
    recipe = WorldRecipe(seed=seed, steps=steps)
    data = WorldData(World(seed), recipe)
    tokenizer = data.tokenizer
    rows = [
        ([tokenizer.cls_id, *ids, tokenizer.sep_id], None, -100)
        for ids in tokenizer.encode_lines(texts_of(data.world, seed, is_fixed))
        if len(ids) <= recipe.max_length - 2
    ]
    masker = Masker(tokenizer, rates=data.rates(recipe), seed=seed)
    batches = PretrainingBatches(rows, masker, recipe.tokens_per_batch, seed=seed)
    torch.manual_seed(seed)
    model = BertForPreTraining(recipe.config(len(tokenizer)))
    config = TrainingConfig(
        steps=steps,
        learning_rate=recipe.learning_rate,
        betas=(0.9, 0.98),
        warmup_fraction=0.06,
    )
    records = train(model, iter(batches), config, device=torch.device("cpu"))
    first = {facts[0].relation for facts in facts_by_subject(data.world)}
    answers = answer_probes(model, tokenizer, data.world.probes("stated"))
    at_front = [a for a in answers if a.probe.fact.relation in first]
    later = [a for a in answers if a.probe.fact.relation not in first]
    return {
        "order": "fixed" if is_fixed else "random",
        "seed": seed,
        "steps": steps,
        "masked_lm": round(mean(r["masked_lm"] for r in records[-5:]), 3),
        "recall_first_relation": round(recall(at_front).share, 3),
        "recall_other_relations": round(recall(later).share, 3),
        "by_relation": {
            name: round(value.share, 3)
            for name, value in recall_by_relation(answers).items()
        },
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run both orders on every seed."""
    runs = document["runs"] = []
    for seed in options.seeds:
        for is_fixed in (True, False):
            runs.append(run_one(seed, is_fixed, options.steps))
            print(json.dumps(runs[-1]), flush=True)
            yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--steps", type=int, default=1_500)


if __name__ == "__main__":
    main(run, RESULTS, options=add_options)
