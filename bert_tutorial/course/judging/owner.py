"""Tell the book's version of an answer from the reader's.

Chapter: 0

`hide = check("hide", hide)` puts the book's version under the reader's name when the
answer is not right. The next check must not take it for the reader's.
"""

import functools
from types import CodeType
from typing import Any

__all__ = ["is_the_books"]


def unwrapped(thing: Any) -> Any:
    """Take off what was put around a function: partial, wraps, method."""
    for _ in range(20):  # a wrapper may name itself
        if isinstance(thing, functools.partial):
            thing = thing.func
        elif hasattr(thing, "__func__"):
            thing = thing.__func__
        elif not isinstance(thing, type) and hasattr(thing, "__wrapped__"):
            thing = thing.__wrapped__
        else:
            break
    return thing


def codes(thing: Any) -> set[int]:
    """List the code objects of a function or of a class's own methods, by identity."""
    members = list(vars(thing).values()) if isinstance(thing, type) else [thing]
    found = (getattr(unwrapped(one), "__code__", None) for one in members)
    return {id(code) for code in found if isinstance(code, CodeType)}


def named_by(function: Any) -> list[Any]:
    """List what a function refers to by name outside itself, its own name aside."""
    if isinstance(function, type) or not hasattr(function, "__code__"):
        return []
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    names = function.__code__.co_names
    return [
        *cells,
        *(function.__globals__[one] for one in names if one in function.__globals__),
    ]


def is_the_books(answer: Any, solution: Any) -> bool:
    """Tell whether an answer is the book's own object, or a copy or wrapper of it.

    Code that a reader typed is the reader's, also where it reads the same.
    """
    try:
        mine, book = unwrapped(answer), unwrapped(solution)
        if mine is book:
            return True
        if isinstance(mine, type) and isinstance(book, type):
            is_empty = not any(callable(one) for one in vars(mine).values())
            if issubclass(mine, book) and is_empty:
                return True
        elif isinstance(mine, type) or isinstance(book, type):
            return False
        is_copy = bool(codes(mine)) and codes(mine) <= codes(book)
        return is_copy or any(one is book for one in named_by(mine))
    except Exception:  # an object of the reader's that answers every question oddly
        return False
