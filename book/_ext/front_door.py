"""What a visitor and a search engine meet first.

- A description and the tags that other sites show of a link, on every page.
- `sitemap.xml` and `404.html` in the site's folder.
- A panel of the model in the page below "Look" of chapters that build what it shows,
  and its scripts on the pages that have a panel. In a notebook there is none: Jupyter
  and Colab would run no script.
- The repository's address, which `_config.yml` alone holds, in the first page's links.
"""

import html
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))

from book_files import repository_url

WITH_ADDRESSES = ("book/intro", "book/setup")
CARD = "_static/card.png"
CARD_TEXT = "Build BERT from Scratch: a sentence on its way through the model"
LONGEST = 200  # letters of a description: more is cut off by those who show it
COLAB = "https://colab.research.google.com/github/"
PANEL = 'class="bert-panel"'
SECTION = re.compile(r'<section[^>]* ?id="exercises"')


class Trial(NamedTuple):
    """A panel of a chapter: which one, what it begins with, what to try in it."""

    panel: str
    settings: str
    text: str


TRIALS = {
    3: Trial(
        "pieces",
        "",
        "Type a text and see which pieces a tokenizer of 625 pieces looks up.",
    ),
    5: Trial(
        "ablation",
        'data-text="The capital of France is [MASK]."',
        "Switch the positions of chapter 12's model off: how much does it need them?",
    ),
    6: Trial(
        "steps",
        'data-head="1.2"',
        "The four steps of one head, with the numbers of chapter 12's model.",
    ),
    7: Trial(
        "attention",
        'data-head="1.2"',
        "The weights of each of the eight heads of chapter 12's model.",
    ),
    8: Trial(
        "ablation",
        'data-off="1.2"',
        "Take a head or a layer of chapter 12's model away, and see what it answers.",
    ),
    11: Trial(
        "masking",
        "",
        "Draw masks, and see the loss of chapter 12's model at each chosen token.",
    ),
    12: Trial(
        "learning",
        "",
        "Your sentence at seven steps of a training like the one above.",
    ),
    14: Trial(
        "sentiment",
        'data-text="The film was not boring."',
        "Chapter 12's model, fine-tuned on reviews as above. Which words does it need?",
    ),
    16: Trial(
        "questions",
        'data-text="Paul sent a card from Accra. Paul bought a pink hat." '
        'data-question="Where was Paul last summer?"',
        "Chapter 12's model, fine-tuned as above: change the passage or the question.",
    ),
    19: Trial(
        "ablation",
        'data-off="1.2"',
        "Before and after, for any sentence: try a second one of the same kind.",
    ),
}


def trial(one: Trial) -> str:
    """Write the panel of a chapter."""
    return (
        '<div class="bert-try"><p><strong>Try it here.</strong> '
        f"{one.text}</p>\n"
        f'<div {PANEL} data-panel="{one.panel}" {one.settings}>'
        "<p>This panel needs scripts.</p></div></div>\n"
    )


def add_trial(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the panel of a chapter before its exercises."""
    found = re.fullmatch(r"notebooks/(\d+)_\w+", page)
    one = TRIALS.get(int(found[1])) if found else None
    if one is None or "body" not in context:
        return
    place = SECTION.search(context["body"])
    if place is None:
        raise ExtensionError(f"{page} has no exercises to put its panel before")
    start = place.start()
    context["body"] = context["body"][:start] + trial(one) + context["body"][start:]


def site_url(app: Sphinx) -> str:
    """Give the site's address: `html_baseurl`, else that of the repository's pages."""
    given = str(app.config.html_baseurl or "")
    if given:
        return given.rstrip("/") + "/"
    owner, name = repository_url().rsplit("/", 2)[1:]
    return f"https://{owner}.github.io/{name}/"


def fill_addresses(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the repository's address in where the first pages ask for it."""
    if page not in WITH_ADDRESSES:
        return
    place = repository_url().removeprefix("https://github.com/")
    colab = f"{COLAB}{place}/blob/main/notebooks"
    source[0] = source[0].replace("COLAB-NOTEBOOKS", colab)
    source[0] = source[0].replace("REPOSITORY-ADDRESS", repository_url())


def describe(doctree: nodes.document) -> str:
    """Give the first paragraph of a page, cut behind a sentence or a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        is_list = isinstance(paragraph.parent, nodes.list_item | nodes.entry)
        if is_list or len(text) < 40:
            continue
        if len(text) <= LONGEST:
            return text
        cut = text[:LONGEST]
        end = cut.rfind(". ")
        return cut[: end + 1] if end > 60 else cut[: cut.rfind(" ")] + " …"
    return ""


def tags(title: str, description: str, url: str, image: str) -> str:
    """Write the tags of a page."""
    told = {
        "og:type": "website",
        "og:site_name": "Build BERT from Scratch",
        "og:title": title,
        "og:description": description,
        "og:url": url,
        "og:image": image,
        "og:image:alt": CARD_TEXT,
    }
    lines = [f'<meta name="description" content="{html.escape(description)}" />']
    lines += [
        f'<meta property="{name}" content="{html.escape(text)}" />'
        for name, text in told.items()
    ]
    lines.append('<meta name="twitter:card" content="summary_large_image" />')
    return "\n".join(lines) + "\n"


def open_door(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Add the tags to a page, and the scripts of the model where it has a panel."""
    if doctree is None:
        return
    base = site_url(app)
    title = html.unescape(re.sub("<[^>]+>", "", context.get("title", "")))
    description = describe(doctree) or f"{title}: a page of Build BERT from Scratch"
    found = tags(title, description, f"{base}{page}.html", base + CARD)
    context["metatags"] = context.get("metatags", "") + found
    if PANEL in context.get("body", ""):
        app.add_css_file("bert/bert.css")
        for name in ("bert/bert.js", "bert/panels.js"):
            app.add_js_file(name, loading_method="defer")


LOST = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="robots" content="noindex" />
<title>No such page: Build BERT from Scratch</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto;
  padding: 0 1rem; }}
a {{ display: inline-block; min-height: 44px; }}
</style>
</head>
<body>
<main>
<h1>There is no such page</h1>
<p>The model puts <code>[UNK]</code> where its vocabulary has no piece for a word. This
address is unknown here in the same way: it may be mistyped, or its page has moved.</p>
<p><a href="{base}book/intro.html">First page and all chapters</a><br />
<a href="{base}search.html">Search the book</a></p>
</main>
</body>
</html>
"""


def sitemap(base: str, pages: list[str]) -> str:
    """List the pages for search engines."""
    lines = [f"<url><loc>{base}{page}.html</loc></url>" for page in pages]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "\n".join(lines)
        + "\n</urlset>\n"
    )


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the list of the pages, and the page for an address that is none."""
    if error is not None or app.builder.format != "html":
        return
    base, folder = site_url(app), Path(app.outdir)
    text = sitemap(base, sorted(app.env.found_docs))
    (folder / "sitemap.xml").write_text(text, encoding="utf-8")
    (folder / "404.html").write_text(LOST.format(base=base), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register all of it."""
    app.connect("source-read", fill_addresses)
    app.connect("html-page-context", add_trial, priority=700)
    app.connect("html-page-context", open_door, priority=800)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
