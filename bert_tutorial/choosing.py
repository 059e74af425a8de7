"""Choose a fixed number of pieces of each sequence, or whole words of it.

Chapter: 10
"""

import torch
from torch import Tensor

__all__ = ["choose_exactly", "find_first_pieces"]


def find_first_pieces(is_candidate: Tensor, is_continuation: Tensor) -> Tensor:
    """Find where each piece's word begins: pieces with ## belong to the one before.

    Args:
        is_candidate: (B, T) bool; pieces that may be chosen.
        is_continuation: (B, T) bool; pieces with ##.

    Returns:
        (B, T) position of the first piece of the word; meaningless at pieces that are
        no candidates.
    """
    positions = torch.arange(is_candidate.shape[1]).expand(is_candidate.shape)
    is_first = is_candidate & ~is_continuation
    return positions.masked_fill(~is_first, 0).cummax(dim=1).values


def choose_exactly(
    is_candidate: Tensor,
    lengths: Tensor,
    *,
    generator: torch.Generator,
    mlm_probability: float = 0.15,
    max_predictions: int = 20,
    first_pieces: Tensor | None = None,
) -> Tensor:
    """Choose as many pieces a sequence as BERT's published code does.

    That is min(max_predictions, max(1, round(0.15 * length))), where the length counts
    [CLS] and [SEP]; the paper's "15 % of the positions" leaves these details open.

    Args:
        is_candidate: (B, T) bool; pieces that may be chosen.
        lengths: (B,) tokens of each sequence, special ones included, padding not.
        generator: source of all draws.
        mlm_probability: share of the length to be predicted.
        max_predictions: at most so many pieces a sequence.
        first_pieces: (B, T) where each piece's word begins; then whole words are
            chosen, in random order, and a word that would exceed the number is
            skipped. A sequence of long words may so get fewer, even none.

    Returns:
        (B, T) bool; the chosen pieces.
    """
    counts = (lengths.double() * mlm_probability).round().long()
    counts = counts.clamp(min=1).clamp(max=max_predictions)  # (B,)
    order_key = torch.rand(is_candidate.shape, generator=generator)
    if first_pieces is None:
        order = order_key.masked_fill(~is_candidate, 2.0).argsort(dim=1)
        rank = order.argsort(dim=1)  # the inverse permutation
        return (rank < counts[:, None]) & is_candidate
    sizes = torch.zeros_like(first_pieces)  # a word's size, at its first piece
    sizes.scatter_add_(1, first_pieces, is_candidate.long())
    order = order_key.masked_fill(sizes == 0, 2.0).argsort(dim=1)
    is_taken = _fill_budget(sizes.gather(1, order), counts)
    is_taken = torch.zeros_like(is_candidate).scatter_(1, order, is_taken)
    return is_taken.gather(1, first_pieces) & is_candidate


def _fill_budget(sizes: Tensor, budget: Tensor) -> Tensor:
    """Take words from left to right, skipping those that no longer fit: (B, T) bool."""
    left = budget.clone()
    is_taken = torch.zeros_like(sizes, dtype=torch.bool)
    for i, size in enumerate(sizes.unbind(dim=1)):
        is_taken[:, i] = (size > 0) & (size <= left)
        left -= size * is_taken[:, i]
        if not left.any():
            break
    return is_taken
