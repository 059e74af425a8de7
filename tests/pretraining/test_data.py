"""Corpus files: the layouts are told apart, and a bad file is named with its byte."""

import os
from pathlib import Path

import pytest
from conftest import at_most, real_data

from bert_tutorial.pretraining.documents import (
    find_text_files,
    read_documents,
    read_text,
    split_sentences,
)

TWO = "One is here.\nTwo is here.\n\nThree stands alone.\n"
TWO_DOCUMENTS = [["One is here.", "Two is here."], ["Three stands alone."]]


def write(folder, data, name="corpus.txt"):
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return file


# ---- layouts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        TWO,
        TWO.rstrip("\n"),
        "\n\n" + TWO + "\n \t\n\n",
        TWO.replace("\n", "\r\n"),
        TWO.replace("\n", "\r"),
        b"\xef\xbb\xbf" + TWO.encode(),
        b"\xef\xbb\xbf" + TWO.replace("\n", "\r\n").encode(),
    ],
    ids=["plain", "no last newline", "blanks", "CRLF", "CR", "BOM", "BOM and CRLF"],
)
@pytest.mark.parametrize("layout", ["auto", "lines"])
def test_lines(tmp_path, data, layout):
    assert read_documents(write(tmp_path, data), layout=layout) == TWO_DOCUMENTS


def test_only_newlines_end_a_line(tmp_path):
    """Form feeds and Unicode separators, at which splitlines() would cut, do not."""
    line = "a\x0bb\x0cc\x85d\u2028e\u2029f"
    file = write(tmp_path, line + "\nsecond\n")
    assert read_documents(file, layout="lines") == [[line, "second"]]


def test_wikitext_headings_begin_documents(tmp_path):
    file = write(
        tmp_path,
        " \n = First = \n \n It is one . It is two . \n \n = = Part = = \n \n"
        " Three stays here . \n = Second = \n It is four . \n = = = Deep = = = \n",
    )
    assert read_documents(file) == [
        ["It is one .", "It is two .", "Three stays here ."],
        ["It is four ."],
    ]


def test_a_line_with_an_equals_sign_is_no_heading(tmp_path):
    text = "a = b\n= a\n= =\n\n=== R ===\n"
    documents = [["a = b", "= a", "= ="], ["=== R ==="]]
    assert read_documents(write(tmp_path, text)) == documents


def test_paragraphs_are_one_document(tmp_path):
    text = "It rained. We stayed. Nobody came.\n\nThen it stopped. We went out.\n"
    expected = ["It rained.", "We stayed.", "Nobody came."]
    expected += ["Then it stopped.", "We went out."]
    assert read_documents(write(tmp_path, text)) == [expected]
    lines = read_documents(write(tmp_path, text), layout="lines")
    assert list(map(len, lines)) == [1, 1]


def test_wrapped_lines_are_joined(tmp_path):
    text = (
        "It rained all day long, and nobody in the\n"
        "house cared to go out. We stayed where we\n"
        "were, and read to each other in the large\n"
        "room upstairs. Then it stopped.\n\nWe went out.\n"
    )
    assert read_documents(write(tmp_path, text)) == [
        [
            "It rained all day long, and nobody in the house cared to go out.",
            "We stayed where we were, and read to each other in the large room "
            "upstairs.",
            "Then it stopped.",
            "We went out.",
        ]
    ]


def test_sentences_alike_in_length_are_not_wrapped(tmp_path):
    lines = [f"the cat number {i} sat on the mat ." for i in range(10, 30)]
    assert read_documents(write(tmp_path, "\n".join(lines))) == [lines]


def test_a_flat_file_is_one_document_or_is_cut(tmp_path):
    lines = [f"this is the line of {'very ' * (i % 4)}number {i}" for i in range(10)]
    file = write(tmp_path, "\n".join(lines))
    assert read_documents(file) == [lines]
    cut = read_documents(file, lines_per_document=4)
    assert cut == [lines[:4], lines[4:8], lines[8:]]
    with pytest.raises(ValueError, match=r"at least 2, .* got 1"):
        read_documents(file, lines_per_document=1)


def test_an_unknown_layout_is_refused(tmp_path):
    with pytest.raises(ValueError, match="auto, lines, paragraphs, got 'line'"):
        read_documents(write(tmp_path, TWO), layout="line")


# ---- sentences ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   ", []),
        ("no end mark", ["no end mark"]),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "go." She went.', ['He said "go."', "She went."]),
        ('Wait... "Now?" Yes.', ["Wait...", '"Now?"', "Yes."]),
        ("It cost 3.50 marks. 4 men paid.", ["It cost 3.50 marks.", "4 men paid."]),
        ("Mr. Hyde met Dr. No.", ["Mr. Hyde met Dr. No."]),
        ("J. R. R. Tolkien wrote. So.", ["J. R. R. Tolkien wrote.", "So."]),
        ("He came at 5 p.m. and left.", ["He came at 5 p.m. and left."]),
        (
            "\u4f60\u597d\u3002\u518d\u89c1\uff01",
            ["\u4f60\u597d\u3002", "\u518d\u89c1\uff01"],
        ),
        ("Ahoj. \u010dau.", ["Ahoj. \u010dau."]),
        ("\u0442.\u0435. \u043e\u043d", ["\u0442.\u0435. \u043e\u043d"]),
        ("\u041e\u043d. \u041e\u043d\u0430.", ["\u041e\u043d.", "\u041e\u043d\u0430."]),
    ],
)
def test_split_sentences(text, expected):
    assert split_sentences(text) == expected


