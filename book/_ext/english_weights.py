"""Write the English model's file for the playground, from the package's weights.

It has 2 MB, so each build makes it; only the weights themselves are kept.
"""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "book"


def write(app: Sphinx) -> None:
    """Write it before the static files are copied."""
    if app.builder.format != "html":
        return
    if str(TOOLS) not in sys.path:
        sys.path.insert(0, str(TOOLS))
    from browser_tasks import write_english

    write_english()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it for the start of a build."""
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
