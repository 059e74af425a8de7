"""The drawings: letters that can be read, nothing on another, a text for each.

Widths are those of DejaVu Sans, which is wider than the fonts that readers have.
"""

import itertools
import re
from functools import cache
from xml.etree import ElementTree

import nbformat
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from bert_tutorial import BertConfig, BertTokenizer
from bert_tutorial.course.drawings import all_drawings, show_drawing
from bert_tutorial.course.drawings.kit import DRAWINGS, WIDTH, Box, Drawing, Label
from bert_tutorial.course.drawings.part_four import COUNTS, PERCENT, PIECES
from bert_tutorial.course.drawings.part_one import lookups
from bert_tutorial.course.drawings.part_two import recalls
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.efficiency.cost import forward_operations
from bert_tutorial.labs.languages import declaration
from bert_tutorial.tokenization.normalizer import CharacterTable, split_words
from bert_tutorial.tokenization.wordpiece import match_pieces
from book_files import notebooks

PHONE = 335  # pixels that the site gives a figure where the window has 390
READABLE = 10  # pixels
NAMES = all_drawings()
each_drawing = pytest.mark.parametrize("name", NAMES)
CALL = re.compile(r'^show_drawing\("(\w+)"\)$', re.M)


@cache
def width_of(text: str, size: float, is_strong: bool) -> float:
    font = FontProperties(
        family="DejaVu Sans", weight="bold" if is_strong else "normal"
    )
    return float(TextPath((0, 0), text, size=size, prop=font).get_extents().width)


