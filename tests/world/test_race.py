"""The race: recipe files, a short race, and what its record says."""

import argparse
import json
import time

import pytest
from race import BOOK, Entry, read_entry, result, run, run_one
from until import train_until

from bert_tutorial.files.errors import UserError
from bert_tutorial.world.data import WorldRecipe
from book_files import ROOT

RECIPES = sorted((ROOT / "tools/experiments/races").glob("*.json"))


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_the_recipes_are_read(file):
    entry = read_entry(file)
    assert entry.config(0).steps >= 1
    assert entry.recipe(4).seed == 4


def test_a_recipe_may_change_both_configurations(tmp_path):
    file = tmp_path / "mine.json"
    values = {
        "steps": 7,
        "betas": [0.9, 0.95],
        "tokens_per_batch": 64,
        "optimizer": "muon",
    }
    file.write_text(json.dumps(values))
    entry = read_entry(file)
    assert entry.name == "mine"
    config = entry.config(3)
    assert (config.steps, config.betas, config.optimizer) == (7, (0.9, 0.95), "muon")
    assert entry.recipe(3).tokens_per_batch == 64
    assert entry.recipe(3).hidden_size == WorldRecipe().hidden_size


@pytest.mark.parametrize(
    "values",
    [{"speed": 2}, {"seed": 1}, {"name": BOOK}, {"name": 3}, {"learning_rate": 2}],
)
def test_other_choices_are_refused(tmp_path, values):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(values))
    with pytest.raises(UserError):
        read_entry(file)


def test_a_run_ends_at_the_goal_or_with_its_steps():
    entry = Entry("short", {"steps": 4, "tokens_per_batch": 256}, {})
    never = run_one(entry, 0, 2, 1.0)
    assert (never["reached"], never["steps"]) == (False, 4)
    at_once = run_one(entry, 0, 2, 0.0)
    assert (at_once["reached"], at_once["steps"]) == (True, 2)
    assert 0 < at_once["core_seconds"] < never["core_seconds"] + 1


def test_the_clock_stands_while_a_model_is_asked():
    made, answers = [], iter([0.1, 0.5, 0.2])

    def ask():
        started = time.process_time()
        while time.process_time() - started < 0.05:
            pass
        return next(answers)

    def train(goal, steps=5):
        return train_until(made.append, ask, steps=steps, probe_every=2, goal=goal)

    asked = train(0.5)
    assert (asked.is_reached, asked.steps, asked.recall) == (True, 4, 0.5)
    assert made == [1, 2, 3, 4] and [p["step"] for p in asked.curve] == [2, 4]
    assert asked.seconds < 0.05
    last = train(0.5, steps=1)  # after the last step it is asked, too
    assert (last.is_reached, last.steps, last.recall) == (False, 1, 0.2)


def test_a_ratio_needs_every_seed():
    def one(seconds, reached=True):
        return {"core_seconds": seconds, "reached": reached}

    book = [one(40.0), one(50.0)]
    assert result([one(20.0), one(50.0)], book) == {
        "reached": 2,
        "ratio": 0.75,
        "ratios": [0.5, 1.0],
    }
    assert result([one(20.0), one(99.0, False)], book) == {"reached": 1}


def test_a_record_is_added_and_one_of_the_same_name_replaced(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text('{"name": "mine", "steps": 1, "tokens_per_batch": 128}')
    old = {"name": "mine", "reached": 0}
    document = {"records": [old, {"name": "another"}]}
    options = argparse.Namespace(recipe=file, goal=0.0, probe_every=1, seeds=[0])
    for _ in run(options, document):
        pass
    first, record = document["records"]
    assert first == {"name": "another"}
    assert record["reached"] == 1 and record["ratio"] > 0
    assert record["changes"] == {"steps": 1, "tokens_per_batch": 128}
    assert [one["seed"] for one in record["book"]] == [0]
    assert record["machine"]["date"]
