"""Means of few runs with an interval, and paired differences between two variants.

Chapter: 13
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Interval", "mean_interval", "paired_difference"]

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
