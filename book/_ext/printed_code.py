"""Colour an output that is code: what `show(...)` prints of the package.

Jupyter and Colab show the same output as plain text.
"""

import ast
import textwrap
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PRINTED = {"myst-ansi", "text", "none"}  # the languages of an output
CODE = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom


def is_code(text: str) -> bool:
    """Tell whether a text is Python that defines or imports something."""
    try:
        tree = ast.parse(textwrap.dedent(text))
    except SyntaxError:
        return False
    return any(isinstance(statement, CODE) for statement in tree.body)


def is_output(node: nodes.Node) -> bool:
    """Tell whether a block stands in the output of a cell."""
    while node := node.parent:
        if "cell_output" in getattr(node, "attributes", {}).get("classes", []):
            return True
    return False


def colour(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Name the language of such outputs, which the highlighter then knows."""
    for node in doctree.findall(nodes.literal_block):
        language = node.get("language")
        if language in PRINTED and is_output(node) and is_code(node.astext()):
            node["language"] = "python"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it before the lines of an output are looked at for wrapping."""
    app.connect("doctree-resolved", colour, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
