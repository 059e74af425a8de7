"""Come to a judgement: what is wrong first, and which known mistake it is.

Chapter: 0
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from bert_tutorial.course.judging.behaviour import (
    Behaviour,
    Finding,
    Outcome,
    Seen,
    observe,
)
from bert_tutorial.course.judging.compare import Difference, difference
from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
from bert_tutorial.course.judging.limits import OwnInterrupt, asked
from bert_tutorial.course.judging.picture import side_by_side
from bert_tutorial.course.judging.watch import is_comparable
from bert_tutorial.course.judging.words import kind_of, shown

__all__ = ["Verdict", "judge"]

# What `observe` does: the cases, how often each is called, and when to stop.
Watching = Callable[[Exercise, Any, list[Case], int, Behaviour | None], Behaviour]

ORDER = (
    "crashed",
    "type",
    "shape",
    "dtype",
    "input",
    "state",
    "property",
    "value",
    "second call",
)


class Verdict(NamedTuple):
    """A judgement: its kind, what was seen, the hint, the known mistake, a picture."""

    kind: str  # passed, not attempted, time, or one of ORDER
    seen: str = ""
    hint: str = ""
    mutant: str | None = None
    picture: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.kind == "passed"


class Fault(NamedTuple):
    """One thing that is wrong: its kind, in words, and a picture where one helps."""

    kind: str
    text: str
    picture: str = ""


def judge(
    exercise: Exercise, answer: Any, seed: int = 0, watch: Watching = observe
) -> Verdict:
    """Judge an answer.

    The order: not attempted, out of time, crashed, wrong type, shape or dtype, changed
    its input or the process, a property that does not hold, wrong values, something
    else at the second call. Whatever comes first is reported; a hint is given where a
    known mistake did exactly the same.

    Args:
        exercise: what is asked for.
        answer: what is judged, a stub's too.
        seed: of the cases.
        watch: sees what an answer does, as `observe` does it. One that has seen it
            before on this seed's cases need not run it again.
    """
    if not callable(answer):
        what = "class" if isinstance(exercise.solution, type) else "function"
        text = f"What was handed in is {kind_of(answer)}, not a {what}."
        return Verdict("type", text)
    cases = exercise.inputs(seed)
    mine = watch(exercise, answer, cases, 1, None)
    rounds = 1
    if not mine.attempted:
        return Verdict("not attempted")
    if mine.late:
        return Verdict("time", mine.late)
    right = watch(exercise, exercise.solution, cases, 1, None)
    fault = first_fault(exercise, cases, mine, right)
    if fault is None and cases:
        rounds = 2
        mine = watch(exercise, answer, cases, rounds, None)
        if mine.late:
            return Verdict("time", mine.late)
        fault = first_fault(exercise, cases, mine, right)
        if fault is not None:
            text = "Called a second time with the same input: " + fault.text
            fault = Fault("second call", text, fault.picture)
    if fault is None:
        return Verdict("passed")
    mutant = recognise(exercise, cases, mine.next_to(right), rounds, watch)
    name, hint = (mutant.name, mutant.hint) if mutant else (None, "")
    return Verdict(fault.kind, fault.text, hint, name, fault.picture)


def first_fault(
    exercise: Exercise, cases: list[Case], mine: Behaviour, right: Behaviour
) -> Fault | None:
    """Find the first fault, in the order of the kinds."""
    found: list[Fault] = []
    for case, got, expected in zip(cases, mine.outcomes, right.outcomes, strict=True):
        found += case_faults(exercise, case, got, expected)
    for one in exercise.properties:
        got_it, has_it = mine.findings[one.name], right.findings[one.name]
        found += property_faults(exercise, one, got_it, has_it)
    for name in mine.replaced:
        if name not in right.replaced:
            text = f"the answer replaced {name} for the whole program"
            found.append(Fault("state", text))
    found.sort(key=lambda fault: ORDER.index(fault.kind))
    if not found:
        return None
    first = found[0]
    if first.kind == "property":
        drawn = next((one.picture for one in found if one.picture), "")
        return first._replace(picture=drawn)
    return first


def case_faults(
    exercise: Exercise, case: Case, got: Outcome, expected: Outcome
) -> list[Fault]:
    """List what is wrong with the outcome of a case."""
    told = f" for {case.label}" if case.label else ""
    if got.error is not None:
        if isinstance(got.error, type(expected.error)):
            return []
        text = crash_text(got.error, got.seen, exercise) + told + shapes(case)
        if expected.error is not None:
            text += f"; {an(expected.error)} was expected"
        return [Fault("crashed", text)]
    if expected.error is not None:
        return [Fault("value", f"no error{told}; {an(expected.error)} was expected")]
    faults = effects(got.seen, expected.seen, told)
    wrong = compared(exercise, case, got, expected)
    if wrong is not None:
        fault = worded(exercise, got, expected, wrong)
        faults.append(fault._replace(text=fault.text + told))
    return faults


def compared(
    exercise: Exercise, case: Case, got: Outcome, expected: Outcome
) -> Difference | None:
    """Compare two values; one that cannot be compared is of a wrong type."""

    def no(error: BaseException) -> Difference:  # a result's own __eq__, say
        text = f"the result cannot be compared ({type(error).__name__})"
        return Difference("type", text, None, None)

    return asked(
        lambda: difference(
            got.value,
            expected.value,
            exercise.tolerance_of(case),
            is_exact=exercise.needs_tuple,
            is_ordered=exercise.is_ordered,
        ),
        no,
    )


def worded(
    exercise: Exercise, got: Outcome, expected: Outcome, wrong: Difference
) -> Fault:
    """Say what differs, without what only the test knows.

    Where the test makes a result of its own from what the answer does, its parts and
    its numbers mean nothing to the reader: what the answer itself gave back does. Where
    the answer is the number asked for, the message must not show it.
    """
    if exercise.is_a_number:
        text = wrong.text if wrong.kind != "value" else "the result is not right"
        return Fault(wrong.kind, text)
    if got.is_own and expected.is_own:
        return Fault(wrong.kind, wrong.text, picture_of(wrong))
    if got.raised is None and expected.raised is not None:
        return Fault("value", f"no error; {an(expected.raised)} was expected")
    if got.raised is not None and expected.raised is None:
        text = crash_text(got.raised, got.seen, exercise)
        return Fault("crashed", f"{text}; no error was expected")
    inner = given_back(exercise, got.seen, expected.seen)
    are_tensors = isinstance(wrong.got, Tensor) and isinstance(wrong.expected, Tensor)
    if inner is None and are_tensors:
        inner = difference(wrong.got, wrong.expected, exercise.tolerance)
    if inner is not None:
        return Fault(inner.kind, inner.text, picture_of(inner))
    return Fault("value", "what came of it is not right")


def given_back(exercise: Exercise, got: Seen, expected: Seen) -> Difference | None:
    """Compare what two answers gave back, where the test made something else of it.

    After several calls, which may be random, only the types and shapes.
    """

    def compared() -> Difference | None:
        if not (is_comparable(got.result) and is_comparable(expected.result)):
            return None
        return difference(
            got.result,
            expected.result,
            exercise.tolerance,
            is_exact=exercise.needs_tuple,
            is_ordered=exercise.is_ordered,
        )

    found = asked(compared, lambda _: None)
    is_once = got.calls == expected.calls == 1
    return found if found is None or is_once or found.kind != "value" else None


def property_faults(
    exercise: Exercise, one: Property, got: Finding, expected: Finding
) -> list[Fault]:
    """List what a property showed."""
    faults = effects(got.seen, expected.seen, "")
    if got.holds or not expected.holds:
        return faults
    raised, is_class = got.seen.error, isinstance(exercise.solution, type)
    is_in_answer = got.error is raised or (is_class and bool(got.seen.place))
    if got.error is not None and (is_in_answer or is_a_wrong_call(got.error)):
        text = crash_text(got.error, got.seen, exercise)
        return [*faults, Fault("crashed", f"{text}, when asked: {one.name}")]
    text = f"{one.name}: {one.message}"
    if raised is not None and got.error is None:
        text += f" Seen: {crash_text(raised, got.seen, exercise)}."
    elif got.error is not None and not isinstance(got.error, AssertionError):
        text = f"{one.name}: this cannot be tested on what came back"
        is_known = got.seen.calls > 0 or not is_class
        text += f" ({outline(got.seen.result)})." if is_known else "."
    return [*faults, Fault("property", text)]


def effects(got: Seen, expected: Seen, told: str) -> list[Fault]:
    """List what an answer did beside its result."""
    faults = []
    if got.changed and not expected.changed:
        faults.append(Fault("input", f"{got.changed} was changed in place{told}"))
    for name in got.altered:
        if name not in expected.altered:
            text = f"the answer changed {name} for the whole program{told}"
            faults.append(Fault("state", text))
    for name in got.drew:
        if name not in expected.drew:
            text = f"numbers were drawn from the global generator of {name}{told}"
            text += "; the generator that is handed over is the only one to use"
            faults.append(Fault("state", text))
    if got.differed and not expected.differed:
        text = "Called a second time with the same input, it gave something else"
        faults.append(Fault("second call", text + told))
    return faults


def is_a_wrong_call(error: BaseException) -> bool:
    """Tell whether the call itself failed: the arguments are not those asked for."""
    return isinstance(error, TypeError) and "argument" in str(error)


def crash_text(error: BaseException, seen: Seen, exercise: Exercise) -> str:
    """Say what was raised, and at which line of the reader's code."""
    name = type(error).__name__
    name = "KeyboardInterrupt" if isinstance(error, OwnInterrupt) else name
    said = shown_error(error)
    text = f"{name}: {said}" if said else name
    is_use = exercise.run is not None and not seen.place and seen.error is None
    if is_use and not is_a_wrong_call(error):
        return f"what came back could not be used ({text})"
    return text + (f", at {seen.place}" if seen.place else "")


def shown_error(error: BaseException) -> str:
    """Give an error's message, whatever its own code does."""
    return asked(lambda: str(error)[:500], lambda _: "")


def an(error: BaseException) -> str:
    """Name an error with its article."""
    name = type(error).__name__
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def outline(value: Any) -> str:
    """Say what came back, without its numbers."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}, {value.dtype}"
    if isinstance(value, tuple | list) and 0 < len(value) <= 4:
        return f"{kind_of(value)} of " + ", ".join(outline(one) for one in value)
    return kind_of(value) if not isinstance(value, str | int) else shown(value)


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
    if wrong.kind == "type":
        return ""
    if isinstance(wrong.got, Tensor) and isinstance(wrong.expected, Tensor):
        return side_by_side(wrong.got, wrong.expected)
    return ""


def recognise(
    exercise: Exercise, cases: list[Case], mine: Behaviour, rounds: int, watch: Watching
) -> Mutant | None:
    """Find the known mistake that did exactly the same."""
    for mutant in exercise.mutants:
        its = watch(exercise, exercise.answer_of(mutant), cases, rounds, mine)
        if its.attempted and not its.late and its.replaced == mine.replaced:
            return mutant
    return None
