"""Exhibits in the data: the model never had a chance.

Chapter: 12
"""

from collections.abc import Callable

import torch
from torch import Tensor

from bert_tutorial.course.museum.exhibit import (
    FIRST,
    MASK,
    ROWS,
    Batch,
    Exhibit,
    V,
    healthy_batch,
    padded_texts,
)

__all__ = ["BATCH_EXHIBITS"]


def texts(seed: int) -> tuple[Tensor, Tensor, Batch, torch.Generator]:
    """Give the ids as they are, which may be chosen, a healthy batch, a generator."""
    ids = padded_texts(seed, ROWS)[0]
    generator = torch.Generator().manual_seed(seed)
    return ids, ids >= FIRST, healthy_batch(seed), generator


def independent_draws(seed: int) -> Batch:
    """Draw "keep" and "random" apart: a kept word may have been a random one."""
    ids, may, batch, generator = texts(seed)
    chosen = (torch.rand(ids.shape, generator=generator) < 0.15) & may
    keep = torch.rand(ids.shape, generator=generator) < 0.1
    swap = torch.rand(ids.shape, generator=generator) < 0.1
    read = ids.masked_fill(chosen & ~keep & ~swap, MASK)
    words = torch.randint(V, ids.shape, generator=generator)
    read = torch.where(chosen & swap & ~keep, words, read)
    return batch | {"input_ids": read, "labels": ids.masked_fill(~chosen, -100)}


def tenth_of_the_rest(seed: int) -> Batch:
    """Take a tenth of what is left after [MASK], not a tenth of the chosen."""
    ids, may, batch, generator = texts(seed)
    chosen = (torch.rand(ids.shape, generator=generator) < 0.15) & may
    masked = chosen & (torch.rand(ids.shape, generator=generator) < 0.8)
    swap = chosen & ~masked & (torch.rand(ids.shape, generator=generator) < 0.1)
    words = torch.randint(V, ids.shape, generator=generator)
    read = torch.where(swap, words, ids).masked_fill(masked, MASK)
    return batch | {"input_ids": read, "labels": ids.masked_fill(~chosen, -100)}


def specials_hidden(seed: int) -> Batch:
    """Choose among all places, [CLS], [SEP] and padding included."""
    ids, _, batch, generator = texts(seed)
    chosen = torch.rand(ids.shape, generator=generator) < 0.15
    masked = chosen & (torch.rand(ids.shape, generator=generator) < 0.8)
    read = ids.masked_fill(masked, MASK)
    return batch | {"input_ids": read, "labels": ids.masked_fill(~chosen, -100)}


def labels_everywhere(seed: int) -> Batch:
    """Hide some, and keep the labels of all."""
    ids, may, batch, _ = texts(seed)
    return batch | {"labels": ids.masked_fill(~may, -100)}


def labels_after_replacement(seed: int) -> Batch:
    """Take the labels when the words are already hidden."""
    batch = healthy_batch(seed)
    chosen = batch["labels"] != -100
    return batch | {"labels": batch["input_ids"].masked_fill(~chosen, -100)}


def next_token_labels(seed: int) -> Batch:
    """Ask each chosen place for the word after it, as a model that writes does."""
    ids, _, batch, _ = texts(seed)
    chosen = (batch["labels"] != -100) & (ids.roll(-1, 1) >= FIRST)
    return batch | {"labels": ids.roll(-1, 1).masked_fill(~chosen, -100)}


def nothing_hidden(seed: int) -> Batch:
    """Choose, label, and forget to write the masked ids back."""
    ids, _, batch, _ = texts(seed)
    return batch | {"input_ids": ids}


def cut_after_masking(seed: int) -> Batch:
    """Cut to 20 pieces at the very end: the last [SEP] goes first."""
    batch = healthy_batch(seed)
    return {name: v[:, :20] if v.ndim == 2 else v for name, v in batch.items()}


def segments_from_one(seed: int) -> Batch:
    """Count the segments 1, 2 and keep 0 for padding."""
    batch = healthy_batch(seed)
    types = (batch["token_type_ids"] + 1) * batch["attention_mask"]
    return batch | {"token_type_ids": types}


def one_means_next(seed: int) -> Batch:
    """Let label 1 mean that the second segment is next."""
    batch = healthy_batch(seed)
    return batch | {"next_sentence_label": 1 - batch["next_sentence_label"]}


def no_attention_mask(seed: int) -> Batch:
    """Pad, and tell nobody."""
    batch = healthy_batch(seed)
    del batch["attention_mask"]
    return batch


def turned_attention_mask(seed: int) -> Batch:
    """Let 1 mean padding."""
    batch = healthy_batch(seed)
    return batch | {"attention_mask": 1 - batch["attention_mask"]}


def batch_exhibit(fault: str, make: Callable[[int], Batch]) -> Exhibit:
    """Describe an exhibit in the data, named like its function."""
    return Exhibit(make.__name__.replace("_", "-"), fault, make, make, in_data=True)


BATCH_EXHIBITS = (
    batch_exhibit("mask-split", independent_draws),
    batch_exhibit("mask-split", tenth_of_the_rest),
    batch_exhibit("labels-on-special", specials_hidden),
    batch_exhibit("labels-everywhere", labels_everywhere),
    batch_exhibit("labels-after-replacement", labels_after_replacement),
    batch_exhibit("label-leak", next_token_labels),
    batch_exhibit("label-leak", nothing_hidden),
    batch_exhibit("no-separator", cut_after_masking),
    batch_exhibit("segments-misplaced", segments_from_one),
    batch_exhibit("next-sentence-share", one_means_next),
    batch_exhibit("padding-unmasked", no_attention_mask),
    batch_exhibit("attention-mask-turned", turned_attention_mask),
)
