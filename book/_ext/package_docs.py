"""Say in words where a module is taught, and drop what a named tuple says of itself.

Behind each definition stands a link to its source in the repository.
"""

import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))

from book_files import repository_url

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


def source_address(module: str, name: str) -> str | None:
    """Give the address of a definition's lines, or None for what is only a value."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    found = found.fget if isinstance(found, property) else found
    try:
        found = inspect.unwrap(found)  # type: ignore[arg-type]
        lines, first = inspect.getsourcelines(found)  # type: ignore[arg-type]
        home = inspect.getmodule(found)
    except (TypeError, OSError, ValueError):
        return None
    if home is None or not home.__name__.startswith("bert_tutorial"):
        return None
    path = home.__name__.replace(".", "/")
    path += "/__init__.py" if hasattr(home, "__path__") else ".py"
    return f"{repository_url()}/blob/main/{path}#L{first}-L{first + len(lines) - 1}"


def link_sources(app: Sphinx, doctree: nodes.document) -> None:
    """Put a link to its source behind each signature."""
    for signature in doctree.findall(addnodes.desc_signature):
        module, name = signature.get("module"), signature.get("fullname")
        address = source_address(module, name) if module and name else None
        if address is None:
            continue
        link = nodes.reference("", "", internal=False, refuri=address)
        link["classes"].append("source-link")
        link += nodes.inline("", "source")
        link["reftitle"] = f"Source of {name}"
        signature += link


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the rewording and the links."""
    app.connect("autodoc-process-docstring", reword)
    app.connect("doctree-read", link_sources)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
