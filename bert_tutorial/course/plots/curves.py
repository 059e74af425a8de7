"""Pictures of runs: loss curves, and ablations with intervals and every single run.

Chapter: 12
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bert_tutorial.course.plots.style import COLORS, set_style
from bert_tutorial.labs.ablation.records import Interval, mean_interval

__all__ = ["interval_rows", "save_loss_curve"]


def save_loss_curve(
    records: Sequence[Mapping[str, Any]],
    path: str | Path,
    lines: Mapping[str, float],
) -> None:
    """Draw the masked-LM loss of a log, with named levels, as a PNG.

    Args:
        records: as `train` returns them.
        path: of the picture.
        lines: levels in nats, such as that of the uniform guess.
    """
    set_style()
    # Not pyplot: a picture for a file needs no screen, and must not choose one.
    figure = Figure(figsize=(7, 3))
    axes = figure.subplots()
    steps = [record["step"] for record in records]
    axes.plot(steps, [record["masked_lm"] for record in records], label="model")
    for name, level in lines.items():
        axes.axhline(level, color="#555555", linestyle=":", linewidth=1)
        axes.annotate(name, (steps[-1], level), ha="right", va="bottom")
    axes.set_xlabel("step")
    axes.set_ylabel("masked-LM loss (nats)")
    figure.savefig(path, bbox_inches="tight")


def interval_rows(
    values: Mapping[str, Sequence[float]],
    *,
    xlabel: str = "",
    line: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one row a variant: its runs as open circles, their mean and interval.

    A row whose interval contains `line` is drawn in black, another in colour, so that
    what the runs cannot tell apart does not stand out.

    Args:
        values: the runs of each variant, 2 or more; the first row is on top.
        xlabel: name and unit of the values.
        line: a value to compare with, such as 0 for differences.
        ax: where to draw; a new figure if none.

    Returns:
        The axes that were drawn on.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 0.8 + 0.3 * len(values)))
    if line is not None:
        ax.axvline(line, color="#777777", linewidth=1, linestyle=":")
    for row, runs in enumerate(values.values()):
        interval = mean_interval(list(runs))
        ax.plot(
            [interval.low, interval.high],
            [row, row],
            color=_color(interval, line),
            linestyle="-",
        )
        ax.plot(interval.mean, row, "s", color=_color(interval, line), markersize=6)
        ax.plot(runs, [row] * len(runs), "o", color="#777777", fillstyle="none")
    ax.set_yticks(range(len(values)), list(values))
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    return ax


def _color(interval: Interval, line: float | None) -> str:
    """Choose black where the line is inside the interval, or blue and red beside it."""
    if line is None or interval.low <= line <= interval.high:
        return COLORS["black"]
    return COLORS["blue" if interval.low > line else "vermilion"]
