"""The data set that comes with the package: what kind of thing is defined?

Each row is a definition of a noun from WordNet 3.0 without the noun, such as "one of
several parallel sloping beams that support a roof", and the kind of thing that it
defines, here "artifact": one of twelve, the files in which WordNet's editors keep their
nouns. No definition stands in two parts, and none of `test` is in the text that the
model `english` read.

Chapter: 14
"""

from typing import NamedTuple

from bert_tutorial.files.shipped import shipped_data
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.sentiment.tables import LabelledText, read_table

__all__ = ["read_definitions"]


class Definitions(NamedTuple):
    """Labelled definitions: 2,048 to learn from, 500 to choose on, 1,500 to judge."""

    train: Rows[LabelledText]
    dev: Rows[LabelledText]
    test: Rows[LabelledText]


def read_definitions() -> Definitions:
    """Read the definitions of WordNet 3.0 (Miller 1995) that come with the package.

    The first n rows of `train` are a random draw: all parts are shuffled. Their licence
    is beside them, in LICENSE.txt.

    Returns:
        The three parts; `text` and `label` are the fields of a row.

    Raises:
        FileNotFoundError: if the installation lacks them.

    Example:
        >>> train, dev, test = read_definitions()
        >>> len(train), len(dev), len(test)
        (2048, 500, 1500)
    """
    folder = shipped_data("definitions")
    return Definitions(
        *(read_table(folder / f"{part}.tsv") for part in Definitions._fields)
    )
