"""Give the search page the glossary's terms, so that what teaches a term comes first.

`search.js` does the ordering. A term leads to its entry and to the chapter which the
entry names.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parent))

from chapter_links import GLOSSARY

ENTRY = re.compile(r"^(\S.*)\n  .*?\((?:\.\./)(notebooks/\w+)\.ipynb\)$", re.M)


def terms(text: str, labels: dict[str, str]) -> list[list[str]]:
    """Read the glossary: a list of (term, its place there, the chapter's page).

    Args:
        text: the page as it is written.
        labels: the place of each term, by its name in small letters or as it is.
    """
    found = []
    for term, chapter in ENTRY.findall(text):
        name = term.strip("`")
        label = labels.get(name) or labels.get(name.lower())
        if label:
            found.append([name, label, chapter])
    return found


def add_terms(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put terms and script on the page of the search."""
    if page != "search":
        return
    objects = app.env.get_domain("std").objects  # type: ignore[attr-defined]
    labels = {
        name: label
        for (kind, name), (home, label) in objects.items()
        if kind == "term" and home == GLOSSARY
    }
    text = (Path(app.srcdir) / f"{GLOSSARY}.md").read_text(encoding="utf-8")
    data = json.dumps(terms(text, labels), ensure_ascii=False).replace("<", "\\u003c")
    app.add_js_file(None, body=f"window.BOOK_TERMS = {data};")
    app.add_js_file("search.js")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it."""
    app.connect("html-page-context", add_terms)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
