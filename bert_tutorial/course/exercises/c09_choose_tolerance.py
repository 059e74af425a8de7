"""Exercise: a tolerance between rounding and faults.

Chapter: 9
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def choose_tolerance(rounding: list[float], faults: list[float]) -> float:
    """Choose the largest difference that still counts as equal.

    rounding holds the largest differences of right runs, faults those of planted
    faults. The tolerance lies between the largest rounding and the smallest fault, as
    many times above the one as below the other: ([1e-7, 1e-6], [1e-2]) gives 1e-4.
    If no number lies between them, ValueError: no tolerance can tell them apart.
    """
    raise NotAttempted
'''


def choose_tolerance(rounding: list[float], faults: list[float]) -> float:
    """Take the geometric mean of the two ends of the gap."""
    low, high = max(rounding), min(faults)
    if low >= high:
        raise ValueError(f"rounding reaches {low}, a fault shows only {high}")
    return (low * high) ** 0.5


def by_logarithms(rounding: list[float], faults: list[float]) -> float:
    """Average the logarithms."""
    low, high = math.log(max(rounding)), math.log(min(faults))
    if not low < high:
        raise ValueError("no gap")
    return math.exp((low + high) / 2)


def run(answer: object, case: Case) -> object:
    """Call the answer; a ValueError is an answer, too."""
    assert callable(answer)
    try:
        chosen = answer(*case.args)
    except ValueError:
        return {"a ValueError": True}
    if not isinstance(chosen, int | float) or chosen <= 0:
        return chosen
    # factors, not differences, tell tolerances apart
    return {"log10 of the tolerance": math.log10(chosen)}


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One fault, several, a narrow gap, no gap."""
    return [
        Case(([1e-7, 1e-6], [1e-2]), "rounding up to 1e-6, one fault of 1e-2"),
        Case(([3e-8, 5e-7, 2e-7], [4e-1, 2e-3, 9e-2]), "three of each"),
        Case(([1e-6, 4e-6], [9e-6, 1.0]), "a narrow gap"),
        Case(([1e-6, 2e-3], [1e-3, 1.0]), "a fault smaller than rounding"),
        Case(([1e-4, 1e-3], [1e-3, 1.0]), "a fault as small as the largest rounding"),
        Case(([7e-6, 2e-9], [5e-1, 3e-3]), "lists in another order"),
    ]


MISTAKES = """
middle of the numbers: (low * high) ** 0.5 => (low + high) / 2
    This is the middle of the two numbers, just half the fault, and far from rounding.
    Differences are compared by factors: take the root of the product.
at the rounding: (low * high) ** 0.5 => low
    The tolerance is the largest rounding itself: another machine rounds a little more,
    and a right run fails. Leave room on both sides.
at the fault: (low * high) ** 0.5 => high
    The tolerance is the smallest fault itself, so that fault passes. Leave room on both
    sides.
typical differences: return => low = math.prod(rounding) ** (1 / len(rounding))
|     high = math.prod(faults) ** (1 / len(faults))
|     return
    You averaged each list first. What counts are the extremes: the largest rounding and
    the smallest fault.
the other ends: low * high => min(rounding) * max(faults)
    You took the smallest rounding and the largest fault. Take the largest rounding and
    the smallest fault: the two ends of the gap.
a number without a gap: low >= high => False
    Where a fault is smaller than rounding, no tolerance tells them apart, and yours
    gives one. Raise ValueError.
1e-5 as usual: (low * high) ** 0.5 => 1e-5
    A number from habit. How much rounding there is depends on sizes, depth and dtype:
    measure it, and the faults too.
smallest rounding: max(rounding) => min(rounding)
    You took the smallest rounding. The gap begins at the largest one.
largest fault: min(faults) => max(faults)
    You took the largest fault. The gap ends at the smallest one.
the other ends, and no gap seen:
- max(rounding), min(faults) => min(rounding), max(faults)
    You took the smallest rounding and the largest fault, for the check as well. Take
    the largest rounding and the smallest fault: the two ends of the gap.
power of ten: (low * high) ** 0.5 => float(10 ** round(math.log10((low * high) ** 0.5)))
    The tolerance is rounded to a power of ten, so it lies nearer to one end, or outside
    a narrow gap. Leave it as it is.
no root: (low * high) ** 0.5 => low * high
    This is the product of the two ends. The number in the middle is its root.
equal ends: >= => >
    Where the smallest fault equals the largest rounding, no number lies between them.
    Raise ValueError for low >= high.
None for no gap:
- raise ValueError(f'rounding reaches {low}, a fault shows only {high}') => return None
    Where there is no gap you give None, and the caller would compare with it. Raise
    ValueError.
first of each list: max(rounding), min(faults) => rounding[0], faults[0]
    You took the first number of each list. They come in any order: the largest
    rounding, the smallest fault.
"""

EXERCISE = Exercise(
    id="choose-tolerance",
    chapter=9,
    title="A tolerance between rounding and faults",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=choose_tolerance,
    accepted={"logarithms": by_logarithms},
    run=run,
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which two of all the numbers are the ends of the gap?",
        "As many times above the one as below the other: the geometric mean.",
        "(max(rounding) * min(faults)) ** 0.5, after a check that there is a gap.",
    ),
)
