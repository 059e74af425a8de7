"""The tool that trains on two languages: its arms, and the run that is committed."""

import json
from dataclasses import asdict
from statistics import mean

import pytest
import torch
from few_data import AMOUNTS, MUCH, RESULTS, Arm, Lab, all_arms

from bert_tutorial.labs.languages import LanguageRecipe


@pytest.fixture(scope="module")
def lab():
    return Lab(LanguageRecipe(seed=1, steps=2, tokens_per_batch=256, hidden_size=16))


def test_an_arm_says_how_much_of_what_is_read(lab):
    joint = Arm(way="joint", second=300, exponent=0.3, length=1.5).recipe(lab.base)
    assert (joint.first, joint.second, joint.steps) == (MUCH, 300, 3)
    assert joint.exponent == 0.3 and joint.seed == 1
    for way in ("alone", "after"):
        recipe = Arm(way=way, second=300).recipe(lab.base)
        assert (recipe.first, recipe.second, recipe.steps) == (0, 300, 2)


def test_a_run_has_what_the_page_reads(lab):
    run = lab.run(Arm(way="joint", second=300, shared=0.5))
    assert run["questions"].keys() == run["trained"].keys() == run["majority"].keys()
    parts = run["crossing_by_shared_names"].values()
    assert sum(asked for _, asked in parts) == run["questions"]["crossing"]
    right = sum(share * asked for share, asked in parts)
    whole = run["trained"]["crossing"] * run["questions"]["crossing"]
    assert right == pytest.approx(whole, abs=0.1)
    json.dumps(run)


def test_after_starts_from_a_model_that_has_read_english_only(lab):
    arm = Arm(way="after", second=300)
    first, again = lab.start(arm), lab.start(arm)
    assert first is not again  # a run must not train the next one's start
    new = lab.data_for(arm.language).new_model(lab.base)
    one, other, untrained = (
        model.bert.embeddings.word_embeddings.weight for model in (first, again, new)
    )
    assert torch.equal(one, other) and not torch.equal(one, untrained)
    before = other.detach().clone()
    lab.run(arm)
    assert torch.equal(lab.start(arm).bert.embeddings.word_embeddings.weight, before)


def test_the_committed_run_is_all_arms_on_three_seeds_with_todays_recipe():
    document = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert document["command"].startswith("python tools/experiments/few_data.py")
    assert document["machine"]["date"] >= "2026-11-26"
    used = document["recipe"] | {"split": tuple(document["recipe"]["split"])}
    assert LanguageRecipe(**used) == LanguageRecipe(seed=0)
    made = [(json.dumps(run["arm"]), run["seed"]) for run in document["runs"]]
    wanted = [(json.dumps(asdict(a)), seed) for a in all_arms() for seed in (0, 1, 2)]
    assert sorted(made) == sorted(wanted)
    for run in document["runs"]:
        assert run["steps"] == round(1_000 * run["arm"]["length"])
        if run["arm"]["way"] != "after":
            assert max(run["before"].values()) < 0.05  # untrained


def test_facts_come_over_with_shared_names_only():
    document = json.loads(RESULTS.read_text(encoding="utf-8"))
    found: dict[float, list[float]] = {}
    for run in document["runs"]:
        arm = run["arm"]
        if arm["second"] == MUCH and arm["order"] == "own":
            found.setdefault(arm["shared"], []).append(run["trained"]["crossing"])
            assert run["trained"]["second"] > 0.9
    assert max(found[0.0]) < 0.27 < mean(found[0.5]) < 0.5 < 0.85 < min(found[1.0])


def test_the_last_digit_of_a_share_is_a_question():
    document = json.loads(RESULTS.read_text(encoding="utf-8"))
    for run in document["runs"]:
        for kind, share in run["trained"].items():
            right = share * run["questions"][kind]
            assert abs(right - round(right)) < 0.02
    assert AMOUNTS == (300, 1_000, 5_000)
