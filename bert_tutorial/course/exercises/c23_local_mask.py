"""Exercise: the mask of a global or a local layer.

Chapter: 23
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.descendants.attention import local_mask

STUB = '''
def local_mask(is_token: Tensor, reach: int, layer: int, every: int) -> Tensor:
    """Build the mask of a layer: (B, T) bool -> (B, 1, T, T) bool.

    Rows ask, columns answer, True may be seen. In layers 0, every, 2 every, ... each
    token sees all tokens. In the other layers it sees those at most `reach` positions
    away, before and after, and itself. Padding (False in is_token) is never seen.
    With one text of 4 tokens, the last one padding, reach 1, layer 1 and every 2, the
    rows are 1100, 1110, 0110, 0010.
    """
    raise NotAttempted
'''


def with_band(is_token: Tensor, reach: int, layer: int, every: int) -> Tensor:
    """Cut a band out of a square of ones."""
    B, T = is_token.shape
    near = torch.ones(T, T, dtype=torch.bool, device=is_token.device)
    if layer % every:
        near = near.tril(reach).triu(-reach)
    return near.expand(B, 1, T, T) & is_token.view(B, 1, 1, T)


def with_loops(is_token: Tensor, reach: int, layer: int, every: int) -> Tensor:
    """Go from query to query."""
    B, T = is_token.shape
    mask = torch.zeros(B, 1, T, T, dtype=torch.bool)
    for query in range(T):
        low, high = max(0, query - reach), query + reach + 1
        if layer % every == 0:
            low, high = 0, T
        mask[:, 0, query, low:high] = is_token[:, low:high]
    return mask


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The docstring's, and two texts with padding in layers of both kinds."""
    one = torch.tensor([[True, True, True, False]])
    two = torch.arange(9) < torch.tensor([[9], [5]])
    front = torch.arange(6) > torch.tensor([[1], [-1]])
    return [
        Case((one, 1, 1, 2), "one text, reach 1, layer 1 of every 2"),
        Case((one, 1, 2, 2), "one text, reach 1, layer 2 of every 2"),
        Case((two, 4, 1, 3), "two texts, reach 4, layer 1 of every 3"),
        Case((two, 2, 2, 3), "two texts, reach 2, layer 2 of every 3"),
        Case((two, 2, 3, 3), "two texts, reach 2, layer 3 of every 3"),
        Case((two, 3, 0, 3), "two texts, reach 3, layer 0 of every 3"),
        Case((front, 1, 5, 4), "padding in front, reach 1, layer 5 of every 4"),
    ]


MISTAKES = """
off by one: distance <= reach => distance < reach
    The window is one too narrow: a token exactly `reach` positions away may be seen.
one too wide: distance <= reach => distance <= reach + 1
    The window is one too wide: the farthest token to be seen is `reach` positions away.
reach as the whole window: distance <= reach => distance <= reach // 2
    You took `reach` for the whole window. It is the distance on each side.
only before:
- (distance <= reach) => ((position[:, None] >= position) & (distance <= reach))
    Tokens see what stands before them only. The window has two sides; this is an
    encoder.
only after:
- (distance <= reach) => ((position[:, None] <= position) & (distance <= reach))
    Tokens see what stands after them only. The window has two sides.
no absolute value: (position[:, None] - position).abs() => position[:, None] - position
    A negative distance counts as near, however far it is. Take the absolute value.
not itself: (distance <= reach) => ((distance <= reach) & (distance > 0))
    A token does not see itself. Its distance is 0, so it is within reach.
padding forgotten:
-  & is_token[:, None, None, :] =>  & torch.ones_like(is_token[:, None, None, :])
    Padding can be seen. A column that is padding must be False in every row.
padding in the rows: is_token[:, None, None, :] => is_token[:, None, :, None]
    You hid the rows of padding. Rows ask and columns answer: what must not be seen is a
    column.
padding in rows and columns: is_token[:, None, None, :] =>
| (is_token[:, None, None, :] & is_token[:, None, :, None])
    The rows of padding are empty as well. Nobody reads their results; only columns need
    hiding.
padding seen in global layers: return is_near & is_token[:, None, None, :] =>
| return (distance <= reach) & is_token[:, None, None, :] | (layer % every == 0)
    In the global layers padding can be seen. Global means all tokens, and padding is
    none.
all layers local: (layer % every == 0) => (layer < 0)
    Every layer is local. In layers 0, every, 2 every, ... all tokens may be seen.
all layers global: (layer % every == 0) => (layer >= 0)
    Every layer is global. Only each `every`-th layer is, from layer 0 on.
only layer 0 global: layer % every == 0 => layer == 0
    Only layer 0 is global. So are layers every, 2 every, and so on.
local and global exchanged: layer % every == 0 => layer % every != 0
    Local and global layers are exchanged: layer 0 is global.
layers counted from 1: layer % every == 0 => (layer + 1) % every == 0
    The global layers are one too early, as if layers counted from 1. Layer 0 is global.
True hides:
- is_near & is_token[:, None, None, :] => ~(is_near & is_token[:, None, None, :])
    True stands for what is hidden. In this book True may be seen.
numbers:
- is_near & is_token[:, None, None, :] => (is_near & is_token[:, None, None, :]).float()
    These are numbers. The mask is bool: leave the comparison as it is.
no axis for the heads:
- is_near & is_token[:, None, None, :] => is_near & is_token[:, None, :]
    The shape is (B, T, T). The mask needs an axis of size 1, which is broadcast over
    the heads.
blocks: is_near = (distance <= reach) =>
| block = position // (reach + 1)
|     is_near = (block[:, None] == block)
    The text is cut into blocks that see only themselves. Each token has its own
    neighbours: at most `reach` positions away.
layer 0 local: (layer % every == 0) => ((layer % every == 0) & (layer > 0))
    Layer 0 is local in yours. 0 is a multiple of every number: it sees all tokens.
"""

EXERCISE = Exercise(
    id="local-mask",
    chapter=23,
    title="A mask of neighbours",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=local_mask,
    accepted={"band": with_band, "loops": with_loops},
    mutants=mistakes(MISTAKES),
    cases=cases,
    waived={
        "torch.arange(is_token.shape[ ... => torch.arange(is_token.shape[1])": (
            "the cases have one device only"
        ),
    },
    hints=(
        "Three questions: is the layer global, is the pair near, is it a token?",
        "distance = (position[:, None] - position).abs() is (T, T).",
        "((distance <= reach) | (layer % every == 0)) & is_token[:, None, None, :]",
    ),
)
