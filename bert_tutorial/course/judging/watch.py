"""Look over an answer's shoulder: what it is given, changes, draws from and raises.

Chapter: 0
"""

import contextlib
import copy
import functools
import random
from collections.abc import Generator, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import GeneratorType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from bert_tutorial.course.judging.compare import difference, unreadable
from bert_tutorial.course.judging.exercise import NotAttempted
from bert_tutorial.course.judging.limits import TimeUp
from bert_tutorial.course.judging.state import (
    drawn_from,
    generators_now,
    put_generators,
)

__all__ = ["Watch", "changed_argument", "is_comparable", "snapshot"]

LOOKS = 10  # calls of one test that are looked at closely; a test may make thousands
PLAIN = (bool, int, float, str, bytes, type(None), np.generic, torch.dtype)


class Unrepeatable(Exception):  # noqa: N818
    """Raised for an argument that cannot be copied, such as a model or a function."""


def snapshot(value: Any, is_strict: bool = False) -> Any:
    """Copy an argument; what is not data is kept as it is.

    Raises:
        Unrepeatable: if it is strict and something is not data.
    """
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(snapshot(inner, is_strict) for inner in value)
    if type(value) is dict:
        return {key: snapshot(inner, is_strict) for key, inner in value.items()}
    if isinstance(value, torch.Generator):
        twin = torch.Generator(value.device)
        twin.set_state(value.get_state())
        return twin
    is_data = is_dataclass(value) and not isinstance(value, type)
    if is_data or isinstance(value, random.Random | np.random.Generator | Mapping):
        with contextlib.suppress(Exception):  # such as a tensor inside a graph
            return copy.deepcopy(value)
    if is_strict and not isinstance(value, PLAIN):
        raise Unrepeatable
    return value


def is_comparable(value: Any) -> bool:
    """Tell whether equality says something about a value."""
    if isinstance(value, Tensor):
        return not unreadable(value, value)
    if isinstance(value, (np.ndarray, *PLAIN)):
        return True
    if isinstance(value, Mapping):
        return all(is_comparable(inner) for inner in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return all(is_comparable(inner) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        return all(is_comparable(getattr(value, f.name)) for f in fields(value))
    return False


def changed_argument(before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    """Name the first argument that is not as it was."""
    for i, (old, new) in enumerate(zip(before, after, strict=True)):
        if is_comparable(old) and difference(new, old, 0.0) is not None:
            return f"argument {i + 1}"
    return ""


def generators_in(result: Any) -> list[Generator[Any, Any, Any]]:
    """List the generators that a result is, or that stand in it side by side."""
    parts = result if isinstance(result, list | tuple) else [result]
    return [one for one in parts if isinstance(one, GeneratorType)]


class Watch:
    """An answer and what was seen of its calls.

    Attributes:
        answer: what to call in place of the answer; a class is its own.
        result: of the last call, None before the first. A class of modules is not
            called by itself: what its modules give back is noted while `noted` is on.
        error: that the last call raised.
        changed: the first argument that was changed in place, in words.
        drew: the global generators that a call drew from.
        differed: whether a second call with the same input gave something else.
    """

    def __init__(
        self, answer: Any, is_twice: bool = False, sees_draws: bool = True
    ) -> None:
        self.original = answer
        self.result: Any = None
        self.error: BaseException | None = None
        self.changed = ""
        self.drew: set[str] = set()
        self.differed = False
        self.calls = 0
        self._generators: list[Generator[Any, Any, Any]] = []
        self._is_twice, self._sees_draws = is_twice, sees_draws
        self.answer = answer if isinstance(answer, type) else self._wrapped()

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note what modules of the answer's class give back."""

        def note(module: nn.Module, given: Any, result: Any) -> None:
            if isinstance(module, self.original):
                self.result = result
                self.calls += 1

        if not (
            isinstance(self.original, type) and issubclass(self.original, nn.Module)
        ):
            yield
            return
        hook = register_module_forward_hook(note)
        try:
            yield
        finally:
            hook.remove()

    def close(self) -> None:
        """Close the generators that the answer gave, while its time is measured.

        Python would do it later, when another answer runs or none. What they raise
        then nobody hears, and so it is here.

        Raises:
            TimeUp: if one did not come to its end; the others are closed, too.
        """
        late: TimeUp | None = None
        while self._generators:
            try:
                self._generators.pop().close()
            except TimeUp as error:
                late = late or error
            except BaseException:  # whatever the reader's code may raise
                continue
        if late is not None:
            raise late

    def _wrapped(self) -> Any:
        """Wrap a function."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            return self._call(args, kwargs)

        if hasattr(self.original, "__name__"):
            functools.update_wrapper(watched, self.original)
        return watched

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the answer once, the first time perhaps twice."""
        given = (*args, *kwargs.values())
        self.calls += 1
        is_close = self.calls <= LOOKS
        before = snapshot(given) if is_close else ()
        sees_draws = is_close and self._sees_draws
        states = generators_now() if self._is_twice or sees_draws else {}
        self.error = None
        try:
            self.result = self.original(*args, **kwargs)
        except (NotAttempted, TimeUp):
            raise
        except BaseException as error:
            self.error = error
            raise
        self._generators += generators_in(self.result)
        if sees_draws:
            self.drew.update(drawn_from(states))
        if is_close and not self.changed:
            self.changed = changed_argument(before, given)
        if self._is_twice:
            self._is_twice = False
            self._call_again(before, tuple(kwargs), states)
        return self.result

    def _call_again(
        self, given: tuple[Any, ...], names: tuple[str, ...], states: dict[str, Any]
    ) -> None:
        """Ask the same again, from the same state of the generators."""
        if not is_comparable(self.result):
            return
        try:
            given = snapshot(given, is_strict=True)
        except Unrepeatable:
            return
        first, now = snapshot(self.result), generators_now()
        number = len(given) - len(names)
        put_generators(states)
        try:
            again = self.original(
                *given[:number], **dict(zip(names, given[number:], strict=True))
            )
            self.differed = difference(again, first) is not None
        except (NotAttempted, TimeUp):
            raise
        except Exception:
            self.differed = True
        finally:
            put_generators(now)
