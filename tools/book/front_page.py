"""The parts of the first page that are made of other files.

    python tools/book/front_page.py         the routes and the citation in book/intro.md
    python tools/book/front_page.py card    book/_static/card.png, what other sites show
                                            of a link; needs Chromium
    python tools/book/front_page.py picture [SITE]
                                            book/_static/book.png, a part of a chapter
                                            as the built site shows it, at two dots a
                                            pixel; needs Chromium. SITE is _build/html

The minutes of a route are those of its chapters, as `times.py` counts them.
"""

import hashlib
import io
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat
import yaml
from generated_pages import RUNS, read_ledger
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from take_along import chromium
from times import Times, longest_run, times_of

from book_files import ROOT, chapter_of_notebook, notebooks

INTRO = ROOT / "book" / "intro.md"
CARD = ROOT / "book" / "_static" / "card.png"
PICTURE = ROOT / "book" / "_static" / "book.png"
SHOWN = ROOT / "notebooks" / "06_self_attention.ipynb"
HEADING = "What does a row mean?"  # where the picture begins
MARKED = "(<!-- {0} -->\n).*?(<!-- /{0} -->)"


class Route(NamedTuple):
    """A way through the book; no chapters: all of them."""

    name: str
    goal: str
    chapters: tuple[int, ...]


ROUTES = (
    Route("One evening", "what BERT is", (0, 1)),
    Route(
        "One weekend",
        "the model, trained and used",
        (0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 14),
    ),
    Route("One course", "all of it, a chapter or two a week", ()),
)


class Chapter(NamedTuple):
    """What the first page says of a chapter."""

    title: str
    file: str
    times: Times


def chapters() -> dict[int, Chapter]:
    """Read title and minutes of each notebook."""
    found = {}
    for path in notebooks():
        book = nbformat.read(path, as_version=4)
        title = book.cells[0].source.split("\n")[0].removeprefix("# ")
        number = chapter_of_notebook(path)
        found[number] = Chapter(title, path.name, times_of(book))
    return found


def hours(minutes: int) -> str:
    """Say how long something takes."""
    return f"{minutes} minutes" if minutes <= 90 else f"{round(minutes / 60)} hours"


def route_id(route: Route) -> str:
    """Name a route for scripts: "One hour" is one-hour."""
    return route.name.lower().replace(" ", "-")


def card(route: Route, known: dict[int, Chapter]) -> str:
    """Write the card of a route, with a link to each of its chapters."""
    numbers = route.chapters or tuple(known)
    links = "\n".join(
        f"- [{known[one].title}](../notebooks/{known[one].file})" for one in numbers
    )
    if not route.chapters:
        first = known[numbers[0]].file
        links = (
            f"[From chapter {numbers[0]}](../notebooks/{first}) to {numbers[-1]} in "
            "order, with [a plan by weeks](teacher.md)."
        )
    minutes = sum(known[one].times.together for one in numbers)
    count = f"{len(numbers)} chapters, {hours(minutes)}"
    title = f":::{{grid-item-card}} {route.name}: {route.goal}"
    title += f"\n:class-card: route-card route-is-{route_id(route)}\n"
    return f"{title}\n{links}\n\n*{count}*\n:::\n"


def routes() -> str:
    """Write the cards of all routes."""
    known = chapters()
    cards = "".join(card(route, known) for route in ROUTES)
    return f"::::{{grid}} 1 1 2 3\n:gutter: 3\n\n{cards}::::\n"


def citation() -> str:
    """Write the citation from CITATION.cff."""
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    authors = " and ".join(f"{{{one['name']}}}" for one in told["authors"])
    rows = {
        "author": authors,
        "title": told["title"],
        "year": str(told["date-released"])[:4],
        "version": told["version"],
        "url": "REPOSITORY-ADDRESS",
    }
    lines = [f"  {key:<7} = {{{value}}}," for key, value in rows.items()]
    return "\n".join(["```bibtex", "@misc{build-bert,", *lines, "}", "```", ""])


def with_parts(text: str) -> str:
    """Return the first page with its made parts up to date."""
    minutes = chapters()[0].times.reading
    text = RUNS.sub(rf"\g<1>{longest_run(read_ledger())}", text)
    text = re.sub(r">Start, \d+ minutes<", f">Start, {minutes} minutes<", text)
    for name, part in (("routes", routes()), ("citation", citation())):
        found = re.search(MARKED.format(name), text, re.S)
        if found is None:
            raise ValueError(f"the first page has no mark <!-- {name} -->")
        text = text[: found.end(1)] + part + text[found.start(2) :]
    return text


CARD_PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><style>
body {{ margin: 0; width: 1200px; height: 630px; display: flex; background: #fff;
  font-family: system-ui, sans-serif; color: #222832; }}
div {{ flex: 1; padding: 70px 20px 0 70px; }}
h1 {{ font-size: 76px; line-height: 1.1; margin: 0 0 28px; color: #005e94; }}
p {{ font-size: 34px; line-height: 1.4; margin: 0; }}
svg {{ height: 610px; width: auto; margin: 10px 40px 10px 0; }}
</style></head><body><div><h1>Build BERT<br>from Scratch</h1><p>Tokenizer, attention,
pretraining, fine-tuning: in notebooks that check your work.</p></div>
{svg}</body></html>
"""


def draw_card() -> None:
    """Take a picture of title and cover, 1200 by 630 pixels."""
    svg = (ROOT / "book" / "_static" / "cover_light.svg").read_text(encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.set_content(CARD_PAGE.format(svg=svg))
        page.screenshot(path=str(CARD))


def shown_part() -> str:
    """Give the cells of the chapter that the picture shows, as one text."""
    cells = nbformat.read(SHOWN, as_version=4).cells
    starts = [i for i, cell in enumerate(cells) if f"### {HEADING}\n" in cell.source]
    if len(starts) != 1:
        raise ValueError(f"{SHOWN.name} has {len(starts)} headings {HEADING!r}")
    return "\n".join(cell.source for cell in cells[starts[0] : starts[0] + 4])


def shown_digest() -> str:
    """Give the SHA-256 of what the picture shows, which is stored inside of it."""
    return hashlib.sha256(shown_part().encode()).hexdigest()


def draw_picture(site: Path) -> None:
    """Take a picture of a part of a chapter, 1280 by 860 at two dots a pixel."""
    shown = site / "notebooks" / f"{SHOWN.stem}.html"
    if not shown.is_file():
        raise SystemExit(f"there is no {shown}: build the site with `make site`")
    with chromium() as browser:
        page = browser.new_page(
            viewport={"width": 1280, "height": 860}, device_scale_factor=2
        )
        page.goto(shown.resolve().as_uri())
        page.wait_for_function("document.fonts.status === 'loaded'")
        heading = page.get_by_role("heading", name=HEADING)
        heading.evaluate("one => window.scrollTo(0, one.offsetTop - 70)")
        page.wait_for_timeout(1_000)
        taken = page.screenshot()
    note = PngInfo()
    note.add_text("shown", shown_digest())
    colours = (
        Image.open(io.BytesIO(taken))
        .convert("RGB")
        .quantize(256, dither=Image.Dither.NONE)
    )
    colours.save(PICTURE, optimize=True, pnginfo=note)


def main() -> None:
    """Write what the command line asks for."""
    match sys.argv[1:]:
        case ["card"]:
            draw_card()
        case ["picture", *site]:
            draw_picture(Path(site[0]) if site else ROOT / "_build" / "html")
        case []:
            text = INTRO.read_text(encoding="utf-8")
            INTRO.write_text(with_parts(text), encoding="utf-8", newline="\n")
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
