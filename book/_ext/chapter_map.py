"""Show on each chapter's page where it stands in the whole: a map below the title.

The map is a list of links in the order of the book, drawn by `figures.css` as a line of
stages. It is text, so it needs no words of its own for those who cannot see it, turns
with the page's colours, and wraps on a phone. `STAGES` is all that it is made from.
"""

import html
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from sphinx.application import Sphinx


class Stage(NamedTuple):
    """A stage of the way from a text to a model that is used: its chapters."""

    name: str
    first: int
    last: int


STAGES = (
    Stage("overview", 0, 2),
    Stage("tokenizer", 3, 4),
    Stage("embeddings", 5, 5),
    Stage("attention", 6, 7),
    Stage("encoder", 8, 9),
    Stage("pretraining", 10, 13),
    Stage("fine-tuning", 14, 18),
    Stage("beyond", 19, 24),
)


def chapter_pages(pages: set[str]) -> dict[int, str]:
    """Find the file of each chapter's page, as a neighbour names it."""
    found = {}
    for page in pages:
        path = PurePosixPath(page)
        if path.parent.name == "notebooks" and path.name[:2].isdigit():
            found[int(path.name[:2])] = f"{path.name}.html"
    return found


def stage_of(chapter: int) -> Stage:
    """Find the stage of a chapter.

    Raises:
        ValueError: if no stage has it.
    """
    for stage in STAGES:
        if stage.first <= chapter <= stage.last:
            return stage
    raise ValueError(f"chapter {chapter} has no stage; add it to STAGES")


def written(chapter: int, files: dict[int, str]) -> str:
    """Write the map of a chapter.

    Args:
        chapter: the one whose stage is marked.
        files: of all chapters, as its page names them.
    """
    here, items = stage_of(chapter), []
    for stage in STAGES:
        numbers = sorted({stage.first, stage.last})
        told = "\N{EN DASH}".join(map(str, numbers))
        words = "chapter" if len(numbers) == 1 else "chapters"
        said = f'<span class="map-name">{html.escape(stage.name)}</span> '
        said += f'<span class="map-chapters"><span>{words} </span>{told}</span>'
        mark = ' aria-current="step"' if stage == here else ""
        target = chapter if stage == here else stage.first
        items.append(f'<li{mark}><a href="{files[target]}">{said}</a></li>')
    return (
        '<nav class="chapter-map screen-only" aria-label="Where this chapter stands">'
        f"<ol>{''.join(items)}</ol></nav>"
    )


def add_map(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the map below the title of a chapter."""
    path = PurePosixPath(page)
    if path.parent.name != "notebooks" or "body" not in context:
        return
    if path.name[:2].isdigit():
        text = written(int(path.name[:2]), chapter_pages(app.env.found_docs))
        context["body"] = context["body"].replace("</h1>", f"</h1>\n{text}", 1)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the map; what stands between title and map comes later."""
    app.connect("html-page-context", add_map, priority=660)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
