"""Read a part of a text file: its documents, wherever the file was cut.

Chapter: 12
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bert_tutorial.text_files import refuse_other_marks

__all__ = ["Block", "read_block"]

MARK = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """A part of a file: the documents that begin from byte `start` to before `stop`."""

    file: Path
    start: int
    stop: int


def read_block(block: Block, lines_per_document: int = 1_000) -> Iterator[list[str]]:
    """Read the documents of a block: a sentence a line, blank lines between them.

    A document belongs to the block that holds the blank line before it, so that the
    blocks of a file together give each document once, wherever they were cut.

    Args:
        block: which part of which file.
        lines_per_document: longer documents are cut, since one must fit in memory.

    Yields:
        Documents, none empty.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a line is not UTF-8 text; the message names the byte.
    """
    document: list[str] = []
    is_inside = block.start == 0
    with open(block.file, "rb") as file:
        if block.start:  # to the first line that begins in the block
            file.seek(block.start - 1)
            file.readline()
        offset = file.tell()
        for line in file:
            text = _decode(line, block.file, offset)
            if not text:
                if document:
                    yield document
                document, is_inside = [], True
            elif is_inside:
                document.append(text)
                if len(document) == lines_per_document:
                    yield document
                    document = []
            if offset >= block.stop and (not text or not is_inside):
                return
            offset += len(line)
    if document:
        yield document


def _decode(line: bytes, file: Path, offset: int) -> str:
    """Turn a line into text without white space at its ends."""
    if offset == 0:
        refuse_other_marks(line, file)
        line = line.removeprefix(MARK)
    if (nul := line.find(0)) >= 0:
        raise ValueError(
            f"{file}: text must not hold NUL, got one at byte {offset + nul}; is it a "
            "binary file?"
        )
    try:
        return line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file}: text must be UTF-8, got byte 0x{line[error.start]:02x} at byte "
            f"{offset + error.start}; save the file as UTF-8"
        ) from None
