"""Run an answer on all inputs and record what it does.

Chapter: 0
"""

import copy
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from bert_tutorial.course.judging.compare import as_asked, difference
from bert_tutorial.course.judging.endings import nothing_ends
from bert_tutorial.course.judging.exercise import Case, Exercise, NotAttempted
from bert_tutorial.course.judging.limits import TimeUp, asked, within
from bert_tutorial.course.judging.state import Watched, contained, seed_all
from bert_tutorial.course.judging.watch import Watch, changed_argument
from bert_tutorial.course.judging.words import place_of

__all__ = ["Behaviour", "Finding", "Outcome", "observe"]

SECONDS = 10.0  # for one call
TOGETHER = 30.0  # for all calls


@dataclass(frozen=True)
class Seen:
    """What was seen of the calls that make up one case or one property.

    Attributes:
        error: raised by the answer, also where the test caught it.
        place: the line of the reader's code where it was.
        changed: which argument was changed in place.
        altered: what it changed in the process.
        drew: the global generators that it drew from.
        differed: whether the same call gave something else the second time.
        result: of the last call.
        calls: how many there were.
    """

    error: BaseException | None = None
    place: str = ""
    changed: str = ""
    altered: tuple[str, ...] = ()
    drew: tuple[str, ...] = ()
    differed: bool = False
    result: Any = None
    calls: int = 0

    def side_effects(self) -> tuple[Any, ...]:
        """List what it did beside its result."""
        return self.changed, self.altered, self.drew, self.differed


@dataclass(frozen=True)
class Outcome:
    """What an answer did with one case."""

    value: Any = None
    error: BaseException | None = None  # that came out, of the answer or of its use
    seen: Seen = field(default_factory=Seen)
    is_own: bool = True  # the value is what the answer gave back, as it is
    asked: type[BaseException] | None = None  # the error that was asked for, and came
    right: Any = None  # the value that is asked for

    @property
    def raised(self) -> BaseException | None:
        """What the answer raised, caught or not."""
        return self.error or self.seen.error

    def equals(
        self, other: "Outcome", tolerance: float | None, is_ordered: bool = False
    ) -> bool:
        """Tell whether two answers did the same."""
        if self.seen.side_effects() != other.seen.side_effects():
            return False
        if self.error is not None or other.error is not None:
            if other.asked is not None:  # whatever it says
                return isinstance(self.error, other.asked)
            return type(self.error) is type(other.error) and (
                str(self.error) == str(other.error)
            )
        return is_same(self.value, other.value, tolerance, is_ordered, other.right)


@dataclass(frozen=True)
class Finding:
    """What a property showed: whether it holds, what stopped its test, and more."""

    holds: bool
    error: BaseException | None = None
    seen: Seen = field(default_factory=Seen)

    def summary(self) -> tuple[Any, ...]:
        """Give what two findings are compared by."""
        raised = self.error or self.seen.error
        return self.holds, type(raised), self.seen.side_effects()


@dataclass(frozen=True)
class Behaviour:
    """Everything seen of an answer."""

    outcomes: list[Outcome] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)  # by property
    attempted: bool = True
    late: str = ""  # what did not come back, in words
    replaced: tuple[str, ...] = ()  # functions that it replaced for the whole program

    def next_to(self, right: "Behaviour") -> "Behaviour":
        """Note what is asked for: the solution's values, and the errors it raises."""
        outcomes = [
            replace(one, asked=type(its.error))
            if its.error is not None and isinstance(one.error, type(its.error))
            else replace(one, right=its.value)
            for one, its in zip(self.outcomes, right.outcomes, strict=True)
        ]
        return replace(self, outcomes=outcomes)

    def equals(self, other: "Behaviour", exercise: Exercise, cases: list[Case]) -> bool:
        """Tell whether two answers cannot be told apart on these cases."""
        if self.late or other.late or not (self.attempted and other.attempted):
            return False
        if self.replaced != other.replaced:
            return False
        return {name: one.summary() for name, one in self.findings.items()} == {
            name: one.summary() for name, one in other.findings.items()
        } and all(
            a.equals(b, exercise.tolerance_of(case), exercise.is_ordered)
            for a, b, case in zip(self.outcomes, other.outcomes, cases, strict=True)
        )


def is_same(
    value: Any, other: Any, tolerance: float | None, is_ordered: bool, right: Any = None
) -> bool:
    """Compare two results, types too, unless both are as good as the right one's."""

    def compared() -> bool:
        both = [as_asked(one, right, is_exact=False) for one in (value, other)]
        return all(
            difference(a, b, tolerance, is_ordered=is_ordered) is None
            for a, b in (both, both[::-1])
        )

    # A result may have an __eq__ of its own, or hold itself.
    return asked(compared, lambda _: False)


