"""Pictures of runs: the loss curve with the lines of who knows less.

Chapter: 12
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg", force=False)
import matplotlib.pyplot as plt

from bert_tutorial.plot import set_style

__all__ = ["save_loss_curve"]


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
    figure, axes = plt.subplots(figsize=(7, 3))
    steps = [record["step"] for record in records]
    axes.plot(steps, [record["masked_lm"] for record in records], label="model")
    for name, level in lines.items():
        axes.axhline(level, color="#555555", linestyle=":", linewidth=1)
        axes.annotate(name, (steps[-1], level), ha="right", va="bottom")
    axes.set_xlabel("step")
    axes.set_ylabel("masked-LM loss (nats)")
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)
