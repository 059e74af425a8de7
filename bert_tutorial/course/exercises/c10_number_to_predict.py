"""Exercise: how many tokens of a sequence are to be predicted.

Chapter: 10
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def number_to_predict(tokens: int, most: int) -> int:
    """Say how many tokens the published code hides in a sequence.

    tokens is the length with [CLS] and both [SEP]. The number is 0.15 times that,
    rounded to the nearest whole number, at least 1, at most `most`: 40 tokens give 6.
    """
    raise NotAttempted
'''


def number_to_predict(tokens: int, most: int) -> int:
    """Round, then keep to the bounds."""
    return min(most, max(1, round(tokens * 0.15)))


def with_if(tokens: int, most: int) -> int:
    """Say the same at length."""
    number = math.floor(tokens * 0.15 + 0.5)
    if number < 1:
        number = 1
    return most if number > most else number


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Lengths at which the ways of rounding part, and both bounds."""
    lengths = (40, 5, 3, 13, 16, 18, 53, 128, 300, 512)
    pairs = [*((tokens, 20) for tokens in lengths), (128, 5), (512, 76), (300, 76)]
    return [Case(pair, f"{pair[0]} tokens, at most {pair[1]}") for pair in pairs]


MISTAKES = """
specials not counted: round(tokens * 0.15) => round((tokens - 3) * 0.15)
    You took [CLS] and [SEP] off the length. The published code counts them, although it
    never hides them.
rounded down: round => int
    You rounded down. Round to the nearest.
rounded up: round => math.ceil
    You rounded up. Round to the nearest.
no minimum: max(1, round(tokens * 0.15)) => round(tokens * 0.15)
    A short sequence gets nothing to predict. The least is 1.
no maximum: min(most, max(1, round(tokens * 0.15))) => max(1, round(tokens * 0.15))
    A long sequence gets more than `most`. Keep to it with min.
[MASK] only: 15 => 15 * 0.8
    You counted what becomes [MASK]. 15 % are predicted; what becomes of them is decided
    afterwards.
20 is the most: most, => 20,
    The most is 20 in yours, whatever `most` says. Use the argument.
one more: … => return max(1, min(most, math.floor(tokens * 0.15) + 1))
    You cut the number off and add one. A number that is rounded to the nearest does not
    always grow.
"""

EXERCISE = Exercise(
    id="number-to-predict",
    chapter=10,
    title="How many tokens to predict",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=number_to_predict,
    accepted={"if": with_if},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Three steps: a share, a lower bound, an upper bound.",
        "round(0.15 * tokens), then max with 1, then min with most.",
        "min(most, max(1, ...)).",
    ),
)
