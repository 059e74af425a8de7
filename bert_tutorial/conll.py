r"""Read words and their tags: CoNLL files, and the JSON lines of the hub.

A CoNLL file has one word a line and a blank line between sentences; the word is the
first column, its tag the last. Files in the wild differ and have faults, so:

- Columns are parted by tabs or blanks. The number of columns, 2 to 4, is the one that
  most rows have; a row with another number is bad.
- Tags are O, B-type and I-type. If more spans begin with I- than with B-, the file is
  taken for IOB1, where B- only parts neighbours of one type; it is turned into BIO.
  In a BIO file an I- that continues nothing is bad.
- Lines that begin with -DOCSTART- part documents; they are no rows.
- One bad row makes its whole sentence unusable, for a word would be missing in it.
  Strict reading refuses the file there; lenient reading skips the sentence and
  counts it.

Chapter: 15
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bert_tutorial.bio import is_legal, spans_to_tags, tags_to_spans
from bert_tutorial.data import read_text
from bert_tutorial.task_files import Collector, Rows, shown

__all__ = ["TaggedWords", "read_conll", "tag_names"]

TAG = re.compile(r"O|[BI]-.*\S")
COLUMNS = (2, 3, 4)


class TaggedWords(NamedTuple):
    """A sentence: words, one BIO tag a word, and the line where it begins."""

    words: list[str]
    tags: list[str]
    line: int


class Draft(NamedTuple):
    """A sentence as it stands in the file, and what is wrong with it."""

    lines: list[int]
    words: list[str]
    tags: list[str]
    faults: list[tuple[int, str]]


def read_conll(file: str | Path, *, strict: bool = True) -> Rows[TaggedWords]:
    """Read a CoNLL file of 2 to 4 columns; see the module for what is accepted.

    Args:
        file: UTF-8, with or without byte order mark, any line ends.
        strict: refuse the file at the first bad row; else skip its sentence.

    Returns:
        The sentences in the order of the file, their tags in BIO.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8 text, has a bad row (strict), or no sentence.
    """
    blocks = list(_blocks(read_text(file).split("\n")))
    widths = Counter(len(columns) for block in blocks for _, columns in block)
    width = max(COLUMNS, key=lambda number: widths[number])
    drafts = [_draft(block, width) for block in blocks]
    return collect_tagged(drafts, Collector[TaggedWords](file, strict))


def tag_names(rows: Iterable[TaggedWords]) -> list[str]:
    """List the tags that occur: "O" first, the others sorted.

    Args:
        rows: sentences, usually those to learn from.

    Returns:
        The names in the order of their numbers; a type of which only one-word spans
        occur has no I-.
    """
    return ["O", *sorted({tag for row in rows for tag in row.tags} - {"O"})]


def collect_tagged(
    drafts: Sequence[Draft], collector: Collector[TaggedWords]
) -> Rows[TaggedWords]:
    """Decide between BIO and IOB1, and keep the sentences without a fault.

    Args:
        drafts: sentences as they were found.
        collector: takes the good ones and refuses or counts the others.

    Returns:
        The good ones, in BIO.

    Raises:
        ValueError: if one is bad and the reading strict, or if none is good.
    """
    begins = Counter(
        tag[:2]
        for draft in drafts
        if not draft.faults
        for before, tag in zip(["O", *draft.tags], draft.tags, strict=False)
        if tag != "O" and before[2:] != tag[2:]
    )
    is_iob1 = begins["I-"] > begins["B-"]
    for draft in drafts:
        faults = draft.faults
        if not faults and not is_iob1:
            faults = list(_continues_nothing(draft))
        if faults:
            line, reason = faults[0]
            others = f" (and {len(faults) - 1} more in this sentence)"
            collector.skip(line, reason + (others if len(faults) > 1 else ""))
        else:
            tags = spans_to_tags(tags_to_spans(draft.tags), len(draft.tags))
            collector.add(TaggedWords(draft.words, tags, draft.lines[0]))
    return collector.finish()


def _blocks(lines: Iterable[str]) -> Iterator[list[tuple[int, list[str]]]]:
    """Give the sentences: for each row its line, from 1, and its columns."""
    block: list[tuple[int, list[str]]] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip() and not line.startswith("-DOCSTART-"):
            block.append((number, _columns(line)))
        elif block:
            yield block
            block = []


def _columns(line: str) -> list[str]:
    """Cut a row at tabs if it has any, else at blanks (not at Unicode's others)."""
    if "\t" in line:
        return [column.strip(" ") for column in line.split("\t")]
    return re.split(" +", line.strip(" "))


def _draft(block: list[tuple[int, list[str]]], width: int) -> Draft:
    """Check the rows of one sentence."""
    draft = Draft([], [], [], [])
    for line, columns in block:
        word, tag = columns[0], columns[-1]
        if len(columns) != width:
            got = f"{len(columns)}: {shown(' '.join(columns))}"
            fault = f"a row must have {width} columns like the others, got {got}"
        elif not word.strip():
            fault = "the word is empty"
        elif not TAG.fullmatch(tag):
            fault = (
                f"the tag of {shown(word)} must be O, B-type or I-type, "
                f"got {shown(tag)}"
            )
        else:
            draft.lines.append(line)
            draft.words.append(word)
            draft.tags.append(tag)
            continue
        draft.faults.append((line, fault))
    return draft


def _continues_nothing(draft: Draft) -> Iterator[tuple[int, str]]:
    """Find the I- that no tag of its type precedes."""
    before = "O"
    for line, word, tag in zip(draft.lines, draft.words, draft.tags, strict=True):
        if not is_legal(before, tag):
            yield (
                line,
                (
                    f"{shown(tag)} of {shown(word)} continues nothing, it comes after "
                    f"{shown(before)}"
                ),
            )
        before = tag
