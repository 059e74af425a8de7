"""Exercise: give each head its part.

Chapter: 7
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.model.attention import split_heads

STUB = '''
def split_heads(x: Tensor, A: int) -> Tensor:
    """Give each head its part of every vector: (B, T, H) -> (B, A, T, D), D = H / A.

    Head 0 has the first D numbers of each vector, head 1 the next D, and so on: with
    A = 2, the vectors (1, 2, 3, 4) and (5, 6, 7, 8) become the head ((1, 2), (5, 6))
    and the head ((3, 4), (7, 8)).
    """
    raise NotAttempted
'''


def with_chunks(x: Tensor, A: int) -> Tensor:
    """Cut the last axis into A pieces and stack them."""
    return torch.stack(x.chunk(A, dim=-1), dim=1)


def with_permute(x: Tensor, A: int) -> Tensor:
    """Name the order of all axes."""
    B, T, H = x.shape
    return x.reshape(B, T, A, H // A).permute(0, 2, 1, 3)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One text of two tokens, then sizes that are all different."""
    torch.manual_seed(seed)
    small = torch.arange(1, 9, dtype=dtype).view(1, 2, 4)
    return [
        Case((small, 2), "two tokens of four numbers, two heads"),
        Case((torch.randn(2, 5, 12, dtype=dtype), 3), "B=2, T=5, H=12, A=3"),
        Case((torch.randn(3, 7, 10, dtype=dtype), 1), "one head"),
        Case((torch.randn(2, 4, 6, dtype=dtype), 6), "heads of one number"),
        Case((torch.randn(1, 1, 8, dtype=dtype), 4), "one text of one token"),
    ]


def tokens_are_apart(answer: object) -> bool:
    """Change one token: only its row of each head may change."""
    assert callable(answer)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    other = x.clone()
    other[:, 3] += 1
    changed = (answer(x, 3) != answer(other, 3)).any(dim=-1)  # (B, A, T)
    return bool(changed[:, :, 3].all()) and int(changed.sum()) == 2 * 3


MISTAKES = """
view only: view(B, T, A, H // A).transpose(1, 2) => reshape(B, A, T, H // A)
    The shape is right and the numbers are not: a view straight to (B, A, T, D) cuts the
    text, so a head gets whole vectors of some tokens. Cut the last axis first, (B, T,
    A, D), then swap two axes.
heads behind tokens (of permute): .permute(0, 2, 1, 3) =>
    The heads stand behind the tokens: (B, T, A, D). Swap axes 1 and 2, so that the last
    two axes are one head's own matrix (T, D).
dealt out:
- view(B, T, A, H // A).transpose(1, 2) => view(B, T, H // A, A).permute(0, 3, 1, 2)
    The numbers are dealt out like cards: head 0 has numbers 0, A, 2A. A head has
    neighbours: cut H as (A, D), heads first, not as (D, A).
whole vector for each head: … => return x[:, None].expand(-1, A, -1, -1)
    Each head gets the whole vector. The heads share H among them: a head has D = H / A
    numbers.
the same part: … => return x[:, None, :, :x.shape[-1] // A].expand(-1, A, -1, -1)
    All heads get the first D numbers. Head 1 has the next D, and so on.
A and D swapped: view(B, T, A, H // => reshape(B, T, H // A,
    A is the number of heads, and here it became the size of one. The last axis has D =
    H // A numbers.
numbers before tokens: … => return right(x, A).transpose(-2, -1)
    Each head's matrix is turned: (D, T) for (T, D). Only the axes of heads and tokens
    change places.
a list (of chunks):
- torch.stack => list
- , dim=1 =>
    A list of A tensors (B, T, D). Make one tensor of them, with the heads on axis 1:
    torch.stack(..., dim=1).
tokens last: 2 => 3
    The last two axes are numbers and tokens. After the cut, (B, T, A, D), swap axes 1
    and 2 only.
D with /: // => /
    H / A is a float, and a shape needs whole numbers: H // A.
tokens cut: view(B, T, A, H // A).transpose(1, 2 => reshape(B, A, T // A, H
    The tokens are shared out among the heads. Every head sees all T tokens; what is
    shared out are the H numbers of each.
turned before the cut:
- view(B, T, A, H // A).transpose(1, 2) => transpose(1, 2).reshape(B, A, T, H // A)
    Tokens and numbers change places before the cut, so numbers of several tokens stand
    in one row. Cut first, (B, T, A, D), then swap heads and tokens.
axes of size 1 dropped: … => return right(x, A).squeeze()
    An axis of size 1 is gone where there is one text, one head, or one number. Leave
    squeeze out: the result is (B, A, T, D) for all sizes.
heads before texts (of chunks): , dim=1 =>
    The heads stand before the texts: (A, B, T, D). Texts stay in front:
    torch.stack(..., dim=1).
always two: … => return right(x, 2)
    There are two heads whatever A is. Use the argument.
backwards: … => return right(x, A).flip(1)
    The heads are in the opposite order. Head 0 has the first D numbers.
"""

EXERCISE = Exercise(
    id="split-heads",
    chapter=7,
    title="Give each head its part",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=split_heads,
    accepted={"chunks": with_chunks, "permute": with_permute},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "tokens are apart",
            "When one token changes, its row in each head must change, and no other.",
            tokens_are_apart,
        ),
    ],
    hints=(
        "Two steps: one that cuts an axis in two, and one that moves an axis.",
        "View (B, T, H) as (B, T, A, D): the last axis is cut into neighbours. Then "
        "let tokens and heads change places.",
        "x.view(B, T, A, H // A), followed by transpose(1, 2).",
    ),
)
