"""Rows of a labelled file: what was read, what was skipped, and why.

Every reader of task data goes through a `Collector`. Strict, it refuses the file at
the first bad row, with file, line and reason; lenient, it skips the row and counts it.

Chapter: 14
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from bert_tutorial.files.errors import UserError, how_many

__all__ = ["Collector", "Rows", "Skipped"]

T = TypeVar("T")


def shown(value: Any, width: int = 60) -> str:
    """Show a value from outside in a message: on one line, and not endless.

    Args:
        value: anything that a file can hold.
        width: characters at most.
    """
    try:
        text = repr(value)
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deeply to show"
    return text if len(text) <= width else f"{text[: width - 3]}..."


class NoJson(NamedTuple):
    """A row that should be JSON and is not: its text, and what is wrong with it."""

    text: str
    reason: str


def decode_json(text: str) -> Any:
    """Decode JSON, or give a `NoJson` that says why not."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return NoJson(text.strip(), str(error))


def json_rows(text: str, lines: bool = False) -> Iterator[tuple[int, Any]]:
    """Give line and value of each row of a file that holds a list, or one row a line.

    Args:
        text: the whole file.
        lines: it is one row a line, even if the first row is a list.

    Returns:
        Pairs; the value of a row that is not JSON is a `NoJson`.
    """
    whole = None
    if not lines and text.lstrip().startswith("["):
        whole = decode_json(text)
        # not one list, but its first line is whole: then it is one row a line
        first = decode_json(text.lstrip().split("\n")[0])
        if isinstance(whole, NoJson) and isinstance(first, NoJson):
            yield 1, whole
            return
    if not isinstance(whole, list):
        for line, row in enumerate(text.split("\n"), 1):
            if row.strip():
                yield line, decode_json(row)
        return
    decoder, place = json.JSONDecoder(), text.index("[") + 1
    line, counted = 1, 0
    for item in whole:
        while text[place] in " \t\n\r,":
            place += 1
        line, counted = line + text.count("\n", counted, place), place
        yield line, item
        _, place = decoder.raw_decode(text, place)


class Skipped(NamedTuple):
    """A row that was left out: its line or number, counted from 1, and the reason."""

    line: int
    reason: str


class Rows(list[T]):
    """The rows of a file, in its order, with those that were skipped."""

    def __init__(self, source: str, unit: str = "line") -> None:
        """Start empty; `source` names the file, `unit` what its rows are counted in."""
        super().__init__()
        self.source = source
        self.unit = unit
        self.skipped: list[Skipped] = []
        self.notes: list[
            str
        ] = []  # how the file was taken, where it could be otherwise

    def report(self, examples: int = 3) -> str:
        """Say in one line how many rows were read and skipped, and why.

        Args:
            examples: how many of the skipped rows are named.

        Example:
            >>> rows = Rows[str]("a.tsv")
            >>> rows.skipped.append(Skipped(7, "no label"))
            >>> rows.report()
            'a.tsv: 0 rows read, 1 skipped (line 7: no label)'
        """
        read = how_many(len(self), "row")
        text = f"{self.source}: {read} read, {len(self.skipped):,} skipped"
        notes = "".join(f"; {note}" for note in self.notes)
        if not self.skipped or not examples:
            return text + notes
        named = [f"{self.unit} {n}: {why}" for n, why in self.skipped[:examples]]
        more = len(self.skipped) - len(named)
        others = f"; and {more:,} more" if more else ""
        return f"{text} ({'; '.join(named)}{others}){notes}"

    def copy(self) -> "Rows[T]":
        """Give the same rows, to leave some out without changing these."""
        other = Rows[T](self.source, self.unit)
        other.extend(self)
        other.skipped, other.notes = list(self.skipped), list(self.notes)
        return other

    def leave_out(self, faults: Iterable[tuple[int, int, str]]) -> None:
        """Leave out rows that turned out bad after they were read, and count them.

        Args:
            faults: for each its place in the list, its line and the reason.
        """
        found = list(faults)
        bad = {place for place, _, _ in found}
        self[:] = [row for place, row in enumerate(self) if place not in bad]
        self.skipped += [Skipped(line, reason) for _, line, reason in found]


def bad_row(rows: Rows[T], line: int, reason: str) -> UserError:
    """Make the error of a bad row: file, line, reason, and the way around."""
    return UserError(
        f"{rows.source}: {rows.unit} {line}: {reason} (--lenient, in Python "
        "strict=False, skips such rows and counts them)"
    )


def keep_good(
    rows: Rows[T], faults: Sequence[tuple[int, int, str]], is_strict: bool
) -> Rows[T]:
    """Refuse rows that turned out bad after they were read, or leave them out.

    Args:
        rows: of one file; they are changed.
        faults: for each its place in the list, its line and the reason.
        is_strict: refuse the first of them.

    Raises:
        UserError: naming the first of them, if the reading is strict; or if no row is
            left.
    """
    if faults and is_strict:
        _, line, reason = faults[0]
        raise bad_row(rows, line, reason)
    rows.leave_out(faults)
    if not rows:
        raise UserError(f"a file must hold at least one row: {rows.report()}")
    return rows


class Collector(Generic[T]):
    """Collect the rows of one file."""

    def __init__(
        self, file: str | Path, strict: bool = True, unit: str = "line"
    ) -> None:
        """Start with no rows.

        Args:
            file: what messages and the report name.
            strict: refuse the file at the first bad row instead of skipping it.
            unit: what rows are counted in, such as "line" or "question".
        """
        self.rows = Rows[T](str(file), unit)
        self.strict = strict

    def add(self, row: T) -> None:
        """Take a good row."""
        self.rows.append(row)

    def skip(self, line: int, reason: str) -> None:
        """Leave out a bad row.

        Args:
            line: its line, or its number in the unit of the file, counted from 1.
            reason: what was expected and what was found.

        Raises:
            UserError: if the reading is strict: file, line, reason.
        """
        if self.strict:
            raise bad_row(self.rows, line, reason)
        self.rows.skipped.append(Skipped(line, reason))

    def finish(self) -> Rows[T]:
        """Give the rows.

        Raises:
            UserError: if no row is left.
        """
        return keep_good(self.rows, (), self.strict)
