"""Exercise: one row of attention with pencil and paper.

Chapter: 6
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property

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


def no_scale() -> list[float]:
    """Leave the division out."""
    return shares(2, 0, 4)


def by_four() -> list[float]:
    """Divide by D."""
    return shares(0.5, 0, 1)


def by_root_of_tokens() -> list[float]:
    """Divide by the root of the number of tokens."""
    return shares(2 / math.sqrt(3), 0, 4 / math.sqrt(3))


def times_two() -> list[float]:
    """Multiply by the root."""
    return shares(4, 0, 8)


def plain_shares() -> list[float]:
    """Leave the exponential out."""
    return [2 / 6, 0.0, 4 / 6]


def powers_of_two() -> list[float]:
    """Take powers of 2."""
    return [2 / 7, 1 / 7, 4 / 7]


def powers_of_ten() -> list[float]:
    """Take powers of 10."""
    return [10 / 111, 1 / 111, 100 / 111]


def squares() -> list[float]:
    """Square the scaled scores."""
    return [1 / 5, 0.0, 4 / 5]


def zero_for_zero() -> list[float]:
    """Leave the key with the score 0 out of the softmax."""
    first, third = shares(1, 2)
    return [first, 0.0, third]


def one_decimal() -> list[float]:
    """Round too much."""
    return [0.2, 0.1, 0.7]


def percent() -> list[float]:
    """Give percent."""
    return [24.47, 9.0, 66.52]


def mixed_values() -> list[float]:
    """Go on to the mixture."""
    return [9.1, 7.55]


def no_denominator() -> list[float]:
    """Leave the sum out."""
    return [math.exp(1), 1.0, math.exp(2)]


def scale_outside() -> list[float]:
    """Divide the exponential by the root, and do not normalise."""
    return [math.exp(2) / 2, 1 / 2, math.exp(4) / 2]


def scaled_scores() -> list[float]:
    """Stop before the softmax."""
    return [1.0, 0.0, 2.0]


def raw_scores() -> list[float]:
    """Stop before the division."""
    return [2.0, 0.0, 4.0]


def third_key_asks() -> list[float]:
    """Let the third key answer all queries: a column instead of a row."""
    return shares(0, 1, 2)


def first_query_asks() -> list[float]:
    """Give the row that the page has worked out."""
    return shares(2, 1, 0)


def over_queries() -> list[float]:
    """Divide each exponential by the sum of its column."""
    e = math.e
    return [e / (e**2 + 1 + e), 1 / (e + e + 1), e**2 / (1 + e + e**2)]


def negative() -> list[float]:
    """Take the softmax of the negative scores."""
    return shares(-1, 0, -2)


def over_keys_reversed() -> list[float]:
    """Give the weights from the last key to the first."""
    return shares(2, 0, 1)


def largest_last() -> list[float]:
    """Change the first two keys."""
    return shares(0, 2, 1)


def by_four_roughly() -> list[float]:
    """Divide by D, and round on the way."""
    return [0.32, 0.19, 0.49]


def whole_percent() -> list[float]:
    """Give percent without decimals."""
    return [24.0, 9.0, 67.0]


def rounded_scores() -> list[float]:
    """Take the shares of the scores, rounded."""
    return [0.33, 0.0, 0.67]


def even() -> list[float]:
    """Give each key the same."""
    return [1 / 3, 1 / 3, 1 / 3]


def second_query_asks() -> list[float]:
    """Give the row of the second query, (0, 0, 2, 0)."""
    return shares(0, 1, 1)


def best_only() -> list[float]:
    """Give all to the best key."""
    return [0.0, 0.0, 1.0]


class Weight(float):
    """A weight that prints two decimals, and nothing at all if it is the book's."""

    is_secret = False

    def __repr__(self) -> str:
        """Say which weight it is in a message."""
        return "another number" if self.is_secret else f"{float(self):.2f}"


