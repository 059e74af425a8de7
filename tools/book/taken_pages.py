"""The pages of the built site as text for paper and readers: what both books share.

What a screen can open and paper cannot stands open here, and a figure to turn shows
what it shows at first. Hints, solutions and answers of a quiz move to the end of their
chapter, with links both ways. A link to a page outside the book leads to the site.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from book_files import read_yaml, repository_url

# The playground is nothing without scripts.
LEFT_OUT = ("book/playground",)
SCREEN_ONLY = (
    "script, noscript, style, fieldset, wbr, details.hide > summary, .headerlink, "
    ".only-dark, .bert-try, .screen-only, .front-buttons, .chapter-tools, .source-link"
)
SCREEN_CELLS = ("Setup:", "Drawing:")
# Code in the colour of the page needs no mark, and there are a hundred thousand.
PLAIN = ".highlight span:is(.n, .p, .w), .highlight span:not([class]), span.pre"
DARK = re.compile(r"html\[data-theme=\"dark\"\][^{}]*\{[^{}]*\}")
HIDING = re.compile(r"#bt-\w+ \.bt-\w+\{display:none\}")
NAMED_COLOUR = re.compile(r"var\(--book-\w+,\s*(#\w+)\)")
IDS = ("id", "for", "headers", "aria-labelledby", "aria-describedby")
HELP = ("hint", "solution", "answer")


class Page(NamedTuple):
    """A page of the book: its name on the site, its part's and its own title, its text.

    `slug` is the name without the folder.
    """

    name: str
    part: str
    title: str
    body: Tag

    @property
    def slug(self) -> str:
        """Give the name without the folder."""
        return self.name.rpartition("/")[2]


def listed(node: dict[str, Any], part: str = "") -> Iterator[tuple[str, str]]:
    """Yield each page of a table of contents with the title of its part."""
    yield from ((str(node[key]), part) for key in ("root", "file") if key in node)
    for inner in node.get("parts") or []:
        yield from listed(inner, str(inner["caption"]))
    for key in ("chapters", "sections"):
        for inner in node.get(key) or []:
            yield from listed(inner, part)


def site_address() -> str:
    """Give the address of the site, as `book/_ext/front_door.py` does."""
    given = str(read_yaml("_config.yml")["sphinx"]["config"].get("html_baseurl", ""))
    owner, name = repository_url().rsplit("/", 2)[1:]
    return given.rstrip("/") + "/" if given else f"https://{owner}.github.io/{name}/"


def new(name: str, text: str = "", **attributes: str) -> Tag:
    """Make an element; `class_` stands for class."""
    tag = BeautifulSoup("", "html.parser").new_tag(name)
    tag.attrs |= {key.rstrip("_"): value for key, value in attributes.items()}
    if text:
        tag.string = text
    return tag


def classes(tag: Tag) -> set[str]:
    """Give the classes of an element."""
    return set(tag.get_attribute_list("class")) - {None}


# ---- open what is folded ------------------------------------------------------------


def summary_of(details: Tag) -> Tag | None:
    """Find what a folded part shows while it is closed."""
    found = details.find("summary", recursive=False)
    return found if isinstance(found, Tag) else None


def keep_what_is_shown(figure: Tag) -> None:
    """Reduce a figure to turn to what its checked buttons show."""
    for button in figure.select("input:not([checked])"):
        for name in classes(button):
            kind, number = re.fullmatch(r"bt-in-(\D+)(\d+)", name).groups()  # type: ignore[union-attr]
            for panel in figure.select(f"div.bt-{kind}.bt-{kind}{number}"):
                panel.decompose()
    figure.append(new("p", "On the site you choose what this figure shows."))


def lay_open(body: Tag) -> None:
    """Take out what only a screen needs, and leave folded parts open.

    So go the first cell of a notebook, which prepares Colab, and the calls that draw.
    """
    for figure in body.select(".bt-figure:has(input)"):
        keep_what_is_shown(figure)
    for folded in body.select("details.hide"):
        told = summary_of(folded)
        if told and told.get_text().strip().startswith(SCREEN_CELLS):
            folded.decompose()
    for one in body.select(SCREEN_ONLY):
        one.decompose()
    for folded in body.find_all("details"):
        if classes(folded) & set(HELP):
            continue
        if told := summary_of(folded):
            told.name = "p"
        folded.name = "div"
    for one in body.select("[tabindex]"):
        del one["tabindex"]
    for one in body.select(PLAIN):
        one.unwrap()


def styles(body: Tag) -> list[str]:
    """Collect the styles that stand in the text of a page, in colours for paper."""
    texts = [one.get_text() for one in body.select("style")]
    texts = [HIDING.sub("", DARK.sub("", text)) for text in texts]
    return [NAMED_COLOUR.sub(r"\1", text) for text in texts]


# ---- help to the end ----------------------------------------------------------------


def parts_of(details: Tag) -> list[Any]:
    """Take out what stands in a folded part below its summary."""
    told = summary_of(details)
    return [one.extract() for one in list(details.children) if one is not told]


def entry(details: Tag) -> tuple[str, list[Any]]:
    """Give the title and the text of a hint, a solution or an answer.

    Hints stand each inside the one before, and become a list.
    """
    told = summary_of(details)
    title = told.get_text(" ", strip=True) if told else ""
    if "hint" not in classes(details):
        return title, parts_of(details)
    inner = [one.extract() for one in reversed(details.select("details.hint"))]
    steps = new("ol")
    for one in [details, *reversed(inner)]:
        step = new("li")
        step.extend(parts_of(one))
        steps.append(step)
    return f"Hints {title.rpartition(' ')[2]}", [steps]


def move_help(body: Tag) -> None:
    """Move hints, solutions and answers to a last section, with links both ways."""
    found = [one for one in body.find_all("details") if classes(one) & set(HELP)]
    found = [one for one in found if one.find_parent("details") is None]
    if not found:
        return
    end = new("section", id="help")
    end.append(new("h2", "Hints, solutions and answers"))
    for details in found:
        title, parts = entry(details)
        name = "help-" + re.sub(r"\W+", "-", title.lower())
        link = new("a", title, href=f"#{name}", id=f"to-{name}")
        before = details.find_previous_sibling()
        if isinstance(before, Tag) and "to-help" in classes(before):
            before.append(" · ")
            before.append(link)
        else:
            place = new("p", class_="to-help")
            place.append(link)
            details.insert_before(place)
        kind = "help-answer" if "answer" in classes(details) else "help-part"
        told = new("div", class_=kind, id=name)
        told.append(new("p", class_="help-title"))
        told.p.append(new("a", title, href=f"#to-{name}"))  # type: ignore[union-attr]
        told.extend(parts)
        end.append(told)
        details.decompose()
    (body.find("section") or body).append(end)  # type: ignore[union-attr]


# ---- links and pictures -------------------------------------------------------------


def relink(page: Page, names: set[str], link: Callable[[str, str], str]) -> None:
    """Write the links of a page anew.

    Args:
        page: changed in place.
        names: of the pages in the book.
        link: gives the address of (page, anchor) in the book; the anchor may be empty.
    """
    base = site_address()
    for one in page.body.select("a[href]"):
        parts = urlsplit(str(one["href"]))
        if parts.scheme or parts.netloc:
            continue
        place = urljoin(f"{page.name}.html", unquote(parts.path))
        target = place.removesuffix(".html")
        fragment = unquote(parts.fragment)
        if not parts.path:
            one["href"] = link(page.name, fragment)
        elif target in names:
            one["href"] = link(target, fragment)
        else:
            one["href"] = f"{base}{place}" + (f"#{fragment}" if fragment else "")


def pictures(page: Page) -> Iterator[tuple[Tag, str]]:
    """Yield each picture of a page with its file's place in the site."""
    for one in page.body.select("img[src]"):
        yield one, urljoin(f"{page.name}.html", unquote(str(one["src"])))


def read_page(site: Path, name: str, part: str) -> tuple[Page, list[str]]:
    """Read a page of the site; give it, and the styles that stood in its text.

    Raises:
        ValueError: if the site does not have the page.
    """
    file = site / f"{name}.html"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    body = BeautifulSoup(text, "html.parser").select_one("article.bd-article")
    if body is None:
        raise ValueError(f"the site has no {name}.html: build it anew")
    found = styles(body)
    lay_open(body)
    move_help(body)
    body.name, body.attrs = "div", {"class": "page"}
    for heading in body.find_all(re.compile("h[1-6]")):
        for words in heading.find_all(string=True):
            words.replace_with(re.sub(r"\s+", " ", words))
    first = body.find("h1")
    return Page(name, part, first.get_text().strip() if first else name, body), found


def read_book(site: Path) -> tuple[list[Page], str]:
    """Read all pages in their order; give them, and the styles of their figures."""
    pages, found = [], []
    for name, part in listed(read_yaml("_toc.yml")):
        if name not in LEFT_OUT:
            page, texts = read_page(site, name, part)
            pages.append(page)
            found += texts
    return pages, "\n".join(dict.fromkeys(found))
