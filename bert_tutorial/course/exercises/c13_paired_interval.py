"""Exercise: the interval of a paired difference.

Chapter: 13
"""

import math
from statistics import mean, stdev

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
unpaired: stdev(differences) / math.sqrt(len(differences)) =>
| math.sqrt((stdev(variant) ** 2 + stdev(baseline) ** 2) / len(variant))
    The spreads of both sides are added up, so the luck of the seeds counts twice.
    Subtract seed by seed first; that luck drops out.
no square root of n: / math.sqrt(len(differences)) =>
    This is the spread of single runs. The mean of n of them is known better, by
    sqrt(n).
1.96 instead of t: half = t * => half = 1.96 *
    1.96 is for very many runs. With three, s itself is a rough guess, and t makes up
    for it: use the argument.
deviation over n: stdev(differences) / math.sqrt(len(differences)) =>
| stdev(differences) * math.sqrt(len(differences) - 1) / len(differences)
    The deviation divides by n. With few runs that is too small: divide by n - 1, as
    statistics.stdev does.
baseline minus variant: a - b => b - a
    The sign is turned round: give variant minus baseline.
sorted runs: zip(variant, baseline => zip(sorted(variant), sorted(baseline)
    The runs are paired by rank. They belong together by seed.
best of the seeds: mean(differences) => max(variant) - max(baseline)
    You compare the best run of each side. With more seeds the best gets better by luck
    alone: compare means.
smallest and largest: return … => return (min(differences), max(differences))
    These are the extreme differences, no interval of their mean.
three seeds for granted: len(differences) => 3
    You divide by the root of 3, whatever the number of seeds. Divide by the root of n.
divided by n: math.sqrt(len(differences)) => len(differences)
    You divide by n. The mean of n numbers is known better by the root of n.
signs dropped: a - b => abs(a - b)
    The differences lost their signs: a variant that is worse looks better. Leave out
    abs.
variance: stdev(differences) => stdev(differences) ** 2
    You take the variance. s is the deviation, its root.
mean and half: return (center - half, center + half) => return (center, half)
    These are the mean and half of the width. The two ends are asked for: the mean minus
    and plus the half.
the high end first:
- return (center - half, center + half) => return (center + half, center - half)
    The high end comes first. The low one does.
root of n - 1: math.sqrt(len(differences)) => math.sqrt(len(differences) - 1)
    You divide by the root of n - 1. The deviation has the n - 1 in it already; its mean
    over n runs has the root of n.
4.303 for granted: half = t * => half = 4.303 *
    4.303 is written into the answer, which is t for three runs only. Use the argument.
"""

EXERCISE = Exercise(
    id="paired-interval",
    chapter=13,
    title="The interval of a paired difference",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=paired_interval,
    accepted={"torch": with_torch},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "One difference for each seed comes first; the rest is about these numbers.",
        "statistics.mean and statistics.stdev (over n - 1) of the differences.",
        "mean minus and plus t * stdev / math.sqrt(n).",
    ),
)
