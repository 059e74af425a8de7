"""Check the built site for what the builder does not see.

    python tools/book/check_site.py _build/html

Broken links and anchors in raw HTML, anything that another host would serve, scripts
that are not the theme's or the book's, markup left as text, parts without a text for
those who do not see them, missing or jumping headings, missing buttons, heavy pages.

`NOTICE.md` has a table of the files that others made. A file of the site that is
neither in it nor the book's own is a fault, and so is a line of the table without a
file. The licences' texts, from the packages that brought the files, are written into
the site's folder `licences` first.
"""

import gzip
import importlib.metadata
import re
import shutil
import sys
from fnmatch import fnmatchcase
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from book_files import ROOT

FILE_NAME = re.compile(r"[0-9a-f]{32,}|\.(?:png|svg|jpe?g)$")
LOADING_LINKS = {"stylesheet", "preload", "icon", "preconnect", "modulepreload"}
QUIET = ("pre", "code", "script", "style")
FOREIGN = ("iframe", "object", "embed", "base")
# The two buttons of the theme that print the page and fill the screen.
EVENTS = {"window.print()", "toggleFullScreen()"}
# How the theme's and the extensions' own scripts begin; they stand around the text.
SCRIPTS = re.compile(
    r"document\.documentElement\.dataset\.mode = |let toggle\w+ = '|"
    r"var togglebuttonSelector = |DOCUMENTATION_OPTIONS\.|"
    r"// Activate the search field|window\.MathJax = \{|window\.BOOK_TERMS = \["
)
SCRIPT_ELSEWHERE = re.compile(r"(?:https?:)?//[\w.-]+/[^\s\"'<>]*\.m?js\b")
LONG_DASH = re.compile(
    "(?<!\\w)\N{EN DASH}[a-z][a-z-]*"
)  # typography's work on --option
DECLARED = re.compile(r"\b(?:const|let|class)\s+([\w$]+)")
BARE_TABLE = "a table without a header"
NAMED = ("a", "button", "summary", "label")


class Page(HTMLParser):
    """What one page links to, loads, shows and says.

    Args:
        text: the page's HTML.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.headings: list[int] = []
        self.faults: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[str] = []
        self.quiet = 0
        self.article = False
        self.open: list[list[str]] = []  # links and buttons: tag, text so far
        self.tables: list[bool] = []  # for each open table: has it a header
        self.script: list[str] | None = None
        self.declared: set[str] = set()  # by the scripts between the tags, so far
        self.feed(text)
        self.faults += [
            f"field without a label: {field or 'no id'}"
            for field in self.fields
            if field not in self.labelled
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the tag's addresses and check what it must carry."""
        values = {key: value or "" for key, value in attrs}
        self.ids |= {values[key] for key in ("id", "name") if values.get(key)}
        self.quiet += tag in QUIET
        self.article = self.article or tag == "article"
        if values.get("src"):
            self.loads.append(values["src"])
        if values.get("href") and tag in ("a", "link"):
            loads = tag == "link" and LOADING_LINKS & set(values.get("rel", "").split())
            (self.loads if loads else self.links).append(values["href"])
        if tag == "html" and not values.get("lang"):
            self.faults.append("no language")
        if tag == "label" and values.get("for"):
            self.labelled.add(values["for"])
        self._check_scripts(tag, values)
        if self.article:
            self._check_content(tag, values)

    def _check_scripts(self, tag: str, values: dict[str, str]) -> None:
        """Name scripts in the text, events, and frames."""
        if tag == "script":
            self.script = []
        for key, value in values.items():
            if key.startswith("on") and (self.article or value not in EVENTS):
                self.faults.append(f"an event: {key}={value}")
            if value.strip().lower().startswith("javascript:"):
                self.faults.append(f"a script as an address: {value}")
        if tag in FOREIGN:
            self.faults.append(f"a foreign part: <{tag}>")

    def _check_content(self, tag: str, values: dict[str, str]) -> None:
        """Check pictures, headings, fields, links and tables of the text."""
        name = values.get("aria-label", "").strip()
        if tag == "img":
            name = values.get("alt", "").strip()
            if not name or FILE_NAME.search(name):
                self.faults.append(f"picture without a text: {values.get('src')}")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("input", "select", "textarea") and values.get("type") != "hidden":
            inside = any(kind == "label" for kind, _ in self.open)
            if not name and not inside:
                self.fields.append(values.get("id", ""))
        for one in self.open:
            one[1] += name
        if tag in NAMED:
            self.open.append([tag, name])
        if tag == "table":
            self.tables.append(False)
        if tag == "th" and self.tables:
            self.tables[-1] = True

    def handle_endtag(self, tag: str) -> None:
        """Leave the article, a link, a table, or a part whose text is code."""
        self.quiet -= tag in QUIET
        if tag == "script" and self.script is not None:
            self._check_script("".join(self.script).strip())
            self.script = None
        if self.open and self.open[-1][0] == tag:
            _, text = self.open.pop()
            if not text.strip():
                self.faults.append(f"<{tag}> without a text")
        if tag == "table" and self.tables and not self.tables.pop():
            self.faults.append(BARE_TABLE)
        self.article = self.article and tag != "article"

    def _check_script(self, text: str) -> None:
        """Name a script in the text or an unknown one, and what it declares again."""
        if text and (self.article or not SCRIPTS.match(text)):
            self.faults.append(f"a script that nobody knows: {text[:60]}")
        for name in DECLARED.findall(text):
            if name in self.declared:
                self.faults.append(f"declared twice: {name}")
            self.declared.add(name)
        if address := SCRIPT_ELSEWHERE.search(text):
            self.faults.append(f"a script of another host: {address.group()}")

    def handle_data(self, data: str) -> None:
        """Keep the words that a reader sees as prose."""
        if self.script is not None:
            self.script.append(data)
        for one in self.open:
            one[1] += data
        if not self.quiet:
            self.words.append(data)
            dashed = LONG_DASH.findall(data)
            self.faults += [f"an option with one long dash: {one}" for one in dashed]


