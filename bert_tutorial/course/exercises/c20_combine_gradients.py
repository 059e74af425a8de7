"""Exercise: one update from the gradients of several parts.

Chapter: 20
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def combine_gradients(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Give the gradient for one update from N parts: (N, P), (N) -> (P).

    gradients[n] belongs to the mean loss over the counts[n] hidden positions of part n,
    and that loss was multiplied by `scale` before backward. Give the gradient of the
    mean over all positions, unscaled; if its norm is above `limit`, shorten it to that.
    Gradients (0, 16) and (16, 0), counts (1, 3), scale 8, limit 10: (1.5, 0.5).
    """
    raise NotAttempted
'''


def combine_gradients(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Weigh by counts, take the scale out, and clip what came of it."""
    gradient = (counts[:, None] * gradients).sum(dim=0) / counts.sum() / scale
    norm = float(gradient.norm())
    return gradient * (limit / norm) if norm > limit else gradient


def with_shares(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Weight each part by its fraction of the positions."""
    shares = counts / counts.sum()
    gradient = (shares[:, None] * gradients / scale).sum(dim=0)
    return gradient * (limit / gradient.norm()).clamp(max=1.0)


def with_product(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Use a matrix product, and a branch."""
    gradient = counts.to(gradients.dtype) @ (gradients / scale) / counts.sum()
    norm = gradient.norm()
    return gradient * limit / norm if norm > limit else gradient


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """A short gradient, a long one, and parts that are longer than the whole."""
    torch.manual_seed(seed)
    small = torch.tensor([[0.0, 16.0], [16.0, 0.0]], dtype=dtype)
    some = 1024 * torch.randn(3, 5, dtype=dtype)
    apart = torch.tensor([[24.0, 3.0, 0.0], [-24.0, 6.0, 2.0]], dtype=dtype)
    return [
        Case((small, torch.tensor([1, 3]), 8.0, 10.0), "two parts, 1 and 3 positions"),
        Case(
            (some, torch.tensor([19, 2, 7]), 1024.0, 0.5),
            "three parts, and a gradient longer than the limit",
        ),
        Case(
            (apart, torch.tensor([5, 3]), 2.0, 4.5),
            "two parts that nearly cancel each other",
        ),
        Case((some, torch.tensor([4, 9, 3]), 1.0, 1e6), "a scale of 1, a high limit"),
        Case(
            (torch.stack([apart[0], -apart[0]]), torch.tensor([2, 2]), 8.0, 1.0),
            "two parts that cancel each other: the gradient is 0",
        ),
        Case((apart, torch.tensor([0, 3]), 4.0, 0.25), "a part without positions"),
        Case((some[:1], torch.tensor([3]), 4.0, 2.0), "one part"),
        Case((apart, torch.tensor([5, 3]), 2.0, 1e6), "a scale of 2, a high limit"),
    ]


MISTAKES = """
mean of means:
- (counts[:, None] * gradients).sum(dim=0) / counts.sum() => gradients.mean(dim=0)
    All parts weigh the same, so a position in a part with few counts for more. Weight
    each part by its fraction of the positions.
loss not divided:
- (counts[:, None] * gradients).sum(dim=0) / counts.sum() => gradients.sum(dim=0)
    The parts are added up as they are, so that the update grows with their number.
    Weight each by its fraction of the positions.
not divided by the positions: / counts.sum() =>
    This is the gradient of the sum over all positions. Divide by the sum of the counts.
clipped before unscaling:
- / counts.sum() / scale => / counts.sum()
- return gradient * (limit / norm) if norm > limit else gradient =>
| return (gradient * (limit / norm) if norm > limit else gradient) / scale
    You compared the scaled gradient with the limit. Divide by the scale first, then
    clip.
each part clipped: … => norms = gradients.norm(dim=1, keepdim=True) / scale
|     parts = gradients / scale * (limit / norms.clamp(min=limit))
|     return (counts[:, None] * parts).sum(dim=0) / counts.sum()
    Each part was clipped. The limit is for the gradient of the whole batch: add up
    first, then clip once.
still scaled: / scale =>
    The scale is still in it. Divide by it before you clip.
not clipped: return … => return gradient
    A gradient longer than the limit must be shortened to the limit.
always as long as the limit: return … => return gradient * limit / gradient.norm()
    A gradient shorter than the limit stays as it is: clipping never stretches.
each number clipped: return … => return gradient.clamp(-limit, limit)
    You limited each number. The norm of the whole is limited; the direction stays.
a gradient of 0: return … => return gradient * min(1.0, limit / norm)
    Where the gradient is 0 you divide by its norm, 0. Clip only if the norm is above
    the limit.
sum of sizes: gradient.norm() => gradient.abs().sum()
    You compare the sum of the sizes with the limit. The norm is the root of the sum of
    squares: gradient.norm().
largest number: gradient.norm() => gradient.abs().max()
    You compare the largest number with the limit. The norm is the root of the sum of
    squares: gradient.norm().
scaled once more: / scale => * scale
    You multiply by the scale. The loss was multiplied by it: divide.
"""

EXERCISE = Exercise(
    id="combine-gradients",
    chapter=20,
    title="One update from several parts",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=combine_gradients,
    accepted={"product": with_product, "shares": with_shares},
    mutants=mistakes(MISTAKES),
    cases=cases,
    tolerance=1e-5,  # shares of whole counts are float32, counts / counts.sum()
    waived={
        "float(gradient.norm()) => gradient.norm()": (
            "a tensor of one number counts as a number"
        ),
        "norm > limit => norm >= limit": ("at the limit itself the factor is 1"),
    },
    hints=(
        "Three things happen, in this order: weight, unscale, clip.",
        "The weight of a part is counts[n] / counts.sum(). Clipping multiplies by "
        "limit / norm if the norm is above the limit.",
        "(counts[:, None] * gradients).sum(dim=0) / counts.sum() / scale, then its "
        "norm.",
    ),
)
