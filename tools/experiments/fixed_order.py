"""Show the trap of sentences in a fixed order: a lower loss, and less knowledge.

    python tools/experiments/fixed_order.py --seeds 0 1 2

Trains two models a seed on the same facts for the same number of steps. Each text
holds all that the world says of one country, animal, element or job: for the first
model in a fixed order, for the second in a random one. Both are then asked single
sentences, where every fact stands at the front. A text in a fixed order is easier to
predict, so each model is also scored on new texts of both kinds, with the same masks.
Writes the package's runs/fixed_order.json; a minute of one core for 1,500 steps.
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from statistics import mean
from typing import Any

import torch
from record import RUNS, main

from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.pretraining.batches import PretrainingBatches, pad
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.loop import TrainingConfig, train
from bert_tutorial.world import World
from bert_tutorial.world.corpus import state
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.facts import Fact
from bert_tutorial.world.knowledge import (
    answer_probes,
    majority_recall,
    recall,
    recall_by_relation,
)

RESULTS = RUNS / "fixed_order.json"
TEXTS = 20_000
NEW_TEXTS = 600


def facts_by_subject(world: World) -> list[list[Fact]]:
    """Give the facts of each subject that has several."""
    by_subject: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in world.facts:
        by_subject[fact.subject].append(fact)
    return [facts for facts in by_subject.values() if len(facts) > 1]


def texts_of(world: World, name: str, count: int, is_fixed: bool) -> list[str]:
    """Write texts, each with all facts of one subject in plain sentences."""
    subjects = facts_by_subject(world)
    rng = random.Random(name)
    texts = []
    for _ in range(count):
        facts = list(rng.choice(subjects))
        if not is_fixed:
            rng.shuffle(facts)
        texts.append(" ".join(state(f, world.ledger, rng, bare=True) for f in facts))
    return texts


def rows_of(
    texts: list[str], tokenizer: BertTokenizer, longest: int
) -> list[list[int]]:
    """Give the ids of each text that fits."""
    return [
        [tokenizer.cls_id, *ids, tokenizer.sep_id]
        for ids in tokenizer.encode_lines(texts)
        if len(ids) <= longest - 2
    ]


@torch.no_grad()
def loss_on(
    model: BertForPreTraining, rows: list[list[int]], tokenizer: BertTokenizer
) -> float:
    """Score masked LM with 15 % of the pieces hidden, the same for all models."""
    ids, mask = pad(rows, tokenizer.pad_id)
    masker = Masker(tokenizer, 0.15, split=(1.0, 0.0, 0.0), seed=13)
    input_ids, labels = masker(ids)
    batch = {"input_ids": input_ids, "attention_mask": mask, "labels": labels}
    return pretraining_loss(model.eval(), batch).masked_lm.item()


def trained(
    data: WorldData, recipe: WorldRecipe, is_fixed: bool
) -> tuple[BertForPreTraining, list[dict[str, Any]]]:
    """Train a model on texts of one kind of order; give it with its records."""
    tokenizer, seed = data.tokenizer, recipe.seed
    texts = texts_of(data.world, f"order {seed}", TEXTS, is_fixed)
    rows = rows_of(texts, tokenizer, recipe.max_length)
    masker = Masker(tokenizer, rates=data.rates(recipe), seed=seed)
    batches = PretrainingBatches(
        [(row, None, -100) for row in rows], masker, recipe.tokens_per_batch, seed=seed
    )
    torch.manual_seed(seed)
    model = BertForPreTraining(recipe.config(len(tokenizer)))
    config = TrainingConfig(
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        betas=(0.9, 0.98),
        warmup_fraction=0.06,
    )
    return model, train(model, iter(batches), config, device=torch.device("cpu"))


def run_one(seed: int, is_fixed: bool, steps: int) -> dict[str, Any]:
    """Train one model, score it on texts of both orders, and ask it."""
    recipe = WorldRecipe(seed=seed, steps=steps)
    data = WorldData(World(seed), recipe)
    world, tokenizer = data.world, data.tokenizer
    model, records = trained(data, recipe, is_fixed)
    new = {}
    for order in ("fixed", "random"):
        texts = texts_of(world, f"new texts {seed}", NEW_TEXTS, order == "fixed")
        rows = rows_of(texts, tokenizer, recipe.max_length)
        new[order] = round(loss_on(model, rows, tokenizer), 3)
    first = {facts[0].relation for facts in facts_by_subject(world)}
    answers = answer_probes(model, tokenizer, world.probes("stated"))
    result: dict[str, Any] = {
        "order": "fixed" if is_fixed else "random",
        "seed": seed,
        "steps": steps,
        "masked_lm": round(mean(r["masked_lm"] for r in records[-5:]), 3),
        "new_texts": new,
    }
    for name, wanted in (("first_relation", True), ("other_relations", False)):
        group = [a for a in answers if (a.probe.fact.relation in first) == wanted]
        majority = majority_recall([a.probe for a in group]).share
        result[f"recall_{name}"] = round(recall(group).share, 3)
        result[f"majority_{name}"] = round(majority, 3)
    result["by_relation"] = {
        name: round(value.share, 3)
        for name, value in recall_by_relation(answers).items()
    }
    return result


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run both orders on every seed, for each number of steps."""
    runs = document["runs"] = []
    for steps, seed in product(options.steps, options.seeds):
        for is_fixed in (True, False):
            runs.append(run_one(seed, is_fixed, steps))
            print(json.dumps(runs[-1]), flush=True)
            yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--steps", type=int, nargs="+", default=[1_500, 4_500])


if __name__ == "__main__":
    main(run, RESULTS, options=add_options)
