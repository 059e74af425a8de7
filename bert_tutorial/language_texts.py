"""What a tokenizer does to a language: forms, merged words, pieces per word.

Chapter: 21
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from bert_tutorial.normalizer import CharacterTable, split_words
from bert_tutorial.tokenizer import BertTokenizer

__all__ = ["fertility", "merged_words", "one_form"]

MASK = "[MASK]"


def one_form(text: str) -> str:
    """Lower a text and write each letter with its marks as one character (NFC).

    No accent is lost, and a text in another of Unicode's forms comes out the same.
    [MASK] stays as it is.
    """
    parts = [unicodedata.normalize("NFC", part).lower() for part in text.split(MASK)]
    return MASK.join(parts)


def merged_words(words: Iterable[str]) -> list[list[str]]:
    """Find different words that the uncased normaliser makes the same.

    Words are compared in one form and in lower case first, so that only lost accents
    count.

    Returns:
        Groups of two or more words, sorted.
    """
    groups: dict[str, set[str]] = defaultdict(set)
    table = CharacterTable()
    for word in words:
        groups[" ".join(split_words(word, table))].add(one_form(word))
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def fertility(texts: Iterable[str], tokenizer: BertTokenizer) -> tuple[float, float]:
    """Count the pieces per word of some texts.

    A word is what stands between blanks after normalisation, each time that it stands
    there. One that becomes [UNK] counts as one piece, which flatters: look at the
    second number, too.

    Returns:
        Pieces per word, and the share of the words that become [UNK].

    Raises:
        ValueError: there is no word.
    """
    table = CharacterTable(tokenizer.do_lower_case)
    words = pieces = unknown = 0
    for text in texts:
        for word in split_words(text, table):
            found = tokenizer.tokenize(word)
            words += 1
            pieces += len(found)
            unknown += "[UNK]" in found
    if not words:
        raise ValueError("texts must hold at least one word")
    return pieces / words, unknown / words
