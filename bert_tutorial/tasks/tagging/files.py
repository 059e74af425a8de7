r"""Read words and their tags: CoNLL files, and the JSON lines of the hub.

A CoNLL file has one word a line and a blank line between sentences; the word is the
first column, its tag the last. Files in the wild differ and have faults, so:

- Columns are parted by tabs or blanks. The number of columns is the one that most rows
  have; a row with another number is bad. `forms` says how index columns, comments,
  extra columns and other schemes of tags are recognised.
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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError, how_many
from bert_tutorial.pretraining.documents import read_text
from bert_tutorial.tasks.rows import Collector, NoJson, Rows, json_rows, shown
from bert_tutorial.tasks.tagging.bio import is_legal, spans_to_tags, tags_to_spans
from bert_tutorial.tasks.tagging.forms import (
    ANY_TAG,
    Block,
    Columns,
    find_columns,
    is_comment,
    tag_scheme,
    tag_share,
    take_names,
    without_ranges,
)

__all__ = [
    "TaggedWords",
    "read_conll",
    "read_tagged",
    "read_tagged_json",
    "tag_names",
    "tagged_records",
]

TAG = re.compile(r"O|[BI]-.*\S")


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


def read_conll(
    file: str | Path,
    *,
    strict: bool = True,
    columns: Mapping[str, str] | None = None,
) -> Rows[TaggedWords]:
    """Read a CoNLL file; see the module for what is accepted.

    Args:
        file: UTF-8, with or without byte order mark, any line ends.
        strict: refuse the file at the first bad row; else skip its sentence.
        columns: numbers from 1 of the columns of "text" and "label", where they are
            not those that are found.

    Returns:
        The sentences in the order of the file, their tags in BIO.

    Raises:
        FileNotFoundError: if there is no such file.
        UserError: if it is not UTF-8 text, has a bad row (strict), or no sentence.
    """
    blocks = without_ranges(_blocks(read_text(file).split("\n")))
    collector = Collector[TaggedWords](file, strict)
    collector.rows.notes += _without_names(file, blocks)
    form = _form(file, blocks, columns)
    rows = _without_comments(blocks, form, collector)
    return collect_tagged([_draft(block, form) for block in rows], collector)


def _without_names(file: str | Path, blocks: list[Block]) -> list[str]:
    """Take a line of names off in place, and say so; an error names the file."""
    try:
        return take_names(blocks)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None


def _form(
    file: str | Path, blocks: Sequence[Block], columns: Mapping[str, str] | None
) -> Columns:
    """Find the columns; an error names the file."""
    try:
        return find_columns(blocks, columns)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None


def _without_comments(
    blocks: Sequence[Block], form: Columns, collector: Collector[TaggedWords]
) -> list[Block]:
    """Leave out comments before sentences, and note them and the columns."""
    found, comments = [], 0
    for block in blocks:
        start = 0
        while start < len(block) and is_comment(block[start][1], form):
            start += 1
        comments += start
        if block[start:]:
            found.append(block[start:])
    collector.rows.notes += form.notes
    if comments:
        are = "is a comment" if comments == 1 else "are comments"
        collector.rows.notes.append(f"{how_many(comments, 'line')} with # {are}")
    return found


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
        UserError: if one is bad and the reading strict, or if none is good.
    """
    good = [draft for draft in drafts if not draft.faults]
    scheme = tag_scheme([draft.tags for draft in good])
    collector.rows.notes += scheme.notes
    for draft in good:
        for place in scheme.open_ends(draft.tags):
            draft.faults.append((draft.lines[place], _open_end(draft, place)))
        for place in scheme.loose_ends(draft.tags):
            before = draft.tags[place - 1] if place else "O"
            reason = _nothing_before(draft.words[place], draft.tags[place], before)
            draft.faults.append((draft.lines[place], reason))
        draft.tags[:] = [scheme.translate(tag) for tag in draft.tags]
        draft.faults.extend(_no_tags(draft))
    begins = Counter(
        tag[:2]
        for draft in drafts
        if not draft.faults
        for before, tag in zip(["O", *draft.tags], draft.tags, strict=False)
        if tag != "O" and before[2:] != tag[2:]
    )
    is_iob1 = begins["I-"] > begins["B-"] and not scheme.is_closed
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


def _open_end(draft: Draft, place: int) -> str:
    """Say that a span is not closed."""
    tag, word = draft.tags[place], draft.words[place]
    return (
        f"{shown(tag)} of {shown(word)} must go on in the next word, in a file whose "
        "tags close their spans"
    )


def _no_tags(draft: Draft) -> Iterator[tuple[int, str]]:
    """Find the tags that are none, once the file's scheme is known."""
    for line, word, tag in zip(draft.lines, draft.words, draft.tags, strict=True):
        if not TAG.fullmatch(tag):
            yield line, _no_tag(word, tag)


