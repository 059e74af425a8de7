"""The site: what its checker finds, its colours, its quizzes, what it offers."""

import html
import importlib.util
import io
import json
import os
import re
import zipfile
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import nbformat
import pytest
import yaml
from front_page import ROUTES, chapters, route_id

from bert_tutorial.course.exercises import all_exercises
from book_files import ROOT, notebooks
from check_site import (
    FIRST_VISIT,
    Page,
    check,
    first_visit,
    heading_faults,
    script_faults,
)

SITE = Path(os.environ.get("BERT_TUTORIAL_SITE", ROOT / "_build" / "html"))
STYLE = (ROOT / "book" / "_static" / "custom.css").read_text(encoding="utf-8")
built = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="the site is not built: `make site`"
)
LETTERS = "ABCDEF"


def faults_of(text: str) -> list[str]:
    return Page(f'<html lang="en"><article>{text}</article></html>').faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('<img src="a.png">', "picture without a text: a.png"),
        ('<img src="a.png" alt=" ">', "picture without a text: a.png"),
        ('<img src="a.png" alt="figure.png">', "picture without a text: a.png"),
        ('<input id="x">', "field without a label: x"),
        ("<select></select>", "field without a label: no id"),
        ('<a href="b.html"></a>', "<a> without a text"),
        ('<a href="b.html"><img src="a.png" alt=""></a>', "<a> without a text"),
        ("<button> </button>", "<button> without a text"),
        ("<table><tr><td>1</td></tr></table>", "a table without a header"),
        ("<p>without –from, or</p>", "an option with one long dash: –from"),
        ('<p onclick="go()">x</p>', "an event: onclick=go()"),
        ('<p onclick="window.print()">x</p>', "an event: onclick=window.print()"),
        (
            '<a href="javascript:go()">x</a>',
            "a script as an address: javascript:go()",
        ),
        ('<a href=" JavaScript:x">x</a>', "a script as an address:  JavaScript:x"),
        ('<iframe src="x.html"></iframe>', "a foreign part: <iframe>"),
        ("<script>steal()</script>", "a script that nobody knows: steal()"),
        (
            "<script>kernelName = 'python3'</script>",
            "a script that nobody knows: kernelName = 'python3'",
        ),
        (
            "<script>const a = 'https://cdn.example/x@1/index.js'</script>",
            "a script of another host: https://cdn.example/x@1/index.js",
        ),
        (
            "<script>const a = 1</script><script>let b, c; const a = 1</script>",
            "declared twice: a",
        ),
    ],
)
def test_a_fault_on_a_page_is_named(text, fault):
    assert fault in faults_of(text)


@pytest.mark.parametrize(
    "text",
    [
        '<img src="a.png" alt="A curve that falls.">',
        '<label for="x">Size</label><input id="x">',
        '<input id="x"><label for="x">Size</label>',
        "<label><input> Size</label>",
        '<input aria-label="Size">',
        '<a href="b.html"><img src="a.png" alt="The next page"></a>',
        "<table><tr><th>n</th></tr><tr><td>1</td></tr></table>",
        "<script></script>",
    ],
)
def test_what_is_right_on_a_page_is_no_fault(text):
    assert faults_of(text) == []


def test_a_page_names_its_language_and_its_headings_are_in_order():
    assert Page("<html></html>").faults == ["no language"]
    assert heading_faults([1, 2, 3, 2]) == []
    assert heading_faults([1, 3]) == ["heading level 3 after 1"]
    assert heading_faults([1, 2, 1]) == ["2 titles"]
    assert heading_faults([2]) == ["0 titles"]


def test_an_unknown_script_file_is_named():
    page = Page('<script src="../_static/quiz.js?v=1"></script>')
    assert script_faults(page) == []
    page = Page('<script src="../_static/other.js"></script>')
    assert script_faults(page) == ["a script file that nobody knows: other.js"]


