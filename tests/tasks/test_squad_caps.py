"""How many of the real test questions each way could answer at all, exactly."""

import re
import string

import pytest
from conftest import REAL_DATA
from published_encoder import QA_LONGEST
from squad_small import COMMON, LONGEST, divide

from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.hub import published_encoder
from bert_tutorial.tasks.questions.scores import normalize_answer
from bert_tutorial.tokenization.tokenizer import BertTokenizer

FILE = REAL_DATA / "squad" / "xquad.en.json"


@pytest.fixture(scope="module")
def test_items():
    if not FILE.is_file():
        pytest.skip(f"{FILE.name} is not here")
    return divide(FILE)[1]


def can_be_exact(item, pieces, longest):
    """Say whether a run of at most so many pieces of the passage is the answer."""
    wanted = {normalize_answer(text) for text, _ in item.answers}
    return any(
        normalize_answer(item.context[first[0] : last[1]]) in wanted
        for start, first in enumerate(pieces)
        for last in pieces[start : start + longest]
    )


def test_a_model_of_the_runs_can_answer_all_but_twelve(test_items):
    try:
        tokenizer = BertTokenizer.from_pretrained(published_encoder())
    except CheckpointError as error:
        pytest.skip(str(error))
    pieces = [
        tokenizer.encode(item.context, add_special_tokens=False).offsets
        for item in test_items
    ]
    asked = list(zip(test_items, pieces, strict=True))
    assert QA_LONGEST == LONGEST == 15
    assert sum(can_be_exact(item, of, 15) for item, of in asked) == 189
    assert sum(can_be_exact(item, of, 30) for item, of in asked) == len(asked) == 201


def test_the_sliding_window_can_answer_no_more_than_127(test_items):
    def words_of(item):
        """Break the passage where the rule breaks a run of words."""
        asked = {w.strip(string.punctuation).lower() for w in item.question.split()}
        runs, run = [], []
        for match in re.finditer(r"\S+", item.context):
            plain = match.group().strip(string.punctuation).lower()
            if plain in COMMON or plain in asked:
                runs, run = [*runs, run], []
            else:
                run.append(match.span())
        return [*runs, run]

    found = sum(
        any(can_be_exact(item, run, 5) for run in words_of(item)) for item in test_items
    )
    assert found == 127
