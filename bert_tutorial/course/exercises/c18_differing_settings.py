"""Exercise: the settings that differ.

Chapter: 18
"""

from collections.abc import Callable
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def differing_settings(
    ours: dict[str, Any], theirs: dict[str, Any], names: dict[str, str]
) -> dict[str, tuple[Any, Any]]:
    """Find the settings that both sides have under a name, and not with one value.

    names maps our name to theirs; a name that it lacks is the same on both sides. The
    result maps our name to (our value, their value), in the order of ours. Values are
    compared with ==, so 1 and 1.0 are the same.
    For {"rate": 1, "clip": 2}, {"lr": 3, "clip": 2.0} and {"rate": "lr"} the result
    is {"rate": (1, 3)}.
    """
    raise NotAttempted
'''

Found = dict[str, tuple[Any, Any]]
Settings = dict[str, Any]


def differing_settings(
    ours: dict[str, Any], theirs: dict[str, Any], names: dict[str, str]
) -> dict[str, tuple[Any, Any]]:
    """Look each name up on the other side."""
    found = {}
    for name, value in ours.items():
        their_name = names.get(name, name)
        if their_name in theirs and value != theirs[their_name]:
            found[name] = (value, theirs[their_name])
    return found


def as_comprehension(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Collect the pairs first."""
    pairs = {n: (v, names.get(n, n)) for n, v in ours.items()}
    both = {n: (v, theirs[m]) for n, (v, m) in pairs.items() if m in theirs}
    return {n: pair for n, pair in both.items() if pair[0] != pair[1]}


def missing_too(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Report what the other side lacks."""
    pairs = {n: (v, theirs.get(names.get(n, n))) for n, v in ours.items()}
    return {n: pair for n, pair in pairs.items() if pair[0] != pair[1]}


def only_true(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Take 0 for missing."""
    found = differing_settings(ours, theirs, names)
    return {n: pair for n, pair in found.items() if pair[1]}


def same_names(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Forget the other names."""
    return differing_settings(ours, theirs, {})


def only_named(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Look only at what has two names."""
    named = {n: v for n, v in ours.items() if n in names}
    return differing_settings(named, theirs, names)


def swapped(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Give their value first."""
    found = differing_settings(ours, theirs, names)
    return {n: (b, a) for n, (a, b) in found.items()}


def their_names(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Report under their names."""
    found = differing_settings(ours, theirs, names)
    return {names.get(n, n): pair for n, pair in found.items()}


def equal_ones(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Report what is equal."""
    pairs = {n: (v, names.get(n, n)) for n, v in ours.items()}
    both = {n: (v, theirs[m]) for n, (v, m) in pairs.items() if m in theirs}
    return {n: pair for n, pair in both.items() if pair[0] == pair[1]}


def strictly(differ: Callable[[Any, Any], bool]) -> Callable[..., Found]:
    """Compare in another way."""

    def answer(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
        pairs = {n: (v, names.get(n, n)) for n, v in ours.items()}
        both = {n: (v, theirs[m]) for n, (v, m) in pairs.items() if m in theirs}
        return {n: pair for n, pair in both.items() if differ(*pair)}

    return answer


def none_is_missing(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Take None for missing."""
    found = differing_settings(ours, theirs, names)
    return {n: pair for n, pair in found.items() if pair[1] is not None}


def ours_true(ours: Settings, theirs: Settings, names: dict[str, str]) -> Found:
    """Look at our settings that are not 0."""
    found = differing_settings(ours, theirs, names)
    return {n: pair for n, pair in found.items() if pair[0]}


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Give settings with other names, zeros, other types and missing ones."""
    shift = seed + (dtype == torch.float32)
    ours = {
        "rate": 0.5 + shift,
        "decay": 0.01,
        "warmup": 3,
        "clip": 1,
        "schedule": "linear",
        "accumulation": 2,
    }
    theirs = {
        "lr": 0.25,
        "decay": 0.0,
        "warmup_steps": 3.0,
        "clip": 1.0,
        "schedule": "cosine",
        "epochs": 3,
    }
    names = {"rate": "lr", "warmup": "warmup_steps"}
    return [
        Case(({"a": 1, "b": 2}, {"a": 1, "b": 0}, {}), "two settings, one of them 0"),
        Case((ours, theirs, names), "six settings, two of them under other names"),
        Case(
            ({"a": None, "b": 1, "c": 0}, {"a": 2, "b": None, "c": 3}, {}), "None and 0"
        ),
        Case(({"a": None, "b": 1}, {"c": 1}, {}), "nothing in common"),
        Case(
            ({"a": 1, "b": 2}, {"a": 2, "b": 3}, {"a": "b", "b": "a"}), "names crossed"
        ),
    ]


EXERCISE = Exercise(
    id="differing-settings",
    chapter=18,
    title="The settings that differ",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=differing_settings,
    accepted={"comprehension": as_comprehension},
    mutants=[
        Mutant(
            "missing ones too",
            missing_too,
            "A setting that the other side does not have is reported, as None. Only "
            "what both have can be compared.",
        ),
        Mutant(
            "zero taken for missing",
            only_true,
            "A value of 0 on their side is taken for missing. Ask `in`, not whether "
            "the value is true: a decay of 0 is the difference that matters.",
        ),
        Mutant(
            "other names forgotten",
            same_names,
            "Settings with another name on their side are not found. Look "
            "names.get(name, name) up.",
        ),
        Mutant(
            "only those with two names",
            only_named,
            "Settings with the same name on both sides are left out.",
        ),
        Mutant(
            "their value first",
            swapped,
            "The two values are in the wrong order: ours comes first.",
        ),
        Mutant(
            "under their names",
            their_names,
            "The result is to be under our names.",
        ),
        Mutant(
            "the equal ones",
            equal_ones,
            "These are the settings that agree. The others are asked for.",
        ),
        Mutant(
            "types compared",
            strictly(lambda a, b: repr(a) != repr(b)),
            "1 and 1.0 are reported as different. Compare the values with !=.",
        ),
        Mutant(
            "None taken for missing",
            none_is_missing,
            "None on their side is taken for missing. It is a value: ask `in`.",
        ),
        Mutant(
            "our zero left out",
            ours_true,
            "A value of ours that is 0 or None is passed over. It is a value like "
            "any other.",
        ),
    ],
    cases=cases,
    is_ordered=True,
    hints=(
        "For each of our names: what is it called there, is it there, is it equal?",
        "their_name = names.get(name, name); then ask `their_name in theirs`.",
        "if their_name in theirs and value != theirs[their_name]: report both values",
    ),
)