def keep(value: Any) -> Any:
    """Take a result out of its graph, so that later changes do not reach it."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, nn.Module):
        return value
    if type(value) in (list, tuple):
        return type(value)(keep(inner) for inner in value)
    if type(value) is dict:
        return {key: keep(inner) for key, inner in value.items()}
    return value


class Observer:
    """Runs one answer, within its time and without a trace in the process."""

    def __init__(self, exercise: Exercise, answer: Any, state: Watched) -> None:
        self.exercise, self.answer, self.state = exercise, answer, state
        self.end = time.monotonic() + TOGETHER

    def watch(self, is_twice: bool = False) -> Watch:
        """Watch the calls of the answer."""
        return Watch(self.answer, is_twice, self.exercise.gives_generator)

    def guarded(
        self, work: Callable[[], Any], watch: Watch
    ) -> tuple[Any, BaseException | None, Seen]:
        """Do some work on the answer: its value, what it raised, what was seen.

        Raises:
            TimeUp: if it did not come back.
            NotAttempted: if the answer is a stub.
        """
        seed_all()
        value, error = None, None

        def whole() -> Any:
            try:
                return work()
            finally:
                watch.close()

        try:
            with nothing_ends(self.answer), watch.noted():
                left = max(0.1, self.end - time.monotonic())
                value = within(min(SECONDS, left), whole)
        except (NotAttempted, TimeUp, KeyboardInterrupt):
            raise
        except BaseException as raised:  # whatever the reader's code may raise
            error = raised
        finally:
            altered = self.state.restore()
        known = error or watch.error
        seen = Seen(
            watch.error,
            "" if known is None else place_of(known, self.answer),
            watch.changed,
            altered,
            tuple(sorted(watch.drew)),
            watch.differed,
            watch.result,
            watch.calls,
        )
        return value, error, seen

    def run_case(self, case: Case) -> Outcome:
        """Run the answer on a copy of a case."""
        before = copy.deepcopy((*case.args, *case.kwargs.values()))
        mine = copy.deepcopy(case)
        watch = self.watch()
        raw: list[Any] = []

        def work() -> Any:
            raw.append(self.exercise.outcome(watch.answer, mine))
            return keep(raw[0])

        value, error, seen = self.guarded(work, watch)
        if error is None and not seen.changed:
            after = (*mine.args, *mine.kwargs.values())
            seen = replace(seen, changed=changed_argument(before, after))
        is_own = self.exercise.run is None or (bool(raw) and raw[0] is watch.result)
        return Outcome(value, error, seen, is_own)

    def ask(self, test: Callable[[Any], Any]) -> Finding:
        """Ask whether a property holds; an exception is a no."""
        watch = self.watch(is_twice=True)
        value, error, seen = self.guarded(lambda: bool(test(watch.answer)), watch)
        return Finding(bool(value) and error is None, error, seen)


def observe(
    exercise: Exercise,
    answer: Any,
    cases: list[Case],
    rounds: int = 1,
    like: Behaviour | None = None,
) -> Behaviour:
    """Run an answer on all cases and ask for all properties.

    Generators, settings and functions of the process are left as they were, warnings
    are not shown.

    Args:
        exercise: says how to call it and which properties to ask for.
        answer: what is judged.
        cases: the inputs.
        rounds: the last of so many calls with each input is the one that is kept.
        like: stop where the answer does something else than was seen here.
    """
    outcomes: list[Outcome] = []
    findings: dict[str, Finding] = {}
    label = ""
    with contained() as state:
        warnings.simplefilter("ignore")
        observer = Observer(exercise, answer, state)
        try:
            for i, case in enumerate(cases):
                label = case.label
                for _ in range(rounds):
                    outcome = observer.run_case(case)
                outcomes.append(outcome)
                if like and not outcome.equals(
                    like.outcomes[i], exercise.tolerance_of(case), exercise.is_ordered
                ):
                    return Behaviour(late="it does something else")
            label = ""
            for one in exercise.properties:
                finding = findings[one.name] = observer.ask(one.holds)
                if like and finding.summary() != like.findings[one.name].summary():
                    return Behaviour(late="it does something else")
        except NotAttempted:
            return Behaviour(attempted=False)
        except TimeUp as late:
            return Behaviour(late=told_late(late, answer, label))
        replaced = state.replaced()
    return Behaviour(outcomes, findings, replaced=replaced)


def told_late(late: TimeUp, answer: Any, label: str) -> str:
    """Say that an answer did not come back, for which input and where it was."""
    place = place_of(late, answer)
    return (
        f"Your code did not come back within {SECONDS:g} s"
        + (f" for {label}" if label else "")
        + (f"; it was at {place}" if place else "")
    )
