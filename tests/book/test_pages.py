"""The code on the book's pages prints what stands below it."""

import re

import nbformat
import pytest
from cover import COLOURS, draw, run
from run_notebooks import BLOCKS, PAGES, page_file, with_outputs

from book_files import ROOT, chapter_of_notebook, notebooks


@pytest.mark.parametrize("name", PAGES)
def test_every_output_on_a_page_is_what_its_code_prints(name):
    text = page_file(name).read_text(encoding="utf-8")
    assert with_outputs(text) == text


def test_the_faq_answers_at_least_25_questions_each_with_a_run():
    text = page_file("faq").read_text(encoding="utf-8")
    questions = text.split("\n### ")[1:]
    assert len(questions) >= 25
    for question in questions:
        assert BLOCKS.search(question), question.splitlines()[0]


def test_the_routes_take_the_minutes_that_their_chapters_name():
    stated = {}
    for path in notebooks():
        top = nbformat.read(path, as_version=4).cells[0].source
        line = re.search(r"\*\*Time\*\*: ([^\n]*)", top)[1]
        chapter = chapter_of_notebook(path)
        stated[chapter] = sum(map(int, re.findall(r"(\d+) minutes (?!to run)", line)))
    text = page_file("intro").read_text(encoding="utf-8")
    rows = re.findall(r"^\| one \w+: [^|]*\| ([\d, ]+) \| (\d+) \|$", text, re.M)
    assert len(rows) == 2
    for chapters, minutes in rows:
        assert sum(stated[int(one)] for one in chapters.split(",")) == int(minutes)
    low, high = re.search(r"\| in order \| (\d+) to (\d+) each \|", text).groups()
    assert int(low) <= min(stated.values()) <= max(stated.values()) <= int(high)


def test_the_cover_shows_what_the_shipped_model_gives():
    numbers = run()
    for mode, colours in COLOURS.items():
        path = ROOT / "book" / "_static" / f"cover_{mode}.svg"
        stored = path.read_text(encoding="utf-8")
        drawn = draw(numbers, colours)
        words = re.compile(r"<text[^>]*>([^<]*)</text>")
        assert words.findall(stored) == words.findall(drawn), (
            "python tools/book/cover.py"
        )
        assert stored.count("<") == drawn.count("<")
        (best, share), _ = numbers.answers
        assert f">{best} {share:.0%}<" in stored
    assert best == "paris"
