"""Exercise: one mean from the means of several batches.

Chapter: 11
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def combine_means(means: Tensor, counts: Tensor) -> Tensor:
    """Give the mean over all hidden positions of N batches: (N), (N) -> ().

    means[n] is the loss of batch n averaged over its counts[n] hidden positions;
    where counts[n] is 0, means[n] is nan. (1.0, 4.0) and (3, 1) give 1.75. If all
    counts are 0, the result is 0.
    """
    raise NotAttempted
'''


def combine_means(means: Tensor, counts: Tensor) -> Tensor:
    """Weigh each mean by what is behind it."""
    sums = torch.where(counts > 0, means * counts, torch.zeros_like(means))
    return sums.sum() / counts.sum().clamp(min=1)


def with_mask(means: Tensor, counts: Tensor) -> Tensor:
    """Leave out the empty batches first."""
    full = counts > 0
    total = (means[full] * counts[full]).sum()
    return total / max(1, int(counts.sum()))


def with_shares(means: Tensor, counts: Tensor) -> Tensor:
    """Weigh each mean by its part of the positions."""
    shares = counts / counts.sum().clamp(min=1)
    return (means.nan_to_num() * shares).sum()


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two batches, an empty one among several, nothing at all."""
    torch.manual_seed(seed)
    nan = float("nan")
    return [
        Case(
            (torch.tensor([1.0, 4.0], dtype=dtype), torch.tensor([3, 1])),
            "means 1 and 4 over 3 positions and 1 position",
        ),
        Case(
            (torch.tensor([2.0, nan, 5.0], dtype=dtype), torch.tensor([7, 0, 2])),
            "three batches, one without a hidden position",
        ),
        Case(
            (torch.rand(5, dtype=dtype), torch.tensor([4, 9, 1, 16, 3])),
            "five batches",
        ),
        Case((torch.tensor([nan], dtype=dtype), torch.tensor([0])), "nothing at all"),
        Case((torch.tensor([0.5], dtype=dtype), torch.tensor([6])), "one batch"),
        Case((torch.tensor([3.0], dtype=dtype), torch.tensor([1])), "one prediction"),
        Case(
            (torch.tensor([nan, nan], dtype=dtype), torch.tensor([0, 0])),
            "two batches, nothing hidden",
        ),
    ]


MISTAKES = """
mean of means: … => return means.nan_to_num().sum() / (counts > 0).sum().clamp(min=1)
    Every batch weighs the same, so a hidden word in a sparse batch counts for more.
    Multiply each mean by its count, add up, divide by all counts.
empty batches counted: … => return means.nan_to_num().mean()
    Batches without a hidden position pull the mean down, and every batch weighs the
    same. Weigh by the counts.
nan spreads: … => return (means * counts).sum() / counts.sum().clamp(min=1)
    nan times 0 is nan. Leave out the batches without hidden positions before you
    multiply, or replace their mean.
not divided: / counts.sum().clamp(min=1) =>
    This is the sum over all hidden positions. Divide by their number.
divided by the largest: counts.sum() => counts.max()
    You divided by the largest count. Divide by the sum of the counts.
0 by 0: .clamp(min=1) =>
    Where nothing is hidden at all, you divide 0 by 0. Divide by at least 1.
plain mean: … => return means.mean()
    This is the plain mean of the means: every batch weighs the same, however few
    positions it has, and a batch without any makes it nan. Weigh by the counts.
mean without nan: … => return means.nanmean()
    nan is left out, and all other batches weigh the same, so a hidden word in a sparse
    batch counts for more. Weigh each mean by its count.
input changed: sums = => means[counts == 0] = 0.0
|     sums =
    The tensor of means was changed in place. Make a new one: torch.where, or
    nan_to_num() without an underscore.
a Python number: … => return float(right(means, counts))
    The result is a Python number. A tensor is asked for: leave out float() and item().
"""

EXERCISE = Exercise(
    id="combine-means",
    chapter=11,
    title="One mean from several",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=combine_means,
    accepted={"mask": with_mask, "shares": with_shares},
    mutants=mistakes(MISTAKES),
    cases=cases,
    tolerance=1e-5,  # shares of whole counts are float32, counts / counts.sum()
    hints=(
        "What is the sum behind each mean?",
        "Sum of (mean * count) over sum of counts, without the empty batches.",
        "torch.where(counts > 0, means * counts, 0) keeps nan out.",
    ),
)
