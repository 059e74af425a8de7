"""The figure of arriving facts: the numbers are the run's, it works without script."""

import os
import re
import subprocess
import sys

import pytest
from test_plot_interactive import EVIL, Read

from bert_tutorial.course.plots.facts import (
    KINDS,
    Frame,
    facts_arriving,
    log_ticks,
    svg_text,
)

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
    return [
        (number, [tuple(map(float, pair.split(","))) for pair in places.split()])
        for number, places in re.findall(r'bt-curve bt-c(\d)".*points="(.*)"', text)
    ]


def test_the_curves_are_the_points_of_the_run():
    frame = Frame(10, 1_000, 1.05 * 6.4)
    curves = drawn(facts_arriving(run())._repr_html_())
    key = [c for c in curves if len(c[1]) == 2]
    curves = [c for c in curves if len(c[1]) == len(STEPS)]
    assert [number for number, _ in curves] == list("012345")
    assert [number for number, _ in key] == list("12345")
    expected = [
        (frame.x(p["step"]), frame.loss(p["masked_lm"])) for p in run()["points"]
    ]
    assert curves[0][1] == expected
    for (_, places), kind in zip(curves[1:], KINDS, strict=True):
        assert places == [
            (frame.x(p["step"]), frame.share(p[kind.key])) for p in run()["points"]
        ]


def test_the_frame_is_logarithmic_in_steps_and_linear_in_the_rest():
    frame = Frame(10, 1_000, 8.0)
    left, middle, right = (frame.x(step) for step in (10, 100, 1_000))
    assert left < middle < right
    assert middle == pytest.approx((left + right) / 2)
    assert frame.share(0.5) == pytest.approx((frame.share(0) + frame.share(1)) / 2)
    assert frame.loss(2.0) == pytest.approx(
        frame.loss(0) * 0.75 + frame.loss(8.0) * 0.25
    )
    assert frame.loss(8.0) < frame.loss(0) < frame.share(1) < frame.share(0)
    assert log_ticks(10, 1_000) == [10, 20, 50, 100, 200, 500, 1_000]
    assert log_ticks(200, 16_000) == [200, 500, 1_000, 2_000, 5_000, 10_000]


def test_each_step_that_can_be_chosen_has_its_panel_its_line_and_its_row():
    figure = facts_arriving(run(), marks=4)
    html = figure._repr_html_()
    read = Read(html)
    steps = [row[0] for row in read.tables[-1][1:]]
    assert steps[0] == "10" and steps[-1] == "1,000" and len(steps) == 4
    assert len(read.tables) == 1 + len(steps)
    for number, step in enumerate(steps):
        assert f'class="bt-in-p{number}"' in html
        assert f"bt-now bt-p bt-p{number}" in html
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
        *("svg", "line", "text", "polyline"),
    }
    assert "http" not in html and "url(" not in html and "FIG" not in html
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
    assert svg_text(1, 2, "end", "<b>") == (
        '<text x="1" y="2" text-anchor="end">&lt;b&gt;</text>'
    )


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
