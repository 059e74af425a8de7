r"""Words of a text by Unicode's rules: a mark belongs to the letter before it.

Python's `\w` has letters and digits, but not the marks that follow them: vowel signs
of Hindi, tones of Thai, points of Arabic and Hebrew, accents that stand apart (NFD). A
pattern of `\w` cuts words there. Unicode's rule (UAX #29, WB4) does not: marks and
format characters never begin a word and never end one.

Chapter: 15
"""

import re
import sys
import unicodedata
from functools import cache

__all__ = ["text_words", "words_and_marks"]

ZERO_WIDTH_SPACE = 0x200B  # parts words, as Thai and Khmer texts use it
ASCII_RUN = re.compile(r"[^\W_]+")


@cache
def followers() -> str:
    """Write the marks and format characters as ranges of a character class."""
    found: list[list[int]] = []
    for code in range(0x80, sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if code == ZERO_WIDTH_SPACE or (category[0] != "M" and category != "Cf"):
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in found)


@cache
def run_pattern() -> re.Pattern[str]:
    """Make the pattern of a run of letters and digits with their marks."""
    return re.compile(rf"[^\W_](?:[^\W_]|[{followers()}])*")


@cache
def token_pattern() -> re.Pattern[str]:
    """Make the pattern of a word, or of a sign, with the marks that follow."""
    marks = followers()
    return re.compile(rf"\w(?:\w|[{marks}])*|[^\w\s][{marks}]*")


def text_words(text: str) -> list[str]:
    """Give the runs of letters and digits of a text, in their normal form (NFC).

    So a word is the same whether its accents stand apart or not.

    Example:
        >>> text_words("isn't \u0939\u093f\u0928\u094d\u0926\u0940!")
        ['isn', 't', 'हिन्दी']
    """
    if text.isascii():
        return ASCII_RUN.findall(text)
    return run_pattern().findall(unicodedata.normalize("NFC", text))


def words_and_marks(text: str) -> list[str]:
    """Cut a text into words and signs; nothing is changed, only whitespace goes.

    Example:
        >>> words_and_marks("Ann's (2)")
        ['Ann', "'", 's', '(', '2', ')']
    """
    return token_pattern().findall(text)
