"""Deal encoded sequences into masked batches, for ever, and resume exactly.

Sequences of like length go together, so that little is wasted on padding. All ids lie
in one long row of numbers, four bytes each (in a Python list eight, and often 28 more
for the number itself). A batch is cut out of it with one index, and masked on the way:
a fraction of a millisecond, so that training never waits.

Chapter: 10
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.masking import Masker

__all__ = ["PretrainingBatches", "length_buckets", "pad"]


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
    sequences as fit into `tokens_per_batch` positions, padding included.

    Args:
        lengths: (N,) tokens of each sequence.
        tokens_per_batch: positions in a batch; a longer sequence is a batch of its own.
        generator: decides who meets whom, and the order of the batches.
        exact: fill batches with one length only, without any padding, as long as a
            length has enough sequences for a full one; the rest share batches.

    Returns:
        For each batch the indices of its sequences (n,); together each index once.

    Raises:
        ValueError: `tokens_per_batch` is not positive.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> batches = length_buckets([3, 9, 3, 8], 18, generator)
        >>> sorted(sorted(batch.tolist()) for batch in batches)
        [[0, 2], [1, 3]]
    """
    if tokens_per_batch < 1:
        raise UserError(f"tokens_per_batch must be at least 1, got {tokens_per_batch}")
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


class PretrainingBatches(Iterator[dict[str, Tensor]]):
    """Endless batches for `pretraining_loss`, dealt anew in each epoch.

    A batch holds `input_ids`, `token_type_ids` and `labels`, each (B, T), and
    `next_sentence_label` (B,); `attention_mask` (B, T) only if there is padding.

    Args:
        sequences: for each its ids with [CLS] and [SEP], its segment ids (None means
            all 0) and its next-sentence label: 0 is next, 1 random, -100 none. They
            are gone through once, so they may be made on the way.
        masker: draws the masks.
        tokens_per_batch: positions in a batch, padding included.
        seed: decides the order; the masks have the masker's own.
        pad_id: fills short rows.
        exact_lengths: prefer batches of one length (see `length_buckets`).
        static_copies: 0 masks each batch anew, as RoBERTa; a number draws so many
            masks a sequence beforehand and takes them in turn, as BERT did with 10.

    Raises:
        ValueError: there is no sequence, an empty one, or segment ids of another
            length.
    """

    def __init__(
        self,
        sequences: Iterable[tuple[Sequence[int], Sequence[int] | None, int]],
        masker: Masker,
        tokens_per_batch: int,
        seed: int = 0,
        pad_id: int = 0,
        exact_lengths: bool = True,
        static_copies: int = 0,
    ) -> None:
        self.masker = masker
        self.tokens_per_batch = tokens_per_batch
        self.seed = seed
        self.pad_id = pad_id
        self.exact_lengths = exact_lengths
        self._ids, self._types, self._relations, self._lengths = _flat(sequences)
        self._starts = self._lengths.cumsum(0) - self._lengths
        self.epoch, self.position = 0, 0
        self._plan = self._deal(0)
        self._static = [self._mask_all() for _ in range(static_copies)]

    def __next__(self) -> dict[str, Tensor]:
        """Give the next batch."""
        if self.position == len(self._plan):
            self.epoch, self.position = self.epoch + 1, 0
            self._plan = self._deal(self.epoch)
        rows = self._plan[self.position]
        self.position += 1
        indices, is_token = self._find(rows)
        if self._static:
            masked, answers = self._static[self.epoch % len(self._static)]
            input_ids = masked[indices].masked_fill(~is_token, self.pad_id)
            labels = answers[indices].masked_fill(~is_token, -100)
        else:
            input_ids = self._ids[indices].long().masked_fill(~is_token, self.pad_id)
            input_ids, labels = self.masker(input_ids)
        batch = {
            "input_ids": input_ids,
            "token_type_ids": torch.zeros_like(input_ids)
            if self._types is None
            else self._types[indices].long().masked_fill(~is_token, 0),
            "labels": labels,
            "next_sentence_label": self._relations[rows],
        }
        if not is_token.all():
            batch["attention_mask"] = is_token.long()
        return batch

    def batches_per_epoch(self) -> int:
        """Count the batches in which each sequence comes once."""
        return len(self._plan)

    def state_dict(self) -> dict[str, int | Tensor]:
        """Give what is needed to go on exactly here: see `load_state_dict`."""
        return {
            "epoch": self.epoch,
            "position": self.position,
            "tokens": len(self._ids),
            "masker": self.masker.state,
        }

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Go on where `state_dict` was read; sequences, seed and sizes as then.

        Args:
            state: epoch, position in it, size of the corpus, the masker's state.

        Raises:
            ValueError: the state is of other data or of another size of batch.
        """
        epoch, position = int(state["epoch"]), int(state["position"])
        plan = self._deal(epoch)
        if int(state["tokens"]) != len(self._ids) or not 0 <= position <= len(plan):
            raise ValueError(
                f"state must be of these {len(self._ids)} tokens in {len(plan)} "
                f"batches, got batch {position} of {int(state['tokens'])} tokens; "
                "resume with the data and settings of the first run"
            )
        self.epoch, self.position, self._plan = epoch, position, plan
        self.masker.set_state(torch.as_tensor(state["masker"]))

    def _deal(self, epoch: int) -> list[Tensor]:
        """Deal the sequences of an epoch; seed and epoch alone decide."""
        # Far apart, so that the epochs of one seed are not those of the next seed; a
        # corpus makes new batches each epoch, and its pairs differ, too.
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        return length_buckets(
            self._lengths, self.tokens_per_batch, generator, self.exact_lengths
        )

    def _find(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Give each token's index in the row of all ids, and `is_token`: (B, T)."""
        lengths = self._lengths[rows][:, None]
        offsets = torch.arange(int(lengths.max()))
        indices = self._starts[rows][:, None] + offsets
        return indices.clamp(max=len(self._ids) - 1), offsets < lengths

    def _mask_all(self) -> tuple[Tensor, Tensor]:
        """Mask the whole corpus once; both as one row of numbers."""
        masked = self._ids.long()
        answers = torch.full_like(masked, -100)
        for rows in self._plan:
            indices, is_token = self._find(rows)
            ids = self._ids[indices].long().masked_fill(~is_token, self.pad_id)
            input_ids, labels = self.masker(ids)
            masked[indices[is_token]] = input_ids[is_token]
            answers[indices[is_token]] = labels[is_token]
        return masked, answers


