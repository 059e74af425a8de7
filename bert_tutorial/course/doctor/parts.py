"""A batch taken apart, and the odds of a count.

Chapter: 12
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from bert_tutorial.course.doctor.patient import SpecialIds

__all__ = ["Parts", "is_unlikely"]

CHANCE = 1e-6


def is_unlikely(count: int, number: int, p: float) -> bool:
    """Tell whether a share is further from p than chance allows (Chernoff's bound)."""
    if not number:
        return False
    share = count / number
    divergence = 0.0
    for seen, expected in ((share, p), (1 - share, 1 - p)):
        if seen > 0:
            divergence += seen * math.log(seen / max(expected, 1e-12))
    return number * divergence > math.log(2 / CHANCE)


class Parts:
    """A batch and what the checks ask of it: (B, T) tensors."""

    def __init__(self, batch: Mapping[str, Tensor], ids: SpecialIds) -> None:
        self.ids = ids
        self.read = batch["input_ids"]
        self.labels = batch.get("labels", torch.full_like(self.read, -100))
        self.mask = batch.get("attention_mask")
        self.types = batch.get("token_type_ids")
        self.relation = batch.get("next_sentence_label")
        self.scored = self.labels != -100
        self.true = torch.where(self.scored, self.labels, self.read)
        # [PAD] at the end of a row; one in the middle was swapped in
        is_pad = (self.read == ids.pad) & ~self.scored
        self.tail = is_pad.flip(1).long().cumprod(1).flip(1).bool()
