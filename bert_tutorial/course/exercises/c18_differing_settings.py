"""Exercise: the settings that differ.

Chapter: 18
"""

from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def differing_settings(
    ours: dict[str, Any], theirs: dict[str, Any], names: dict[str, str]
) -> dict[str, tuple[Any, Any]]:
    """Find the settings that both sides have under a name, but with different values.

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
        Case(
            ({"a": 1, "b": 2, "c": 3}, {"c": 0, "b": 0, "a": 0}, {}),
            "the same settings in another order",
        ),
        Case(
            ({"rate": 1}, {"rate": 2}, {"rate": "lr"}),
            "a name of ours that means something else there",
        ),
        Case(({"eps": 1e-12}, {"eps": 1e-5}, {}), "two small numbers"),
        Case(({"p": 0.1}, {"p": 0.1 + 1e-9}, {}), "two numbers that are nearly equal"),
    ]


MISTAKES = """
missing ones too:
- … => pairs = {n: (v, theirs.get(names.get(n, n))) for n, v in ours.items()}
|     return {n: pair for n, pair in pairs.items() if pair[0] != pair[1]}
    A setting that the other side does not have is reported, as None. Only what both
    have can be compared.
zero taken for missing: their_name in theirs and => theirs.get(their_name) and
    A value of 0 on their side is taken for missing. Ask `in`, not whether the value is
    true: a decay of 0 is the difference that matters.
other names forgotten: names.get(name, name) => name
    Settings with another name on their side are not found. Look names.get(name, name)
    up.
only those with two names:
- their_name in theirs => name in names and their_name in theirs
    Settings with the same name on both sides are left out.
their value first: (value, theirs[their_name]) => (theirs[their_name], value)
    The two values are in the wrong order: ours comes first.
under their names: found[name] => found[their_name]
    The result is to be under our names.
the equal ones: != => ==
    These are the settings that agree. The others are asked for.
types compared: value != theirs[their_name]: => repr(value) != repr(theirs[their_name]):
    1 and 1.0 are reported as different. Compare the values with !=.
None taken for missing:
- their_name in theirs and => theirs.get(their_name) is not None and
    None on their side is taken for missing. It is a value: ask `in`.
our zero left out: their_name in theirs and => value and their_name in theirs and
    A value of ours that is 0 or None is passed over. It is a value like any other.
in their order: return found =>
| order = {names.get(name, name): name for name in found}
|     return {order[name]: found[order[name]] for name in theirs if name in order}
    The result has the order of theirs. It is to have the order of ours.
own name tried, too: if their_name in => if their_name not in theirs:
|             their_name = name
|         if their_name in
    Where they have no setting under the other name, yours takes one that has our name.
    names says what it is called there; under our name they mean something else.
nearly equal taken for equal: value != theirs[their_name] =>
| not (value == theirs[their_name] or isinstance(value, float)
|             and math.isclose(value, theirs[their_name], rel_tol=1e-3))
    Two numbers that are nearly equal are passed over. Compare with !=.
"""

EXERCISE = Exercise(
    id="differing-settings",
    chapter=18,
    title="The settings that differ",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=differing_settings,
    accepted={"comprehension": as_comprehension},
    mutants=mistakes(MISTAKES),
    cases=cases,
    is_ordered=True,
    hints=(
        "For each of our names: what is it called there, is it there, is it equal?",
        "their_name = names.get(name, name); then ask `their_name in theirs`.",
        "if their_name in theirs and value != theirs[their_name]: report both values",
    ),
)
