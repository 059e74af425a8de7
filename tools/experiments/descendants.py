"""Compare what came after BERT with BERT, at equal work, on the lab's small world.

    python tools/experiments/descendants.py                      # what is committed
    python tools/experiments/descendants.py --seeds 3 --output FILE

One thread; runs that the file has are not made again, so that a stopped command goes on
where it was. Three things, each on all seeds: `runs`, each variant at three budgets of
operations, with the learning rate that was best for it on seed 0's validation questions
(`grid`); `lengths`, the question of `look_back` on texts longer than those of the
training; `norms`, the same question for pre-norm and post-norm with six layers, with
and without warm-up, at three learning rates. About 55 minutes of one core for three
seeds.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any

import torch
from record import RUNS, main
from torch import Tensor

from bert_tutorial.labs.ablation.lab import LabData, same_masks_loss, small_world
from bert_tutorial.labs.ablation.variants import LabRecipe
from bert_tutorial.labs.descendants.look_back import (
    LOOK_BACK,
    RandomStart,
    look_back_accuracy,
    look_back_batch,
)
from bert_tutorial.labs.descendants.variants import (
    WHOLE_LOSS,
    descendant,
    descendant_operations,
)
from bert_tutorial.labs.efficiency.cost import step_operations
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.loop import train
from bert_tutorial.world.knowledge import answer_probes, majority_recall, recall

RESULTS = RUNS / "descendants.json"
Batch = dict[str, Tensor]
Run = dict[str, Any]

VARIANTS: dict[str, tuple[str, ...]] = {
    "BERT": (),
    "rotary": ("rotary",),
    "no positions": ("no positions",),  # the control of "rotary"
    "gated": ("gated",),
    "pre-norm": ("pre-norm",),
    "local": ("local",),
    "local, no positions": ("local", "no positions"),  # does the mask tell the order?
    "shared layers": ("shared",),
    "ModernBERT's four": ("rotary", "gated", "pre-norm", "local"),
}
BUDGETS = (350, 700, 1_400)  # steps of BERT
RATES = (1.5e-3, 3e-3, 6e-3, 1.2e-2)
NORMS: dict[str, tuple[str, ...]] = {"post-norm": (), "pre-norm": ("pre-norm",)}
# A lower rate is the other remedy beside warm-up, and may need more steps.
NORM_RUNS: tuple[tuple[float, float, int], ...] = (  # rate, warm-up, steps
    *product((3e-3, 1e-3, 3e-4), (0.0, 0.2), (250,)),
    *product((1e-3, 3e-4), (0.0,), (1_000,)),
)
LENGTHS = (32, 64, 128, 256)
POSITIONS: dict[str, tuple[str, ...]] = {
    "learned": (),
    "learned, any start": (),
    "no positions": ("no positions",),
    "rotary": ("rotary",),
    "rotary, local": ("rotary", "local"),
}


def work_of(config: BertConfig, changes: Sequence[str], batch: Batch) -> int:
    """Count the operations of a step."""
    B, T = batch["input_ids"].shape
    M = int((batch["labels"] != -100).sum())
    return step_operations(descendant_operations(config, changes, B, T, M))


def config_of(recipe: LabRecipe, vocab_size: int) -> BertConfig:
    """Describe BERT, with a position table longer than any text of the training."""
    return recipe.config(vocab_size).changed(max_position_embeddings=max(LENGTHS))


def equal_steps(
    data: LabData, recipe: LabRecipe, changes: Sequence[str], budget: int
) -> int:
    """Say how many steps cost as much as `budget` steps of BERT."""
    config = config_of(recipe, len(data.tokenizer))
    some = list(islice(data.batches(recipe), 50))
    plain = sum(work_of(config, (), batch) for batch in some)
    return round(budget * plain / sum(work_of(config, changes, b) for b in some))


def learn(
    data: LabData, recipe: LabRecipe, changes: Sequence[str]
) -> tuple[BertForPreTraining, Run]:
    """Train, and count operations on the way."""
    config = config_of(recipe, len(data.tokenizer))
    model = descendant(config, changes, recipe.seed)
    work = 0

    def counted() -> Iterator[Batch]:
        nonlocal work
        for batch in data.batches(recipe):
            work += work_of(config, changes, batch)
            yield batch

    started = time.process_time()
    records = train(
        model,
        counted(),
        recipe.training_config(),
        loss=WHOLE_LOSS,
        device=torch.device("cpu"),
        progress=False,
    )
    trained = [p for p in model.parameters() if p.requires_grad]
    return model, {
        "rate": recipe.learning_rate,
        "steps": recipe.steps,
        "operations": work,
        "parameters": sum(p.numel() for p in trained),
        "cpu_seconds": round(time.process_time() - started, 1),
        "trained": round(records[-1]["masked_lm"], 3),
    }


def questions(model: BertForPreTraining, data: LabData, seed: int) -> dict[str, float]:
    """Ask for facts in held-out wordings: one half of them chooses, the other reports.

    `loss` is the masked-LM loss on held-out texts, with the same masks for all.
    """
    probes = list(data.world.probes("rephrased"))
    random.Random(f"halves {seed}").shuffle(probes)
    cut = len(probes) // 2
    halves = {"validation": probes[:cut], "recall": probes[cut:]}
    found = {
        name: recall(answer_probes(model, data.tokenizer, half)).share
        for name, half in halves.items()
    }
    found["majority"] = majority_recall(halves["recall"]).share
    found["loss"] = same_masks_loss(model, data)
    return {name: round(value, 4) for name, value in found.items()}


@torch.no_grad()
def loss_by_length(model: BertForPreTraining, data: LabData) -> dict[str, float]:
    """Take the loss of the same hidden words in texts of several lengths.

    Held-out texts are joined and cut to 256 tokens; the shorter texts are their pieces.
    """
    pairs = [[*pair.tokens_a, *pair.tokens_b] for pair in data.next_pairs]
    joined = torch.tensor([piece for pair in pairs for piece in pair])
    whole = joined[: len(joined) // 256 * 256].view(-1, 256)[:40]
    masker = Masker(data.tokenizer, 0.15, split=(1.0, 0.0, 0.0), seed=13)
    ids, labels = masker(whole)
    found = {}
    for length in LENGTHS:
        cut = {"input_ids": ids.view(-1, length), "labels": labels.view(-1, length)}
        found[str(length)] = round(pretraining_loss(model, cut).masked_lm.item(), 3)
    return found


def recipe_of(seed: int, **changes: Any) -> LabRecipe:
    """Give the lab's recipe with smaller batches, so that budgets are many steps."""
    return LabRecipe(seed=seed, tokens_per_batch=1_024, **changes)


