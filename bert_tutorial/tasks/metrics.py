"""Measures of right and guessed labels, or values on a scale, written by hand.

A class that nobody is guessed to have, or that no row has, gives precision or recall
0 divided by 0; here that is 0, as in most reports.

Chapter: 14
"""

import math
from collections.abc import Hashable, Sequence
from itertools import groupby
from typing import NamedTuple

__all__ = [
    "ClassScores",
    "accuracy",
    "binary_scores",
    "classification_scores",
    "macro_scores",
    "matthews",
    "pearson",
    "spearman",
    "value_scores",
]


class ClassScores(NamedTuple):
    """Precision, recall and their harmonic mean F1, each from 0 to 1."""

    precision: float
    recall: float
    f1: float


def _pairs(labels: Sequence[Hashable], guesses: Sequence[Hashable]) -> int:
    """Count the rows.

    Raises:
        ValueError: if there are none, or not as many guesses as labels.
    """
    if len(labels) != len(guesses) or not labels:
        raise ValueError(
            "labels and guesses must be as many, and at least one, "
            f"got {len(labels)} and {len(guesses)}"
        )
    return len(labels)


def accuracy(labels: Sequence[Hashable], guesses: Sequence[Hashable]) -> float:
    """Give the share of rows whose guess is the label."""
    total = _pairs(labels, guesses)
    return sum(a == b for a, b in zip(labels, guesses, strict=True)) / total


def _scores(hits: int, guessed: int, present: int) -> ClassScores:
    """Make scores of counts: right ones, guessed ones, those that there are."""
    return ClassScores(
        hits / guessed if guessed else 0.0,
        hits / present if present else 0.0,
        2 * hits / (guessed + present) if guessed + present else 0.0,
    )


def binary_scores(
    labels: Sequence[Hashable], guesses: Sequence[Hashable], positive: Hashable = 1
) -> ClassScores:
    """Judge one class against all others.

    Args:
        labels: what is right.
        guesses: what was guessed, in the same order.
        positive: the class that is looked for.
    """
    _pairs(labels, guesses)
    pairs = zip(labels, guesses, strict=True)
    hits = sum(label == guess == positive for label, guess in pairs)
    guessed = sum(guess == positive for guess in guesses)
    return _scores(hits, guessed, sum(label == positive for label in labels))


def macro_scores(
    labels: Sequence[Hashable], guesses: Sequence[Hashable], classes: int | None = None
) -> ClassScores:
    """Average the scores of the classes: a rare class counts as much as a common one.

    Args:
        labels: what is right.
        guesses: what was guessed.
        classes: average over 0 .. classes - 1; None: over all that occur.
    """
    _pairs(labels, guesses)
    occurring = set(labels) | set(guesses)
    names = occurring if classes is None else range(classes)
    each = [binary_scores(labels, guesses, name) for name in names]
    return ClassScores(*(sum(values) / len(each) for values in zip(*each, strict=True)))


def matthews(labels: list[int], guesses: list[int]) -> float:
    """Give the Matthews correlation of 0/1 labels and guesses (Matthews 1975).

    Returns:
        From -1 (all wrong) to 1 (all right); 0 for guesses that tell nothing, such as
        always the same.
    """
    pairs = list(zip(labels, guesses, strict=True))
    tp, tn = pairs.count((1, 1)), pairs.count((0, 0))
    fp, fn = pairs.count((0, 1)), pairs.count((1, 0))
    root = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / root if root else 0.0


def pearson(first: Sequence[float], second: Sequence[float]) -> float:
    """Give the linear correlation of two series; 0 if one of them is constant."""
    total = _pairs(first, second)
    if min(first) == max(first) or min(second) == max(second):
        return 0.0  # the mean is rounded: what is left of equal values is noise
    x_mean, y_mean = math.fsum(first) / total, math.fsum(second) / total
    a, b = [x - x_mean for x in first], [y - y_mean for y in second]
    root = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(
        math.fsum(y * y for y in b)
    )
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / root if root else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    """Number values from the lowest, 1, on; equal ones share the mean of theirs."""
    order = sorted(values)
    found, start = {}, 0
    for value, same in groupby(order):
        stop = start + len(list(same))
        found[value] = (start + 1 + stop) / 2
        start = stop
    return [found[value] for value in values]


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Give the correlation of the ranks of two series; 0 if one of them is constant.

    It is 1 where a higher value always has a higher one beside it, on whatever scale.

    Example:
        >>> round(spearman([0.5, 2, 3, 4], [1, 10, 10, 1000]), 4)
        0.9487
    """
    _pairs(first, second)
    return pearson(_ranks(first), _ranks(second))


def value_scores(labels: Sequence[float], guesses: Sequence[float]) -> dict[str, float]:
    """Gather what is reported of a model that gives values on a scale.

    Returns:
        pearson and spearman, from -1 to 1; mse, the mean squared error; and mean_mse,
        the error of always guessing the mean of these labels.
    """
    total = _pairs(labels, guesses)
    mean = math.fsum(labels) / total
    errors = [a - b for a, b in zip(labels, guesses, strict=True)]
    return {
        "pearson": pearson(labels, guesses),
        "spearman": spearman(labels, guesses),
        "mse": math.fsum(error * error for error in errors) / total,
        "mean_mse": math.fsum((label - mean) ** 2 for label in labels) / total,
    }


def classification_scores(
    labels: Sequence[int], guesses: Sequence[int], classes: int
) -> dict[str, float]:
    """Gather what is reported of a classifier.

    Returns:
        accuracy and macro_f1; for two classes also f1 (of class 1) and matthews; and
        majority, the accuracy of always guessing the commonest label.
    """
    total = _pairs(labels, guesses)
    scores = {
        "accuracy": accuracy(labels, guesses),
        "macro_f1": macro_scores(labels, guesses, classes).f1,
    }
    if classes == 2:
        scores["f1"] = binary_scores(labels, guesses).f1
        scores["matthews"] = matthews(list(labels), list(guesses))
    scores["majority"] = max(map(list(labels).count, set(labels))) / total
    return scores
