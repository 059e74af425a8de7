r"""Read labelled texts from tables: TSV, CSV, JSON, and plain lines.

- `.tsv`: fields between tabs, nothing is quoted. GLUE's files have single quotation
  marks in their texts, which a reader of quoted fields would take for the start of
  one and then swallow lines up to the next. A file that pandas wrote is quoted, and
  `separators` tells the two apart.
- `.csv`: fields between commas, semicolons or tabs, quoted where they hold these,
  quotation marks (then doubled) or line ends. A backslash is a backslash.
- `.jsonl`: one object a line; `.json`: the same, or a list of objects.
- `.txt`: if labels are asked for, `label ||| text`, the form of the Stanford
  treebank's five classes, or fields between tabs; else one text a line.

Chapter: 14
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.documents import read_text
from bert_tutorial.tasks.rows import (
    Collector,
    NoJson,
    Rows,
    decode_json,
    json_rows,
    shown,
)
from bert_tutorial.tasks.sentiment.separators import (
    Record,
    Separator,
    separators,
    split_records,
)

__all__ = ["COLUMNS", "LabelledText", "read_table"]

UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")  # categories that a tokenizer leaves out
MINUS_ONE = frozenset({"-1", "-1.0"})  # what says in some files that a label is hidden

COLUMNS: dict[str, tuple[str, ...]] = {
    "text": (
        *("text", "sentence", "text_a", "sentence1", "#1 string", "premise"),
        *("question1", "review", "phrase", "tweet"),
    ),
    "pair": ("text_b", "sentence2", "#2 string", "hypothesis", "question2"),
    "label": (
        *("label", "labels", "quality", "class", "gold_label", "is_duplicate"),
        *("sentiment", "stars", "score", "similarity_score"),
    ),
}
"""Names that a column may have, in any case, by what it holds; the first one counts."""

ANSWERED = {"text": "question", "pair": "sentence"}  # both together: QNLI's pairs


def known_names(
    key: str, given: Mapping[str, str], seen: Iterable[str] = ()
) -> tuple[str, ...]:
    """Give the names, in small letters, that the column of a key may have.

    Args:
        key: of `COLUMNS`.
        given: names or numbers of columns, by key.
        seen: the names of all columns, in small letters.
    """
    if key in given:
        return (given[key].casefold(),)
    is_answered = set(ANSWERED.values()) <= set(seen) and given.keys().isdisjoint(
        ANSWERED
    )
    return (
        (ANSWERED[key], *COLUMNS[key])
        if is_answered and key in ANSWERED
        else COLUMNS[key]
    )


def find_places(
    path: Path, first: Sequence[str], given: Mapping[str, str], labelled: bool
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
    names = [name.strip().casefold() for name in first]
    digits = {k: given[k] for k in wanted if k in given and given[k].isdecimal()}
    if all(number in names for number in digits.values()):
        digits = {}  # a table whose columns are called by numbers
    numbers = {key: int(number) - 1 for key, number in digits.items()}
    for key, place in numbers.items():
        if not 0 <= place < len(first):
            raise UserError(
                f"{path}: line 1: the {key} must be in column 1 to {len(first)}, "
                f"got {place + 1}"
            )
    named = {}
    for key in wanted:
        if key in numbers or (key == "pair" and numbers and key not in given):
            continue
        known = known_names(key, given, names)
        hits = [name for name in known if name in names]
        if hits:
            if names.count(hits[0]) > 1:
                raise UserError(
                    f"{path}: line 1 names {names.count(hits[0])} columns {hits[0]!r}; "
                    f"say by number which one is meant (--{key}-column)"
                )
            named[key] = names.index(hits[0])
        elif numbers and key not in given:
            raise UserError(f"{path}: give the column of the {key} by number, too")
        elif key in given or key != "pair":
            raise UserError(f"{path}: {_no_column(key, known, names)}")
    is_names = named or any(names[numbers[k]] in COLUMNS[k] for k in numbers)
    return numbers | named, not is_names


def _no_column(key: str, known: Sequence[str], names: Sequence[str]) -> str:
    """Say that a table has no column of a name, and what helps."""
    seen = ", ".join(repr(name[:30]) for name in names[:12])
    return (
        f"line 1 must name a column for the {key} ({', '.join(known)}), got {seen}; "
        "say which column it is, by name or, without a line of names, by number "
        f"(--{key}-column)"
    )


def find_table(
    path: Path, text: str, given: Mapping[str, str], labelled: bool
) -> tuple[list[Record], dict[str, int], bool, Separator]:
    """Cut a table into records by the separator with which its columns are found.

    Raises:
        UserError: if they are found with none; it says what the likeliest one gives.
    """
    found = []
    errors: list[tuple[int, UserError]] = []
    is_numbered = any(number.isdecimal() for number in given.values())
    for separator, records in ways_to_cut(path.suffix.lower(), text, labelled):
        first = next((one for one in records if one.fields), None)
        if first is None:
            return records, {}, False, separator
        try:
            fields = first.fields
            if path.suffix.lower() == ".txt" and separator.text in (None, "|||"):
                fields = ["label", "text"] if labelled else ["text"]
                places, is_row = find_places(path, fields, {}, labelled)[0], True
            else:
                places, is_row = find_places(path, fields, given, labelled)
        except UserError as error:
            errors.append((len(first.fields), error))
            continue
        found.append((records, places, is_row, separator))
        if not is_numbered or is_even(records):
            return found[-1]
    if found:
        return found[0]
    raise max(errors, key=lambda pair: pair[0])[1]


def ways_to_cut(
    kind: str, text: str, labelled: bool
) -> Iterator[tuple[Separator, list[Record]]]:
    """Cut a table by each separator; those at which its first row breaks come last."""
    broken = []
    for separator in separators(kind, text, labelled):
        records = list(split_records(text, separator))
        if records and records[0].fault:
            broken.append((separator, records))
        else:
            yield separator, records
    yield from broken


def is_even(records: Sequence[Record]) -> bool:
    """Tell whether nearly all rows have the fields of the first, and more than one."""
    widths = [len(record.fields) for record in records[:100]]
    return widths[0] > 1 and widths.count(widths[0]) > 0.9 * len(widths)


FORMS = (".tsv", ".csv", ".jsonl", ".json", ".txt")
USUAL = {".csv": ",", ".tsv": "\t", ".txt": "|||"}


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
    are_values: bool = False,
) -> Rows[LabelledText]:
    """Read a table of texts.

    Args:
        file: .tsv, .csv, .jsonl, .json or .txt, UTF-8.
        strict: refuse the file at the first bad row instead of skipping it.
        columns: names for "text", "pair" or "label", where `COLUMNS` does not have
            them. Whole numbers, counted from 1, are places in a table without a first
            line of names.
        labelled: every row must have a label; else labels are "".
        are_values: labels are values on a scale, of which -1 may be one.

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
        read_text(path)  # what is no text is named first
        raise UserError(
            f"{file}: a table must end in one of {', '.join(FORMS)}, "
            f"got {path.suffix or 'no ending'!r}"
        )
    collector = Collector[LabelledText](file, strict)
    # Spreadsheets may write their separator into a line of its own before the names.
    text = re.sub(r"\Asep=.\r?(?=\n)", "", read_text(path))
    if path.suffix.lower() in (".jsonl", ".json"):
        _read_objects(path, text, given, labelled, are_values, collector)
    else:
        _read_records(path, text, given, labelled, are_values, collector)
    return collector.finish()


