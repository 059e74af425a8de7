"""From raw text to clean words: the first half of BERT's tokenizer.

Text is cleaned, Chinese characters get spaces around them, letters are lower-cased and
lose their accents (uncased models only), and punctuation is split off. What is left
between spaces is a word; the second half, in `tokenizer`, cuts words into WordPieces.

`fold` applies the rules one after the other. Most characters come out the same whatever
stands beside them, so `CharacterTable` keeps what it once found for each, and
`split_words` need only look up: that is what makes it fast.

Chapter: 3
Used from: 1
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from bert_tutorial.tokenization.unicode_tables import (
    SPACES,
    category,
    combining_class,
    decompose,
    is_dropped,
    is_ideograph,
    is_punctuation,
    is_space,
)

__all__ = [
    "CharacterTable",
    "Word",
    "clean",
    "fold",
    "lower_and_strip",
    "split_chunks",
    "split_words",
    "split_words_with_sources",
]

NOT_SPACE = re.compile("[^ ]+")
CHUNK = re.compile(f"[^{SPACES}]+")  # \S would also split at dropped characters


class Word(NamedTuple):
    """A word and, for each of its characters, the index it came from in the text."""

    text: str
    sources: list[int]


class CharacterTable(dict[int, str]):
    """A table for `str.translate`, filled as characters are met.

    Maps a code point to what it becomes: the letter itself or its lower case, nothing
    for what is dropped, and text with spaces for what separates words.

    Args:
        do_lower_case: lower the letters and strip their accents (uncased models).
    """

    def __init__(self, do_lower_case: bool = True) -> None:
        super().__init__()
        self.do_lower_case = do_lower_case
        # Marks that are kept yet trade places with marks beside them, which a table of
        # single characters cannot show. Rare: nearly all marks are stripped.
        self.movable_marks: set[str] = set()

    def __missing__(self, code: int) -> str:
        """Work a character out once.

        Returns:
            The replacement, which is remembered.
        """
        parts = fold(chr(code), self.do_lower_case)
        self[code] = text = "".join(part for part, _ in parts)
        if self.do_lower_case:
            self.movable_marks.update(part for part in text if combining_class(part))
        return text


def split_chunks(text: str) -> list[str]:
    r"""Split at whitespace only, before anything is cleaned.

    A chunk is a good key for a cache: what happens inside does not depend on its
    neighbours.

    Returns:
        The chunks in order. Dropped characters such as "\x1c" do not separate.

    >>> split_chunks(" Don't  panic! ")
    ["Don't", 'panic!']
    """
    text = text.strip()
    # Printable text has no whitespace but the space, and no dropped character at all.
    return text.split() if text.isprintable() else CHUNK.findall(text)


def split_words(text: str, table: CharacterTable) -> list[str]:
    """Split a text into normalized words: the first half of tokenization.

    Args:
        text: any text.
        table: what becomes of each character.

    Returns:
        The words in order; punctuation and Chinese characters are words of their own.

    >>> split_words("Ça va? 你好", CharacterTable())
    ['ca', 'va', '?', '你', '好']
    """
    folded = text.translate(table)
    if not table.movable_marks.isdisjoint(folded):
        folded = "".join(part for part, _ in fold(text, table.do_lower_case))
    return folded.split()


def split_words_with_sources(text: str, table: CharacterTable) -> list[Word]:
    """Split a text into normalized words and remember where each character came from.

    Args:
        text: any text.
        table: what becomes of each character.

    Returns:
        The words in order, each with the index in `text` of each of its characters.

    >>> split_words_with_sources("Été!", CharacterTable())
    [Word(text='ete', sources=[0, 1, 2]), Word(text='!', sources=[3])]
    """
    folded = text.translate(table)
    if not table.movable_marks.isdisjoint(folded):
        parts = fold(text, table.do_lower_case)
        folded = "".join(part for part, _ in parts)
        sources = [source for _, source in parts]
    else:
        lengths = [len(table[ord(char)]) for char in text]
        sources = [source for source, n in enumerate(lengths) for _ in range(n)]
    return [
        Word(match.group(), sources[match.start() : match.end()])
        for match in NOT_SPACE.finditer(folded)
    ]


def fold(text: str, do_lower_case: bool = True) -> list[tuple[str, int]]:
    """Clean, lower, strip and set punctuation apart, one rule after the other.

    Args:
        text: any text.
        do_lower_case: lower the letters and strip their accents (uncased models).

    Returns:
        Each character that is left, with the index it came from.
    """
    characters = clean(text)
    if do_lower_case:
        characters = lower_and_strip(characters)
    return [
        (part, source)
        for char, source in characters
        for part in ((" ", char, " ") if is_punctuation(char) else (char,))
    ]


def clean(text: str) -> Iterator[tuple[str, int]]:
    """Drop what is not text, turn whitespace into spaces, set Chinese characters apart.

    Yields:
        Each character that is left, with the index it came from.
    """
    for source, char in enumerate(text):
        if is_space(char):
            yield " ", source
        elif is_ideograph(char):
            yield from ((part, source) for part in (" ", char, " "))
        elif not is_dropped(char):
            yield char, source


def lower_and_strip(
    characters: Iterable[tuple[str, int]],
) -> Iterator[tuple[str, int]]:
    """Take accents off and lower each letter by itself.

    Yields:
        Each character that is left, with the index it came from.
    """
    parts: list[tuple[str, bool]] = []  # the part, and whether it begins its character
    sources: list[int] = []
    for char, source in characters:
        sources.append(source)
        parts += [(part, i == 0) for i, part in enumerate(decompose(char))]
    index = -1
    for part, is_first in _in_canonical_order(parts):
        index += is_first
        if category(part) != "Mn":
            yield from ((lower, sources[index]) for lower in part.lower())


def _in_canonical_order(parts: list[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """Sort the marks on each letter; a letter, of class 0, stays where it is."""
    for _, run in groupby(parts, lambda part: combining_class(part[0]) > 0):
        yield from sorted(run, key=lambda part: combining_class(part[0]))
