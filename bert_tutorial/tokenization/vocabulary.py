"""The vocabulary file: one WordPiece a line, its id is the line number from zero.

A vocabulary that is wrong by one line gives every later piece another id, and nothing
fails; so a file is checked before it is used, and an error names the line.

Chapter: 3
Used from: 1
"""

import codecs
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import replace_text

__all__ = [
    "SPECIAL_TOKENS",
    "check_vocabulary",
    "load_vocabulary",
    "save_vocabulary",
]

# A file would read it as two pieces, or could not hold it: both change later ids.
UNWRITABLE = re.compile("[\n\ud800-\udfff]")
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def load_vocabulary(file: str | os.PathLike[str]) -> list[str]:
    """Read and check a vocabulary file.

    Args:
        file: UTF-8 text, one piece a line, lines ended by a line feed.

    Returns:
        The pieces in the order of their ids.

    Raises:
        ValueError: the file is empty, not UTF-8, has a byte order mark, Windows line
            ends, blank lines, spaces within a piece or duplicates, or lacks one of the
            five special tokens. The message names the file and the line.
    """
    data = Path(file).read_bytes()
    if not data.strip():
        raise UserError(f"{file}, line 1: a vocabulary must have pieces, got none")
    if data.startswith(codecs.BOM_UTF8):
        raise UserError(
            f"{file}, line 1: a vocabulary must be plain UTF-8, got a byte order mark; "
            "save the file as UTF-8 without BOM"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{file}, line {line}: a vocabulary must be UTF-8, got byte "
            f"0x{data[error.start]:02x}; convert the file to UTF-8"
        ) from None
    # Not splitlines(): real vocabularies hold U+2028, which it takes for a line end.
    tokens = text.removesuffix("\n").split("\n")
    check_vocabulary(tokens, str(file))
    return tokens


def check_vocabulary(tokens: Sequence[str], name: str = "vocabulary") -> None:
    """Refuse a list of pieces that cannot serve as a vocabulary.

    Args:
        tokens: pieces in the order of their ids.
        name: what the message calls the list, usually the file.

    Raises:
        ValueError: a line is blank, has spaces or a duplicate, could not be written as
            one line of UTF-8, or a special token is missing.
    """
    first_line: dict[str, int] = {}
    for line, token in enumerate(tokens, start=1):
        if token.endswith("\r"):
            raise UserError(
                f"{name}, line {line}: lines must end in a line feed, got Windows line "
                "ends (CR LF); convert the file to Unix line ends"
            )
        if not token.strip(" \t"):
            raise UserError(
                f"{name}, line {line}: a piece must not be blank; an id is a line "
                "number, so put [unused] pieces where ids are to stay free"
            )
        if " " in token or "\t" in token:
            raise UserError(
                f"{name}, line {line}: a piece must not contain spaces, got "
                f"{token[:60]!r}; keep only the first column of a file with counts"
            )
        if UNWRITABLE.search(token):
            raise UserError(
                f"{name}, line {line}: a piece must be text on one line, got "
                f"{token[:60]!r}; take line ends and lone surrogates out"
            )
        if token in first_line:
            raise UserError(
                f"{name}, line {line}: pieces must be unique, got {token[:60]!r} "
                f"again (first on line {first_line[token]})"
            )
        first_line[token] = line
    missing = [token for token in SPECIAL_TOKENS if token not in first_line]
    if missing:
        raise UserError(
            f"{name}, line {len(tokens)} is the last: a vocabulary must have "
            f"{' '.join(SPECIAL_TOKENS)}, got no {' '.join(missing)}; add them"
        )


def is_cased(tokens: Sequence[str]) -> bool:
    """Tell whether many pieces have capital letters: one in a hundred or more.

    An uncased vocabulary has none but those of the special tokens. What stands in
    brackets ("[MASK]", "[unused1]") does not count.
    """
    capitals = sum(
        token != token.lower() and not token.startswith("[") for token in tokens
    )
    return capitals > 0 and capitals * 100 >= len(tokens)


def tokens_of(vocabulary: Sequence[str] | Mapping[str, int], name: str) -> list[str]:
    """Bring a vocabulary in either form into the order of its ids, and check it.

    Args:
        vocabulary: pieces in order, or a map from piece to id.
        name: what an error message calls it.

    Returns:
        The pieces in the order of their ids.

    Raises:
        ValueError: the ids are not 0, 1, 2, ... or `check_vocabulary` objects.
    """
    tokens = list(vocabulary)
    if isinstance(vocabulary, Mapping):
        ids = vocabulary
        tokens.sort(key=lambda token: ids[token])
        for expected, token in enumerate(tokens):
            if ids[token] != expected:
                raise UserError(
                    f"{name}: ids must be 0 to {len(tokens) - 1} without gaps, got "
                    f"{ids[token]} for {token[:60]!r} in place of {expected}"
                )
    check_vocabulary(tokens, name)
    return tokens


def save_vocabulary(tokens: Sequence[str], file: str | os.PathLike[str]) -> None:
    """Write a vocabulary file, one piece a line.

    Args:
        tokens: pieces in the order of their ids.
        file: is replaced in one step, so a reader never sees half of it.

    Raises:
        ValueError: the list would be refused when read again.
    """
    check_vocabulary(tokens, str(file))
    replace_text(Path(file), "\n".join(tokens) + "\n")


def check_vocabulary_size(folder: Path, pieces: int, size: int) -> None:
    """Refuse a vocabulary that is not the model's.

    A table may have up to a multiple of a power of two rows more than there are
    pieces: it was padded, so that matrices fit the hardware. No text uses those rows.

    Args:
        folder: of the model, named in the error.
        pieces: of the vocabulary, with added tokens.
        size: that the model's config.json says.

    Raises:
        UserError: if there are more pieces than rows, or rows that padding does not
            explain.
    """
    step = size & -size  # the largest power of two that divides it
    if not (pieces == size or (step >= 8 and size - step < pieces < size)):
        raise UserError(
            f"{folder}: the vocabulary must have {size} pieces as config.json says, or "
            f"a few less where {size} is a multiple of 8, 16, 32, ..., got {pieces}; "
            "put the vocabulary there that the model was trained with"
        )
