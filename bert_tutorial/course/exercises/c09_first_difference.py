"""Exercise: the first layer that differs.

Chapter: 9
"""

from collections.abc import Callable

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def first_difference(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Say where two runs part: the number of the first pair of tensors in which any
    entry differs by more than the tolerance, or None if there is no such pair.

    A pair that holds NaN on one side differs. For ours = [[1., 2.], [3., 9.]],
    reference = [[1., 2.], [3., 4.]] and 0.1 the result is 1.
    """
    raise NotAttempted
'''

Answer = Callable[[list[Tensor], list[Tensor], float], int | None]


def first_difference(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Say where two runs part: the first pair beyond the tolerance, or None."""
    for number, (a, b) in enumerate(zip(ours, reference, strict=True)):
        gap = (a - b).abs().max().item()
        if not gap <= tolerance:  # NaN is never <= anything
            return number
    return None


def with_allclose(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Let torch compare."""
    same = [
        torch.allclose(a, b, rtol=0, atol=tolerance)
        for a, b in zip(ours, reference, strict=True)
    ]
    return None if all(same) else same.index(False)


def by_gap(gap: Callable[[Tensor], Tensor]) -> Answer:
    """Search with another measure of the difference."""

    def answer(
        ours: list[Tensor], reference: list[Tensor], tolerance: float
    ) -> int | None:
        for number, (a, b) in enumerate(zip(ours, reference, strict=True)):
            if not gap(a - b).item() <= tolerance:
                return number
        return None

    return answer


def misses_nan(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Ask whether the gap is greater."""
    for number, (a, b) in enumerate(zip(ours, reference, strict=True)):
        if (a - b).abs().max().item() > tolerance:
            return number
    return None


def _gaps(ours: list[Tensor], reference: list[Tensor]) -> list[float]:
    pairs = zip(ours, reference, strict=True)
    return [(a - b).abs().max().nan_to_num(1e9).item() for a, b in pairs]


def relative(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Let torch compare, with its relative tolerance on top."""
    for number, (a, b) in enumerate(zip(ours, reference, strict=True)):
        if not torch.allclose(a, b, atol=tolerance):
            return number
    return None


def all_numbers(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> list[int]:
    """List all pairs that differ."""
    return [n for n, gap in enumerate(_gaps(ours, reference)) if gap > tolerance]


def the_gap(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> float | None:
    """Give the size instead of the position."""
    return next((g for g in _gaps(ours, reference) if g > tolerance), None)


def largest(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Name the worst."""
    gaps = _gaps(ours, reference)
    return gaps.index(max(gaps)) if max(gaps) > tolerance else None


def last(ours: list[Tensor], reference: list[Tensor], tolerance: float) -> int | None:
    """Name the last."""
    wrong = [n for n, gap in enumerate(_gaps(ours, reference)) if gap > tolerance]
    return wrong[-1] if wrong else None


def from_one(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Count from one."""
    found = first_difference(ours, reference, tolerance)
    return None if found is None else found + 1


def zero_for_none(ours: list[Tensor], reference: list[Tensor], tolerance: float) -> int:
    """Give 0 for nothing."""
    return first_difference(ours, reference, tolerance) or 0


def exact(ours: list[Tensor], reference: list[Tensor], tolerance: float) -> int | None:
    """Ask for equal bits."""
    return first_difference(ours, reference, 0.0)


def only_end(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Look at the last pair alone."""
    found = first_difference(ours[-1:], reference[-1:], tolerance)
    return None if found is None else len(ours) - 1


def minus_one(ours: list[Tensor], reference: list[Tensor], tolerance: float) -> int:
    """Give -1 for nothing."""
    found = first_difference(ours, reference, tolerance)
    return -1 if found is None else found


def as_large_counts(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Let a gap as large as the tolerance count."""
    for number, (a, b) in enumerate(zip(ours, reference, strict=True)):
        if not (a - b).abs().max().item() < tolerance:
            return number
    return None


def first_text_only(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Look at the first text alone."""
    return first_difference(
        [a[:1] for a in ours], [b[:1] for b in reference], tolerance
    )


def returns_early(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Return after the first pair."""
    return first_difference(ours[:1], reference[:1], tolerance)


def in_parts(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Divide by the reference."""
    for number, (a, b) in enumerate(zip(ours, reference, strict=True)):
        if not ((a - b).abs() / b.abs()).max().item() <= tolerance:
            return number
    return None


def all_must_differ(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Ask that every entry differs."""
    for number, (a, b) in enumerate(zip(ours, reference, strict=True)):
        if not bool(((a - b).abs() <= tolerance).any()):
            return number
    return None


def last_good(
    ours: list[Tensor], reference: list[Tensor], tolerance: float
) -> int | None:
    """Name the last pair that agrees."""
    found = first_difference(ours, reference, tolerance)
    return None if found is None else found - 1


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Rounding only, one entry far off, a fault that grows and one that fades, NaN."""
    torch.manual_seed(seed)
    reference = [torch.randn(2, 3, 4, dtype=dtype) for _ in range(5)]
    found = []
    for label, faults in (
        ("rounding only, the same to the tolerance", {}),
        ("a fault in pair 1 that fades in pair 4", {1: 2.0, 2: 5.0, 3: 1.0}),
        ("one entry of pair 2 too small", {2: -0.4, 3: -0.3, 4: -0.2}),
        ("NaN from pair 3 on", {3: float("nan"), 4: float("nan")}),
        ("a fault in pair 0", {0: 1.0, 1: 0.5}),
    ):
        ours = [one + 1e-5 for one in reference]
        for number, size in faults.items():
            ours[number][1, 2, 3] += size
        found.append(Case((ours, reference, 0.1), label))
    even = [one + 0.01 for one in reference]
    found.append(Case((even, reference, 0.1), "a hundredth everywhere"))
    large = [one + 1e6 for one in reference]
    off = [one.clone() for one in large]
    off[2][0, 1, 2] += 5
    found.append(Case((off, large, 0.1), "numbers of a million, one is 5 too large"))
    half = [one.round() + 0.25 for one in reference]
    edge = [one.round() for one in reference]
    found.append(Case((half, edge, 0.25), "exactly the tolerance everywhere"))
    found.append(Case(([], [], 0.1), "no pairs"))
    return found


EXERCISE = Exercise(
    id="first-difference",
    chapter=9,
    title="The first layer that differs",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=first_difference,
    accepted={"allclose": with_allclose},
    mutants=[
        Mutant(
            "signed difference",
            by_gap(lambda d: d.max()),
            "A number that is too small counts as no difference: take the absolute "
            "value before the maximum.",
        ),
        Mutant(
            "mean difference",
            by_gap(lambda d: d.abs().mean()),
            "The mean hides one wrong entry among many right ones. Take the largest "
            "absolute difference.",
        ),
        Mutant(
            "NaN passes",
            misses_nan,
            "NaN is neither greater nor smaller than the tolerance, so `gap > "
            "tolerance` lets it pass. Ask `not gap <= tolerance`.",
        ),
        Mutant(
            "sum of the differences",
            by_gap(lambda x: x.abs().sum()),
            "The sum grows with the number of entries, so rounding alone can pass the "
            "tolerance, or hide behind it. Take the largest absolute difference.",
        ),
        Mutant(
            "relative tolerance on top",
            relative,
            "torch.allclose adds a relative tolerance of 1e-5, so large numbers may "
            "differ by more than was said. Set rtol=0, or compare yourself.",
        ),
        Mutant(
            "all pairs",
            all_numbers,
            "This is a list of all pairs that differ. The first number is enough: "
            "what comes after follows from it.",
        ),
        Mutant(
            "the gap itself",
            the_gap,
            "This is the size of the difference. Asked for is the number of the pair.",
        ),
        Mutant(
            "largest gap",
            largest,
            "This names the pair with the largest gap. A fault grows or fades on its "
            "way; the cause is at the first pair beyond the tolerance.",
        ),
        Mutant(
            "last difference",
            last,
            "This names the last pair that differs. The cause is at the first one.",
        ),
        Mutant("counts from one", from_one, "The numbers start at 0, as in a list."),
        Mutant(
            "0 for no difference",
            zero_for_none,
            "Without a difference the result must be None: 0 says that the first pair "
            "differs.",
        ),
        Mutant(
            "no tolerance",
            exact,
            "Rounding counts as a difference here. Compare with the tolerance, not "
            "with zero.",
        ),
        Mutant(
            "end only",
            only_end,
            "Only the last pair was looked at. Walk through all pairs from the front.",
        ),
        Mutant(
            "-1 for no difference",
            minus_one,
            "Without a difference the result must be None. -1 is a number, and as an "
            "index it means the last pair.",
        ),
        Mutant(
            "as large counts",
            as_large_counts,
            "A difference exactly as large as the tolerance counts in yours. Only more "
            "than the tolerance does: <= is within.",
        ),
        Mutant(
            "first text only",
            first_text_only,
            "Only the first text of each tensor is compared. Any entry counts.",
        ),
        Mutant(
            "first pair only",
            returns_early,
            "You stop after the first pair. None comes after the loop, when all pairs "
            "were seen.",
        ),
        Mutant(
            "relative",
            in_parts,
            "The differences are divided by the reference, so small numbers count more "
            "than large ones. Compare the differences as they are.",
        ),
        Mutant(
            "all entries",
            all_must_differ,
            "You ask that every entry differs. One is enough.",
        ),
        Mutant(
            "the last that agrees",
            last_good,
            "This is the number of the last pair that agrees. Asked for is the first "
            "that does not.",
        ),
    ],
    cases=cases,
    hints=(
        "Which number says how far two tensors are apart at the worst position?",
        "Walk through the pairs; return the number of the first one whose largest "
        "absolute difference is not within the tolerance; after the loop, None.",
        "if not (a - b).abs().max().item() <= tolerance: return number",
    ),
)
