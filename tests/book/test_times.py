"""The minutes of a chapter: one count, the same on every page that tells them."""

import re

import nbformat
import pytest
from front_page import INTRO, ROUTES, chapters, hours
from generated_pages import TEACHER_PAGE, read_ledger
from times import (
    RUNS,
    longest_run,
    reading_minutes,
    running,
    sync_times,
    time_line,
    times_of,
)

from book_files import chapter_of_notebook, notebooks

LEDGER = read_ledger()
CHAPTERS = {chapter_of_notebook(path): path for path in notebooks()}


def markdown(source, **more):
    return nbformat.v4.new_markdown_cell(source, **more)


def test_reading_time_leaves_out_solutions_stubs_and_further_reading():
    hidden = '<details class="solution">' + "word " * 9_000 + "</details>"
    further = "## Further reading\n\n" + "word " * 9_000
    stub = nbformat.v4.new_code_cell("x = 1\n" * 900)
    stub.metadata["tags"] = ["exercise"]
    cells = [markdown("word " * 1_200), markdown(hidden), markdown(further)]
    cells += [nbformat.v4.new_code_cell("x = 1\n" * 200), stub]
    assert reading_minutes(nbformat.v4.new_notebook(cells=cells)) == 20


def test_the_time_to_run_comes_from_the_ledger():
    assert [running(most) for most in RUNS] == list(RUNS.values())
    assert running(31) == "one minute" and running(3.4) == "10 seconds"
    with pytest.raises(ValueError, match="must not take"):
        running(1_000)
    entries = {"a": {"core_seconds": 7}, "b": {"core_seconds": 61.0}}
    assert longest_run({"notebooks": entries}) == "two minutes"


def test_the_minutes_are_written_into_headings_and_top(tmp_path):
    task = "### Exercise 0.1 (1 of 1, 99 min)\n\nDo it."
    solution = "<summary>Solution 0.1</summary>"
    top = "# 0. A\n\n- **Time**: 1 minutes to read, an hour to run.\n- **Runs on** one."
    cells = [markdown(top), markdown(task), markdown(solution, id="solution-hide")]
    book, path = nbformat.v4.new_notebook(cells=cells), tmp_path / "00_a.ipynb"
    sync_times(book, path, {"notebooks": {}})
    assert "(1 of 1, 5 min)" in book.cells[1].source
    told = "5 minutes to read, 5 minutes for the exercises, an hour to run."
    assert book.cells[0].source == (f"# 0. A\n\n- **Time**: {told}\n- **Runs on** one.")
    sync_times(book, path, {"notebooks": {"00_a": {"core_seconds": 12}}})
    assert ", 20 seconds to run." in book.cells[0].source
    with pytest.raises(ValueError, match="no line"):
        sync_times(nbformat.v4.new_notebook(cells=cells[1:]), path, LEDGER)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_page_table_and_ledger_tell_the_same(chapter):
    path = CHAPTERS[chapter]
    book = nbformat.read(path, as_version=4)
    times = times_of(book)
    entry = LEDGER["notebooks"].get(path.stem, {})
    assert f"- **Time**: {time_line(book, entry)}\n" in book.cells[0].source, path.name
    before = [cell.source for cell in book.cells]
    sync_times(book, path, LEDGER)
    assert [cell.source for cell in book.cells] == before, "run `make sync`"
    row = f"](../notebooks/{path.name}) | {' | '.join(map(str, times))} |\n"
    assert row in TEACHER_PAGE.read_text(encoding="utf-8"), "run `make sync`"
    assert times.exercises > 0


def test_the_first_page_adds_up_the_same_minutes():
    text, known = INTRO.read_text(encoding="utf-8"), chapters()
    for route in ROUTES:
        numbers = route.chapters or tuple(CHAPTERS)
        books = [nbformat.read(CHAPTERS[one], as_version=4) for one in numbers]
        minutes = sum(times_of(book).together for book in books)
        assert f"*{len(numbers)} chapters, {hours(minutes)}*\n" in text, (
            "run `make sync`"
        )
    assert f">Start, {known[0].times.reading} minutes<" in text


@pytest.mark.parametrize("page", [INTRO, TEACHER_PAGE], ids=lambda page: page.stem)
def test_the_longest_run_is_that_of_the_ledger(page):
    told = re.findall(r"A chapter runs in at most (\w+ \w+)", page.read_text("utf-8"))
    assert told == [longest_run(LEDGER)], "run `make sync`"
