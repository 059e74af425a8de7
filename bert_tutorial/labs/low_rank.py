"""Fine-tuning with few numbers: a low-rank update beside a frozen matrix.

Chapter: 18
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.checkpoint import PreTrained

__all__ = ["LowRankLinear", "add_low_rank", "low_rank_linear", "merge_low_rank"]


def low_rank_linear(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    down: Tensor,
    up: Tensor,
    alpha: float,
) -> Tensor:
    """Apply a linear layer and its low-rank update (Hu et al. 2021, section 4.1).

    The same as a layer with the weight `weight + alpha / r * up @ down`, without
    making that matrix.

    Args:
        x: (..., I)
        weight: (O, I), kept as it is.
        bias: (O,) or None.
        down: (r, I)
        up: (O, r)
        alpha: scale of the update; divided by the rank r.

    Returns:
        (..., O)
    """
    update = F.linear(F.linear(x, down), up)
    return F.linear(x, weight, bias) + alpha / len(down) * update


class LowRankLinear(nn.Module):
    """A frozen linear layer with a trainable update of low rank."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        """Freeze the layer; the update starts at zero, since `up` does."""
        super().__init__()
        if not 1 <= rank <= min(base.weight.shape):
            raise ValueError(
                f"rank must be from 1 to {min(base.weight.shape)}, got {rank}"
            )
        self.base = base.requires_grad_(False)
        self.alpha = alpha
        self.down = nn.Parameter(base.weight.new_empty(rank, base.in_features))
        self.up = nn.Parameter(base.weight.new_zeros(base.out_features, rank))
        nn.init.normal_(self.down, std=base.in_features**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., I) to (..., O)."""
        return low_rank_linear(
            x, self.base.weight, self.base.bias, self.down, self.up, self.alpha
        )

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Give one plain layer that does the same."""
        self.base.weight.add_(self.up @ self.down, alpha=self.alpha / len(self.down))
        return self.base.requires_grad_(True)


def add_low_rank(
    model: PreTrained,
    rank: int = 4,
    alpha: float = 8.0,
    names: tuple[str, ...] = ("query", "value"),
) -> list[nn.Parameter]:
    """Freeze a task model's encoder and add updates to its attention, in place.

    Args:
        model: with a part `bert`; its head stays trainable.
        rank: r of each update.
        alpha: scale of each update.
        names: which of the layers query, key, value and output get one.

    Returns:
        The parameters that are still to be trained.
    """
    encoder = model.get_submodule("bert")
    encoder.requires_grad_(False)
    for path, part in list(encoder.named_modules()):
        parent, _, name = path.rpartition(".")
        if name in names and isinstance(part, nn.Linear):
            owner = encoder.get_submodule(parent)
            setattr(owner, name, LowRankLinear(part, rank, alpha))
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def merge_low_rank(model: PreTrained) -> None:
    """Put plain layers in the place of all updates, in place; all can learn again."""
    for path, part in list(model.named_modules()):
        if isinstance(part, LowRankLinear):
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, part.merged())
    model.requires_grad_(True)
