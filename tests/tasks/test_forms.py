"""Tagged files in the forms that people have: the same sentences from each of them."""

import itertools
import json

import pytest

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks import TAGGING
from bert_tutorial.tasks.tagging.bio import Span, spans_to_tags, tags_to_spans
from bert_tutorial.tasks.tagging.files import read_tagged, read_words
from bert_tutorial.tasks.tagging.forms import tag_scheme

WORDS = [["Ann", "Lee", "saw", "New", "York", "City"], ["no", "one"], ["Oslo", "ran"]]
SPANS = [[Span("PER", 0, 2), Span("LOC", 3, 6)], [], [Span("LOC", 0, 1)]]
BIO = [spans_to_tags(s, len(w)) for s, w in zip(SPANS, WORDS, strict=True)]


def closed(spans, length, letters):
    """Write spans in four letters: begin, inside, end, single."""
    begin, inside, end, single = letters
    tags = ["O"] * length
    for kind, start, stop in spans:
        if stop - start == 1:
            tags[start] = f"{single}-{kind}"
            continue
        tags[start:stop] = [f"{inside}-{kind}"] * (stop - start)
        tags[start], tags[stop - 1] = f"{begin}-{kind}", f"{end}-{kind}"
    return tags


def write(folder, sentences, name="a.conll", head="", sep="\t"):
    """Write rows of columns, a blank line between sentences, `head` before each."""
    blocks = [head + "\n".join(sep.join(row) for row in rows) for rows in sentences]
    file = folder / name
    file.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return file


def rows_of(tags=BIO, before=(), between=(), after=()):
    """Put columns before the word, before the tag and after it."""
    return [
        [
            [*(str(f(i)) for f in before), word, *between, tag, *after]
            for i, (word, tag) in enumerate(zip(words, names, strict=True))
        ]
        for words, names in zip(WORDS, tags, strict=True)
    ]


def found(file, **options):
    """Read a file: words and tags of each sentence."""
    rows = read_tagged(file, **options)
    assert not rows.skipped
    return [row.words for row in rows], [row.tags for row in rows]


