"""Exercise: fetch some tokens' vectors of each text.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def gather_positions(x: Tensor, positions: Tensor) -> Tensor:
    """Fetch the vectors at the given positions: (B, T, H), (B, M) -> (B, M, H).

    Entry [b, m] of the result is x[b, positions[b, m]]: two texts ((1), (2), (3)) and
    ((4), (5), (6)) with positions (2, 0) and (1, 1) give ((3), (1)) and ((5), (5)).
    """
    raise NotAttempted
'''


def gather_positions(x: Tensor, positions: Tensor) -> Tensor:
    """Fetch the vectors at the given positions."""
    rows = torch.arange(len(x))[:, None]  # (B, 1), against (B, M)
    return x[rows, positions]


def with_gather(x: Tensor, positions: Tensor) -> Tensor:
    """Use torch.gather, which wants an index for every number."""
    index = positions[:, :, None].expand(-1, -1, x.shape[-1])
    return x.gather(1, index)


def with_one_hot(x: Tensor, positions: Tensor) -> Tensor:
    """Multiply by rows with a single one."""
    chosen = positions[:, :, None] == torch.arange(x.shape[1])
    return chosen.to(x.dtype) @ x


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One position in each text, then several, out of order and twice."""
    torch.manual_seed(seed)
    return [
        Case(
            (torch.arange(12, dtype=dtype).view(2, 3, 2), torch.tensor([[2], [0]])),
            "two texts of three tokens, one position in each",
        ),
        Case(
            (torch.randn(3, 7, 5, dtype=dtype), torch.randint(0, 7, (3, 2))),
            "B=3, T=7, H=5, M=2",
        ),
        Case(
            (
                torch.randn(2, 5, 3, dtype=dtype),
                torch.tensor([[4, 4, 0, 1], [1, 3, 3, 2]]),
            ),
            "positions out of order and twice",
        ),
        Case(
            (torch.randn(1, 4, 3, dtype=dtype), torch.tensor([[3, 1, 0]])),
            "one text, positions from the back",
        ),
    ]


MISTAKES = """
every text with every position: x[rows, positions] => x[:, positions]
    x[:, positions] fetches every text's positions from every text: (B, B, M, H). Index
    the first axis too, with a column of row numbers (B, 1), so that each text meets its
    own positions only.
positions of the first text: x[rows, positions] => x[:, positions[0]]
    All texts get the positions of the first one. Each row belongs to the text of that
    row.
texts for positions: x[rows, positions] => x[positions.clamp(max=len(x) - 1), 0]
    The positions were used as numbers of texts. Positions are axis 1: x[row, position].
vectors of the first text: x[rows, positions] => x[0][positions]
    All vectors come from the first text. positions[b] are positions in x[b]; with the
    texts joined into one long list, text b begins at b * T.
one number a vector: x[rows, positions] => x.gather(1, positions[:, :, None])
    torch.gather fetches single numbers, one for each index, so (B, M, 1) is left. Give
    it the index H times, positions[:, :, None].expand(-1, -1, H), or index with x[rows,
    positions].
counted from one: , positions] => , (positions - 1) % x.shape[1]]
    Each vector is that of the position before. Positions count from 0.
offset forgotten: x[rows, positions] => x.flatten(0, 1)[positions]
    = vectors of the first text
sorted: , positions] => , positions.sort(dim=1).values]
    The positions are sorted first. Row m of the result is positions[b, m], the order
    that was asked for.
with a mask:
- x[rows, positions] => x[torch.zeros(x.shape[:2]).bool().index_put((rows, positions),
|     torch.tensor(True))].view(len(x), -1, x.shape[-1])
    A mask says which positions are wanted, not in which order or how often. Index with
    the positions themselves.
texts joined: x[rows, positions] => x[rows, positions].flatten(0, 1)
    The right vectors in one long list: the texts are no longer apart. The result has an
    axis for the texts, (B, M, H).
rows not a column: [:, None] =>
    The row numbers (B,) meet the positions (B, M), whose last axis is M. Make them a
    column: torch.arange(len(x))[:, None].
axes of size 1 dropped: , positions] => , positions].squeeze()
    An axis of size 1 is gone where there is one text or one position. Leave squeeze
    out: the result is (B, M, H) for all sizes.
"""

EXERCISE = Exercise(
    id="gather-positions",
    chapter=2,
    title="Vectors at given positions",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=gather_positions,
    accepted={"gather": with_gather, "one hot": with_one_hot},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Two index tensors are broadcast against each other, then used pair by pair.",
        "x[rows, positions] with rows of shape (B, 1): row b beside all M positions "
        "of "
        "text b.",
        "rows = torch.arange(len(x))[:, None], then x[rows, positions].",
    ),
)
