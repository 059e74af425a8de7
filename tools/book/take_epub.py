"""The book as an EPUB 3: each page of the site as a file, formulas as MathML."""

import re
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from bs4 import BeautifulSoup, Tag
from taken_pages import Page, pictures, read_book, relink, site_address

# What HTML writes small and SVG does not.
SVG_NAMES = {
    name.lower(): name
    for name in (
        *("viewBox", "preserveAspectRatio", "gradientUnits", "gradientTransform"),
        *("markerWidth", "markerHeight", "markerUnits", "refX", "refY", "textLength"),
        *("patternUnits", "clipPathUnits", "linearGradient", "radialGradient"),
        *("clipPath", "textPath", "startOffset", "lengthAdjust"),
    )
}
TEX = re.compile(r"\\[(\[](.*)\\[)\]]", re.S)
KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}
TO_MATHML = """([tex, display]) => MathJax.tex2mml(tex, {display})"""
CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/package.opf"
 media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
FRAME = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
 lang="en" xml:lang="en">
<head><meta charset="utf-8"/><title>{title}</title>
<link rel="stylesheet" type="text/css" href="style.css"/></head>
<body>{body}</body>
</html>
"""


class Told(NamedTuple):
    """What a library shows of a book."""

    title: str
    author: str
    version: str
    date: str


# ---- formulas -----------------------------------------------------------------------


def formula_of(one: Tag) -> tuple[str, bool]:
    """Give the TeX of a formula, and whether it has a line for itself.

    Raises:
        ValueError: if it is not marked as a formula.
    """
    text = one.get_text().strip()
    found = TEX.fullmatch(text)
    if found is None:
        raise ValueError(f"not marked as a formula: {text[:60]}")
    return found[1].strip(), text.startswith("\\[")


def to_mathml(site: Path, browser: Any, formulas: Iterable[tuple[str, bool]]) -> Any:
    """Let the site's MathJax write formulas as MathML -> {(tex, display): text}."""
    page = browser.new_page()
    page.goto((site / "notebooks" / "06_self_attention.html").as_uri())
    page.evaluate("async () => { await MathJax.startup.promise }")
    found = {one: page.evaluate(TO_MATHML, list(one)) for one in sorted(set(formulas))}
    page.close()
    return found


def plain_mathml(text: str, tex: str) -> Tag:
    """Leave out MathJax's own marks, and say the formula's TeX to whom shows none.

    Raises:
        ValueError: if MathJax did not understand the formula.
    """
    if "<merror" in text:
        raise ValueError(f"not a formula: {tex}")
    math = BeautifulSoup(text, "html.parser").find("math")
    assert isinstance(math, Tag)
    for one in math.find_all(True):
        for name in [name for name in one.attrs if name.startswith("data-")]:
            del one[name]
    math["alttext"] = tex
    return math


def set_formulas(page: Page, known: dict[tuple[str, bool], str]) -> None:
    """Put MathML where a page has formulas."""
    for one in page.body.select(".math"):
        tex = formula_of(one)
        one.clear()
        one.append(plain_mathml(known[tex], tex[0]))


# ---- files --------------------------------------------------------------------------


def as_xhtml(body: Tag) -> str:
    """Write an element as XML; it is read once, so that it surely is.

    Raises:
        ParseError: if it is not well formed.
    """
    for svg in body.select("svg"):
        svg["xmlns"] = "http://www.w3.org/2000/svg"
        for one in [svg, *svg.find_all(True)]:
            one.name = SVG_NAMES.get(one.name, one.name)
            one.attrs = {SVG_NAMES.get(key, key): one[key] for key in one.attrs}
    text = body.decode(formatter="minimal")
    ElementTree.fromstring(text)
    return text


def navigation(pages: list[Page]) -> str:
    """Write the table of contents, by parts."""
    rows = []
    for part, group in groupby(pages, lambda page: page.part):
        links = "".join(
            f'<li><a href="{page.slug}.xhtml">{escape(page.title)}</a></li>'
            for page in group
        )
        rows.append(
            f"<li><span>{escape(part)}</span><ol>{links}</ol></li>" if part else links
        )
    told = f"<h1>Contents</h1><ol>{''.join(rows)}</ol>"
    return f'<nav epub:type="toc" id="toc">{told}</nav>'


def manifest(pages: list[Page], images: list[str], uses: set[str]) -> Iterator[str]:
    """Yield a line for each file of the book."""
    page = 'media-type="application/xhtml+xml"'
    yield f'<item id="nav" href="nav.xhtml" properties="nav" {page}/>'
    yield f'<item id="title" href="title.xhtml" {page}/>'
    yield '<item id="style" href="style.css" media-type="text/css"/>'
    yield (
        '<item id="cover" href="cover.png" properties="cover-image" '
        'media-type="image/png"/>'
    )
    for one in pages:
        kinds = [kind for kind in ("mathml", "svg") if f"{one.slug} {kind}" in uses]
        has = f' properties="{" ".join(kinds)}"' if kinds else ""
        yield f'<item id="p-{one.slug}" href="{one.slug}.xhtml"{has} {page}/>'
    for number, image in enumerate(images):
        kind = KINDS[Path(image).suffix]
        yield f'<item id="i{number}" href="{image}" media-type="{kind}"/>'