@pytest.mark.parametrize("letters", ["BIES", "BILU", "BMES", "BMEW"])
def test_tags_that_close_spans_are_read_as_bio(tmp_path, letters):
    pairs = zip(SPANS, WORDS, strict=True)
    tags = [closed(spans, len(words), letters) for spans, words in pairs]
    file = write(tmp_path, rows_of(tags))
    assert found(file) == (WORDS, BIO)
    assert "read as BIO" in read_tagged(file).report()
    lines = [
        json.dumps({"tokens": w, "ner_tags": t})
        for w, t in zip(WORDS, tags, strict=True)
    ]
    for name, text in (
        ("a.jsonl", "\n".join(lines)),
        ("a.json", f"[{', '.join(lines)}]"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert found(tmp_path / name) == (WORDS, BIO)


def test_all_short_closed_sequences_mean_their_spans():
    for length in range(1, 6):
        for cuts in itertools.product((0, 1, 2), repeat=length):
            spans, start = [], 0
            for place, cut in enumerate(cuts, 1):  # 0 goes on, 1 ends a span, 2 an O
                if cut:
                    spans += [Span("X", start, place)] if cut == 1 else []
                    start = place
            tags = closed(spans, length, "BIES")
            scheme = tag_scheme([tags])
            if spans:
                assert scheme.is_closed and not scheme.open_ends(tags)
            assert tags_to_spans([scheme.translate(t) for t in tags]) == spans


@pytest.mark.parametrize("letters", [None, "BIES"])
def test_tags_without_a_type_get_one(tmp_path, letters):
    spans = [[s._replace(type="entity") for s in row] for row in SPANS]
    expected = [spans_to_tags(s, len(w)) for s, w in zip(spans, WORDS, strict=True)]
    tags = expected
    if letters:
        pairs = zip(spans, WORDS, strict=True)
        tags = [closed(row, len(words), letters) for row, words in pairs]
    bare = [[tag[0] for tag in row] for row in tags]
    assert found(write(tmp_path, rows_of(bare))) == (WORDS, expected)


FORMS = {
    "index from 1": ({"before": [lambda i: i + 1]}, ""),
    "index from 0": ({"before": [lambda i: i]}, ""),
    "five columns": ({"between": ["NN", "I-NP", "_"]}, ""),
    "index and five": ({"before": [lambda i: i + 1], "between": ["NN", "I-NP"]}, ""),
    "tags not last": ({"after": ["12", "15"]}, ""),
    "comments": ({"between": ["_", "_"]}, "# id 5239 domain=en\n"),
    "comments of CoNLL-U": ({}, "# sent_id = 3\n# text = Ann Lee saw it .\n"),
    "a source": ({"before": [lambda i: i + 1]}, "#\thttp://a.org/b\t[2010]\n"),
    "GermEval": (
        {"before": [lambda i: i + 1], "after": ["O"]},
        "#\thttp://a.org/b\t[2010-01-01]\n",
    ),
}


@pytest.mark.parametrize("sep", ["\t", " "])
@pytest.mark.parametrize("name", FORMS)
def test_other_columns_give_the_same_sentences(tmp_path, name, sep):
    more, head = FORMS[name]
    file = write(tmp_path, rows_of(**more), head=head.replace("\t", sep), sep=sep)
    assert found(file) == (WORDS, BIO)
    words = read_words(file)
    assert [row.words for row in words] == WORDS


def test_a_hash_is_a_word_where_it_has_a_tag(tmp_path):
    file = tmp_path / "a.conll"
    file.write_text("#\tO\nAnn\tB-PER\n\n#oslo\tB-LOC\nran\tO\n", encoding="utf-8")
    assert found(file)[0] == [["#", "Ann"], ["#oslo", "ran"]]


def test_numbers_that_do_not_count_are_words(tmp_path):
    file = tmp_path / "a.conll"
    file.write_text("3 CD O\n1 CD O\n\n2 CD B-X\n", encoding="utf-8")
    assert found(file)[0] == [["3", "1"], ["2"]]


def test_a_column_can_be_named_and_a_wrong_one_is_refused(tmp_path):
    rows = rows_of(before=[lambda i: i + 1], after=["O"])
    file = write(tmp_path, rows)
    inner = found(file, columns={"label": "4"})
    assert inner == (WORDS, [["O"] * len(words) for words in WORDS])
    assert found(file, columns={"text": "2", "label": "3"}) == (WORDS, BIO)
    for wrong in ("5", "0", "tag"):
        with pytest.raises(UserError, match=f"a.conll.*1 to 4.*got '{wrong}'"):
            read_tagged(file, columns={"label": wrong})


BAD = {
    "one S- among BIO": "a\tB-PER\nb\tO\n\nc\tB-LOC\nd\tI-LOC\n\ne\tS-PER\n",
    "an open span": "a\tS-PER\nb\tB-X\nc\tE-X\n\nd\tB-X\ne\tO\n",
    "an end of nothing": "a\tS-PER\nb\tB-X\nc\tE-X\n\nd\tE-X\ne\tO\n",
    "half without a type": "a\tB-X\nb\tO\n\nc\tB\nd\tI\n",
}


@pytest.mark.parametrize("name", BAD)
def test_an_odd_row_is_a_fault_and_no_new_form(tmp_path, name):
    file = tmp_path / "a.conll"
    file.write_text(BAD[name], encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.conll: line"):
        read_tagged(file)
    lenient = read_tagged(file, strict=False)
    assert len(lenient.skipped) == 1 and len(lenient) >= 1


TEXTS = {
    "words only": ("a.conll", "Ann\nran\n\nOslo\n", [["Ann", "ran"], ["Oslo"]]),
    "JSON without tags": ("a.jsonl", '{"tokens": ["a", "b"]}\n', [["a", "b"]]),
    "a list": ("a.json", '[{"words": ["a"]}, {"words": ["b"]}]', [["a"], ["b"]]),
    "tags in a .txt": ("a.txt", "Ann\tB-PER\nran\tO\n", [["Ann", "ran"]]),
    "sentences": ("a.txt", "Ann ran.\nO no\n", [["Ann", "ran", "."], ["O", "no"]]),
    "one sentence": ("a.txt", "Vitamin B\n", [["Vitamin", "B"]]),
    "unknown ending": ("a.md", "She got an A\nA plan B\n", [
        ["She", "got", "an", "A"], ["A", "plan", "B"],
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_what_predict_reads(tmp_path, name):
    file, text, words = TEXTS[name]
    (tmp_path / file).write_text(text, encoding="utf-8")
    rows = TAGGING.read_texts(tmp_path / file, True, {})
    assert [row.words for row in rows] == words


def plain(folder, text, name="a.conll"):
    """Write a file as it is."""
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


OPEN_CHUNKS = {
    "E after E": "a B-X\nb E-X\nc E-X\n\nd S-X\ne O\nf B-Y\ng E-Y\n",
    "E after S": "a S-X\nb E-X\n\nd S-X\ne O\nf B-Y\ng E-Y\n",
    "I after E": "a B-X\nb E-X\nc I-X\nd E-X\n\nd S-X\ne O\nf S-Y\n",
    "I of another type": "a B-X\nb I-Y\nc E-Y\n\nd S-X\ne O\nf S-Y\ng S-Y\n",
}


@pytest.mark.parametrize("name", OPEN_CHUNKS)
def test_a_closed_span_does_not_go_on(tmp_path, name):
    """seqeval 1.2.2 parts them, so a tag that joins two spans would score wrongly."""
    file = plain(tmp_path, OPEN_CHUNKS[name])
    with pytest.raises(UserError, match=r"continues nothing|must go on"):
        read_tagged(file)
    assert len(read_tagged(file, strict=False)) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("token\ttag\nAnn\tB-P\nran\tO\n", True),
        ("Word POS Tag\n\nAnn N B-P\nran V O\n", True),
        ("word O\nAnn B-P\nran O\n", False),
    ],
)
def test_a_line_of_names_is_no_row(tmp_path, text, names):
    file = plain(tmp_path, text)
    rows = read_tagged(file)
    words = ["Ann", "ran"] if names else ["word", "Ann", "ran"]
    assert [row.words for row in rows] == [words]
    assert ("line 1 names the columns" in rows.report()) == names
    assert [row.words for row in TAGGING.read_texts(file, True, {})] == [words]


@pytest.mark.parametrize("mark", [",", ";"])
@pytest.mark.parametrize("ending", ["csv", "txt"])
def test_a_table_of_commas_is_named(tmp_path, mark, ending):
    """The form of a much used file of Kaggle: a word a row, no blank lines."""
    rows = ["Sentence #,Word,POS,Tag", "Sentence: 1,Ann,NNP,B-per", ",ran,VBD,O"]
    file = tmp_path / f"a.{ending}"
    file.write_text("\n".join(rows).replace(",", mark) + "\n")
    for read in (read_tagged, lambda one: TAGGING.read_texts(one, True, {})):
        with pytest.raises(UserError, match="line 1: columns must be parted by tabs"):
            read(file)


def test_a_sentence_about_words_and_labels_is_text(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("Each word has a label\nA word, not a tag, is read\n")
    found = [row.words[:2] for row in TAGGING.read_texts(file, True, {})]
    assert found == [["Each", "word"], ["A", "word"]]