def _read_records(
    path: Path,
    text: str,
    given: Mapping[str, str],
    labelled: bool,
    are_values: bool,
    collector: Collector[LabelledText],
) -> None:
    """Read the rows of a table of fields."""
    records, places, is_row, separator = find_table(path, text, given, labelled)
    if separator.text not in (USUAL.get(path.suffix.lower()), None) or (
        separator.is_quoted and path.suffix.lower() != ".csv"
    ):
        collector.rows.notes.append(separator.note())
    place = places.get("label", 0)
    column = [r.fields[place] for r in records if place < len(r.fields)]
    # the first row of a table whose columns are given by number may be names, too
    start = not is_row or (len(column) > 2 and bool(given) and not is_number(column[0]))
    name = "" if is_row or not column else column[0]
    hidden = hidden_labels(column[start:], name, are_values)
    width = 0
    for record in records:
        if record.fault:
            collector.skip(record.line, record.fault)
            continue
        if not width:
            width = len(record.fields) if separator.text != "|||" else 2
            if not is_row:
                continue
        if len(record.fields) != width:
            reason = f"a row must have {width} fields, got {len(record.fields)}"
            collector.skip(record.line, reason)
            continue
        found = {key: record.fields[place] for key, place in places.items()}
        _take(record.line, found, labelled, collector, hidden)
    if is_row and given and labelled:
        _skip_names(collector)


