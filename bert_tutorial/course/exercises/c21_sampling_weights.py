"""Exercise: how often each language is drawn.

Chapter: 21
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.labs.languages import sampling_weights

STUB = '''
def sampling_weights(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Give each language the probability with which it is drawn.

    counts says how much text each language has. Raise each language's fraction of all
    the text to the power `exponent`, and divide by the sum of these powers, so that the
    result sums to 1. Counts of 1,000 and 1 with 0.7 give 0.992 and 0.008. Refuse with a
    ValueError a count that is not above 0 and an exponent that is not from 0 to 1.
    """
    raise NotAttempted
'''


def of_counts(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Leave the first division out: it cancels."""
    if min(counts) <= 0 or not 0 <= exponent <= 1:
        raise ValueError("counts or exponent")
    powers = [count**exponent for count in counts]
    return [power / sum(powers) for power in powers]


def with_logarithms(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Take a softmax of scaled logarithms."""
    if min(counts) <= 0 or not 0 <= exponent <= 1:
        raise ValueError("counts or exponent")
    logs = torch.tensor([math.log(count) for count in counts], dtype=torch.double)
    weights: list[float] = (exponent * logs).softmax(dim=0).tolist()
    return weights


def checked(counts: Sequence[float], exponent: float) -> list[float]:
    """Give the fractions of the text, or refuse."""
    if min(counts) <= 0 or not 0 <= exponent <= 1:
        raise ValueError("counts or exponent")
    return [count / sum(counts) for count in counts]


def not_renormalised(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Stop after the power."""
    return [share**exponent for share in checked(counts, exponent)]


def old_sum(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Divide the powers of counts by the sum of the counts."""
    checked(counts, exponent)
    return [count**exponent / sum(counts) for count in counts]


def multiplied(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Multiply instead of raising: the factor cancels."""
    return checked(counts, exponent)


def temperature(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Raise to 1 / exponent."""
    shares = checked(counts, exponent)
    powers = [share ** (1 / exponent) if exponent else 0.0 for share in shares]
    return [power / (sum(powers) or 1) for power in powers]


def of_exponentials(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Take a softmax of the shares themselves."""
    shares = checked(counts, exponent)
    powers = [math.exp(exponent * share) for share in shares]
    return [power / sum(powers) for power in powers]


def unchecked(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Take any counts and exponents."""
    powers = [abs(count / sum(counts)) ** exponent for count in counts]
    return [power / sum(powers) for power in powers]


def refuses(when: Callable[[Sequence[float], float], bool]) -> Callable[..., Any]:
    """Refuse at another condition."""

    def answer(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
        if when(counts, exponent):
            raise ValueError("counts or exponent")
        powers = [abs(count / sum(counts)) ** exponent for count in counts]
        return [power / sum(powers) for power in powers]

    return answer


def fixed(counts: Sequence[float], exponent: float = 0.7) -> list[float]:
    """Use the published exponent whatever is asked."""
    checked(counts, exponent)
    return sampling_weights(counts)


def another_default(counts: Sequence[float], exponent: float = 1.0) -> list[float]:
    """Have another exponent by default."""
    return sampling_weights(counts, exponent)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two languages, three, equal ones, both ends of the exponent; what is refused."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(1, 10_000, (5,), generator=generator).tolist()
    return [
        Case(([1000, 1], 0.7), "1,000 to 1, exponent 0.7"),
        Case(([50, 30, 20], 0.3), "50, 30 and 20, exponent 0.3"),
        Case(([8, 2], 1.0), "8 to 2, exponent 1"),
        Case(([9, 4, 1], 0.0), "9, 4 and 1, exponent 0"),
        Case((drawn, 0.5), "five languages, exponent 0.5"),
        Case(([3, 0], 0.7), "a language without text"),
        Case(([3, 1], 1.5), "an exponent above 1"),
        Case(([3, -1], 0.7), "a count below 0"),
        Case(([3, 1], -0.5), "an exponent below 0"),
        Case(([5],), "one language"),
        Case(([1000, 1],), "1,000 to 1, the exponent not given"),
    ]


def run(answer: object, case: Case) -> list[float] | str:
    """Call an answer; a refusal is a result, too."""
    try:
        return answer(*case.args)  # type: ignore[operator, no-any-return]
    except ValueError:
        return "refused with a ValueError"


EXERCISE = Exercise(
    id="sampling-weights",
    chapter=21,
    title="How often each language is drawn",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=sampling_weights,
    accepted={"powers of counts": of_counts, "softmax of logarithms": with_logarithms},
    mutants=[
        Mutant(
            "not renormalised",
            not_renormalised,
            "Your weights sum to more than 1. After the power, divide by the sum of "
            "the powers.",
        ),
        Mutant(
            "divided by the old sum",
            old_sum,
            "You divide the powers by the sum of the counts. What must sum to 1 are "
            "the powers, so divide by their sum.",
        ),
        Mutant(
            "multiplied",
            multiplied,
            "These are the plain fractions of the text. A factor cancels when you "
            "divide by the sum; the exponent is a power.",
        ),
        Mutant(
            "the inverse exponent",
            temperature,
            "Your large languages grow larger still. The exponent is 0.7, not 1 / 0.7.",
        ),
        Mutant(
            "exponentials",
            of_exponentials,
            "You take exp of the fractions. Raise the fraction itself to the "
            "power: fraction ** exponent.",
        ),
        Mutant(
            "nothing refused",
            unchecked,
            "A language without text, or an exponent above 1, goes through in yours. "
            "Raise a ValueError for both.",
        ),
        Mutant(
            "0 and 1 refused",
            refuses(lambda c, e: min(c) <= 0 or not 0 < e < 1),
            "An exponent of 0 or of 1 is refused. Both ends are allowed: equal "
            "weights, and the plain ones.",
        ),
        Mutant(
            "0 refused",
            refuses(lambda c, e: min(c) <= 0 or not 0 < e <= 1),
            "An exponent of 0 is refused. It is allowed, and gives equal weights.",
        ),
        Mutant(
            "1 refused",
            refuses(lambda c, e: min(c) <= 0 or not 0 <= e < 1),
            "An exponent of 1 is refused. It is allowed, and gives the plain ones.",
        ),
        Mutant(
            "exponent not checked",
            refuses(lambda c, e: min(c) <= 0),
            "An exponent below 0 or above 1 goes through. Raise a ValueError.",
        ),
        Mutant(
            "exponent above 1",
            refuses(lambda c, e: min(c) <= 0 or e < 0),
            "An exponent above 1 goes through. Raise a ValueError.",
        ),
        Mutant(
            "exponent below 0",
            refuses(lambda c, e: min(c) <= 0 or e > 1),
            "An exponent below 0 goes through. Raise a ValueError.",
        ),
        Mutant(
            "counts not checked",
            refuses(lambda c, e: not 0 <= e <= 1),
            "A count that is not above 0 goes through. Raise a ValueError.",
        ),
        Mutant(
            "a count of 0",
            refuses(lambda c, e: min(c) < 0 or not 0 <= e <= 1),
            "A count of 0 goes through. Raise a ValueError: such a language "
            "cannot be drawn.",
        ),
        Mutant(
            "exponent not used",
            fixed,
            "The exponent that is given is not used.",
        ),
        Mutant(
            "another default",
            another_default,
            "The exponent that holds where none is given is not 0.7.",
        ),
    ],
    cases=cases,
    run=run,
    waived={
        "not counts or min(counts) <= 0 => min(counts) <= 0": (
            "min() of nothing raises a ValueError too"
        ),
        "list(counts) => counts": ("only the message differs"),
        "count / total => count * total": (
            "a common factor cancels when the powers are divided by their sum"
        ),
        "count / total => count": (
            "a common factor cancels when the powers are divided by their sum"
        ),
    },
    hints=(
        "Three steps: fractions of the text, powers, a division by their sum.",
        "powers = [(count / total) ** exponent for count in counts].",
        "Divide each by sum(powers). The checks come first: min(counts) <= 0.",
    ),
)