def one_run(data: LabData, seed: int, name: str, budget: int, rate: float) -> Run:
    """Train a variant for the work of `budget` steps of BERT, and ask it."""
    changes = VARIANTS[name]
    steps = equal_steps(data, recipe_of(seed), changes, budget)
    recipe = recipe_of(seed, steps=steps, learning_rate=rate)
    model, done = learn(data, recipe, changes)
    run = {"variant": name, "seed": seed, "budget": budget, **done}
    run |= questions(model, data, seed)
    if budget == BUDGETS[-1]:
        run["by_length"] = loss_by_length(model, data)
    return run


def best_rate(grid: list[Run], name: str) -> float:
    """Choose by the validation questions; of equals, the one with the lower loss."""
    rows = [run for run in grid if run["variant"] == name]
    return float(max(rows, key=lambda run: (run["validation"], -run["loss"]))["rate"])


def taught(
    model: BertForPreTraining, seed: int, steps: int, rate: float, warmup: float
) -> float:
    """Teach a model to look back on texts of 32 words; give the loss at the end."""
    words = torch.Generator().manual_seed(seed)
    records = train(
        model,
        (look_back_batch(32, LENGTHS[0], words) for _ in range(steps)),
        TrainingConfig(steps=steps, learning_rate=rate, warmup_fraction=warmup),
        loss=WHOLE_LOSS,
        device=torch.device("cpu"),
        progress=False,
    )
    return round(float(records[-1]["masked_lm"]), 3)


