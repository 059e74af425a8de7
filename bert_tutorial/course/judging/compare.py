"""Compare two results: type, shape, dtype, then values. No broadcasting.

Chapter: 0

A whole number where a number with a fraction is asked for is right, as is NumPy's
number for Python's, a tuple for a list, and any dictionary with the same keys.
"""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bert_tutorial.course.judging.words import kind_of, shown

__all__ = ["Difference", "as_asked", "assert_close", "difference", "unreadable"]

# Relative and absolute; a sum of some hundred terms in another order stays inside.
TOLERANCE = {
    torch.float64: (3e-8, 1e-9),  # below the rounding of 32 bits, 6e-8
    torch.float32: (1e-5, 1e-5),
    torch.float16: (1e-2, 1e-2),
    torch.bfloat16: (2e-2, 2e-2),
}
FLOAT = (1e-5, 1e-8)  # of Python's numbers


class Difference(NamedTuple):
    """What differs first: its kind (type, shape, dtype, value), in words, the parts."""

    kind: str
    text: str
    got: Any
    expected: Any


def limits(tolerance: float | None, usual: tuple[float, float]) -> tuple[float, float]:
    """Give the relative and the absolute tolerance."""
    return usual if tolerance is None else (tolerance, tolerance)


def entries(value: Any) -> list[tuple[str, Any]] | None:
    """Split a sequence or a dataclass into named entries; None for a plain value."""
    if isinstance(value, tuple | list):
        return [(f"[{i}]", inner) for i, inner in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return [(f".{f.name}", getattr(value, f.name)) for f in fields(value)]
    return None


def same_type(got: Any, expected: Any, is_exact: bool = True) -> bool:
    """Tell whether the type is right.

    Args:
        got: what came back.
        expected: what is asked for.
        is_exact: a list is no tuple.
    """
    if isinstance(expected, Tensor):
        return isinstance(got, Tensor)
    if isinstance(expected, bool | np.bool_) or isinstance(got, bool | np.bool_):
        return isinstance(got, bool | np.bool_) and isinstance(
            expected, bool | np.bool_
        )
    if isinstance(expected, int | np.integer):
        return isinstance(got, int | np.integer)
    if isinstance(expected, float | np.floating):
        return isinstance(got, int | float | np.integer | np.floating)
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping)
    if isinstance(expected, set | frozenset):
        return isinstance(got, set | frozenset)
    if isinstance(expected, list | tuple):
        return isinstance(got, tuple) or (
            isinstance(got, list) and not (is_exact and isinstance(expected, tuple))
        )
    return isinstance(got, type(expected))


def as_asked(value: Any, expected: Any, is_exact: bool = True) -> Any:
    """Give a value the types that are asked for, where its own are as good.

    Two wrong answers are the same mistake also if one of them gives 0 for 0.0.
    """
    if not same_type(value, expected, is_exact):
        return value
    if isinstance(expected, float | np.floating):
        return float(value)
    if isinstance(expected, Mapping):
        return {
            key: as_asked(one, expected[key]) if key in expected else one
            for key, one in value.items()
        }
    if type(expected) in (list, tuple):
        pairs = zip(value, expected, strict=False)
        inner = [as_asked(one, other) for one, other in pairs]
        return type(expected)([*inner, *value[len(inner) :]])
    return value


def difference(
    got: Any,
    expected: Any,
    tolerance: float | None = None,
    where: str = "the result",
    *,
    is_exact: bool = True,
    is_ordered: bool = False,
) -> Difference | None:
    """Find the first difference, or None.

    Args:
        got: what came back.
        expected: what is asked for.
        tolerance: relative and absolute; None for that of the dtype.
        where: how a message calls the value.
        is_exact: a list is no tuple; inside a result it never is one.
        is_ordered: the order of a dictionary's keys counts.
    """
    if not same_type(got, expected, is_exact):
        text = f"{where} is {kind_of(got)}, not {kind_of(expected)}"
        return Difference("type", text, got, expected)
    if isinstance(expected, np.ndarray):
        return array_difference(got, expected, tolerance, where)
    if isinstance(expected, Tensor):
        return tensor_difference(got, expected, tolerance, where)
    if isinstance(expected, Mapping):
        wrong = key_difference(got, expected, where, is_ordered)
        pairs = [(f"[{key!r}]", got.get(key), expected[key]) for key in expected]
    elif (inner := entries(expected)) is not None:
        mine = entries(got) or []
        wrong = None
        if len(mine) != len(inner):
            number = f"{len(mine)} entr{'y' if len(mine) == 1 else 'ies'}"
            text = f"{where} has {number}, not {len(inner)}"
            wrong = Difference("shape", text, got, expected)
        pairs = [(n, a, b) for (_, a), (n, b) in zip(mine, inner, strict=False)]
    else:
        return plain_difference(got, expected, tolerance, where)
    if wrong is not None:
        return wrong
    found = (
        difference(a, b, tolerance, where + name, is_exact=True, is_ordered=is_ordered)
        for name, a, b in pairs
    )
    return next((one for one in found if one is not None), None)