def _skip_names(collector: Collector[LabelledText]) -> None:
    """Leave out a first row that is a line of names: the only label not a number."""
    rows = collector.rows
    if len(rows) < 3 or is_number(rows[0].label):
        return
    if all(is_number(row.label) for row in rows[1:]):
        first = rows.pop(0)
        collector.skip(
            first.line,
            f"this looks like a line of names: of all labels {shown(first.label)} "
            "alone is no number; give the columns by name",
        )


def is_number(text: str) -> bool:
    """Tell whether a label is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def hidden_labels(
    labels: Iterable[str], column: str = "", are_values: bool = False
) -> set[str]:
    """Decide for a whole file whether -1 says that a label is hidden.

    It does where it is the only label, as in the tests of GLUE, and beside several
    names or the numbers of several classes, as in SNLI. It is a label beside one other
    label only, beside 0 and 1, and beside other numbers below 0 or with a fraction, as
    in files of ratings; and beside any other value, where labels are values.

    In SNLI's own files, whose column is called gold_label, it is written as -.

    Args:
        labels: of all rows.
        column: its name.
        are_values: labels are values on a scale.

    Returns:
        The labels that are none.
    """
    dash = {"-"} if column.strip().casefold() == "gold_label" else set()
    found = {label.strip() for label in labels} - dash
    others = found - MINUS_ONE
    numbers = {float(label) for label in others if is_number(label)}
    is_scale = any(n < 0 or n % 1 for n in numbers if math.isfinite(n))
    is_binary = len(numbers) == len(others) and numbers <= {0.0, 1.0}
    is_label = others and (len(others) == 1 or is_binary or is_scale or are_values)
    return dash if is_label else dash | MINUS_ONE


def _read_objects(
    path: Path,
    text: str,
    given: Mapping[str, str],
    labelled: bool,
    are_values: bool,
    collector: Collector[LabelledText],
) -> None:
    """Read the rows of JSON."""
    known = known_names("label", given)
    refuse_one_object(path, text, given)
    rows = list(json_rows(text, path.suffix.lower() == ".jsonl"))
    objects = (folded(values) for _, values in rows if isinstance(values, dict))
    labels = [hit for values in objects if (hit := look_up(values, known)) is not None]
    texts = [text for _, label in labels if isinstance(text := label_text(label), str)]
    hidden = hidden_labels(texts, labels[0][0] if labels else "", are_values)
    for line, values in rows:
        _read_object(line, values, given, labelled, collector, hidden)


def refuse_one_object(path: Path, text: str, given: Mapping[str, str]) -> None:
    """Refuse a file that is one object with all rows in it, as many programs write.

    Raises:
        UserError: naming its keys, and what helps.
    """
    whole = decode_json(text) if text.lstrip().startswith("{") else None
    if not isinstance(whole, dict):
        return
    hit = look_up(folded(whole), known_names("text", given))
    is_row = hit is not None and isinstance(hit[1], str)
    if not is_row and any(isinstance(value, list | dict) for value in whole.values()):
        raise UserError(
            f"{path} must hold a list of objects or one object a line, got one object "
            f"with the keys {shown(list(whole), 100)}; pandas writes lines with "
            'to_json(FILE, orient="records", lines=True)'
        )


def folded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write the keys of an object in small letters."""
    return {str(key).casefold(): value for key, value in values.items()}


