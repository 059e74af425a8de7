"""Say beside each exercise how hard it is, and give its hints before its solution.

In a notebook `hint("reversing")` prints the next hint. A page has no kernel, so there
the hints stand folded, each inside the one before. Difficulty, minutes and hints are
those of the exercise's file.
"""

import html
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.exercise import Exercise
from book_files import ROOT

SOLUTION = re.compile(r'(<details class="solution">\s*<summary>)Solution (\d+\.\d+)<')
TASK = re.compile(r'(<h3>Exercise (\d+\.\d+).*?<div class="exercise-box">)', re.S)
LEVELS = {1: "easy", 2: "medium", 3: "hard"}


def numbered(notebook: Path) -> dict[str, Exercise]:
    """Read from the cells of solutions which exercise has which number."""
    found = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        name = cell.id.removeprefix("solution-")
        number = re.search(r"<summary>Solution (\d+\.\d+)</summary>", cell.source)
        if number and name in all_exercises():
            found[number[1]] = all_exercises()[name]
    return found


def words(hint: str) -> str:
    """Write a hint, which may end a line inside `table[row][column]`."""
    return html.escape(hint).replace("][", "]<wbr>[")


def folded(number: str, hints: tuple[str, ...]) -> str:
    """Write hints, each of the later ones inside the one before."""
    text = ""
    for step in range(len(hints), 0, -1):
        text = (
            '<details class="hint">\n'
            f"<summary>Hint {step} of {len(hints)} for {number}</summary>\n"
            f"<p>{words(hints[step - 1])}</p>\n{text}</details>\n"
        )
    return text


def told(exercise: Exercise) -> str:
    """Say how hard an exercise is and how long it takes."""
    level = f"{LEVELS[exercise.difficulty]}, {exercise.difficulty} of 3"
    minutes = f"{exercise.minutes} minutes"
    return f'<p class="exercise-told">Difficulty: {level} · {minutes}</p>'


def help_with(text: str, exercises: dict[str, Exercise]) -> str:
    """Put both into the HTML of a page.

    Args:
        text: the page's body.
        exercises: by their numbers on the page.
    """

    def hints(found: re.Match[str]) -> str:
        one = exercises.get(found[2])
        return (folded(found[2], one.hints) if one else "") + found[0]

    def task(found: re.Match[str]) -> str:
        one = exercises.get(found[2])
        return found[0] + (f"\n{told(one)}" if one else "")

    return TASK.sub(task, SOLUTION.sub(hints, text))


def add_help(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Do so on the pages of notebooks."""
    notebook = ROOT / f"{page}.ipynb"
    if page.startswith("notebooks/") and notebook.exists() and "body" in context:
        context["body"] = help_with(context["body"], numbered(notebook))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it."""
    app.connect("html-page-context", add_help, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
