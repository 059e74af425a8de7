"""A figure of a run: its loss, and the kinds of facts that arrive meanwhile.

Like the other figures to turn it needs no script and no network. matplotlib draws it,
as SVG inside the HTML, so that the page's own style can give it ink and hide parts.

Chapter: 12
"""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from typing import Any, NamedTuple

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from bert_tutorial.course.plots.html import HtmlFigure, choice, panels, table

__all__ = ["KINDS", "Kind", "facts_arriving"]

Points = Sequence[Mapping[str, float]]


class Kind(NamedTuple):
    """One curve: its key in a run's points, its name, its colour and its dash.

    The dash is a line style of matplotlib.
    """

    key: str
    name: str
    colour: str
    dash: str | tuple[float, tuple[float, ...]]


# Of Okabe and Ito's colours those that are seen on white and on dark ground.
KINDS = (
    Kind("stated", "stated", "#0072B2", "-"),
    Kind("rephrased", "rephrased", "#D55E00", "--"),
    Kind("inferable", "inferable", "#009E73", ":"),
    Kind("contradicted", "contradicted: fact", "#CC79A7", "-."),
    Kind("contradicted_false_word", "contradicted: false word", "#808080", (0, (1, 3))),
)

INCHES, LETTERS = (7.0, 4.6), 10  # LETTERS in points, the smallest of the picture
INK, MARK = "#1a2733", "#a33b00"  # become the page's colours
DRAWING = {
    "font.size": LETTERS,
    "axes.titlesize": LETTERS,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify": False,
    "svg.fonttype": "none",  # text as text
    "svg.hashsalt": "bert_tutorial",  # the same figure gives the same SVG
    "lines.linewidth": 1.5,
} | dict.fromkeys(
    ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"),
    INK,
)
# Never so narrow that a letter has less than 10 pixels: a phone scrolls.
_STYLE = f"""
FIG svg{{width:100%;min-width:{720 * INCHES[0] / LETTERS:.0f}px;max-width:700px;
height:auto;display:block}}
"""


def facts_arriving(run: Mapping[str, Any], marks: int = 12) -> HtmlFigure:
    """Show a run's loss above the shares of facts known: choose a step, or a kind.

    Args:
        run: as `tools/experiments/facts_arrive.py` writes it: `points` with `step`,
        `masked_lm`
            (nats) and a share for each of KINDS; `levels`, the losses in nats of who
            knows nothing; `majority`, for each kind the share of the majority answer.
        marks: at most so many steps can be chosen, evenly on a logarithmic axis; two
            or more.

    Raises:
        ValueError: if there are fewer than two points, or their steps do not rise.
    """
    points: Points = run["points"]
    steps = [point["step"] for point in points]
    if len(steps) < 2 or steps != sorted(set(steps)) or steps[0] < 1:
        raise ValueError(
            f"points must be two or more, with rising steps, got {steps}; measure the "
            "run at least twice, each time later"
        )
    shown = _choose(points, marks)
    rows = [_row(point) for point in shown]
    head = ("step", "loss (nats)", *(kind.name for kind in KINDS))
    bodies = [_panel(point, run["majority"]) for point in shown]
    written, rules = panels("p", bodies)
    names = ["all", *(kind.name for kind in KINDS)]
    return HtmlFigure(
        "Loss and known facts over the steps of a run",
        choice("k", "Kind of fact", names)
        + _picture(points, run["levels"], shown)
        + choice("p", "Step", [f"{point['step']:,}" for point in shown], len(shown) - 1)
        + f"{written}<details><summary>These steps as a table</summary>"
        f"{table(head, rows)}</details>",
        _STYLE + _dimming() + rules,
        "\n".join(
            "; ".join(map(" ".join, zip(head, row, strict=True))) for row in rows
        ),
    )


def _choose(
    points: Sequence[Mapping[str, float]], marks: int
) -> list[Mapping[str, float]]:
    """Take points that lie about evenly on a logarithmic axis, both ends included."""
    low, high = math.log(points[0]["step"]), math.log(points[-1]["step"])
    wanted = [low + i * (high - low) / (marks - 1) for i in range(marks)]
    best = {
        min(range(len(points)), key=lambda i: abs(math.log(points[i]["step"]) - w))
        for w in wanted
    }
    return [points[i] for i in sorted(best)]


def _row(point: Mapping[str, float]) -> tuple[str, ...]:
    """Write a point as cells."""
    shares = (f"{point[kind.key]:.2f}" for kind in KINDS)
    return (f"{point['step']:,}", f"{point['masked_lm']:.2f}", *shares)


