"""Make a link of each mention of a chapter: "chapter 8" leads to chapter 8.

A notebook says "chapter 8" in plain words, since Colab has no other pages to lead to.
On the site the number becomes a link where the chapter is another one, the first time
that a section mentions it. A term of the glossary becomes a link to it the first time
that a chapter uses it.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# "chapter 8", "chapters 5 and 11", "chapters 6 to 8", "chapters 3, 4 and 11"
MENTION = re.compile(r"\b[Cc]hapters?\s\d+(?:(?:,\s|\sand\s|\sto\s|,\sand\s)\d+)*")
NUMBER = re.compile(r"\d+")
# Terms of the glossary that are mostly meant as everyday words; the book's own name.
EVERYDAY = {"bert", "label", "leak", "negative", "patch", "seed", "step", "window"}
EVERYDAY |= {"span", "transfer", "probe", "layer", "token", "precision", "temperature"}
GLOSSARY = "book/glossary"
NO_TERMS = {"exercises", "quiz", "further-reading", "check"}
TEXTS = (nodes.paragraph, nodes.entry, nodes.definition, nodes.list_item)
NOT_IN = (nodes.literal, nodes.reference, nodes.title, nodes.literal_block, nodes.math)


def chapters(pages: set[str]) -> dict[int, str]:
    """Find the page of each chapter: notebooks/08_the_encoder is that of 8."""
    found = {}
    for page in pages:
        folder, name = PurePosixPath(page).parent.name, PurePosixPath(page).name
        if folder == "notebooks" and re.match(r"\d\d_", name):
            found[int(name[:2])] = page
    return found


def parts(text: str, homes: dict[int, str], done: set[int]) -> list[tuple[str, str]]:
    """Cut a text where a link begins or ends: (text, page), page empty for plain text.

    Args:
        text: of a paragraph.
        homes: chapter -> page, without the chapter that the text stands in.
        done: chapters that the section has linked already; grows.
    """
    found, end = [], 0
    for mention in MENTION.finditer(text):
        for number in NUMBER.finditer(mention[0]):
            chapter = int(number[0])
            if chapter in done or chapter not in homes:
                continue
            done.add(chapter)
            start = mention.start() + number.start()
            if number.start() == len(mention[0].split()[0]) + 1:
                start = mention.start()  # the word belongs to the first number
            found += [(text[end:start], ""), ("", homes[chapter])]
            end = mention.start() + number.end()
            found[-1] = (text[start:end], homes[chapter])
    return [*found, (text[end:], "")] if found else []


def section_of(node: nodes.Node) -> nodes.Node | None:
    """Find the section that a text stands in."""
    while node is not None and not isinstance(node, nodes.section):
        node = node.parent
    return node


def above(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield what an element stands in, from the inside out."""
    while node.parent is not None:
        node = node.parent
        yield node


def prose(doctree: nodes.document) -> list[nodes.Text]:
    """Find the texts of a page in which a link may stand."""
    found = []
    for text in doctree.findall(nodes.Text):
        inside = {type(one) for one in above(text)}
        if inside & set(TEXTS) and not inside & set(NOT_IN):
            found.append(text)
    return found


def put(text: nodes.Text, cut: list[tuple[str, str]], **more: Any) -> None:
    """Put the pieces of a text, (words, address), in its place."""
    new: list[nodes.Node] = []
    for words, address in cut:
        if address:
            new.append(
                nodes.reference("", words, internal=True, refuri=address, **more)
            )
        elif words:
            new.append(nodes.Text(words))
    place = text.parent.index(text)
    text.parent[place : place + 1] = new


def link_chapters(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link the mentions of a page."""
    homes = chapters(app.env.found_docs)
    homes = {number: home for number, home in homes.items() if home != page}
    links = {
        number: app.builder.get_relative_uri(page, home)
        for number, home in homes.items()
    }
    done: dict[nodes.Node | None, set[int]] = {}
    for text in prose(doctree):
        cut = parts(text.astext(), links, done.setdefault(section_of(text), set()))
        if cut:
            put(text, cut)


def forms(term: str) -> list[str]:
    """Give what is written for a term: "Masked language model (MLM)" has two forms.

    A bracket that begins with "of" tells terms apart; they are not linked at all.
    """
    found = re.fullmatch(r"(.+?)(?: \((.+)\))?", term)
    if found is None or "," in term or (found[2] or "").startswith("of "):
        return []
    named = [found[1]] + ([found[2]] if found[2] else [])
    return [one for one in named if one.lower() not in EVERYDAY and len(one) > 1]


def pattern_of(form: str) -> str:
    """Give what finds a form: letters as they are where it has capitals inside."""
    words = re.escape(form).replace("\\ ", r"\s")
    first = form[0]
    if form[1:] == form[1:].lower() and first.isalpha():
        words = f"[{first.lower()}{first.upper()}]{words[1:]}"
    return rf"(?<![\w-]){words}s?(?![\w-])"


def find_terms(text: str, left: dict[str, str]) -> list[tuple[str, str]]:
    """Cut a text where the first use of a term begins or ends: (words, label).

    Args:
        text: of a paragraph.
        left: form -> label of the terms that the page has not linked; shrinks.
    """
    found: list[tuple[int, int, str]] = []
    for form in sorted(left, key=len, reverse=True):
        one = re.search(pattern_of(form), text)
        if one and all(one.end() <= a or one.start() >= b for a, b, _ in found):
            found.append((one.start(), one.end(), left[form]))
    cut, end = [], 0
    done: set[str] = set()
    for start, stop, label in sorted(found):
        if label not in done:
            cut += [(text[end:start], ""), (text[start:stop], label)]
            end = stop
        done.add(label)
    for form in [form for form, label in left.items() if label in done]:
        del left[form]
    return [*cut, (text[end:], "")] if cut else []


def glossary(app: Sphinx) -> dict[str, str]:
    """Give each form of the glossary's terms with its place on that page."""
    objects = app.env.get_domain("std").objects  # type: ignore[attr-defined]
    found = {}
    for (kind, term), (page, label) in objects.items():
        if kind == "term" and page == GLOSSARY:
            found |= {form: label for form in forms(term)}
    return found


def link_terms(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link the first use of each term, where a chapter explains."""
    if not page.startswith("notebooks/"):
        return
    left = glossary(app)
    home = app.builder.get_relative_uri(page, GLOSSARY)
    for text in prose(doctree):
        names = {name for one in above(text) for name in one.get("ids", [])}
        if names & NO_TERMS or any(isinstance(o, nodes.strong) for o in above(text)):
            continue
        if cut := find_terms(text.astext(), left):
            links = [(words, label and f"{home}#{label}") for words, label in cut]
            put(text, links, classes=["glossary-term"])


def link(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link chapters, then terms."""
    link_chapters(app, doctree, page)
    link_terms(app, doctree, page)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the links."""
    app.connect("doctree-resolved", link)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
