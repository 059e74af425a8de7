r"""Read question-answering files: SQuAD 1.1 and 2.0, nested or one question a row.

The published files nest articles, paragraphs and questions. Data hubs hold the same
questions as flat rows, whose `answers` are two lists, `text` and `answer_start`; as one
JSON file or as JSON lines. Some libraries ask for a list of paragraphs with their
questions. All of these are read into one kind of `SquadItem`.

Chapter: 16
"""

import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError, how_many
from bert_tutorial.pretraining.documents import read_text
from bert_tutorial.tasks.rows import Collector, Rows, shown

__all__ = ["SquadItem", "read_squad"]


class SquadItem(NamedTuple):
    """A question, its passage, and the answers that people gave.

    `answers` holds (text, first character in the context); it is empty where the
    passage has no answer, and then `is_impossible` is True.
    """

    id: str
    question: str
    context: str
    answers: list[tuple[str, int]]
    is_impossible: bool


class _BadRowError(UserError):
    """What is wrong with one question."""


def read_squad(
    file: str | os.PathLike[str], *, strict: bool = True, labelled: bool = True
) -> Rows[SquadItem]:
    """Read the questions of a file, in its order.

    A question is refused if a key is missing or of a wrong type, if question, context
    or an answer is empty, if its id stands there twice, or if an answer does not stand
    at its `answer_start` (counted in characters, not in bytes or UTF-16 units).

    Args:
        file: JSON or JSON lines, UTF-8.
        strict: refuse the file at the first bad question instead of skipping it.
        labelled: read the answers; else they are not looked at and need not be there,
            and a question without an id gets its number.

    Returns:
        The questions; `.skipped` and `.report()` tell what was left out and why.

    Raises:
        FileNotFoundError: there is no such file.
        UserError: the file is not UTF-8, is not JSON, holds no question, or (strict)
            holds a bad one; the message names file, question, id and reason.
    """
    collector = Collector[SquadItem](os.fspath(file), strict, unit="question")
    seen: set[str] = set()
    rows = _rows(_parse(file), os.fspath(file))
    for number, (row, context, where) in enumerate(rows, 1):
        try:
            item = _item(row, context) if labelled else _asked(row, context, number)
            if item.id in seen:
                raise _BadRowError("the id must be unique, it is there already")
        except _BadRowError as error:
            name = row.get("id") if isinstance(row, dict) else None
            prefix = f"id {shown(name)}" if name is not None else where
            collector.skip(number, f"{prefix}: {error}")
        else:
            seen.add(item.id)
            collector.add(item)
    return collector.finish()


def _parse(file: str | os.PathLike[str]) -> list[Any]:
    """Read JSON or JSON lines; give the articles or rows."""
    text = read_text(file)
    if not text.strip():
        raise UserError(f"{os.fspath(file)}: the file must hold questions, it is empty")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [x for x in enumerate(text.split("\n"), 1) if x[1].strip()]
        if len(lines) == 1 or not lines[0][1].rstrip().endswith("}"):
            raise UserError(f"{os.fspath(file)} is not JSON: {error}") from None
        return [_parse_line(file, number, line) for number, line in lines]
    if isinstance(found, dict) and "data" in found:
        found = found["data"]
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise UserError(
            f"{os.fspath(file)}: the file must hold a list of articles or rows, "
            f"or have one under 'data'; got {type(found).__name__}"
        )
    return found


def _parse_line(file: str | os.PathLike[str], number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{os.fspath(file)}: line {number} is not JSON: {error}"
        ) from None


def _rows(found: list[Any], file: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield each question with its context and where it stands."""
    for index, entry in enumerate(found, 1):
        if isinstance(entry, dict) and "qas" in entry and "paragraphs" not in entry:
            for row in _list(entry, "qas", f"{file}: paragraph {index}"):
                yield row, entry.get("context"), f"paragraph {index}"
            continue
        if not isinstance(entry, dict) or "paragraphs" not in entry:
            context = entry.get("context") if isinstance(entry, dict) else None
            yield entry, context, f"row {index}"
            continue
        paragraphs = _list(entry, "paragraphs", f"{file}: article {index}")
        for place, paragraph in enumerate(paragraphs, 1):
            where = f"article {index}, paragraph {place}"
            for row in _list(paragraph, "qas", f"{file}: {where}"):
                yield row, paragraph.get("context"), where


def _list(entry: Any, key: str, where: str) -> list[Any]:
    found = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(found, list):
        raise UserError(f"{where}: {key!r} must be a list, got {shown(found)}")
    return found


def _asked(row: Any, context: Any, number: int) -> SquadItem:
    """Check a question whose answers are not looked at."""
    if isinstance(row, dict):
        row = {"id": str(number), **row, "answers": [], "is_impossible": True}
    return _item(row, context)


def _item(row: Any, context: Any) -> SquadItem:
    """Check one question."""
    if not isinstance(row, dict):
        raise _BadRowError(f"a row must be an object of keys, got {shown(row)}")
    for key in ("id", "question", "answers"):
        if key not in row:
            raise _BadRowError(
                f"the key {key!r} is missing; found {shown(sorted(row))}"
            )
    if isinstance(row["id"], bool) or not isinstance(row["id"], str | int):
        raise _BadRowError(f"id must be text, got {shown(row['id'])}")
    question = _text(row["question"], "question")
    context = _text(context, "context")
    answers = [_answer(*pair, context) for pair in _pairs(row["answers"])]
    is_impossible = row.get("is_impossible", not answers)
    if not isinstance(is_impossible, bool):
        raise _BadRowError(
            f"is_impossible must be true or false, got {shown(is_impossible)}"
        )
    if is_impossible == bool(answers):
        raise _BadRowError(
            f"is_impossible is {str(is_impossible).lower()}, but the question has "
            f"{how_many(len(answers), 'answer')}"
        )
    return SquadItem(str(row["id"]), question, context, answers, is_impossible)


def _pairs(answers: Any) -> list[tuple[Any, Any]]:
    """Take answers apart: a list of objects, or an object of two lists."""
    keys = ("text", "answer_start")
    if isinstance(answers, dict):
        texts, starts = (answers.get(key) for key in keys)
        if not isinstance(texts, list) or not isinstance(starts, list):
            raise _BadRowError("answers must hold two lists, 'text' and 'answer_start'")
        if len(texts) != len(starts):
            raise _BadRowError(
                f"answers must hold as many starts as texts, got {len(starts)} and "
                f"{len(texts)}"
            )
        return list(zip(texts, starts, strict=True))
    if not isinstance(answers, list):
        raise _BadRowError(f"answers must be a list, got {shown(answers)}")
    for one in answers:
        if not isinstance(one, dict) or any(key not in one for key in keys):
            raise _BadRowError(
                f"an answer must have 'text' and 'answer_start', got {shown(one)}"
            )
    return [(one["text"], one["answer_start"]) for one in answers]


def _answer(text: Any, start: Any, context: str) -> tuple[str, int]:
    """Check that an answer stands where it says."""
    text = _text(text, "the answer's text")
    if isinstance(start, bool) or not isinstance(start, int):
        raise _BadRowError(f"answer_start must be a whole number, got {shown(start)}")
    if start < 0 or context[start : start + len(text)] != text:
        there = context[start : start + len(text)] if start >= 0 else ""
        place = context.find(text)
        also = f"; it stands at {place}" if place >= 0 else "; it stands nowhere"
        raise _BadRowError(
            f"the answer {shown(text)} must stand at answer_start {shown(start)}, "
            f"there is {shown(there)}{also}"
        )
    return text, start


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _BadRowError(f"{name} must be text that is not empty, got {shown(value)}")
    return value