def norm_run(norm: str, warmup: float, seed: int, rate: float, steps: int) -> Run:
    """Teach a model of six layers with either norm."""
    model = descendant(LOOK_BACK.changed(num_hidden_layers=6), NORMS[norm], seed)
    found = {"steps": steps, "loss": taught(model, seed, steps, rate, warmup)}
    found["right"] = round(look_back_accuracy(model, LENGTHS[0]), 3)
    return {"norm": norm, "warmup": warmup, "seed": seed, "rate": rate, **found}


def length_run(name: str, seed: int, steps: int = 400) -> Run:
    """Teach a model; then ask on longer texts than those of the training.

    Asked are the positions beyond the training's, or all where there are none.
    """
    model = descendant(LOOK_BACK, POSITIONS[name], seed)
    if name == "learned, any start":
        table = model.bert.embeddings.state_dict()
        model.bert.embeddings = RandomStart(LOOK_BACK)
        model.bert.embeddings.load_state_dict(table)
        model.cls.predictions.tie(model.bert.embeddings.word_embeddings)
    taught(model, seed, steps, 3e-3, 0.06)
    run: Run = {"positions": name, "seed": seed, "steps": steps}
    for length in LENGTHS:
        start = 3 if length == LENGTHS[0] else LENGTHS[0]
        run[str(length)] = round(look_back_accuracy(model, length, start), 3)
    return run


def wanted(seeds: Sequence[int]) -> Iterator[tuple[str, Run]]:
    """List all runs: the part of the file that each is in, and what it is known by."""
    for name, rate in product(VARIANTS, RATES):
        yield "grid", {"variant": name, "seed": 0, "budget": BUDGETS[1], "rate": rate}
    for name, seed in product(POSITIONS, seeds):
        yield "lengths", {"positions": name, "seed": seed}
    for (rate, warmup, steps), norm, seed in product(NORM_RUNS, NORMS, seeds):
        key = {"norm": norm, "warmup": warmup, "seed": seed}
        yield "norms", key | {"rate": rate, "steps": steps}
    for name, seed, budget in product(VARIANTS, seeds, BUDGETS):
        yield "runs", {"variant": name, "seed": seed, "budget": budget}


def make(part: str, key: Run, data: LabData, grid: list[Run]) -> Run:
    """Make a run; one of the grid with the best rate serves as one of `runs`."""
    if part == "lengths":
        return length_run(key["positions"], key["seed"])
    if part == "norms":
        return norm_run(**key)
    same = [one for one in grid if key.items() <= one.items()]
    if part == "runs" and same:
        return same[0]
    return one_run(data, key["seed"], key["variant"], key["budget"], key["rate"])


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Make the runs that the file does not have."""
    document["budgets"], document["rates"] = list(BUDGETS), list(RATES)
    data: dict[int, LabData] = {}
    for part, key in wanted(options.seeds):
        kept: list[Run] = document.setdefault(part, [])
        if part == "runs":  # a larger grid may have found a better rate
            rate = best_rate(document["grid"], key["variant"])
            kept[:] = [
                x for x in kept if x["variant"] != key["variant"] or x["rate"] == rate
            ]
            key["rate"] = rate
        if any(key.items() <= one.items() for one in kept):
            continue
        seed = key["seed"]
        if seed not in data:
            data[seed] = LabData(small_world(seed), recipe_of(seed))
        kept.append(make(part, key, data[seed], document["grid"]))
        print(part, json.dumps(kept[-1]), flush=True)
        yield


if __name__ == "__main__":
    main(run, RESULTS, goes_on=True)
