"""The lab's records: a file that grows run by run, and what it says.

Few runs have a mean with an interval; two variants are compared in pairs, seed by seed.

Chapter: 13
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bert_tutorial.files.texts import replace_text
from bert_tutorial.labs.ablation.variants import LabRecipe, Variant

__all__ = [
    "Comparison",
    "Interval",
    "by_seed",
    "check_same",
    "compare",
    "mean_interval",
    "paired_difference",
    "read_runs",
    "write_runs",
]

# Two-sided 95 % points of Student's t, by degrees of freedom (Student 1908; any table).
T_95 = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
    8: 2.306,
    9: 2.262,
    10: 2.228,
}


class Interval(NamedTuple):
    """A mean and half the width of its 95 % interval, over `runs` runs."""

    mean: float
    half_width: float
    runs: int

    @property
    def low(self) -> float:
        """Give the lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Give the upper end."""
        return self.mean + self.half_width

    @property
    def excludes_zero(self) -> bool:
        """Say whether 0 lies outside; of a difference, whether its sign is clear."""
        return self.low > 0 or self.high < 0


def mean_interval(values: Sequence[float]) -> Interval:
    """Give the mean of a few runs and its 95 % t interval.

    The half width is t s / sqrt(n), with s the deviation over n - 1. It assumes that
    the runs are independent and roughly normal: near 0 or 1 a share is not, and the
    interval may then reach beyond them.

    Args:
        values: one for each run, 2 to 11 of them.

    Raises:
        ValueError: there are fewer than 2 (a single run has no spread) or more than 11.

    Example:
        >>> interval = mean_interval([0.7, 0.8, 0.9])
        >>> round(interval.mean, 3), round(interval.half_width, 3)
        (0.8, 0.248)
    """
    n = len(values)
    if n - 1 not in T_95:
        raise ValueError(
            f"values must be 2 to {max(T_95) + 1} runs, got {n}; "
            "one run has no spread, and for many a normal interval will do"
        )
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return Interval(mean, T_95[n - 1] * math.sqrt(variance / n), n)


def paired_difference(
    variant: Mapping[int, float], baseline: Mapping[int, float]
) -> Interval:
    """Compare two variants on the seeds that both were run with.

    A seed decides the held-out questions, the text and the first weights of both, so
    its luck is in both values and drops out of their difference.

    Args:
        variant: a value for each seed.
        baseline: the same of what it is compared with.

    Returns:
        The mean of variant minus baseline, with its interval over the seeds.

    Raises:
        ValueError: they share fewer than 2 seeds.

    Example:
        >>> difference = paired_difference({0: 0.5, 1: 0.7}, {0: 0.4, 1: 0.6})
        >>> round(difference.mean, 3), round(difference.half_width, 3)
        (0.1, 0.0)
    """
    seeds = sorted(set(variant) & set(baseline))
    if len(seeds) < 2:
        raise ValueError(f"both must share at least 2 seeds, got {seeds}")
    return mean_interval([variant[seed] - baseline[seed] for seed in seeds])


Record = dict[str, Any]


def read_runs(file: str | Path | None, base: LabRecipe) -> list[Record]:
    """Read the runs of a file; none if there is no file.

    Raises:
        ValueError: if its runs were made with another baseline.
    """
    if file is None or not Path(file).is_file():
        return []
    document = json.loads(Path(file).read_text(encoding="utf-8"))
    if document["base"] != _plain(base):
        raise ValueError(f"{file} was made with another baseline; name another file")
    runs: list[Record] = document["runs"]
    return runs


def _plain(base: LabRecipe) -> dict[str, Any]:
    """Give a recipe as JSON reads it back, without the seed."""
    values: dict[str, Any] = json.loads(json.dumps(vars(base)))
    del values["seed"]
    return values


def check_same(variants: Sequence[Variant], runs: Sequence[Record]) -> None:
    """Refuse a name that stands for another change in the file.

    Raises:
        ValueError: naming the variant and both changes.
    """
    for variant in variants:
        change = json.loads(json.dumps(dict(variant.change)))
        for run in runs:
            is_other = run["change"] != change or run["budget"] != variant.budget
            if run["variant"] == variant.name and is_other:
                raise ValueError(
                    f"{variant.name} is {run['change']} in the file and {change} now"
                )


def write_runs(
    file: str | Path | None, base: LabRecipe, runs: Sequence[Record]
) -> None:
    """Write the file anew, whole or not at all."""
    if file is None:
        return
    document = {
        "command": "python tools/experiments/ablate.py",
        "torch": torch.__version__.split("+")[0],
        "base": _plain(base),
        "runs": runs,
    }
    text = json.dumps(document, indent=1) + "\n"
    replace_text(Path(file), text)


class Comparison(NamedTuple):
    """A variant's values over its seeds, and their difference to the baseline's."""

    variant: str
    values: Interval
    difference: Interval


def by_seed(runs: Sequence[Record], variant: str, key: str) -> dict[int, float]:
    """Collect one value of a variant's runs by seed; those without it are left out."""
    return {
        run["seed"]: run[key]
        for run in runs
        if run["variant"] == variant and run[key] is not None
    }


def compare(
    runs: Sequence[Record],
    variants: Sequence[str],
    key: str = "recall",
    baseline: str = "baseline",
) -> list[Comparison]:
    """Compare variants with the baseline in one measure.

    Args:
        runs: records of `ablate`.
        variants: their names.
        key: the measure.
        baseline: name of what all are compared with.
    """
    reference = by_seed(runs, baseline, key)
    result = []
    for name in variants:
        values = by_seed(runs, name, key)
        interval = mean_interval(list(values.values()))
        result.append(Comparison(name, interval, paired_difference(values, reference)))
    return result
