"""Checks of a batch: its masks, labels, segments and pairs.

Where counts decide, a batch is accused only if a right one would look so less than
once in a million times (Chernoff's bound). A small batch is then never accused;
hand over a large one to judge the shares.

Chapter: 12
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from bert_tutorial.course.doctor.labels import check_labels
from bert_tutorial.course.doctor.parts import Parts, is_unlikely
from bert_tutorial.course.doctor.patient import Diagnosis, SpecialIds

__all__ = ["check_batch"]


def check_batch(
    batch: Mapping[str, Tensor],
    ids: SpecialIds,
    split: tuple[float, float, float],
    vocab_size: int | None,
) -> Iterator[Diagnosis]:
    """Examine one batch.

    Args:
        batch: input_ids (B, T), and any of labels, attention_mask, token_type_ids
            (B, T), next_sentence_label (B,).
        ids: the special tokens.
        split: wanted shares of [MASK], random and kept among the scored.
        vocab_size: V, or None if it is not known.
    """
    parts = Parts(batch, ids)
    yield from attention_mask(parts)
    yield from separators(parts)
    yield from segments(parts)
    yield from pairs(parts)
    if "labels" in batch:
        yield from check_labels(parts, split, vocab_size)


def attention_mask(parts: Parts) -> Iterator[Diagnosis]:
    """Compare the mask with where [PAD] stands."""
    mask = torch.ones_like(parts.read) if parts.mask is None else parts.mask
    shown = int((parts.tail & (mask != 0)).sum())
    hidden = int((~parts.tail & (mask == 0)).sum())
    if shown and hidden:
        yield Diagnosis(
            "attention-mask-turned",
            f"{shown} [PAD] are marked as real and {hidden} real tokens as padding",
            "attention_mask is 1 at real tokens and 0 at padding",
        )
    elif shown:
        how = "there is no attention_mask" if parts.mask is None else "it says real"
        yield Diagnosis(
            "padding-unmasked",
            f"{shown} [PAD] stand at the ends of rows, and {how}",
            "let the collator return attention_mask, 0 at padding",
        )


def separators(parts: Parts) -> Iterator[Diagnosis]:
    """Look for texts that begin with [CLS] and do not end with [SEP]."""
    lengths = (~parts.tail).sum(1)
    last = parts.true.gather(1, (lengths - 1).clamp(min=0)[:, None])[:, 0]
    cut = (parts.true[:, 0] == parts.ids.cls) & (last != parts.ids.sep)
    if cut.any():
        yield Diagnosis(
            "no-separator",
            f"{int(cut.sum())} of {len(cut)} texts begin with [CLS] and do not end "
            "with [SEP]",
            "cut the segments first, then add [CLS] and [SEP], then mask",
        )


def segments(parts: Parts) -> Iterator[Diagnosis]:
    """Compare the segment ids of pairs with where the first [SEP] stands."""
    if parts.relation is None:
        return
    is_pair = parts.relation != -100
    is_sep = (parts.true == parts.ids.sep).long()
    expected = ((is_sep.cumsum(1) - is_sep) > 0).long()
    given = torch.zeros_like(expected) if parts.types is None else parts.types
    wrong = ((given != expected) & ~parts.tail).any(1) & is_pair
    if wrong.any():
        yield Diagnosis(
            "segments-misplaced",
            f"{int(wrong.sum())} of {int(is_pair.sum())} pairs do not have segment 0 "
            "up to the first [SEP] and 1 after it; the ids in use are "
            f"{sorted(given[is_pair].unique().tolist())}",
            "token_type_ids are 0 for [CLS] A [SEP] and 1 for B [SEP]",
        )


def pairs(parts: Parts) -> Iterator[Diagnosis]:
    """Count the classes of next-sentence prediction."""
    if parts.relation is None:
        return
    answers = parts.relation[parts.relation != -100]
    number, following = len(answers), int((answers == 0).sum())
    is_one_class = number >= 64 and following == 0
    too_many = following > number / 2 and is_unlikely(following, number, 0.5)
    if is_one_class or too_many:
        yield Diagnosis(
            "next-sentence-share",
            f"{following} of {number} pairs have class 0, is next",
            "0 is next and 1 is random; the published sampler makes at least half of "
            "the partners random",
        )
