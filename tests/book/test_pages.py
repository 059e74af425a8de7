"""The code on the book's pages prints what stands below it."""

import re

import pytest
from cover import COLOURS, draw, run
from run_notebooks import BLOCKS, PAGES, page_file, with_outputs

from book_files import ROOT

# The museum's code has tests of its own (test_museum); running it all takes a minute.
LONG = {"bug_museum": pytest.mark.weekly}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=LONG.get(name, ())) for name in PAGES]
)
def test_every_output_on_a_page_is_what_its_code_prints(name):
    text = page_file(name).read_text(encoding="utf-8")
    assert with_outputs(text) == text


def test_the_faq_answers_at_least_25_questions_each_with_a_run():
    text = page_file("faq").read_text(encoding="utf-8")
    questions = text.split("\n### ")[1:]
    assert len(questions) >= 25
    for question in questions:
        assert BLOCKS.search(question), question.splitlines()[0]


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
