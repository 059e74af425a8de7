"""Check the built site for what the builder does not see.

    python tools/check_site.py _build/html

Broken links and anchors in raw HTML, anything that another host would serve, markup
left as text, pictures without a text, missing or jumping headings.
"""

import re
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

LEFT = re.compile(
    r":::+\s*\{|```|\{(?:ref|doc|term|eq|numref|cite(?::\w+)?)\}`|\]\[[\w-]+\]"
)
HASH = re.compile(r"[0-9a-f]{32,}|\.(?:png|svg|jpe?g)$")
REMOTE_CSS = re.compile(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//")
LOADING_LINKS = {"stylesheet", "preload", "icon", "preconnect", "modulepreload"}
VOID_OF_TEXT = ("pre", "code", "script", "style")


class Page(HTMLParser):
    """What one page links to, loads, shows and says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.headings: list[int] = []
        self.faults: list[str] = []
        self.quiet = 0
        self.article = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the tag's addresses and check what it must carry."""
        values = {key: value or "" for key, value in attrs}
        self.ids |= {values[key] for key in ("id", "name") if values.get(key)}
        self.quiet += tag in VOID_OF_TEXT
        self.article = self.article or tag == "article"
        if values.get("src"):
            self.loads.append(values["src"])
        if values.get("href") and tag in ("a", "link"):
            loads = tag == "link" and LOADING_LINKS & set(values.get("rel", "").split())
            (self.loads if loads else self.links).append(values["href"])
        if tag == "html" and not values.get("lang"):
            self.faults.append("no language")
        if tag == "img" and self.article:
            alt = values.get("alt", "").strip()
            if not alt or HASH.search(alt):
                self.faults.append(f"picture without a text: {values.get('src')}")
        if self.article and re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        """Leave the article or a part whose text is code."""
        self.quiet -= tag in VOID_OF_TEXT
        self.article = self.article and tag != "article"

    def handle_data(self, data: str) -> None:
        """Keep the words that a reader sees as prose."""
        if not self.quiet:
            self.words.append(data)


def heading_faults(levels: list[int]) -> list[str]:
    """Name a missing or second title and skipped levels."""
    faults = [] if levels.count(1) == 1 else [f"{levels.count(1)} titles"]
    for above, below in pairwise(levels):
        if below > above + 1:
            faults.append(f"heading level {below} after {above}")
    return faults


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


def check(root: Path) -> tuple[int, list[str]]:
    """Return how many pages the site has and all that is wrong with them."""
    pages = {
        path: Page(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.html"))
        if "_static" not in path.parts
    }
    faults = []
    for path, page in pages.items():
        found = link_faults(path, pages) + page.faults
        # The redirect to the first page, the search and the index are the theme's.
        if page.headings and path.parent != root:
            found += heading_faults(page.headings)
        if left := LEFT.search(" ".join(page.words)):
            found.append(f"markup left as text: {left.group()}")
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
