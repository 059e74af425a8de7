"""Make a link of each mention of a chapter: "chapter 8" leads to chapter 8.

A notebook says "chapter 8" in plain words, since Colab has no other pages to lead to.
On the site the number becomes a link where the chapter is another one, the first time
that a section mentions it.
"""

import re
from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# "chapter 8", "chapters 5 and 11", "chapters 6 to 8", "chapters 3, 4 and 11"
MENTION = re.compile(r"\b[Cc]hapters?\s\d+(?:(?:,\s|\sand\s|\sto\s|,\sand\s)\d+)*")
NUMBER = re.compile(r"\d+")
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


def link(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link the mentions of a page."""
    homes = chapters(app.env.found_docs)
    homes = {number: home for number, home in homes.items() if home != page}
    done: dict[nodes.Node | None, set[int]] = {}
    for text in list(doctree.findall(nodes.Text)):
        above, inside = text.parent, []
        while above is not None:
            inside.append(type(above))
            above = above.parent
        if set(NOT_IN) & set(inside) or not set(TEXTS) & set(inside):
            continue
        section = section_of(text)
        cut = parts(text.astext(), homes, done.setdefault(section, set()))
        if not cut:
            continue
        new: list[nodes.Node] = []
        for words, home in cut:
            if home:
                target = app.builder.get_relative_uri(page, home)
                new.append(nodes.reference("", words, internal=True, refuri=target))
            elif words:
                new.append(nodes.Text(words))
        place = text.parent.index(text)
        text.parent[place : place + 1] = new


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the links."""
    app.connect("doctree-resolved", link)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
