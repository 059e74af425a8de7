"""Come to a judgement: what is wrong first, and which known mistake it is.

Chapter: 0
"""

from typing import Any, NamedTuple

from torch import Tensor

from bert_tutorial.course.judging.behaviour import Behaviour, observe
from bert_tutorial.course.judging.compare import Difference, difference
from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.course.judging.picture import side_by_side

__all__ = ["Verdict", "judge"]

# An answer that is this much nearer to a mistake than to the solution is likely it.
NEAR = 0.1


class Verdict(NamedTuple):
    """A judgement: its kind, what was seen, the hint, the known mistake, a picture."""

    kind: str  # passed, not attempted, crashed, type, shape, dtype, input, ...
    seen: str = ""
    hint: str = ""
    mutant: str | None = None
    picture: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.kind == "passed"


def judge(exercise: Exercise, answer: Any, seed: int = 0) -> Verdict:
    """Judge an answer.

    The order: not attempted, crashed, wrong type, shape or dtype, changed its input,
    a property that does not hold, wrong values. Whatever comes first is reported;
    the hint is that of the known mistake that does the same, or comes closest.
    """
    cases = exercise.inputs(seed)
    mine = observe(exercise, answer, cases)
    if not mine.attempted:
        return Verdict("not attempted")
    right = observe(exercise, exercise.solution, cases)
    kind, seen, picture = first_fault(exercise, cases, mine, right)
    if kind == "passed":
        return Verdict("passed")
    mutant, is_sure = recognise(exercise, cases, mine, right)
    hint = ""
    if mutant is not None:
        hint = mutant.hint if is_sure else f"This comes close: {mutant.hint}"
    return Verdict(kind, seen, hint, mutant.name if mutant else None, picture)


def first_fault(
    exercise: Exercise, cases: list[Case], mine: Behaviour, right: Behaviour
) -> tuple[str, str, str]:
    """Find the first fault: its kind, in words, and a picture where one helps."""
    found: list[tuple[str, str, str]] = []
    for case, got, expected in zip(cases, mine.outcomes, right.outcomes, strict=True):
        told = f" for {case.label}" if case.label else ""
        if got.error is not None:
            if expected.error is not None and got.equals(expected, None):
                continue
            if not isinstance(expected.error, type(got.error)):
                what = f"{type(got.error).__name__}: {got.error}"
                found.append(("crashed", what + told + shapes(case), ""))
            continue
        if expected.error is not None:
            what = f"no error{told}, expected {type(expected.error).__name__}"
            found.append(("value", what, ""))
            continue
        wrong = difference(got.value, expected.value, exercise.tolerance)
        if got.changed and not expected.changed:
            found.append(("input", f"{got.changed} was changed in place{told}", ""))
        if wrong is not None:
            found.append((wrong.kind, wrong.text + told, picture_of(wrong)))
    by_name = {one.name: one for one in exercise.properties}
    for name in mine.failed:
        if name not in right.failed:
            found.append(("property", f"{name}: {by_name[name].message}", ""))
    order = ("crashed", "type", "shape", "dtype", "input", "property", "value")
    found.sort(key=lambda fault: order.index(fault[0]))
    if not found:
        return "passed", "", ""
    kind, seen, picture = found[0]
    if kind == "property":
        picture = next((one[2] for one in found if one[2]), "")
    return kind, seen, picture


def shapes(case: Case) -> str:
    """Tell the shapes of the tensors among a case's arguments."""
    found = [
        str(tuple(value.shape))
        for value in (*case.args, *case.kwargs.values())
        if isinstance(value, Tensor)
    ]
    return f" (shapes of the arguments: {', '.join(found)})" if found else ""


def picture_of(wrong: Difference) -> str:
    """Draw two tensors side by side."""
    if isinstance(wrong.got, Tensor) and isinstance(wrong.expected, Tensor):
        return side_by_side(wrong.got, wrong.expected)
    return ""


def recognise(
    exercise: Exercise, cases: list[Case], mine: Behaviour, right: Behaviour
) -> tuple[Mutant | None, bool]:
    """Find the known mistake that does the same, or the one that comes closest."""
    best: tuple[float, Mutant | None] = (NEAR * mine.distance(right), None)
    for mutant in exercise.mutants:
        its = observe(exercise, mutant.answer, cases)
        if its.equals(mine, exercise.tolerance):
            return mutant, True
        best = min(best, (its.distance(mine), mutant), key=lambda pair: pair[0])
    return best[1], False
