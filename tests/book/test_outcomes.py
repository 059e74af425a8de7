"""Outcomes: each names what practises it, and each exercise is named."""

import json

import nbformat
import pytest
from outcomes import (
    OUTCOMES,
    OUTCOMES_PAGE,
    exercises_of,
    named,
    outcomes_page,
    questions_of,
    read_outcomes,
)

from book_files import chapter_of_notebook, notebooks

TOLD = read_outcomes()
CHAPTERS = {chapter_of_notebook(path): path for path in notebooks()}
# One can see or hear whether a student did it; "know" and "understand" one cannot.
VERBS = """
Ablate Add Align Answer Assemble Assign Average Build Choose Combine Compare Compute
Convert Count Cut Decode Design Distinguish Draw Embed Estimate Explain Fill Find
Freeze Gather Give Group Hide Interpret Join Judge Justify List Locate Mark Measure
Normalise Pad Patch Predict Prepare Print Refuse Reject Reorder Replace Report
Return Select Separate Split State Tell Translate Write
"""


def test_the_brackets_are_read():
    assert named("Do it (exercises 2.1, 2.5; question 3)") == ({"2.1", "2.5"}, {3})
    assert named("Do it (a part) well (questions 1, 4)") == (set(), {1, 4})
    assert named("Do it") == (set(), set())


def test_the_page_is_up_to_date():
    assert OUTCOMES_PAGE.read_text("utf-8") == outcomes_page(), "run `make sync`"
    numbers = list(json.loads(OUTCOMES.read_text("utf-8")))
    assert numbers == sorted(numbers, key=int)
    assert {int(one) for one in numbers} <= set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_outcomes_that_it_practises(chapter):
    assert chapter in TOLD, "write them into book/outcomes.json"
    aims = TOLD[chapter]
    book = nbformat.read(CHAPTERS[chapter], as_version=4)
    assert 3 <= len(aims.outcomes) <= 5
    solved, asked = exercises_of(book), questions_of(book)
    practised = set()
    for outcome in aims.outcomes:
        assert outcome.split()[0] in VERBS.split(), outcome
        exercises, questions = named(outcome)
        assert exercises or questions, outcome
        assert exercises <= solved and questions <= asked, outcome
        practised |= exercises
    assert practised == solved, "an outcome for each exercise"
    levels = (aims.not_yet, aims.secure, aims.beyond)
    assert all(one.endswith(".") for one in levels) and len(set(levels)) == 3
