"""Each exercise refuses every wrong answer that a rule makes from its solution.

What is not refused is right after all, or beyond the task; the exercise's file says
which, under `waived`.
"""

import operators
import pytest
from operators import survivors, wrong_answers

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging import behaviour
from bert_tutorial.course.judging.exercise import Exercise

EXERCISES = all_exercises()


@pytest.mark.weekly  # test_exercises has the wrong answers that are listed by hand
@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_what_the_checks_let_through_is_waived_with_a_reason(exercise, monkeypatch):
    monkeypatch.setattr(behaviour, "SECONDS", 3.0)
    assert set(survivors(exercise)) == set(exercise.waived)
    assert all(len(reason) > 20 for reason in exercise.waived.values())


def longer_than(limit: int, words: list[str]) -> list[str]:
    """Keep the words that are longer than a limit."""
    return [word for word in words if len(word) > limit]


def test_the_operators_make_the_slips_that_people_make():
    names = {wrong.name for wrong in wrong_answers(longer_than)}
    assert "len(word) > limit => len(word) >= limit" in names
    exercise = Exercise(
        id="long-words",
        chapter=0,
        title="Long words",
        difficulty=1,
        minutes=1,
        stub="",
        solution=longer_than,
        hints=("a", "b", "c"),
        mutants=[],
        cases=lambda seed, dtype: [behaviour.Case((2, ["a", "abcd"]), "two words")],
    )
    # no word of exactly two letters: the border is not tested, and this is seen
    assert "len(word) > limit => len(word) >= limit" in survivors(exercise)


def test_there_are_many_and_of_every_operator():
    made = {name: wrong_answers(one.solution) for name, one in EXERCISES.items()}
    assert sum(len(wrong) for wrong in made.values()) > 1500
    for operator in operators.OPERATORS:
        assert operator.__doc__