def heading_faults(levels: list[int]) -> list[str]:
    """Name a missing or second title and skipped levels."""
    faults = [] if levels.count(1) == 1 else [f"{levels.count(1)} titles"]
    for above, below in pairwise(levels):
        if below > above + 1:
            faults.append(f"heading level {below} after {above}")
    return faults


STATIC = ROOT / "book" / "_static"
# What the builder makes of the book's own pages, pictures and notebooks.
OWN = (
    *("*.html", "objects.inv", "searchindex.js", ".nojekyll", ".buildinfo"),
    "sitemap.xml",
    *("_images/*", "_sources/*", "downloads/*", "licences/*"),
)


class Work(NamedTuple):
    """A row of the table: the files, the work, who holds it, under which licence."""

    patterns: list[str]
    name: str
    holders: str
    licence: str


def works(text: str) -> list[Work]:
    """Read the table of `NOTICE.md`."""
    rows = re.findall(r"^\| (`.*`) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.M)
    return [Work(re.findall("`([^`]+)`", files), *rest) for files, *rest in rows]


def is_own(name: str) -> bool:
    """Tell whether a file of the site is the book's own."""
    inside = name.removeprefix("_static/")
    if inside != name:
        return (STATIC / inside).is_file()
    return any(fnmatchcase(name, pattern) for pattern in OWN)


def notice_faults(names: list[str], table: list[Work]) -> list[str]:
    """Compare the files of a site with the table.

    Args:
        names: of all files, from the site's folder.
        table: from `works`.
    """
    patterns = [f"_static/{one}" for work in table for one in work.patterns]
    found = [
        f"{name} is neither the book's own nor in NOTICE.md"
        for name in names
        if not is_own(name) and not any(fnmatchcase(name, one) for one in patterns)
    ]
    found += [
        f"NOTICE.md lists {one}, which the site does not have"
        for one in patterns
        if not any(fnmatchcase(name, one) for name in names)
    ]
    return found


def licence_file(name: str) -> Path | None:
    """Find the text of a licence in the package of a work, if it is one."""
    try:
        files = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    texts = [file for file in files if re.match("LICEN[CS]E", file.name)]
    return Path(str(texts[0].locate())) if texts else None


def licence_texts() -> dict[str, Path]:
    """Find the texts that go with a site: the book's own, then those of the works."""
    texts = {f"{name}.txt": ROOT / name for name in ("LICENSE", "LICENSE-prose")}
    for work in works((ROOT / "NOTICE.md").read_text(encoding="utf-8")):
        if source := licence_file(work.name):
            texts[f"{work.name}.txt"] = source
    return texts


def write_texts(site: Path) -> None:
    """Write the folder of licences into a site."""
    target = site / "licences"
    target.mkdir(exist_ok=True)
    for name, source in {"NOTICE.md": ROOT / "NOTICE.md", **licence_texts()}.items():
        shutil.copyfile(source, target / name)


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
        "search.js",
        "bert/bert.js",
        "bert/panels.js",
        "searchindex.js",
        "mathjax/tex-chtml-full.js",
    ),
    *("documentation_options.js", "doctools.js", "sphinx_highlight.js"),
    *("clipboard.min.js", "copybutton.js", "togglebutton.js", "design-tabs.js"),
    *("searchtools.js", "language_data.js"),
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
    root = Path(sys.argv[1]).resolve()
    write_texts(root)
    files = [path for path in root.rglob("*") if path.is_file()]
    table = works((ROOT / "NOTICE.md").read_text(encoding="utf-8"))
    names = sorted(path.relative_to(root).as_posix() for path in files)
    count, faults = check(root)
    faults += notice_faults(names, table)
    if not count:
        faults.append("no page: build the site first")
    told = f"{count} pages, {len(table)} works of others, no fault"
    print(*faults or [told], sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