def around(label: Label) -> Box:
    """The rectangle that a line of text covers."""
    width = width_of(label.text, label.size, "strong" in label.kind)
    left = {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    height = 0.8 * label.size
    return Box(label.x - left, label.y - height / 2, width, height)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def holds(outer: Box, inner: Box) -> bool:
    return (
        outer.x <= inner.x
        and inner.x + inner.width <= outer.x + outer.width
        and outer.y <= inner.y
        and inner.y + inner.height <= outer.y + outer.height
    )


def crosses(points, box: Box) -> bool:
    """Whether a line runs through a rectangle (Liang and Barsky's clipping)."""
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        low, high = 0.0, 1.0
        for step, before, after in (
            (x1 - x0, x0 - box.x, box.x + box.width - x0),
            (y1 - y0, y0 - box.y, box.y + box.height - y0),
        ):
            if step == 0:
                if before < 0 or after < 0:
                    low, high = 1.0, 0.0
                continue
            enter, leave = sorted((-before / step, after / step))
            low, high = max(low, enter), min(high, leave)
        if low < high:
            return True
    return False


def faults(art: Drawing) -> list[str]:
    """Say what is wrong with where things stand."""
    found = []
    page = Box(0, 0, art.width, art.height)
    covered = [(label, around(label)) for label in art.labels if label.text]
    for label, area in covered:
        said = repr(label.text)
        if label.size * PHONE / art.width < READABLE:
            found.append(f"{said} is too small on a phone")
        if not holds(page, area):
            found.append(f"{said} leaves the picture")
        if label.room is not None and area.width > label.room:
            found.append(f"{said} is wider than its box")
        for box in art.boxes:
            if overlap(box, area) and not holds(box, area) and not holds(area, box):
                found.append(f"{said} stands across the side of a box")
        for line in art.lines:
            if crosses(line.points, area):
                found.append(f"{said} has a line through it")
    for (one, area), (other, second) in itertools.combinations(covered, 2):
        if overlap(area, second):
            found.append(f"{one.text!r} stands on {other.text!r}")
    for box in art.boxes:
        if not holds(page, box):
            found.append("a box leaves the picture")
    for line in art.lines:
        for x, y in line.points:
            if not (0 <= x <= art.width and 0 <= y <= art.height):
                found.append("a line leaves the picture")
    return sorted(set(found))


def test_there_are_drawings():
    assert NAMES and set(NAMES) == set(DRAWINGS)


@each_drawing
def test_everything_stands_where_it_can_be_read(name):
    assert faults(show_drawing(name)) == []


@each_drawing
def test_a_drawing_is_no_wider_than_a_page_can_show(name):
    assert show_drawing(name).width <= WIDTH


@each_drawing
def test_a_drawing_says_what_it_shows(name):
    art = show_drawing(name)
    assert 5 < len(art.title) < 80 and not art.title.endswith(".")
    assert len(art.description) > 60 and art.description.endswith(".")
    assert re.match(r"Chapter \d+: ", DRAWINGS[name].__doc__ or ""), "its chapter"


@each_drawing
def test_the_picture_is_one_named_image_without_colours_of_its_own(name):
    html = show_drawing(name)._repr_html_()
    assert html == show_drawing(name)._repr_html_()
    picture = ElementTree.fromstring(html[html.index("<svg") : html.index("</div>")])
    assert picture.get("role") == "img"
    title, words = picture.find("title"), picture.find("desc")
    assert picture.get("aria-labelledby") == title.get("id") and title.text
    assert picture.get("aria-describedby") == words.get("id") and words.text
    assert not re.search(
        r"#[0-9a-f]{3,6}\b|rgb", ElementTree.tostring(picture, "unicode")
    )
    assert "<script" not in html and "http" not in html


def shown() -> dict[str, list[str]]:
    """The drawings that each notebook shows."""
    found = {}
    for path in notebooks():
        cells = nbformat.read(path, as_version=4).cells
        code = [cell for cell in cells if "show_drawing(" in cell.source]
        for cell in code:
            if cell.cell_type != "code" or not CALL.search(cell.source):
                continue
            call = CALL.search(cell.source)
            assert cell.source.rstrip().endswith(call[0]), f"{cell.id}: the last line"
            assert "hide-input" in cell.metadata.get("tags", []), cell.id
            found.setdefault(path.name, []).append(call[1])
    return found


def test_each_drawing_is_shown_once_and_in_the_notebook_of_its_chapter():
    where = {
        name: page[:2].lstrip("0") or "0"
        for page, names in shown().items()
        for name in names
    }
    every = [name for names in shown().values() for name in names]
    assert sorted(every) == sorted(NAMES)
    for name, chapter in where.items():
        assert (DRAWINGS[name].__doc__ or "").startswith(f"Chapter {chapter}: "), name


def test_a_name_that_is_wrong_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean three_tables"):
        show_drawing("three_table")


def test_each_fault_is_found():
    art = Drawing("t", "d")
    art.box(10, 10, 30, 30, "much too wide")
    art.text(200, 25, "here")
    art.text(210, 25, "there")
    art.text(455, 60, "outside")
    art.text(100, 90, "tiny", size=9)
    art.line((90, 80), (110, 100))
    told = "\n".join(faults(art))
    for words in (
        "'much too wide' is wider than its box",
        "'much too wide' stands across",
        "'here' stands on 'there'",
        "'outside' leaves the picture",
        "'tiny' is too small",
        "'tiny' has a line through it",
    ):
        assert words in told, words
    assert crosses(((0, 5), (10, 5)), Box(4, 0, 2, 10))
    assert not crosses(((0, 5), (3, 5)), Box(4, 0, 2, 10))


def test_the_operations_drawn_are_those_that_are_counted():
    config = BertConfig()
    for length, percents in PERCENT.items():
        parts = forward_operations(config, 8, length, 8 * round(0.15 * length))
        names = ("feed-forward", "projections", "attention", "head")
        total = sum(parts.values())
        counted = tuple(round(100 * parts[name] / total, 1) for name in names)
        assert counted == percents
        told = show_drawing("where_operations_go").description
        assert all(f"{percent:g}" in told for percent in percents)


def test_the_pieces_drawn_are_those_of_the_tokenizer():
    tokenizer = BertTokenizer.from_pretrained(shipped_weights("english"))
    article = declaration()
    for language, drawn in PIECES.items():
        words = split_words(article[language], CharacterTable())
        pieces = [piece for word in words for piece in tokenizer.tokenize(word)]
        assert pieces[: len(drawn.split())] == drawn.split(), language
        assert len(pieces) == COUNTS[language]


def test_the_lookups_drawn_are_those_of_the_package():
    small = {"un", "##hap", "##happ", "##y", "happ", "y"}
    found = lookups("unhappy", small)
    pieces = [("##" if a else "") + "unhappy"[a:b] for a, b, is_in in found if is_in]
    assert pieces == match_pieces("unhappy", small) and len(found) == 9
    with pytest.raises(ValueError, match="must have a piece for 'q'"):
        lookups("unq", small)


def test_the_runs_drawn_differ_by_what_the_drawing_says():
    before, after = recalls("baseline"), recalls("no positions")
    assert len(before) == len(after) == 3
    said = [label.text for label in show_drawing("one_change").labels]
    for seed in before:
        assert f"{after[seed] - before[seed]:+.2f}" in said
