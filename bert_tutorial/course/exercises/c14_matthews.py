"""Exercise: the Matthews correlation of right and guessed labels.

Chapter: 14
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.tasks.metrics import matthews

STUB = '''
def matthews(labels: list[int], guesses: list[int]) -> float:
    """Give the Matthews correlation of 0/1 labels and guesses.

    With the counts of true and false positives and negatives, (TP TN - FP FN) over
    the root of (TP + FP)(TP + FN)(TN + FP)(TN + FN); 0 where that root is 0. All right
    gives 1, all wrong -1, always the same guess 0.
    """
    raise NotAttempted
'''


def counts(labels: list[int], guesses: list[int]) -> tuple[int, int, int, int]:
    """Count true positives, true negatives, false positives, false negatives."""
    pairs = list(zip(labels, guesses, strict=True))
    return tuple(pairs.count(pair) for pair in ((1, 1), (0, 0), (0, 1), (1, 0)))  # type: ignore[return-value]


def by_correlation(labels: list[int], guesses: list[int]) -> float:
    """Correlate the two as numbers."""
    n = len(labels)
    a = [x - sum(labels) / n for x in labels]
    b = [x - sum(guesses) / n for x in guesses]
    spread = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / spread if spread else 0.0


def accuracy(labels: list[int], guesses: list[int]) -> float:
    """Give the share of right guesses."""
    return sum(x == y for x, y in zip(labels, guesses, strict=True)) / len(labels)


def no_root(labels: list[int], guesses: list[int]) -> float:
    """Forget the root."""
    tp, tn, fp, fn = counts(labels, guesses)
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / product if product else 0.0


def f_one(labels: list[int], guesses: list[int]) -> float:
    """Give F1."""
    tp, _, fp, fn = counts(labels, guesses)
    return 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def divides_by_zero(labels: list[int], guesses: list[int]) -> float:
    """Divide in any case."""
    tp, tn, fp, fn = counts(labels, guesses)
    root = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / root


def without_errors(labels: list[int], guesses: list[int]) -> float:
    """Forget the second product."""
    tp, tn, fp, fn = counts(labels, guesses)
    root = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return tp * tn / root if root else 0.0


def shifted(labels: list[int], guesses: list[int]) -> float:
    """Bring it to 0 to 1."""
    return (matthews(labels, guesses) + 1) / 2


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """All right, all wrong, always 1 on skewed labels, mixed."""
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.rand(40, generator=generator) < 0.7).long()
    flips = (torch.rand(40, generator=generator) < 0.3).long()
    mixed = (labels + flips) % 2
    return [
        Case(([1, 1, 0, 0], [1, 1, 0, 0]), "all right"),
        Case(([1, 1, 0, 0], [0, 0, 1, 1]), "all wrong"),
        Case(([1] * 9 + [0], [1] * 10), "nine of ten are 1, always 1 is guessed"),
        Case(([1, 1, 1, 0, 0], [1, 0, 1, 1, 0]), "three of five right"),
        Case((labels.tolist(), mixed.tolist()), "forty labels"),
        Case(([1, 0, 1, 0], [0, 0, 0, 0]), "always 0 is guessed"),
        Case(([1, 1, 1], [1, 0, 1]), "all labels are 1"),
        Case(([0, 1, 0, 0, 1], [1, 0, 1, 0, 1]), "more wrong than right"),
    ]


EXERCISE = Exercise(
    id="matthews",
    chapter=14,
    title="The Matthews correlation",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=matthews,
    accepted={"correlation": by_correlation},
    mutants=[
        Mutant(
            "accuracy",
            accuracy,
            "This is accuracy. On skewed labels it praises who always says the same: "
            "0.9 for nothing. The correlation gives 0 there.",
        ),
        Mutant("no root", no_root, "The product below is without its root."),
        Mutant(
            "F1",
            f_one,
            "This is F1, which ignores the true negatives. All four counts belong in.",
        ),
        Mutant(
            "division by zero",
            divides_by_zero,
            "If all guesses are the same, a factor is 0 and you divide by it. Give 0.",
        ),
        Mutant(
            "errors left out",
            without_errors,
            "FP times FN is not subtracted, so wrong guesses cost nothing above.",
        ),
        Mutant(
            "from 0 to 1",
            shifted,
            "The scale runs from 0 to 1 in yours. It runs from -1 to 1; chance is 0.",
        ),
    ],
    cases=cases,
    hints=(
        "Four counts, from pairs of label and guess.",
        "TP: both 1; TN: both 0; FP: guessed 1 where 0 is right; FN: the reverse.",
        "math.sqrt of the four sums' product; return 0.0 if it is 0.",
    ),
)