def key_difference(
    got: Mapping[Any, Any], expected: Mapping[Any, Any], where: str, is_ordered: bool
) -> Difference | None:
    """Compare the keys of two dictionaries."""
    lacking = [key for key in expected if key not in got]
    extra = [key for key in got if key not in expected]
    text = ""
    if lacking:
        text = f"{where} lacks the key {shown(lacking[0])}"
    elif extra:
        text = f"{where} has the key {shown(extra[0])}, which does not belong there"
    elif is_ordered and list(got) != list(expected):
        text = f"{where} has the right keys in another order: {shown(list(got))}"
    return Difference("shape", text, got, expected) if text else None


def plain_difference(
    got: Any, expected: Any, tolerance: float | None, where: str
) -> Difference | None:
    """Compare two values that have no parts."""
    if isinstance(expected, float | np.floating):
        relative, absolute = limits(tolerance, FLOAT)
        if math.isclose(got, expected, rel_tol=relative, abs_tol=absolute):
            return None
        if math.isnan(got) and math.isnan(expected):
            return None
    elif got == expected:
        return None
    return Difference("value", unequal(where, got, expected), got, expected)


def unequal(where: str, got: Any, expected: Any) -> str:
    """Say that two values differ; of long numbers the digits that show it."""
    got, expected = (
        one.item() if isinstance(one, np.generic) else one for one in (got, expected)
    )
    texts = [shown(got), shown(expected)]
    if isinstance(got, float) and isinstance(expected, float):
        short = [f"{got:.6g}", f"{expected:.6g}"]
        texts = short if short[0] != short[1] else texts
    return f"{where} is {texts[0]}, not {texts[1]}"


def array_difference(
    got: Any, expected: Any, tolerance: float | None, where: str
) -> Difference | None:
    """Compare two arrays of NumPy, those of text and the like by equality."""
    if expected.dtype.kind in "biuf" and got.dtype.kind in "biuf":
        return tensor_difference(
            torch.from_numpy(np.array(got)),
            torch.from_numpy(np.array(expected)),
            tolerance,
            where,
        )
    if got.shape == expected.shape and bool((got == expected).all()):
        return None
    return Difference("value", f"{where} differs", got, expected)


def unreadable(got: Tensor, expected: Tensor) -> str:
    """Say why a tensor's numbers cannot be compared, or nothing."""
    if got.is_nested or got.layout != torch.strided:
        name = "nested" if got.is_nested else str(got.layout).removeprefix("torch.")
        return f"is not an ordinary (dense) tensor but a {name} one"
    if got.is_quantized:
        return "is a quantized tensor"
    if got.device.type == "meta":
        return "is on the device meta and holds no numbers"
    if got.device != expected.device:
        return f"is on the device {got.device}, not on {expected.device}"
    return ""


def tensor_difference(
    got: Tensor, expected: Tensor, tolerance: float | None, where: str
) -> Difference | None:
    """Compare two tensors: shape, dtype, values (NaN only where NaN is expected)."""
    if not (reason := unreadable(expected, expected)):
        reason = unreadable(got, expected)
    if reason:
        return Difference("type", f"{where} {reason}", got, expected)
    if got.shape != expected.shape:
        text = f"{where} has shape {tuple(got.shape)}, not {tuple(expected.shape)}"
        return Difference("shape", text, got, expected)
    if got.dtype != expected.dtype:
        text = f"{where} has dtype {got.dtype}, not {expected.dtype}"
        return Difference("dtype", text, got, expected)
    relative, absolute = limits(tolerance, TOLERANCE.get(expected.dtype, (0.0, 0.0)))
    got, expected = got.detach(), expected.detach()
    if torch.equal(got, expected):  # the usual case, and much quicker
        return None
    near = torch.isclose(got, expected, rtol=relative, atol=absolute, equal_nan=True)
    if bool(near.all()):
        return None
    if near.dim() == 0:
        text = unequal(where, got.item(), expected.item())
    else:
        text = f"{where} differs in {int((~near).sum())} of {near.numel()} entries"
    return Difference("value", text, got, expected)


CLOSE = {torch.float64: (1e-7, 1e-7), torch.float32: (1.3e-6, 1e-5)}


def assert_close(got: Tensor, expected: Tensor) -> None:
    """Ask for the same shape and type and nearly the same numbers.

    The same as `torch.testing.assert_close`, limits included, whose first call imports
    sympy: 1.5 s of the reader's waiting.

    Raises:
        AssertionError: if they differ.
    """
    assert isinstance(got, Tensor) and isinstance(expected, Tensor)
    assert got.shape == expected.shape and got.dtype == expected.dtype
    relative, absolute = CLOSE.get(expected.dtype, (0.0, 0.0))
    assert torch.allclose(got, expected, rtol=relative, atol=absolute)
