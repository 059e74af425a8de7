"""Both precisions: how the experiment asks, and what its stored run says."""

import argparse
import json

import precisions
import pytest
import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.training.device import has_bfloat16
from bert_tutorial.training.loop import Trainer
from bert_tutorial.world.pretrain import minute_recipe
from book_files import ROOT

CPU = torch.device("cpu")
RUN = json.loads((ROOT / "bert_tutorial/runs/precisions.json").read_text("utf-8"))
SEEDS = {"world": (0, 1, 2), "english": (0, 1)}


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(
        precisions, "minute_recipe", lambda seed: minute_recipe(seed=seed, steps=4)
    )
    monkeypatch.setattr(precisions, "WORLD_EVERY", 3)


def test_a_curve_has_every_question_and_the_last_step(short):
    curve = precisions.on_the_world("float32", 0)
    assert [point["step"] for point in curve] == [3, 4]
    assert curve[0]["seconds"] < curve[1]["seconds"]
    assert 0 <= curve[1]["recall"] <= 1 and curve[1]["nats"] > 0
    assert precisions.on_the_world("float32", 0)[1]["nats"] == curve[1]["nats"]
    other = precisions.on_the_world(precisions.CONTROL, 0)
    assert other[1]["nats"] != curve[1]["nats"]


@pytest.mark.skipif(not has_bfloat16(CPU), reason="no instructions for bfloat16 here")
def test_each_way_has_its_precision_and_the_same_weights(short, monkeypatch):
    used = []

    class Watched(Trainer):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            used.append(self.dtype)

    monkeypatch.setattr(precisions, "Trainer", Watched)
    one, two, _ = (precisions.on_the_world(way, 0) for way in precisions.WAYS)
    assert used == [None, torch.bfloat16, None]
    assert one[0]["training"] == pytest.approx(two[0]["training"], abs=0.02)


def test_no_curve_is_made_where_bfloat16_is_only_emulated(monkeypatch):
    monkeypatch.setattr(precisions, "has_bfloat16", lambda device: False)
    with pytest.raises(UserError, match="no instructions for bfloat16"):
        next(precisions.run(argparse.Namespace(), {}))


def nats_at(text, way, step):
    """Give the held-out loss of each seed at a step."""
    runs = {r["seed"]: r for r in RUN["runs"] if (r["text"], r["way"]) == (text, way)}
    assert tuple(runs) == SEEDS[text]
    return [
        point["nats"]
        for run in runs.values()
        for point in run["curve"]
        if point["step"] == step
    ]


def test_every_way_has_its_seeds_and_the_end_of_its_curve():
    assert "bf16" in RUN["machine"]["instructions"]
    assert {(run["text"], run["way"]) for run in RUN["runs"]} == {
        (text, way) for text in SEEDS for way in precisions.WAYS
    }
    for run in RUN["runs"]:
        assert run["nats"] == run["curve"][-1]["nats"]
        assert run["curve"][-1]["nats"] < run["curve"][0]["nats"], "it does learn"


def test_the_page_gives_both_curves_and_the_control():
    page = (ROOT / "book" / "measured.md").read_text("utf-8")
    section = page.split("## Both precisions")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    names = {"mini-world": "world", "real English": "english"}
    assert len(rows) == 6
    for name, plain, moved, control in rows:
        kind, number = name.rsplit(", ", 1)
        text, step = names[kind], int(number.replace(",", ""))
        here = nats_at(text, "float32", step)
        assert plain.split() == [f"{one:.2f}" for one in here]
        for cell, way in ((moved, "bfloat16"), (control, precisions.CONTROL)):
            there = nats_at(text, way, step)
            assert cell.split() == [
                f"{b - a:+.3f}" for a, b in zip(here, there, strict=True)
            ], (name, way)


@pytest.mark.parametrize(("text", "last"), [("world", 800), ("english", 1_000)])
def test_the_format_moves_the_end_less_than_other_weights_do(text, last):
    here, half, other = (nats_at(text, way, last) for way in precisions.WAYS)
    for a, b, c in zip(here, half, other, strict=True):
        assert abs(b - a) < abs(c - a)
