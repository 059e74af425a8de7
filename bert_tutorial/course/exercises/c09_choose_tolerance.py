"""Exercise: a tolerance between rounding and faults.

Chapter: 9
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def arithmetic(rounding: list[float], faults: list[float]) -> float:
    """Take the middle between the two numbers."""
    low, high = max(rounding), min(faults)
    if low >= high:
        raise ValueError
    return (low + high) / 2


def at_rounding(rounding: list[float], faults: list[float]) -> float:
    """Take the largest rounding."""
    if max(rounding) >= min(faults):
        raise ValueError
    return max(rounding)


def at_fault(rounding: list[float], faults: list[float]) -> float:
    """Take the smallest fault."""
    if max(rounding) >= min(faults):
        raise ValueError
    return min(faults)


def of_means(rounding: list[float], faults: list[float]) -> float:
    """Look at typical differences instead of extreme ones."""
    if max(rounding) >= min(faults):
        raise ValueError
    low = math.exp(sum(map(math.log, rounding)) / len(rounding))
    high = math.exp(sum(map(math.log, faults)) / len(faults))
    return math.sqrt(low * high)


def ends_mixed(rounding: list[float], faults: list[float]) -> float:
    """Take the smallest rounding and the largest fault."""
    if max(rounding) >= min(faults):
        raise ValueError
    return math.sqrt(min(rounding) * max(faults))


def always(rounding: list[float], faults: list[float]) -> float:
    """Give a number even where there is no gap."""
    return math.sqrt(max(rounding) * min(faults))


def usual(rounding: list[float], faults: list[float]) -> float:
    """Take what others take."""
    if max(rounding) >= min(faults):
        raise ValueError
    return 1e-5


def smallest_rounding(rounding: list[float], faults: list[float]) -> float:
    """Take the smallest rounding."""
    low, high = min(rounding), min(faults)
    if low >= high:
        raise ValueError
    return math.sqrt(low * high)


def largest_fault(rounding: list[float], faults: list[float]) -> float:
    """Take the largest fault."""
    low, high = max(rounding), max(faults)
    if low >= high:
        raise ValueError
    return math.sqrt(low * high)


def both_other_ends(rounding: list[float], faults: list[float]) -> float:
    """Take the other end of both lists, and look for a gap there."""
    low, high = min(rounding), max(faults)
    if low >= high:
        raise ValueError
    return math.sqrt(low * high)


def power_of_ten(rounding: list[float], faults: list[float]) -> float:
    """Round to a power of ten."""
    return float(10 ** round(math.log10(choose_tolerance(rounding, faults))))


def no_root(rounding: list[float], faults: list[float]) -> float:
    """Leave the root out."""
    return choose_tolerance(rounding, faults) ** 2


def equal_is_a_gap(rounding: list[float], faults: list[float]) -> float:
    """Refuse only what overlaps."""
    low, high = max(rounding), min(faults)
    if low > high:
        raise ValueError
    return math.sqrt(low * high)


def nothing(rounding: list[float], faults: list[float]) -> float | None:
    """Give None where there is no gap."""
    low, high = max(rounding), min(faults)
    return math.sqrt(low * high) if low < high else None


def first_of_each(rounding: list[float], faults: list[float]) -> float:
    """Look at the first numbers only."""
    low, high = rounding[0], faults[0]
    if low >= high:
        raise ValueError
    return math.sqrt(low * high)


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
    mutants=[
        Mutant(
            "middle of the numbers",
            arithmetic,
            "This is the middle of the two numbers, just half the fault, and far from "
            "rounding. Differences are compared by factors: take the root of the "
            "product.",
        ),
        Mutant(
            "at the rounding",
            at_rounding,
            "The tolerance is the largest rounding itself: another machine rounds a "
            "little more, and a right run fails. Leave room on both sides.",
        ),
        Mutant(
            "at the fault",
            at_fault,
            "The tolerance is the smallest fault itself, so that fault passes. Leave "
            "room on both sides.",
        ),
        Mutant(
            "typical differences",
            of_means,
            "You averaged each list first. What counts are the extremes: the largest "
            "rounding and the smallest fault.",
        ),
        Mutant(
            "the other ends",
            ends_mixed,
            "You took the smallest rounding and the largest fault. Take the largest "
            "rounding and the smallest fault: the two ends of the gap.",
        ),
        Mutant(
            "a number without a gap",
            always,
            "Where a fault is smaller than rounding, no tolerance tells them apart, "
            "and yours gives one. Raise ValueError.",
        ),
        Mutant(
            "1e-5 as usual",
            usual,
            "A number from habit. How much rounding there is depends on sizes, depth "
            "and dtype: measure it, and the faults too.",
        ),
        Mutant(
            "smallest rounding",
            smallest_rounding,
            "You took the smallest rounding. The gap begins at the largest one.",
        ),
        Mutant(
            "largest fault",
            largest_fault,
            "You took the largest fault. The gap ends at the smallest one.",
        ),
        Mutant(
            "the other ends, and no gap seen",
            both_other_ends,
            "You took the smallest rounding and the largest fault, for the check as "
            "well. Take the largest rounding and the smallest fault: the two ends of "
            "the gap.",
        ),
        Mutant(
            "power of ten",
            power_of_ten,
            "The tolerance is rounded to a power of ten, so it lies nearer to one end, "
            "or outside a narrow gap. Leave it as it is.",
        ),
        Mutant(
            "no root",
            no_root,
            "This is the product of the two ends. The number in the middle is its "
            "root.",
        ),
        Mutant(
            "equal ends",
            equal_is_a_gap,
            "Where the smallest fault equals the largest rounding, no number lies "
            "between them. Raise ValueError for low >= high.",
        ),
        Mutant(
            "None for no gap",
            nothing,
            "Where there is no gap you give None, and the caller would compare with "
            "it. Raise ValueError.",
        ),
        Mutant(
            "first of each list",
            first_of_each,
            "You took the first number of each list. They come in any order: the "
            "largest rounding, the smallest fault.",
        ),
    ],
    cases=cases,
    hints=(
        "Which two of all the numbers are the ends of the gap?",
        "As many times above the one as below the other: the geometric mean.",
        "(max(rounding) * min(faults)) ** 0.5, after a check that there is a gap.",
    ),
)
