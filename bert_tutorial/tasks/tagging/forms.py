r"""The forms that tagged files have: their columns, and the letters before the types.

What a file means is decided once for the whole of it, never row by row, so that a
single odd row is a fault and no new form.

- Lines before a sentence that begin with # and have no tag are comments.
- A first column that counts the words of every sentence from 0 or 1 is an index.
- The tags are in the last column, or in the only one that holds tags in nearly all
  rows. With an index and two columns of tags, as in GermEval 2014, the first of the two
  has the outer spans, and it is taken.
- BIOES, BILOU and BMES say where a span ends; if most spans of a file are closed in
  one of these ways, it is turned into BIO.
- A first line that names the columns, such as "word" and "tag", is no row.
- B, I and O without a type mean spans of one type, here called `entity`.

Chapter: 15
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.rows import shown

__all__ = ["Columns", "TagScheme", "find_columns", "tag_scheme"]

ANY_TAG = re.compile(r"O|[BIMELSUW](-.*\S)?")
RANGE = re.compile(r"\d+[-.]\d+")
ONLY_TYPE = "entity"
NEARLY_ALL = 0.95
WORD_NAMES = {"token", "tokens", "word", "words"}
TAG_NAMES = {"tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "entity"}

Block = list[tuple[int, list[str]]]  # of each row its line and its columns


class Columns(NamedTuple):
    """Where a file has its words and tags, counted from 0; `tag` is None without.

    `notes` say what was decided where it could have been otherwise.
    """

    word: int
    tag: int | None
    width: int
    notes: list[str]


def take_names(blocks: list[Block]) -> list[str]:
    """Take a first line that names the columns off the blocks.

    Args:
        blocks: the sentences; changed in place.

    Returns:
        A note about it, or none.

    Raises:
        UserError: if the line says that columns are parted by commas or semicolons.
    """
    if not blocks:
        return []
    line, columns = blocks[0][0]
    if _are_names(columns):
        blocks[0] = blocks[0][1:]
        if not blocks[0]:
            del blocks[0]
        return [f"line {line} names the columns"]
    whole = " ".join(columns)
    for mark, name in ((",", "commas"), (";", "semicolons")):
        if _are_names(whole.split(mark)):
            raise UserError(
                f"line {line}: columns must be parted by tabs or blanks, a word a line "
                f"and blank lines between sentences, got {name}: {shown(whole)}"
            )
    return []


def _are_names(columns: Sequence[str]) -> bool:
    """Tell whether columns are called as those of words and tags are."""
    names = [column.strip(' "').casefold() for column in columns]
    return names[-1] in TAG_NAMES and bool({*names[:2]} & WORD_NAMES)


def tag_share(rows: Sequence[Sequence[str]], column: int) -> float:
    """Give the share of the rows that have a tag in a column."""
    hits = sum(bool(ANY_TAG.fullmatch(row[column])) for row in rows)
    return hits / len(rows) if rows else 0.0


def find_columns(
    blocks: Sequence[Block], given: Mapping[str, str] | None = None
) -> Columns:
    """Find the columns of words and tags in a file.

    Args:
        blocks: the sentences.
        given: numbers from 1 of the columns of "text" and "label", as text.

    Raises:
        UserError: if a given column is no number, or outside the file.
    """
    given = given or {}
    begins = [row for block in blocks for row in block[1:]]
    begins += [b[0] for b in blocks if b and not b[0][1][0].startswith("#")]
    widths = Counter(len(columns) for _, columns in begins if len(columns) > 1)
    width = min(widths, key=lambda number: (-widths[number], number), default=2)
    rows = [columns for _, columns in begins if len(columns) == width]
    notes = []
    word = 0
    if width > 2 and has_index(blocks, width):
        word = 1
        notes.append("column 1 counts the words")
    tag = given_column(given, "label", width)
    if tag is None:
        tag, found = tag_column(rows, width, word)
        notes += found
    chosen = given_column(given, "text", width)
    return Columns(word if chosen is None else chosen, tag, width, notes)


def given_column(given: Mapping[str, str], key: str, width: int) -> int | None:
    """Read the number of a column.

    Raises:
        UserError: if it is no number from 1 to the width.
    """
    if key not in given:
        return None
    number = given[key]
    if not number.isdecimal() or not 1 <= int(number) <= width:
        raise UserError(
            f"the column of the {key} must be a number from 1 to {width}, as columns "
            f"of a tagged file have no names; got {number!r}"
        )
    return int(number) - 1


def without_ranges(blocks: Iterable[Block]) -> list[Block]:
    """Leave out the rows of CoNLL-U that are no word: 3-4 (a contraction), 8.1."""
    return [
        [row for row in block if len(row[1]) != 10 or not RANGE.fullmatch(row[1][0])]
        for block in blocks
    ]


def has_index(blocks: Sequence[Block], width: int) -> bool:
    """Tell whether the first column counts the words of nearly all sentences."""
    counted = total = longest = 0
    for block in blocks:
        first = [columns[0] for _, columns in block if len(columns) == width]
        first = first[1:] if first and first[0].startswith("#") else first
        if not first:
            continue
        total += 1
        longest = max(longest, len(first))
        counted += any(
            first == [str(start + i) for i in range(len(first))] for start in (0, 1)
        )
    return longest > 1 and counted >= NEARLY_ALL * total


def tag_column(
    rows: Sequence[Sequence[str]], width: int, word: int
) -> tuple[int | None, list[str]]:
    """Find the column of the tags, and say so where it is not the plain last one."""
    last = width - 1
    full = [
        column
        for column in range(word + 1, width)
        if tag_share(rows, column) >= NEARLY_ALL
    ]
    if word == 1 and full == [2, 3] and any(row[2] != "O" for row in rows):
        return 2, [
            "of two columns of tags the first, 3, is taken (outer spans, as in "
            "GermEval); name another one with --label-column"
        ]
    if tag_share(rows, last) >= 0.5:
        return last, []
    if len(full) == 1:
        return full[0], [f"the tags are in column {full[0] + 1}"]
    return last, []


def is_comment(columns: Sequence[str], form: Columns) -> bool:
    """Tell whether the first row of a sentence is a comment."""
    if not columns[0].startswith("#"):
        return False
    if form.tag is None or len(columns) != form.width:
        return True
    return not ANY_TAG.fullmatch(columns[form.tag])


class TagScheme(NamedTuple):
    """How the tags of a file are meant; `translate` and `faults` make BIO of them.

    `is_closed`: letters say where a span ends; `is_bare`: tags have no type.
    """

    is_closed: bool
    is_bare: bool

    @property
    def notes(self) -> list[str]:
        """Say what is done, if anything is."""
        found = []
        if self.is_closed:
            found.append("tags that close spans (BIOES, BILOU) are read as BIO")
        if self.is_bare:
            found.append(f"tags without a type get the type {ONLY_TYPE!r}")
        return found

    def translate(self, tag: str) -> str:
        """Write a tag in the letters B and I, with a type."""
        if self.is_bare and len(tag) == 1 and tag != "O":
            tag = f"{tag}-{ONLY_TYPE}"
        if self.is_closed and tag[1:2] == "-":
            letter = {"S": "B", "U": "B", "W": "B", "E": "I", "L": "I", "M": "I"}
            return letter.get(tag[0], tag[0]) + tag[1:]
        return tag

    def open_ends(self, tags: Sequence[str]) -> list[int]:
        """List the words after which a span should go on and does not."""
        return open_ends(tags) if self.is_closed else []

    def loose_ends(self, tags: Sequence[str]) -> list[int]:
        """List the words that go on with a span which has been closed, or is none."""
        return loose_ends(tags) if self.is_closed else []


def open_ends(tags: Sequence[str]) -> list[int]:
    """List the places of tags that promise another word of their span in vain."""
    return [
        place
        for place, (tag, after) in enumerate(zip(tags, [*tags[1:], "O"], strict=True))
        if tag[0] in "BIM" and not (after[0] in "IMEL" and after[1:] == tag[1:])
    ]


def loose_ends(tags: Sequence[str]) -> list[int]:
    """List the places of tags that continue a span which does not go on."""
    return [
        place
        for place, (before, tag) in enumerate(zip(["O", *tags], tags, strict=False))
        if tag[0] in "IMEL" and not (before[0] in "BIM" and before[1:] == tag[1:])
    ]


def tag_scheme(sentences: Sequence[Sequence[str]]) -> TagScheme:
    """Find out how the tags of a file are meant.

    Args:
        sentences: the tags of each as they are in the file.

    Example:
        >>> tag_scheme([["S-PER", "O", "B-LOC", "E-LOC"]])
        TagScheme(is_closed=True, is_bare=False)
    """
    closed = opened = 0
    kinds: Counter[bool] = Counter()
    for raw in sentences:
        tags = [tag if ANY_TAG.fullmatch(tag) else "O" for tag in raw]
        kinds.update(len(tag) == 1 for tag in tags if tag != "O")
        opened += len(open_ends(tags))
        for before, tag in zip(["O", *tags], tags, strict=False):
            goes_on = before[0] in "BIM" and before[1:] == tag[1:]
            closed += tag[0] in "SUW" or (tag[0] in "EL" and goes_on)
    return TagScheme(closed > opened, bool(kinds[True]) and not kinds[False])
