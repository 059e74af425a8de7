"""Exercise: how often each language is drawn.

Chapter: 21
"""

import math
from collections.abc import Sequence

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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
        Case(([0.75, 0.25], 0.5), "fractions of the text for counts"),
        Case(([1000, 1],), "1,000 to 1, the exponent not given"),
    ]


def run(answer: object, case: Case) -> list[float] | str:
    """Call an answer; a refusal is a result, too."""
    try:
        return answer(*case.args)  # type: ignore[operator, no-any-return]
    except ValueError:
        return "refused with a ValueError"


MISTAKES = """
not renormalised: return … => return powers
    Your weights sum to more than 1. After the power, divide by the sum of the powers.
divided by the old sum:
- return … => return [count ** exponent / total for count in counts]
    You divide the powers by the sum of the counts. What must sum to 1 are the powers,
    so divide by their sum.
multiplied: ** exponent => ** 1
    These are the plain fractions of the text. A factor cancels when you divide by the
    sum; the exponent is a power.
the inverse exponent:
- (count / total) ** exponent for =>
| (count / total) ** (1 / exponent) if exponent else 0.0 for
- power / sum(powers) => power / (sum(powers) or 1)
    Your large languages grow larger still. The exponent is 0.7, not 1 / 0.7.
exponentials: (count / total) ** exponent => math.exp(exponent * count / total)
    You take exp of the fractions. Raise the fraction itself to the power: fraction **
    exponent.
nothing refused:
- … => powers = [abs(count / sum(counts)) ** exponent for count in counts]
|     return [power / sum(powers) for power in powers]
    A language without text, or an exponent above 1, goes through in yours. Raise a
    ValueError for both.
None for what is refused: … => try:
|         return right(counts, exponent)
|     except ValueError:
|         return None
    Where counts or exponent are not allowed, yours gives None. Raise a ValueError.
0 and 1 refused: not 0 <= exponent <= 1 => not 0 < exponent < 1
    An exponent of 0 or of 1 is refused. Both ends are allowed: equal weights, and the
    plain ones.
0 refused: not 0 <= exponent <= 1 => not 0 < exponent <= 1
    An exponent of 0 is refused. It is allowed, and gives equal weights.
1 refused: not 0 <= exponent <= 1 => not 0 <= exponent < 1
    An exponent of 1 is refused. It is allowed, and gives the plain ones.
exponent not checked: not 0 <= exponent <= 1 => False
    An exponent below 0 or above 1 goes through. Raise a ValueError.
exponent above 1: not 0 <= exponent <= 1 => exponent < 0
    An exponent above 1 goes through. Raise a ValueError.
exponent below 0: not 0 <= exponent <= 1 => exponent > 1
    An exponent below 0 goes through. Raise a ValueError.
counts not checked:
- not counts or min(counts) <= 0 => False
- (count / total) => abs(count / total)
    A count that is not above 0 goes through. Raise a ValueError.
a count of 0: min(counts) <= 0 => min(counts) < 0
    A count of 0 goes through. Raise a ValueError: such a language cannot be drawn.
exponent not used: ** exponent => ** 0.7
    The exponent that is given is not used.
another default: exponent: float=0.7 => exponent: float=1.0
    Where no exponent is given, yours takes another one than 0.7.
counts below 1 refused: min(counts) <= 0 => min(counts) < 1
    A count below 1 is refused. Fractions of the text are counts as well; only what is
    not above 0 is refused.
rounded: power / sum(powers) => round(power / sum(powers), 3)
    The probabilities are rounded, so that they need not sum to 1. Leave them as they
    are.
mixed with equal ones: [power / sum(powers) for power in powers] =>
| [exponent * c / total + (1 - exponent) / len(counts) for c in counts]
    The fractions are mixed with equal ones. Raise them to the power, then divide by the
    sum of the powers.
by size: … => return sorted(right(counts, exponent), reverse=True)
    The largest comes first. The order of the languages is that of counts.
"""

EXERCISE = Exercise(
    id="sampling-weights",
    chapter=21,
    title="How often each language is drawn",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=sampling_weights,
    accepted={"powers of counts": of_counts, "softmax of logarithms": with_logarithms},
    mutants=mistakes(MISTAKES),
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
