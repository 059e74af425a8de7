"""The drawing part of a figure to turn: a loss above shares, lines and labels.

All is SVG as text; colours are attributes, so that it is seen without styles, too.

Chapter: 12
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

__all__ = ["Frame", "log_ticks", "svg_curve", "svg_line", "svg_text"]

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
