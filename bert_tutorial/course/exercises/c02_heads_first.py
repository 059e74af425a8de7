"""Exercise: cut the numbers of each vector into parts and bring the parts forward.

Chapter: 2
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def heads_first(x: Tensor, A: int) -> Tensor:
    """Cut each vector into A parts and bring the parts forward: (T, H) -> (A, T, D).

    D = H / A. Entry [a, t, d] is x[t, a * D + d]: (0, 1, 2, 3) and (4, 5, 6, 7) in two
    parts give ((0, 1), (4, 5)) and ((2, 3), (6, 7)).
    """
    raise NotAttempted
'''


def heads_first(x: Tensor, A: int) -> Tensor:
    """Cut each vector into A parts and bring the parts forward."""
    T, H = x.shape
    return x.view(T, A, H // A).transpose(0, 1)


def with_stack(x: Tensor, A: int) -> Tensor:
    """Cut columns, and stack them."""
    return torch.stack(x.chunk(A, dim=1))


def view_only(x: Tensor, A: int) -> Tensor:
    """View straight as the wanted shape."""
    T, H = x.shape
    return x.reshape(A, T, H // A)


def tokens_first(x: Tensor, A: int) -> Tensor:
    """Cut, and stop there."""
    T, H = x.shape
    return x.reshape(T, A, H // A)


def dealt_out(x: Tensor, A: int) -> Tensor:
    """Give part a the numbers a, a + A, a + 2 A."""
    T, H = x.shape
    return x.reshape(T, H // A, A).permute(2, 0, 1)


def turned(x: Tensor, A: int) -> Tensor:
    """Swap the wrong two axes afterwards."""
    return heads_first(x, A).transpose(1, 2)


def sizes_swapped(x: Tensor, A: int) -> Tensor:
    """Make H / A parts of A numbers."""
    T, H = x.shape
    return x.reshape(T, H // A, A).transpose(0, 1)


def a_list(x: Tensor, A: int) -> list[Tensor]:
    """Leave the parts in a list."""
    return list(x.chunk(A, dim=1))


def tokens_cut(x: Tensor, A: int) -> Tensor:
    """Cut the tokens."""
    return torch.stack(x.chunk(A, dim=0))


def size_of_a_part(x: Tensor, A: int) -> Tensor:
    """Take A for the size of a part."""
    return torch.stack(x.split(A, dim=1))


def true_division(x: Tensor, A: int) -> Tensor:
    """Divide with /."""
    T, H = x.shape
    return x.view(T, A, H / A).transpose(0, 1)  # type: ignore[no-any-return,call-overload]


def squeezed(x: Tensor, A: int) -> Tensor:
    """Drop the axes of size 1."""
    return heads_first(x, A).squeeze()


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two vectors of four numbers, then sizes that are all different."""
    torch.manual_seed(seed)
    return [
        Case(
            (torch.arange(8, dtype=dtype).view(2, 4), 2),
            "two vectors of four numbers, two parts",
        ),
        Case((torch.randn(5, 6, dtype=dtype), 3), "T=5, H=6, A=3"),
        Case((torch.randn(3, 10, dtype=dtype), 2), "T=3, H=10, A=2"),
        Case((torch.randn(4, 4, dtype=dtype), 1), "T=4, H=4, one part"),
        Case((torch.randn(1, 6, dtype=dtype), 6), "one token, parts of one number"),
    ]


EXERCISE = Exercise(
    id="heads-first",
    chapter=2,
    title="Cut an axis, move a part",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=heads_first,
    accepted={"stack": with_stack},
    mutants=[
        Mutant(
            "view only",
            view_only,
            "The shape is right and the numbers are not. A view never moves a number: "
            "it reads the same row of memory with other line breaks, so part 0 got "
            "whole vectors of the first tokens. Cut (T, A, D) first, then swap the "
            "first two axes.",
        ),
        Mutant(
            "tokens in front",
            tokens_first,
            "The vectors are cut, but the tokens still stand in front: (T, A, D). "
            "Swap the first two axes.",
        ),
        Mutant(
            "dealt out",
            dealt_out,
            "The numbers are dealt out like cards: part 0 has the numbers 0, A, 2A. A "
            "part has neighbours: a * D + d. Cut H as (A, D), not as (D, A).",
        ),
        Mutant(
            "axes -1 and -2",
            turned,
            "The last two axes are swapped: (A, D, T). Only tokens and parts change "
            "places.",
        ),
        Mutant(
            "A and D swapped",
            sizes_swapped,
            "You made H / A parts of A numbers. A is the number of parts; each has H "
            "// A numbers.",
        ),
        Mutant(
            "a list",
            a_list,
            "A list of A parts (T, D). Make one tensor of them: torch.stack puts the "
            "parts in front.",
        ),
        Mutant(
            "tokens cut",
            tokens_cut,
            "The tokens are cut, not their vectors. Every part holds all T tokens: cut "
            "the last axis.",
        ),
        Mutant(
            "A as the size",
            size_of_a_part,
            "You made H / A parts of A numbers. A is the number of parts; each has H "
            "// A numbers.",
        ),
        Mutant(
            "D with /",
            true_division,
            "H / A is a float, and a shape needs whole numbers: H // A.",
        ),
        Mutant(
            "axes of size 1 dropped",
            squeezed,
            "An axis of size 1 is gone where there is one part or one token. Leave "
            "squeeze out: the result is (A, T, D) for all sizes.",
        ),
    ],
    cases=cases,
    hints=(
        "Two steps: one cuts an axis in two, one swaps two axes.",
        "view(T, A, D) cuts the last axis into neighbours. Which axis must be in "
        "front?",
        "x.view(T, A, H // A), then transpose the first two axes.",
    ),
)
