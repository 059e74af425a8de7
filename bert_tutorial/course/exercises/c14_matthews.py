"""Exercise: the Matthews correlation of right and guessed labels.

Chapter: 14
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.tasks.metrics import matthews

STUB = '''
def matthews(labels: list[int], guesses: list[int]) -> float:
    """Give the Matthews correlation of 0/1 labels and guesses.

    With the counts of true and false positives and negatives, (TP TN - FP FN) over
    the root of (TP + FP)(TP + FN)(TN + FP)(TN + FN); 0 where that root is 0. With both
    labels there, all right gives 1 and all wrong -1; always the same guess gives 0,
    even where it is always right.
    """
    raise NotAttempted
'''


def by_correlation(labels: list[int], guesses: list[int]) -> float:
    """Correlate the two as numbers."""
    n = len(labels)
    a = [x - sum(labels) / n for x in labels]
    b = [x - sum(guesses) / n for x in guesses]
    spread = math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / spread if spread else 0.0


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
        Case(([1, 1, 1], [1, 1, 1]), "all labels and all guesses are 1"),
        Case(([0, 1, 0, 0, 1], [1, 0, 1, 0, 1]), "more wrong than right"),
    ]


MISTAKES = """
accuracy:
- … => return sum(x == y for x, y in zip(labels, guesses, strict=True)) / len(labels)
    This is accuracy. On skewed labels it praises who always says the same: 0.9 for
    nothing. The correlation gives 0 there.
no root: math.sqrt =>
    The product below is without its root.
F1: (tp * tn - fp * fn) / root if root else 0.0 =>
| 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    This is F1, which ignores the true negatives. All four counts belong in.
division by zero: if root else 0.0 =>
    If all guesses are the same, a factor is 0 and you divide by it. Give 0.
errors left out: tp * tn - fp * fn => tp * tn
    FP times FN is not subtracted, so wrong guesses cost nothing above.
from 0 to 1: … => return (right(labels, guesses) + 1) / 2
    The scale runs from 0 to 1 in yours. It runs from -1 to 1; chance is 0.
1 for all right: … => return 1.0 if labels == guesses else right(labels, guesses)
    Where only one label is there and all guesses are right, yours gives 1. The root is
    0 then, and so is the result: always the same guess shows nothing.
without the sign: (tp * tn - fp * fn) / root => abs(tp * tn - fp * fn) / root
    All wrong gives 1 in yours. The sign says whether guesses go with the labels or
    against them: leave it.
added: tp * tn - fp * fn => tp * tn + fp * fn
    The product of the errors is added. It is subtracted.
in percent: (tp * tn - fp * fn) / root => 100 * (tp * tn - fp * fn) / root
    The result is in percent. All right gives 1.
0 where one count is:
- … => has_both = (1, 1) in zip(labels, guesses) and (0, 0) in zip(labels, guesses)
|     return right(labels, guesses) if has_both else 0.0
    Where there is no true positive, or no true negative, yours gives 0. Only a root
    of 0 gives 0; all wrong is -1.
right ones that are not 1: (pairs.count((1, 1)), pairs.count((0, 0))) =>
| (pairs.count((1, 1)), len(pairs) - pairs.count((1, 1)))
    TN is what is left of all pairs after TP, wrong guesses included. Count the pairs in
    which both are 0.
"""

EXERCISE = Exercise(
    id="matthews",
    chapter=14,
    title="The Matthews correlation",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=matthews,
    accepted={"correlation": by_correlation},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Four counts, from pairs of label and guess.",
        "TP: both 1; TN: both 0; FP: guessed 1 where 0 is right; FN: the reverse.",
        "math.sqrt of the four sums' product; return 0.0 if it is 0.",
    ),
)
