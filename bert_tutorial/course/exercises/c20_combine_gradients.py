"""Exercise: one update from the gradients of several parts.

Chapter: 20
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def clipped(gradient: Tensor, limit: float) -> Tensor:
    """Shorten to a norm."""
    norm = float(gradient.norm())
    return gradient * (limit / norm) if norm > limit else gradient


def mean_of_means(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Weigh all parts alike."""
    return clipped(gradients.mean(dim=0) / scale, limit)


def not_divided(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Add the parts up as they are."""
    return clipped(gradients.sum(dim=0) / scale, limit)


def sum_of_positions(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Weigh by counts, and do not divide by their sum."""
    return clipped((counts[:, None] * gradients).sum(dim=0) / scale, limit)


def clipped_before_unscaling(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Clip what is still scaled."""
    return (
        clipped((counts[:, None] * gradients).sum(dim=0) / counts.sum(), limit) / scale
    )


def each_clipped(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Clip the parts instead of the whole."""
    parts = torch.stack([clipped(one / scale, limit) for one in gradients])
    return (counts[:, None] * parts).sum(dim=0) / counts.sum()


def still_scaled(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Forget the scale."""
    return clipped((counts[:, None] * gradients).sum(dim=0) / counts.sum(), limit)


def not_clipped(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Leave the clipping out."""
    return (counts[:, None] * gradients).sum(dim=0) / counts.sum() / scale


def always_the_limit(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Stretch short gradients, too."""
    gradient = not_clipped(gradients, counts, scale, limit)
    return gradient * limit / gradient.norm()


def each_number(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Clip each number instead of the norm."""
    return not_clipped(gradients, counts, scale, limit).clamp(-limit, limit)


def zero_norm(gradients: Tensor, counts: Tensor, scale: float, limit: float) -> Tensor:
    """Divide by the norm in any case."""
    gradient = not_clipped(gradients, counts, scale, limit)
    return gradient * min(1.0, limit / float(gradient.norm()))


def other_norm(gradients: Tensor, counts: Tensor, scale: float, limit: float) -> Tensor:
    """Take the sum of the sizes for the norm."""
    gradient = not_clipped(gradients, counts, scale, limit)
    norm = float(gradient.abs().sum())
    return gradient * (limit / norm) if norm > limit else gradient


def largest_number(
    gradients: Tensor, counts: Tensor, scale: float, limit: float
) -> Tensor:
    """Take the largest number for the norm."""
    gradient = not_clipped(gradients, counts, scale, limit)
    norm = float(gradient.abs().max())
    return gradient * (limit / norm) if norm > limit else gradient


def multiplied(gradients: Tensor, counts: Tensor, scale: float, limit: float) -> Tensor:
    """Scale up once more."""
    return clipped(not_clipped(gradients, counts, 1 / scale, limit), limit)


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


EXERCISE = Exercise(
    id="combine-gradients",
    chapter=20,
    title="One update from several parts",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=combine_gradients,
    accepted={"product": with_product, "shares": with_shares},
    mutants=[
        Mutant(
            "mean of means",
            mean_of_means,
            "All parts weigh the same, so a position in a part with few counts "
            "for more. Weight each part by its fraction of the positions.",
        ),
        Mutant(
            "loss not divided",
            not_divided,
            "The parts are added up as they are, so that the update grows with their "
            "number. Weight each by its fraction of the positions.",
        ),
        Mutant(
            "not divided by the positions",
            sum_of_positions,
            "This is the gradient of the sum over all positions. Divide by the sum of "
            "the counts.",
        ),
        Mutant(
            "clipped before unscaling",
            clipped_before_unscaling,
            "You compared the scaled gradient with the limit. Divide by the scale "
            "first, then clip.",
        ),
        Mutant(
            "each part clipped",
            each_clipped,
            "Each part was clipped. The limit is for the gradient of the whole batch: "
            "add up first, then clip once.",
        ),
        Mutant(
            "still scaled",
            still_scaled,
            "The scale is still in it. Divide by it before you clip.",
        ),
        Mutant(
            "not clipped",
            not_clipped,
            "A gradient longer than the limit must be shortened to the limit.",
        ),
        Mutant(
            "always as long as the limit",
            always_the_limit,
            "A gradient shorter than the limit stays as it is: clipping never "
            "stretches.",
        ),
        Mutant(
            "each number clipped",
            each_number,
            "You limited each number. The norm of the whole is limited; the direction "
            "stays.",
        ),
        Mutant(
            "a gradient of 0",
            zero_norm,
            "Where the gradient is 0 you divide by its norm, 0. Clip only if the "
            "norm is above the limit.",
        ),
        Mutant(
            "sum of sizes",
            other_norm,
            "You compare the sum of the sizes with the limit. The norm is the "
            "root of the sum of squares: gradient.norm().",
        ),
        Mutant(
            "largest number",
            largest_number,
            "You compare the largest number with the limit. The norm is the root "
            "of the sum of squares: gradient.norm().",
        ),
        Mutant(
            "scaled once more",
            multiplied,
            "You multiply by the scale. The loss was multiplied by it: divide.",
        ),
    ],
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
