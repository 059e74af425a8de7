"""The words of the mini-world's second language, made up one by one.

They are written in Greek letters, some with a mark: an acute (tonos), a diaeresis or
both. Some pairs differ in a mark alone, as νόμος (law) and νομός (prefecture) do in
Greek. What a word is comes from its English word only, so that it is the same in
every world and on every machine.

Chapter: 21
"""

import random
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["MINIMAL_PAIRS", "Lexicon"]

CONSONANTS = "βγδζθκλμνξπρτφχψ"
VOWELS = "αεηιουω"
TAKES_DIAERESIS = {"\u03b9", "\u03c5"}  # iota, upsilon
ACUTE, DIAERESIS = "\u0301", "\u0308"

# English words whose words in the second language differ in one mark only.
MINIMAL_PAIRS = (
    ("France", "Senegal"),
    ("Germany", "Mongolia"),
    ("Spain", "Peru"),
    ("Japan", "Kenya"),
    ("dog", "hen"),
    ("cat", "bee"),
    ("mammal", "insect"),
    ("Europe", "Africa"),
    ("French", "Arabic"),
    ("capital", "currency"),
)


class Spelling(NamedTuple):
    """A word as syllables of two letters, the place of its acute, and its diaeresis."""

    syllables: tuple[str, ...]
    acute: int
    has_diaeresis: bool

    def text(self) -> str:
        """Write the word in Unicode's composed form (NFC)."""
        parts = list(self.syllables)
        if self.has_diaeresis:
            parts[-1] += DIAERESIS
        parts[self.acute] += ACUTE
        return unicodedata.normalize("NFC", "".join(parts))


class Lexicon(dict[str, str]):
    """English word -> word of the second language.

    Args:
        words: the English words that there are to be words for.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """Make up all words; no two are alike, and only pairs without their marks."""
        super().__init__()
        wanted = sorted(set(words))
        taken: set[tuple[str, ...]] = set()
        first_of = {b: a for a, b in MINIMAL_PAIRS if {a, b} <= set(wanted)}
        spellings: dict[str, Spelling] = {}
        for word in wanted:
            if word not in first_of:
                spellings[word] = _invent(word, taken)
                taken.add(spellings[word].syllables)
        for word, first in first_of.items():
            spelling = spellings[first]
            moved = (spelling.acute + 1) % len(spelling.syllables)
            spellings[word] = spelling._replace(acute=moved)
        self.update((word, spellings[word].text()) for word in wanted)


def _invent(word: str, taken: set[tuple[str, ...]]) -> Spelling:
    """Make up a word whose letters no other word has."""
    rng = random.Random(f"second language {word}")
    while True:
        number = rng.choice((2, 2, 3))
        syllables = tuple(
            rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(number)
        )
        if syllables not in taken:
            break
    may_have = syllables[-1][1] in TAKES_DIAERESIS
    return Spelling(syllables, rng.randrange(number), may_have and rng.random() < 0.5)
