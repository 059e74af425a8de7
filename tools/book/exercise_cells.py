"""Write the cells of a notebook that come from an exercise or a quiz.

`exercise-ID` gets the stub, `solution-ID` the solution between its two marks,
`quiz` the questions of `notebooks/quiz/NN.json`.
"""

import json
import re
from pathlib import Path
from typing import Any

import nbformat

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.source import source_of
from book_files import ROOT

LETTERS = "ABCDEF"
CODE = re.compile(r"<!-- code -->.*?<!-- /code -->", re.S)


def quiz_path(chapter: int) -> Path:
    """Return the file of a chapter's questions."""
    return ROOT / "notebooks" / "quiz" / f"{chapter:02d}.json"


def render_quiz(quiz: dict[str, Any]) -> str:
    """Write a quiz as Markdown that reads without any script."""
    blocks = ["## Quiz", "Choose before you open."]
    for number, one in enumerate(quiz["questions"], 1):
        blocks.append(f"**{number}. {one['question']}**")
        options = zip(LETTERS, one["options"], strict=False)
        blocks.append("\n".join(f"- {letter}. {o['text']}" for letter, o in options))
        right = one["answer"]
        why = [f"**{LETTERS[right]}.** {one['options'][right]['why']}"]
        why += [
            f"{LETTERS[i]}: {option['why']}"
            for i, option in enumerate(one["options"])
            if i != right
        ]
        blocks.append(
            '<details class="answer">\n'
            f"<summary>Answer {number}</summary>\n\n"
            + "\n".join(why)
            + "\n\n</details>"
        )
    return "\n\n".join(blocks)


def solution_block(name: str) -> str:
    """Write the code of a solution, between the marks."""
    code = source_of(all_exercises()[name].solution)
    return f"<!-- code -->\n\n```python\n{code}\n```\n\n<!-- /code -->"


def sync_exercises(book: nbformat.NotebookNode) -> None:
    """Write stubs, solutions and quiz into one notebook.

    Raises:
        ValueError: if a cell names an exercise that is not there, or a solution's
            cell has no marks.
    """
    number = re.match(r"# (\d+)\.", book.cells[0].source)
    for cell in book.cells:
        kind, _, name = cell.get("id", "").partition("-")
        if cell.get("id") == "quiz" and number and quiz_path(int(number[1])).exists():
            text = quiz_path(int(number[1])).read_text(encoding="utf-8")
            cell.source = render_quiz(json.loads(text))
        if name not in all_exercises():
            continue
        if kind == "exercise" and cell.cell_type == "code":
            cell.source = all_exercises()[name].stub.strip()
            cell.metadata["tags"] = ["exercise"]
        if kind == "solution":
            if not CODE.search(cell.source):
                raise ValueError(f"solution-{name} needs <!-- code --> <!-- /code -->")
            before, after = CODE.split(cell.source, maxsplit=1)
            cell.source = before + solution_block(name) + after
