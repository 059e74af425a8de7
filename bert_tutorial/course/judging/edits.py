"""Write a wrong answer as what it changes in a right one.

Chapter: 0

A known mistake is mostly one slip in a right answer. It is written as such:
`query.shape[-1] => query.shape[-2]`. Several slips stand below each other, each after
a `- `. What stands before the arrow must occur once in the right answer's code, as
`plain_code` gives it: without docstrings and comments, one statement a line. An
ellipsis stands for what lies between: `scores = … return weights => return hidden`;
without a beginning it starts with the body of the function, without an end it goes to
the end of the code. The name `right` is the right answer itself, so that
`… => return right(x).float()` adds something to the result.
"""

import ast
import copy
import math
import re
import string
import sys
import unicodedata
from collections import Counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.course.judging.source import source_of

__all__ = ["changed", "edited", "plain_code"]

COMMON = {one.__name__: one for one in (copy, math, re, string, unicodedata)} | {
    "Counter": Counter,
    "F": F,
    "Tensor": Tensor,
    "nn": nn,
    "np": np,
    "torch": torch,
}
BETWEEN = "…"


def plain_code(thing: Any) -> str:
    """Give the code of a function or class: no docstrings, one statement a line."""
    tree = ast.parse(source_of(thing))
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def found(code: str, old: str) -> str:
    """Give the part of the code that the left side of an edit stands for.

    Raises:
        ValueError: there is none, or more than one.
    """
    first, between, last = old.partition(BETWEEN)
    first = first.rstrip() if between else first
    if first:
        start, count = code.find(first), code.count(first)
    else:  # the first line of a function's body
        start, count = code.find(":\n    ") + 6, int(code.startswith("def "))
    if count != 1:
        raise ValueError(f"{first!r} must occur once, not {count}, in {code}")
    if not between:
        return old
    end = code.find(last.lstrip(), start + len(first)) if last.strip() else len(code)
    if end < 0:
        raise ValueError(f"{last!r} does not stand behind {first!r} in {code}")
    return code[start : end + len(last.lstrip())]


def changed(code: str, edits: str) -> str:
    """Change some code.

    Args:
        code: of a function or a class, as `plain_code` gives it.
        edits: `OLD => NEW`, or several, each on lines of its own that begin with `- `.
            NEW may be empty, or begin on the next line.

    Raises:
        ValueError: an edit has no arrow, or OLD does not occur exactly once.
    """
    for edit in re.split(r"(?m)^- ", edits):
        if not edit.strip():
            continue
        old, arrow, new = edit.rstrip("\n").partition(" =>")
        if not arrow:
            raise ValueError(f"{edit!r} has no ' => '")
        code = code.replace(found(code, old), new[:1].strip() + new[1:], 1)
    return code


def edited(thing: Any, edits: str) -> Any:
    """Make a wrong answer from a right one.

    Args:
        thing: a function or a class.
        edits: see `changed`.

    Returns:
        The function or class that the changed code defines, where `thing` stands.

    Raises:
        ValueError: an edit does not fit.
        SyntaxError: the changed code is not Python.
    """
    code = changed(plain_code(thing), edits)
    names = COMMON | vars(sys.modules[thing.__module__]) | {"right": thing}
    exec(compile(code, "<a known mistake>", "exec"), names)
    return names[thing.__name__]
