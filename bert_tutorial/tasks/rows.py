"""Rows of a labelled file: what was read, what was skipped, and why.

Every reader of task data goes through a `Collector`. Strict, it refuses the file at
the first bad row, with file, line and reason; lenient, it skips the row and counts it.

Chapter: 14
"""

from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from bert_tutorial.files.errors import UserError

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
        text = f"{self.source}: {len(self):,} rows read, {len(self.skipped):,} skipped"
        if not self.skipped or not examples:
            return text
        named = [f"{self.unit} {n}: {why}" for n, why in self.skipped[:examples]]
        more = len(self.skipped) - len(named)
        return f"{text} ({'; '.join(named)}{f'; and {more:,} more' if more else ''})"


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
            raise UserError(f"{self.rows.source}: {self.rows.unit} {line}: {reason}")
        self.rows.skipped.append(Skipped(line, reason))

    def finish(self) -> Rows[T]:
        """Give the rows.

        Raises:
            UserError: if no row is left.
        """
        if not self.rows:
            raise UserError(f"a file must hold at least one row: {self.rows.report()}")
        return self.rows
