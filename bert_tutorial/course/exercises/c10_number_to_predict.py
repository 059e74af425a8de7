"""Exercise: how many tokens of a sequence are to be predicted.

Chapter: 10
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def without_specials(tokens: int, most: int) -> int:
    """Leave [CLS] and both [SEP] out of the length."""
    return number_to_predict(tokens - 3, most)


def cut_off(tokens: int, most: int) -> int:
    """Round down."""
    return min(most, max(1, int(tokens * 0.15)))


def rounded_up(tokens: int, most: int) -> int:
    """Round up."""
    return min(most, max(1, math.ceil(tokens * 0.15)))


def no_minimum(tokens: int, most: int) -> int:
    """Hide nothing in short sequences."""
    return min(most, round(tokens * 0.15))


def no_maximum(tokens: int, most: int) -> int:
    """Hide any number."""
    return max(1, round(tokens * 0.15))


def of_masks(tokens: int, most: int) -> int:
    """Count what becomes [MASK] only."""
    return min(most, max(1, round(tokens * 0.15 * 0.8)))


def always_twenty(tokens: int, most: int) -> int:
    """Take the published number for the most."""
    return number_to_predict(tokens, 20)


def of_the_longest(tokens: int, most: int) -> int:
    """Keep to the lower bound last."""
    return max(1, min(most, math.floor(tokens * 0.15) + 1))


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Lengths at which the ways of rounding part, and both bounds."""
    lengths = (40, 5, 3, 13, 16, 18, 53, 128, 300, 512)
    pairs = [*((tokens, 20) for tokens in lengths), (128, 5), (512, 76), (300, 76)]
    return [Case(pair, f"{pair[0]} tokens, at most {pair[1]}") for pair in pairs]


EXERCISE = Exercise(
    id="number-to-predict",
    chapter=10,
    title="How many tokens to predict",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=number_to_predict,
    accepted={"if": with_if},
    mutants=[
        Mutant(
            "specials not counted",
            without_specials,
            "You took [CLS] and [SEP] off the length. The published code counts them, "
            "although it never hides them.",
        ),
        Mutant("rounded down", cut_off, "You rounded down. Round to the nearest."),
        Mutant("rounded up", rounded_up, "You rounded up. Round to the nearest."),
        Mutant(
            "no minimum",
            no_minimum,
            "A short sequence gets nothing to predict. The least is 1.",
        ),
        Mutant(
            "no maximum",
            no_maximum,
            "A long sequence gets more than `most`. Keep to it with min.",
        ),
        Mutant(
            "[MASK] only",
            of_masks,
            "You counted what becomes [MASK]. 15 % are predicted; what becomes of them "
            "is decided afterwards.",
        ),
        Mutant(
            "20 is the most",
            always_twenty,
            "The most is 20 in yours, whatever `most` says. Use the argument.",
        ),
        Mutant(
            "one more",
            of_the_longest,
            "You cut the number off and add one. A number that is rounded to the "
            "nearest does not always grow.",
        ),
    ],
    cases=cases,
    hints=(
        "Three steps: a share, a lower bound, an upper bound.",
        "round(0.15 * tokens), then max with 1, then min with most.",
        "min(most, max(1, ...)).",
    ),
)
