"""Exercise: mean-ablate one head.

Chapter: 19
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
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


def _put(merged: Tensor, head: int, A: int, value: Tensor | float) -> Tensor:
    D = merged.shape[-1] // A
    changed = merged.clone()
    changed[..., head * D : (head + 1) * D] = value
    return changed


def _own(merged: Tensor, head: int, A: int) -> Tensor:
    D = merged.shape[-1] // A
    return merged[..., head * D : (head + 1) * D]


def to_zero(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Write zeros."""
    return _put(merged, head, A, 0.0)


def with_padding(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Let padding count."""
    return _put(merged, head, A, _own(merged, head, A).mean(dim=(0, 1)))


def each_text(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Take a mean for each text."""
    own, counts = _own(merged, head, A), is_token[:, :, None].to(merged.dtype)
    mean = (own * counts).sum(dim=1, keepdim=True) / counts.sum(dim=1, keepdim=True)
    return _put(merged, head, A, mean.expand_as(own))


def each_position(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Take a mean over the texts for each position."""
    own = _own(merged, head, A)
    return _put(merged, head, A, own.mean(dim=0, keepdim=True).expand_as(own))


def one_number(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Take one mean over everything that the head says."""
    return _put(merged, head, A, _own(merged, head, A)[is_token].mean())


def interleaved(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Take every A-th number for the head's."""
    changed = merged.clone()
    changed[..., head::A] = merged[is_token][:, head::A].mean(dim=0)
    return changed


def counted_from_one(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Take the head before."""
    return ablate_head(merged, (head - 1) % A, A, is_token)


def sliced_by_heads(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Take A numbers for a head's size."""
    changed, own = merged.clone(), slice(head * A, (head + 1) * A)
    changed[..., own] = merged[is_token][:, own].mean(dim=0)
    return changed


def the_others(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Keep the head and replace the others."""
    return _put(
        merged[is_token].mean(dim=0).expand_as(merged).clone(),
        head,
        A,
        _own(merged, head, A),
    )


def all_heads(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Replace all heads."""
    return merged[is_token].mean(dim=0).expand_as(merged).clone()


def cut_out(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Leave the head's numbers out."""
    D = merged.shape[-1] // A
    return torch.cat([merged[..., : head * D], merged[..., (head + 1) * D :]], dim=-1)


def only_cls(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Replace it at the first position only."""
    changed = merged.clone()
    changed[:, :1] = ablate_head(merged, head, A, is_token)[:, :1]
    return changed


def in_place(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Write into the tensor that came in."""
    own = _own(merged, head, A)
    own[:] = own[is_token].mean(dim=0)
    return merged


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


EXERCISE = Exercise(
    id="ablate-head",
    chapter=19,
    title="Mean-ablate one head",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=ablate_head,
    accepted={"views": by_views, "weights": by_weights},
    mutants=[
        Mutant(
            "zeros",
            to_zero,
            "The head says zero. That is a value it may never have given, and takes "
            "away its mean as well; write the mean there.",
        ),
        Mutant(
            "padding in the mean",
            with_padding,
            "Padding counts for the mean. Choose the real tokens first, with "
            "merged[is_token].",
        ),
        Mutant(
            "a mean for each text",
            each_text,
            "Each text gets a mean of its own, which still tells the texts apart. "
            "Average over all texts.",
        ),
        Mutant(
            "a mean for each position",
            each_position,
            "Each position gets a mean of its own, padding included. Average over the "
            "real tokens of all positions.",
        ),
        Mutant(
            "one number for all",
            one_number,
            "All D numbers of the head became one. Average over tokens only, dim=0, "
            "and keep D numbers.",
        ),
        Mutant(
            "every A-th number",
            interleaved,
            "You took every A-th number. A head's D numbers are next to each other: "
            "head * D up to (head + 1) * D.",
        ),
        Mutant(
            "counted from one",
            counted_from_one,
            "The head before was replaced: heads are counted from 0.",
        ),
        Mutant(
            "A for D",
            sliced_by_heads,
            "The slice is A wide. A head has D = H / A numbers.",
        ),
        Mutant(
            "the others",
            the_others,
            "The head is as it was and all others are replaced: the other way round.",
        ),
        Mutant(
            "all heads",
            all_heads,
            "Every head was replaced. Only the columns of one head change.",
        ),
        Mutant(
            "cut out",
            cut_out,
            "The head's numbers are gone, and the output matrix expects H of them. "
            "Overwrite them instead.",
        ),
        Mutant(
            "first position only",
            only_cls,
            "Only the first position changed. The head must say the mean at every "
            "position.",
        ),
        Mutant(
            "in place",
            in_place,
            "The tensor that came in was changed. Work on a clone: the caller may need "
            "what the heads really said.",
        ),
    ],
    cases=cases,
    hints=(
        "Which D columns belong to the head? And which rows count for the mean?",
        "merged[is_token] is (real tokens, H); its mean over dim=0 has H numbers.",
        "Clone merged; write the mean of these columns into "
        "changed[..., head * D : (head + 1) * D].",
    ),
)
