"""Labels by name and by number, and texts that stand in two files.

Chapter: 14
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from bert_tutorial.files.errors import UserError, how_many
from bert_tutorial.tasks.sentiment.tables import MINUS_ONE, LabelledText, is_number

__all__ = [
    "Overlap",
    "class_weights",
    "label_faults",
    "label_names",
    "label_notes",
    "label_numbers",
    "overlap",
]

MOST = 1_000  # more classes than this are a column of something else
SCALE = "--task regression (in Python REGRESSION) learns them as values on a scale"


def label_names(rows: Sequence[LabelledText], source: str = "the file") -> list[str]:
    """List the labels that occur: numbers in their order, names by the alphabet.

    Args:
        rows: the training rows.
        source: what messages name.

    Returns:
        The names; class k is called names[k].

    Raises:
        UserError: if there is one label only, or nearly as many as rows.
    """
    names = {row.label for row in rows}
    if len(names) < 2:
        raise UserError(
            f"{source}: there must be at least two different labels, got only "
            f"{next(iter(names), 'none')!r}"
        )
    if len(names) > MOST or (len(rows) > 20 and len(names) > 0.9 * len(rows)):
        example = next(iter(rows)).label
        way_out = f"; {SCALE}" if all(map(is_number, names)) else ""
        raise UserError(
            f"{source}: labels must repeat, got {len(names):,} different ones in "
            f"{how_many(len(rows), 'row')}, such as {example[:40]!r}; is that the "
            f"right column?{way_out}"
        )
    if all(name.isascii() and name.isdecimal() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def label_numbers(
    rows: Sequence[LabelledText], names: Sequence[str], source: str = "the file"
) -> list[int]:
    """Give the class of each row.

    Raises:
        UserError: if a row has another label; file, line, label, those allowed.
    """
    for _, line, reason in label_faults(rows, names):
        raise UserError(f"{source}: line {line}: {reason}")
    numbers = {name: number for number, name in enumerate(names)}
    return [numbers[row.label] for row in rows]


def label_faults(
    rows: Sequence[LabelledText], names: Sequence[str]
) -> list[tuple[int, int, str]]:
    """List the rows whose label is none of those names: place, line, reason."""
    known = set(names)
    allowed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return [
        (place, row.line, f"the label must be one of {allowed}, got {row.label!r}")
        for place, row in enumerate(rows)
        if row.label not in known
    ]


def label_notes(rows: Sequence[LabelledText], most: int = 12) -> list[str]:
    """Say how many rows each label has, and what looks odd about the labels.

    Args:
        rows: of one file.
        most: labels that are named; the commonest.

    Returns:
        A line with the counts; a line for labels that may be one class (they differ by
        case, by the form of their letters, or as 1 and 1.0); a line for labels that
        only one row has, where others have several; one each for labels that look like
        lists, like values on a scale, or as if -1 might say that a label is hidden.
    """
    counts = Counter(row.label for row in rows)
    named = [f"{label!r} {number:,}" for label, number in counts.most_common(most)]
    more = len(counts) - len(named)
    found = [
        f"rows of each label: {', '.join(named)}{f', {more} more' if more else ''}"
    ]
    same: dict[str, list[str]] = {}
    for label in sorted(counts):
        same.setdefault(_label_key(label), []).append(repr(label))
    doubles = [" and ".join(labels) for labels in same.values() if len(labels) > 1]
    if doubles:
        found.append(
            f"notice: labels that may be one class: {'; '.join(doubles[:5])}; they are "
            "kept apart, write them alike if they are one"
        )
    single = [label for label, number in counts.items() if number == 1]
    if single and len(rows) > 2 * len(counts):
        lines = {row.label: row.line for row in rows}
        shown = ", ".join(f"{label!r} (line {lines[label]})" for label in single[:5])
        found.append(
            f"notice: only one row has the label {shown}; is it a line of names, or a "
            "slip?"
        )
    return found + _not_classes(counts)


def _not_classes(labels: Collection[str]) -> list[str]:
    """Notice labels that may not be meant as the names of classes."""
    found = []
    lists = [label for label in labels if re.fullmatch(r"[\[({].*[\])}]", label)]
    if lists:
        found.append(
            f"notice: labels such as {lists[0][:40]!r} look like lists; each that "
            "differs is a class of its own here, several labels a text are not learned"
        )
    numbers = [float(label) for label in labels if is_number(label)]
    parts = [number for number in numbers if number % 1]
    if parts and len(numbers) == len(labels) > 2:
        found.append(
            f"notice: labels are numbers such as {parts[0]:g}; each is a class of its "
            f"own here; {SCALE}"
        )
    others = set(labels) - MINUS_ONE
    if len(others) < len(labels) and (len(others) == 1 or others <= {"0", "1"}):
        found.append(
            "notice: -1 is taken for a label like the others; leave rows out if theirs "
            "is hidden"
        )
    return found


def _label_key(label: str) -> str:
    """Write labels alike that may be one class."""
    try:
        return repr(float(label))
    except ValueError:
        folded = unicodedata.normalize("NFKC", label).casefold()
        return "".join(c for c in folded if c.isalnum()) or folded


def class_weights(numbers: Sequence[int], classes: int) -> list[float]:
    """Weigh classes inversely to their frequency, so that the mean over rows is 1.

    Example:
        >>> class_weights([0, 1, 1, 1], 2)
        [2.0, 0.6666666666666666]
    """
    counts = Counter(numbers)
    absent = [k for k in range(classes) if not counts[k]]
    if absent:
        raise UserError(f"each class must have a row to be weighed, {absent} have not")
    return [len(numbers) / (classes * counts[k]) for k in range(classes)]


class Overlap(NamedTuple):
    """Rows of a test file whose texts stand in the training file, too.

    `contradicting` of them have another label there; `repeated` counts the rows of
    the test file whose text stood in it before.
    """

    rows: int
    shared: int
    contradicting: int
    repeated: int

    def report(self, name: str = "dev") -> str:
        """Say it in one line."""
        share = self.shared / self.rows
        return (
            f"{name}: {self.shared:,} of {self.rows:,} texts ({share:.1%}) stand in "
            f"the training file, too, {self.contradicting:,} of them with another "
            f"label; {self.repeated:,} are repeated"
        )


def _key(row: LabelledText) -> tuple[str, str]:
    """Forget case and spacing."""
    text, pair = (
        " ".join(part.casefold().split()) for part in (row.text, row.pair or "")
    )
    return text, pair


def overlap(train: Sequence[LabelledText], test: Sequence[LabelledText]) -> Overlap:
    """Count the texts that both files have, but for case and spacing."""
    labels: dict[tuple[str, str], set[str]] = {}
    for row in train:
        labels.setdefault(_key(row), set()).add(row.label)
    shared = [row for row in test if _key(row) in labels]
    other = sum(row.label not in labels[_key(row)] for row in shared)
    repeated = len(test) - len({_key(row) for row in test})
    return Overlap(len(test), len(shared), other, repeated)
