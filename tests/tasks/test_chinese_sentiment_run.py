"""Chinese sentiment: what counts as a leak, what equal work means, the stored run."""

import json

import pytest
import torch
from chinese_sentiment import (
    KINDS,
    RESULTS,
    RUN,
    about,
    by_part,
    divided,
    leaks,
    letters,
    runs_of,
    simple,
    spread,
)

from bert_tutorial.tasks.sentiment.tables import LabelledText

STORED = json.loads(RESULTS.read_text(encoding="utf-8"))
SEEDED = [one for one in STORED["runs"] if "seed" in one]


def rows(*texts, label="1"):
    return [LabelledText(text, None, label, i + 2) for i, text in enumerate(texts)]


def test_a_copy_is_known_by_its_letters_and_digits():
    assert letters("房间 很大, ＡＢ１。") == letters("房间很大!!ab1") == "房间很大ab1"
    train = rows("房间很大,服务好!", "性价比高")
    test = rows("房间很大 服务好", "房间很小,服务好!", "性价比高")
    assert leaks(train, test).tolist() == [True, False, True]


def test_a_text_shorter_than_a_run_is_one_run():
    assert runs_of("很好!") == {"很好"}
    assert len(runs_of("一二三四五六七八九十")) == 10 - RUN + 1


def test_what_both_files_have_is_counted_in_three_ways():
    train = rows("房间很大,服务好!", "一二三四五六七八九十", label="0")
    test = rows("房间很大 服务好", "房间很大,服务好!", "一二三四五六七八九千百")
    found = about(train, test)
    assert found["the same text"] == 1 and found["the same letters"] == 2
    assert found["of the same texts, with another label"] == 1
    assert found["apart, half of its runs in train"] == 1


def test_pairs_of_neighbours_need_no_segmentation():
    (one,) = spread(rows("很 好A"), pairs=True)
    assert one.text.split() == ["很", "好", "a", "很好", "好a"]
    (plain,) = spread(rows("很 好A"), pairs=False)
    assert plain.text.split() == ["很", "好", "a"]


def test_copies_stay_on_one_side_of_the_held_tenth():
    texts = [f"第{i}条" for i in range(40)] * 2
    most, held = divided(rows(*texts))
    assert len(held) == 8 and len(most) == 72
    assert not {r.text for r in most} & {r.text for r in held}


def test_the_parts_of_a_score_add_up():
    hits = torch.tensor([True, True, False, True])
    parts = by_part(hits, torch.tensor([True, False, False, False]))
    assert parts == {"all": 0.75, "leaked": 1.0, "apart": pytest.approx(2 / 3, 1e-3)}


def test_looking_up_knows_the_copies_only():
    texts = [f"第{i}条很长的评论" for i in range(30)]
    train = rows(*texts[:20], label="0") + rows(*texts[20:])
    test = rows(texts[0], label="0") + rows(texts[25], "没有见过", "也没有见过")
    found = {one["method"]: one for one in simple(train, test)}
    assert found["look the text up"] == {
        "method": "look the text up",
        "all": 1.0,
        "leaked": 1.0,
        "apart": 1.0,  # both are positive: the best constant answer
    }
    assert found["one answer for all"]["all"] == 0.75


def test_the_stored_run_has_three_seeds_at_equal_work():
    assert STORED["command"].startswith("python tools/experiments/chinese_sentiment.py")
    keys = {(one["method"], one["seed"]) for one in SEEDED}
    seeds = {seed for _, seed in keys}
    assert len(seeds) >= 3 and len(keys) == len(SEEDED) == len(KINDS) * len(seeds)
    for seed in seeds:
        own = {one["method"]: one for one in SEEDED if one["seed"] == seed}
        first, short, equal = (own[kind] for kind in KINDS)
        assert first["operations"] == pytest.approx(equal["operations"], rel=0.01)
        assert short["steps"] == first["steps"] < equal["steps"]
    assert STORED["pretraining"]["validation"].keys() == {str(seed) for seed in seeds}


def test_the_stored_accuracies_are_means_over_the_two_parts():
    counts = STORED["rows"]
    leaked = counts["the same letters"] / counts["test"]
    assert 0.25 < leaked < 0.3
    for one in STORED["runs"]:
        if one["method"] != "one answer for all":  # another answer for each part
            mixed = leaked * one["leaked"] + (1 - leaked) * one["apart"]
            assert one["all"] == pytest.approx(mixed, abs=2e-4), one["method"]


def test_the_rates_are_the_best_of_the_held_tenth():
    for one in SEEDED:
        tried = STORED["rates"][KINDS[0] if one["method"] == KINDS[0] else KINDS[1]]
        assert tried[f"{one['rate']:g}"] == max(tried.values())
