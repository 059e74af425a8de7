"""The book's figures: one style, heat maps and curves, drawn the same everywhere.

Colours are Okabe and Ito's, which readers with colour blindness can tell apart;
each line also has its own dash. Queries run down, keys run across.

Chapter: 1
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

__all__ = ["COLORS", "bars", "curves", "heatmap", "set_style"]

INK = "#1a2733"  # text and axes; the site makes it pale in the dark
COLORS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "black": INK,
    "orange": "#E69F00",  # fills only: too pale for lines on white
    "sky": "#56B4E9",  # fills only
}
_LINES = ["blue", "vermilion", "green", "purple", "black"]
_DASHES = ["-", "--", "-.", ":", (0, (3, 1, 1, 1, 1, 1))]


def set_style() -> None:
    """Set the figure size, the fonts and the colours of every later figure."""
    plt.rcParams.update(
        {
            "figure.figsize": (7, 3),
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "text.color": INK,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "hatch.color": INK,
            "legend.frameon": False,
            # Where a figure is stored as SVG: text is text, a cell is one pixel, and
            # the same figure gives the same file.
            "svg.fonttype": "none",
            "svg.hashsalt": "bert_tutorial",
            "image.interpolation": "none",
            "font.size": 10,
            "axes.labelsize": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycler(color=[COLORS[name] for name in _LINES])
            + cycler(linestyle=_DASHES),
            "image.cmap": "cividis",
            "lines.linewidth": 1.8,
        }
    )


def heatmap(
    values: Any,
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    xlabel: str = "key",
    ylabel: str = "query",
    signed: bool = False,
    top: float | None = None,
    digits: int | None = None,
    colorbar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix as coloured cells: queries down, keys across.

    Args:
        values: (rows, columns), anything that numpy can read.
        rows: one label for each row, for example the query tokens.
        columns: one label for each column, for example the key tokens.
        xlabel: what a column stands for.
        ylabel: what a row stands for.
        signed: centre the colours at zero; else they run from zero to the largest.
        top: the value at the end of the scale, so that maps beside each other share
            one; the largest of this matrix if none.
        digits: write each value into its cell with that many decimals.
        colorbar: draw the scale beside the matrix.
        ax: where to draw; a new figure if none.

    Returns:
        The axes that were drawn on.

    Raises:
        ValueError: if the labels do not fit the matrix.
    """
    matrix = np.asarray(values, dtype=float)
    _check_labels(matrix, rows, columns)
    if ax is None:
        _, ax = plt.subplots(figsize=(3.5, 3))
    top = (float(np.abs(matrix).max()) or 1.0) if top is None else top
    image = ax.imshow(
        matrix,
        cmap="PuOr" if signed else "cividis",
        vmin=-top if signed else 0.0,
        vmax=top,
    )
    _label_cells(ax, rows, columns)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if digits is not None:
        _write_values(ax, matrix, top, signed=signed, digits=digits)
    if colorbar:
        ax.figure.colorbar(image, ax=ax, shrink=0.8)
    return ax


def curves(
    lines: Mapping[str, Sequence[float]],
    *,
    x: Sequence[float] | None = None,
    xlabel: str = "step",
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw named lines with each name at the line's end instead of a legend.

    Args:
        lines: the values of each line, in the order in which they are drawn.
        x: the places on the horizontal axis; 1, 2, 3, ... if none are given.
        xlabel: name and unit of the horizontal axis.
        ylabel: name and unit of the vertical axis.
        ax: where to draw; a new figure if none.

    Returns:
        The axes that were drawn on.
    """
    if ax is None:
        _, ax = plt.subplots()
    for index, (name, values) in enumerate(lines.items()):
        style = index % len(_LINES)
        places = list(range(1, len(values) + 1)) if x is None else list(x)
        color = COLORS[_LINES[style]]
        ax.plot(places, list(values), color=color, linestyle=_DASHES[style])
        ax.annotate(
            name,
            (places[-1], values[-1]),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=color,
        )
    if x is None:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def bars(
    values: Mapping[str, float],
    *,
    xlabel: str = "",
    highlight: str | None = None,
    digits: int = 2,
    ax: Axes | None = None,
) -> Axes:
    """Draw named numbers as lying bars, the first on top, each with its number.

    Args:
        values: a number for each name.
        xlabel: name and unit of the numbers.
        highlight: the name whose bar stands out.
        digits: decimals of the number at each bar.
        ax: where to draw; a new figure if none.

    Returns:
        The axes that were drawn on.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 0.6 + 0.32 * len(values)))
    names = list(values)
    fills = [COLORS["orange" if name == highlight else "sky"] for name in names]
    drawn = ax.barh(range(len(names)), list(values.values()), color=fills)
    ax.bar_label(drawn, fmt=f"%.{digits}f", padding=3, fontsize=9)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlabel(xlabel)
    return ax


def _check_labels(
    matrix: np.ndarray, rows: Sequence[str] | None, columns: Sequence[str] | None
) -> None:
    """Refuse labels whose number is not the matrix's."""
    if matrix.ndim != 2:
        raise ValueError(
            f"values must be a matrix, got {matrix.ndim} dimensions; "
            "choose one head or one layer first"
        )
    for size, labels, name in zip(
        matrix.shape, (rows, columns), ("rows", "columns"), strict=True
    ):
        if labels is not None and len(labels) != size:
            raise ValueError(
                f"{name} must have {size} labels like the matrix, got {len(labels)}; "
                "name each of them once"
            )


def _label_cells(
    ax: Axes, rows: Sequence[str] | None, columns: Sequence[str] | None
) -> None:
    """Write the tokens along both sides."""
    if rows is not None:
        ax.set_yticks(range(len(rows)), list(rows))
    if columns is not None:
        long = max((len(text) for text in columns), default=0) > 2
        ax.set_xticks(range(len(columns)), list(columns), rotation=90 if long else 0)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _write_values(
    ax: Axes, matrix: np.ndarray, top: float, *, signed: bool, digits: int
) -> None:
    """Write each value into its cell, dark on pale and pale on dark."""
    for (row, column), value in np.ndenumerate(matrix):
        share = value / top
        pale = abs(share) < 0.6 if signed else share > 0.55
        ax.text(
            column,
            row,
            f"{round(value, digits) + 0.0:.{digits}f}",
            ha="center",
            va="center",
            color="black" if pale else "white",
            fontsize=9,
        )
