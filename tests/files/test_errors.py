"""Words of messages: how many there are of something."""

import pytest

from bert_tutorial.files.errors import how_many


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1200, "1,200 rows"), (0.7, "1 row")],
)
def test_a_count_has_its_word(number, told):
    assert how_many(number, "row") == told


def test_a_word_may_have_a_plural_of_its_own():
    assert how_many(1, "query", "queries") == "1 query"
    assert how_many(3, "query", "queries") == "3 queries"
