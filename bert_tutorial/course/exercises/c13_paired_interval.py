"""Exercise: the interval of a paired difference.

Chapter: 13
"""

import math
from statistics import mean, stdev, variance

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def paired_interval(
    variant: list[float], baseline: list[float], t: float
) -> tuple[float, float]:
    """Give the low and the high end of the 95 % interval of variant minus baseline.

    Run i of both had the same seed. Mean of the differences, plus and minus t s /
    sqrt(n), with s their deviation over n - 1. t = 4.303 for three seeds. With
    [0.5, 0.7, 0.6], [0.4, 0.5, 0.3] and 4.303: (-0.048, 0.448).
    """
    raise NotAttempted
'''

Ends = tuple[float, float]


def paired_interval(
    variant: list[float], baseline: list[float], t: float
) -> tuple[float, float]:
    """Subtract seed by seed, then give the interval of the differences."""
    differences = [a - b for a, b in zip(variant, baseline, strict=True)]
    center = mean(differences)
    half = t * stdev(differences) / math.sqrt(len(differences))
    return center - half, center + half


def with_torch(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Use tensors."""
    d = torch.tensor(variant, dtype=torch.float64)
    d = d - torch.tensor(baseline, dtype=torch.float64)
    half = t * d.std() / len(d) ** 0.5
    return float(d.mean() - half), float(d.mean() + half)


def _ends(center: float, half: float) -> Ends:
    return center - half, center + half


def unpaired(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Treat the runs as if their seeds were different."""
    n = len(variant)
    half = t * math.sqrt((variance(variant) + variance(baseline)) / n)
    return _ends(mean(variant) - mean(baseline), half)


def without_root(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Give where single runs lie."""
    d = [a - b for a, b in zip(variant, baseline, strict=True)]
    return _ends(mean(d), t * stdev(d))


def normal(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Use the quantile of many runs."""
    d = [a - b for a, b in zip(variant, baseline, strict=True)]
    return _ends(mean(d), 1.96 * stdev(d) / math.sqrt(len(d)))


def over_n(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Divide the squares by n."""
    d = [a - b for a, b in zip(variant, baseline, strict=True)]
    n = len(d)
    return _ends(mean(d), t * stdev(d) * math.sqrt((n - 1) / n) / math.sqrt(n))


def reversed_sign(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Subtract the variant."""
    return paired_interval(baseline, variant, t)


def sorted_runs(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Pair the best with the best."""
    return paired_interval(sorted(variant), sorted(baseline), t)


def best_runs(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Compare the best run of each."""
    d = [a - b for a, b in zip(variant, baseline, strict=True)]
    half = t * stdev(d) / math.sqrt(len(d))
    return _ends(max(variant) - max(baseline), half)


def extremes(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Give the smallest and the largest difference."""
    d = [a - b for a, b in zip(variant, baseline, strict=True)]
    return min(d), max(d)


def of_three(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Take three seeds for granted."""
    d = [a - b for a, b in zip(variant, baseline, strict=True)]
    return _ends(mean(d), t * stdev(d) / math.sqrt(3))


def over_all(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Divide by n without its root."""
    d = [a - b for a, b in zip(variant, baseline, strict=True)]
    return _ends(mean(d), t * stdev(d) / len(d))


def sizes(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Drop the signs."""
    d = [abs(a - b) for a, b in zip(variant, baseline, strict=True)]
    return _ends(mean(d), t * stdev(d) / math.sqrt(len(d)))


def with_variance(variant: list[float], baseline: list[float], t: float) -> Ends:
    """Take the variance for the deviation."""
    d = [a - b for a, b in zip(variant, baseline, strict=True)]
    return _ends(mean(d), t * variance(d) / math.sqrt(len(d)))


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Three seeds that rise together, five that do not, and no difference at all."""
    generator = torch.Generator().manual_seed(seed)
    a = torch.rand(5, generator=generator, dtype=torch.float64)
    b = torch.rand(5, generator=generator, dtype=torch.float64) * 0.5
    return [
        Case(([0.5, 0.7, 0.6], [0.4, 0.5, 0.3], 4.303), "three seeds"),
        Case(([0.62, 0.93, 0.71], [0.55, 0.88, 0.69], 4.303), "seeds differ more"),
        Case((a.tolist(), b.tolist(), 2.776), "five seeds, t = 2.776"),
        Case(([0.5, 0.25], [0.625, 0.5], 12.706), "two seeds, the variant is worse"),
        Case(([0.5, 0.75, 0.5], [0.5, 0.75, 0.5], 4.303), "no difference"),
    ]


EXERCISE = Exercise(
    id="paired-interval",
    chapter=13,
    title="The interval of a paired difference",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=paired_interval,
    accepted={"torch": with_torch},
    mutants=[
        Mutant(
            "unpaired",
            unpaired,
            "The spreads of both sides are added up, so the luck of the seeds counts "
            "twice. Subtract seed by seed first; that luck drops out.",
        ),
        Mutant(
            "no square root of n",
            without_root,
            "This is the spread of single runs. The mean of n of them is known better, "
            "by sqrt(n).",
        ),
        Mutant(
            "1.96 instead of t",
            normal,
            "1.96 is for very many runs. With three, s itself is a rough guess, and t "
            "makes up for it: use the argument.",
        ),
        Mutant(
            "deviation over n",
            over_n,
            "The deviation divides by n. With few runs that is too small: divide by "
            "n - 1, as statistics.stdev does.",
        ),
        Mutant(
            "baseline minus variant",
            reversed_sign,
            "The sign is turned round: give variant minus baseline.",
        ),
        Mutant(
            "sorted runs",
            sorted_runs,
            "The runs are paired by rank. They belong together by seed.",
        ),
        Mutant(
            "best of the seeds",
            best_runs,
            "You compare the best run of each side. With more seeds the best gets "
            "better by luck alone: compare means.",
        ),
        Mutant(
            "smallest and largest",
            extremes,
            "These are the extreme differences, no interval of their mean.",
        ),
        Mutant(
            "three seeds for granted",
            of_three,
            "You divide by the root of 3, whatever the number of seeds. Divide by "
            "the root of n.",
        ),
        Mutant(
            "divided by n",
            over_all,
            "You divide by n. The mean of n numbers is known better by the root of n.",
        ),
        Mutant(
            "signs dropped",
            sizes,
            "The differences lost their signs: a variant that is worse looks "
            "better. Leave out abs.",
        ),
        Mutant(
            "variance",
            with_variance,
            "You take the variance. s is the deviation, its root.",
        ),
    ],
    cases=cases,
    hints=(
        "One difference for each seed comes first; the rest is about these numbers.",
        "statistics.mean and statistics.stdev (over n - 1) of the differences.",
        "mean minus and plus t * stdev / math.sqrt(n).",
    ),
)
