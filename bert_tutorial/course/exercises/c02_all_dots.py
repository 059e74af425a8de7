"""Exercise: compare every vector of one list with every vector of another.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def turned(a: Tensor, b: Tensor) -> Tensor:
    """Let b run down."""
    return b @ a.transpose(-2, -1)


def all_axes_turned(a: Tensor, b: Tensor) -> Tensor:
    """Turn all axes of b."""
    return a @ b.T


def not_turned(a: Tensor, b: Tensor) -> Tensor:
    """Multiply without turning."""
    return a @ b


def of_pairs(a: Tensor, b: Tensor) -> Tensor:
    """Multiply vectors of equal number only."""
    return (a * b).sum(dim=-1)


def across_texts(a: Tensor, b: Tensor) -> Tensor:
    """Sum over the texts of b."""
    return torch.einsum("bth,csh->bts", a, b)


def normalised(a: Tensor, b: Tensor) -> Tensor:
    """Divide by the lengths of the vectors."""
    lengths = a.norm(dim=-1)[:, :, None] * b.norm(dim=-1)[:, None]
    return all_dots(a, b) / lengths


def averaged(a: Tensor, b: Tensor) -> Tensor:
    """Average instead of adding up."""
    return (a[:, :, None] * b[:, None]).mean(dim=-1)


def b_in_front(a: Tensor, b: Tensor) -> Tensor:
    """Let the rows of b be the first text's."""
    return a @ b[0].T


def squeezed(a: Tensor, b: Tensor) -> Tensor:
    """Drop the axes of size 1."""
    return all_dots(a, b).squeeze()


def magnitude(a: Tensor, b: Tensor) -> Tensor:
    """Lose the sign."""
    return all_dots(a, b).abs()


def scaled(a: Tensor, b: Tensor) -> Tensor:
    """Divide by the root of H, as attention does."""
    return all_dots(a, b) / a.shape[-1] ** 0.5


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


EXERCISE = Exercise(
    id="all-dots",
    chapter=2,
    title="All dot products",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=all_dots,
    accepted={"matrix product": with_product, "broadcast": with_sum},
    mutants=[
        Mutant(
            "turned",
            turned,
            "Rows and columns have changed places: yours is (B, S, T). The vectors of "
            "a run down, those of b across.",
        ),
        Mutant(
            "all axes turned",
            all_axes_turned,
            "b.T turns all three axes. Only the last two change places: "
            "b.transpose(-2, -1), or b.mT.",
        ),
        Mutant(
            "not turned",
            not_turned,
            "a @ b multiplies (T, H) with (S, H), whose inner sizes do not fit. Turn "
            "the second matrix: b.transpose(-2, -1) is (B, H, S).",
        ),
        Mutant(
            "pairs only",
            of_pairs,
            "a * b pairs vector t of a with vector t of b only, where the shapes let "
            "it. Every vector of a meets every vector of b: give a an axis for S and "
            "b one for T, or use einsum.",
        ),
        Mutant(
            "across texts",
            across_texts,
            "The vectors of b are summed over all texts. A letter that both inputs "
            "share and the result has, b, keeps the texts apart: bth,bsh->bts.",
        ),
        Mutant(
            "divided by lengths",
            normalised,
            "These are cosines: you divide by the lengths of the vectors. The dot "
            "product keeps them.",
        ),
        Mutant(
            "averaged",
            averaged,
            "The products are averaged over H. A dot product adds them up.",
        ),
        Mutant(
            "vectors of the first text",
            b_in_front,
            "All texts meet the vectors of the first text of b. Text n of a meets text "
            "n of b.",
        ),
        Mutant(
            "axes of size 1 dropped",
            squeezed,
            "An axis of size 1 is gone where there is one text or one vector. Leave "
            "squeeze out: the result is (B, T, S) for all sizes.",
        ),
        Mutant(
            "no sign",
            magnitude,
            "The sign is lost: a dot product may be negative.",
        ),
        Mutant(
            "divided by the root of H",
            scaled,
            "The products are divided by the root of H. That is a later step, of "
            "attention (chapter 6).",
        ),
    ],
    cases=cases,
    hints=(
        "Which letters do the inputs have, which has the result, and which is summed "
        "over?",
        "In einsum, a letter that the result lacks is summed over: here only h.",
        "torch.einsum with bth,bsh and bts, or a matrix product with b's last two "
        "axes swapped.",
    ),
)
