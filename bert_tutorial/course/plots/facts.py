"""A figure of a run: its loss, and the kinds of facts that arrive meanwhile.

Like the other figures to turn it needs no script and no network. All is SVG as text;
colours are attributes, so that it is seen without styles, too.

Chapter: 12
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from bert_tutorial.course.plots.html import HtmlFigure, choice, panels, table

__all__ = [
    "KINDS",
    "Frame",
    "Kind",
    "facts_arriving",
    "log_ticks",
    "svg_curve",
    "svg_line",
    "svg_text",
]

LEFT, RIGHT, WIDTH = 52.0, 690.0, 700
LOSS_TOP, LOSS_BOTTOM, SHARE_TOP, SHARE_BOTTOM = 14.0, 164.0, 190.0, 390.0
HEIGHT = 430


class Frame(NamedTuple):
    """A loss above shares, over steps: where they lie in the picture, and the axes."""

    first: float
    last: float
    most: float  # nats at the top of the upper part

    def x(self, step: float) -> float:
        """Place a step, on a logarithmic axis."""
        share = math.log(step / self.first) / math.log(self.last / self.first)
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def loss(self, nats: float) -> float:
        """Place a loss."""
        share = nats / self.most
        return round(LOSS_BOTTOM - share * (LOSS_BOTTOM - LOSS_TOP), 1)

    def share(self, share: float) -> float:
        """Place a share of answers."""
        return round(SHARE_BOTTOM - share * (SHARE_BOTTOM - SHARE_TOP), 1)

    def axes(self) -> str:
        """Draw the axes of both parts, with ticks and names."""
        lines = [
            (LEFT, LOSS_TOP, LEFT, LOSS_BOTTOM),
            (LEFT, LOSS_BOTTOM, RIGHT, LOSS_BOTTOM),
            (LEFT, SHARE_TOP, LEFT, SHARE_BOTTOM),
            (LEFT, SHARE_BOTTOM, RIGHT, SHARE_BOTTOM),
        ]
        texts = [
            (LEFT + 6, LOSS_BOTTOM - 8, "start", "masked-word loss (nats)"),
            (LEFT + 6, SHARE_TOP + 16, "start", "share of answers"),
            (RIGHT, HEIGHT - 6, "end", "step, on a logarithmic axis"),
        ]
        for step in log_ticks(self.first, self.last):
            x = self.x(step)
            lines.append((x, SHARE_BOTTOM, x, SHARE_BOTTOM + 4))
            texts.append((x, SHARE_BOTTOM + 18, "middle", f"{step:,}"))
        for share in (0.0, 0.5, 1.0):
            texts.append((LEFT - 6, self.share(share) + 4, "end", f"{share:.1f}"))
        for nats in range(0, int(self.most) + 1, 2):
            texts.append((LEFT - 6, self.loss(nats) + 4, "end", str(nats)))
        return "\n".join(
            [svg_line("bt-axis", *line) for line in lines]
            + [svg_text(*text) for text in texts]
        )

    def levels(self, levels: Mapping[str, float]) -> str:
        """Draw the losses of those who know less, each with its name."""
        parts = []
        for name, nats in levels.items():
            y = self.loss(nats)
            parts.append(svg_line("bt-level", LEFT, y, RIGHT, y))
            parts.append(svg_text(RIGHT - 6, y - 3, "end", name))
        return "\n".join(parts)


def log_ticks(first: float, last: float) -> list[int]:
    """List 1, 2 and 5 times the powers of ten from first to last."""
    highest = int(math.log10(last)) + 1
    known = [times * 10**power for power in range(highest) for times in (1, 2, 5)]
    return [step for step in known if first <= step <= last]


def svg_line(group: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Draw a line that is seen without styles, too."""
    return (
        f'<line class="{group}" stroke="#75879a" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" '
        f'y2="{y2:g}"/>'
    )


def svg_text(x: float, y: float, anchor: str, text: str) -> str:
    """Write a label."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def svg_curve(
    x: Sequence[float], y: Sequence[float], colour: str, dash: str, number: int
) -> str:
    """Draw one curve."""
    places = " ".join(f"{a:g},{b:g}" for a, b in zip(x, y, strict=True))
    return (
        f'<polyline class="bt-curve bt-c{number}" fill="none" stroke="{colour}" '
        f'stroke-dasharray="{dash}" points="{places}"/>'
    )


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
        run: as `tools/experiments/facts_arrive.py` writes it: `points` with `step`,
        `masked_lm`
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
        raise ValueError(
            f"points must be two or more, with rising steps, got {steps}; measure the "
            "run at least twice, each time later"
        )
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
