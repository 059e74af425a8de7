"""A wrong answer is written as what it changes in a right one."""

import pytest

from bert_tutorial.course.judging.edits import edited, plain_code


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
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edits, message):
    with pytest.raises(ValueError, match=message):
        edited(count_long, edits)