def _panel(point: Mapping[str, float], majority: Mapping[str, float]) -> str:
    """Write what is known at a step beside what a majority answer would score."""
    rows = [
        (
            kind.name,
            f"{point[kind.key]:.2f}",
            f"{majority[kind.key]:.2f}" if kind.key in majority else "",
        )
        for kind in KINDS
    ]
    caption = f"step {point['step']:,}, loss {point['masked_lm']:.2f} nats"
    return table(("kind", "share of answers", "majority answer"), rows, caption)


def _dimming() -> str:
    """Write the rules by which choosing a kind makes the other curves pale."""
    return "\n".join(
        f"FIG:has(.bt-in-k{number}:checked) "
        f".bt-curve:not(.bt-c0,.bt-c{number}){{opacity:.15}}"
        for number in range(1, len(KINDS) + 1)
    )


def _picture(points: Points, levels: Mapping[str, float], shown: Points) -> str:
    """Draw the loss above the shares, with a line for each step to be chosen."""
    with style.context(["default", DRAWING]):
        figure = Figure(figsize=INCHES, layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 4))
        _draw_loss(above, points, levels)
        _draw_shares(below, points)
        for axes in (above, below):
            for i, point in enumerate(shown):
                line = axes.axvline(point["step"], color=MARK, clip_on=False)
                line.set_gid(f"bt-p bt-p{i}")
        written = StringIO()
        figure.patch.set_visible(False)
        figure.savefig(written, format="svg")
    return (
        '<div class="bt-scroll" tabindex="0" role="group" aria-label="picture">'
        + _for_page(written.getvalue(), _summary(points))
        + "</div>"
    )


def _draw_loss(axes: Axes, points: Points, levels: Mapping[str, float]) -> None:
    """Draw the loss, and the losses of those who know less, each with its name."""
    steps, losses = ([p[key] for p in points] for key in ("step", "masked_lm"))
    (line,) = axes.plot(steps, losses, color=INK, clip_on=False)
    line.set_gid("bt-curve bt-c0")
    for name, nats in levels.items():
        axes.axhline(nats, color=INK, linewidth=0.8, linestyle=":", clip_on=False)
        axes.text(
            *(1.01, nats, name),
            transform=axes.get_yaxis_transform(),
            verticalalignment="center",
            parse_math=False,
        )
    axes.set_xscale("log")
    axes.set_xlim(steps[0], steps[-1])
    axes.set_ylim(0, 1.05 * max(*levels.values(), *losses))
    axes.set_ylabel("loss (nats)")
    axes.tick_params(axis="x", which="both", bottom=False)
    axes.patch.set_visible(False)


def _draw_shares(axes: Axes, points: Points) -> None:
    """Draw the share of right answers of each kind, and name the curves."""
    steps = [point["step"] for point in points]
    for kind in KINDS:
        axes.plot(
            steps,
            [point[kind.key] for point in points],
            color=kind.colour,
            linestyle=kind.dash,
            label=kind.name,
            clip_on=False,
        )
    names = axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    for lines in (axes.lines, names.get_lines()):
        for number, line in enumerate(lines, 1):
            line.set_gid(f"bt-curve bt-c{number}")
    axes.set_ylim(0, 1)
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(xlabel="step, on a logarithmic axis", ylabel="share of answers")
    axes.patch.set_visible(False)


def _for_page(svg: str, alt: str) -> str:
    """Make matplotlib's SVG a part of a page: the page's ink, classes for ids."""
    text = svg[svg.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.S)
    # A rule for everything would reach the whole page that the picture stands in.
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.S)
    text = re.sub(r' id="(bt-[^"]*)"', r' class="\1"', text)
    text = text.replace("xlink:href", "href")
    used = set(re.findall(r'href="#([^"]*)"', text))
    text = re.sub(
        r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", text
    )
    text = text.replace(INK, "currentColor").replace(MARK, "var(--bt-mark)")
    text = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", text)
    text = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", text)
    text = re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    box = re.search(r'viewBox="[^"]*"', text)
    assert box is not None
    start = f'<svg {box[0]} role="img" aria-label="{escape(alt)}">'
    return re.sub("<svg [^>]*>", lambda _: start, text, count=1)


def _summary(points: Points) -> str:
    """Say what the picture shows."""
    first, last = points[0], points[-1]
    shares = ", ".join(f"{kind.name} {last[kind.key]:.2f}" for kind in KINDS)
    return (
        f"From step {first['step']:,} to {last['step']:,} the loss goes from "
        f"{first['masked_lm']:.2f} to {last['masked_lm']:.2f} nats. "
        f"Shares at the end: {shares}."
    )
