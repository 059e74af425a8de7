"""Answers that must never pass: a constant, the input itself, random numbers.

Chapter: 0
"""

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.course.judging.exercise import Exercise

__all__ = ["FAKES", "fake"]


def constant(value: Any) -> Any:
    """Make something of the same shape that does not depend on the input."""
    if isinstance(value, Tensor):
        return torch.zeros_like(value)
    if isinstance(value, bool | int | float):
        return type(value)(0)
    if isinstance(value, str):
        return ""
    if type(value) in (list, tuple):
        return type(value)(constant(inner) for inner in value)
    if isinstance(value, dict):
        return {key: constant(inner) for key, inner in value.items()}
    return None


def noise(value: Any) -> Any:
    """Make something random of the same shape."""
    if isinstance(value, Tensor):
        if value.dtype == torch.bool:
            return torch.rand(value.shape) < 0.5
        if not value.is_floating_point():
            return torch.randint(0, 100, value.shape, dtype=value.dtype)
        return torch.rand_like(value)
    if isinstance(value, bool):
        return random.random() < 0.5
    if isinstance(value, int | float):
        return type(value)(random.random() * 1000)
    if isinstance(value, str):
        return "".join(random.choice("abcdefgh") for _ in range(len(value) + 1))
    if type(value) in (list, tuple):
        return type(value)(noise(inner) for inner in value)
    if isinstance(value, dict):
        return {key: noise(inner) for key, inner in value.items()}
    return None


FAKES: dict[str, Callable[[Any], Any] | None] = {
    "constant": constant,
    "identity": None,
    "random": noise,
}


def fake(exercise: Exercise, kind: str) -> Any:
    """Make a wrong answer of a kind, with the signature of the solution."""
    change, solution = FAKES[kind], exercise.solution

    def result(value: Any, *args: Any) -> Any:
        return (args[0] if args else None) if change is None else change(value)

    if isinstance(solution, type):
        method = "forward" if issubclass(solution, nn.Module) else "__call__"
        original = getattr(solution, method)

        def replaced(self: Any, *args: Any, **kwargs: Any) -> Any:
            return result(original(self, *args, **kwargs), *args)

        return type(solution.__name__, (solution,), {method: replaced})

    def function(*args: Any, **kwargs: Any) -> Any:
        return result(solution(*args, **kwargs), *args)

    return function
