"""Exercise: rotary positions.

Chapter: 23
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.descendants.attention import rotate

STUB = '''
def rotate(x: Tensor, base: float = 10_000.0) -> Tensor:
    """Rotate pairs of numbers by angles that grow with the position.

    x (..., T, D) holds queries or keys, D is even. Number i is paired with i + D/2,
    for i from 0 to D/2 - 1. At position p, counted from 0, the pair (a, b) becomes
    (a cos t - b sin t, a sin t + b cos t), with t = p / base ** (2 i / D).
    With D = 2 and two positions, (5, 5) and (1, 0) become (5, 5) and (0.540, 0.841):
    the first is not rotated, the second by one radian.
    """
    raise NotAttempted
'''


def with_halves(x: Tensor, base: float = 10_000.0) -> Tensor:
    """Write the angles twice, and the numbers with their halves exchanged."""
    T, D = x.shape[-2:]
    speed = base ** (-2 * torch.arange(D // 2, dtype=x.dtype) / D)
    angle = torch.outer(torch.arange(T, dtype=x.dtype), speed)
    angle = torch.cat([angle, angle], dim=-1)
    first, second = x[..., : D // 2], x[..., D // 2 :]
    exchanged = torch.cat([-second, first], dim=-1)
    return x * angle.cos() + exchanged * angle.sin()


def with_complex(x: Tensor, base: float = 10_000.0) -> Tensor:
    """Take a pair for a complex number, and a turn for a product."""
    T, D = x.shape[-2:]
    half = torch.arange(D // 2, dtype=x.dtype)
    angle = torch.arange(T, dtype=x.dtype)[:, None] * base ** (-2 * half / D)
    pairs = torch.complex(x[..., : D // 2].contiguous(), x[..., D // 2 :].contiguous())
    turned = pairs * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([turned.real, turned.imag], dim=-1)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The docstring's, one head, four axes that all differ, and other bases."""
    torch.manual_seed(seed)
    small = torch.tensor([[5.0, 5.0], [1.0, 0.0]], dtype=dtype)
    head, heads = torch.randn(7, 6, dtype=dtype), torch.randn(2, 3, 5, 8, dtype=dtype)
    return [
        Case((small,), "D = 2, two positions"),
        Case((head,), "one head, D = 6, 7 positions"),
        Case((heads,), "B, A, T, D = 2, 3, 5, 8"),
        Case((heads, 50.0), "the same with base 50"),
        Case((head, 160_000.0), "one head with base 160,000"),
    ]


MISTAKES = """
neighbours as pairs:
- first, second = x.chunk(2, dim=-1) => first, second = (x[..., 0::2], x[..., 1::2])
- torch.cat([turned_first, turned_second], dim=-1) =>
| torch.stack([turned_first, turned_second], dim=-1).flatten(-2)
    You paired each number with its neighbour. Here number i goes with number i + D/2:
    split the vector into two halves.
neighbours in, halves out:
- first, second = x.chunk(2, dim=-1) => first, second = (x[..., 0::2], x[..., 1::2])
    The pairs were taken from neighbours and put back as halves. Take them from the two
    halves as well.
positions from 1: position = torch.arange(T, => position = torch.arange(1, T + 1,
    The first position was turned. Positions count from 0, and at 0 nothing turns.
turned the other way:
- angle.cos() - second => angle.cos() + second
- first * angle.sin() + => -first * angle.sin() +
    You turned in the other direction. The first number gets minus b sin t, the second
    plus a sin t.
no rotation: angle.cos() - second => angle.cos() + second
    Both signs are plus, so this is no rotation and lengths change. The first number
    gets minus b sin t.
sine and cosine exchanged:
- first * angle.cos() - second * angle.sin() =>
| first * angle.sin() - second * angle.cos()
- first * angle.sin() + second * angle.cos() =>
| first * angle.cos() + second * angle.sin()
    Sine and cosine are exchanged. At position 0 the sine is 0 and the cosine 1, so that
    nothing changes there.
half the exponent: base ** (pair / D) => base ** (pair / 2 / D)
    The exponent is i / D, half of what it should be: pair i has 2 i / D.
exponents counted in pairs: base ** (pair / D) => base ** (2 * pair / D)
    The exponent is twice too large. Count the pairs 0, 1, ..., D/2 - 1 and double, or
    the numbers 0, 2, ..., D - 2 and do not.
always 10,000: base ** (pair / D) => 10000.0 ** (pair / D)
    The base is always 10,000, whatever is asked for. Use the argument.
all at one speed: base ** (pair / D) => base ** (0 * pair / D)
    All pairs turn at the same speed. Only pair 0 turns by p; the others are slower by
    base ** (2 i / D).
faster instead of slower:
- position[:, None] / base ** (pair / D) => position[:, None] * base ** (pair / D)
    The later pairs turn faster instead of slower. Divide p by the power of the base.
degrees: base ** (pair / D) => base ** (pair / D) * torch.pi / 180
    The angle was taken for degrees. torch's sine and cosine want radians, and t is in
    radians already.
halves joined the wrong way:
- [turned_first, turned_second] => [turned_second, turned_first]
    The two halves are joined in the wrong order: the first numbers of the pairs come
    first.
heads as positions: … => if x.dim() < 3:
|         return right(x, base)
|     return right(x.transpose(-2, -3), base).transpose(-2, -3)
    The angle grows with the head instead of the position. Positions are the last axis
    but one.
added: … => ones = torch.ones_like(x)
|     ones[..., :x.shape[-1] // 2] = 0.0
|     return x + right(ones, base)
    Sines and cosines were added to the vector. A rotation multiplies: see the formula
    for a pair.
positions from the end: angle = position[:, None] => angle = position.flip(0)[:, None]
    The positions run backwards: the last one was not turned. Count from the first.
first half overwritten: first * angle.sin() => turned_first * angle.sin()
    The second half is turned with a first half that is turned already. Keep the old
    numbers until both are done.
whole numbers as float32:
- pair = torch.arange(0, D, 2, dtype=x.dtype, => pair = torch.arange(0, D, 2,
- position = torch.arange(T, dtype=x.dtype, => position = torch.arange(T,
    The angles are made in torch's usual 32 bits. Give arange the dtype of x.
"""

EXERCISE = Exercise(
    id="rotate",
    chapter=23,
    title="Rotary positions",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=rotate,
    accepted={"halves": with_halves, "complex numbers": with_complex},
    mutants=mistakes(MISTAKES),
    cases=cases,
    waived={
        "torch.arange(0, D, 2, dtype= ... => torch.arange(0, D, 2, dtype= ...": (
            "the checks run on one device, and whole numbers divide to the same"
        ),
        "torch.arange(T, dtype=x.dtyp ... => torch.arange(T, device=x.device)": (
            "whole numbers divide to the same angles"
        ),
        "torch.arange(T, dtype=x.dtyp ... => torch.arange(T, dtype=x.dtype)": (
            "the checks run on one device"
        ),
    },
    hints=(
        "How many angles are there? One for each position and pair: (T, D/2).",
        "first, second = x.chunk(2, dim=-1), and angle = torch.arange(T)[:, None] / "
        "base ** (torch.arange(0, D, 2) / D).",
        "torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1).",
    ),
)
