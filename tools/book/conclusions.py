"""The conclusions of the book: what each rests on, and the page that lists them.

`book/claims.json` has a row for each statement of the kind "X helps, hurts, decides,
comes from": its page and phrase, its run, null model, control, budget, seeds, spread
and what would refute it. `claims_page` writes `book/claims.md` from it, `unlisted`
finds sentences of this kind that no row has. `make sync` writes the page.
"""

import json
import operator
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import nbformat

from book_files import PACKAGE, ROOT, notebooks

__all__ = [
    "CLAIMS_PAGE",
    "claims_page",
    "failures_of",
    "looked_at",
    "prose",
    "read_claims",
    "unlisted",
    "values_of",
]

CLAIMS = ROOT / "book" / "claims.json"
CLAIMS_PAGE = ROOT / "book" / "claims.md"
PAGES = ("README.md", "book/faq.md", "book/measured.md", "book/scaling.md")
# A statement that one thing brings about another, or is better than another.
SIGN = re.compile(
    r"\b(?:helps|helped|(?:does|did|do|could|would)(?:n't| not)? help|no help|hurts?"
    r"|because of|comes? from|decides|decided|(?:is|are|was|were) (?:\w+ )?better than"
    r"|makes? [^.]{1,60} better|made the difference|improves?|improved|costs"
    r"|brings? (?:no|nothing)|pays off|matters)\b",
    re.IGNORECASE,
)
HIDDEN = re.compile(r"<!-- code -->.*?<!-- /code -->|```.*?```|<svg.*?</svg>", re.S)
BLOCK = re.compile(r"\n\s*\n|\n(?=[-*|#] |\d+\. |\|)")
SENTENCE = re.compile(r"(?<=[.?!:]) (?=[A-Z\"*`])")
# A quiz asks with wrong statements, a reading list has titles, a solution has code.
NO_PROSE = re.compile(r"quiz|reading|solution-.*")
ORDER: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
}
HEAD = """# What we claim, and what would refute it

The book says of many things that they help, hurt, decide or come from something else.
Each such statement is a row here: the run that shows it, what a model without the
effect would give (the null model), the control, the budget, seeds and spread, and a
result that would refute it. A conclusion of a single budget is a snapshot, and says so.

{total} conclusions; {held} are held by their run, {softened} were softened to what was
seen, and {open} are *open*: a control is missing, so read them as a guess. {ordered}
also state an order of their stored numbers, which the tests compare with the runs. The
tests find each phrase on its page, and fail when a sentence of this kind has no row.
This page is written by `make sync` from `book/claims.json`.
"""


def read_claims() -> dict[str, Any]:
    """Read the rows, and the sentences that only look like conclusions."""
    return dict(json.loads(CLAIMS.read_text(encoding="utf-8")))


def looked_at() -> list[str]:
    """List the pages that are searched for conclusions."""
    return [f"notebooks/{path.name}" for path in notebooks()] + list(PAGES)


@cache
def prose(page: str) -> str:
    """Return what a reader reads on a page, in one line, without code."""
    path = ROOT / page
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(
        cell.source
        for cell in cells
        if cell.cell_type == "markdown" and not NO_PROSE.fullmatch(cell.get("id", ""))
    )


def sentences(text: str) -> Iterator[str]:
    """Split a text into sentences, each on one line."""
    text = re.sub(r"<[^>]+>", " ", HIDDEN.sub(" ", text))
    for block in BLOCK.split(text):
        yield from SENTENCE.split(" ".join(block.split()))


def unlisted(text: str, known: list[str]) -> list[str]:
    """List the sentences that draw a conclusion and hold none of the known phrases.

    A question draws none, and what follows "Predict" is one.
    """
    asked = re.compile(r"\*\*Predict|.*\?\**$")
    found = (s for s in sentences(text) if SIGN.search(s) and not asked.match(s))
    return [one for one in found if not any(phrase in one for phrase in known)]


def _at(node: Any, key: str) -> Any:
    """Follow a key such as `runs/0/recall`."""
    for part in key.split("/"):
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node


@cache
def _run(file: str) -> dict[str, Any]:
    """Read a stored run."""
    return dict(json.loads((PACKAGE / "runs" / file).read_text("utf-8")))


def values_of(row: dict[str, Any], number: dict[str, Any]) -> list[float]:
    """Read a row's numbers from its stored run, one for each seed.

    Raises:
        KeyError: the run has no such key.
    """
    run = _run(row["run"]["file"])
    if "list" not in number:
        found = _at(run, number["key"])
        found = found if isinstance(found, list) else [found]
    else:
        found = [
            _at(one, number["key"])
            for one in _at(run, number["list"])
            if all(_at(one, key) == value for key, value in number["where"].items())
        ]
    return [float(value) for value in found]


def failures_of(row: dict[str, Any], values: dict[str, list[float]]) -> list[str]:
    """List the stated orders that do not hold, seed by seed.

    Args:
        row: `holds` has triples of a name, `<` or `>`, and another name or a number.
        values: the numbers of each name. One number stands for all seeds.
    """
    failed = []
    for left, sign, right in row.get("holds", []):
        ours = values[left]
        theirs = values[right] if isinstance(right, str) else [float(right)]
        theirs = theirs * len(ours) if len(theirs) == 1 else theirs
        if not all(map(ORDER[sign], ours, theirs)) or len(ours) != len(theirs):
            failed.append(f"{left} {sign} {right}: {ours}, {theirs}")
    return failed


def _title(page: str) -> str:
    """Give a page's heading as a link."""
    path = ROOT / page
    if path.suffix == ".ipynb":
        first = str(nbformat.read(path, as_version=4).cells[0].source)
    else:
        first = path.read_text(encoding="utf-8")
    title = first.split("\n")[0].removeprefix("# ")
    if page == "README.md":
        return "README"
    link = f"../{page}" if path.suffix == ".ipynb" else path.name
    return f"[{title}]({link})"


def _entry(row: dict[str, Any]) -> str:
    """Write one row."""
    run = row["run"]
    where = f"`{run['file']}`" if "file" in run else f"the cell `{run['cell']}`"
    if "page" in run:
        where += f" of {_title(run['page'])}"
    phrase = row["phrase"].lstrip("# ").rstrip()
    lines = [f"> {phrase}", "", f"- *Run:* {where}; seeds: {row['seeds']}."]
    for number in row.get("numbers", []):
        told = ", ".join(f"{value:g}" for value in number["values"])
        lines[-1] += f" {number['name']}: {told}."
    names = ("null", "Null model"), ("control", "Control"), ("budget", "Budget")
    for key, name in (*names, ("spread", "Spread"), ("refuted_by", "Refuted by")):
        lines.append(f"- *{name}:* {row[key]}.")
    if row["status"] == "open":
        lines.append("- **Open:** a control is missing.")
    return "\n".join(lines)


def claims_page() -> str:
    """Write the page."""
    rows = read_claims()["conclusions"]
    kinds = [row["status"] for row in rows]
    counts = {kind: kinds.count(kind) for kind in ("held", "softened", "open")}
    ordered = sum("holds" in row for row in rows)
    parts = [HEAD.format(total=len(rows), ordered=ordered, **counts)]
    for page in looked_at():
        mine = [row for row in rows if row["page"] == page]
        if mine:
            parts.append(f"## {_title(page)}\n\n" + "\n\n".join(map(_entry, mine)))
    return "\n\n".join(part.strip() for part in parts) + "\n"
