"""A figure of a run: its loss, and the kinds of facts that arrive meanwhile.

Like the other figures to turn it needs no script and no network; see `plot_html`.

Chapter: 12
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from bert_tutorial.plot_html import HtmlFigure, choice, panels, table
from bert_tutorial.plot_svg import (
    HEIGHT,
    LEFT,
    LOSS_TOP,
    SHARE_BOTTOM,
    SHARE_TOP,
    WIDTH,
    Frame,
    svg_curve,
    svg_text,
)

__all__ = ["KINDS", "Kind", "facts_arriving"]


class Kind(NamedTuple):
    """One curve: its key in a run's points, its name, its colour and its dash."""

    key: str
    name: str
    colour: str
    dash: str


# Of Okabe and Ito's colours those that are seen on white and on dark ground.
KINDS = (
    Kind("stated", "stated", "#0072B2", "none"),
    Kind("rephrased", "rephrased", "#D55E00", "7 3"),
    Kind("inferable", "inferable", "#009E73", "2 3"),
    Kind("contradicted", "contradicted: fact", "#CC79A7", "10 3 2 3"),
    Kind("contradicted_false_word", "contradicted: false word", "#808080", "1 2"),
)
_STYLE = """
FIG svg{width:100%;min-width:560px;max-width:700px;height:auto;display:block}
FIG svg text{fill:var(--bt-ink);font:12px system-ui,sans-serif}
FIG .bt-axis{stroke:var(--bt-line);stroke-width:1}
FIG .bt-level{stroke:var(--bt-line);stroke-width:1;stroke-dasharray:2 3}
FIG .bt-curve{fill:none;stroke-width:2}
FIG .bt-now{stroke:var(--bt-mark);stroke-width:2}
"""


def facts_arriving(run: Mapping[str, Any], marks: int = 12) -> HtmlFigure:
    """Show a run's loss above the shares of facts known: choose a step, or a kind.

    Args:
        run: as `tools/facts_arrive.py` writes it: `points` with `step`, `masked_lm`
            (nats) and a share for each of KINDS; `levels`, the losses in nats of who
            knows nothing; `majority`, for each kind the share of the majority answer.
        marks: at most so many steps can be chosen, evenly on a logarithmic axis; two
            or more.

    Raises:
        ValueError: if there are fewer than two points, or their steps do not rise.
    """
    points: Sequence[Mapping[str, float]] = run["points"]
    steps = [point["step"] for point in points]
    if len(steps) < 2 or steps != sorted(set(steps)) or steps[0] < 1:
        raise ValueError(f"points must be two or more, with rising steps, got {steps}")
    most = max([*run["levels"].values(), *(point["masked_lm"] for point in points)])
    frame = Frame(steps[0], steps[-1], 1.05 * most)
    shown = _choose(points, marks)
    rows = [_row(point) for point in shown]
    head = ("step", "loss (nats)", *(kind.name for kind in KINDS))
    bodies = [_panel(point, run["majority"]) for point in shown]
    written, rules = panels("p", bodies)
    names = ["all", *(kind.name for kind in KINDS)]
    return HtmlFigure(
        "Loss and known facts over the steps of a run",
        choice("k", "Kind of fact", names)
        + _picture(points, run["levels"], frame, shown)
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


def _picture(
    points: Sequence[Mapping[str, float]],
    levels: Mapping[str, float],
    frame: Frame,
    shown: Sequence[Mapping[str, float]],
) -> str:
    """Draw both parts, with an upright line for each step that can be chosen."""
    parts = [frame.axes(), frame.levels(levels), _key()]
    x = [frame.x(point["step"]) for point in points]
    losses = [frame.loss(point["masked_lm"]) for point in points]
    parts.append(svg_curve(x, losses, "currentColor", "none", 0))
    for number, kind in enumerate(KINDS, 1):
        shares = [frame.share(point[kind.key]) for point in points]
        parts.append(svg_curve(x, shares, kind.colour, kind.dash, number))
    parts += [
        f'<line class="bt-now bt-p bt-p{i}" x1="{frame.x(point["step"])}" '
        f'x2="{frame.x(point["step"])}" y1="{LOSS_TOP}" y2="{SHARE_BOTTOM}"/>'
        for i, point in enumerate(shown)
    ]
    return (
        '<div class="bt-scroll" tabindex="0" role="group" aria-label="picture">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(_summary(points))}">\n'
        + "\n".join(parts)
        + "\n</svg></div>"
    )


def _summary(points: Sequence[Mapping[str, float]]) -> str:
    """Say what the picture shows."""
    first, last = points[0], points[-1]
    shares = ", ".join(f"{kind.name} {last[kind.key]:.2f}" for kind in KINDS)
    return (
        f"From step {first['step']:,} to {last['step']:,} the loss goes from "
        f"{first['masked_lm']:.2f} to {last['masked_lm']:.2f} nats. "
        f"Shares at the end: {shares}."
    )


def _key() -> str:
    """Name the curves, each beside a piece of it."""
    parts, x = [], LEFT
    for number, kind in enumerate(KINDS, 1):
        y = SHARE_TOP - 11
        parts.append(svg_curve((x, x + 26), (y, y), kind.colour, kind.dash, number))
        parts.append(svg_text(x + 31, y + 4, "start", kind.name))
        x += 49 + 6.2 * len(kind.name)
    return "\n".join(parts)
