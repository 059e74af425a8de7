"""Let an output that is a sentence wrap, and keep lines that stand in columns whole.

A line longer than a line of code is a sentence, and a line alone has nothing to line
up with: such blocks get the class `wraps`, whose style is in `custom.css`. A name in
the text may be broken between its parts, and an option of a command not at all.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

LONGEST = 88  # as in the code
WORD = re.compile(r'<span class="pre">([^<]+)</span>')
# Behind _, / and ::, behind a full stop (but for a file's ending), before a capital.
SEAM = re.compile(
    r"(?<=[A-Za-z0-9][_/])(?![_/])(?=.)|(?<=::)(?=.)"
    r"|(?<=[A-Za-z]\.)(?=[A-Za-z])(?![a-z]{1,4}\b)|(?<=[a-z])(?=[A-Z])"
)


def wraps(node: nodes.literal_block) -> bool:
    """Tell whether a block may be broken where the page ends."""
    if node.get("language") in {"python", "ipython3", "console"}:
        return False
    lines = node.astext().strip("\n").split("\n")
    return len(lines) == 1 or max(map(len, lines)) > LONGEST


def mark(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Give the class to the blocks of a page."""
    for node in doctree.findall(nodes.literal_block):
        if wraps(node):
            node["classes"].append("wraps")


def breakable(text: str) -> str:
    """Let the names in a page's HTML be broken at their seams."""

    def word(found: re.Match[str]) -> str:
        kind = "pre option" if found[1].startswith("-") else "pre"
        inner = found[1] if kind != "pre" else SEAM.sub("<wbr>", found[1])
        return f'<span class="{kind}">{inner}</span>'

    return WORD.sub(word, text)


def break_names(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Do so in the text of a page."""
    if "body" in context:
        context["body"] = breakable(context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both."""
    app.connect("html-page-context", break_names)
    app.connect("doctree-resolved", mark)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