def test_the_checker_fails_a_site_with_planted_faults(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    text = (
        '<html lang="en"><link rel="stylesheet" href="https://cdn.example/a.css">'
        '<article><h1>T</h1><a href="gone.html">g</a><a href="#no">n</a>'
        "<p>{ref}`x`</p></article></html>"
    )
    (folder / "06.html").write_text(text, encoding="utf-8")
    (folder / "a.css").write_text("@import '//cdn.example/b.css'", encoding="utf-8")
    count, faults = check(tmp_path)
    assert count == 1
    for part in (
        "loads from another host: https://cdn.example/a.css",
        "no such file: gone.html",
        "no such anchor: #no",
        "markup left as text",
        "no link with /edit/main/",
        "no link with /issues/new?",
        "no link with _student.ipynb",
        "a style from another host",
    ):
        assert any(part in fault for fault in faults), part


def test_a_heavy_page_is_named(tmp_path):
    (tmp_path / "big.png").write_bytes(os.urandom(FIRST_VISIT))
    text = '<html lang="en"><img src="big.png" alt="Noise."></html>'
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert first_visit(tmp_path / "page.html", Page(text)) > FIRST_VISIT
    assert any("a first visit loads" in fault for fault in check(tmp_path)[1])


@built
def test_the_built_site_has_no_fault():
    count, faults = check(SITE)
    assert count >= len(notebooks())
    assert faults == []


@built
def test_no_page_names_a_script_of_another_host_or_one_twice():
    """The whole text of each page, also what stands outside of its scripts."""
    paths = sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)
    assert len(paths) > 50
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"https?://[^\s\"'<>]+\.m?js\b", text), path.name
        files = [url.partition("?")[0] for url in re.findall(r'src="([^"]+)', text)]
        scripts = [file for file in files if file.endswith(".js")]
        assert len(scripts) == len(set(scripts)), path.name
        assert "thebe" not in text.lower(), path.name


@built
def test_a_source_that_a_cell_shows_is_coloured():
    """In the notebook it is plain text; Jupyter and Colab print it as that."""
    count = 0
    for path in notebooks():
        cells = nbformat.read(path, as_version=4).cells
        shown = [c for c in cells if re.search(r"^ *show\(", c.source, re.M)]
        text = (SITE / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        found = re.findall(
            r'<div class="output stream highlight-python.*?<pre>(.*?)</pre>', text, re.S
        )
        assert len(found) == len([c for c in shown if c.cell_type == "code"]), path.name
        assert all('<span class="k' in one for one in found), path.name
        count += len(found)
    assert count > 4


BLOCK = re.compile(
    r'<div class="([^"]*\bhighlight-(?:text|myst-ansi)\b[^"]*)".*?<pre>(.*?)</pre>',
    re.S,
)


@built
def test_a_sentence_in_a_block_wraps_and_a_table_does_not():
    """A reader of a page sees a hint and a check's answer whole."""
    kinds = set()
    for path in sorted(SITE.glob("*/*.html")):
        for classes, block in BLOCK.findall(path.read_text(encoding="utf-8")):
            lines = html.unescape(re.sub("<[^>]+>", "", block)).strip("\n").split("\n")
            is_sentence = len(lines) == 1 or max(map(len, lines)) > 88
            assert ("wraps" in classes.split()) == is_sentence, (path.name, lines)
            kinds.add(is_sentence)
    assert kinds == {True, False}
    assert ".wraps pre { white-space: pre-wrap;" in STYLE


def test_a_name_breaks_between_its_parts_and_an_option_nowhere():
    place = ROOT / "book" / "_ext" / "wrapping.py"
    found = importlib.util.spec_from_file_location("wrapping", place)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)

    def broken(name):
        html_of = module.breakable(f'<span class="pre">{name}</span>')
        return re.sub("<[^w/][^>]*>|</span>", "", html_of).split("<wbr>")

    assert broken("max_position_embeddings") == ["max_", "position_", "embeddings"]
    assert broken("tests/test_x.py::test_y") == [
        *("tests/", "test_", "x.py::", "test_", "y")
    ]
    assert broken("BertForMaskedLM") == ["Bert", "For", "Masked", "LM"]
    for whole in (
        "3.11.5",
        "_static",
        "__init__",
        "[MASK]",
        "&lt;x&gt;",
        "a:",
        "--save-every",
    ):
        assert broken(whole) == [whole]
    option = module.breakable('<span class="pre">--save-every</span>')
    assert option == '<span class="pre option">--save-every</span>'


@built
def test_the_package_page_shows_code_as_code_and_sentences_as_sentences():
    """Not an indented line as a quotation, nor what stands before a colon as a type."""
    paths = sorted((SITE / "book").glob("api*.html"))
    paths += sorted((SITE / "book" / "api").glob("*.html"))
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert "<blockquote" not in text
    row = r"<dt[^>]*>Type<[^>]*>:</span></dt>\s*<dd[^>]*><p>(.*?)</p>"
    typed = re.findall(row, text, re.S)
    said = [re.sub("<[^>]+>", "", one) for one in typed]
    assert said and not [one for one in said if re.match(r"[A-Z][a-z]+ \w+ ", one)]


