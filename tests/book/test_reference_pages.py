"""The pages for looking up: what they link, name and claim is there."""

import ast
import re
import subprocess
import sys
from functools import cache

import nbformat
import pytest
from generated_pages import teacher_page

from book_files import ROOT, chapter_of_notebook, modules, notebooks, toc_files

CHAPTERS = {chapter_of_notebook(path): path for path in notebooks()}
CHAPTER_LINK = re.compile(r"\[(?:[Cc]hapter )?(\d+)\]\(\.\./notebooks/([\w.]+)\)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
CITED = re.compile(r"(\w+)(?: et al\.| and (?:De )?(\w+)),? \(?((?:19|20)\d\d)\b")
CITED_ALONE = re.compile(r"^- (\w+), ((?:19|20)\d\d)", re.M)


def page(name):
    return (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8")


@cache
def text_of(chapter):
    cells = nbformat.read(CHAPTERS[chapter], as_version=4).cells
    return "\n".join(cell.source for cell in cells)


@cache
def functions_of(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def wrong_tests(text):
    """Name the tests that a text names and that are not there."""
    return [
        f"{file}::{name}"
        for file, name in TEST.findall(text)
        if not (ROOT / file).is_file() or name not in functions_of(file)
    ]


def wrong_chapters(text):
    """Name the links to chapters whose number is not that of their file."""
    return [
        (number, file)
        for number, file in CHAPTER_LINK.findall(text)
        if int(number) not in CHAPTERS or CHAPTERS[int(number)].name != file
    ]


def linked(text):
    return {int(number) for number, _ in CHAPTER_LINK.findall(text)}


def sections(text, level):
    """Split a page at its headings of a level: title -> text."""
    parts = re.split(rf"^{'#' * level} (.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def entry(section):
    """Read a list of definitions: term -> definition."""
    return dict(re.findall(r"^(\S.*)\n: (.+(?:\n  .+)*)", section, re.M))


def test_what_is_wrong_with_a_page_is_found():
    assert wrong_tests("`tests/book/test_reference_pages.py::test_no_such`")
    assert wrong_tests("`tests/test_no_file.py::test_x`")
    assert not wrong_tests(
        "`tests/book/test_reference_pages.py::test_what_is_wrong_with_a_page_is_found`"
    )
    assert wrong_chapters("[7](../notebooks/06_self_attention.ipynb)")
    assert not wrong_chapters("[chapter 6](../notebooks/06_self_attention.ipynb)")


SOURCES = sections(page("references"), 2)


def test_each_source_says_what_it_is_used_for_and_where():
    for name, text in SOURCES.items():
        assert re.search(r"\*\*Used for\*\*: .+ Chapters? \[\d+\]", text), name
        assert "https://" in text or "Quarterly" in text, name
        assert linked(text) and not wrong_chapters(text), name
    assert list(SOURCES) == sorted(
        SOURCES, key=lambda name: re.sub(r"\W+", " ", name).casefold()
    )


def test_whatever_is_cited_has_its_heading_with_the_chapter():
    texts = {chapter: [text_of(chapter)] for chapter in CHAPTERS}
    for path in modules().values():
        source = path.read_text(encoding="utf-8")
        if taught := re.search(r"^Chapter: (\d+)$", source, re.M):
            texts.setdefault(int(taught[1]), []).append(source)
    seen = 0
    for chapter, parts in texts.items():
        text = "\n".join(parts)
        names = CITED.findall(text)
        names += [(one, "", year) for one, year in CITED_ALONE.findall(text)]
        for first, second, year in names:
            heads = [
                head
                for head in SOURCES
                if first in re.findall(r"\w+", head) and second in head
                if head.endswith(year)
                if not second or " and " in head
                if second or " and " not in head
            ]
            cited = f"chapter {chapter} cites {first} {second} {year}"
            assert len(heads) == 1, f"{cited}: book/references.md has {heads}"
            told = f"{cited}: book/references.md, {heads[0]}, must link that chapter"
            assert chapter in linked(SOURCES[heads[0]]), told
            seen += 1
    assert seen > 100


def glossary():
    """Read the terms: term -> explanation."""
    body = page("glossary").split("```{glossary}\n")[1].rstrip("`\n")
    parts = [part.split("\n", 1) for part in body.split("\n\n")]
    return {term.strip("`"): text.strip() for term, text in parts}


TERMS = glossary()


def test_terms_are_in_order():
    keys = [re.sub(r"[^a-z0-9 ]", "", term.lower()) for term in TERMS]
    assert keys == sorted(keys) and len(set(keys)) == len(keys)


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_taught_where_it_says(term):
    text = TERMS[term]
    assert not wrong_chapters(text)
    assert len(linked(text)) == 1
    bare = re.sub(r"\(.*?\)", "", term).strip().lower()
    stems = [bare]
    if "_" not in bare and bare[0] != "[":
        stems = [word[:4] for word in re.split(r"[\s,-]+", bare)]
    taught = text_of(next(iter(linked(text)))).lower()
    assert all(stem in taught for stem in stems)


def test_the_glossary_has_the_words_and_letters_of_the_notation():
    notation = page("notation")
    sizes = set(re.findall(r"^\| \$([A-Z])\$ \|", notation, re.M))
    used = set(re.findall(r"\$[^$]*?\b([A-Z])\b[^$]*?\$", page("glossary")))
    assert used <= sizes and {"A", "D", "H", "I", "L", "P", "V"} <= used
    known = {re.sub(r" \(.*", "", term).lower() for term in TERMS}
    for line in re.findall(r"^(\S.*)\n: ", notation.split("## Words")[1], re.M):
        for word in re.sub(r" \(.*", "", line).lower().split(", "):
            assert word in known, word


DIFFERENCES = page("differences")
ROWS = sections(DIFFERENCES, 3)


def test_the_table_of_differences_has_a_line_for_each():
    listed = re.findall(r"^\| \[(.+?)\]\(#([\w-]+)\) \| (.+?) \|$", DIFFERENCES, re.M)
    titles = [title.replace("[", "").replace("]", "") for title in ROWS]
    assert [title for title, _, _ in listed] == titles
    slugs = [re.sub(r"\W+", "-", title.lower()) for title in titles]
    assert [slug for _, slug, _ in listed] == slugs
    ways = {"original code", "Transformers", "both", "neither", "either, by choice"}
    assert {way for _, _, way in listed} <= ways
    assert f"differs in {len(ROWS)} places" in DIFFERENCES


@pytest.mark.parametrize("title", ROWS)
def test_a_difference_has_four_sides_and_the_tests_that_hold_ours(title):
    found = entry(ROWS[title])
    sides = ["Paper", "Original code", "Transformers", "Here", "Shown by"]
    assert list(found) == sides
    assert TEST.search(found["Shown by"])
    paper = found["Paper"]
    if "Not said" not in paper and "Does not apply" not in paper:
        assert re.search(r"section|appendix|512", paper)
    assert not wrong_tests(DIFFERENCES)
    assert not wrong_chapters(DIFFERENCES)


def test_what_is_tested_of_the_others_is_on_the_page():
    named = {name for file, name in TEST.findall(DIFFERENCES) if "differences" in file}
    tests = functions_of("tests/model/test_differences.py")
    assert named == {name for name in tests if name.startswith("test_")}


PAPER = page("paper_map")
PARTS = sections(PAPER, 3)
OF_THE_PAPER = (
    "1 2 3 3 3.1 3.1 3.1 3.2 4.1 4.2 4.3 4.4 5.1 5.2 5.3 "
    "A.1 A.2 A.3 A.4 A.5 B.1 C.1 C.2"
)


def test_the_map_has_every_section_of_the_paper():
    assert [title.split()[0] for title in PARTS] == OF_THE_PAPER.split()


@pytest.mark.parametrize("title", PARTS)
def test_a_section_of_the_paper_leads_to_chapters_modules_and_tests(title):
    text = PARTS[title]
    found = entry(text)
    assert list(found) == [
        term
        for term in ("Chapters", "Here", "Modules", "Tests", "Not redone")
        if term in found
    ]
    assert "Chapters" in found or found["Not redone"] != "Nothing."
    assert not wrong_chapters(text) and not wrong_tests(text)
    named = re.findall(r"`([\w.]+)`", found.get("Modules", ""))
    assert bool(named) == bool(TEST.search(text)), "modules come with tests"
    for name in named:
        path = modules()[f"bert_tutorial.{name}"]
        source = path.read_text(encoding="utf-8")
        taught = int(re.search(r"^Chapter: (\d+)$", source, re.M)[1])
        assert taught in linked(found["Chapters"]), (name, taught)


def test_the_times_for_teachers_are_up_to_date():
    assert page("teacher") == teacher_page(), "run `make sync`"


def mentioned():
    """Every chapter that a page of the book names, with the words behind it."""
    texts = {path.stem: text_of(number) for number, path in CHAPTERS.items()}
    for name in [one for one in toc_files() if one.startswith("book/")]:
        texts[name] = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    for name, text in texts.items():
        for number, rest in re.findall(r"\b[Cc]hapter (\d+)\b(.{0,10})", text):
            yield name, int(number), rest


def test_no_page_announces_a_chapter_that_is_not_there():
    said = [
        (name, number)
        for name, number, rest in mentioned()
        if number not in CHAPTERS or "(planned)" in rest
    ]
    assert said == []
    tables = [("README", (ROOT / "README.md").read_text(encoding="utf-8"))]
    tables += [("intro", page("intro")), ("chapter 0", text_of(0))]
    for name, text in tables:
        assert "(planned)" not in text, name
        listed = re.findall(r"^\| (\d{1,2}) \| ", text, re.M)
        assert [int(number) for number in listed] == sorted(CHAPTERS), name


@pytest.mark.parametrize("kind", ["student 06 07", "teacher 00"])
def test_the_commands_for_copies_work(kind, tmp_path):
    assert "tools/book/copies.py student 06 07 --output copies\n" in page("teacher")
    command = [
        sys.executable,
        "tools/book/copies.py",
        *kind.split(),
        "--output",
        tmp_path,
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    names = {path.name[:2] for path in tmp_path.glob("*.ipynb")}
    assert names == set(kind.split()[1:])
