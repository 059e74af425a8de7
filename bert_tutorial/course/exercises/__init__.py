"""The exercises of the book, one file each: task, solution, known mistakes.

Chapter: 0

A file is named `cNN_id_with_underscores.py` and holds `EXERCISE`. The engine that
judges answers is `bert_tutorial.course.judging`; readers call it through
`bert_tutorial.course.check`.
"""

import importlib
from functools import cache
from pathlib import Path

from bert_tutorial.course.judging.exercise import Exercise

__all__ = ["all_exercises", "exercise_files"]


def exercise_files() -> list[Path]:
    """List the files of the exercises in the order of the chapters."""
    return sorted(Path(__file__).parent.glob("c[0-9][0-9]_*.py"))


@cache
def all_exercises() -> dict[str, Exercise]:
    """Load every exercise: id -> exercise, in the order of the chapters.

    Raises:
        ValueError: if two files hold the same id.
    """
    found: dict[str, Exercise] = {}
    for path in exercise_files():
        exercise: Exercise = importlib.import_module(f"{__name__}.{path.stem}").EXERCISE
        if exercise.id in found:
            raise ValueError(
                f"the id {exercise.id} is in two files, one is {path.name}"
            )
        found[exercise.id] = exercise
    return found
