"""Below the title of a chapter: its place in the routes, Colab, and where to ask.

The routes are those of the first page (`tools/book/front_page.py`). A page names each
route that it belongs to; `progress.js` leaves only the reader's own, once the reader
has come by a link of that route.
"""

import html
import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))

from front_page import ROUTES, Chapter, chapters, route_id

from book_files import chapter_of_notebook, notebooks, repository_url

COLAB = "https://colab.research.google.com/github/"
HOME = "../book/intro.html#three-routes"


@cache
def known() -> dict[int, Chapter]:
    """Read titles and files of all chapters, once for a build."""
    return chapters()


def places(number: int, all_chapters: dict[int, Chapter]) -> str:
    """Say where a chapter stands in each route that holds it, and what comes next."""
    lines = []
    for route in ROUTES:
        numbers = list(route.chapters or all_chapters)
        if number not in numbers:
            continue
        place = numbers.index(number) + 1
        text = f"{html.escape(route.name)}: {place} of {len(numbers)}"
        if place < len(numbers):
            after = all_chapters[numbers[place]]
            page = after.file.replace(".ipynb", ".html")
            text += f', then <a href="{page}">{html.escape(after.title)}</a>'
        else:
            text += ", the last one"
        lines.append(f'<li data-route="{route_id(route)}">{text}</li>')
    return (
        f'<p class="route-told">On the <a href="{HOME}">routes</a> through the book:'
        f'</p> <ul class="route-places">{"".join(lines)}</ul>'
    )


def tools(number: int, file: str, all_chapters: dict[int, Chapter]) -> str:
    """Write what stands below the title of a chapter."""
    address = repository_url()
    place = address.removeprefix("https://github.com/")
    told = {
        "template": "question.yml",
        "title": f"Question: chapter {number}",
        "page": f"Chapter {number}",
    }
    ask = html.escape(f"{address}/issues/new?{urlencode(told)}")
    return (
        '<div class="chapter-tools"><p class="chapter-links">'
        f'<a href="{COLAB}{place}/blob/main/notebooks/{file}">Open in Colab</a> '
        f'<a href="{ask}">Ask about this chapter</a></p>'
        f'<nav aria-label="Routes">{places(number, all_chapters)}</nav></div>'
    )


def add_tools(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put them on the pages of chapters."""
    files = {f"notebooks/{path.stem}": path for path in notebooks()}
    if page not in files or "body" not in context:
        return
    path = files[page]
    text = tools(chapter_of_notebook(path), path.name, known())
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{text}", 1)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it."""
    app.connect("html-page-context", add_tools, priority=650)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
