"""Exercise: tell real tokens from padding.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
one position too many: < => <=
    One position too many is True in each row. Positions are counted from 0, so a text
    of 3 tokens has the positions 0, 1 and 2: position < length.
inverted: < => >=
    True and False are swapped: yours marks the padding. The mask says which positions
    are tokens.
numbers: … => return right(lengths, T).long()
    The right positions, as whole numbers. Return bool: a comparison gives it, and
    masked_fill and indexing want it; ones and zeros used as an index would pick rows 1
    and 0.
turned: ) < lengths[:, None] => )[:, None] < lengths
    Positions run down and texts across. A row is a text: the lengths need the new axis,
    lengths[:, None].
padding on the left: < => >= T -
    Yours has the tokens at the right end of the row. BERT's padding stands behind the
    text.
one position too few: (T => (1, T + 1
    One position too few is True in each row. Positions are counted from 0, so a text of
    3 tokens has the positions 0, 1 and 2: position < length.
as wide as the longest: (T => (int(lengths.max())
    The mask is as wide as the longest text. It has T positions, whatever the lengths
    are.
no column: [:, None] =>
    The positions (T,) are compared with the lengths (B,) one by one. Make the lengths a
    column: lengths[:, None].
last token only: < lengths[:, None] => == lengths[:, None] - 1
    Only the last token of each text is marked. All positions before the length are
    tokens: <.
axes of size 1 dropped: … => return right(lengths, T).squeeze()
    The axis of the texts is gone where there is a single text. Leave squeeze out: the
    mask is (B, T) for all sizes.
at least one token: lengths[ => lengths.clamp(min=1)[
    A text of length 0 got a token. Its whole row is padding.
"""

EXERCISE = Exercise(
    id="token-mask",
    chapter=2,
    title="Real tokens, from lengths",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=token_mask,
    accepted={"loop": with_loop},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "A position is real if its number is smaller than the length of its text.",
        "torch.arange(T) numbers the positions, (T,). Compare it with the lengths as a "
        "column, (B, 1).",
        "torch.arange(T) < lengths[:, None]",
    ),
)
