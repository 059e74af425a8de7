"""Measures of classification: values worked by hand, and a second way to each."""

import itertools
import math
import random
import statistics

import pytest

from bert_tutorial.tasks.metrics import (
    accuracy,
    binary_scores,
    classification_scores,
    macro_scores,
    matthews,
    pearson,
    spearman,
    value_scores,
)

# label, guess: TP 3, FN 2, FP 1, TN 4
LABELS = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
GUESSES = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]


def test_worked_by_hand():
    assert accuracy(LABELS, GUESSES) == 0.7
    assert binary_scores(LABELS, GUESSES) == pytest.approx((3 / 4, 3 / 5, 2 / 3))
    # class 0: 4 of 6 guessed are right, 4 of 5 found: F1 = 8 / 11
    assert macro_scores(LABELS, GUESSES).f1 == pytest.approx((2 / 3 + 8 / 11) / 2)
    # (3*4 - 1*2) / sqrt(4 * 5 * 5 * 6)
    assert matthews(LABELS, GUESSES) == pytest.approx(10 / math.sqrt(600))


@pytest.mark.parametrize("seed", range(20))
def test_a_second_way_to_each(seed):
    draw = random.Random(seed)
    labels = [draw.randrange(2) for _ in range(31)]
    guesses = [draw.randrange(2) for _ in range(31)]
    assert matthews(labels, guesses) == pytest.approx(pearson(labels, guesses))
    found, there = ({i for i, x in enumerate(r) if x} for r in (guesses, labels))
    if found and there:
        precision = len(found & there) / len(found)
        recall = len(found & there) / len(there)
        got = binary_scores(labels, guesses)
        assert got[:2] == pytest.approx((precision, recall))
        if precision and recall:
            assert 1 / got.f1 == pytest.approx((1 / precision + 1 / recall) / 2)


def test_pearson_worked_by_hand():
    assert pearson([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)


def test_correlations_are_those_of_scipy():
    right = [0.0, 0.0, 1.2, 2.4, 2.4, 3.8, 5.0]
    found = [0.3, -0.2, 2.4, 1.1, 2.4, 2.9, 4.9]
    scores = value_scores(right, found)  # scipy.stats.pearsonr and spearmanr, 1.17
    assert scores["pearson"] == pytest.approx(0.9022280558416483, rel=1e-12)
    assert scores["spearman"] == pytest.approx(0.9082951062292476, rel=1e-12)
    assert scores["mse"] == pytest.approx(
        sum((0.09, 0.04, 1.44, 1.69, 0.0, 0.81, 0.01)) / 7
    )
    assert scores["mean_mse"] == pytest.approx(statistics.pvariance(right))


def test_ranks_forget_the_scale_and_constants_say_nothing():
    values = [3.0, 1.0, 2.0, 2.0]
    assert spearman(values, [math.exp(9 * x) for x in values]) == pytest.approx(1)
    assert spearman(values, [-(x**3) for x in values]) == pytest.approx(-1)
    assert spearman([0.1] * 3, [1, 2, 3]) == pearson([1, 2, 3], [0.1] * 3) == 0.0
    many = [float(k) for k in range(100_000)]
    assert pearson(many, many) == pytest.approx(1)  # in less than a second


def test_skewed_labels_and_constant_guesses():
    scores = classification_scores([1] * 9 + [0], [1] * 10, 2)
    assert scores["accuracy"] == scores["majority"] == 0.9
    assert scores["matthews"] == 0.0
    assert scores["macro_f1"] == pytest.approx((18 / 19 + 0) / 2)
    assert "matthews" not in classification_scores([0, 1, 2], [0, 1, 1], 3)
    assert pearson([1, 1], [1, 2]) == 0.0


def test_every_table_of_two_rows_is_defined():
    for labels, guesses in itertools.product(
        itertools.product((0, 1), repeat=2), repeat=2
    ):
        for value in classification_scores(labels, guesses, 2).values():
            assert -1 <= value <= 1


@pytest.mark.parametrize(("labels", "guesses"), [([], []), ([1], [1, 0])])
def test_unequal_or_empty_series_are_refused(labels, guesses):
    for measure in (accuracy, binary_scores, macro_scores, pearson, spearman):
        with pytest.raises(ValueError, match="as many"):
            measure(labels, guesses)