@built
@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_the_downloads_are_the_notebooks_and_the_copies_without_solutions(path):
    downloads = SITE / "downloads"
    with zipfile.ZipFile(downloads / "notebooks.zip") as archive:
        assert archive.read(path.name) == path.read_bytes()
    name = f"{path.stem}_student.ipynb"
    alone = (downloads / name).read_bytes()
    with zipfile.ZipFile(downloads / "notebooks_student.zip") as archive:
        assert archive.read(name) == alone
    copy = nbformat.read(io.StringIO(alone.decode("utf-8")), as_version=4)
    assert 'class="solution"' not in "".join(cell.source for cell in copy.cells)


# The script that makes a form of the quiz needs this shape; elsewhere it leaves the
# questions as they are.
QUESTION = re.compile(
    r"^\*\*\d+\. (?P<title>[^\n]+)\*\*\n\n(?P<options>(?:- [A-F]\. [^\n]+\n)+)\n"
    r'<details class="answer">\n<summary>Answer \d+</summary>\n\n'
    r"(?P<why>(?:[^\n]+\n)+)\n</details>",
    re.M,
)


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_every_question_has_the_shape_that_the_form_needs(path):
    cells = nbformat.read(path, as_version=4).cells
    text = "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
    if "\n## Quiz" not in text and not text.startswith("## Quiz"):
        pytest.skip("no quiz in this chapter")
    text = text[text.index("## Quiz") :]
    found = list(QUESTION.finditer(text))
    assert len(found) == text.count('<details class="answer">') >= 5
    for one in found:
        options = re.findall(r"^- ([A-F])\. ", one["options"], re.M)
        lines = one["why"].strip().split("\n")
        assert re.match(r"\*\*[A-F]\.\*\* ", lines[0]), one["title"]
        why = [re.match(r"(?:\*\*)?([A-F])\b", line) for line in lines]
        assert all(why), one["title"]
        assert (
            sorted(match[1] for match in why)
            == options
            == list(LETTERS[: len(options)])
        ), one["title"]


def colours(theme: str) -> dict[str, str]:
    block = re.search(rf'html\[data-theme="{theme}"\] \{{(.*?)\}}', STYLE, re.S)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1]))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    pale, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (pale + 0.05) / (dark + 0.05)


def test_the_contrast_is_computed_as_the_guidelines_say():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("theme", "page"), [("light", "#ffffff"), ("dark", "#14181e")])
def test_the_colours_can_be_read(theme, page):
    own = colours(theme)
    text = {"light": "#222832", "dark": "#ced6dd"}[theme]  # the theme's
    for ground in (page, own["book-soft"]):
        for name in ("book-blue", "book-green", "book-red"):
            assert contrast(own[name], ground) >= 4.5, (name, ground)
        assert contrast(text, ground) >= 4.5
        assert contrast(own["book-line"], ground) >= 3, ground


@pytest.mark.parametrize("name", ["logo_light", "logo_dark", "favicon"])
def test_the_pictures_of_the_site_are_small_and_load_nothing(name):
    text = (ROOT / "book" / "_static" / f"{name}.svg").read_text(encoding="utf-8")
    assert len(text) < 2_000
    assert "href" not in text
    assert "<script" not in text


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks" / "quiz").glob("*.json")), ids=lambda p: p.stem
)
def test_no_option_of_a_quiz_breaks_its_line(path):
    for one in json.loads(path.read_text(encoding="utf-8"))["questions"]:
        texts = [one["question"], *(o["text"] for o in one["options"])]
        texts += [o["why"] for o in one["options"]]
        assert not any("\n" in text for text in texts), one["question"]


def extension(name):
    found = importlib.util.spec_from_file_location(
        name, ROOT / "book" / "_ext" / f"{name}.py"
    )
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_first_mention_of_a_chapter_becomes_a_link():
    module = extension("chapter_links")
    pages = {"book/intro", "notebooks/05_input_embeddings", "notebooks/11_objectives"}
    homes = module.chapters(pages)
    assert homes == {
        5: "notebooks/05_input_embeddings",
        11: "notebooks/11_objectives",
    }
    cut = module.parts(
        "a loss (chapters 5 and 11), chapter 5 again, 11 of 12", homes, set()
    )
    assert "".join(words for words, _ in cut).startswith("a loss (chapters 5 and 11)")
    assert [words for words, page in cut if page] == ["chapters 5", "11"]
    assert module.parts("chapter 8 is not there", homes, set()) == []
    assert module.parts("chapter 5", homes, {5}) == []


LINKED = re.compile(
    r'<a class="reference internal" href="(\d\d)_\w+\.html">(?:[Cc]hapters?\s)?\d+</a>'
)


