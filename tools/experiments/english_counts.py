"""How well counts of neighbouring pieces predict a piece: the baseline of a model.

Witten and Bell's estimate mixes what was seen in a context with what a shorter context
says, the more so the more different pieces the context had (Witten and Bell 1991).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bert_tutorial.pretraining.corpus import CorpusData

__all__ = ["counted"]


class Counts:
    """Witten-Bell estimates of a piece from its neighbours, by counting.

    Args:
        table: (N, k) contexts of the training places, the nearest first.
        pieces: (N,) what stands there.
        size: of the vocabulary.
    """

    def __init__(self, table: Tensor, pieces: Tensor, size: int) -> None:
        """Count single pieces, and each longer context with its piece."""
        self.size = size
        self.single = torch.bincount(pieces, minlength=size).double() + 1
        self.levels = []
        context = torch.zeros_like(pieces)
        for column in table.unbind(1):
            context = context * size + column
            seen, counts = (context * size + pieces).unique(return_counts=True)
            owners, kinds = (seen // size).unique(return_counts=True)
            totals = context.unique(return_counts=True)[1]
            self.levels.append((seen, counts, owners, kinds, totals))

    def probabilities(self, table: Tensor, pieces: Tensor) -> Tensor:
        """Give each place's probability of its piece: (M,)."""
        found = self.single[pieces] / self.single.sum()
        context = torch.zeros_like(pieces)
        for column, level in zip(table.unbind(1), self.levels, strict=True):
            seen, counts, owners, kinds, totals = level
            context = context * self.size + column
            count = looked_up(seen, counts, context * self.size + pieces)
            kind = looked_up(owners, kinds, context)
            total = looked_up(owners, totals, context)
            mixed = (count + kind * found) / (total + kind).clamp(min=1)
            found = torch.where(total > 0, mixed, found)
        return found


def looked_up(keys: Tensor, values: Tensor, wanted: Tensor) -> Tensor:
    """Give the value of each wanted key, 0 where it is not among the sorted keys."""
    places = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[places] == wanted, values[places], 0).double()


def neighbours(documents: Sequence[Sequence[Sequence[int]]]) -> tuple[Tensor, Tensor]:
    """Give each piece with those around it in its sentence; 0 stands outside.

    Returns:
        (N, 4) the pieces 1 and 2 places before, and 1 and 2 behind; (N,) the pieces.
    """
    flat = [0, 0]
    for document in documents:
        for sentence in document:
            flat += [*sentence, 0, 0]
    row = torch.tensor(flat)
    places = row.nonzero()[:, 0]
    around = torch.stack([row[places + k] for k in (-1, -2, 1, 2)], dim=1)
    return around, row[places]


def best_mixture(parts: Tensor) -> Tensor:
    """Find the weights (k,) of estimates (M, k) that make the data likeliest: EM."""
    weights = torch.full((parts.shape[1],), 1 / parts.shape[1], dtype=torch.double)
    for _ in range(50):
        shares = parts * weights
        weights = (shares / shares.sum(1, keepdim=True)).mean(0)
    return weights


def counted(
    data: CorpusData, documents: Sequence[Sequence[Sequence[int]]]
) -> dict[str, float]:
    """Give the loss in nats of counts, on each piece of other documents.

    All other pieces are known, as if one was masked at a time. The mixtures' weights
    are fitted on the other half of the pieces.
    """
    size = len(data.tokenizer)
    around, pieces = neighbours(data.training)
    asked, answers = neighbours(documents)
    views = {"left": [0, 1], "right": [2, 3], "both": [0, 2], "both, wider": [2, 0, 1]}
    found = {"single pieces": Counts(around[:, :0], pieces, size)}
    parts = [found["single pieces"].probabilities(asked[:, :0], answers)]
    for columns in views.values():
        counts = Counts(around[:, columns], pieces, size)
        parts.append(counts.probabilities(asked[:, columns], answers))
    table = torch.stack(parts, dim=1)
    halves = torch.arange(len(table)) % 2 == 0

    def loss(columns: Sequence[int]) -> float:
        sums = 0.0
        for half in (halves, ~halves):
            weights = best_mixture(table[~half][:, columns])
            sums -= (table[half][:, columns] @ weights).log().sum().item()
        return round(sums / len(table), 4)

    return {
        "single pieces": loss([0]),
        "two pieces to the left": loss([0, 1]),
        "pieces on both sides": loss([0, 1, 2, 3, 4]),
        "places": len(table),
    }