def _no_tag(word: str, tag: object, column: int | None = None) -> str:
    """Say that a tag is none."""
    named = f" (column {column}; --label-column names another)" if column else ""
    return (
        f"the tag of {shown(word)}{named} must be O, B-type or I-type, got {shown(tag)}"
    )


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


def _draft(block: Block, form: Columns) -> Draft:
    """Check the rows of one sentence; without a column of tags, all are O."""
    draft = Draft([], [], [], [])
    for line, columns in block:
        fault = ""
        word, tag = "", "O"
        if len(columns) != form.width:
            got = f"{len(columns)}: {shown(' '.join(columns))}"
            fault = f"a row must have {form.width} columns like the others, got {got}"
        else:
            word = columns[form.word]
            tag = "O" if form.tag is None else columns[form.tag]
            if not word.strip():
                fault = "the word is empty"
            elif not ANY_TAG.fullmatch(tag):
                place = None if form.width == 2 else (form.tag or 0) + 1
                fault = _no_tag(word, tag, place)
        if fault:
            draft.faults.append((line, fault))
        else:
            draft.lines.append(line)
            draft.words.append(word)
            draft.tags.append(tag)
    return draft


def _continues_nothing(draft: Draft) -> Iterator[tuple[int, str]]:
    """Find the I- that no tag of its type precedes."""
    before = "O"
    for line, word, tag in zip(draft.lines, draft.words, draft.tags, strict=True):
        if not is_legal(before, tag):
            yield line, _nothing_before(word, tag, before)
        before = tag


def _nothing_before(word: str, tag: str, before: str) -> str:
    """Say that a tag continues a span that is not there."""
    return (
        f"{shown(tag)} of {shown(word)} continues nothing, it comes after "
        f"{shown(before)}"
    )


JSON = (".json", ".jsonl")
WORDS = ("tokens", "words")
TAGS = ("ner_tags", "tags", "ner", "labels")


def read_tagged(
    file: str | Path,
    *,
    names: Sequence[str] | None = None,
    strict: bool = True,
    columns: Mapping[str, str] | None = None,
) -> Rows[TaggedWords]:
    """Read a file by its ending: .json and .jsonl as JSON, all else as CoNLL.

    Args:
        file: UTF-8.
        names: of numbered tags in JSON, in the order of their numbers.
        strict: refuse the file at the first bad row; else skip its sentence.
        columns: as `read_conll` takes them.

    Returns:
        The sentences in the order of the file, their tags in BIO.

    Raises:
        FileNotFoundError: if there is no such file.
        UserError: as `read_conll` and `read_tagged_json` say.
    """
    if Path(file).suffix.lower() in JSON:
        if columns:
            raise UserError(f"{file}: JSON has keys, not columns; leave columns out")
        return read_tagged_json(file, names=names, strict=strict)
    return read_conll(file, strict=strict, columns=columns)


def read_tagged_json(
    file: str | Path, *, names: Sequence[str] | None = None, strict: bool = True
) -> Rows[TaggedWords]:
    """Read JSON: one object a line, or a list of them.

    Args:
        file: UTF-8; blank lines are passed over.
        names: of numbered tags, in the order of their numbers.
        strict: refuse the file at the first bad row; else skip and count it.

    Returns:
        The sentences in the order of the file, their tags in BIO.

    Raises:
        FileNotFoundError: if there is no such file.
        UserError: if it is not UTF-8 text, has a bad row (strict), or no sentence.
    """
    drafts = [
        Draft([line], [], [], [(line, f"not JSON: {record.reason}")])
        if isinstance(record, NoJson)
        else _record_draft(record, line, names)
        for line, record in json_rows(read_text(file))
    ]
    return collect_tagged(drafts, Collector[TaggedWords](file, strict))


WORD_FILES = (".conll", ".conllu", ".bio", ".iob", ".iob2", ".tsv")


