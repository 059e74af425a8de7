"""Exercise: a linear layer with a low-rank update.

Chapter: 18
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
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


def both_learn(answer: Any) -> bool:
    """Look for a gradient at the two thin matrices."""
    torch.manual_seed(18)
    x, weight, down, up = (torch.randn(*s) for s in ((2, 4), (3, 4), (2, 4), (3, 2)))
    thin = down.requires_grad_(), up.requires_grad_()
    answer(x, weight, None, *thin, 2.0).sum().backward()
    return all(one.grad is not None and bool(one.grad.any()) for one in thin)


MISTAKES = """
no scale: alpha / len(down) * update => update
    The update has no scale. It is multiplied by alpha / r.
alpha alone: alpha / len(down) => alpha
    The update is multiplied by alpha; divide by the rank, too, so that another rank
    does not ask for another learning rate.
one over the rank: alpha / => 1 /
    alpha is not used. The scale of the update is alpha / r.
divided by the inputs: len(down) => down.shape[1]
    alpha is divided by the number of inputs. The rank is the first size of down,
    len(down).
root of the rank: len(down) => math.sqrt(len(down))
    alpha is divided by the root of the rank, a later variant; here it is divided by the
    rank.
update alone: F.linear(x, weight, bias) + =>
    The frozen layer is missing: its output is added to the update.
bias twice: F.linear(F.linear(x, down), up) => F.linear(F.linear(x, down), up, bias)
    The bias is in the update as well. It belongs to the frozen layer only.
weight changed: … => weight += alpha / len(down) * up @ down
|     return F.linear(x, weight, bias)
    The weight itself was changed, so that a second call adds the update twice. Leave it
    as it is and add the two outputs.
bias needed: F.linear(x, weight, bias) => F.linear(x, weight) + bias
    bias may be None, and None cannot be added. F.linear takes both.
bias dropped: F.linear(x, weight, bias) => F.linear(x, weight)
    The bias is missing. The frozen layer has it, where it is not None.
bias asked for truth: weight, bias) => weight, bias if bias else None)
    A tensor of several numbers is neither true nor false. Ask `bias is not None`.
down @ up: … => return F.linear(x, weight + alpha / len(down) * down @ up, bias)
    down @ up is (r, r) or does not fit at all. up @ down is (O, I), like the weight.
thin matrices cut off: F.linear(F.linear(x, down), up) =>
| F.linear(F.linear(x, down), up).detach()
    The update is detached, so that down and up never learn. They are what is trained.
whole numbers only: alpha / len(down) => alpha // len(down)
    // rounds alpha / r down, to 0 where the rank is larger. Divide with /.
"""

EXERCISE = Exercise(
    id="low-rank-linear",
    chapter=18,
    title="A linear layer with a low-rank update",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=low_rank_linear,
    accepted={"whole matrix": with_matrix},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "down and up learn",
            "a loss on the result must give a gradient to both thin matrices.",
            both_learn,
        ),
    ],
    hints=(
        "Two roads from x to the output, added: the frozen layer and the update.",
        "The update goes down to r numbers and up again: F.linear twice.",
        "F.linear(x, weight, bias) + alpha / len(down) * F.linear(F.linear(x, down), "
        "up)",
    ),
)
