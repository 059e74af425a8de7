"""What an exercise is: task, solution, known mistakes, and how answers are judged.

Chapter: 0
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from bert_tutorial.course.judging.edits import edited

__all__ = ["Case", "Exercise", "Mutant", "NotAttempted", "Property"]


class NotAttempted(NotImplementedError):  # noqa: N818
    """Raised by a stub: the reader has not written an answer yet."""


@dataclass(frozen=True)
class Case:
    """One input on which an answer and the solution are compared.

    Args:
        args: what the answer is called with.
        label: the input in words, shown to the reader with a counter-example.
        kwargs: more arguments, by name.
        tolerance: relative and absolute, instead of the exercise's; say why.
    """

    args: tuple[Any, ...]
    label: str = ""
    kwargs: dict[str, Any] = field(default_factory=dict)
    tolerance: float | None = None


@dataclass(frozen=True)
class Mutant:
    """A known mistake, and the hint that it must get.

    Args:
        name: in a few words.
        answer: a wrong function or class, or what it changes in a right one: see
            `edited`.
        hint: what the reader is told.
        of: the name of the accepted answer that is changed, if not the solution.
    """

    name: str
    answer: Any
    hint: str
    of: str = ""


@dataclass(frozen=True)
class Property:
    """What every right answer has, without naming the right numbers.

    Args:
        name: in a few words, such as "rows sum to one".
        message: what is wrong where it does not hold.
        holds: called with the answer; an exception in it counts as no.
    """

    name: str
    message: str
    holds: Callable[[Any], bool]


def call(answer: Any, case: Case) -> Any:
    """Call the answer with a case's arguments."""
    return answer(*case.args, **case.kwargs)


@dataclass(frozen=True)
class Exercise:
    """An exercise with everything that judges it.

    Args:
        id: words with hyphens, unique in the book.
        chapter: the chapter's number.
        title: for lists.
        difficulty: 1 to 3.
        minutes: that a reader needs.
        stub: source of the cell that the reader fills in; it raises NotAttempted.
        solution: the right answer, the package's own where it is the same.
        hints: from what to think about to nearly the line.
        mutants: the mistakes that are recognised.
        cases: inputs for a seed and a dtype, the smallest first. None where only the
            properties judge (random answers, open designs).
        accepted: other right answers, by name.
        properties: what every right answer has, the general ones first.
        run: gets a result from an answer and a case; by default a plain call.
        tolerance: relative and absolute, instead of 1e-5; say why.
        is_ordered: the order of a dictionary's keys counts.
        waived: changes of the solution that no check can or should refute, by name as
            the book's operators write them, and why.
    """

    id: str
    chapter: int
    title: str
    difficulty: int
    minutes: int
    stub: str
    solution: Any
    hints: tuple[str, ...]
    mutants: list[Mutant]
    cases: Callable[[int, torch.dtype], list[Case]] | None = None
    accepted: dict[str, Any] = field(default_factory=dict)
    properties: list[Property] = field(default_factory=list)
    run: Callable[[Any, Case], Any] | None = None
    tolerance: float | None = None
    judged_by: str = "cases"
    is_ordered: bool = False
    waived: dict[str, str] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse an exercise that cannot judge anything."""
        if self.judged_by not in ("cases", "properties"):
            raise ValueError(
                f"judged_by must be cases or properties, got {self.judged_by}"
            )
        if self.judged_by == "cases" and self.cases is None:
            raise ValueError(f"{self.id}: give cases, or judged_by='properties'")
        if self.judged_by == "properties" and not self.properties:
            raise ValueError(f"{self.id}: nothing judges an answer")

    def answer_of(self, mutant: Mutant) -> Any:
        """Give the function or class that makes a known mistake."""
        if not isinstance(mutant.answer, str):
            return mutant.answer
        made = self._made.get(mutant.name)
        if made is None:
            right = self.accepted[mutant.of] if mutant.of else self.solution
            made = self._made[mutant.name] = edited(right, mutant.answer)
        return made

    @property
    def parameters(self) -> tuple[str, ...]:
        """Name the arguments of the solution."""
        try:
            return tuple(inspect.signature(self.solution).parameters)
        except (TypeError, ValueError):
            return ()

    @property
    def gives_generator(self) -> bool:
        """Whether an answer is given a generator, and so must not use a global one."""
        return not {"generator", "random", "rng"}.isdisjoint(self.parameters)

    @property
    def needs_tuple(self) -> bool:
        """Whether a list is no replacement: only several results may come as one."""
        annotation = getattr(self.solution, "__annotations__", {}).get("return", "")
        text = str(annotation).removeprefix("typing.").lower()
        return not text.startswith("tuple[") or "..." in text

    @property
    def is_a_number(self) -> bool:
        """Whether the answer is the number asked for: then no message may show it."""
        return not self.parameters and not isinstance(self.solution, type)

    def tolerance_of(self, case: Case) -> float | None:
        """Give the tolerance of a case."""
        return self.tolerance if case.tolerance is None else case.tolerance

    def outcome(self, answer: Any, case: Case) -> Any:
        """Get the result of an answer on a case."""
        return (self.run or call)(answer, case)

    def inputs(self, seed: int = 0) -> list[Case]:
        """Draw the cases of a seed in float64 and of the next in float32."""
        if self.cases is None or self.judged_by == "properties":
            return []
        return [
            *self.cases(seed, torch.float64),
            *self.cases(seed + 1, torch.float32),
        ]
