"""Check the built site for what the builder does not see.

    python tools/book/check_site.py _build/html

Broken links and anchors in raw HTML, anything that another host would serve, scripts
that are not the theme's or the book's, markup left as text, parts without a text for
those who do not see them, missing or jumping headings, missing buttons, heavy pages.
"""

import gzip
import re
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from page_markup import BARE_TABLE, Page, heading_faults

LEFT = re.compile(
    r":::+\s*\{|```|\{(?:ref|doc|term|eq|numref|cite(?::\w+)?)\}`|\]\[[\w-]+\]"
)
REMOTE_CSS = re.compile(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//")
FONTS = re.compile(r"url\([\"']?([^\"')]+\.woff2)")
OWN_SCRIPTS = {
    *(
        "a11y.js",
        "quiz.js",
        "progress.js",
        "searchindex.js",
        "mathjax/tex-chtml-full.js",
    ),
    *("documentation_options.js", "doctools.js", "sphinx_highlight.js"),
    *("clipboard.min.js", "copybutton.js", "togglebutton.js", "design-tabs.js"),
    *("sphinx-thebe.js", "searchtools.js", "language_data.js"),
    *("scripts/sphinx-book-theme.js", "scripts/bootstrap.js"),
    *("scripts/pydata-sphinx-theme.js", "scripts/fontawesome.js"),
}
FIRST_VISIT = 1_000_000  # bytes, compressed: a page and all that it loads
EVERY_PAGE = ("/edit/main/", "/issues/new?", "_sources/", "notice.html")
EVERY_NOTEBOOK = (
    "https://colab.research.google.com/github/",
    "_student.ipynb",
    "/notebooks.zip",
)


def link_faults(path: Path, pages: dict[Path, Page]) -> list[str]:
    """Name the links and loads of one page that lead nowhere or to another host."""
    page, faults = pages[path], []
    for url in page.links + page.loads:
        parts = urlsplit(url)
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if parts.scheme or parts.netloc:
            if url in page.loads and parts.scheme != "data":
                faults.append(f"loads from another host: {url}")
        elif not target.exists():
            faults.append(f"no such file: {url}")
        elif parts.fragment and target in pages:
            name = unquote(parts.fragment)
            if name not in pages[target].ids:
                faults.append(f"no such anchor: {url}")
    return faults


def script_faults(page: Page) -> list[str]:
    """Name the script files that are neither the theme's nor the book's."""
    files = [urlsplit(url).path for url in page.loads]
    names = [file.rpartition("../")[2].removeprefix("_static/") for file in files]
    return [
        f"a script file that nobody knows: {name}"
        for name in names
        if name.endswith((".js", ".mjs")) and name not in OWN_SCRIPTS
    ]


def button_faults(path: Path, page: Page) -> list[str]:
    """Name the links for changing, reporting and taking away that a page lacks."""
    wanted = EVERY_PAGE + (EVERY_NOTEBOOK if path.parent.name == "notebooks" else ())
    return [
        f"no link with {part}"
        for part in wanted
        if not any(part in link for link in page.links) and part != path.name
    ]


@cache
def weight(path: Path) -> int:
    """Return the bytes of a file as a server sends it: compressed, if that helps."""
    data = path.read_bytes()
    size = min(len(data), len(gzip.compress(data, 6)))
    if path.suffix == ".css":
        fonts = FONTS.findall(data.decode("utf-8", errors="replace"))
        names = {(path.parent / font).resolve() for font in fonts}
        size += sum(weight(name) for name in names if name.exists())
    return size


def first_visit(path: Path, page: Page) -> int:
    """Return the compressed bytes of a page with all that it loads by itself."""
    files = {
        (path.parent / unquote(urlsplit(url).path)).resolve() for url in page.loads
    }
    return weight(path) + sum(weight(file) for file in files if file.is_file())


def check(root: Path) -> tuple[int, list[str]]:
    """Return how many pages the site has and all that is wrong with them."""
    pages = {
        path: Page(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.html"))
        if "_static" not in path.parts
    }
    faults = []
    for path, page in pages.items():
        found = link_faults(path, pages) + script_faults(page) + page.faults
        if path.parent == root:
            # The redirect to the first page, the search and the index are the theme's.
            found = [fault for fault in found if fault != BARE_TABLE]
        else:
            found += heading_faults(page.headings) + button_faults(path, page)
        if left := LEFT.search(" ".join(page.words)):
            found.append(f"markup left as text: {left.group()}")
        if (size := first_visit(path, page)) > FIRST_VISIT:
            found.append(f"a first visit loads {size:,} bytes")
        faults += [f"{path.relative_to(root)}: {fault}" for fault in found]
    for path in sorted(root.rglob("*.css")):
        if REMOTE_CSS.search(path.read_text(encoding="utf-8", errors="replace")):
            faults.append(f"{path.relative_to(root)}: a style from another host")
    return len(pages), faults


def main() -> int:
    """Check the site that the command line names."""
    count, faults = check(Path(sys.argv[1]).resolve())
    if not count:
        faults.append("no page: build the site first")
    print(*faults or [f"{count} pages, no fault"], sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
