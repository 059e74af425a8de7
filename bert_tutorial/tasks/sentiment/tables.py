r"""Read labelled texts from tables: TSV, CSV, JSON lines, and plain lines.

- `.tsv`: fields between tabs, nothing is quoted. GLUE's files have single quotation
  marks in their texts, which a reader of quoted fields would take for the start of
  one and then swallow lines up to the next.
- `.csv`: fields between commas, quoted where they hold commas, quotation marks (then
  doubled) or line ends. A backslash is a backslash.
- `.jsonl`: one object a line.
- `.txt`: `label ||| text`, the form of the Stanford treebank's five classes, if all
  labels are asked for; else one text a line.

Chapter: 14
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.documents import read_text
from bert_tutorial.tasks.rows import Collector, Rows, shown

__all__ = ["COLUMNS", "LabelledText", "read_table"]

COLUMNS: dict[str, tuple[str, ...]] = {
    "text": ("text", "sentence", "text_a", "sentence1", "#1 string", "premise"),
    "pair": ("text_b", "sentence2", "#2 string", "hypothesis"),
    "label": ("label", "labels", "quality", "class", "gold_label"),
}
"""Names that a column may have, in any case, by what it holds."""


def known_names(key: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """Give the names, in small letters, that the column of a key may have."""
    return (given[key].casefold(),) if key in given else COLUMNS[key]


def find_places(
    path: Path, first: list[str], given: Mapping[str, str], labelled: bool
) -> tuple[dict[str, int], bool]:
    """Find the columns, and whether the first record is a row already.

    Args:
        path: of the table, named in errors.
        first: its first record.
        given: names or numbers of columns, by key.
        labelled: a column of labels must be there.

    Raises:
        UserError: if a column is missing, or a number is outside the record.
    """
    wanted = [key for key in COLUMNS if key != "label" or labelled]
    numbers = [given[key] for key in wanted if key in given]
    names = [name.strip().casefold() for name in first]
    if numbers and all(n.isdecimal() and n not in names for n in numbers):
        places = {key: int(given[key]) - 1 for key in wanted if key in given}
        for key in wanted:
            if key != "pair" and key not in places:
                raise UserError(f"{path}: give the column of the {key} by number, too")
        for key, place in places.items():
            if not 0 <= place < len(first):
                raise UserError(
                    f"{path}: line 1: the {key} must be in column 1 to {len(first)}, "
                    f"got {place + 1}"
                )
        return places, True
    found = {}
    for key in wanted:
        known = known_names(key, given)
        hits = [names.index(name) for name in known if name in names]
        if hits:
            found[key] = hits[0]
        elif key in given or key != "pair":
            shown = ", ".join(repr(name[:30]) for name in first[:8])
            raise UserError(
                f"{path}: line 1 must name a column for the {key} "
                f"({', '.join(known)}), got {shown}; say which column it is, by name "
                "or, without a line of names, by number"
            )
    return found, False


BARS = "|||"
FORMS = (".tsv", ".csv", ".jsonl", ".txt")


class LabelledText(NamedTuple):
    """A text or a pair of texts with its label as the file has it, and its line."""

    text: str
    pair: str | None
    label: str
    line: int


def read_table(
    file: str | Path,
    *,
    strict: bool = True,
    columns: Mapping[str, str] | None = None,
    labelled: bool = True,
) -> Rows[LabelledText]:
    """Read a table of texts.

    Args:
        file: .tsv, .csv, .jsonl or .txt, UTF-8.
        strict: refuse the file at the first bad row instead of skipping it.
        columns: names for "text", "pair" or "label", where `COLUMNS` does not have
            them. Whole numbers, counted from 1, are places in a table without a first
            line of names.
        labelled: every row must have a label; else labels are "".

    Returns:
        The rows in the file's order; for a file in which each row has a second text,
        with that.

    Raises:
        UserError: file, line and reason, if the reading is strict; always if a
            column is missing or no row is good.
        FileNotFoundError: there is no such file.
    """
    path = Path(file)
    given = dict(columns or {})
    if path.suffix.lower() not in FORMS:
        raise UserError(
            f"{file}: a table must end in one of {', '.join(FORMS)}, "
            f"got {path.suffix or 'no ending'!r}"
        )
    collector = Collector[LabelledText](file, strict)
    records = _records(path, labelled, collector)
    if path.suffix.lower() == ".jsonl":
        _read_objects(records, given, labelled, collector)
    else:
        first = next(records, None)
        if first is None:
            return collector.finish()
        places, is_row = find_places(path, first[1], given, labelled)
        width = len(first[1])
        rows = _chain(first, records) if is_row else records
        for line, fields in rows:
            if len(fields) != width:
                reason = f"a row must have {width} fields, got {len(fields)}"
                collector.skip(line, reason)
                continue
            found = {key: fields[place] for key, place in places.items()}
            _take(line, found, labelled, collector)
    return collector.finish()


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _records(
    path: Path, labelled: bool, collector: Collector[LabelledText]
) -> Iterator[tuple[int, Any]]:
    """Give the records of a file with the line on which each begins."""
    text = read_text(path)
    kind = path.suffix.lower()
    if kind == ".csv":
        yield from _csv_records(text, collector)
        return
    lines = text.split("\n")  # not splitlines: U+2028 and others may stand in a text
    if kind == ".txt":
        yield 0, ["label", "text"] if labelled else ["text"]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if kind == ".tsv":
            yield number, line.split("\t")
        elif kind == ".jsonl":
            yield number, line
        elif labelled:
            yield number, [part.strip() for part in line.split(BARS, 1)]
        else:
            yield number, [line.strip()]


def _csv_records(
    text: str, collector: Collector[LabelledText]
) -> Iterator[tuple[int, list[str]]]:
    """Read quoted fields; a record may have line ends in it."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        # No field is longer than the text; the module's own limit is 131,072.
        limit = csv.field_size_limit(len(text) + 1)
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            collector.skip(
                line,
                f"quotation marks do not pair up ({error}); inside a quoted field they "
                "are doubled, not written with a backslash",
            )
            continue
        finally:
            csv.field_size_limit(limit)
        if fields:
            yield line, fields


