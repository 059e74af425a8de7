"""Serve MathJax from the site itself, on the pages that have a formula.

Sphinx gives it also to a page whose pages below have one: to the first page, below
which is the whole book.
"""

import importlib.util
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.fileutil import copy_asset

# The full build: the smaller one fetches its extensions when a formula asks for them.
KEEP = ("tex-chtml-full.js", "output/chtml/fonts/woff-v2")


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Copy the script and its fonts from the installed wheel into the site."""
    if error is not None or app.builder.format != "html":
        return
    wheel = importlib.util.find_spec("sphinx-mathjax-offline")
    if wheel is None or wheel.origin is None:
        raise ExtensionError("sphinx-mathjax-offline is missing: run `make book`")
    source = Path(wheel.origin).parent / "static" / "mathjax"
    for name in KEEP:
        target = Path(app.outdir) / "_static" / "mathjax" / name
        is_folder = (source / name).is_dir()
        copy_asset(source / name, target if is_folder else target.parent)


def only_where_needed(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Take MathJax and its settings off a page without a formula."""
    if 'class="math ' in context.get("body", ""):
        return
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if KEEP[0] not in str(script.filename or "")
        and not str(script.attributes.get("body", "")).startswith("window.MathJax")
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both."""
    app.connect("html-page-context", only_where_needed, priority=950)
    app.connect("build-finished", copy_mathjax)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
