"""Exercise: find row and column of the largest number in each table.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def best_cell(x: Tensor) -> Tensor:
    """Find row and column of each table's largest number: (B, T, S) -> (B, 2), int64.

    Of several largest the first counts, row by row. The table ((1, 7, 2), (3, 0, 5))
    gives (0, 1): row 0, column 1.
    """
    raise NotAttempted
'''


def best_cell(x: Tensor) -> Tensor:
    """Count through each table row by row, and undo the count."""
    S = x.shape[2]
    best = x.flatten(1).argmax(dim=1)  # (B, T * S) -> (B)
    return torch.stack([best // S, best % S], dim=1)


def by_rows(x: Tensor) -> Tensor:
    """Find the best row, then the best column of that row."""
    row = x.amax(dim=2).argmax(dim=1)
    column = x[torch.arange(len(x)), row].argmax(dim=1)
    return torch.stack([row, column], dim=1)


def with_unravel(x: Tensor) -> Tensor:
    """Let torch undo the count."""
    return torch.stack(torch.unravel_index(x.flatten(1).argmax(1), x.shape[1:]), 1)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """A table that fits on paper, then sizes that all differ, and equal numbers."""
    torch.manual_seed(seed)
    small = torch.tensor([[[1, 7, 2], [3, 0, 5]]], dtype=dtype)
    low = torch.tensor([[[1, 2, 0], [6, 3, 5]]], dtype=dtype)
    equal = torch.tensor([[[0, 0, 4], [4, 0, 4]], [[1, 1, 1], [1, 1, 1]]], dtype=dtype)
    three = torch.randn(3, 4, 5, dtype=dtype)
    return [
        Case((small,), "one table of two rows and three columns"),
        Case((low,), "the largest number in the last row"),
        Case((three,), "three tables, T=4, S=5"),
        Case((torch.randn(4, 7, 2, dtype=dtype),), "four tables, T=7, S=2"),
        Case((-torch.rand(2, 3, 4, dtype=dtype) - 1,), "all numbers below 0"),
        Case((equal,), "several largest numbers"),
        Case((torch.randn(2, 1, 6, dtype=dtype),), "tables of one row"),
        Case((torch.randn(2, 6, 1, dtype=dtype),), "tables of one column"),
    ]


MISTAKES = """
divided by the rows: S = x.shape[2] => S = x.shape[1]
    You divide by the number of rows. In memory one row follows another, and each has S
    numbers: divide by S, the number of columns.
column in front: [best // S, best % S] => [best % S, best // S]
    The column stands in front. The row is how many full rows came before, best // S;
    the column is what is left, best % S.
one count for the batch:
- x.flatten(1).argmax(dim=1) => x.flatten().argmax().expand(len(x))
    All tables get the same cell: the count runs through the whole batch. Flatten each
    table by itself, x.flatten(1); take the argmax of axis 1.
not undone: [best // S, best % S] => [best, best]
    That is the number of the cell in the flattened table, not its row and column. Undo
    the count with // and %.
the numbers: torch.stack([best // S, best % S], dim=1) =>
| x.flatten(1).topk(min(2, x[0].numel()), dim=1).values
    These are numbers of the table. The task asks where the largest one is.
sums: … => row, column = x.sum(dim=2).argmax(dim=1), x.sum(dim=1).argmax(dim=1)
|     return torch.stack([row, column], dim=1)
    The row with the largest sum and the column with the largest sum need not meet in
    the largest number.
the last of several: … => return torch.tensor(x.shape[1:]) - 1 - right(x.flip(1, 2))
    Of several largest numbers the first counts, row by row. argmax of the flattened
    table gives that one.
column by column: … => return right(x.transpose(1, 2)).flip(1)
    Of several largest numbers you take the first of the first column. Rows come one
    after another: the first in the first row counts.
without the sign: x.flatten => x.abs().flatten
    The largest number is not the one furthest from 0: -7 is smaller than 1.
counted from 1: [best // S, best % S] => [best // S + 1, best % S + 1]
    Rows and columns count from 0.
other axis: best % S], dim=1) => best % S], dim=0)
    The pairs lie side by side, (2, B). Each table's row and column belong together:
    torch.stack(..., dim=1).
/ for //: best // S, => best / S,
    A row has a whole number. Divide with //, which leaves out the rest.
search begins at 0: … => there = (x > 0).flatten(1).any(dim=1)
|     return right(x) * there[:, None]
    Where all numbers of a table are below 0, yours finds none: the search begins at 0.
    Begin with the first number, or at minus infinity.
one cell for all tables: … => T, S = x.shape[1:]
|     best = x.argmax() % (T * S)
|     return torch.stack([best // S, best % S])[None].expand(len(x), 2)
    All tables get the same cell: argmax without an axis looks through the whole batch.
"""

EXERCISE = Exercise(
    id="best-cell",
    chapter=2,
    title="Row and column of the largest",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=best_cell,
    accepted={"rows first": by_rows, "unravel_index": with_unravel},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Flatten each table to one row of numbers. Which cell is number 4 of a table "
        "with three columns?",
        "argmax of the flattened tables counts row by row: S numbers for each full "
        "row, then the column.",
        "best = x.flatten(1).argmax(dim=1), then best // S and best % S, put side by "
        "side with torch.stack(..., dim=1).",
    ),
)
