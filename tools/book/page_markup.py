"""Read one page of the built site: what it links to, loads, shows, and lacks.

Faults are named here where the page alone shows them: a picture, a field, a link or a
table without a text, a script or an event that the theme did not put there.
"""

import re
from html.parser import HTMLParser
from itertools import pairwise

__all__ = ["BARE_TABLE", "Page", "heading_faults"]

FILE_NAME = re.compile(r"[0-9a-f]{32,}|\.(?:png|svg|jpe?g)$")
LOADING_LINKS = {"stylesheet", "preload", "icon", "preconnect", "modulepreload"}
QUIET = ("pre", "code", "script", "style")
FOREIGN = ("iframe", "object", "embed", "base")
# The two buttons of the theme that print the page and fill the screen.
EVENTS = {"window.print()", "toggleFullScreen()"}
# How the theme's and the extensions' own scripts begin; they stand around the text.
SCRIPTS = re.compile(
    r"document\.documentElement\.dataset\.mode = |let toggle\w+ = '|"
    r"var togglebuttonSelector = |const THEBE_JS_URL = |DOCUMENTATION_OPTIONS\.|"
    r"// Activate the search field|window\.MathJax = \{"
)
# Two of them stand in the text; they start nothing before a button that is not there.
TEXT_SCRIPTS = re.compile(
    r"kernelName = 'python3'$|\{\s*requestKernel: true,[^;()<]*\}$"
)
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
            text = "".join(self.script).strip()
            known = TEXT_SCRIPTS if self.article else SCRIPTS
            if text and not known.match(text):
                self.faults.append(f"a script that nobody knows: {text[:60]}")
            self.script = None
        if self.open and self.open[-1][0] == tag:
            _, text = self.open.pop()
            if not text.strip():
                self.faults.append(f"<{tag}> without a text")
        if tag == "table" and self.tables and not self.tables.pop():
            self.faults.append(BARE_TABLE)
        self.article = self.article and tag != "article"

    def handle_data(self, data: str) -> None:
        """Keep the words that a reader sees as prose."""
        if self.script is not None:
            self.script.append(data)
        for one in self.open:
            one[1] += data
        if not self.quiet:
            self.words.append(data)


def heading_faults(levels: list[int]) -> list[str]:
    """Name a missing or second title and skipped levels."""
    faults = [] if levels.count(1) == 1 else [f"{levels.count(1)} titles"]
    for above, below in pairwise(levels):
        if below > above + 1:
            faults.append(f"heading level {below} after {above}")
    return faults