def package(told: Told, pages: list[Page], images: list[str], uses: set[str]) -> str:
    """Write the list of the book's files, and what a library shows of it.

    Args:
        told: for the library.
        pages: in their order.
        images: the files of pictures.
        uses: "SLUG mathml" and "SLUG svg" for the pages that have such parts.
    """
    name = uuid.uuid5(uuid.NAMESPACE_URL, site_address() + told.version)
    order = ("title", "nav", *(f"p-{page.slug}" for page in pages))
    spine = "".join(f'<itemref idref="{one}"/>' for one in order)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"
 xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{name}</dc:identifier>
<dc:title>{escape(told.title)}</dc:title>
<dc:creator>{escape(told.author)}</dc:creator>
<dc:language>en</dc:language>
<dc:date>{told.date}</dc:date>
<dc:rights>Prose: CC BY 4.0. Code: Apache-2.0.</dc:rights>
<meta property="dcterms:modified">{told.date}T00:00:00Z</meta>
</metadata>
<manifest>{"".join(manifest(pages, images, uses))}</manifest>
<spine>{spine}</spine>
</package>
"""


def pack(target: Path, files: dict[str, bytes]) -> None:
    """Write the files in their order, the first one, which names the kind, as it is."""
    with zipfile.ZipFile(target, "w") as archive:
        for number, (name, data) in enumerate(files.items()):
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            kind = zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED
            archive.writestr(entry, data, kind)


def take_pictures(site: Path, pages: list[Page]) -> dict[str, bytes]:
    """Read the pictures of all pages, and lead the pages to them."""
    found: dict[str, bytes] = {}
    for page in pages:
        for one, file in pictures(page):
            name = f"images/{Path(file).name}"
            data = (site / file).read_bytes()
            if found.setdefault(name, data) != data:
                raise ValueError(f"two pictures are called {name}")
            one["src"] = name
    return found


def make_epub(
    site: Path, browser: Any, style: str, title_page: str, cover: bytes, told: Told
) -> dict[str, bytes]:
    """Make the files of the book, the first of them `mimetype`."""
    pages, figures = read_book(site)
    names = {page.name: page.slug for page in pages}

    def link(name: str, fragment: str) -> str:
        return f"{names[name]}.xhtml" + (f"#{fragment}" if fragment else "")

    formulas = [formula_of(one) for page in pages for one in page.body.select(".math")]
    known = to_mathml(site, browser, formulas)
    images = take_pictures(site, pages)
    files = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": CONTAINER.encode(),
    }
    uses, texts = set(), {}
    for page in pages:
        relink(page, set(names), link)
        set_formulas(page, known)
        tags = {"mathml": "math", "svg": "svg"}
        uses |= {f"{page.slug} {k}" for k, tag in tags.items() if page.body.find(tag)}
        texts[page.slug] = page.title, as_xhtml(page.body)
    texts["nav"] = "Contents", navigation(pages)
    title = BeautifulSoup(title_page, "html.parser").find("div")
    assert isinstance(title, Tag)
    texts["title"] = told.title, as_xhtml(title)
    files["book/package.opf"] = package(told, pages, sorted(images), uses).encode()
    files["book/style.css"] = f"{style}\n{figures}".encode()
    files["book/cover.png"] = cover
    for slug, (name, body) in texts.items():
        files[f"book/{slug}.xhtml"] = FRAME.format(
            title=escape(name), body=body
        ).encode()
    return files | {f"book/{name}": data for name, data in images.items()}


# ---- what is wrong with it ----------------------------------------------------------


def faults(path: Path) -> list[str]:
    """Name what is wrong with a book: its order, its XML, its links.

    `epubcheck`, where it is installed, looks at far more.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        texts = {n: archive.read(n) for n in names if n.endswith((".xhtml", ".opf"))}
        first = archive.infolist()[0]
    found = []
    if first.filename != "mimetype" or first.compress_type != zipfile.ZIP_STORED:
        found.append("the first file is not mimetype as it is")
    trees = {}
    for name, text in texts.items():
        try:
            trees[name] = ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            found.append(f"{name}: {error}")
    ids = {
        n: [given for e in tree.iter() if (given := e.get("id"))]
        for n, tree in trees.items()
    }
    for name, tree in trees.items():
        twice = {one for one in ids[name] if ids[name].count(one) > 1}
        found += [f"{name}: two places are called {one}" for one in sorted(twice)]
        for one in tree.iter():
            for address in (one.get("href"), one.get("src")):
                found += link_faults(name, address, set(names), ids)
    return found


def link_faults(
    name: str, address: str | None, names: set[str], ids: dict[str, list[Any]]
) -> list[str]:
    """Name what is wrong with a link from a file of a book."""
    parts = urlsplit(address or "https:")
    if parts.scheme or parts.netloc:
        return []
    folder = name.rpartition("/")[0]
    target = f"{folder}/{unquote(parts.path)}" if parts.path else name
    if target not in names:
        return [f"{name}: no such file: {address}"]
    if parts.fragment and unquote(parts.fragment) not in ids.get(target, []):
        return [f"{name}: no such place: {address}"]
    return []
