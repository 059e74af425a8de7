"""The minutes of a chapter: counted here, and told on every page that tells them.

Reading is counted from the notebook's text and code, exercises are added up from their
files, running comes from the ledger. `time_line` says all three at a notebook's top;
the table for teachers and the routes of the first page add up the same `times_of`.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.course.exercises import all_exercises

__all__ = [
    "Times",
    "longest_run",
    "reading_minutes",
    "running",
    "sync_times",
    "time_line",
    "times_of",
]

WORDS, LINES = 120, 20  # read in a minute: of text, of code
EXERCISE = re.compile(r"^(### Exercise ([\d.]+) \(\d+ of \d+, )(\d+)( min\))", re.M)
SOLUTION = re.compile(r'<details class="solution">.*?</details>', re.S)
FURTHER = re.compile(r"^## Further reading$.*", re.M | re.S)
TIME = re.compile(r"(?<=\*\*Time\*\*: ).*")
# The most seconds of one core, and how a page says it.
RUNS = {
    10: "10 seconds",
    20: "20 seconds",
    30: "half a minute",
    60: "one minute",
    120: "two minutes",
    180: "three minutes",
}


class Times(NamedTuple):
    """The minutes that a chapter asks for."""

    reading: int
    exercises: int
    together: int


def reading_minutes(book: Any) -> int:
    """Estimate the minutes to read a notebook, to the next five.

    Counted are the words of its text without solutions and further reading, and the
    lines of its code without stubs and folded cells.
    """
    words = lines = 0
    for cell in book.cells:
        if cell.cell_type == "markdown":
            words += len(FURTHER.sub("", SOLUTION.sub("", cell.source)).split())
        elif not {"exercise", "hide-input"} & set(cell.metadata.get("tags", [])):
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
    return max(5, 5 * round((words / WORDS + lines / LINES) / 5))


def times_of(book: Any) -> Times:
    """Count the minutes that a chapter asks for, with those in its headings."""
    text = "\n".join(cell.source for cell in book.cells)
    solving = sum(int(minutes) for _, _, minutes, _ in EXERCISE.findall(text))
    reading = reading_minutes(book)
    return Times(reading, solving, reading + solving)


def running(core_seconds: float) -> str:
    """Say how long a chapter computes on one core.

    Raises:
        ValueError: it is longer than any chapter may take.
    """
    for most, words in RUNS.items():
        if core_seconds <= most:
            return words
    raise ValueError(f"a chapter must not take {core_seconds:.0f} s")


def longest_run(ledger: dict[str, Any]) -> str:
    """Say how long the slowest chapter computes."""
    measured = ledger["notebooks"].values()
    return running(max(float(entry["core_seconds"]) for entry in measured))


def time_line(book: Any, entry: dict[str, Any]) -> str:
    """Say how long a chapter takes: to read, for the exercises, to run.

    Args:
        book: the notebook.
        entry: what the ledger has of it; empty where it was not measured yet: then the
            line keeps the time to run that it states.

    Raises:
        ValueError: the notebook's first cell has no line **Time**: ...
    """
    line = TIME.search(book.cells[0].source)
    if line is None:
        raise ValueError("the notebook's first cell has no line **Time**: ...")
    stated = line[0].rpartition(", ")[2].removesuffix(" to run.")
    run = running(float(entry["core_seconds"])) if entry else stated
    times = times_of(book)
    return (
        f"{times.reading} minutes to read, {times.exercises} minutes for the "
        f"exercises, {run} to run."
    )


def sync_times(book: Any, path: Path, ledger: dict[str, Any]) -> None:
    """Write the minutes into a notebook: into its headings, then at its top."""
    own = {}
    for cell in book.cells:
        name = cell.get("id", "").removeprefix("solution-")
        number = re.search(r"<summary>Solution ([\d.]+)</summary>", cell.source)
        if number and name in all_exercises():
            own[number[1]] = all_exercises()[name].minutes

    def heading(match: re.Match[str]) -> str:
        return f"{match[1]}{own.get(match[2], match[3])}{match[4]}"

    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = EXERCISE.sub(heading, cell.source)
    line = time_line(book, ledger["notebooks"].get(path.stem, {}))
    book.cells[0].source = TIME.sub(lambda _: line, book.cells[0].source)
