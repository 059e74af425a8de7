"""Which characters BERT's rules treat specially, as the published tokenizers do it.

The rules speak of Unicode categories: marks are stripped, punctuation is split off,
control characters are dropped. Unicode grows, so a category depends on the version of
the tables one looks into. Python's own tables change with each Python; the tokenizer
of the `transformers` library looks into tables of Unicode 8 (categories) and Unicode 9
(decomposition). To give the same pieces everywhere, characters that those old tables
do not know are treated here as plain letters, whatever a newer Python says.

The ranges also run over neighbours that are plain letters (or unassigned) anyway: that
keeps the lists short and makes them hold for Unicode 14 to 18.

Chapter: 3
Used from: 1
"""

import unicodedata
from bisect import bisect_right
from functools import cache

__all__ = [
    "category",
    "combining_class",
    "decompose",
    "is_dropped",
    "is_ideograph",
    "is_punctuation",
    "is_space",
]

SPACES = (
    "\t\n\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)
ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

# Not known to Unicode 9: never decomposed, never reordered, neither mark nor
# punctuation.
AFTER_UNICODE_9 = (
    "5C8-5C9 61D-61D 7FD-7FD 890-8D3 8E2-8E2 9FD-9FE A76-A76 AFA-AFF B53-B55 C04-C3C "
    "C77-C77 C84-C84 D00-D00 D3B-D3C D81-D81 EBA-EBA ECE-ECE 1715-1715 180F-1886 "
    "1ABF-1AF0 1B4E-1B4F 1B7D-1B7F 1DF6-1DFA 2E43-2E63 A82C-A82C A8C5-A8C5 A8FF-A8FF "
    "A9BD-A9BD 105C9-105E4 10D24-10F89 11070-11074 110C2-110CD 111CF-111CF 1123E-11241 "
    "1133B-1133B 11383-1143F 11443-11444 1144B-1145E 11660-1166C 116B9-116B9 "
    "1182F-11C3D 11C41-11FFF 12FF1-1612F 16D68-16F4F 16FE2-16FF1 1CF00-1D128 "
    "1D250-1D281 1E08F-1E6F5 1E95E-1E95F"
)

# Known to Unicode 9 but not to Unicode 8: kept like letters, though reordered as marks.
ONLY_UNICODE_9 = (
    "8D4-8E1 1DFB-1DFB 11442-11442 11446-11446 11C3F-11C3F 1E000-1E006 1E008-1E018 "
    "1E01B-1E021 1E023-1E024 1E026-1E02A 1E944-1E94A"
)

# Characters whose category was another one in Unicode 8.
OLD_CATEGORIES = {"\u166d": "Po", "\u1734": "Mn", "\U000111c9": "Po"}

# The blocks that get a space on both sides: Chinese characters, which are also the
# kanji of Japanese. Kana and Hangul are not among them. The fifth block should begin
# at 2B820; the published tokenizer leaves out 256 characters, and so does this list.
IDEOGRAPHS = (
    "3400-4DBF 4E00-9FFF F900-FAFF 20000-2A6DF 2A700-2B73F 2B740-2B81F 2B920-2CEAF "
    "2F800-2FA1F"
)


def _edges(ranges: str) -> list[int]:
    """Turn "A-B C-D" into [A, B + 1, C, D + 1]: inside means an odd insertion point."""
    pairs = [span.split("-") for span in ranges.split()]
    return [edge for a, b in pairs for edge in (int(a, 16), int(b, 16) + 1)]


_AFTER_9 = _edges(AFTER_UNICODE_9)
_ONLY_9 = _edges(ONLY_UNICODE_9)
_IDEOGRAPHS = _edges(IDEOGRAPHS)


def _is_in(char: str, edges: list[int]) -> bool:
    return bisect_right(edges, ord(char)) % 2 == 1


@cache
def is_ideograph(char: str) -> bool:
    """Tell whether BERT puts spaces around this character.

    Returns:
        True for the blocks of Chinese characters, False for kana and Hangul.
    """
    return _is_in(char, _IDEOGRAPHS)


@cache
def category(char: str) -> str:
    """Look up the two-letter Unicode category that the rules go by.

    Returns:
        Such as "Lu" (capital letter), "Mn" (mark) or "Po" (punctuation); "Lo" for
        characters newer than Unicode 8 that would otherwise be treated specially.
    """
    if _is_in(char, _AFTER_9) or _is_in(char, _ONLY_9):
        return "Lo"
    return OLD_CATEGORIES.get(char) or unicodedata.category(char)


@cache
def combining_class(char: str) -> int:
    """Look up how a mark sorts among the marks on the same letter.

    Returns:
        0 for everything that is not reordered.
    """
    return 0 if _is_in(char, _AFTER_9) else unicodedata.combining(char)


@cache
def decompose(char: str) -> str:
    """Take a character apart into its letter and its marks (Unicode form NFD).

    Returns:
        One to four characters; the same character where there is nothing to take off.

    >>> [hex(ord(part)) for part in decompose("é")]
    ['0x65', '0x301']
    """
    return char if _is_in(char, _AFTER_9) else unicodedata.normalize("NFD", char)


def is_space(char: str) -> bool:
    """Tell whether a character separates words.

    Returns:
        True for tab, line feed, carriage return and the Unicode separators.
    """
    return char in SPACES


@cache
def is_dropped(char: str) -> bool:
    """Tell whether cleaning removes a character without a trace.

    Returns:
        True for control, format and private characters, U+FFFD, and the halves of
        surrogate pairs, which no text file can hold: they count as U+FFFD.
    """
    if is_space(char):
        return False
    return char == "\ufffd" or category(char) in ("Cc", "Cf", "Co", "Cs")


@cache
def is_punctuation(char: str) -> bool:
    """Tell whether a character always stands alone.

    Every ASCII sign counts, also those that Unicode calls symbols ($ + < = > ^ ` | ~);
    beyond ASCII only Unicode punctuation does, so € and emoji stay in their word.

    >>> [is_punctuation(char) for char in "$€-a"]
    [True, False, True, False]
    """
    return char in ASCII_PUNCTUATION or category(char).startswith("P")
