"""Exercise: tell real tokens from padding.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def token_mask(lengths: Tensor, T: int) -> Tensor:
    """Tell real tokens from padding: (B,) whole numbers -> (B, T) bool.

    True for the first lengths[b] places of row b: the lengths (1, 3) and T = 4 give
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
    """Let the places run down."""
    return torch.arange(T)[:, None] < lengths


def from_the_right(lengths: Tensor, T: int) -> Tensor:
    """Take the last places for the tokens."""
    return torch.arange(T) >= T - lengths[:, None]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two texts, one that fills its row, one of no tokens."""
    torch.manual_seed(seed)
    return [
        Case((torch.tensor([1, 3]), 4), "lengths 1 and 3, T=4"),
        Case((torch.tensor([2, 5, 0]), 5), "lengths 2, 5 and 0, T=5"),
        Case((torch.randint(0, 7, (4,)), 7), "four texts, T=7"),
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
            "one place too many",
            one_more,
            "One place too many is True in each row. Places are counted from 0, so a "
            "text of 3 tokens has the places 0, 1 and 2: place < length.",
        ),
        Mutant(
            "inverted",
            inverted,
            "True and False are swapped: yours marks the padding. The mask says which "
            "places are tokens.",
        ),
        Mutant(
            "numbers",
            as_numbers,
            "The right places, as whole numbers. Return bool: a comparison gives it, "
            "and masked_fill and indexing want it; ones and zeros used as an index "
            "would pick rows 1 and 0.",
        ),
        Mutant(
            "turned",
            turned,
            "Places run down and texts across. A row is a text: the lengths need the "
            "new axis, lengths[:, None].",
        ),
        Mutant(
            "padding on the left",
            from_the_right,
            "Yours has the tokens at the right end of the row. BERT's padding stands "
            "behind the text.",
        ),
    ],
    cases=cases,
    hints=(
        "A place is real if its number is smaller than the length of its text.",
        "torch.arange(T) numbers the places, (T,). Compare it with the lengths as a "
        "column, (B, 1).",
        "torch.arange(T) < lengths[:, None]",
    ),
)
