"""The drawings of the book, one module for each part: `show_drawing` shows one.

Chapter: 0

`kit` is what they are made with, and says how to add one.
"""

import difflib
import importlib
import pkgutil

from bert_tutorial.course.drawings.kit import DRAWINGS, Drawing

__all__ = ["all_drawings", "show_drawing"]


def all_drawings() -> list[str]:
    """List the names of all drawings, module by module."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return list(DRAWINGS)


def show_drawing(name: str) -> Drawing:
    """Return a drawing of the book; a notebook shows what its cell's last line returns.

    Args:
        name: the drawing's name, for example "three_tables".

    Raises:
        ValueError: if there is no such drawing.
    """
    known = all_drawings()
    if name not in known:
        near = difflib.get_close_matches(name, known, 3) or known[:3]
        raise ValueError(
            f"there is no drawing {name!r}; did you mean {', '.join(near)}?"
        )
    made = DRAWINGS[name]()
    made.name = name
    return made
