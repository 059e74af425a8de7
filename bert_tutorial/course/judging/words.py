"""Say in words what a value is and where in the reader's code something happened.

Chapter: 0
"""

import linecache
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

import numpy as np
from torch import Tensor

from bert_tutorial.course.judging.limits import asked

__all__ = ["kind_of", "place_of", "shown"]

LONGEST = 200  # characters of a value that a message shows

NAMES: dict[type, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number with a fraction",
    str: "a text",
    list: "a list",
    tuple: "a tuple",
    set: "a set",
    np.bool_: "True or False",
}
# Frames in these folders are not the reader's.
FOREIGN = tuple(
    str(Path(folder).resolve())
    for folder in (
        str(Path(__file__).parents[2]),
        *(str(sysconfig.get_path(n)) for n in ("stdlib", "purelib", "platlib")),
    )
)


def kind_of(value: Any) -> str:
    """Name what a value is, as one says it."""
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        return "a tensor"
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    if isinstance(value, np.integer):
        return "a whole number"
    if isinstance(value, np.floating):
        return "a number with a fraction"
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    known = (NAMES[one] for one in type(value).__mro__ if one in NAMES)
    return next(known, f"of type {type(value).__name__}")


def shown(value: Any) -> str:
    """Write a value, cut where it is long."""
    text = asked(lambda: repr(value), lambda _: kind_of(value))
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


def code_of(thing: Any) -> CodeType | None:
    """Give the code of a function, or of a method that a class defines."""
    code = getattr(thing, "__code__", None)
    if isinstance(code, CodeType):
        return code
    if isinstance(thing, type):
        for member in vars(thing).values():
            found = getattr(member, "__code__", None)
            if isinstance(found, CodeType):
                return found
    return None


def place_of(error: BaseException, answer: Any) -> str:
    """Name the last line of the reader's code that an error came through.

    Returns:
        Such as 'line 3: `while True:`', or nothing if it never was there.
    """
    code = code_of(answer)
    mine = code.co_filename if code is not None else ""
    found, step = "", error.__traceback__
    while isinstance(step, TracebackType):
        file = step.tb_frame.f_code.co_filename
        if file == mine or is_readers(file):
            line = linecache.getline(file, step.tb_lineno, step.tb_frame.f_globals)
            found = f"line {step.tb_lineno}" + (
                f": `{line.strip()}`" if line.strip() else ""
            )
        step = step.tb_next
    return found


def is_readers(file: str) -> bool:
    """Tell a cell or a script of the reader from the package and the libraries."""
    return not file.startswith(("<frozen", *FOREIGN))