def test_no_text_is_lost():
    text = 'A b. "C d." (E f.) G... H! i j? 7. Mr. K. \u3002x\u3002 Z'
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


ENDLESS = {
    "dots": "." * 10**6,
    "dots and blanks": ". " * 10**6 + "x",
    "blanks": "." + " " * 10**6 + "x",
    "quotes": '."' * 10**6,
    "heading": "= " + "x " * 10**6 + "=\nbody",
    "10 MB": "x" * 10**7,
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_endless_lines_take_no_endless_time(tmp_path, text):
    with at_most(5):
        read_documents(write(tmp_path, text))


# ---- bad files ----------------------------------------------------------------------

BAD = {
    "latin-1": (b"caf\xe9 au lait\n", "text must be UTF-8, got byte 0xe9 at byte 3"),
    "after a BOM": (b"\xef\xbb\xbfab\xff", "byte 0xff at byte 5"),
    "cut character": (b"abc \xe2\x82", "byte 0xe2 at byte 4"),
    "UTF-16": ("abc\n".encode("utf-16"), "mark of UTF-16 at byte 0"),
    "UTF-16 BE": (b"\xfe\xff\x00a", "mark of UTF-16 at byte 0"),
    "UTF-32": ("abc".encode("utf-32"), "mark of UTF-32 at byte 0"),
    "UTF-16, no mark": ("abc".encode("utf-16-le"), "NUL, got one at byte 1"),
    "NUL": (b"good line\nbad\x00line\n", "NUL, got one at byte 13"),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_a_bad_file_is_named_with_its_byte(tmp_path, data):
    content, message = data
    write(tmp_path, TWO, "a.txt")
    file = write(tmp_path, content, "b.txt")
    with pytest.raises(ValueError, match=r"b\.txt: ") as error:
        read_documents(tmp_path)
    assert message in str(error.value) and str(file) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "data", [b"", b"\n\n\r\n \t \n", b"\xef\xbb\xbf", b" = Only = \n"]
)
def test_a_corpus_without_text_is_refused(tmp_path, data):
    with pytest.raises(ValueError, match=r"must hold text, got .*corpus\.txt"):
        read_documents(write(tmp_path, data))


def test_missing_files_and_folders(tmp_path):
    for path in (tmp_path / "no.txt", str(tmp_path / "no"), [tmp_path / "no" / "x"]):
        with pytest.raises(FileNotFoundError, match=r"no such file or folder: .*no"):
            read_documents(path)
    with pytest.raises(FileNotFoundError, match="no such file: "):
        read_text(tmp_path / "no.txt")
    with pytest.raises(ValueError, match=r"must hold \.txt files, got none"):
        read_documents(tmp_path)
    with pytest.raises(ValueError, match="at least one file or folder"):
        read_documents([])
    with pytest.raises(ValueError, match="is a folder; name a file in it"):
        read_text(tmp_path)


def test_an_unreadable_file_is_named(tmp_path, monkeypatch):
    file = write(tmp_path, TWO)

    def refuse(self):
        raise PermissionError(13, os.strerror(13), str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ValueError, match=r"corpus\.txt: .* got Permission denied"):
        read_documents(file)


def test_folders_are_read_in_the_order_of_names(tmp_path):
    (tmp_path / "deep").mkdir()
    write(tmp_path, "second b\n", "b.txt")
    write(tmp_path, "first a\n", "a.txt")
    write(tmp_path, "", "empty.txt")
    write(tmp_path, "not text", "c.csv")
    write(tmp_path / "deep", "third c\n", "c.txt")
    names = [file.name for file in find_text_files(tmp_path)]
    assert sorted(names) == ["a.txt", "b.txt", "c.txt", "empty.txt"]
    documents = read_documents(str(tmp_path))
    assert sorted(documents) == [["first a"], ["second b"], ["third c"]]
    assert documents.index(["first a"]) < documents.index(["second b"])
    # A file that is named is read whatever it is called.
    named = read_documents([tmp_path / "c.csv", tmp_path / "a.txt"])
    assert named == [["not text"], ["first a"]]


# ---- real files ---------------------------------------------------------------------


REAL = {
    "bert-sample_text.txt": (3, 31),
    "tinyshakespeare.txt": (7_222, 32_777),
    "wikitext-2-valid.txt": (60, None),
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(name):
    documents, sentences = REAL[name]
    found = read_documents(real_data(f"lm/{name}"))
    assert len(found) == documents
    if sentences is not None:
        assert sum(map(len, found)) == sentences
    assert all(sentence.strip() == sentence != "" for d in found for sentence in d)


def test_wikitext_keeps_all_words_but_headings():
    file = real_data("lm/wikitext-2-valid.txt")
    lines = file.read_text(encoding="utf-8").split("\n")
    body = [line for line in lines if not line.strip().startswith("= ")]
    read = [sentence for d in read_documents(file) for sentence in d]
    assert " ".join(read).split() == " ".join(body).split()
    assert 7_000 < len(read) < 8_500  # about 28 words a sentence