def _read_objects(
    records: Iterator[tuple[int, str]],
    given: Mapping[str, str],
    labelled: bool,
    collector: Collector[LabelledText],
) -> None:
    """Read one JSON object a line."""
    for line, text in records:
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            collector.skip(line, f"a line must be one JSON object, got {error}")
            continue
        if not isinstance(values, dict):
            kind = type(values).__name__
            collector.skip(line, f"a line must be one JSON object, got a {kind}")
            continue
        values = {str(key).casefold(): value for key, value in values.items()}
        found: dict[str, str] = {}
        reason = ""
        for key in COLUMNS:
            known = known_names(key, given)
            value = next((values[name] for name in known if name in values), None)
            if (
                isinstance(value, int)
                and not isinstance(value, bool)
                and key == "label"
            ):
                value = str(value)
            if isinstance(value, str):
                found[key] = value
            elif value is not None and (key != "label" or labelled):
                reason = f"the {key} must be a text, got {shown(value)}"
            elif key in given and (key != "label" or labelled):
                reason = f"the object must have the key {given[key]!r}"
        if reason:
            collector.skip(line, reason)
        else:
            _take(line, found, labelled, collector)


def _take(
    line: int,
    found: Mapping[str, str],
    labelled: bool,
    collector: Collector[LabelledText],
) -> None:
    """Take a row, or say what it lacks."""
    text, pair = found.get("text", "").strip(), found.get("pair")
    label = found.get("label", "").strip() if labelled else ""
    if not text:
        collector.skip(line, "a row must have a text, got none")
    elif pair is not None and not pair.strip():
        collector.skip(line, "a row must have a second text, got none")
    elif labelled and not label:
        collector.skip(line, "a row must have a label, got none")
    elif labelled and label == "-1":
        collector.skip(line, "a row must have a label, got -1, which says hidden")
    else:
        collector.add(LabelledText(text, pair and pair.strip(), label, line))