@built
def test_chapters_are_linked_where_they_are_mentioned():
    count = 0
    for path in sorted((SITE / "notebooks").glob("[0-9][0-9]_*.html")):
        found = LINKED.findall(path.read_text(encoding="utf-8"))
        assert path.name[:2] not in found, path.name
        assert found, path.name
        count += len(found)
    assert count > 150


def test_the_first_use_of_a_term_becomes_a_link():
    module = extension("chapter_links")
    assert module.forms("Masked language model (MLM)") == [
        "Masked language model",
        "MLM",
    ]
    for unlinked in ("Mask (of attention)", "Query, key, value", "Step", "BERT"):
        assert module.forms(unlinked) == []
    terms = {"Attention": "a", "Attention weights": "w", "MLM": "m", "LoRA": "l"}
    left = dict(terms)
    text = "MLM asks: do attention weights, and mlm, or attentional LORA?"
    cut = module.find_terms(text, left)
    assert "".join(words for words, _ in cut) == text
    assert [(w, label) for w, label in cut if label] == [
        *(("MLM", "m"), ("attention weights", "w"))
    ]
    assert left == {"Attention": "a", "LoRA": "l"}
    assert ("Attention", "a") in module.find_terms("Attention, attention", left)
    assert module.find_terms("attention", left) == []


TERM = re.compile(
    r'<a class="glossary-term[^"]*" href="\.\./book/glossary\.html#([^"]+)"'
)


@built
def test_terms_of_the_glossary_are_linked_once_in_a_chapter():
    glossary = (SITE / "book" / "glossary.html").read_text(encoding="utf-8")
    count = 0
    for path in sorted((SITE / "notebooks").glob("[0-9][0-9]_*.html")):
        found = TERM.findall(path.read_text(encoding="utf-8"))
        assert len(found) == len(set(found)), path.name
        assert all(f'id="{label}"' in glossary for label in found)
        count += len(found)
    assert count > 150


def test_mathjax_goes_off_a_page_without_a_formula():
    module = extension("mathjax_local")
    script = SimpleNamespace(filename="mathjax/tex-chtml-full.js", attributes={})
    setting = SimpleNamespace(filename="", attributes={"body": "window.MathJax = {}"})
    other = SimpleNamespace(filename="quiz.js", attributes={})
    context = {"body": "<p>x</p>", "script_files": [script, setting, other]}
    module.only_where_needed(None, "a", "", context, None)
    assert context["script_files"] == [other]
    context = {"body": '<span class="math n">', "script_files": [script]}
    module.only_where_needed(None, "a", "", context, None)
    assert context["script_files"] == [script]


@built
def test_only_pages_with_a_formula_load_mathjax():
    loads = set()
    for path in SITE.glob("*/*.html"):
        text = path.read_text(encoding="utf-8")
        has = 'class="math ' in text
        assert ("tex-chtml-full.js" in text) == has, path.name
        loads.add(has)
    assert loads == {True, False}
    intro = (SITE / "book" / "intro.html").read_text(encoding="utf-8")
    assert "mathjax/" not in intro


# ---- paths --------------------------------------------------------------------------


def test_a_chapter_says_its_place_in_each_of_its_routes():
    module = extension("paths")
    known = chapters()
    for number, one in known.items():
        text = module.tools(number, one.file, known)
        for route in ROUTES:
            numbers = list(route.chapters or known)
            told = re.search(
                rf'data-route="{route_id(route)}">([^:]+): (\d+) of (\d+)', text
            )
            assert (told is not None) == (number in numbers)
            if told:
                place = (numbers.index(number) + 1, len(numbers))
                assert (int(told[2]), int(told[3])) == place
                assert told[1] == route.name
        assert f"/blob/main/notebooks/{one.file}" in text
        assert ">Open in Colab</a>" in text


def test_the_question_link_fills_a_form_that_is_there():
    module = extension("paths")
    known = chapters()
    text = module.tools(6, known[6].file, known)
    address = re.search(r'href="([^"]+/issues/new[^"]+)"', text)
    parts = urlsplit(html.unescape(address[1]))
    told = dict(parse_qsl(parts.query))
    path = ROOT / ".github" / "ISSUE_TEMPLATE" / told.pop("template")
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(told) == {"title", *(f["id"] for f in form["body"][:1])}
    assert told["page"] == "Chapter 6"


