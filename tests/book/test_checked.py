"""The page of what was checked: each phrase is on its page, each source is there."""

import re

import nbformat
import pytest

from book_files import ROOT

CHECKED = ROOT / "book" / "checked.md"
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def rows_of(text):
    """Give the rows of the table, each as its five cells."""
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def words_of(path):
    """Give what a page says, in one line."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    return " ".join(text.split())


def anchors():
    """List the anchors of the page of references."""
    text = (ROOT / "book" / "references.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## (.+)$", text, re.M)
    return {re.sub(r"[^\w-]", "", head.lower().replace(" ", "-")) for head in heads}


def faults(row, known):
    """Say what is wrong with a row."""
    if len(row) != 5 or not all(row):
        return [f"five cells are needed: {row}"]
    page, phrase, source, _, result = row
    found = []
    if phrase not in words_of(CHECKED.parent / LINK.fullmatch(page)[1]):
        found.append(f"{page} does not say {phrase!r}")
    targets = LINK.findall(source)
    named = [t.split("#")[1] for t in targets if t.startswith("references.md#")]
    if not targets or any(name not in known for name in named):
        found.append(f"no such source: {source}")
    if result not in ("agrees", "corrected"):
        found.append(f"no such result: {result}")
    return found


@pytest.mark.parametrize(
    "row", rows_of(CHECKED.read_text(encoding="utf-8")), ids=lambda row: row[1][:40]
)
def test_what_was_checked_is_still_what_the_page_says(row):
    assert faults(row, anchors()) == []


def test_a_row_without_its_phrase_or_source_is_found():
    page, source = "[Scaling](scaling.md)", "[A](references.md#kaplan-et-al-2020)"
    assert faults([page, "From a laptop", source, "it", "agrees"], anchors()) == []
    assert faults([page, "no such words", source, "it", "agrees"], anchors())
    assert faults([page, "From a laptop", "a friend", "it", "agrees"], anchors())
    unknown = "[A](references.md#nobody-1900)"
    assert faults([page, "From a laptop", unknown, "it", "agrees"], anchors())
    assert faults([page, "From a laptop", source, "it", "likely"], anchors())
    assert faults([page, "From a laptop", source, "", "agrees"], anchors())
