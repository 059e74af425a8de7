"""Exercise: the first layer that differs.

Chapter: 9
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
signed difference: .abs() =>
    A number that is too small counts as no difference: take the absolute value before
    the maximum.
mean difference: .max() => .mean()
    The mean hides one wrong entry among many right ones. Take the largest absolute
    difference.
NaN passes: not gap <= tolerance => gap > tolerance
    NaN is neither greater nor smaller than the tolerance, so `gap > tolerance` lets it
    pass. Ask `not gap <= tolerance`.
sum of the differences: .max() => .sum()
    The sum grows with the number of entries, so rounding alone can pass the tolerance,
    or hide behind it. Take the largest absolute difference.
relative tolerance on top:
- not gap <= tolerance => not torch.allclose(a, b, atol=tolerance)
    torch.allclose adds a relative tolerance of 1e-5, so large numbers may differ by
    more than was said. Set rtol=0, or compare yourself.
all pairs: … => pairs = enumerate(zip(ours, reference, strict=True))
|     return [n for n, (a, b) in pairs if not (a - b).abs().max() <= tolerance]
    This is a list of all pairs that differ. The first number is enough: what comes
    after follows from it.
the gap itself: return number => return gap
    This is the size of the difference. Asked for is the number of the pair.
largest gap:
- … => gaps = [(a - b).abs().max() for a, b in zip(ours, reference, strict=True)]
|     gaps = [gap.nan_to_num(1e9).item() for gap in gaps]
|     return gaps.index(max(gaps)) if max(gaps) > tolerance else None
    This names the pair with the largest gap. A fault grows or fades on its way; the
    cause is at the first pair beyond the tolerance.
last difference: … => pairs = enumerate(zip(ours, reference, strict=True))
|     wrong = [n for n, (a, b) in pairs if not (a - b).abs().max() <= tolerance]
|     return wrong[-1] if wrong else None
    This names the last pair that differs. The cause is at the first one.
counts from one: return number => return number + 1
    The numbers start at 0, as in a list.
0 for no difference: return None => return 0
    Without a difference the result must be None: 0 says that the first pair differs.
no tolerance: <= tolerance => <= 0
    Rounding counts as a difference here. Compare with the tolerance, not with zero.
end only:
- zip(ours, reference, strict=True) => zip(ours[-1:], reference[-1:], strict=True)
- return number => return len(ours) - 1
    Only the last pair was looked at. Walk through all pairs from the front.
-1 for no difference: return None => return -1
    Without a difference the result must be None. -1 is a number, and as an index it
    means the last pair.
as large counts: not gap <= tolerance => not gap < tolerance
    A difference exactly as large as the tolerance counts in yours. Only more than the
    tolerance does: <= is within.
first text only: (a - b) => (a[:1] - b[:1])
    Only the first text of each tensor is compared. Any entry counts.
first pair only:
- zip(ours, reference, strict=True) => zip(ours[:1], reference[:1], strict=True)
    You stop after the first pair. None comes after the loop, when all pairs were seen.
relative: (a - b).abs() => ((a - b).abs() / b.abs())
    The differences are divided by the reference, so small numbers count more than large
    ones. Compare the differences as they are.
all entries: not gap <= tolerance => not bool(((a - b).abs() <= tolerance).any())
    You ask that every entry differs. One is enough.
the last that agrees: return number => return number - 1
    This is the number of the last pair that agrees. Asked for is the first that does
    not.
"""

EXERCISE = Exercise(
    id="first-difference",
    chapter=9,
    title="The first layer that differs",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=first_difference,
    accepted={"allclose": with_allclose},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which number says how far two tensors are apart at the worst position?",
        "Walk through the pairs; return the number of the first one whose largest "
        "absolute difference is not within the tolerance; after the loop, None.",
        "if not (a - b).abs().max().item() <= tolerance: return number",
    ),
)
