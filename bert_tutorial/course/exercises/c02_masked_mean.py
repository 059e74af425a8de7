"""Exercise: average the tokens of each text, without the padding.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def over_all(x: Tensor, is_token: Tensor) -> Tensor:
    """Ignore the mask."""
    return x.mean(dim=1)


def divided_by_all(x: Tensor, is_token: Tensor) -> Tensor:
    """Leave padding out of the sum, count it all the same."""
    return (x * is_token[:, :, None]).mean(dim=1)


def over_texts(x: Tensor, is_token: Tensor) -> Tensor:
    """Average over the texts."""
    weights = is_token[:, :, None].to(x.dtype)
    return (x * weights).sum(dim=0) / weights.sum(dim=0).clamp(min=1)


def over_numbers(x: Tensor, is_token: Tensor) -> Tensor:
    """Average the numbers of each vector."""
    return (x * is_token[:, :, None]).mean(dim=-1)


def kept_axis(x: Tensor, is_token: Tensor) -> Tensor:
    """Keep the axis of the tokens."""
    return masked_mean(x, is_token)[:, None]


def not_a_number(x: Tensor, is_token: Tensor) -> Tensor:
    """Divide zero by zero where there are no tokens."""
    weights = is_token[:, :, None].to(x.dtype)
    return (x * weights).sum(dim=1) / weights.sum(dim=1)


def all_together(x: Tensor, is_token: Tensor) -> Tensor:
    """Divide by the tokens of the whole batch."""
    return (x * is_token[:, :, None]).sum(dim=1) / is_token.sum()


def zeroed(x: Tensor, is_token: Tensor) -> Tensor:
    """Write zeros into the caller's tensor."""
    x[~is_token] = 0
    return masked_mean(x, is_token)


def nan_mean(x: Tensor, is_token: Tensor) -> Tensor:
    """Put nan in the place of padding, and average the rest."""
    return x.masked_fill(~is_token[:, :, None], torch.nan).nanmean(dim=1)


def text_by_text(x: Tensor, is_token: Tensor) -> Tensor:
    """Pick each text's tokens, and average them."""
    return torch.stack([x[b][is_token[b]].mean(dim=0) for b in range(len(x))])


def first_positions(x: Tensor, is_token: Tensor) -> Tensor:
    """Take the first positions, as many as there are tokens."""
    number = is_token.sum(dim=1)
    return masked_mean(x, torch.arange(x.shape[1]) < number[:, None])


def all_tokens(x: Tensor, is_token: Tensor) -> Tensor:
    """Average the tokens of all texts."""
    return x[is_token].mean(dim=0)


def one_more(x: Tensor, is_token: Tensor) -> Tensor:
    """Add one to the number, against a division by zero."""
    weights = is_token[:, :, None].to(x.dtype)
    return (x * weights).sum(dim=1) / (weights.sum(dim=1) + 1)


def summed(x: Tensor, is_token: Tensor) -> Tensor:
    """Add up only."""
    return (x * is_token[:, :, None]).sum(dim=1)


def largest(x: Tensor, is_token: Tensor) -> Tensor:
    """Take the largest numbers."""
    return x.masked_fill(~is_token[:, :, None], -torch.inf).amax(dim=1)


def without_axis(x: Tensor, is_token: Tensor) -> Tensor:
    """Multiply with the (B, T) mask as it is."""
    return (x * is_token).sum(dim=1) / is_token.sum(dim=1)


def of_padding(x: Tensor, is_token: Tensor) -> Tensor:
    """Average the padding."""
    return masked_mean(x, ~is_token)


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
    ]


ZERO_BY_ZERO = (
    "Right for every text with tokens. Without any, the mean is 0 / 0, which is nan "
    "(nanmean, and mean of nothing, give it too), and nan spreads. Divide a sum of "
    "zeros by at least 1, clamp(min=1), or put zeros in its place."
)

EXERCISE = Exercise(
    id="masked-mean",
    chapter=2,
    title="The mean of real tokens",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=masked_mean,
    accepted={"einsum": with_einsum},
    mutants=[
        Mutant(
            "padding counted",
            over_all,
            "The padding is averaged in: its vectors reach the result. Set them to "
            "zero before the sum, and divide by the number of real tokens.",
        ),
        Mutant(
            "divided by T",
            divided_by_all,
            "Padding is out of the sum, but you still divide by all T positions, so "
            "short texts get short vectors. Divide by the number of real tokens of "
            "the text.",
        ),
        Mutant(
            "over the texts",
            over_texts,
            "You averaged over the texts (axis 0). Tokens are axis 1; every text has "
            "its own mean.",
        ),
        Mutant(
            "over the numbers",
            over_numbers,
            "You averaged the numbers inside each vector (the last axis). The H "
            "numbers stay; the tokens, axis 1, are averaged.",
        ),
        Mutant(
            "axis kept",
            kept_axis,
            "The numbers are right and the shape is (B, 1, H). Sum over axis 1 "
            "without keepdim, so that (B, H) is left.",
        ),
        Mutant(
            "zero by zero",
            not_a_number,
            ZERO_BY_ZERO,
        ),
        Mutant("nanmean", nan_mean, ZERO_BY_ZERO),
        Mutant("text by text", text_by_text, ZERO_BY_ZERO),
        Mutant(
            "divided by the batch",
            all_together,
            "You divide by the tokens of the whole batch. Each text is divided by its "
            "own number: sum the mask over axis 1 only.",
        ),
        Mutant(
            "zeros written",
            zeroed,
            "The means are right, but the padding in the tensor of the caller is now "
            "zero. Multiply by the mask instead of writing into x.",
        ),
        Mutant(
            "the first positions",
            first_positions,
            "The number of tokens is right, but they are taken from the front. The "
            "mask says which positions are tokens: padding may stand anywhere.",
        ),
        Mutant(
            "all texts together",
            all_tokens,
            "The tokens of all texts are averaged together, (H,). Each text has its "
            "own mean: (B, H).",
        ),
        Mutant(
            "one more",
            one_more,
            "You divide by one more than there are tokens. Only a text without tokens "
            "needs another number: clamp(min=1).",
        ),
        Mutant(
            "summed",
            summed,
            "These are sums. Divide each by the number of tokens of its text.",
        ),
        Mutant(
            "largest",
            largest,
            "These are the largest numbers of each text, not their mean.",
        ),
        Mutant(
            "mask without an axis",
            without_axis,
            "The mask is (B, T) and the vectors are (B, T, H): give the mask an axis "
            "at its end, is_token[:, :, None].",
        ),
        Mutant(
            "mean of the padding",
            of_padding,
            "The padding is averaged and the tokens are left out. is_token is True for "
            "a token.",
        ),
    ],
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
