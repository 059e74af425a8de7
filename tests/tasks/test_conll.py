"""Tagged sentences from files: exact counts on real ones, every kind of bad row."""

import json
from collections import Counter

import pytest
from conftest import real_data

from bert_tutorial.tasks.tagging.bio import tags_to_spans
from bert_tutorial.tasks.tagging.files import (
    TaggedWords,
    read_conll,
    read_tagged,
    read_tagged_json,
    read_words,
    tag_names,
    tagged_records,
)

# file, sentences, words, spans of each type, first line of the second sentence
REAL = [
    (
        "ner/wnut17train.conll",
        3394,
        62_730,
        {
            "corporation": 221,
            "creative-work": 140,
            "group": 264,
            "location": 548,
            "person": 660,
            "product": 142,
        },
        29,
    ),
    (
        "ner/wnut17dev.conll",
        1009,
        15_733,
        {
            "corporation": 34,
            "creative-work": 105,
            "group": 39,
            "location": 74,
            "person": 470,
            "product": 114,
        },
        14,
    ),
]

FIN5_SPANS = {"B-ORG": 243, "B-LOC": 171, "B-PER": 747, "B-MISC": 7}
SAMPLE_NAMES = ["O", "B-LOC", "B-ORG", "B-PER", "I-LOC", "I-PER"]


@pytest.mark.parametrize(("name", "sentences", "words", "spans", "second"), REAL)
def test_wnut_is_read_to_the_last_word(name, sentences, words, spans, second):
    rows = read_conll(real_data(name))
    assert len(rows) == sentences and rows.skipped == []
    assert sum(len(row.words) for row in rows) == words
    found = Counter(s.type for row in rows for s in tags_to_spans(row.tags))
    assert found == spans
    assert rows[1].line == second
    text = real_data(name).read_text(encoding="utf-8").split("\n")
    for row in rows:
        assert text[row.line - 1].split("\t") == [row.words[0], row.tags[0]]


def test_four_columns_and_iob1_become_bio():
    rows = read_conll(real_data("ner/sec-fin5-train.txt"))
    assert len(rows) == 1164 and rows.skipped == []
    assert sum(len(row.words) for row in rows) == 41_015 - 5  # 5 lines are -DOCSTART-
    assert not any(row.words[0] == "-DOCSTART-" for row in rows)
    starts = Counter(tag for row in rows for tag in row.tags if tag[:2] == "B-")
    assert starts == FIN5_SPANS
    assert rows[0].line == 3
    assert rows[0].words[:4] == ["This", "LOAN", "AND", "SECURITY"]
    bank = rows[0].words.index("SILICON")
    assert rows[0].tags[bank : bank + 3] == ["B-ORG", "I-ORG", "I-ORG"]


def test_the_named_labels_of_a_json_sample():
    rows = read_tagged(real_data("samples/conll.json"))
    assert len(rows) == 10 and rows.skipped == []
    assert rows[1] == TaggedWords(
        ["CHICAGO", "AT", "ATLANTA"], ["B-ORG", "O", "B-LOC"], 2
    )
    assert tag_names(rows) == SAMPLE_NAMES


def write(folder, text, name="a.conll"):
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return file


GOOD = "Ann\tB-PER\nof\tO\nRome\tB-LOC\n\nOslo\tB-LOC\n"
SENTENCES = [
    TaggedWords(["Ann", "of", "Rome"], ["B-PER", "O", "B-LOC"], 1),
    TaggedWords(["Oslo"], ["B-LOC"], 5),
]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.replace("\t", " "),
        GOOD.replace("\t", "   "),
        GOOD.replace("\n\n", "\n \t \n"),
        GOOD.rstrip("\n"),
        GOOD + "\n\n\n",
        GOOD.replace("Ann\t", "Ann\tNNP\t-\t")
        .replace("of\t", "of\tIN\t-\t")
        # a row of the same width for each other word
        .replace("Rome\t", "Rome\tNNP\t-\t")
        .replace("Oslo\t", "Oslo\tNNP\t-\t"),
    ],
    ids=[
        "tabs",
        "CRLF",
        "BOM",
        "blank",
        "blanks",
        "white",
        "no-end",
        "blank-lines",
        "four-columns",
    ],
)
def test_the_same_sentences_in_other_clothes(tmp_path, text):
    rows = read_conll(write(tmp_path, text))
    assert rows == SENTENCES and rows.skipped == []


