"""The lab's model: BERT with learned positions, with sinusoids, or without any.

Chapter: 13
"""

import math

import torch
from torch import Tensor

from bert_tutorial.objectives import BertForPreTraining
from bert_tutorial.variants import LabRecipe

__all__ = ["lab_model", "sine_positions"]


def sine_positions(P: int, H: int) -> Tensor:
    """Compute fixed positions (Vaswani et al. 2017, section 3.5).

    Column 2 i of row p is sin(p / 10000^(2 i / H)), column 2 i + 1 its cosine.

    Args:
        P: number of positions.
        H: their size, even.

    Returns:
        (P, H), values from -1 to 1, mean square 1/2 in each row.

    Raises:
        ValueError: H is odd.
    """
    if H % 2:
        raise ValueError(f"H must be even, a sine and a cosine each, got {H}")
    places = torch.arange(P, dtype=torch.float64)[:, None]
    slowness = 10_000.0 ** (torch.arange(0, H, 2, dtype=torch.float64) / H)  # (H/2,)
    angles = places / slowness  # (P, H/2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).float()


def lab_model(recipe: LabRecipe, vocab_size: int) -> BertForPreTraining:
    """Make the model; positions that are fixed get no gradient.

    The recipe's seed decides the initial weights.
    """
    torch.manual_seed(recipe.seed)
    model = BertForPreTraining(recipe.config(vocab_size))
    table = model.bert.embeddings.position_embeddings.weight
    if recipe.positions == "learned":
        return model
    table.requires_grad_(False)
    if recipe.positions == "none":
        table.zero_()
    else:
        scale = recipe.position_initializer_range * math.sqrt(2)
        table.copy_(scale * sine_positions(*table.shape))
    return model
