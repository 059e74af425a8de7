"""Exercise: a linear layer with a low-rank update.

Chapter: 18
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.labs.low_rank import low_rank_linear

STUB = '''
def low_rank_linear(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    down: Tensor,
    up: Tensor,
    alpha: float,
) -> Tensor:
    """Apply a linear layer whose weight is weight + alpha / r * up @ down.

    x is (..., I), weight (O, I), bias (O,) or None, down (r, I), up (O, r). For
    x = [1.], weight = [[2.]], bias = [3.], down = [[5.]], up = [[7.]] and alpha 2
    the result is [75.].
    """
    raise NotAttempted
'''


def with_matrix(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    down: Tensor,
    up: Tensor,
    alpha: float,
) -> Tensor:
    """Make the whole matrix."""
    return F.linear(x, weight + alpha / down.shape[0] * up @ down, bias)


def by_rule(
    scale: Callable[[Tensor, float], float], base: float = 1.0, bias_in: float = 0.0
) -> Callable[..., Tensor]:
    """Answer with another scale, another share of the base, a bias in the update."""

    def answer(
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        down: Tensor,
        up: Tensor,
        alpha: float,
    ) -> Tensor:
        update = x @ down.T @ up.T
        if bias is not None:
            update = update + bias_in * bias
        return base * F.linear(x, weight, bias) + scale(down, alpha) * update

    return answer


def right_scale(down: Tensor, alpha: float) -> float:
    """Divide by the rank."""
    return alpha / down.shape[0]


def in_place(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    down: Tensor,
    up: Tensor,
    alpha: float,
) -> Tensor:
    """Write the update into the weight."""
    weight += alpha / down.shape[0] * up @ down
    return F.linear(x, weight, bias)


def bias_needed(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    down: Tensor,
    up: Tensor,
    alpha: float,
) -> Tensor:
    """Add the bias in any case."""
    there: Any = bias
    result: Tensor = x @ (weight + alpha / len(down) * up @ down).T + there
    return result


def bias_dropped(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    down: Tensor,
    up: Tensor,
    alpha: float,
) -> Tensor:
    """Forget the bias."""
    return low_rank_linear(x, weight, None, down, up, alpha)


def bias_asked(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    down: Tensor,
    up: Tensor,
    alpha: float,
) -> Tensor:
    """Ask whether the bias is true."""
    return low_rank_linear(x, weight, bias if bias else None, down, up, alpha)


def other_order(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    down: Tensor,
    up: Tensor,
    alpha: float,
) -> Tensor:
    """Multiply the two the wrong way round."""
    return F.linear(x, weight + alpha / len(down) * down @ up, bias)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw layers with sizes that all differ, with and without bias."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    O, I, r = 5, 7, 3  # noqa: E741 - the book's letters
    return [
        Case(
            (draw(2, I), draw(O, I), draw(O), draw(r, I), draw(O, r), 6.0),
            "5 outputs, 7 inputs, rank 3, alpha 6",
        ),
        Case(
            (draw(2, 4, I), draw(O, I), None, draw(2, I), draw(O, 2), 0.5),
            "the same sizes with rank 2, alpha 0.5 and no bias",
        ),
    ]


EXERCISE = Exercise(
    id="low-rank-linear",
    chapter=18,
    title="A linear layer with a low-rank update",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=low_rank_linear,
    accepted={"whole matrix": with_matrix},
    mutants=[
        Mutant(
            "no scale",
            by_rule(lambda down, alpha: 1.0),
            "The update has no scale. It is multiplied by alpha / r.",
        ),
        Mutant(
            "alpha alone",
            by_rule(lambda down, alpha: alpha),
            "The update is multiplied by alpha; divide by the rank, too, so that "
            "another rank does not ask for another learning rate.",
        ),
        Mutant(
            "one over the rank",
            by_rule(lambda down, alpha: 1 / down.shape[0]),
            "alpha is not used. The scale of the update is alpha / r.",
        ),
        Mutant(
            "divided by the inputs",
            by_rule(lambda down, alpha: alpha / down.shape[1]),
            "alpha is divided by the number of inputs. The rank is the first size of "
            "down, len(down).",
        ),
        Mutant(
            "root of the rank",
            by_rule(lambda down, alpha: alpha / math.sqrt(down.shape[0])),
            "alpha is divided by the root of the rank, a later variant; here it is "
            "divided by the rank.",
        ),
        Mutant(
            "update alone",
            by_rule(right_scale, base=0.0),
            "The frozen layer is missing: its output is added to the update.",
        ),
        Mutant(
            "bias twice",
            by_rule(right_scale, bias_in=1.0),
            "The bias is in the update as well. It belongs to the frozen layer only.",
        ),
        Mutant(
            "weight changed",
            in_place,
            "The weight itself was changed, so that a second call adds the update "
            "twice. Leave it as it is and add the two outputs.",
        ),
        Mutant(
            "bias needed",
            bias_needed,
            "bias may be None, and None cannot be added. F.linear takes both.",
        ),
        Mutant(
            "bias dropped",
            bias_dropped,
            "The bias is missing. The frozen layer has it, where it is not None.",
        ),
        Mutant(
            "bias asked for truth",
            bias_asked,
            "A tensor of several numbers is neither true nor false. Ask `bias is "
            "not None`.",
        ),
        Mutant(
            "down @ up",
            other_order,
            "down @ up is (r, r) or does not fit at all. up @ down is (O, I), "
            "like the weight.",
        ),
    ],
    cases=cases,
    hints=(
        "Two roads from x to the output, added: the frozen layer and the update.",
        "The update goes down to r numbers and up again: F.linear twice.",
        "F.linear(x, weight, bias) + alpha / len(down) * F.linear(F.linear(x, down), "
        "up)",
    ),
)
