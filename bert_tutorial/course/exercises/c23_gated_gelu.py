"""Exercise: a gate in the feed-forward part.

Chapter: 23
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.descendants.layers import gated_gelu

STUB = '''
def gated_gelu(x: Tensor) -> Tensor:
    """Multiply GELU of the first half by the second half: (..., 2 I) -> (..., I).

    GELU is the exact one of chapter 8. The halves are those of the last axis.
    (1, 2, 10, 100) becomes (8.41, 195.45): GELU of 1 is 0.841, of 2 it is 1.954.
    """
    raise NotAttempted
'''


def with_slices(x: Tensor) -> Tensor:
    """Cut by hand, and write GELU out."""
    inner = x.shape[-1] // 2
    first = x[..., :inner]
    return 0.5 * first * (1 + torch.erf(first / 2**0.5)) * x[..., inner:]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The docstring's, and a batch whose axes are all even."""
    torch.manual_seed(seed)
    small = torch.tensor([1.0, 2.0, 10.0, 100.0], dtype=dtype)
    return [
        Case((small,), "I = 2"),
        Case((torch.randn(2, 4, 6, dtype=dtype),), "two texts of four tokens, I = 3"),
        Case((torch.randn(4, 2, dtype=dtype),), "four tokens, I = 1"),
    ]


MISTAKES = """
halves exchanged: first, gate = => gate, first =
    GELU was applied to the second half. It belongs to the first; the second is the
    gate.
GELU on both: F.gelu(first) * gate => F.gelu(first) * F.gelu(gate)
    Both halves went through GELU. The second half is the gate and stays as it is.
GELU of the product: F.gelu(first) * gate => F.gelu(first * gate)
    GELU was applied to the product. Apply it to the first half, then multiply.
no GELU: F.gelu(first) * gate => first * gate
    There is no GELU. Apply it to the first half before you multiply.
a sigmoid: F.gelu(first) * gate => torch.sigmoid(first) * gate
    This is GLU, the gate with a sigmoid. Here the first half goes through GELU.
SiLU: F.gelu(first) * gate => F.silu(first) * gate
    This is SwiGLU, with SiLU for GELU. Use F.gelu.
ReLU: F.gelu(first) * gate => F.relu(first) * gate
    This is ReGLU, with ReLU for GELU. Use F.gelu.
the tanh form: F.gelu(first) => F.gelu(first, approximate='tanh')
    This is the tanh form of GELU, which differs by up to 5e-4. Use the exact one,
    F.gelu without more arguments.
added: F.gelu(first) * gate => F.gelu(first) + gate
    The halves were added. A gate multiplies.
every second number:
- first, gate = x.chunk(2, dim=-1) => first, gate = (x[..., 0::2], x[..., 1::2])
    You took every second number. The halves lie side by side: the first I numbers, then
    the other I.
halves of another axis: dim=-1 => dim=0
    You cut another axis in half. The halves are those of the last axis.
the gate forgotten: F.gelu(first) * gate => F.gelu(first)
    The second half is not used. Multiply by it.
torch's gate: … => return F.glu(x, dim=-1)
    F.glu multiplies the first half by the sigmoid of the second. Here it is GELU of the
    first half times the second.
GELU by a sigmoid: F.gelu(first) => first * torch.sigmoid(1.702 * first)
    x times the sigmoid of 1.702 x is only near GELU. F.gelu gives the exact one.
"""

EXERCISE = Exercise(
    id="gated-gelu",
    chapter=23,
    title="A gate in the feed-forward part",
    difficulty=1,
    minutes=6,
    stub=STUB,
    solution=gated_gelu,
    accepted={"slices": with_slices},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which I numbers go through GELU, and which stay as they are?",
        "first, gate = x.chunk(2, dim=-1)",
        "F.gelu(first) * gate",
    ),
)
