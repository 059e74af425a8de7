"""The figure of arriving facts: the numbers are the run's, it works without script."""

import math
import os
import re
import subprocess
import sys

import pytest
from test_plot_interactive import EVIL, Read

from bert_tutorial.course.plots.facts import KINDS, facts_arriving

STEPS = (10, 20, 50, 100, 400, 1_000)


def run(**changes):
    points = [
        {"step": step, "masked_lm": 6.0 - i}
        | {kind.key: round(0.1 * i + 0.01 * k, 2) for k, kind in enumerate(KINDS)}
        for i, step in enumerate(STEPS)
    ]
    return {
        "points": points,
        "levels": {"uniform": 6.4, "unigram": 5.6},
        "majority": {kind.key: 0.3 for kind in KINDS[:4]},
    } | changes


def drawn(text):
    """Read the curves: the number of each, and its places in the picture."""
    found = re.findall(r'class="bt-curve bt-c(\d)">\s*<path d="([^"]*)"', text)
    return [
        (number, [tuple(map(float, p.split())) for p in re.split("[ML]", places)[1:]])
        for number, places in found
    ]


def letters(text):
    """Read the texts of the picture with their places, and the sizes of all letters."""
    svg = text[text.index("<svg") : text.index("</svg>")]
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
    found = re.findall(r'<text [^>]*?x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)', svg)
    return {words: (float(x), float(y)) for x, y, words in found}, sizes


def on_a_line(pairs, within=0.03):
    """Tell whether places depend on values as a straight line; give its two ends."""
    pairs = sorted(pairs)
    (low, start), (high, end) = pairs[0], pairs[-1]
    for value, place in pairs:
        expected = start + (value - low) / (high - low) * (end - start)
        assert place == pytest.approx(expected, abs=within)
    return start, end


def test_the_curves_are_the_points_of_the_run_on_straight_axes():
    points = run()["points"]
    html = facts_arriving(run())._repr_html_()
    key = [c for c in drawn(html) if len(c[1]) == 3]
    curves = [c for c in drawn(html) if len(c[1]) == len(STEPS)]
    assert [number for number, _ in curves] == list("012345")
    assert [number for number, _ in key] == list("12345")
    for _, places in curves:
        left, right = on_a_line(
            (math.log(step), x) for step, (x, _) in zip(STEPS, places, strict=True)
        )
        assert right > left + 300
    losses = zip([p["masked_lm"] for p in points], curves[0][1], strict=True)
    low, high = on_a_line((loss, y) for loss, (_, y) in losses)
    assert high < low  # a larger loss stands higher
    shares = [
        (point[kind.key], y)
        for (_, places), kind in zip(curves[1:], KINDS, strict=True)
        for point, (_, y) in zip(points, places, strict=True)
    ]
    none, most = on_a_line(shares)
    assert low < most < none  # the loss is above the shares


def test_the_ticks_say_where_the_curves_are():
    html = facts_arriving(run())._repr_html_()
    curves = dict(c for c in drawn(html) if len(c[1]) == len(STEPS))
    texts, _ = letters(html)
    ticks = ["10", "20", "50", "100", "200", "500", "1,000"]
    assert [name for name in texts if re.fullmatch(r"[\d,]{2,}", name)] == ticks
    for (x, _), step in zip(curves["1"], STEPS, strict=True):
        if f"{step:,}" in texts:
            assert texts[f"{step:,}"][0] == pytest.approx(x, abs=0.03)
    zero, half, one = (texts[name][1] for name in ("0.0", "0.5", "1.0"))
    y = dict(zip((p["stated"] for p in run()["points"]), curves["1"], strict=True))
    assert half - zero == pytest.approx(y[0.5][1] - y[0.0][1], abs=0.05)
    assert half == pytest.approx((zero + one) / 2, abs=0.05)
    assert {"uniform", "unigram", *(kind.name for kind in KINDS)} <= set(texts)


def test_letters_have_ten_pixels_on_a_phone_and_no_colour_of_their_own():
    html = facts_arriving(run())._repr_html_()
    _, sizes = letters(html)
    width = float(re.search(r'viewBox="0 0 ([\d.]+) ', html)[1])
    least = float(re.search(r"min-width:(\d+)px", html)[1])
    assert len(sizes) > 20 and min(sizes) * least / width >= 10
    svg = html[html.index("<svg") : html.index("</svg>")]
    assert {kind.colour.lower() for kind in KINDS} == set(
        re.findall(r"#[0-9a-f]{6}", svg)
    )