def test_the_contractions_of_conllu_are_no_words(tmp_path):
    """A range of words and an empty node, in each sentence, as in French or Italian."""
    rest = "\t_" * 7
    sentence = [("1", "il"), ("2-3", "du"), ("2", "de"), ("3", "le"), ("3.1", "vu")]
    lines = [f"{number}\t{word}{rest}\tO" for number, word in sentence]
    path = tmp_path / "fr.conllu"
    path.write_text("\n".join([*lines, ""]) + "\n" + "\n".join(lines), "utf-8")
    rows = read_words(path)
    assert [row.words for row in rows] == [["il", "de", "le"]] * 2


def test_docstart_parts_documents_and_is_no_row(tmp_path):
    text = (
        "-DOCSTART- -X- O O\n\nAnn NNP I-NP I-PER\n-DOCSTART- -X- O O\nOslo N I-NP O\n"
    )
    rows = read_conll(write(tmp_path, text))
    assert rows == [TaggedWords(["Ann"], ["B-PER"], 3), TaggedWords(["Oslo"], ["O"], 5)]


def test_iob1_parts_neighbours_with_b(tmp_path):
    text = "a I-PER\nb I-PER\nc B-PER\nd I-LOC\ne O\nf I-LOC\n"
    (row,) = read_conll(write(tmp_path, text))
    assert row.tags == ["B-PER", "I-PER", "B-PER", "B-LOC", "O", "B-LOC"]


def test_blanks_of_unicode_are_not_column_breaks(tmp_path):
    rows = read_conll(write(tmp_path, "10\u00a0km\tO\nd'\u200bor O\n\ufe0f\tO\n"))
    assert rows[0].words == ["10\u00a0km", "d'\u200bor", "\ufe0f"]


# a row put into the second sentence, what is said of it
BAD = [
    ("x", "must have 2 columns like the others, got 1: 'x'"),
    ("x\tNN\tO", "must have 2 columns like the others, got 3: 'x NN O'"),
    ("x NN O", "must have 2 columns like the others, got 3: 'x NN O'"),
    ("x\tO\t", "must have 2 columns like the others, got 3"),
    ("\tO", "the word is empty"),
    ("\u00a0\tO", "the word is empty"),
    ("x\tPER", "the tag of 'x' must be O, B-type or I-type, got 'PER'"),
    ("x\tB-", "the tag of 'x' must be O, B-type or I-type, got 'B-'"),
    ("x\tS-PER", "the tag of 'x' must be O, B-type or I-type, got 'S-PER'"),
    ("x\to", "the tag of 'x' must be O, B-type or I-type, got 'o'"),
    ("x\t", "the tag of 'x' must be O, B-type or I-type, got ''"),
    ("x\t3", "the tag of 'x' must be O, B-type or I-type, got '3'"),
    ("x\tI-PER", "'I-PER' of 'x' continues nothing, it comes after 'B-LOC'"),
]


@pytest.mark.parametrize(("row", "reason"), BAD)
def test_a_bad_row_is_refused_with_its_line_or_its_sentence_skipped(
    tmp_path, row, reason
):
    file = write(tmp_path, f"{GOOD}{row}\ny\tO\n\nBonn\tB-LOC\n")
    with pytest.raises(ValueError) as error:
        read_conll(file)
    assert str(error.value).startswith(f"{file}: line 6: ")
    assert reason in str(error.value) and "\n" not in str(error.value)
    rows = read_conll(file, strict=False)
    assert rows == [SENTENCES[0], TaggedWords(["Bonn"], ["B-LOC"], 9)]
    assert [line for line, _ in rows.skipped] == [6]
    assert "2 rows read, 1 skipped (line 6: " in rows.report()


