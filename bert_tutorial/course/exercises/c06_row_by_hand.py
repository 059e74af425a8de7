"""Exercise: one row of attention with pencil and paper.

Chapter: 6
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def row_by_hand() -> list[float]:
    """Give the three weights of query 2, (2, 0, 0, 4), to two decimals.

    The keys are (1, 1, 0, 0), (0, 1, 1, 0) and (0, 0, 1, 1). For query 0,
    (2, 2, 0, 0), the answer is [0.67, 0.24, 0.09].
    """
    raise NotAttempted
'''


def row_by_hand() -> list[float]:
    """Divide the scores 2, 0, 4 by the root of 4, then exponentials over their sum."""
    exponentials = [math.exp(score / math.sqrt(4)) for score in (2, 0, 4)]
    return [one / sum(exponentials) for one in exponentials]


def shares(*scores: float) -> list[float]:
    """Take the softmax of some numbers."""
    exponentials = [math.exp(score) for score in scores]
    return [one / sum(exponentials) for one in exponentials]


def rounded() -> list[float]:
    """Write what a pocket calculator gives."""
    return [0.24, 0.09, 0.67]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One question, no inputs."""
    return [Case((), "query 2")]


def sums_to_one(answer: object) -> bool:
    """Ask for shares, to the rounding of two decimals."""
    found = answer() if callable(answer) else []
    return abs(sum(found) - 1) < 0.021


MISTAKES = """
no scale (of rounded): [0.24, 0.09, 0.67] => shares(2, 0, 4)
    The scores 2, 0, 4 went into the exponential as they are. Divide each by the root of
    D first: there are D = 4 numbers in a vector, so by 2.
divided by D (of rounded): [0.24, 0.09, 0.67] => shares(0.5, 0, 1)
    The scores were divided by D = 4, or nearly so. Divide by its square root, 2.
divided by D, rounded on the way (of rounded): 24, 0.09, 0.67 => 32, 0.19, 0.49
    = divided by D
divided by the root of T (of rounded):
- [0.24, 0.09, 0.67] => shares(2 / math.sqrt(3), 0, 4 / math.sqrt(3))
    The scores were divided by the root of 3, the number of tokens. What counts is D =
    4, the numbers in a query: divide by 2.
multiplied by the root (of rounded): [0.24, 0.09, 0.67] => shares(4, 0, 8)
    The scores were multiplied by the root of D. Divide: 1, 0, 2.
no exponential (of rounded): 0.24, 0.09, 0.67 => 2 / 6, 0.0, 4 / 6
    These are the scores over their sum. Take e to the power of each scaled score first;
    a score of 0 then counts 1, not nothing.
powers of two (of rounded): 0.24, 0.09, 0.67 => 2 / 7, 1 / 7, 4 / 7
    These are powers of 2. The softmax takes powers of e = 2.718...: 2.718, 1 and 7.389.
powers of ten (of rounded): 0.24, 0.09, 0.67 => 10 / 111, 1 / 111, 100 / 111
    These are powers of 10. The softmax takes powers of e = 2.718...: 2.718, 1 and
    7.389.
squares (of rounded): 0.24, 0.09, 0.67 => 1 / 5, 0.0, 4 / 5
    The scaled scores are squared. Take e to the power of each: 2.718, 1 and 7.389.
no share for a score of 0: … => first, third = shares(1, 2)
|     return [first, 0.0, third]
    The key with the score 0 got nothing. e to the power of 0 is 1, so it takes part: 1
    of 11.107.
one decimal (of rounded): 24, 0.09, 0.67 => 2, 0.1, 0.7
    Rounded to one decimal. The steps look right; give two decimals.
percent (of rounded): 0.24, 0.09, 0.67 => 24.47, 9.0, 66.52
    These are percent. Shares sum to one: divide by 100.
whole percent (of rounded): 0.24, 0.09, 0.67 => 24.0, 9.0, 67.0
    = percent
the other way round (of rounded): [0.24, 0.09, 0.67] => shares(2, 0, 1)
    The three numbers are right and stand in another order: the first belongs to the
    first key, (1, 1, 0, 0), the last to the last.
first two changed (of rounded): [0.24, 0.09, 0.67] => shares(0, 2, 1)
    = the other way round
even (of rounded): 0.24, 0.09, 0.67 => 1 / 3, 1 / 3, 1 / 3
    Each key got the same. The scores differ, and so do the weights.
the second row (of rounded): [0.24, 0.09, 0.67] => shares(0, 1, 1)
    This is the row of the second query, (0, 0, 2, 0). The third one is (2, 0, 0, 4).
all for the best (of rounded): 24, 0.09, 0.67 => 0, 0.0, 1.0
    The best key got everything. The softmax gives each key a weight: e to the power of
    each scaled score over their sum.
the mixed values (of rounded): 0.24, 0.09, 0.67 => 9.1, 7.55
    These two numbers are the values, mixed. Asked for are the three weights, one step
    before.
no denominator (of rounded): 0.24, 0.09, 0.67 => math.exp(1), 1.0, math.exp(2)
    These are the exponentials, before the division. Divide each by their sum, 11.107,
    so that the row sums to one.
scale outside, no denominator (of rounded):
- 0.24, 0.09, 0.67 => math.exp(2) / 2, 1 / 2, math.exp(4) / 2
    Here the exponential of the raw score was divided by 2, and nothing by the sum of
    the row. The scale belongs inside the exponent, and the denominator is the row's
    sum.
scaled scores (of rounded): 0.24, 0.09, 0.67 => 1.0, 0.0, 2.0
    These are the scaled scores. Two steps are left: e to the power of each, then each
    divided by their sum.
raw scores (of rounded): 0.24, 0.09, 0.67 => 2.0, 0.0, 4.0
    These are the raw scores. Three steps are left: divide by 2, take the exponential,
    divide by the sum.
a column instead of a row (of rounded): [0.24, 0.09, 0.67] => shares(0, 1, 2)
    Here the third key was compared with all queries: that is a column of the scores.
    Take query 2 and compare it with each key.
the first row again (of rounded): [0.24, 0.09, 0.67] => shares(2, 1, 0)
    This is the row of query 0. The one asked for, (2, 0, 0, 4), has the scores 2, 0 and
    4.
over the queries: … => e = math.e
|     return [e / (e ** 2 + 1 + e), 1 / (e + e + 1), e ** 2 / (1 + e + e ** 2)]
    Each exponential was divided by the sum of its column. Divide by the sum of its row:
    2.718 + 1 + 7.389.
negative scores (of rounded): [0.24, 0.09, 0.67] => shares(-1, 0, -2)
    The key that fits best has the smallest weight: the sign is turned. Take e to the
    power of plus the scaled score.
"""

EXERCISE = Exercise(
    id="row-by-hand",
    chapter=6,
    title="One row by hand",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=row_by_hand,
    accepted={"rounded": rounded},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "the row sums to one",
            "The three weights must sum to one.",
            sums_to_one,
        )
    ],
    hints=(
        "First the three scores: multiply the query with each key, number by number, "
        "and add. Which of them is 0?",
        "Divide the scores by the root of D, which is 2. Then take e to the power of "
        "each, and divide each by the sum of the three.",
        "The scores are 2, 0, 4; scaled 1, 0, 2; the exponentials 2.718, 1, 7.389; "
        "their sum 11.107.",
    ),
    tolerance=0.006,
)