def test_each_step_that_can_be_chosen_has_its_panel_its_line_and_its_row():
    figure = facts_arriving(run(), marks=4)
    html = figure._repr_html_()
    read = Read(html)
    steps = [row[0] for row in read.tables[-1][1:]]
    assert steps[0] == "10" and steps[-1] == "1,000" and len(steps) == 4
    assert len(read.tables) == 1 + len(steps)
    for number, step in enumerate(steps):
        assert f'class="bt-in-p{number}"' in html
        assert html.count(f'<g class="bt-p bt-p{number}">') == 2  # loss and shares
        point = next(p for p in run()["points"] if f"{p['step']:,}" == step)
        shown = read.tables[number][1:]
        assert [row[1] for row in shown] == [f"{point[k.key]:.2f}" for k in KINDS]
        assert [row[2] for row in shown] == ["0.30"] * 4 + [""]
        assert read.tables[-1][1 + number][1:] == [
            f"{point['masked_lm']:.2f}",
            *(row[1] for row in shown),
        ]
    assert repr(figure).splitlines()[0].startswith("step 10; loss (nats) 6.00; stated")
    assert len(repr(figure).splitlines()) == len(steps)


def test_there_is_no_script_no_address_and_a_name_for_what_is_seen():
    html = facts_arriving(run())._repr_html_()
    tags = set(re.findall(r"<(\w+)", html))
    assert tags == {
        *("div", "style", "fieldset", "legend", "label", "input", "details"),
        *("summary", "table", "caption", "thead", "tbody", "tr", "th", "td"),
        *("svg", "g", "defs", "path", "use", "text"),
    }
    assert "http" not in html and "url(" not in html and "FIG" not in html
    assert "*{" not in html  # no rule for the whole page
    assert not re.search(r"\son\w+=", html)
    label = re.search(r'<svg [^>]*role="img" aria-label="([^"]+)"', html)[1]
    assert "From step 10 to 1,000 the loss goes from 6.00 to 1.00 nats" in label
    assert "stated 0.50" in label
    assert html == facts_arriving(run())._repr_html_()
    assert len(html) < 60_000


def test_choosing_a_kind_dims_the_other_shares_and_not_the_loss():
    html = facts_arriving(run())._repr_html_()
    code = re.search(r'id="(bt-[0-9a-f]{8})"', html)[1]
    for number in range(1, len(KINDS) + 1):
        rule = f".bt-in-k{number}:checked) .bt-curve:not(.bt-c0,.bt-c{number})"
        assert f"#{code}:has({rule}" in html
        assert f'class="bt-in-k{number}"' in html
    assert 'class="bt-in-k0" checked' in html


def test_names_from_outside_stay_text():
    html = facts_arriving(run(levels={EVIL: 6.4}))._repr_html_()
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "$a$" in facts_arriving(run(levels={"$a$": 6.4}))._repr_html_()


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("ground", ["#ffffff", "#121212", "#14181e"])
def test_the_curves_are_seen_on_both_grounds_and_told_apart_without_colour(ground):
    for kind in KINDS:
        light, dark = sorted((luminance(kind.colour), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 3, kind.name
    assert len({kind.dash for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("steps", [[5], [5, 5], [7, 5], [0, 5]])
def test_points_without_rising_steps_are_refused(steps):
    points = [run()["points"][0] | {"step": step} for step in steps]
    with pytest.raises(ValueError, match="rising steps"):
        facts_arriving(run(points=points))


def test_no_module_chooses_where_figures_are_shown():
    # A notebook that imports one would lose its figures.
    code = (
        "import matplotlib, pkgutil, bert_tutorial.course.plots as plots\n"
        "before = matplotlib.rcParams._get_backend_or_none()\n"
        "for one in pkgutil.iter_modules(plots.__path__):\n"
        "    __import__(f'{plots.__name__}.{one.name}')\n"
        "assert matplotlib.rcParams._get_backend_or_none() == before"
    )
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