def test_two_bad_rows_in_a_sentence_are_one_skip_that_counts_both(tmp_path):
    file = write(tmp_path, GOOD + "x\ny\nz\tO\n\nw\n")
    rows = read_conll(file, strict=False)
    assert rows == SENTENCES[:1]
    assert [line for line, _ in rows.skipped] == [6, 10]
    assert rows.skipped[0].reason.endswith("(and 1 more in this sentence)")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "at least one row"),
        (b"\n \n\t\n", "at least one row"),
        (b"-DOCSTART- O\n\n", "at least one row"),
        (b"one\ncolumn\n", "line 1: a row must have 2 columns"),
        (b"a b c d e\n", "line 1: the tag of 'a' .column 5; --label-column .* got 'e'"),
        ("Ann\tB-PER\nK\u00f6ln\tB-LOC\n".encode("latin-1"), "must be UTF-8"),
        (GOOD.encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_without_sentences_or_not_utf8_is_refused(tmp_path, text, reason):
    file = write(tmp_path, text)
    with pytest.raises(ValueError, match=reason) as error:
        read_conll(file)
    assert str(file) in str(error.value) and "\n" not in str(error.value)


def test_names_are_sorted_with_o_first():
    rows = [TaggedWords(["a"] * 3, ["I-b", "B-b", "B-a"], 1)]
    assert tag_names(rows) == ["O", "B-a", "B-b", "I-b"]
    assert tag_names([]) == ["O"]


NAMES = ["O", "B-PER", "I-PER"]


@pytest.mark.parametrize("keys", [("tokens", "ner_tags"), ("words", "tags")])
def test_numbered_and_named_tags_read_alike(tmp_path, keys):
    lines = [
        {keys[0]: ["Ann", "Lee", "ran"], keys[1]: tags}
        for tags in ([1, 2, 0], ["B-PER", "I-PER", "O"])
    ]
    text = "\n\n".join(map(json.dumps, lines)) + "\n"
    file = write(tmp_path, "\ufeff" + text, "a.jsonl")
    rows = read_tagged(file, names=NAMES)
    assert [row.tags for row in rows] == [["B-PER", "I-PER", "O"]] * 2
    assert [row.line for row in rows] == [1, 3]
    assert rows[:1] == tagged_records(lines[:1], names=NAMES)


BAD_RECORDS = [
    ({"tokens": ["a"], "ner_tags": [3]}, "must be 0 to 2, got 3"),
    ({"tokens": ["a"], "ner_tags": [-1]}, "must be 0 to 2, got -1"),
    ({"tokens": ["a"], "ner_tags": [True]}, "got True"),
    ({"tokens": ["a"], "ner_tags": [1.0]}, "got 1.0"),
    ({"tokens": ["a"], "ner_tags": ["1"]}, "B-type or I-type, got '1'"),
    ({"tokens": ["a"], "ner_tags": ["B-LOC"]}, "one of O, B-PER, I-PER; got 'B-LOC'"),
    ({"tokens": ["a"]}, "must have ner_tags or tags or ner or labels, got ['tokens']"),
    ({"ner_tags": [0]}, "must have tokens or words, got ['ner_tags']"),
    ({}, "got []"),
    ({"tokens": ["a", "b"], "ner_tags": [0]}, "one tag a word, got 1/2"),
    ({"tokens": [], "ner_tags": []}, "tokens must be a list of one or more"),
    ({"tokens": "a b", "ner_tags": [0, 0]}, "tokens must be a list"),
    ({"tokens": ["a"], "ner_tags": "O"}, "ner_tags must be a list"),
    ({"tokens": [7], "ner_tags": [0]}, "word 0 must be text, got 7"),
    ({"tokens": [" "], "ner_tags": [0]}, "word 0 must be text, got ' '"),
    ([1, 2], "must be an object, got list"),
]


@pytest.mark.parametrize(("record", "reason"), BAD_RECORDS)
def test_a_bad_record_is_refused_or_skipped(tmp_path, record, reason):
    good = {"tokens": ["Ann"], "ner_tags": [1]}
    file = write(tmp_path, f"{json.dumps(good)}\n{json.dumps(record)}\n", "a.json")
    with pytest.raises(ValueError, match="line 2: ") as error:
        read_tagged_json(file, names=NAMES)
    assert reason in str(error.value) and str(file) in str(error.value)
    rows = read_tagged_json(file, names=NAMES, strict=False)
    assert rows == [TaggedWords(["Ann"], ["B-PER"], 1)]
    assert [line for line, _ in rows.skipped] == [2]
    with pytest.raises(ValueError, match="the sample: record 2: "):
        tagged_records([good, record], names=NAMES, source="the sample")


def test_numbers_need_names_and_lines_need_json(tmp_path):
    with pytest.raises(ValueError, match="is the number 1; give names"):
        tagged_records([{"tokens": ["Ann"], "ner_tags": [1]}])
    for text in ("{'tokens': 1}", "[" * 100_000):
        with pytest.raises(ValueError, match="line 1: not JSON"):
            read_tagged_json(write(tmp_path, text, "a.json"))