def read_words(
    file: str | Path,
    *,
    strict: bool = True,
    columns: Mapping[str, str] | None = None,
) -> Rows[TaggedWords] | None:
    """Read the words of a file in one of the forms that `read_tagged` takes.

    Tags are not looked at and need not be there: rows of a `.conll` may be words only,
    and JSON objects may have words only.

    Args:
        file: UTF-8.
        strict: refuse the file at the first bad row; else skip its sentence.
        columns: as `read_conll` takes them.

    Returns:
        The sentences, every tag O; None if the file is plain text.
    """
    collector = Collector[TaggedWords](file, strict)
    suffix = Path(file).suffix.lower()
    if suffix in JSON:
        for line, record in json_rows(read_text(file)):
            _take_words(record, line, collector)
        return collector.finish()
    blocks = without_ranges(_blocks(read_text(file).split("\n")))
    collector.rows.notes += _without_names(file, blocks)
    form = _form(file, blocks, columns)
    rows = [row for block in blocks for _, row in block]
    full = [row for row in rows if len(row) == form.width]
    is_tagged = (
        bool(full)
        and len(full) > 0.9 * len(rows)
        and form.tag is not None
        and tag_share(full, form.tag) > 0.9
        and any(row[form.tag] == "O" or "-" in row[form.tag] for row in full)
    )
    if not (is_tagged or columns or suffix in WORD_FILES):
        return None
    if sum(len(row) == 1 for row in rows) > len(rows) / 2:
        form = Columns(0, None, 1, [])
    form = form._replace(tag=form.tag if is_tagged else None)
    for draft in (
        _draft(block, form) for block in _without_comments(blocks, form, collector)
    ):
        if draft.faults:
            collector.skip(*draft.faults[0])
        else:
            tags = ["O"] * len(draft.words)
            collector.add(TaggedWords(draft.words, tags, draft.lines[0]))
    return collector.finish()


def _take_words(record: Any, line: int, collector: Collector[TaggedWords]) -> None:
    """Take the words of a JSON object."""
    if isinstance(record, NoJson):
        collector.skip(line, f"not JSON: {record.reason}")
        return
    if isinstance(record, Mapping):
        key = next((key for key in WORDS if key in record), None)
        words = record[key] if key else None
        record = (
            {**record, TAGS[0]: ["O"] * len(words)}
            if isinstance(words, list)
            else record
        )
    draft = _record_draft(record, line, None)
    if draft.faults:
        collector.skip(*draft.faults[0])
    else:
        collector.add(TaggedWords(draft.words, draft.tags, line))


def tagged_records(
    records: Iterable[Mapping[str, Any]],
    *,
    names: Sequence[str] | None = None,
    source: str = "records",
    strict: bool = True,
) -> Rows[TaggedWords]:
    """Take sentences from memory, for example from a data set of the hub.

    Args:
        records: objects as in JSON lines.
        names: of numbered tags, in the order of their numbers.
        source: what messages call the data; records are counted from 1.
        strict: refuse the data at the first bad record; else skip and count it.

    Returns:
        The sentences in their order, their tags in BIO.

    Raises:
        UserError: if a record is bad (strict), or none is left.
    """
    drafts = [
        _record_draft(record, line, names) for line, record in enumerate(records, 1)
    ]
    return collect_tagged(drafts, Collector[TaggedWords](source, strict, "record"))


def _record_draft(record: Any, line: int, names: Sequence[str] | None) -> Draft:
    """Check one object."""
    try:
        words, tags = _lists(record)
        named = [_name(word, tag, names) for word, tag in zip(words, tags, strict=True)]
    except UserError as error:
        return Draft([line], [], [], [(line, str(error))])
    return Draft([line] * len(words), words, named, [])


def _lists(record: Any) -> tuple[list[str], list[Any]]:
    """Find words and tags in an object.

    Raises:
        UserError: if they are missing, of unequal length, or not words.
    """
    if not isinstance(record, Mapping):
        raise UserError(f"a row must be an object, got {type(record).__name__}")
    found = []
    for keys in (WORDS, TAGS):
        key = next((key for key in keys if key in record), None)
        if key is None:
            has = shown(list(record))
            raise UserError(f"a row must have {' or '.join(keys)}, got {has}")
        value = record[key]
        if isinstance(value, str) or not isinstance(value, Sequence) or not value:
            raise UserError(f"{key} must be a list of one or more, got {shown(value)}")
        found.append(list(value))
    words, tags = found
    if len(words) != len(tags):
        raise UserError(f"there must be one tag a word, got {len(tags)}/{len(words)}")
    for place, word in enumerate(words):
        if not isinstance(word, str) or not word.strip():
            raise UserError(f"word {place} must be text, got {shown(word)}")
    return words, tags


def _name(word: str, tag: Any, names: Sequence[str] | None) -> str:
    """Name a tag, and check it.

    Raises:
        UserError: if it is neither a tag nor the number of a name.
    """
    if isinstance(tag, int) and not isinstance(tag, bool):
        if names is None:
            raise UserError(
                f"the tag of {shown(word)} is the number {shown(tag)}; give names, or "
                "write the tags as text"
            )
        if not 0 <= tag < len(names):
            raise UserError(
                f"the tag of {shown(word)} must be 0 to {len(names) - 1}, "
                f"got {shown(tag)}"
            )
        tag = names[tag]
    if not isinstance(tag, str) or not ANY_TAG.fullmatch(tag):
        raise UserError(_no_tag(word, tag))
    if names is not None and tag not in names:
        allowed = ", ".join(names)
        raise UserError(
            f"the tag of {shown(word)} must be one of {allowed}; got {shown(tag)}"
        )
    return tag
