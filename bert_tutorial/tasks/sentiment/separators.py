r"""How a table parts its fields: the separator, and whether fields are quoted.

The ending of a file says what to expect, its first record what is there: a `.csv` may
have semicolons or tabs, as spreadsheets of many countries write them, and a `.tsv` may
have been written by pandas, which puts quotation marks around a field that holds a tab,
a line end or a quotation mark, and doubles those inside.

Chapter: 14
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Separator", "is_quoted", "separators", "split_records"]

BARS = "|||"
NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", BARS: BARS}


class Separator(NamedTuple):
    """What stands between two fields, and whether fields may be quoted.

    `text` is None for a file of one text a line.
    """

    text: str | None
    is_quoted: bool = False

    def note(self) -> str:
        """Say it in a few words."""
        quoted = ", with quotation marks" if self.is_quoted else ""
        return f"fields are parted by {NAMES[self.text or '']}{quoted}"


class Record(NamedTuple):
    """A row: its first line, and its fields, or the reason why it has none."""

    line: int
    fields: list[str]
    fault: str = ""


def separators(kind: str, text: str, labelled: bool) -> list[Separator]:
    """List what may part the fields of a file, the most likely first.

    Args:
        kind: the ending of its name, in small letters.
        text: all of it.
        labelled: rows must have a label beside their text.
    """
    quoted = {mark: Separator(mark, True) for mark in ",;\t|"}
    tabs = quoted["\t"] if is_quoted(text, "\t") else Separator("\t")
    if kind == ".csv":
        return [quoted[mark] for mark in ",;\t|"]
    if kind == ".tsv":
        return [tabs, quoted[","], quoted[";"]]
    first = text.lstrip("\n").split("\n", 1)[0]
    if not labelled:
        return [Separator(None)]
    return [tabs] if "\t" in first and BARS not in first else [Separator(BARS)]


def is_quoted(text: str, separator: str) -> bool:
    """Tell whether a table was written by a program that quotes fields.

    That is so if each field with a quotation mark is quoted as a whole, and either
    none of them is without need, or those that are fill whole columns. A text with
    quotation marks of its own, as GLUE has them, is not taken for quoted.
    """
    if '"' not in text:
        return False
    widths = {line.count(separator) for line in text.split("\n") if line.strip()}
    # Cut plainly, each line is a row. Commas stand in texts, so they tell nothing.
    is_even = separator == "\t" and len(widths) == 1 and widths != {0}
    field = re.compile(
        rf'(?:"((?:[^"]|"")*)"|([^"\n{separator}]*))([\n{separator}]|\Z)'
    )
    special = re.compile(rf'["\n{separator}]')
    place = row = column = 0
    plain: set[int] = set()  # columns with a field that is not quoted
    needless: set[int] = set()  # columns with one that is quoted without need
    while place < len(text):
        match = field.match(text, place)
        if match is None:
            return False
        if is_even and {"\n", "\t"} <= set(match[1] or ""):
            return False  # a quotation over two rows would melt them into one
        if row and match[1] is not None and not special.search(match[1]):
            needless.add(column)
        elif row and match[2]:
            plain.add(column)
        place = match.end()
        is_end = match[3] != separator
        row, column = row + is_end, 0 if is_end else column + 1
    return not (plain & needless)  # the first row, perhaps of names, does not count


def split_records(text: str, separator: Separator) -> Iterator[Record]:
    """Cut a table into its rows; empty lines are passed over.

    Args:
        text: all of it.
        separator: one of `separators`.
    """
    if separator.is_quoted:
        yield from _quoted_records(text, separator.text or ",")
        return
    for number, line in enumerate(text.split("\n"), start=1):  # not splitlines: U+2028
        if not line.strip():
            continue
        if separator.text is None:
            yield Record(number, [line.strip()])
        elif separator.text == BARS:
            yield Record(number, [part.strip() for part in line.split(BARS, 1)])
        else:
            yield Record(number, line.split(separator.text))


def is_spaced(text: str, mark: str) -> bool:
    """Tell whether fields are quoted after a space that follows the separator.

    That is so if all that looks like the start of such a field is a whole one.
    """
    starts = re.findall(rf'{re.escape(mark)} +"', text)
    if not starts:
        return False
    whole = rf'{re.escape(mark)} +"(?:[^"]|"")*"(?=[\n{re.escape(mark)}]|\Z)'
    return len(re.findall(whole, text)) == len(starts)


def _quoted_records(text: str, mark: str) -> Iterator[Record]:
    """Read quoted fields; a record may have line ends in it."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=mark,
        strict=True,
        skipinitialspace=is_spaced(text, mark),
    )
    while True:
        line = reader.line_num + 1
        # No field is longer than the text; the module's own limit is 131,072.
        limit = csv.field_size_limit(len(text) + 1)
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = reader.line_num
            rest = f", lines {line} to {last} are lost" if last > line else ""
            yield Record(
                line,
                [],
                f"quotation marks do not pair up ({error}){rest}; inside a quoted "
                "field they are doubled, not written with a backslash",
            )
            continue
        finally:
            csv.field_size_limit(limit)
        if fields:
            yield Record(line, fields)
