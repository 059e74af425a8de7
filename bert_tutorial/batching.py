"""Sort sequences of unequal length into batches that waste little on padding.

Chapter: 10
"""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["length_buckets", "pad"]


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Stack rows of unequal length; the short ones are filled on the right.

    Args:
        rows: B lists, the longest of length T.
        pad_id: fills the short rows.

    Returns:
        The stacked rows, and 1 at real tokens and 0 at padding; both (B, T).

    Raises:
        ValueError: there are no rows.

    Example:
        >>> pad([[5, 6, 7], [8]], pad_id=0)[0].tolist()
        [[5, 6, 7], [8, 0, 0]]
    """
    if not rows:
        raise ValueError("rows must hold at least one row, got none")
    T = max(map(len, rows))
    filled = torch.tensor([[*row, *[pad_id] * (T - len(row))] for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return filled.long(), (torch.arange(T) < lengths[:, None]).long()


def length_buckets(
    lengths: Tensor | Sequence[int],
    tokens_per_batch: int,
    generator: torch.Generator,
    exact: bool = False,
) -> list[Tensor]:
    """Deal all sequences into batches of about equal work, in random order.

    A batch holds neighbours in length, so that little of it is padding, and as many
    sequences as fit into `tokens_per_batch` places, padding included.

    Args:
        lengths: (N,) tokens of each sequence.
        tokens_per_batch: places in a batch; a longer sequence is a batch of its own.
        generator: decides who meets whom, and the order of the batches.
        exact: fill batches with one length only, without any padding, as long as a
            length has enough sequences for a full one; the rest share batches.

    Returns:
        For each batch the numbers of its sequences; together each number once.

    Raises:
        ValueError: `tokens_per_batch` is not positive.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> batches = length_buckets([3, 9, 3, 8], 18, generator)
        >>> sorted(sorted(batch.tolist()) for batch in batches)
        [[0, 2], [1, 3]]
    """
    if tokens_per_batch < 1:
        raise ValueError(f"tokens_per_batch must be at least 1, got {tokens_per_batch}")
    lengths = torch.as_tensor(lengths)
    order = torch.randperm(len(lengths), generator=generator)
    order = order[lengths[order].argsort(stable=True)]  # by length, ties at random
    batches: list[Tensor] = []
    if exact:
        batches, order = _cut_exact(order, lengths[order], tokens_per_batch)
    batches += _cut_neighbours(order, lengths[order].tolist(), tokens_per_batch)
    return [
        batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()
    ]


def _cut_exact(
    order: Tensor, sorted_lengths: Tensor, tokens_per_batch: int
) -> tuple[list[Tensor], Tensor]:
    """Cut full batches of one length; give them and what is left, still sorted."""
    batches: list[Tensor] = []
    rest: list[Tensor] = [order[:0]]
    values, counts = sorted_lengths.unique_consecutive(return_counts=True)
    for length, group in zip(
        values.tolist(), order.split(counts.tolist()), strict=True
    ):
        size = max(1, tokens_per_batch // max(1, length))
        full = len(group) // size * size
        batches += group[:full].split(size) if full else ()
        rest.append(group[full:])
    return batches, torch.cat(rest)


def _cut_neighbours(
    order: Tensor, sorted_lengths: list[int], tokens_per_batch: int
) -> list[Tensor]:
    """Cut neighbours in length so that the longest times the number still fits."""
    sizes: list[int] = []
    size = 0
    for length in sorted_lengths:  # ascending: this one is the batch's longest
        if size and (size + 1) * length > tokens_per_batch:
            sizes.append(size)
            size = 0
        size += 1
    return list(order.split([*sizes, size])) if size else []
