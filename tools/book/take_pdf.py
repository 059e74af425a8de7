"""The book as one PDF: one long page of the site's texts, printed by Chromium."""

import re
import tempfile
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from taken_pages import IDS, Page, pictures, read_book, relink

HEADINGS = re.compile("h[1-5]")
MATHJAX = """window.MathJax = {tex: {inlineMath: [["\\\\(", "\\\\)"]]},
  options: {ignoreHtmlClass: "page", processHtmlClass: "math", enableMenu: false}};"""
FOOT = (
    '<div style="width: 100%; font: 8px sans-serif; text-align: center; color: #555">'
    '<span class="pageNumber"></span></div>'
)
MARGIN = {"top": "18mm", "bottom": "18mm", "left": "19mm", "right": "19mm"}
WIDTH = 650  # pixels of the text on A4
# What would be cut at the right edge of the paper.
TOO_WIDE = """(width) => [...document.querySelectorAll("pre, table, img, svg, p")]
  .filter((one) => one.getBoundingClientRect().right > width + 1
    || (one.matches("pre") && one.scrollWidth > one.clientWidth + 1))
  .map((one) => one.outerHTML.slice(0, 80))"""
PAGE = re.compile(rb"^(\d+) 0 obj\n<</Type /Page\n", re.M)
DESTINATION = re.compile(rb"/(\S+) \[(\d+) 0 R /XYZ")


def anchor(name: str, fragment: str) -> str:
    """Name a place of a page in the one long page."""
    slug = name.rpartition("/")[2]
    return f"{slug}--{fragment}" if fragment else slug


def rename(page: Page) -> None:
    """Make a page's names of places unique in the book, and lower its headings.

    Names of figures that bring their own style are unique as they are.
    """
    for one in page.body.find_all(True):
        for key in IDS:
            if key in one.attrs:
                words = str(one[key]).split()
                one[key] = " ".join(
                    word if word.startswith("bt-") else anchor(page.name, word)
                    for word in words
                )
    for one in page.body.find_all(HEADINGS):
        level = int(one.name[1])
        one.name = f"h{level + 1}"
        one["class"] = f"level-{level}"
    page.body["id"] = page.slug


def contents(pages: list[Page], numbers: dict[str, int]) -> str:
    """Write the table of contents; no numbers: places for them."""
    lines = []
    for part, group in groupby(pages, lambda page: page.part):
        rows = "".join(
            f'<li><a href="#{page.slug}"><span>{escape(page.title)}</span>'
            f"<b>{numbers.get(page.slug, '000')}</b></a></li>"
            for page in group
        )
        lines.append(f"<p>{escape(part)}</p><ol>{rows}</ol>")
    return f'<nav class="contents"><h1>Contents</h1>{"".join(lines)}</nav>'


def long_page(pages: list[Page], figures: str, style: str, title_page: str) -> str:
    """Join the pages to one; CONTENTS stands where the table is to come."""
    texts = []
    for part, group in groupby(pages, lambda page: page.part):
        texts.append(f'<h1 class="part">{escape(part)}</h1>' if part else "")
        texts += [str(page.body) for page in group]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        "<title>Build BERT from Scratch</title>"
        f"<style>{style}\n{figures}</style><script>{MATHJAX}</script>"
        '<script src="_static/mathjax/tex-chtml-full.js"></script></head>'
        f"<body>{title_page}CONTENTS{''.join(texts)}</body></html>"
    )


def page_numbers(data: bytes) -> dict[str, int]:
    """Read from a PDF of Chromium on which page each named place stands."""
    order = {int(one): number for number, one in enumerate(PAGE.findall(data), 1)}
    found = DESTINATION.findall(data)
    return {name.decode(): order[int(one)] for name, one in found if int(one) in order}


def print_page(browser: Any, path: Path) -> bytes:
    """Set the formulas of a page and print it, with bookmarks and page numbers.

    Raises:
        ValueError: if MathJax does not understand a formula, or something is wider
            than the paper.
    """
    page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
    page.set_default_timeout(0)
    page.emulate_media(media="print")
    page.goto(path.as_uri())
    page.evaluate("async () => { await MathJax.startup.promise }")
    if wrong := page.locator("mjx-merror").all_inner_texts():
        raise ValueError(f"formulas that are none: {wrong[:3]}")
    if wide := page.evaluate(TOO_WIDE, WIDTH):
        raise ValueError(f"wider than the paper: {wide[:3]}")
    data: bytes = page.pdf(
        format="A4",
        outline=True,
        tagged=True,
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOT,
        margin=MARGIN,
    )
    page.close()
    return data


def make_pdf(site: Path, browser: Any, style: str, title_page: str) -> bytes:
    """Print twice: the second time with the page numbers that the first one shows."""
    pages, figures = read_book(site)
    names = {page.name for page in pages}
    for page in pages:
        relink(page, names, lambda name, place: f"#{anchor(name, place)}")
        for one, file in pictures(page):
            one["src"] = file
        rename(page)
    text = long_page(pages, figures, style, title_page)
    numbers: dict[str, int] = {}
    with tempfile.NamedTemporaryFile(dir=site, suffix=".html") as written:
        for _ in range(2):
            whole = text.replace("CONTENTS", contents(pages, numbers), 1)
            Path(written.name).write_text(whole, encoding="utf-8")
            data = print_page(browser, Path(written.name))
            numbers = page_numbers(data)
    return data
