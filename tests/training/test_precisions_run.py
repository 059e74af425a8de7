"""Both precisions: how the experiment asks, and what its stored run says."""

import argparse

import precisions
import pytest
import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.training.device import has_bfloat16
from bert_tutorial.training.loop import Trainer
from bert_tutorial.world.pretrain import minute_recipe
from book_files import ROOT

FILE = ROOT / "bert_tutorial" / "runs" / "precisions.json"
CPU = torch.device("cpu")


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
