"""Race a recipe against the book's: core-seconds until a model knows its mini-world.

    python tools/experiments/race.py --recipe tools/experiments/races/muon.json

A recipe file is a JSON object with a `name` and whatever it changes of `WorldRecipe` or
`TrainingConfig`, such as steps, learning_rate, optimizer or tokens_per_batch. Both
recipes train on the worlds of five seeds, in turns, on one thread. Time is the CPU time
of batches and updates alone. Every few steps the model is asked the facts in wordings
that the corpus does not have; the clock stops at a recall of 0.95, or at the end of the
steps, which does not count. The record is the ratio to the book's recipe on the same
machine, since core-seconds of two machines do not compare. A second recipe is added to
the stored records; one of the same name replaces its old record.
"""

import argparse
import json
import statistics
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from record import RUNS, main, origin
from until import rephrased_recall, train_until, updates

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import read_json
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.loop import Trainer, TrainingConfig
from bert_tutorial.training.shortcuts import cheapen_dropout
from bert_tutorial.world import World
from bert_tutorial.world.data import WorldData, WorldRecipe

RESULTS = RUNS / "race.json"
GOAL = 0.95
BOOK = "the book's recipe"
FIXED = ("seed",)  # what a recipe may not choose: the race does


class Entry(NamedTuple):
    """A recipe in the race: its name and what it changes of the book's."""

    name: str
    world: dict[str, Any]
    training: dict[str, Any]

    def recipe(self, seed: int) -> WorldRecipe:
        """Give data and model of a seed."""
        return WorldRecipe(seed=seed, **self.world)

    def config(self, seed: int) -> TrainingConfig:
        """Give the training of a seed."""
        return replace(self.recipe(seed).training_config(), **self.training)


def read_entry(file: Path) -> Entry:
    """Read a recipe file.

    Raises:
        UserError: if a key is neither of the two configurations', or a value is none.
    """
    values = read_json(file)
    name = values.pop("name", file.stem)
    if not isinstance(name, str) or name == BOOK:
        raise UserError(f"{file}: name must be a text of its own, got {name!r}")
    world = {field.name for field in fields(WorldRecipe)} - {*FIXED}
    training = {field.name for field in fields(TrainingConfig)} - world - {*FIXED}
    unknown = sorted(set(values) - world - training)
    if unknown:
        raise UserError(
            f"{file}: {unknown[0]} must be one of {', '.join(sorted(world | training))}"
        )
    for key in ("split", "betas"):
        if isinstance(values.get(key), list):
            values[key] = tuple(values[key])
    entry = Entry(
        name,
        {key: value for key, value in values.items() if key in world},
        {key: value for key, value in values.items() if key in training},
    )
    entry.config(0)
    return entry


def run_one(entry: Entry, seed: int, probe_every: int, goal: float) -> dict[str, Any]:
    """Train until the goal, or to the end of the steps."""
    recipe, config = entry.recipe(seed), entry.config(seed)
    data = WorldData(World(seed), recipe)
    torch.manual_seed(seed)
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    cheapen_dropout(model)
    model.train()
    trainer = Trainer(model, config, torch.device("cpu"))
    asked = train_until(
        updates(trainer, data.batches(recipe)),
        lambda: rephrased_recall(model, data),
        steps=config.steps,
        probe_every=probe_every,
        goal=goal,
    )
    return {
        "seed": seed,
        "reached": asked.is_reached,
        "core_seconds": round(asked.seconds, 2),
        "steps": asked.steps,
        "recall": round(asked.recall, 4),
    }


def result(runs: list[dict[str, Any]], book: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum up: ratios to the book's recipe, seed by seed, if all reached the goal."""
    pairs = list(zip(runs, book, strict=True))
    found: dict[str, Any] = {"reached": sum(one["reached"] for one in runs)}
    if all(a["reached"] and b["reached"] for a, b in pairs):
        ratios = [a["core_seconds"] / b["core_seconds"] for a, b in pairs]
        found["ratio"] = round(statistics.mean(ratios), 3)
        found["ratios"] = [round(one, 3) for one in ratios]
    return found


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Race the book's recipe and the given one on every seed, in turns."""
    entry, book = read_entry(options.recipe), Entry(BOOK, {}, {})
    document["goal"] = options.goal
    pairs: dict[str, list[dict[str, Any]]] = {entry.name: [], BOOK: []}
    for seed in options.seeds:
        for one in (book, entry):  # in turns, so that a busy hour meets both
            found = run_one(one, seed, options.probe_every, options.goal)
            pairs[one.name].append(found)
            print(json.dumps({"recipe": one.name} | found), flush=True)
    runs, of_book = pairs[entry.name], pairs[BOOK]
    record = {
        "name": entry.name,
        "changes": entry.world | entry.training,
        **result(runs, of_book),
        "runs": runs,
        "book": of_book,
        **origin(),
    }
    kept = [one for one in document.get("records", []) if one["name"] != entry.name]
    document["records"] = [*kept, record]
    yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--recipe", type=Path, required=True, help="a JSON file")
    parser.add_argument("--probe-every", type=int, default=50, help="steps")
    parser.add_argument("--goal", type=float, default=GOAL, help="recall")


if __name__ == "__main__":
    main(run, RESULTS, seeds=range(5), options=add_options, goes_on=True)
