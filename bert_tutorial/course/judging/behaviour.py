"""Run an answer on all inputs and record what it does.

Chapter: 0
"""

import copy
import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from bert_tutorial.course.judging.compare import difference, distance
from bert_tutorial.course.judging.exercise import Case, Exercise, NotAttempted

__all__ = ["Behaviour", "Outcome", "observe"]

SEED = 20181011  # of the global generator, the same for every run of every answer


@dataclass(frozen=True)
class Outcome:
    """What an answer did with one case."""

    value: Any = None
    error: Exception | None = None
    changed: str = ""  # which argument was changed in place

    def equals(self, other: "Outcome", tolerance: float | None) -> bool:
        """Tell whether two answers did the same."""
        if self.error is not None or other.error is not None:
            return type(self.error) is type(other.error) and (
                str(self.error) == str(other.error)
            )
        if self.changed != other.changed:
            return False
        return difference(self.value, other.value, tolerance) is None

    def distance(self, other: "Outcome") -> float:
        """Say how far two outcomes are apart, 0 to 1."""
        if self.error is not None or other.error is not None:
            return float(type(self.error) is not type(other.error))
        return distance(self.value, other.value)


@dataclass(frozen=True)
class Behaviour:
    """Everything seen of an answer."""

    outcomes: list[Outcome] = field(default_factory=list)
    failed: tuple[str, ...] = ()  # names of the properties that do not hold
    attempted: bool = True

    def equals(self, other: "Behaviour", tolerance: float | None = None) -> bool:
        """Tell whether two answers cannot be told apart."""
        return self.failed == other.failed and all(
            a.equals(b, tolerance)
            for a, b in zip(self.outcomes, other.outcomes, strict=True)
        )

    def distance(self, other: "Behaviour") -> float:
        """Say how far two behaviours are apart, 0 to 1."""
        if not self.outcomes:
            union = set(self.failed) | set(other.failed)
            both = set(self.failed) & set(other.failed)
            return 1 - len(both) / len(union) if union else 0.0
        pairs = zip(self.outcomes, other.outcomes, strict=True)
        return sum(a.distance(b) for a, b in pairs) / len(self.outcomes)


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


def changed_argument(before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    """Name the first argument that is not as it was."""
    for i, (old, new) in enumerate(zip(before, after, strict=True)):
        if isinstance(old, nn.Module) or callable(old):
            continue
        if difference(new, old, tolerance=0.0) is not None:
            return f"argument {i + 1}"
    return ""


def run_case(exercise: Exercise, answer: Any, case: Case) -> Outcome:
    """Run an answer on a copy of a case."""
    before = copy.deepcopy((*case.args, *case.kwargs.values()))
    mine = copy.deepcopy(case)
    torch.manual_seed(SEED)
    try:
        value = keep(exercise.outcome(answer, mine))
    except NotAttempted:
        raise
    except Exception as error:  # whatever the reader's code may raise
        return Outcome(error=error)
    return Outcome(
        value, changed=changed_argument(before, (*mine.args, *mine.kwargs.values()))
    )


def holds(test: Any, answer: Any) -> bool:
    """Ask whether a property holds; an exception is a no."""
    torch.manual_seed(SEED)
    try:
        return bool(test(answer))
    except NotAttempted:
        raise
    except Exception:
        return False


def observe(exercise: Exercise, answer: Any, cases: list[Case]) -> Behaviour:
    """Run an answer on all cases and ask for all properties.

    The state of torch's generator is left as it was, warnings are not shown.
    """
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            outcomes = [run_case(exercise, answer, case) for case in cases]
            failed = tuple(
                one.name for one in exercise.properties if not holds(one.holds, answer)
            )
        except NotAttempted:
            return Behaviour(attempted=False)
    return Behaviour(outcomes, failed)
