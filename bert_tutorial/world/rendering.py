"""Put names into a wording: a sentence, or a question with [MASK] in it.

Chapter: 12
Used from: 1
"""

import re

__all__ = ["ask", "render", "tidy", "words"]

_ARTICLE = re.compile(r"\b([Aa]) (?=<?[aeiou])")
_HIDDEN = re.compile(r"<[^>]*>")


def words(text: str) -> tuple[str, ...]:
    """Split a list of words written as a text."""
    return tuple(text.split())


def tidy(text: str) -> str:
    """Write "an" before a vowel, and a capital letter at the start."""
    text = _ARTICLE.sub(r"\1n ", text)
    return text[0].upper() + text[1:]


def render(wording: str, subject: str, answer: str) -> str:
    """Fill a wording: "{x} lies in {y}.", "France", "Europe" -> a sentence."""
    return tidy(wording.format(x=subject, y=answer))


def ask(wording: str, subject: str, answer: str, hide: str = "y") -> str:
    """Fill a wording and hide the object ("y") or the subject ("x") with [MASK]."""
    names = {"x": subject, "y": answer}
    names[hide] = f"<{names[hide]}>"  # the article before it is the true one
    return _HIDDEN.sub("[MASK]", tidy(wording.format(**names)))