@built
@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_colab_question_and_route_stand_on_the_page_of_a_chapter(path):
    text = (SITE / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert text.count('class="chapter-tools"') == 1
    assert text.index("</h1>") < text.index('class="chapter-tools"')
    assert len(re.findall(r'<li data-route="[^"]+">[^<]+: \d+ of \d+', text)) >= 1


# ---- help with the exercises --------------------------------------------------------


def test_hints_stand_before_the_solution_each_inside_the_one_before():
    module = extension("exercise_help")
    one = all_exercises()["reversing"]
    text = (
        '<h3>Exercise 6.5 (5 of 5, 15 min)</h3>\n<div class="exercise-box">\n'
        '<details class="solution">\n<summary>Solution 6.5</summary></details>'
    )
    after = module.help_with(text, {"6.5": one})
    assert f"Difficulty: hard, 3 of 3 · {one.minutes} minutes</p>" in after
    count = len(one.hints)
    places = [after.index(f"Hint {n} of {count} for 6.5") for n in range(1, count + 1)]
    assert places == sorted(places) and places[-1] < after.index("Solution 6.5")
    assert html.escape(one.hints[0]) in after
    assert after.index("</details>") > places[-1]
    assert module.help_with(text, {}) == text
    assert module.words("a[i][j] < b") == "a[i]<wbr>[j] &lt; b"


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_each_solution_of_a_chapter_is_that_of_an_exercise(path):
    found = extension("exercise_help").numbered(path)
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    count = text.count('<details class="solution">')
    assert len(found) == count - (path.stem == "01_bert_on_one_page") * count
    chapter = int(path.name[:2])
    assert all(one.chapter == chapter for one in found.values())
    for number, one in found.items():
        assert f"### Exercise {number} (" in text
        assert re.search(rf"Exercise {number} \(\d+ of \d+, {one.minutes} min\)", text)


@built
def test_each_exercise_on_the_site_says_how_hard_it_is_and_has_its_hints():
    module = extension("exercise_help")
    for path in notebooks():
        text = (SITE / "notebooks" / f"{path.stem}.html").read_text("utf-8")
        count = len(module.numbered(path))
        assert text.count('<p class="exercise-told">') == count
        assert text.count("<summary>Hint 1 of ") == count


# ---- formulas without scripts -------------------------------------------------------


def test_tex_becomes_mathml_and_what_is_unknown_ends_the_build():
    module = extension("plain_formulas")
    text = module.mathml(r"\text{softmax}\left(\frac{Q K^\top}{\sqrt{D}}\right)")
    assert text == (
        "<math><mrow><mtext>softmax</mtext><mo>(</mo><mfrac><mrow><mi>Q</mi><msup>"
        "<mi>K</mi><mo>&#x22a4;</mo></msup></mrow><mrow><msqrt><mrow><mi>D</mi></mrow></msqrt>"
        "</mrow></mfrac><mo>)</mo></mrow></math>"
    )
    both = module.mathml(r"\sum_{d=1}^D x_d^2 < 1", is_display=True)
    assert both.startswith('<math display="block"><mrow><munderover><mo>&sum;</mo>')
    assert "<msubsup><mi>x</mi><mi>d</mi><mn>2</mn></msubsup><mo>&lt;</mo>" in both
    for faulty in (r"\unheard", "{x", r"\frac{1}", r"\text x", "x_"):
        with pytest.raises(module.ExtensionError, match="does not know"):
            module.mathml(faulty)


@built
def test_each_formula_also_stands_there_for_who_has_no_scripts():
    count = 0
    for path in sorted(SITE.glob("*/*.html")):
        text = path.read_text(encoding="utf-8")
        formulas = text.count('class="math ')
        assert len(re.findall("<noscript><(?:span|div)><math", text)) == formulas
        count += formulas
    assert count > 400
    assert "(scripting: none) { .math.notranslate { display: none; } }" in STYLE


# ---- the package --------------------------------------------------------------------


def test_a_definition_leads_to_its_lines():
    module = extension("package_docs")
    address = module.source_address("bert_tutorial.model.attention", "attention")
    found = re.search(r"/blob/main/(bert_tutorial/\S+)#L(\d+)-L(\d+)$", address)
    lines = (ROOT / found[1]).read_text(encoding="utf-8").split("\n")
    assert lines[int(found[2]) - 1].startswith("def attention(")
    assert lines[int(found[3]) - 1].startswith("    return ")
    assert module.source_address("bert_tutorial.model.config", "no_such") is None
    method = module.source_address("bert_tutorial.model.bert", "BertModel.forward")
    assert "bert_tutorial/model/bert.py#L" in method


@built
def test_the_pages_about_the_package_link_to_the_source():
    paths = sorted((SITE / "book").glob("api_*.html"))
    assert len(paths) > 15
    for path in paths:
        text = path.read_text(encoding="utf-8")
        functions = text.count('<dl class="py function">')
        assert text.count("source-link") >= functions, path.name
