"""Words of messages: how many there are of something."""

import pytest

from bert_tutorial.files.errors import counted


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1200, "1,200 rows"), (0.7, "1 row")],
)
def test_a_count_has_its_word(number, told):
    assert counted(number, "row") == told


def test_a_word_may_have_a_plural_of_its_own():
    assert counted(1, "query", "queries") == "1 query"
    assert counted(3, "query", "queries") == "3 queries"
