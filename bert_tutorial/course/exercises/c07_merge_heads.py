"""Exercise: put the parts of the heads side by side again.

Chapter: 7
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.model.attention import merge_heads, split_heads

STUB = '''
def merge_heads(x: Tensor) -> Tensor:
    """Put the parts of the heads side by side: (B, A, T, D) -> (B, T, H), H = A * D.

    The reverse of split_heads: the head ((1, 2), (5, 6)) and the head
    ((3, 4), (7, 8)) become the vectors (1, 2, 3, 4) and (5, 6, 7, 8).
    """
    raise NotAttempted
'''


def with_cat(x: Tensor) -> Tensor:
    """Join the heads along the last axis."""
    return torch.cat(list(x.unbind(dim=1)), dim=-1)


def with_flatten(x: Tensor) -> Tensor:
    """Move the heads, flatten two axes."""
    return x.permute(0, 2, 1, 3).flatten(2)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two heads of two numbers, then sizes that are all different."""
    torch.manual_seed(seed)
    small = split_heads(torch.arange(1, 9, dtype=dtype).view(1, 2, 4), 2).contiguous()
    return [
        Case((small,), "two tokens, two heads of two numbers"),
        Case((torch.randn(2, 3, 5, 4, dtype=dtype),), "B=2, A=3, T=5, D=4"),
        Case((torch.randn(3, 1, 7, 2, dtype=dtype),), "one head"),
        Case((torch.randn(1, 3, 1, 2, dtype=dtype),), "one text of one token"),
    ]


def undoes_the_split(answer: object) -> bool:
    """Split and merge gives the vectors back."""
    assert callable(answer)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    return bool(torch.equal(answer(split_heads(x, 3)), x))


MISTAKES = """
reshape only: transpose(1, 2). =>
    The shape is right and the numbers are not: reshape reads (B, A, T, D) in that
    order, so it joins several tokens of one head. Move the heads behind the tokens
    first: transpose(1, 2).
view after transpose: reshape => view
    After transpose the numbers are no longer in order in memory, and view cannot join
    axes. Use reshape, or contiguous() before view.
one number of each head in turn: transpose(1, 2 => permute(0, 2, 3, 1
    The heads are shuffled together, one number of each in turn. Each head's D numbers
    stay together: the order of the axes is (B, T, A, D).
tokens and numbers swapped: 1, 2 => 2, 3
    Axes 2 and 3 are swapped, tokens and numbers. Swap heads and tokens, axes 1 and 2.
all tokens joined: … => return x.transpose(1, 2).flatten(1)
    All tokens of a text became one vector. Join the last two axes only: reshape(B, T, A
    * D), or flatten(2).
summed: … => return x.sum(dim=1)
    The heads are added up, which leaves D numbers a token. Put them side by side: H = A
    * D numbers.
averaged: … => return x.mean(dim=1)
    The heads are averaged, which leaves D numbers a token. Put them side by side: H = A
    * D numbers.
not joined: … => return x.transpose(1, 2)
    The axes are in the right order, (B, T, A, D), and still four. Join the last two:
    reshape(B, T, A * D).
below each other: … => return x.flatten(1, 2)
    The heads stand below each other, as if there were A * T tokens. Each token has one
    vector of A * D numbers.
axes of size 1 dropped: … => return right(x).squeeze()
    An axis of size 1 is gone where there is one text or one token. Leave squeeze out:
    the result is (B, T, H) for all sizes.
first head only: … => return x[:, 0]
    Only the first head is left. Put all A of them side by side: H = A * D numbers.
backwards: return x. => return x.flip(1).
    The heads are in the opposite order. Head 0 has the first D numbers.
tokens last: A * D) => A * D).transpose(1, 2)
    The tokens are the last axis: (B, H, T). The result is (B, T, H).
joined along the texts (of cat): -1 => 0
    The heads are joined along the axis of the texts. Join them along the last axis:
    dim=-1.
"""

EXERCISE = Exercise(
    id="merge-heads",
    chapter=7,
    title="Put the heads side by side",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=merge_heads,
    accepted={"cat": with_cat, "flatten": with_flatten},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "undoes the split",
            "Merging what split_heads has split must give the same vectors back.",
            undoes_the_split,
        ),
    ],
    hints=(
        "split_heads was: cut the last axis, then move the heads forward. Undo the "
        "last step first.",
        "Let heads and tokens change places, (B, T, A, D), then join the last two "
        "axes. After a transpose, view may refuse.",
        "x.transpose(1, 2), followed by reshape(B, T, A * D).",
    ),
)
