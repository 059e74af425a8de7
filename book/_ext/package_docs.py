"""Say in words where a module is taught, and drop what a named tuple says of itself."""

import re
from typing import Any

from sphinx.application import Sphinx

CHAPTER = re.compile(r"Chapter: (\d+)")
USED_FROM = re.compile(r"Used from: (\d+)")


def reword(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Change the docstring's lines in place; a table stays as it was typed."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()
    tables = [index for index, line in enumerate(lines) if line.startswith("|")]
    for index in reversed(tables):
        lines[index] = f"   {lines[index]}"
        if index - 1 not in tables:
            lines[index:index] = ["::", ""]
    if what != "module":
        return
    mark_code(lines)
    text = "\n".join(lines)
    text = USED_FROM.sub(r"Used from chapter \1 on.", text)
    lines[:] = CHAPTER.sub(r"Taught in chapter \1.", text).split("\n")


def mark_code(lines: list[str]) -> None:
    """Make code of what stands indented in a module's text, not a quotation."""
    for index in reversed(range(1, len(lines))):
        line, before = lines[index], lines[:index]
        if not line.startswith("    ") or before[-1]:
            continue
        last = next((text for text in reversed(before) if text), "    ")
        if not last.startswith(" ") and not last.endswith("::"):
            lines[index:index] = ["::", ""]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the rewording."""
    app.connect("autodoc-process-docstring", reword)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
