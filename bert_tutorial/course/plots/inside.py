"""Pictures of what is inside a model: changes by head, by position, by layer.

All are narrow, so that their letters can be read on a phone. Shares run from 0 to 1 on
one scale in all of them.

Chapter: 19
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bert_tutorial.course.plots.style import COLORS

__all__ = [
    "probe_panels",
    "rank_lines",
    "share_map",
    "share_maps",
    "weight_effect",
]

WIDTH = 4.5  # inches: 450 pixels, of which a phone shows 330


def share_map(
    values: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    xlabel: str = "",
    label: str = "",
    ax: Axes | None = None,
    colorbar: bool = True,
) -> Axes:
    """Draw shares as a table of coloured cells, each with its number, from 0 to 1.

    Args:
        values: (rows, columns), from 0 to 1.
        rows: names of the rows.
        columns: names of the columns.
        xlabel: what a column stands for.
        label: what the shares are, for the colour bar.
        ax: where to draw; a new figure if none.
        colorbar: draw the scale below.
    """
    shares = np.asarray(values, dtype=float)
    if ax is None:
        _, ax = plt.subplots(figsize=(WIDTH, 1.3 + 0.27 * len(rows)))
    image = ax.imshow(shares, cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        text = "0" if share < 0.005 else f"{share:.2f}".removeprefix("0")
        color = "black" if share > 0.55 else "white"
        ax.text(column, row, text, ha="center", va="center", color=color, fontsize=9)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_xticks(range(len(columns)), list(columns))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_xlabel(xlabel)
    if colorbar:
        assert isinstance(ax.figure, Figure)
        ax.figure.colorbar(
            image, ax=ax, location="bottom", label=label, shrink=0.8, aspect=30
        )
    return ax


def share_maps(
    panels: Mapping[str, Any],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str = "",
) -> None:
    """Draw several tables of shares below each other, on one scale.

    Args:
        panels: a name and a matrix (rows, columns) for each.
        rows: names of the rows, the same in all.
        columns: names of the columns, the same in all.
        label: what the shares are.
    """
    height = 1.2 + (0.55 + 0.3 * len(rows)) * len(panels)
    fig, axes = plt.subplots(len(panels), 1, figsize=(WIDTH, height), squeeze=False)
    for ax, (name, values) in zip(axes[:, 0], panels.items(), strict=True):
        share_map(values, rows, columns, ax=ax, colorbar=False)
        ax.set_title(name, fontsize=10, loc="left")
        ax.tick_params(axis="x", labelrotation=40, labelsize=9)
    fig.colorbar(
        axes[0, 0].images[0],
        ax=axes[:, 0].tolist(),
        location="bottom",
        label=label,
        shrink=0.8,
        aspect=30,
    )


def weight_effect(
    weights: Any,
    effects: Any,
    names: Sequence[str],
    *,
    xlabel: str,
    ylabel: str,
    named: Sequence[str] | None = None,
) -> Axes:
    """Draw one point a head: its weight across, its effect upwards.

    Args:
        weights: one number a head.
        effects: one number a head, in the same order.
        names: of the heads.
        xlabel: name of the weights.
        ylabel: name of the effects.
        named: whose names are written beside their points; None for all.
    """
    _, ax = plt.subplots(figsize=(WIDTH, 3.2))
    ax.plot(weights, effects, "o", color=COLORS["blue"], markersize=6)
    for name, x, y in zip(names, weights, effects, strict=True):
        if named is None or name in named:
            ax.annotate(name, (x, y), xytext=(5, 5), textcoords="offset points")
    ax.margins(x=0.12, y=0.12)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def rank_lines(ranks: Any, others: Mapping[str, Sequence[float]]) -> Axes:
    """Draw the rank of the right word after each layer, on a logarithmic axis.

    Args:
        ranks: (states, questions) of one model; the middle half of them is a band.
        others: the median rank at each state, for other models.
    """
    of_model = np.asarray(ranks, dtype=float)
    low, middle, high = np.quantile(of_model, (0.25, 0.5, 0.75), axis=1)
    states = np.arange(len(of_model))
    _, ax = plt.subplots(figsize=(WIDTH, 3.0))
    ax.fill_between(states, low, high, color=COLORS["sky"], alpha=0.4)
    ax.plot(states, middle, "o-", color=COLORS["blue"], label="shipped")
    dashes = ("--", ":", "-.")
    for dash, (name, medians) in zip(dashes, others.items(), strict=False):
        ax.plot(states, medians, linestyle=dash, color=COLORS["black"], label=name)
    ax.set_yscale("log")
    ax.invert_yaxis()
    ax.set_yticks([1, 10, 100], ["1", "10", "100"])
    ax.set_xticks(states, ["embeddings", *(f"layer {i}" for i in states[:-1])])
    ax.set_ylabel("rank of the right word")
    ax.legend(frameon=False)
    return ax


def probe_panels(
    panels: Mapping[str, Mapping[str, Sequence[float]]], line: float
) -> None:
    """Draw task, control and held-out accuracy by state, one panel a model.

    Args:
        panels: for each model, the accuracies by name, from state 0 on.
        line: the accuracy of always naming the largest class.
    """
    kinds = {"task": ("blue", "//"), "control": ("orange", ""), "held_out": ("sky", "")}
    fig, axes = plt.subplots(
        len(panels), 1, figsize=(WIDTH, 0.7 + 1.45 * len(panels)), squeeze=False
    )
    for ax, (name, found) in zip(axes[:, 0], panels.items(), strict=True):
        for shift, (kind, (color, hatch)) in enumerate(kinds.items()):
            places = np.arange(len(found[kind])) + 0.27 * (shift - 1)
            ax.bar(
                places,
                found[kind],
                width=0.25,
                color=COLORS[color],
                hatch=hatch,
                label=kind.replace("_", " "),
            )
        ax.axhline(line, color="#555555", linestyle=":", linewidth=1.2)
        ax.set_title(name, fontsize=10, loc="left")
        ax.set(ylim=(0, 1.05), yticks=(0, 0.5, 1))
        ax.set_xticks(range(len(found["task"])))
    axes[-1, 0].set_xlabel("state: 0 embeddings, then after each layer")
    fig.supylabel("accuracy", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
