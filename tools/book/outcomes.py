"""Write the page with what each chapter teaches, and how to tell: book/outcomes.md.

The sentences stand in `book/outcomes.json`, by the chapter's number. Each outcome ends
with the exercises and questions of its chapter that practise it; `named` reads them.
"""

import json
import re
from typing import NamedTuple

import nbformat

from book_files import ROOT, chapter_of_notebook, notebooks

__all__ = [
    "OUTCOMES",
    "OUTCOMES_PAGE",
    "Aims",
    "exercises_of",
    "named",
    "outcomes_page",
    "questions_of",
    "read_outcomes",
]

OUTCOMES = ROOT / "book" / "outcomes.json"
OUTCOMES_PAGE = ROOT / "book" / "outcomes.md"
HEAD = """# Learning outcomes and rubrics

For each chapter: what students can do afterwards, and three levels to grade by. Every
outcome names the exercises and the questions of the chapter's quiz that practise it.
Exercises with a check grade themselves. The [page for teachers](teacher.md) shows how
to grade a whole notebook, and has a rubric for the final project.
"""
ENTRY = """
## [{title}](../notebooks/{file})

After this chapter, students can

{outcomes}

| level | what you see |
| --- | --- |
| not yet | {not_yet} |
| secure | {secure} |
| beyond | {beyond} |
"""


class Aims(NamedTuple):
    """What a chapter teaches, and what three levels of it look like."""

    outcomes: list[str]
    not_yet: str
    secure: str
    beyond: str


def read_outcomes() -> dict[int, Aims]:
    """Read the sentences of each chapter."""
    told = json.loads(OUTCOMES.read_text(encoding="utf-8"))
    return {int(number): Aims(**one) for number, one in told.items()}


def named(outcome: str) -> tuple[set[str], set[int]]:
    """Read the exercises and questions in the brackets at an outcome's end.

    "... (exercises 2.1, 2.5; question 3)" names {"2.1", "2.5"} and {3}.
    """
    end = re.search(r"\(([^()]+)\)$", outcome)
    exercises: set[str] = set()
    questions: set[int] = set()
    for part in end[1].split(";") if end else ():
        if "exercise" in part:
            exercises |= set(re.findall(r"\d+\.\d+", part))
        if "question" in part:
            questions |= set(map(int, re.findall(r"\d+", part)))
    return exercises, questions


def exercises_of(book: nbformat.NotebookNode) -> set[str]:
    """Name the exercises of a notebook, such as 2.1."""
    text = "\n".join(cell.source for cell in book.cells)
    return set(re.findall(r"^### Exercise (\d+\.\d+) ", text, re.M))


def questions_of(book: nbformat.NotebookNode) -> set[int]:
    """Give the numbers of the questions in a notebook's quiz."""
    quiz = [c.source for c in book.cells if c.source.startswith("## Quiz")]
    return set(map(int, re.findall(r"^\*\*(\d+)\. ", "\n".join(quiz), re.M)))


def outcomes_page() -> str:
    """Write the page, a part for each chapter that has outcomes."""
    told, parts = read_outcomes(), [HEAD]
    for path in notebooks():
        aims = told.get(chapter_of_notebook(path))
        if aims is None:
            continue
        first = nbformat.read(path, as_version=4).cells[0].source.split("\n")[0]
        fields = aims._asdict()
        fields["outcomes"] = "\n".join(f"- {_lowered(one)}" for one in aims.outcomes)
        title = first.removeprefix("# ")
        parts.append(ENTRY.format(title=title, file=path.name, **fields))
    return "".join(parts)


def _lowered(outcome: str) -> str:
    """Begin an outcome in lower case: it goes on a sentence."""
    return outcome[0].lower() + outcome[1:]
