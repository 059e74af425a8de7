"""Private words and borrowed phrases stay gone from the pages that people read.

The first edition had words of its own where the field has a term: a reader could not
search for them. Each is listed with what to write. Generated pages are left out: their
text is the code's.
"""

import re

import nbformat
import pytest

from book_files import ROOT, notebooks

GONE = {
    r"whoever|who has read": "you, or: if you",
    r"carried over|carries over": "transfer",
    r"shar(?:e|es|ed|ing) out": "softmax, or: divide among",
    r"(?:the|a) share of|these shares": "fraction, percentage, or attention weight",
    r"one finds|in articles": "name the source, or: a common slip",
    r"a widely read": "name the source",
    r"white space|blanks? (?:between|around)": "whitespace",
    r"likeliest": "most likely",
    r"lower all|lowers all": "lowercase",
    r"at the place of": "at the position of",
    r"way of a sentence|stand on each other": "say it plainly",
    r"that is the matter of": "that is the topic of",
}
GENERATED = ("api", "exercises", "claims", "changelog", "notice")
PAGES = [
    *notebooks(),
    *(p for p in (ROOT / "book").glob("*.md") if not p.stem.startswith(GENERATED)),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
]


def prose_of(path):
    """A page's text without code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    return re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)


def found_in(text):
    return [
        f"{match[0]!r}: write {better}"
        for pattern, better in GONE.items()
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_field_s_words_are_used(path):
    assert found_in(prose_of(path)) == []


def test_a_private_word_is_found():
    assert found_in("Whoever reads the share of it") == [
        "'Whoever': write you, or: if you",
        "'the share of': write fraction, percentage, or attention weight",
    ]
    assert found_in("heads that share a table") == []
