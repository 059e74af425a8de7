"""The code on the book's pages prints what stands below it."""

import pytest
from pages import BLOCKS, PAGES, page_file, with_outputs


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
