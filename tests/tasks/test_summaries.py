"""Reading documents with summaries, greedy labels, the lead."""

import itertools
import json
import random

import pytest
from conftest import real_data, tiny_config

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.run import RunOptions, shape_of
from bert_tutorial.tasks.sentiment.task import SENTIMENT
from bert_tutorial.tasks.sentiment.values import REGRESSION
from bert_tutorial.tasks.summaries.files import (
    Document,
    choose_greedily,
    label_sentences,
    lead,
    read_summaries,
)
from bert_tutorial.tasks.summaries.rouge import rouge_n
from bert_tutorial.tasks.summaries.task import SUMMARIES
from bert_tutorial.tasks.tagging.task import TAGGING

GOOD = {"article": "One. Two went home.", "highlights": "A.\n\nB goes."}


def written(folder, text, name="rows.json"):
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def lines(*rows):
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def test_four_forms_are_read(tmp_path):
    rows = [
        GOOD,
        {"document": "It rained.\nDr. No left. He ran.", "summary": "He ran. Fast."},
        {"src": [["a", "b", "."], "c d"], "tgt": [["b"]], "id": 7},
        {"text": "It rained. He ran.", "summary": "He ran.", "title": "Rain"},
    ]
    expected = [
        Document(["One.", "Two went home."], ["A.", "B goes."], 1),
        Document(["It rained.", "Dr. No left.", "He ran."], ["He ran.", "Fast."], 3),
        Document(["a b .", "c d"], ["b"], 4),
        Document(["It rained.", "He ran."], ["He ran."], 5),
    ]
    file = written(tmp_path, lines(rows[0], "", *rows[1:]) + "\n")
    assert list(read_summaries(file)) == expected
    as_list = read_summaries(written(tmp_path, json.dumps(rows, indent=1)))
    assert [row[:2] for row in as_list] == [row[:2] for row in expected]
    assert [row.line for row in as_list] == [2, 6, 10, 26]


BAD = [
    ({"article": "A."}, r"must have src and tgt, or .*got the keys \['article'\]"),
    ([1], "got a list"),
    ("{", "must be JSON, got '{'"),
    ({"article": "  ", "highlights": "A."}, "article must hold text, got '  '"),
    ({"article": "A.", "highlights": ""}, "highlights must hold text, got ''"),
    ({"article": ["A."], "highlights": "A."}, "article must be a text, got a list"),
    ({"src": "A b c", "tgt": ["A"]}, "src must be a list of sentences, got a str 'A b"),
    ({"src": [["A"], [3]], "tgt": ["A"]}, r"sentence 2 of src must be .* got \[3\]"),
    ({"src": [["A"]], "tgt": []}, r"tgt must hold text, got \[\]"),
    ({"document": None, "summary": "A."}, "document must be a text, got a NoneType"),
    ("[" * 100_000, "must be JSON"),
]


@pytest.mark.parametrize("row,reason", BAD, ids=range(len(BAD)))
def test_a_bad_row_is_refused_or_skipped_with_its_reason(tmp_path, row, reason):
    file = written(tmp_path, lines(GOOD, row, GOOD))
    with pytest.raises(ValueError, match=reason) as caught:
        read_summaries(file)
    assert f"{file}: line 2: " in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 320
    rows = read_summaries(file, strict=False)
    assert len(rows) == 2 and [s.line for s in rows.skipped] == [2]
    assert "2 rows read, 1 skipped (line 2: " in rows.report()


def test_bad_items_of_a_list_are_named_by_their_line(tmp_path):
    file = written(tmp_path, json.dumps([GOOD, "text", {}, GOOD], indent=1))
    rows = read_summaries(file, strict=False)
    assert [row.line for row in rows] == [2, 8]
    found = [(s.line, s.reason.split("got ")[1]) for s in rows.skipped]
    assert found == [(6, "a str"), (7, "the keys []")]


def test_a_number_too_long_to_read_is_a_bad_row(tmp_path):
    file = written(tmp_path, lines(GOOD, '{"article": ' + "1" * 5_000 + "}"))
    rows = read_summaries(file, strict=False)
    assert len(rows) == 1 and [line for line, _ in rows.skipped] == [2]
    with pytest.raises(ValueError, match=r"rows\.json: line 2: a row must be JSON"):
        read_summaries(file)


