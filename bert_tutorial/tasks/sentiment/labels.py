"""Labels by name and by number, and texts that stand in two files.

Chapter: 14
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.sentiment.tables import LabelledText

__all__ = ["Overlap", "class_weights", "label_names", "label_numbers", "overlap"]

MOST = 1_000  # more classes than this are a column of something else


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
        raise UserError(
            f"{source}: labels must repeat, got {len(names):,} different ones in "
            f"{len(rows):,} rows, such as {example[:40]!r}; is that the right column?"
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
    numbers = {name: number for number, name in enumerate(names)}
    for row in rows:
        if row.label not in numbers:
            allowed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise UserError(
                f"{source}: line {row.line}: the label must be one of {allowed}, "
                f"got {row.label!r}"
            )
    return [numbers[row.label] for row in rows]


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
