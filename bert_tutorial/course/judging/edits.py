"""Write a wrong answer as what it changes in a right one.

Chapter: 0

A known mistake is mostly one slip in a right answer. It is written as such:
`query.shape[-1] => query.shape[-2]`. Several slips stand below each other, each after
a `- `. What stands before the arrow must occur once in the right answer's code, as
`plain_code` gives it: without docstrings and comments, one statement a line.
"""

import ast
import math
import re
import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.course.judging.source import source_of

__all__ = ["edited", "plain_code"]

COMMON = {"math": math, "re": re, "torch": torch, "Tensor": Tensor, "nn": nn, "F": F}


def plain_code(thing: Any) -> str:
    """Give the code of a function or class: no docstrings, one statement a line."""
    tree = ast.parse(source_of(thing))
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def edited(thing: Any, edits: str) -> Any:
    """Make a wrong answer from a right one.

    Args:
        thing: a function or a class.
        edits: `OLD => NEW`, or several, each on lines of its own that begin with `- `.
            NEW may be empty.

    Returns:
        The function or class that the changed code defines, where `thing` stands.

    Raises:
        ValueError: an edit has no arrow, or OLD does not occur exactly once.
        SyntaxError: the changed code is not Python.
    """
    code = plain_code(thing)
    for edit in re.split(r"(?m)^- ", edits):
        if not edit.strip():
            continue
        old, arrow, new = edit.rstrip("\n").partition(" =>")
        if not arrow:
            raise ValueError(f"{edit!r} has no ' => '")
        if code.count(old) != 1:
            raise ValueError(
                f"{old!r} must occur once, not {code.count(old)}, in {code}"
            )
        code = code.replace(old, new.removeprefix(" "))
    names = COMMON | vars(sys.modules[thing.__module__])
    exec(compile(code, "<a known mistake>", "exec"), names)
    return names[thing.__name__]
