"""Exercise: tell real tokens from padding.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def token_mask(lengths: Tensor, T: int) -> Tensor:
    """Tell real tokens from padding: (B,) whole numbers -> (B, T) bool.

    True for the first lengths[b] positions of row b: the lengths (1, 3) and T = 4 give
    ((True, False, False, False), (True, True, True, False)).
    """
    raise NotAttempted
'''


def token_mask(lengths: Tensor, T: int) -> Tensor:
    """Tell real tokens from padding."""
    return torch.arange(T) < lengths[:, None]


def with_loop(lengths: Tensor, T: int) -> Tensor:
    """Fill row by row."""
    mask = torch.zeros(len(lengths), T, dtype=torch.bool)
    for row, length in enumerate(lengths.tolist()):
        mask[row, :length] = True
    return mask


def one_more(lengths: Tensor, T: int) -> Tensor:
    """Take the first padding for a token."""
    return torch.arange(T) <= lengths[:, None]


def inverted(lengths: Tensor, T: int) -> Tensor:
    """Mark the padding."""
    return torch.arange(T) >= lengths[:, None]


def as_numbers(lengths: Tensor, T: int) -> Tensor:
    """Give ones and zeros."""
    return token_mask(lengths, T).long()


def turned(lengths: Tensor, T: int) -> Tensor:
    """Let the positions run down."""
    return torch.arange(T)[:, None] < lengths


def from_the_right(lengths: Tensor, T: int) -> Tensor:
    """Take the last positions for the tokens."""
    return torch.arange(T) >= T - lengths[:, None]


def one_less(lengths: Tensor, T: int) -> Tensor:
    """Count the positions from 1."""
    return torch.arange(1, T + 1) < lengths[:, None]


def as_wide_as_the_longest(lengths: Tensor, T: int) -> Tensor:
    """Forget T."""
    return torch.arange(int(lengths.max())) < lengths[:, None]


def without_axis(lengths: Tensor, T: int) -> Tensor:
    """Compare without a column."""
    return torch.arange(T) < lengths


def last_only(lengths: Tensor, T: int) -> Tensor:
    """Mark the last token alone."""
    return torch.arange(T) == lengths[:, None] - 1


def squeezed(lengths: Tensor, T: int) -> Tensor:
    """Drop the axes of size 1."""
    return token_mask(lengths, T).squeeze()


def at_least_one(lengths: Tensor, T: int) -> Tensor:
    """Give every text a token."""
    return token_mask(lengths.clamp(min=1), T)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two texts, one that fills its row, one of no tokens."""
    torch.manual_seed(seed)
    return [
        Case((torch.tensor([1, 3]), 4), "lengths 1 and 3, T=4"),
        Case((torch.tensor([2, 5, 0]), 5), "lengths 2, 5 and 0, T=5"),
        Case((torch.randint(0, 7, (4,)), 7), "four texts, T=7"),
        Case((torch.tensor([3]), 5), "one text"),
        Case((torch.tensor([2, 0, 3]), 3), "as many texts as positions"),
    ]


EXERCISE = Exercise(
    id="token-mask",
    chapter=2,
    title="Real tokens, from lengths",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=token_mask,
    accepted={"loop": with_loop},
    mutants=[
        Mutant(
            "one position too many",
            one_more,
            "One position too many is True in each row. Positions are counted from 0, "
            "so a text of 3 tokens has the positions 0, 1 and 2: position < length.",
        ),
        Mutant(
            "inverted",
            inverted,
            "True and False are swapped: yours marks the padding. The mask says which "
            "positions are tokens.",
        ),
        Mutant(
            "numbers",
            as_numbers,
            "The right positions, as whole numbers. Return bool: a comparison gives "
            "it, and masked_fill and indexing want it; ones and zeros used as an index "
            "would pick rows 1 and 0.",
        ),
        Mutant(
            "turned",
            turned,
            "Positions run down and texts across. A row is a text: the lengths need "
            "the new axis, lengths[:, None].",
        ),
        Mutant(
            "padding on the left",
            from_the_right,
            "Yours has the tokens at the right end of the row. BERT's padding stands "
            "behind the text.",
        ),
        Mutant(
            "one position too few",
            one_less,
            "One position too few is True in each row. Positions are counted from 0, "
            "so a text of 3 tokens has the positions 0, 1 and 2: position < length.",
        ),
        Mutant(
            "as wide as the longest",
            as_wide_as_the_longest,
            "The mask is as wide as the longest text. It has T positions, whatever the "
            "lengths are.",
        ),
        Mutant(
            "no column",
            without_axis,
            "The positions (T,) are compared with the lengths (B,) one by one. Make "
            "the lengths a column: lengths[:, None].",
        ),
        Mutant(
            "last token only",
            last_only,
            "Only the last token of each text is marked. All positions before the "
            "length are tokens: <.",
        ),
        Mutant(
            "axes of size 1 dropped",
            squeezed,
            "The axis of the texts is gone where there is a single text. Leave squeeze "
            "out: the mask is (B, T) for all sizes.",
        ),
        Mutant(
            "at least one token",
            at_least_one,
            "A text of length 0 got a token. Its whole row is padding.",
        ),
    ],
    cases=cases,
    hints=(
        "A position is real if its number is smaller than the length of its text.",
        "torch.arange(T) numbers the positions, (T,). Compare it with the lengths as a "
        "column, (B, 1).",
        "torch.arange(T) < lengths[:, None]",
    ),
)
