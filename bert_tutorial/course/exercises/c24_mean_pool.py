"""Exercise: one vector for a text, whatever it is padded to.

Chapter: 24
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.sentences import mean_pool

STUB = '''
def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Average the hidden states of each text's tokens: (B, T, H), (B, T) -> (B, H).

    mask is 1 for real tokens and 0 for padding, whole numbers, with one token or more
    in each row. Padding does not count, neither in the sum nor in the number: of the
    states (1, 0), (3, 4), (9, 9) with the last one padding, the mean is (2, 2).
    """
    raise NotAttempted
'''


def with_loop(hidden: Tensor, mask: Tensor) -> Tensor:
    """Go through the texts."""
    rows = zip(hidden, mask.bool(), strict=True)
    return torch.stack([row[keep].mean(dim=0) for row, keep in rows])


def with_product(hidden: Tensor, mask: Tensor) -> Tensor:
    """Divide the weights first, then multiply matrices."""
    weights = mask.to(hidden.dtype) / mask.sum(dim=1, keepdim=True)
    return (weights[:, None, :] @ hidden)[:, 0]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw sizes that all differ; lengths from one token to all."""
    torch.manual_seed(seed)
    small = torch.tensor([[[1.0, 0.0], [3.0, 4.0], [9.0, 9.0]]], dtype=dtype)
    lengths = torch.tensor([5, 1, 3, 2])
    mask = (torch.arange(5) < lengths[:, None]).long()
    return [
        Case((small, torch.tensor([[1, 1, 0]])), "one text, two tokens, one padding"),
        Case((torch.randn(4, 5, 3, dtype=dtype), mask), "lengths 5, 1, 3, 2 of 5"),
        Case(
            (torch.randn(2, 4, 6, dtype=dtype), torch.ones(2, 4).long()), "no padding"
        ),
        Case(
            (torch.randn(2, 5, 3, dtype=dtype), mask[1:3].flip(1)), "padding in front"
        ),
    ]


def is_padding_free(answer: object) -> bool:
    """See whether more padding, or other padding, changes a text's vector."""
    torch.manual_seed(24)
    hidden, mask = torch.randn(2, 3, 4), torch.tensor([[1, 1, 1], [1, 1, 0]])
    longer = torch.cat([hidden, torch.full((2, 2, 4), 7.0)], dim=1)
    more = torch.cat([mask, torch.zeros(2, 2).long()], dim=1)
    assert callable(answer)
    return torch.allclose(answer(hidden, mask), answer(longer, more), atol=1e-6)


MISTAKES = """
padding counted: … => return hidden.mean(dim=1)
    Padding is averaged, too: a text's vector depends on the longest text of its batch.
    Leave padding out, of the sum and of the number.
divided by T: .sum(dim=1) / weights.sum(dim=1) => .mean(dim=1)
    The sum is right, and it is divided by T, padding included. Divide by the number of
    real tokens.
not divided: / weights.sum(dim=1) =>
    This is the sum. Divide it by the number of real tokens.
axis kept: … => return right(hidden, mask)[:, None]
    The axis of the tokens is still there, of length 1. The result is (B, H).
[CLS] only: … => return hidden[:, 0]
    This is the state of the first token, [CLS]. Average over all real ones.
last token only: … => return hidden[torch.arange(len(hidden)), mask.sum(dim=1) - 1]
    This is the state of the last real token, [SEP]. Average over all.
mask only in the number: (hidden * weights) => hidden
    The number leaves padding out, the sum does not. Multiply by the mask before you
    sum.
averaged over texts:
- ] => ].to(hidden.dtype)
- (dim=1) / => (dim=0) /
- weights.sum(dim=1) => weights.sum(dim=0).clamp(min=1)
    You averaged over the texts. Average over the tokens, dim=1.
tokens of the batch: / weights.sum(dim=1) => / mask.sum()
    You divide by the tokens of the whole batch. Each text has its own number.
largest: … => return hidden.masked_fill(mask[:, :, None] == 0, -torch.inf).amax(dim=1)
    This is the largest number of each column, max pooling. Take the mean.
without [CLS]: … => kept = mask.clone()
|     kept[:, 0] = 0
|     return (hidden * kept[:, :, None]).sum(dim=1) / kept.sum(dim=1,
|         keepdim=True).clamp(1)
    [CLS] is left out. Here every real token counts, [CLS] and [SEP] as well.
the padding: … => kept = 1 - mask
|     return (hidden * kept[:, :, None]).sum(dim=1) / kept.sum(dim=1,
|         keepdim=True).clamp(1)
    This is the mean of the padding: the mask is the wrong way round.
caller's tensor changed: weights = => hidden[mask == 0] = 0
|     weights =
    Your function writes zeros into the caller's hidden states. Multiply by the mask:
    that makes a new tensor.
length 1: … => return F.normalize(right(hidden, mask), dim=-1)
    The mean is right, and then brought to length 1. Leave its length; the loss takes
    care of that.
padding behind taken for granted: … => lengths = mask.sum(dim=1).tolist()
|     return torch.stack([h[:n].mean(dim=0) for h, n in zip(hidden, lengths)])
    The first positions are averaged, as many as there are tokens. Padding may stand in
    front: go by the mask.
"""

EXERCISE = Exercise(
    id="mean-pool",
    chapter=24,
    title="One vector for a text",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=mean_pool,
    accepted={"loop": with_loop, "product": with_product},
    properties=[
        Property(
            "padding does not count",
            "a text must keep its vector when it is padded to more tokens.",
            is_padding_free,
        ),
    ],
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "What is left out must be missing twice: in the sum and in the number.",
        "mask[:, :, None] is (B, T, 1) and goes with hidden, (B, T, H).",
        "(hidden * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)",
    ),
)
