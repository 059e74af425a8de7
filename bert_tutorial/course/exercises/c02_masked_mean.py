"""Exercise: average the tokens of each text, without the padding.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def masked_mean(x: Tensor, is_token: Tensor) -> Tensor:
    """Average the vectors of each text's tokens: (B, T, H), (B, T) bool -> (B, H).

    Padding does not count, neither in the sum nor in the number: the vectors (1), (3),
    (9) with the last one padding have the mean (2). A text without tokens gives zeros.
    """
    raise NotAttempted
'''


def masked_mean(x: Tensor, is_token: Tensor) -> Tensor:
    """Average the vectors of each text's tokens."""
    weights = is_token[:, :, None].to(x.dtype)  # (B, T, 1)
    return (x * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def with_einsum(x: Tensor, is_token: Tensor) -> Tensor:
    """Name the axes."""
    weights = is_token.to(x.dtype)
    total = torch.einsum("bth,bt->bh", x, weights)
    return total / weights.sum(dim=1, keepdim=True).clamp(min=1)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One short text, two texts, one text of no tokens."""
    torch.manual_seed(seed)
    return [
        Case(
            (
                torch.tensor([[[1.0], [3.0], [9.0]]], dtype=dtype),
                torch.tensor([[True, True, False]]),
            ),
            "three vectors of one number, the last one padding",
        ),
        Case(
            (
                torch.randn(2, 5, 3, dtype=dtype),
                torch.arange(5) < torch.tensor([[2], [5]]),
            ),
            "B=2, T=5, H=3, lengths 2 and 5",
        ),
        Case(
            (
                torch.randn(4, 3, 2, dtype=dtype),
                torch.arange(3) < torch.tensor([[0], [1], [3], [2]]),
            ),
            "four texts, one without tokens",
        ),
        Case(
            (
                torch.randn(2, 4, 3, dtype=dtype),
                torch.tensor([[False, True, False, True], [False, False, True, True]]),
            ),
            "padding in front and in between",
        ),
        Case(
            (
                torch.tensor([[[0.0, 4.0], [2.0, 0.0], [7.0, 7.0]]], dtype=dtype),
                torch.tensor([[True, True, False]]),
            ),
            "tokens whose vectors hold zeros",
        ),
    ]


MISTAKES = """
padding counted: … => return x.mean(dim=1)
    The padding is averaged in: its vectors reach the result. Set them to zero before
    the sum, and divide by the number of real tokens.
divided by T: … => return (x * is_token[:, :, None]).mean(dim=1)
    Padding is out of the sum, but you still divide by all T positions, so short texts
    get short vectors. Divide by the number of real tokens of the text.
over the texts:
- (dim=1) / => (dim=0) /
- dim=1). => dim=0).
    You averaged over the texts (axis 0). Tokens are axis 1; every text has its own
    mean.
over the numbers: … => return (x * is_token[:, :, None]).mean(dim=-1)
    You averaged the numbers inside each vector (the last axis). The H numbers stay; the
    tokens, axis 1, are averaged.
axis kept: … => return right(x, is_token)[:, None]
    The numbers are right and the shape is (B, 1, H). Sum over axis 1 without keepdim,
    so that (B, H) is left.
zero by zero: .clamp(min=1) =>
    Right for every text with tokens. Without any, the mean is 0 / 0, which is nan
    (nanmean, and mean of nothing, give it too), and nan spreads. Divide a sum of zeros
    by at least 1, clamp(min=1), or put zeros in its place.
nanmean: … => return x.masked_fill(~is_token[:, :, None], torch.nan).nanmean(dim=1)
    = zero by zero
text by text:
- … => return torch.stack([x[b][is_token[b]].mean(dim=0) for b in range(len(x))])
    = zero by zero
divided by the batch: weights.sum(dim=1).clamp(min=1) => is_token.sum()
    You divide by the tokens of the whole batch. Each text is divided by its own number:
    sum the mask over axis 1 only.
zeros written: weights = => x[~is_token] = 0
|     weights =
    The means are right, but the padding in the tensor of the caller is now zero.
    Multiply by the mask instead of writing into x.
the first positions:
- is_token[ => (torch.arange(x.shape[1]) < is_token.sum(dim=1)[:, None])[
    The number of tokens is right, but they are taken from the front. The mask says
    which positions are tokens: padding may stand anywhere.
all texts together: … => return x[is_token].mean(dim=0)
    The tokens of all texts are averaged together, (H,). Each text has its own mean: (B,
    H).
a little more below: weights.sum(dim=1).clamp(min=1) => (weights.sum(dim=1) + 1e-6)
    You add a small number to the number of tokens, so that every mean is a little too
    small. Only a text without tokens needs another number: clamp(min=1).
a little more below, 1e-3:
- weights.sum(dim=1).clamp(min=1) => (weights.sum(dim=1) + 1e-3)
    = a little more below
a little more below, 1e-5:
- weights.sum(dim=1).clamp(min=1) => (weights.sum(dim=1) + 1e-5)
    = a little more below
one more: weights.sum(dim=1).clamp(min=1) => (weights.sum(dim=1) + 1)
    You divide by one more than there are tokens. Only a text without tokens needs
    another number: clamp(min=1).
summed: / weights.sum(dim=1).clamp(min=1) =>
    These are sums. Divide each by the number of tokens of its text.
largest: … => return x.masked_fill(~is_token[:, :, None], -torch.inf).amax(dim=1)
    These are the largest numbers of each text, not their mean.
mask without an axis: … => return (x * is_token).sum(dim=1) / is_token.sum(dim=1)
    The mask is (B, T) and the vectors are (B, T, H): give the mask an axis at its end,
    is_token[:, :, None].
mean of the padding: is_token[ => (~is_token)[
    The padding is averaged and the tokens are left out. is_token is True for a token.
zeros not counted:
- weights.sum(dim=1).clamp(min=1) => (x * weights != 0).sum(dim=1).clamp(min=1)
    The numbers that are not 0 are counted, but a token's vector may hold a 0. is_token
    says what to count.
"""

EXERCISE = Exercise(
    id="masked-mean",
    chapter=2,
    title="The mean of real tokens",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=masked_mean,
    accepted={"einsum": with_einsum},
    mutants=mistakes(MISTAKES),
    cases=cases,
    waived={
        "is_token[:, :, None].to(x.dtype) => is_token[:, :, None]": (
            "float vectors times a bool mask are the same numbers"
        ),
    },
    hints=(
        "Two sums: one of vectors, one of ones.",
        "Make the mask a number and give it an axis for H: (B, T, 1). Then (x * "
        "mask).sum(dim=1) and mask.sum(dim=1).",
        "(x * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)",
    ),
)
