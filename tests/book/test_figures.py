"""Plots on the site: turned in the dark, large enough to read; the chapters' map."""

import importlib.util
import io
import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import nbformat
import pytest
from figure_svg import INKS, TURNED, for_page, small, smallest_letters
from front_page import chapters
from taken_pages import SCREEN_ONLY

from bert_tutorial.course.plots.style import COLORS, INK, curves, heatmap, set_style
from book_files import ROOT, notebooks

STYLE = (ROOT / "book" / "_static" / "figures.css").read_text(encoding="utf-8")
GROUND = "#121212"  # the theme's in the dark
# What lies under letters that do not turn, or is a colour of a thing that is drawn.
FIXED = {"#56b4e9", "#e69f00", "#dddddd", "#9ad7c3", "#ffffff"}


def extension(name):
    path = ROOT / "book" / "_ext" / f"{name}.py"
    found = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def written_plot():
    """Draw a line, a word, a map with a number in each cell: matplotlib's own SVG."""
    with plt.rc_context():
        set_style()
        figure, axes = plt.subplots(1, 2, figsize=(7, 3))
        curves({"one": [1, 3, 2], "two": [2, 1, 3]}, ax=axes[0])
        heatmap([[0.1, 0.9], [0.5, 0.3]], digits=1, ax=axes[1])
        written = io.StringIO()
        figure.savefig(written, format="svg")
        plt.close(figure)
    return written.getvalue()


@pytest.fixture
def plot():
    return written_plot()


def test_a_stored_plot_is_small_and_still_a_picture(plot):
    stored = small(plot)
    assert len(stored) < 0.7 * len(plot)
    root = ElementTree.fromstring(stored)
    assert root.tag.endswith("svg") and root.get("viewBox")
    assert small(stored) == stored
    numbers = " ".join(re.findall(r' (?:d|x|y|width|transform)="([^"]*)"', stored))
    assert re.search(r"\d\.\d", numbers)
    assert not re.search(r"\d\.(?!\d)|\d\.\d{3}", numbers)
    for gone in ("<metadata", "<?xml", "DejaVu", "<style"):
        assert gone in plot and gone not in stored


def test_the_same_plot_is_written_the_same(plot):
    assert small(written_plot()) == small(plot)


def test_on_a_page_ink_and_lines_turn_and_cells_do_not(plot):
    stored = small(plot)
    html = for_page(stored, "plot-1-1", "Two lines & a map.")
    assert 'role="img" aria-label="Two lines &amp; a map."' in html
    assert "currentColor" in html and INK not in html
    assert "var(--plot-blue,#0072b2)" in html
    assert "var(--plot-vermilion,#d55e00)" in html
    # Numbers in cells are black on pale and white on dark, in both looks.
    assert len(re.findall(r"<text[^>]*fill: #ffffff", html)) == 2
    assert len(re.findall(r'<text style="(?![^"]*fill)[^"]*"', html)) == 2
    # No ground of its own, neither of the picture nor of its axes.
    paths = re.sub(r"<text.*?</text>", "", html, flags=re.S)
    assert "fill: #ffffff" in stored and "fill: #ffffff" not in paths


def test_the_ids_of_two_plots_differ_and_lead_somewhere(plot):
    pages = [for_page(small(plot), f"plot-1-{n}", "a map") for n in (1, 2)]
    ids = [set(re.findall(r'\bid="([^"]+)"', page)) for page in pages]
    assert ids[0] and not ids[0] & ids[1]
    for page, own in zip(pages, ids, strict=True):
        used = set(re.findall(r'(?:url\(#|href="#)([\w.-]+)', page))
        assert used == own


def test_letters_of_a_plot_have_ten_pixels_at_its_smallest_width(plot):
    html = for_page(small(plot), "plot-1-1", "a map")
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', html)[1])
    least = int(re.search(r"min-width:(\d+)px", html)[1])
    assert smallest_letters(html) == 9
    assert smallest_letters(html) * least / width >= 9.99
    power = (
        '<text><tspan style="font-size: 10px">1</tspan><tspan style="font-size: 7px"'
    )
    assert smallest_letters(power + ">2</tspan></text>") == 10


def test_what_is_no_plot_is_refused():
    with pytest.raises(ValueError, match="plot-1-1 has no viewBox"):
        for_page("<svg></svg>", "plot-1-1", "nothing")


def test_lines_and_letters_can_be_read_in_the_dark():
    dark = dict(re.findall(r"--plot-(\w+): (#\w{6});", STYLE))
    assert set(TURNED.values()) | {"ground"} == set(dark)
    for name, colour in dark.items():
        if name != "ground":
            assert contrast(colour, dark["ground"]) >= 4.5, name
    assert dark["ground"] == GROUND
    assert all(contrast(fill, GROUND) >= 3 for fill in FIXED)
    lines = {
        value.lower() for key, value in COLORS.items() if key not in ("orange", "sky")
    }
    assert lines <= {*TURNED, *INKS}


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_each_colour_of_a_stored_plot_is_one_that_is_known(path):
    """A colour that nobody listed would be drawn dark on dark."""
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            svg = output.get("data", {}).get("image/svg+xml", "")
            found = {one.lower() for one in re.findall(r"#[0-9a-fA-F]{6}\b", svg)}
            assert found <= {*INKS, *TURNED, *FIXED}, cell.id
            assert svg == small(svg), f"{cell.id}: run_notebooks.py stores it"


# ---- the map ------------------------------------------------------------------------


def test_each_chapter_has_one_stage_in_the_order_of_the_book():
    module = extension("chapter_map")
    numbers = [n for one in module.STAGES for n in range(one.first, one.last + 1)]
    assert numbers == sorted(chapters())
    with pytest.raises(ValueError, match="chapter 99 has no stage"):
        module.stage_of(99)


def test_the_map_marks_the_stage_and_leads_to_the_others():
    module = extension("chapter_map")
    files = module.chapter_pages(
        {f"notebooks/{n:02}_x" for n in range(25)} | {"book/a"}
    )
    text = module.written(7, files)
    marked = re.findall(r'<li aria-current="step"><a href="([^"]+)">', text)
    assert marked == ["07_x.html"]
    assert re.findall(r'<li><a href="(\d\d)_x', text) == [
        *("00", "03", "05", "08", "10", "14", "19")
    ]
    assert "attention</span>" in text and 'aria-label="Where this chapter' in text


def test_maps_beside_each_other_can_share_a_scale():
    one = heatmap([[0.1, 0.2]], top=1.0, colorbar=False).images[0]
    other = heatmap([[-0.1, 0.2]], signed=True, top=3.0, colorbar=False).images[0]
    own = heatmap([[0.1, 0.2]], colorbar=False).images[0]
    plt.close("all")
    assert one.get_clim() == (0.0, 1.0) and other.get_clim() == (-3.0, 3.0)
    assert own.get_clim() == (0.0, 0.2)


def test_on_paper_a_plot_is_no_wider_than_the_page_and_the_map_is_left_out():
    paper = (ROOT / "tools" / "book" / "take_along.css").read_text(encoding="utf-8")
    rule = re.search(r"\.plot-figure svg \{([^}]*)\}", paper)[1]
    assert "min-width: 0 !important" in rule and "max-width: 100% !important" in rule
    written = extension("chapter_map").written(5, {n: "x" for n in range(25)})
    classes = re.search(r'<nav class="([^"]*)"', written)[1].split()
    assert any(f".{name}" in SCREEN_ONLY.split(", ") for name in classes)