def _flat(
    sequences: Iterable[tuple[Sequence[int], Sequence[int] | None, int]],
) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
    """Put all ids into one row, four bytes each; refuse what cannot be dealt.

    Returns:
        The ids (N,), their segments (N,) or None if there are none, and of each
        sequence the next-sentence label and the length.
    """
    flat, segments = array("i"), array("b")
    relations, lengths = array("q"), array("q")
    has_segments = False
    for number, (ids, types, relation) in enumerate(sequences):
        if len(ids) == 0:
            raise ValueError(f"sequences must not be empty, number {number} is")
        if types is not None and len(types) != len(ids):
            raise ValueError(
                f"segment ids must be as many as ids, got {len(types)} and "
                f"{len(ids)} in sequence {number}"
            )
        has_segments = has_segments or types is not None
        flat.extend(ids)
        segments.extend(bytes(len(ids)) if types is None else types)
        relations.append(relation)
        lengths.append(len(ids))
    if not lengths:
        raise ValueError("sequences must hold at least one sequence, got none")
    return (
        torch.frombuffer(flat, dtype=torch.int32),
        torch.frombuffer(segments, dtype=torch.int8) if has_segments else None,
        torch.frombuffer(relations, dtype=torch.int64),
        torch.frombuffer(lengths, dtype=torch.int64),
    )
