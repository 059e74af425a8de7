"""Dropout for less.

Drawing the mask of torch's own dropout takes longer on a CPU than a LayerNorm of the
same size. Sixteen random bits decide as well as a float: a draw of 64 bits serves four
numbers.

Chapter: 20
Used from: 12
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["CheapDropout", "cheap_dropout", "cheapen_dropout"]

LEVELS = 2**16


class CheapDropout(nn.Dropout):
    """nn.Dropout, on a CPU with the probability rounded to a multiple of 2**-16.

    What is kept is scaled by the rounded probability, so that the mean is kept
    exactly. Elsewhere, and in eval mode, it is nn.Dropout itself.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Zero each number with probability p, scale the rest by 1 / (1 - p)."""
        dropped = round(self.p * LEVELS)
        is_plain = input.device.type != "cpu" or not 0 < dropped < LEVELS
        if not self.training or is_plain:
            return super().forward(input)
        words = torch.empty(-(-input.numel() // 4), dtype=torch.int64)
        words.random_(-(2**63), None)  # all 64 bits
        bits = words.view(torch.int16)[: input.numel()].view(input.shape)
        is_kept = bits >= dropped - LEVELS // 2
        zero, scale = input.new_zeros(()), input.new_tensor(LEVELS / (LEVELS - dropped))
        return input * torch.where(is_kept, scale, zero)


def cheapen_dropout(model: nn.Module) -> list[tuple[nn.Module, str, nn.Dropout]]:
    """Replace each nn.Dropout inside a model by a CheapDropout of the same share.

    Returns:
        What was replaced: its parent, its name there, and the module itself.
    """
    replaced = []
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Dropout:
                cheap = CheapDropout(child.p, child.inplace)
                setattr(parent, name, cheap.train(child.training))
                replaced.append((parent, name, child))
    return replaced


@contextmanager
def cheap_dropout(model: nn.Module) -> Iterator[None]:
    """Let a model drop cheaply for a while; then its own modules are in place again."""
    replaced = cheapen_dropout(model)
    try:
        yield
    finally:
        for parent, name, own in replaced:
            own.train(getattr(parent, name).training)
            setattr(parent, name, own)
