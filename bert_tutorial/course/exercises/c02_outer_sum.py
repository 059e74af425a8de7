"""Exercise: add every number of one row to every number of another.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def outer_sum(a: Tensor, b: Tensor) -> Tensor:
    """Add every number of a to every number of b: (T,), (S,) -> (T, S).

    Row t, column s holds a[t] + b[s]: (1, 2) and (10, 20, 30) become
    ((11, 21, 31), (12, 22, 32)).
    """
    raise NotAttempted
'''


def outer_sum(a: Tensor, b: Tensor) -> Tensor:
    """Add every number of a to every number of b."""
    return a[:, None] + b[None, :]


def with_expand(a: Tensor, b: Tensor) -> Tensor:
    """Repeat both to the whole shape first."""
    T, S = len(a), len(b)
    return a.view(T, 1).expand(T, S) + b.expand(T, S)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two and three numbers, then other sizes, one pair of them equal."""
    torch.manual_seed(seed)
    return [
        Case(
            (
                torch.tensor([1, 2], dtype=dtype),
                torch.tensor([10, 20, 30], dtype=dtype),
            ),
            "two numbers and three",
        ),
        Case((torch.randn(5, dtype=dtype), torch.randn(3, dtype=dtype)), "T=5, S=3"),
        Case((torch.randn(4, dtype=dtype), torch.randn(4, dtype=dtype)), "T=4, S=4"),
        Case((torch.randn(1, dtype=dtype), torch.randn(3, dtype=dtype)), "T=1, S=3"),
        Case((torch.randn(4, dtype=dtype), torch.randn(1, dtype=dtype)), "T=4, S=1"),
    ]


MISTAKES = """
turned: … => return a[None, :] + b[:, None]
    Rows and columns have changed places: your result is (S, T). a runs down, so a needs
    a new axis at its end, a[:, None].
no new axis: … => return a + b
    Adding (T,) and (S,) pairs the numbers up one by one, and fails unless T = S or one
    of them is 1. Give a an axis of size 1 at its end first: (T, 1) + (S,) is (T, S).
one axis too many: … => return (a[:, None] + b)[None]
    The numbers are right and the shape is not: there is an axis of size 1 in front.
    Broadcasting would hide it today and multiply an axis tomorrow; index only where an
    axis is wanted.
product: … => return torch.outer(a, b)
    These are products. torch.outer multiplies every pair; here every pair is added.
changed in place: return => a.add_(b[0])
|     b = b - b[0]
|     return
    The sums are right, but the tensor a of the caller is not what it was. Methods that
    end in an underscore write into their tensor; use a + b.
difference: + b[None, :] => - b
    These are differences. Every number of a is added to every number of b.
two columns: None, : => :, None
    Both are columns now, (T, 1) and (S, 1), and pair up one by one. Only a needs the
    new axis; b stays a row.
one row: … => return (a[:, None] + b).flatten()
    All the sums, in one row of T * S numbers. Keep the two axes: (T, S).
axes of size 1 dropped: … => return (a[:, None] + b).squeeze()
    An axis of size 1 is gone where a or b holds a single number. Leave squeeze out: the
    result is (T, S) for all sizes.
"""

EXERCISE = Exercise(
    id="outer-sum",
    chapter=2,
    title="Every pair of two rows",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=outer_sum,
    accepted={"expand": with_expand},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Broadcasting repeats axes of size 1. Which of the two needs one, and where?",
        "a must be a column (T, 1); b may stay a row (S,).",
        "a[:, None] makes the column.",
    ),
)
