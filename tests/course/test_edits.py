"""A wrong answer is written as what it changes in a right one."""

import pytest

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.edits import changed, edited, plain_code
from bert_tutorial.course.judging.listed import mistakes


def count_long(words: list[str], limit: int) -> int:
    """Count the words that are longer than a limit."""
    return sum(
        len(word) > limit  # not at the limit
        for word in words
    )


class Counter:
    """Counts."""

    start = 1

    def after(self, steps: int) -> int:
        """Add."""
        return self.start + steps


def test_the_code_has_one_statement_a_line_and_no_words():
    assert plain_code(count_long).splitlines()[1:] == [
        "    return sum((len(word) > limit for word in words))"
    ]


def test_one_slip_and_two():
    words = ["a", "ab", "abc"]
    assert count_long(words, 2) == 1
    assert edited(count_long, "> limit => >= limit")(words, 2) == 2
    both = edited(count_long, "- > limit => >= limit\n- sum(( => max((")
    assert both(words, 2) == 1


def test_a_class_and_an_empty_side():
    assert Counter().after(2) == 3
    assert edited(Counter, " + steps =>")().after(2) == 1
    assert edited(Counter, "start = 1 => start = 5")().after(2) == 7


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ("limit", "has no ' => '"),
        ("word => w", "must occur once, not 4"),
        ("nothing => w", "must occur once, not 0"),
        ("return … nothing => w", "does not stand behind"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edits, message):
    with pytest.raises(ValueError, match=message):
        edited(count_long, edits)


def test_an_ellipsis_stands_for_what_lies_between():
    words = ["a", "ab", "abc"]
    assert edited(count_long, "len(word) … limit => True")(words, 2) == 3
    assert edited(count_long, "return … => return limit")(words, 2) == 2
    assert edited(count_long, "… => return -right(words, limit)")(words, 2) == -1
    with pytest.raises(ValueError, match="must occur once, not 0"):
        edited(Counter, "… => return 1")  # which method's body?


def test_a_long_change_goes_on_in_the_next_line():
    by_hand = "- sum((len(word) > limit for word in words)) =>\nlen(words)"
    assert edited(count_long, by_hand)(["a", "b"], 0) == 2


LIST = r"""
at the limit: > limit => >= limit
    A word of just the limit counts. Only those
    that are longer do.
the longest @ [MASK] (of other):
- sum(( => max((
- word in words => word
|     in words[1:]
    = at the limit
-1 for none: def by_hand
    Nothing is 0.
"""


def by_hand(words, limit):
    return -1


def test_a_list_of_mistakes_is_read():
    first, second, third = mistakes(LIST, by_hand)
    assert first.name == "at the limit" and first.answer == "> limit => >= limit"
    assert first.hint.endswith("limit counts. Only those that are longer do.")
    assert (second.of, second.hint) == ("other", first.hint)
    assert "in words[1:]" in changed(plain_code(count_long), second.answer)
    assert third.name == "-1 for none" and third.answer is by_hand


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a slip: a => b", "has no hint"),
        ("a slip:\n    Not so.", "has no change"),
        ("a slip\n    Not so.", "is not `name: change`"),
        ("a: b => c\n    Not so.\na: b => d\n    Nor so.", "is listed twice"),
        ("a: b => c\n    = what is not there", "has no hint"),
        ("a: def nobody\n    Not so.", "nobody is not handed over"),
        ("a: b => c\n    Not so.", "no mistake is the code by_hand"),
    ],
)
def test_a_list_that_says_something_else_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        mistakes(text, by_hand)


@pytest.mark.parametrize("exercise", all_exercises().values(), ids=lambda one: one.id)
def test_every_listed_change_fits_the_code_and_changes_it(exercise):
    for mutant in exercise.mutants:
        if isinstance(mutant.answer, str):
            right = exercise.accepted[mutant.of] if mutant.of else exercise.solution
            code = plain_code(right)
            assert changed(code, mutant.answer) != code, mutant.name
            exercise.answer_of(mutant)


def test_the_number_of_known_mistakes_does_not_fall():
    assert sum(len(one.mutants) for one in all_exercises().values()) >= 1450
