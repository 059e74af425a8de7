"""Files that are no text: each is named for what it is, with what helps."""

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import read_text
from bert_tutorial.tasks import SENTIMENT, TAGGING

TEXT = b"text\tlabel\na fine book\tgood\na dull one\tpoor\n" * 20


def zipped():
    """Pack the text as zip and Excel do."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.tsv", TEXT)
    return data.getvalue()


KINDS = {
    "gzip": (gzip.compress(TEXT), "is gzip; unpack it$"),
    "bzip2": (bz2.compress(TEXT), "is bzip2; unpack it$"),
    "xz": (lzma.compress(TEXT), "is xz; unpack it$"),
    "zip": (zipped(), "a zip archive or an Excel file; unpack it, or save the table"),
    "Parquet": (b"PAR1\x15\x04\x00" + TEXT + b"PAR1", "is Parquet; save the table as"),
    "Arrow": (b"ARROW1\0\0" + TEXT, r"is Arrow; save the table as \.csv or \.jsonl"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + TEXT, "is PDF; extract its text"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_of_another_kind_is_named_whatever_its_ending(tmp_path, name):
    data, said = KINDS[name]
    for ending in ("tsv", "conll", "tsv.gz", "parquet"):
        file = tmp_path / f"a.{ending}"
        file.write_bytes(data)
        with pytest.raises(UserError, match=said):
            read_text(file)
        for task in (SENTIMENT, TAGGING):
            with pytest.raises(UserError, match=said):
                task.read(file, False, {})


def test_a_text_that_begins_like_one_of_them_is_a_text(tmp_path):
    for start in ("PAR1", "BZh", "%PDF-", "PK\x03\x04"):
        (tmp_path / "a.txt").write_text(f"{start} is how the file began.\n")
        assert read_text(tmp_path / "a.txt").startswith(start)


def test_a_folder_is_called_one(tmp_path):
    for task in (SENTIMENT, TAGGING):
        with pytest.raises(UserError, match="is a folder; name a file in it"):
            task.read(tmp_path, True, {})


def test_the_line_of_a_nul_is_named(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"a\r\nb\rc\nd\0e\n")
    with pytest.raises(UserError, match=r"got one at byte 8 \(line 4\)"):
        read_text(tmp_path / "a.tsv")


def test_all_byte_order_marks_at_the_start_go(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf" + TEXT)
    assert [row.label for row in SENTIMENT.read(tmp_path / "a.tsv", True, {})][:1] == [
        "good"
    ]
