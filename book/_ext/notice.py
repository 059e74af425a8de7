"""Lead from every page to whose work the site holds, and put the licences beside it.

The page `book/notice` is `NOTICE.md` and a list of the licences' texts, which lie in
the folder `licences` of the site. The footer's link to it is relative, so that it also
works where the site is opened from a disk.
"""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))

from check_site import licence_texts, write_texts

PAGE = "book/notice"
PLACE = "NOTICE-PAGE"  # stands for the address in the footer of `_config.yml`


def list_texts(app: Sphinx, page: str, source: list[str]) -> None:
    """Add the list of licences to the page; raw HTML, since no page is meant."""
    if page == PAGE:
        links = [f'<a href="../licences/{one}">{one}</a>' for one in licence_texts()]
        source[0] += "".join(f"- {link}\n" for link in links)


def lead_there(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Write the page's address, as seen from this page, into the footer."""
    footer = context.get("theme_extra_footer", "")
    context["theme_extra_footer"] = footer.replace(PLACE, context["pathto"](PAGE))


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the texts when the pages are there."""
    if error is None and app.builder.format == "html":
        write_texts(Path(app.outdir))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the list, the link and the texts."""
    app.connect("source-read", list_texts)
    app.connect("html-page-context", lead_there, priority=900)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
