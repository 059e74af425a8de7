"""The whole book as one PDF and as one EPUB, made of the built site.

    python tools/book/take_along.py pdf [SITE]     SITE is _build/html, if not said
    python tools/book/take_along.py epub [SITE]

Both go into the site's folder `downloads`, and the site's links to them, which lead to
the repository's releases before, lead there from then on. Both need Chromium: the one
of this machine, or else that of `python -m playwright install chromium`. It prints the
PDF, and sets the formulas, for the EPUB as MathML.
"""

import base64
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from take_epub import Told, faults, make_epub, pack
from take_pdf import make_pdf

from book_files import ROOT

NAME = "build-bert-from-scratch"
STYLE = Path(__file__).with_name("take_along.css")
COVER = ROOT / "book" / "_static" / "cover_light.svg"
COVER_TEXT = "A sentence on its way through the model"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# In the pages of the site, a link to a book that is not made leads to the releases.
LINK = r'(<a class="take-{kind}[^"]*" href=")[^"]*(")'


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium.

    Raises:
        SystemExit: if there is none.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise SystemExit('pip install -e ".[take]" brings what this needs') from None
    place = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_playwright() as play:
        try:
            browser = play.chromium.launch(
                executable_path=place, args=["--no-sandbox", "--disable-gpu"]
            )
        except Error:
            raise SystemExit("python -m playwright install chromium") from None
        yield browser
        browser.close()


def told() -> Told:
    """Read what a library shows of the book from CITATION.cff."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    found = yaml.safe_load(text)
    author = " and ".join(one["name"] for one in found["authors"])
    date = str(found["date-released"])
    return Told(found["title"], author, str(found["version"]), date)


def title_page(picture: str) -> str:
    """Write the first page of both books.

    Args:
        picture: the address of the cover's drawing.
    """
    one = told()
    return (
        f'<div class="title-page"><h1>{one.title}</h1><p>Version {one.version}, '
        f'{one.date}</p><img src="{picture}" alt="{COVER_TEXT}"/><p>{one.author}</p>'
        "<p>Prose: CC BY 4.0. Code: Apache-2.0.</p></div>"
    )


def style(site: Path) -> str:
    """Join the style of both books and the colours of code."""
    colours = (site / "_static" / "pygments.css").read_text(encoding="utf-8")
    kept = re.findall(r'^html\[data-theme="light"\] (\.highlight .*)$', colours, re.M)
    return STYLE.read_text(encoding="utf-8") + "\n".join(kept)


def picture_of_title(browser: Any, css: str) -> bytes:
    """Draw the title page as the picture that a library shows, 900 by 1200."""
    page = browser.new_page(viewport={"width": 900, "height": 1200})
    svg = base64.b64encode(COVER.read_bytes()).decode()
    shown = title_page(f"data:image/svg+xml;base64,{svg}")
    page.set_content(f"<style>{css} body {{margin: 60px}}</style>{shown}")
    data: bytes = page.screenshot()
    page.close()
    return data


def lead_to(site: Path, kind: str, name: str) -> int:
    """Let the site's links to a book lead to the one that is made; say how many."""
    count = 0
    for page in sorted((site / "book").glob("*.html")):
        text = page.read_text(encoding="utf-8")
        address = rf"\g<1>../downloads/{name}\g<2>"
        new, found = re.subn(LINK.format(kind=kind), address, text)
        if found:
            page.write_text(new, encoding="utf-8", newline="\n")
            count += found
    return count


def make(kind: str, site: Path) -> Path:
    """Make one of the two books.

    Raises:
        SystemExit: if the site is not built, or the book has a fault.
    """
    if not (site / "index.html").exists():
        raise SystemExit(f"there is no site in {site}: `make site`")
    target = site / "downloads" / f"{NAME}.{kind}"
    target.parent.mkdir(exist_ok=True)
    with chromium() as browser:
        css = style(site)
        if kind == "pdf":
            title = title_page(f"_static/{COVER.name}")
            target.write_bytes(make_pdf(site, browser, css, title))
        else:
            cover = picture_of_title(browser, css)
            title = title_page(f"images/{COVER.name}")
            pack(target, make_epub(site, browser, css, title, cover, told()))
            if found := faults(target):
                raise SystemExit("\n".join(found))
    lead_to(site, kind, target.name)
    return target


def main() -> None:
    """Make what the command line asks for."""
    if not sys.argv[1:] or sys.argv[1] not in ("pdf", "epub"):
        raise SystemExit(__doc__)
    site = Path(sys.argv[2] if sys.argv[2:] else ROOT / "_build" / "html").resolve()
    target = make(sys.argv[1], site)
    print(f"{target} ({target.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
