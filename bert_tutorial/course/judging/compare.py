"""Compare two results strictly: type, shape, dtype, then values. No broadcasting.

Chapter: 0
"""

import difflib
import math
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

__all__ = ["Difference", "difference", "distance"]

# Absolute and relative; a sum of some hundred terms in another order stays inside.
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5}


class Difference(NamedTuple):
    """What differs first: its kind (type, shape, dtype, value), in words, the parts."""

    kind: str
    text: str
    got: Any
    expected: Any


def name_of(value: Any) -> str:
    """Name a value's type as the reader knows it."""
    return "None" if value is None else type(value).__name__


def parts(value: Any) -> list[tuple[str, Any]] | None:
    """Split a container into named parts; None for a plain value."""
    if isinstance(value, dict):
        return [(f"[{key!r}]", inner) for key, inner in value.items()]
    if isinstance(value, tuple | list):
        return [(f"[{i}]", inner) for i, inner in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return [(f".{f.name}", getattr(value, f.name)) for f in fields(value)]
    return None


def same_type(got: Any, expected: Any) -> bool:
    """Tell whether the type is right; a bool is no number, a parameter is a tensor."""
    if isinstance(expected, Tensor):
        return isinstance(got, Tensor)
    if isinstance(expected, bool) or isinstance(got, bool):
        return isinstance(got, bool) and isinstance(expected, bool)
    if isinstance(expected, tuple) and type(expected) is not tuple:
        return isinstance(got, tuple)
    return isinstance(got, type(expected)) or type(got) is type(expected)


def difference(
    got: Any, expected: Any, tolerance: float | None = None, where: str = "the result"
) -> Difference | None:
    """Find the first difference, or None."""
    if not same_type(got, expected):
        text = f"{where} is {name_of(got)}, expected {name_of(expected)}"
        return Difference("type", text, got, expected)
    if isinstance(expected, np.ndarray):
        got, expected = torch.from_numpy(got), torch.from_numpy(expected)
    if isinstance(expected, Tensor):
        return tensor_difference(got, expected, tolerance, where)
    inner = parts(expected)
    if inner is not None:
        mine = parts(got) or []
        if [name for name, _ in mine] != [name for name, _ in inner]:
            text = f"{where} has {len(mine)} parts, expected {len(inner)}"
            if isinstance(expected, dict):
                text = f"{where} has the keys {list(got)}, expected {list(expected)}"
            return Difference("shape", text, got, expected)
        found = (
            difference(a, b, tolerance, where + name)
            for (_, a), (name, b) in zip(mine, inner, strict=True)
        )
        return next((one for one in found if one is not None), None)
    if isinstance(expected, float):
        limit = tolerance or TOLERANCE[torch.float32]
        if math.isclose(got, expected, rel_tol=limit, abs_tol=limit):
            return None
    elif got == expected:
        return None
    text = f"{where} is {got!r}, expected {expected!r}"
    return Difference("value", text, got, expected)


def tensor_difference(
    got: Tensor, expected: Tensor, tolerance: float | None, where: str
) -> Difference | None:
    """Compare two tensors: shape, dtype, values (NaN only where NaN is expected)."""
    if got.shape != expected.shape:
        text = f"{where} has shape {tuple(got.shape)}, expected {tuple(expected.shape)}"
        return Difference("shape", text, got, expected)
    if got.dtype != expected.dtype:
        text = f"{where} has dtype {got.dtype}, expected {expected.dtype}"
        return Difference("dtype", text, got, expected)
    limit = TOLERANCE.get(expected.dtype, 0.0) if tolerance is None else tolerance
    got, expected = got.detach(), expected.detach()
    if torch.allclose(got, expected, rtol=limit, atol=limit, equal_nan=True):
        return None
    wrong = ~torch.isclose(got, expected, rtol=limit, atol=limit, equal_nan=True)
    text = f"{where} differs in {int(wrong.sum())} of {wrong.numel()} places"
    return Difference("value", text, got, expected)


def distance(got: Any, expected: Any) -> float:
    """Say how far two results are apart: 0 equal, 1 nothing in common."""
    if not same_type(got, expected):
        return 1.0
    if isinstance(expected, Tensor):
        if got.shape != expected.shape or got.numel() == 0:
            return float(got.shape != expected.shape)
        a, b = got.detach().double(), expected.detach().double()
        share = ((a - b).norm() / (a.norm() + b.norm()).clamp(min=1e-30)).item()
        return share if math.isfinite(share) else 1.0
    if isinstance(expected, str):
        return 1 - difflib.SequenceMatcher(None, got, expected).ratio()
    inner = parts(expected)
    if inner is None:
        return float(difference(got, expected) is not None)
    mine = parts(got) or []
    if len(mine) != len(inner) or not inner:
        return float(len(mine) != len(inner))
    return sum(
        distance(a, b) for (_, a), (_, b) in zip(mine, inner, strict=True)
    ) / len(inner)
