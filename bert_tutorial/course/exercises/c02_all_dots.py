"""Exercise: compare every vector of one list with every vector of another.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def all_dots(a: Tensor, b: Tensor) -> Tensor:
    """Multiply every vector of a with each of b: (B, T, H), (B, S, H) -> (B, T, S).

    Entry [n, t, s] is the sum over h of a[n, t, h] * b[n, s, h]: the vector (1, 2)
    and the vectors (3, 4) and (5, 6) give the row (11, 17).
    """
    raise NotAttempted
'''


def all_dots(a: Tensor, b: Tensor) -> Tensor:
    """Multiply every vector of a with every vector of b of the same text."""
    return torch.einsum("bth,bsh->bts", a, b)


def with_product(a: Tensor, b: Tensor) -> Tensor:
    """Multiply matrices, the second one turned."""
    return a @ b.transpose(-2, -1)


def with_sum(a: Tensor, b: Tensor) -> Tensor:
    """Broadcast, multiply, add up."""
    return (a[:, :, None] * b[:, None]).sum(dim=-1)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One vector and two, all sizes different, all sizes equal."""
    torch.manual_seed(seed)
    return [
        Case(
            (
                torch.tensor([[[1.0, 2.0]]], dtype=dtype),
                torch.tensor([[[3.0, 4.0], [5.0, 6.0]]], dtype=dtype),
            ),
            "one vector and two",
        ),
        Case(
            (torch.randn(2, 5, 3, dtype=dtype), torch.randn(2, 4, 3, dtype=dtype)),
            "B=2, T=5, S=4, H=3",
        ),
        Case(
            (torch.randn(3, 3, 3, dtype=dtype), torch.randn(3, 3, 3, dtype=dtype)),
            "all sizes 3",
        ),
        Case(
            (torch.randn(1, 4, 2, dtype=dtype), torch.randn(1, 1, 2, dtype=dtype)),
            "one text, S=1",
        ),
    ]


MISTAKES = """
turned (of matrix product): a @ b => b @ a
    Rows and columns have changed places: yours is (B, S, T). The vectors of a run down,
    those of b across.
all axes turned (of matrix product): transpose(-2, -1) => T
    b.T turns all three axes. Only the last two change places: b.transpose(-2, -1), or
    b.mT.
not turned (of matrix product): .transpose(-2, -1) =>
    a @ b multiplies (T, H) with (S, H), whose inner sizes do not fit. Turn the second
    matrix: b.transpose(-2, -1) is (B, H, S).
pairs only (of broadcast): [:, :, None] * b[:, None] =>  * b
    a * b pairs vector t of a with vector t of b only, where the shapes let it. Every
    vector of a meets every vector of b: give a an axis for S and b one for T, or use
    einsum.
across texts: 'bth,bsh->bts' => 'bth,csh->bts'
    The vectors of b are summed over all texts. A letter that both inputs share and the
    result has, b, keeps the texts apart: bth,bsh->bts.
divided by lengths:
- … => return right(a, b) / (a.norm(dim=-1)[:, :, None] * b.norm(dim=-1)[:, None])
    These are cosines: you divide by the lengths of the vectors. The dot product keeps
    them.
averaged (of broadcast): .sum => .mean
    The products are averaged over H. A dot product adds them up.
vectors of the first text (of matrix product): .transpose(-2, -1) => [0].T
    All texts meet the vectors of the first text of b. Text n of a meets text n of b.
axes of size 1 dropped: … => return right(a, b).squeeze()
    An axis of size 1 is gone where there is one text or one vector. Leave squeeze out:
    the result is (B, T, S) for all sizes.
no sign: … => return right(a, b).abs()
    The sign is lost: a dot product may be negative.
divided by the root of H: a, b) => a, b) / a.shape[-1] ** 0.5
    The products are divided by the root of H. That is a later step, of attention
    (chapter 6).
reshaped: … => return a @ b.reshape(b.shape[0], b.shape[2], b.shape[1])
    reshape reads the numbers in the order in which they lie and mixes the vectors of b.
    Its axes must change places: b.transpose(1, 2).
"""

EXERCISE = Exercise(
    id="all-dots",
    chapter=2,
    title="All dot products",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=all_dots,
    accepted={"matrix product": with_product, "broadcast": with_sum},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which letters do the inputs have, which has the result, and which is summed "
        "over?",
        "In einsum, a letter that the result lacks is summed over: here only h.",
        "torch.einsum with bth,bsh and bts, or a matrix product with b's last two "
        "axes swapped.",
    ),
)
