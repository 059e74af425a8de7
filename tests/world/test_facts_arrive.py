"""The tool that asks for facts during training: the same run, honest shares."""

import itertools
import json
import math

import pytest
import torch
from facts_arrive import RESULTS, SMALL, trace

from bert_tutorial.course.plots.facts import KINDS, facts_arriving
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.world.pretrain import full_recipe, pretrain_world

STEPS = 4


@pytest.fixture(scope="module")
def recipe():
    return full_recipe(seed=1, steps=STEPS, tokens_per_batch=512, hidden_size=16)


@pytest.fixture(scope="module")
def traced(recipe, tmp_path_factory):
    file = tmp_path_factory.mktemp("run") / "facts.json"
    return trace(recipe, SMALL, every=2, output=file), file


def test_the_run_is_that_of_the_shipped_weights(recipe, traced):
    again = pretrain_world(recipe, SMALL, progress=False)
    points = traced[0]["points"]
    loss = sum(point["masked_lm"] for point in points) / len(points)
    # a mean over all words of four steps and a mean of two means over two steps
    assert loss == pytest.approx(again.records[-1]["masked_lm"], abs=0.02)
    assert traced[0]["vocabulary"] == again.report["vocabulary"]
    for key in ("recipe", "mix"):
        assert traced[0][key] == again.report[key]
    known = again.report["trained"]["recall_inferable"]
    assert points[-1]["inferable"] == pytest.approx(known, abs=1e-4)


def test_the_points_are_where_they_should_be_and_in_the_file(traced):
    document, file = traced
    assert [point["step"] for point in document["points"]] == [2, STEPS]
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(document))
    for point in [document["untrained"], *document["points"]]:
        assert {kind.key for kind in KINDS} <= point.keys()
        assert all(0 <= point[kind.key] <= 1 for kind in KINDS)
    assert document["core_seconds"] > 0 and document["core_seconds_asking"] > 0
    assert document["machine"]["torch"] == torch.__version__


def test_those_who_know_nothing_are_beside_the_model(traced):
    document = traced[0]
    levels = document["levels"]
    assert levels["uniform"] == pytest.approx(
        math.log(document["vocabulary"]), abs=1e-4
    )
    assert 4 < levels["unigram"] < levels["uniform"]
    kinds = {"stated", "rephrased", "inferable", "contradicted"}
    assert document["majority"].keys() == document["questions"].keys() == kinds
    assert all(0 < share < 0.5 for share in document["majority"].values())
    assert document["questions"]["inferable"] == 160  # 16 people, ten wordings


def test_the_figure_takes_what_the_tool_writes(traced):
    assert "2" in repr(facts_arriving(traced[0], marks=2)).splitlines()[0]


def test_the_committed_run_is_the_shipped_recipe_to_its_end():
    run = json.loads(RESULTS.read_text(encoding="utf-8"))
    report = json.loads((shipped_weights() / "report.json").read_text(encoding="utf-8"))
    for key in ("recipe", "mix", "vocabulary"):
        assert run[key] == report[key]
    points = run["points"]
    assert points[-1]["step"] == run["recipe"]["steps"] and len(points) >= 40
    gaps = {b["step"] - a["step"] for a, b in itertools.pairwise(points)}
    assert gaps == {points[0]["step"]}
    for kind in ("stated", "rephrased", "inferable"):
        known = report["trained"][f"recall_{kind}"]
        assert points[-1][kind] == pytest.approx(known, abs=0.1)  # other roundings
    facts_arriving(run)