def test_broken_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="line 1: a row must be JSON"):
        read_summaries(written(tmp_path, '[{"article": "A."'))
    with pytest.raises(ValueError, match="must hold at least one row"):
        read_summaries(written(tmp_path, "[1, 2"), strict=False)
    with pytest.raises(ValueError, match="must hold at least one row"):
        read_summaries(written(tmp_path, ""))
    with pytest.raises(ValueError, match="must be UTF-8, got byte 0xe9 at byte 13"):
        read_summaries(written(tmp_path, '{"article": "é"}'.encode("latin-1")))
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_summaries(tmp_path / "none.json")


def test_real_files_are_read():
    news = read_summaries(real_data("summarization/cnndm_presumm_sample.json"))
    assert [len(row.sentences) for row in news] == [71, 59, 55, 40, 11, 31]
    assert [len(row.summary) for row in news] == [3, 1, 4, 4, 3, 4]
    assert news[0].summary[0] == "pov video has gone viral on youtube"
    xsum = read_summaries(real_data("samples/xsum.json"))
    assert len(xsum) == 10 and all(row.summary for row in xsum)


def test_the_lead():
    assert lead(["a", "b", "c", "d"]) == [0, 1, 2]
    assert lead(["a"], 3) == [0]


def test_the_greedy_choice_by_hand():
    sentences = ["the dog ran", "a bird sang", "the cat sat down", "the cat sat"]
    # the bird and the cat gain the same, the bird comes first; then the cat
    assert choose_greedily(sentences, ["the cat sat", "a bird sang"]) == [1, 3]
    assert choose_greedily(sentences, ["the cat sat"]) == [3]
    assert choose_greedily(sentences, ["nothing else"]) == []
    assert choose_greedily(["x y", "x y"], ["x y"]) == [0], "the first of equals"
    assert choose_greedily(sentences, ["the cat sat", "a bird sang"], 1) == [1]


def value(sentences, chosen, summary):
    text = "\n".join(sentences[i] for i in chosen)
    return sum(rouge_n(text, "\n".join(summary), n).f1 for n in (1, 2))


@pytest.mark.parametrize("seed", range(30))
def test_the_greedy_choice_is_greedy(seed):
    """No step could have been better, and one more sentence would not help."""
    rng = random.Random(seed)
    sentences = [" ".join(rng.choices("abcdefg", k=4)) for _ in range(6)]
    summary = [" ".join(rng.choices("abcdefg", k=5)) for _ in range(2)]
    found = choose_greedily(sentences, summary, 6)
    assert found == sorted(set(found))
    steps = [choose_greedily(sentences, summary, k) for k in range(len(found) + 1)]
    for before, after in itertools.pairwise(steps):
        (new,) = set(after) - set(before)
        values = {
            i: value(sentences, sorted([*before, i]), summary)
            for i in set(range(6)) - set(before)
        }
        assert values[new] == max(values.values()) > value(sentences, before, summary)
    for i in set(range(6)) - set(found):
        more = value(sentences, sorted([*found, i]), summary)
        assert more <= value(sentences, found, summary)


def test_labels_are_one_a_sentence():
    document = Document(["the dog ran", "a bird sang", "the cat sat"], ["cat sat"], 1)
    assert label_sentences(document) == [0, 0, 1]


def test_a_summary_has_one_window_and_no_stride():
    config, rows = tiny_config(max_position_embeddings=512), Rows("none")
    with pytest.raises(UserError, match="one window of a row; leave --stride out"):
        shape_of(SUMMARIES, config, RunOptions(stride=64), rows)
    assert shape_of(SUMMARIES, config, RunOptions(), rows).max_length == 512
    for task in (REGRESSION, SENTIMENT, TAGGING):
        assert shape_of(task, config, RunOptions(stride=64), rows).stride == 64


def test_a_summariser_whose_run_had_a_stride_still_opens():
    assert SUMMARIES.shape(512, 128, 64).max_length == 128