def look_up(values: Mapping[str, Any], names: Iterable[str]) -> tuple[str, Any] | None:
    """Find the first of some keys that an object has, and its value.

    Args:
        values: the object, its keys in small letters.
        names: of keys; one with a dot may be that of an inner object, as "meta.label".
    """
    for name in names:
        if name in values:
            return name, values[name]
        outer, _, inner = name.partition(".")
        found = values.get(outer)
        if inner and isinstance(found, dict):
            hit = look_up(folded(found), [inner])
            if hit is not None:
                return name, hit[1]
    return None


def _read_object(
    line: int,
    values: Any,
    given: Mapping[str, str],
    labelled: bool,
    collector: Collector[LabelledText],
    hidden: Set[str],
) -> None:
    """Read one JSON object."""
    if isinstance(values, NoJson):
        collector.skip(line, f"a line must be one JSON object, got {values.reason}")
        return
    if not isinstance(values, dict):
        kind = type(values).__name__
        collector.skip(line, f"a line must be one JSON object, got a {kind}")
        return
    small = folded(values)
    found: dict[str, str] = {}
    for key in COLUMNS:
        if key == "label" and not labelled:
            continue
        known = known_names(key, given, small)
        hit = look_up(small, known)
        value = None if hit is None else hit[1]
        if key == "label":
            value = label_text(value)
        if isinstance(value, str):
            found[key] = value
        elif value is not None:
            collector.skip(line, no_text(key, known[0], value))
            return
        elif hit is not None and key != "pair":
            collector.skip(line, f"a row must have a {key}, got null")
            return
        elif key in given or key != "pair":
            collector.skip(line, no_key(key, known, list(small)))
            return
    _take(line, found, labelled, collector, hidden)


def no_text(key: str, name: str, value: Any) -> str:
    """Say that a value is no text; of an object, that a key in it can be named."""
    reason = f"the {key} must be a text, got {shown(value)}"
    inner = next(iter(value), "") if isinstance(value, dict) else ""
    if re.fullmatch(r"\w{1,40}", inner):
        reason += f"; name a key in it (--{key}-column {name}.{inner})"
    return reason


def no_key(key: str, known: Sequence[str], seen: Sequence[str]) -> str:
    """Say that an object has no key of a name, and what helps."""
    return (
        f"the object must have a key for the {key} ({', '.join(known)}), got "
        f"{shown(seen, 200)}; name it (--{key}-column), one in an inner object as "
        "outer.inner"
    )


def label_text(value: Any) -> Any:
    """Write a label that is a number or a truth value as text; not NaN."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    is_finite = isinstance(value, float) and math.isfinite(value)
    return str(value) if is_finite or isinstance(value, int) else value


def visible(text: str) -> str:
    """Strip a text; one of nothing but spaces and marks of direction is empty."""
    kinds = (unicodedata.category(character) for character in text.strip())
    return text.strip() if any(kind not in UNSEEN for kind in kinds) else ""


def _take(
    line: int,
    found: Mapping[str, str],
    labelled: bool,
    collector: Collector[LabelledText],
    hidden: Set[str],
) -> None:
    """Take a row, or say what it lacks."""
    text, pair = visible(found.get("text", "")), found.get("pair")
    label = found.get("label", "").strip() if labelled else ""
    if not text:
        collector.skip(line, "a row must have a text, got none")
    elif pair is not None and not visible(pair):
        collector.skip(line, "a row must have a second text, got none")
    elif labelled and not label:
        collector.skip(line, "a row must have a label, got none")
    elif labelled and label in hidden:
        means = (
            "that there is none"
            if label == "-"
            else "hidden beside labels like these; write it as a word in all files, "
            "such as minus1, if it is a class"
        )
        collector.skip(
            line, f"a row must have a label, got {label}, which says {means}"
        )
    else:
        collector.add(LabelledText(text, pair and pair.strip(), label, line))
