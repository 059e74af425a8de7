"""Write the times on the pages for teachers and of the routes through the book."""

import re
from typing import Any, NamedTuple

import nbformat

from book_files import ROOT, chapter_of_notebook, notebooks

__all__ = [
    "PAGE",
    "Times",
    "reading_minutes",
    "stated_minutes",
    "teacher_page",
    "times_of",
    "with_routes",
]

PAGE = ROOT / "book" / "teacher.md"
WORDS, LINES = 120, 20  # read in a minute: of text, of code
MARKED = re.compile(r"(<!-- times -->\n).*?(<!-- /times -->)", re.S)
WEEK = re.compile(r"^(\| \d+ \| ([\d, ]+) \|) \d+ \|", re.M)
ROUTE = re.compile(r"^(\| one \w+: [^|]*\| ([\d, ]+) \|) \d+ \|$", re.M)
EXERCISE = re.compile(r"^### Exercise [\d.]+ \(\d+ of \d+, (\d+) min\)", re.M)
SOLUTION = re.compile(r'<details class="solution">.*?</details>', re.S)
HEAD = """
| chapter | reading | exercises | together |
| --- | --- | --- | --- |
"""


class Times(NamedTuple):
    """The minutes that a chapter asks for."""

    reading: int
    exercises: int
    together: int


def reading_minutes(book: Any) -> int:
    """Estimate the minutes to read a notebook, to the next five.

    Counted are the words of its text without solutions, and the lines of its code
    without stubs and the first cell.
    """
    words = lines = 0
    for cell in book.cells:
        if cell.cell_type == "markdown":
            words += len(SOLUTION.sub("", cell.source).split())
        elif not {"exercise", "hide-input"} & set(cell.metadata.get("tags", [])):
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
    return max(5, 5 * round((words / WORDS + lines / LINES) / 5))


def stated_minutes(book: Any) -> int:
    """Read the minutes to read and write that a notebook states at its top.

    Raises:
        ValueError: the notebook states no time.
    """
    line = re.search(r"\*\*Time\*\*: ([^\n]*)", book.cells[0].source)
    if line is None:
        raise ValueError("the notebook's first cell has no line **Time**: ...")
    return sum(map(int, re.findall(r"(\d+) minutes (?!to run)", line[1])))


def with_routes(text: str) -> str:
    """Return the first page with the minutes of its routes up to date."""
    stated = {
        chapter_of_notebook(path): stated_minutes(nbformat.read(path, as_version=4))
        for path in notebooks()
    }

    def route(match: re.Match[str]) -> str:
        minutes = sum(stated[int(one)] for one in match[2].split(","))
        return f"{match[1]} {minutes} |"

    return ROUTE.sub(route, text)


def times_of(book: Any) -> Times:
    """Count the minutes that a chapter asks for, as its exercises state them."""
    text = "\n".join(cell.source for cell in book.cells)
    reading, solving = reading_minutes(book), sum(map(int, EXERCISE.findall(text)))
    return Times(reading, solving, reading + solving)


def teacher_page() -> str:
    """Return the page with its times up to date."""
    found, rows = {}, []
    for path in notebooks():
        book = nbformat.read(path, as_version=4)
        chapter = chapter_of_notebook(path)
        found[chapter] = times_of(book)
        title = book.cells[0].source.split("\n")[0].removeprefix("# ")
        numbers = " | ".join(map(str, found[chapter]))
        rows.append(f"| [{title}](../notebooks/{path.name}) | {numbers} |")
    sums = map(sum, zip(*found.values(), strict=True))
    rows.append(f"| all | {' | '.join(map(str, sums))} |")
    table = HEAD + "\n".join(rows) + "\n\n"

    def week(match: re.Match[str]) -> str:
        minutes = sum(found[int(one)].together for one in match[2].split(","))
        return f"{match[1]} {minutes} |"

    text = WEEK.sub(week, PAGE.read_text(encoding="utf-8"))
    return MARKED.sub(lambda match: match[1] + table + match[2], text)
