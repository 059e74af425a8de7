"""Read tagged sentences in the form of the hub: one object a sentence.

Each object has a list of words (`tokens` or `words`) and a list of tags (`ner_tags`,
`tags` or `ner`). Tags are names, or numbers into a list of names that is given beside
the data.

Chapter: 15
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bert_tutorial.conll import TAG, Draft, TaggedWords, collect_tagged, read_conll
from bert_tutorial.data import read_text
from bert_tutorial.task_files import Collector, Rows, shown

__all__ = ["read_tagged", "read_tagged_json", "tagged_records"]

WORDS = ("tokens", "words")
TAGS = ("ner_tags", "tags", "ner")


def read_tagged(
    file: str | Path, *, names: Sequence[str] | None = None, strict: bool = True
) -> Rows[TaggedWords]:
    """Read a file by its ending: .json and .jsonl as JSON lines, all else as CoNLL.

    Args:
        file: UTF-8.
        names: of numbered tags in JSON, in the order of their numbers.
        strict: refuse the file at the first bad row; else skip its sentence.

    Returns:
        The sentences in the order of the file, their tags in BIO.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: as `read_conll` and `read_tagged_json` say.
    """
    if Path(file).suffix.lower() in (".json", ".jsonl"):
        return read_tagged_json(file, names=names, strict=strict)
    return read_conll(file, strict=strict)


def read_tagged_json(
    file: str | Path, *, names: Sequence[str] | None = None, strict: bool = True
) -> Rows[TaggedWords]:
    """Read JSON lines.

    Args:
        file: UTF-8, one object a line; blank lines are passed over.
        names: of numbered tags, in the order of their numbers.
        strict: refuse the file at the first bad row; else skip and count it.

    Returns:
        The sentences in the order of the file, their tags in BIO.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8 text, has a bad row (strict), or no sentence.
    """
    drafts = []
    for line, text in enumerate(read_text(file).split("\n"), 1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            drafts.append(Draft([line], [], [], [(line, f"not JSON: {error}")]))
            continue
        drafts.append(_draft(record, line, names))
    return collect_tagged(drafts, Collector[TaggedWords](file, strict))


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
        ValueError: if a record is bad (strict), or none is left.
    """
    drafts = [_draft(record, line, names) for line, record in enumerate(records, 1)]
    return collect_tagged(drafts, Collector[TaggedWords](source, strict, "record"))


def _draft(record: Any, line: int, names: Sequence[str] | None) -> Draft:
    """Check one object."""
    try:
        words, tags = _lists(record)
        named = [_name(word, tag, names) for word, tag in zip(words, tags, strict=True)]
    except ValueError as error:
        return Draft([line], [], [], [(line, str(error))])
    return Draft([line] * len(words), words, named, [])


def _lists(record: Any) -> tuple[list[str], list[Any]]:
    """Find words and tags in an object.

    Raises:
        ValueError: if they are missing, of unequal length, or not words.
    """
    if not isinstance(record, Mapping):
        raise ValueError(f"a row must be an object, got {type(record).__name__}")
    found = []
    for keys in (WORDS, TAGS):
        key = next((key for key in keys if key in record), None)
        if key is None:
            has = shown(list(record))
            raise ValueError(f"a row must have {' or '.join(keys)}, got {has}")
        value = record[key]
        if isinstance(value, str) or not isinstance(value, Sequence) or not value:
            raise ValueError(f"{key} must be a list of one or more, got {shown(value)}")
        found.append(list(value))
    words, tags = found
    if len(words) != len(tags):
        raise ValueError(f"there must be one tag a word, got {len(tags)}/{len(words)}")
    for place, word in enumerate(words):
        if not isinstance(word, str) or not word.strip():
            raise ValueError(f"word {place} must be text, got {shown(word)}")
    return words, tags


def _name(word: str, tag: Any, names: Sequence[str] | None) -> str:
    """Name a tag, and check it.

    Raises:
        ValueError: if it is neither a tag nor the number of a name.
    """
    if isinstance(tag, int) and not isinstance(tag, bool):
        if names is None:
            raise ValueError(
                f"the tag of {shown(word)} is the number {shown(tag)}; give names"
            )
        if not 0 <= tag < len(names):
            raise ValueError(
                f"the tag of {shown(word)} must be 0 to {len(names) - 1}, "
                f"got {shown(tag)}"
            )
        tag = names[tag]
    if not isinstance(tag, str) or not TAG.fullmatch(tag):
        raise ValueError(
            f"the tag of {shown(word)} must be O, B-type or I-type, got {shown(tag)}"
        )
    if names is not None and tag not in names:
        allowed = ", ".join(names)
        raise ValueError(
            f"the tag of {shown(word)} must be one of {allowed}; got {shown(tag)}"
        )
    return tag
