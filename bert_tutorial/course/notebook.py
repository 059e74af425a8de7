"""What every notebook of the book uses: print a source, fix the randomness.

Chapter: 0
"""

import importlib.util
import inspect
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch

__all__ = ["has_package", "set_seed", "show"]


def show(thing: type | ModuleType | Callable[..., Any]) -> None:
    """Print the package's own source of a class, a function or a module.

    Args:
        thing: a class, function, method or module of `bert_tutorial`.

    Raises:
        ValueError: if the thing is not from the package.
    """
    thing = inspect.unwrap(thing) if callable(thing) else thing
    module = inspect.getmodule(thing)
    name = getattr(module, "__name__", "an unknown module")
    if module is None or name.split(".")[0] != "bert_tutorial":
        raise ValueError(
            f"thing must be a class, function or module of bert_tutorial, got one "
            f"of {name}; print other sources with inspect.getsource"
        )
    print(inspect.getsource(thing).rstrip())


def set_seed(seed: int = 0) -> None:
    """Make a notebook repeat itself: seeds, one thread, short tensor printing.

    One thread because sums over several threads are added in an order that
    changes the last digits from machine to machine.

    Args:
        seed: the same number gives the same draws.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.set_printoptions(precision=2, sci_mode=False)


def has_package(name: str = "transformers") -> bool:
    """Tell whether a package is installed, and say so in one line if it is not.

    For `if has_package():` around what needs it: a page runs to its end without.
    """
    try:
        found = importlib.util.find_spec(name) is not None
    except ImportError:
        found = False
    if not found:
        print(f"{name} is not installed here: this cell was left out.")
    return found
