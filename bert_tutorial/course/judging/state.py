"""Keep what an answer changes in the process from leaking out, and name it.

Chapter: 0
"""

import builtins
import contextlib
import math
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

__all__ = [
    "Watched",
    "contained",
    "drawn_from",
    "generators_now",
    "put_generators",
    "seed_all",
]

SEED = 20181011  # of the global generators, the same for every run of every answer

Reader = Callable[[], Any]
Writer = Callable[[Any], Any]


def _set_output(stream: Any) -> None:
    sys.stdout = stream


def _set_errors(stream: Any) -> None:
    sys.stderr = stream


def _set_environment(values: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(values)


SETTINGS: dict[str, tuple[Reader, Writer]] = {
    "whether gradients are recorded (torch.set_grad_enabled)": (
        torch.is_grad_enabled,
        torch.set_grad_enabled,
    ),
    "the default dtype (torch.set_default_dtype)": (
        torch.get_default_dtype,
        torch.set_default_dtype,
    ),
    "Python's recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "where print writes (sys.stdout)": (lambda: sys.stdout, _set_output),
    "where errors are written (sys.stderr)": (lambda: sys.stderr, _set_errors),
    "the working folder (os.chdir)": (os.getcwd, os.chdir),
    "the environment (os.environ)": (lambda: dict(os.environ), _set_environment),
    "the number of threads (torch.set_num_threads)": (
        torch.get_num_threads,
        torch.set_num_threads,
    ),
}
if hasattr(torch, "get_default_device"):
    SETTINGS["the default device (torch.set_default_device)"] = (
        torch.get_default_device,
        torch.set_default_device,
    )

GENERATORS: dict[str, tuple[Reader, Writer]] = {
    "torch": (torch.get_rng_state, torch.set_rng_state),
    "NumPy": (np.random.get_state, np.random.set_state),
    "Python": (random.getstate, random.setstate),
}

# What an answer could replace: the functions and classes that these hold.
HOLDERS: dict[str, Any] = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.nn": nn,
    "torch.nn.functional": functional,
    "torch.nn.Module": nn.Module,
    "torch.nn.Linear": nn.Linear,
    "numpy": np,
    "math": math,
    "random": random,
    "builtins": builtins,
}


def _names() -> dict[str, frozenset[str]]:
    """List the names that the classes hold."""
    return {
        holder: frozenset(vars(thing))
        for holder, thing in HOLDERS.items()
        if isinstance(thing, type)
    }


def seed_all() -> None:
    """Give the three global generators the seed of every run."""
    if torch.accelerator.is_available():
        torch.manual_seed(SEED)
    else:  # the same; that would keep a stack's text each time, for a GPU to come
        torch.default_generator.manual_seed(SEED)
    np.random.seed(SEED)
    random.seed(SEED)


def _functions() -> dict[str, dict[str, Any]]:
    """List what could be replaced."""
    return {
        holder: {name: value for name, value in vars(thing).items() if callable(value)}
        for holder, thing in HOLDERS.items()
    }


def _put_back(
    before: dict[str, dict[str, Any]], own: dict[str, frozenset[str]]
) -> Iterator[str]:
    """Undo replacements, and name them."""
    for holder, names in before.items():
        thing = HOLDERS[holder]
        now = vars(thing)
        if isinstance(thing, type):  # an inherited method may be covered
            for name in set(now) - own[holder]:
                delattr(thing, name)
                yield f"{holder}.{name}"
        for name, value in names.items():
            if now.get(name) is not value:
                setattr(thing, name, value)
                yield f"{holder}.{name}"


class Watched:
    """The settings and functions of the process, as they were."""

    def __init__(self) -> None:
        self.settings = {name: read() for name, (read, _) in SETTINGS.items()}
        self.functions, self.names = _functions(), _names()

    def replaced(self) -> tuple[str, ...]:
        """Put back the functions that were replaced, and name them."""
        return tuple(_put_back(self.functions, self.names))

    def restore(self) -> tuple[str, ...]:
        """Put back the settings that were changed, and name them."""
        changed = []
        for name, old in self.settings.items():
            read, write = SETTINGS[name]
            if read() != old:
                write(old)
                changed.append(name)
        return tuple(changed)


@contextlib.contextmanager
def contained() -> Iterator[Watched]:
    """Leave generators, settings, functions and warnings as they are now."""
    generators = generators_now()
    watched = Watched()
    try:
        with warnings.catch_warnings():
            yield watched
    finally:
        watched.restore()
        watched.replaced()
        put_generators(generators)


def generators_now() -> dict[str, Any]:
    """Read the states of the global generators."""
    return {name: read() for name, (read, _) in GENERATORS.items()}


def drawn_from(before: dict[str, Any]) -> list[str]:
    """Name the global generators whose state is another one now."""
    now = generators_now()
    numpy, other = now["NumPy"], before["NumPy"]
    is_same = {
        "torch": torch.equal(now["torch"], before["torch"]),
        "NumPy": numpy[2:] == other[2:] and bool((numpy[1] == other[1]).all()),
        "Python": now["Python"] == before["Python"],
    }
    return [name for name, same in is_same.items() if not same]


def put_generators(states: dict[str, Any]) -> None:
    """Give the global generators these states."""
    for name, state in states.items():
        GENERATORS[name][1](state)