def run(answer: object, case: Case) -> object:
    """Call the answer; a tuple, whole numbers and a tensor's list are as good."""
    assert callable(answer)
    found = answer()
    if not isinstance(found, list | tuple) or not all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in found
    ):
        return found
    weights = [Weight(one) for one in found]
    for weight in weights:
        weight.is_secret = answer is row_by_hand
    return weights


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One question, no inputs."""
    return [Case((), "query 2")]


def sums_to_one(answer: object) -> bool:
    """Ask for shares, to the rounding of two decimals."""
    found = answer() if callable(answer) else []
    return abs(sum(found) - 1) < 0.021


ORDER = (
    "The three numbers are right and stand in another order: the first belongs to the "
    "first key, (1, 1, 0, 0), the last to the last."
)
PERCENT = "These are percent. Shares sum to one: divide by 100."
BY_D = "The scores were divided by D = 4, or nearly so. Divide by its square root, 2."

EXERCISE = Exercise(
    id="row-by-hand",
    chapter=6,
    title="One row by hand",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=row_by_hand,
    run=run,
    accepted={"rounded": rounded},
    mutants=[
        Mutant(
            "no scale",
            no_scale,
            "The scores 2, 0, 4 went into the exponential as they are. Divide each by "
            "the root of D first: there are D = 4 numbers in a vector, so by 2.",
        ),
        Mutant(
            "divided by D",
            by_four,
            BY_D,
        ),
        Mutant("divided by D, rounded on the way", by_four_roughly, BY_D),
        Mutant(
            "divided by the root of T",
            by_root_of_tokens,
            "The scores were divided by the root of 3, the number of tokens. What "
            "counts is D = 4, the numbers in a query: divide by 2.",
        ),
        Mutant(
            "multiplied by the root",
            times_two,
            "The scores were multiplied by the root of D. Divide: 1, 0, 2.",
        ),
        Mutant(
            "no exponential",
            plain_shares,
            "These are the scores over their sum. Take e to the power of "
            "each scaled score first; a score of 0 then counts 1, not nothing.",
        ),
        Mutant(
            "powers of two",
            powers_of_two,
            "These are powers of 2. The softmax takes powers of e = 2.718...: "
            "2.718, 1 and 7.389.",
        ),
        Mutant(
            "powers of ten",
            powers_of_ten,
            "These are powers of 10. The softmax takes powers of e = 2.718...: "
            "2.718, 1 and 7.389.",
        ),
        Mutant(
            "squares",
            squares,
            "The scaled scores are squared. Take e to the power of each: 2.718, 1 and "
            "7.389.",
        ),
        Mutant(
            "no share for a score of 0",
            zero_for_zero,
            "The key with the score 0 got nothing. e to the power of 0 is 1, so it "
            "takes part: 1 of 11.107.",
        ),
        Mutant(
            "one decimal",
            one_decimal,
            "Rounded to one decimal. The steps look right; give two decimals.",
        ),
        Mutant(
            "percent",
            percent,
            PERCENT,
        ),
        Mutant("whole percent", whole_percent, PERCENT),
        Mutant("the other way round", over_keys_reversed, ORDER),
        Mutant("first two changed", largest_last, ORDER),
        Mutant(
            "even",
            even,
            "Each key got the same. The scores differ, and so do the weights.",
        ),
        Mutant(
            "the second row",
            second_query_asks,
            "This is the row of the second query, (0, 0, 2, 0). The third one is "
            "(2, 0, 0, 4).",
        ),
        Mutant(
            "all for the best",
            best_only,
            "The best key got everything. The softmax gives each key a weight: e to "
            "the power of each scaled score over their sum.",
        ),
        Mutant(
            "the mixed values",
            mixed_values,
            "These two numbers are the values, mixed. Asked for are the three weights, "
            "one step before.",
        ),
        Mutant(
            "no denominator",
            no_denominator,
            "These are the exponentials, before the division. Divide each by their "
            "sum, 11.107, so that the row sums to one.",
        ),
        Mutant(
            "scale outside, no denominator",
            scale_outside,
            "Here the exponential of the raw score was divided by 2, and nothing by "
            "the sum of the row. The scale belongs inside the exponent, and the "
            "denominator is the row's sum.",
        ),
        Mutant(
            "scaled scores",
            scaled_scores,
            "These are the scaled scores. Two steps are left: e to the power of each, "
            "then each divided by their sum.",
        ),
        Mutant(
            "raw scores",
            raw_scores,
            "These are the raw scores. Three steps are left: divide by 2, take the "
            "exponential, divide by the sum.",
        ),
        Mutant(
            "a column instead of a row",
            third_key_asks,
            "Here the third key was compared with all queries: that is a column of "
            "the scores. Take query 2 and compare it with each key.",
        ),
        Mutant(
            "the first row again",
            first_query_asks,
            "This is the row of query 0. The one asked for, (2, 0, 0, 4), has "
            "the scores 2, 0 and 4.",
        ),
        Mutant(
            "over the queries",
            over_queries,
            "Each exponential was divided by the sum of its column. Divide by the "
            "sum of its row: 2.718 + 1 + 7.389.",
        ),
        Mutant(
            "negative scores",
            negative,
            "The key that fits best has the smallest weight: the sign is turned. Take "
            "e to the power of plus the scaled score.",
        ),
    ],
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
