"""Read the text of a solution, with the imports that it needs.

Chapter: 0
"""

import ast
import inspect
import textwrap
from types import ModuleType
from typing import Any

__all__ = ["imports_of", "source_of"]


def source_of(thing: Any) -> str:
    """Give the source of a function or a class."""
    return textwrap.dedent(inspect.getsource(thing)).rstrip()


def imports_of(thing: Any) -> list[str]:
    """List the import lines that the source needs to run alone, sorted.

    A constant of the module is taken from the module.
    """
    module = inspect.getmodule(thing)
    names = {
        node.id
        for node in ast.walk(ast.parse(source_of(thing)))
        if isinstance(node, ast.Name)
    }
    lines = set()
    for name in names - {thing.__name__}:
        if module is None or name not in vars(module):
            continue
        value = vars(module)[name]
        if isinstance(value, ModuleType):
            full = value.__name__
            lines.add(f"import {full}" if full == name else f"import {full} as {name}")
            continue
        home = module.__name__
        if getattr(value, "__name__", None) == name:
            home = getattr(value, "__module__", home) or home
        lines.add(f"from {home} import {name}")
    return sorted(lines, key=lambda line: (line.startswith("from"), line))
