"""Which columns of a table hold the text, a second text and the label.

Chapter: 14
"""

from collections.abc import Mapping
from pathlib import Path

__all__ = ["COLUMNS"]

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
        ValueError: if a column is missing, or a number is outside the record.
    """
    wanted = [key for key in COLUMNS if key != "label" or labelled]
    numbers = [given[key] for key in wanted if key in given]
    names = [name.strip().casefold() for name in first]
    if numbers and all(n.isdecimal() and n not in names for n in numbers):
        places = {key: int(given[key]) - 1 for key in wanted if key in given}
        for key in wanted:
            if key != "pair" and key not in places:
                raise ValueError(f"{path}: give the column of the {key} by number, too")
        for key, place in places.items():
            if not 0 <= place < len(first):
                raise ValueError(
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
            raise ValueError(
                f"{path}: line 1 must name a column for the {key} "
                f"({', '.join(known)}), got {shown}; say which column it is, by name "
                "or, without a line of names, by number"
            )
    return found, False
