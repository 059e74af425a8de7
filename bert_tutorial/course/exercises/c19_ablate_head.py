"""Exercise: mean-ablate one head.

Chapter: 19
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.inside.interventions import ablate_head

STUB = '''
def ablate_head(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Replace what a head says by its mean: the same at every position of every text.

    merged (B, T, H) holds the A heads' outputs side by side, D = H / A numbers each, as
    they go into the output matrix; heads are counted from 0. The mean is taken over all
    real tokens of all texts, number by number: D numbers; is_token (B, T) bool is False
    at padding. Returns a new (B, T, H) with the other heads as they were. With
    H = A = 2, one text [[1, 5], [3, 6], [9, 7]] whose last token is padding, and head
    0: [[2, 5], [2, 6], [2, 7]].
    """
    raise NotAttempted
'''


def by_views(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Give the heads an axis of their own."""
    B, T, H = merged.shape
    heads = merged.clone().view(B, T, A, H // A)
    heads[:, :, head] = heads[:, :, head][is_token].mean(dim=0)
    return heads.view(B, T, H)


def by_weights(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Weigh the tokens, then join three parts."""
    D = merged.shape[-1] // A
    left, own, right = merged.split([head * D, D, (A - head - 1) * D], dim=-1)
    counts = is_token[:, :, None].to(merged.dtype)
    mean = (own * counts).sum(dim=(0, 1)) / counts.sum()
    return torch.cat([left, mean.expand_as(own), right], dim=-1)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Sizes that all differ; padding has large numbers, so that it would be seen."""
    torch.manual_seed(seed)
    small = torch.tensor([[[1.0, 5.0], [3.0, 6.0], [9.0, 7.0]]], dtype=dtype)
    one = torch.tensor([[True, True, False]])
    merged = torch.randn(2, 5, 12, dtype=dtype) + torch.arange(12, dtype=dtype)
    is_token = torch.arange(5) < torch.tensor([[5], [3]])
    merged[~is_token] += 20.0
    return [
        Case((small, 0, 2, one), "H = A = 2, one text, head 0"),
        Case((merged, 1, 3, is_token), "H = 12, A = 3, two texts, head 1"),
        Case((merged, 2, 3, is_token), "H = 12, A = 3, two texts, head 2"),
        Case((merged, 0, 2, is_token), "H = 12, A = 2, two texts, head 0"),
    ]


MISTAKES = """
zeros: merged[is_token][:, own].mean(dim=0) => 0.0
    The head says zero. That is a value it may never have given, and takes away its mean
    as well; write the mean there.
padding in the mean:
- merged[is_token][:, own].mean(dim=0) => merged[..., own].mean(dim=(0, 1))
    Padding counts for the mean. Choose the real tokens first, with merged[is_token].
a mean for each text: changed[..., own] = merged[is_token][:, own].mean(dim=0) =>
| counts = is_token[:, :, None].to(merged.dtype)
|     means = (merged[..., own] * counts).sum(dim=1) / counts.sum(dim=1)
|     changed[..., own] = means[:, None]
    Each text gets a mean of its own, which still tells the texts apart. Average over
    all texts.
a mean for each position:
- merged[is_token][:, own].mean(dim=0) => merged[..., own].mean(dim=0)
    Each position gets a mean of its own, padding included. Average over the real tokens
    of all positions.
one number for all: mean(dim=0) => mean()
    All D numbers of the head became one. Average over tokens only, dim=0, and keep D
    numbers.
every A-th number: slice(head * D, (head + 1) * D) => slice(head, None, A)
    You took every A-th number. A head's D numbers are next to each other: head * D up
    to (head + 1) * D.
heads cut out of the text: … => B, T, H = merged.shape
|     heads = merged.clone().view(B, A, T, H // A)
|     heads[:, head] = heads[:, head][is_token].mean(dim=0)
|     return heads.view(B, T, H)
    A view straight to (B, A, T, D) cuts the text instead of the vectors. A head's D
    numbers are next to each other in each vector: head * D up to (head + 1) * D.
counted from one: D = => head = (head - 1) % A
|     D =
    The head before was replaced: heads are counted from 0.
A for D: slice(head * D, (head + 1) * D) => slice(head * A, (head + 1) * A)
    The slice is A wide. A head has D = H / A numbers.
the others:
- merged.clone() => merged[is_token].mean(dim=0).expand_as(merged).clone()
- merged[is_token][:, own].mean(dim=0) => merged[..., own]
    The head is as it was and all others are replaced: the other way round.
all heads: … => return merged[is_token].mean(dim=0).expand_as(merged).clone()
    Every head was replaced. Only the columns of one head change.
cut out: … => D = merged.shape[-1] // A
|     return torch.cat([merged[..., :head * D], merged[..., (head + 1) * D:]], dim=-1)
    The head's numbers are gone, and the output matrix expects H of them. Overwrite them
    instead.
first position only: changed[..., own] => changed[:, 0, own]
    Only the first position changed. The head must say the mean at every position.
in place: merged.clone() => merged
    The tensor that came in was changed. Work on a clone: the caller may need what the
    heads really said.
"""

EXERCISE = Exercise(
    id="ablate-head",
    chapter=19,
    title="Mean-ablate one head",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=ablate_head,
    accepted={"views": by_views, "weights": by_weights},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which D columns belong to the head? And which rows count for the mean?",
        "merged[is_token] is (real tokens, H); its mean over dim=0 has H numbers.",
        "Clone merged; write the mean of these columns into "
        "changed[..., head * D : (head + 1) * D].",
    ),
)
