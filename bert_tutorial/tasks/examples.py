"""Labelled examples of any task, and the padded batches they make.

Chapter: 14
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bert_tutorial.pretraining.batches import pad

__all__ = ["Example", "collate"]


class Example(NamedTuple):
    """One input and its target.

    `target` holds what the head's loss takes: `labels` (a class, a value on a scale, or
    a list with -100 where nothing is scored), or `start_positions` and `end_positions`.
    """

    input_ids: list[int]
    token_type_ids: list[int]
    target: Mapping[str, int | float | list[int]]


def collate(examples: Sequence[Example], pad_id: int = 0) -> dict[str, Tensor]:
    """Pad examples to the longest one and stack them with their targets."""
    input_ids, attention_mask = pad([e.input_ids for e in examples], pad_id)
    batch = {
        "input_ids": input_ids,
        "token_type_ids": pad([e.token_type_ids for e in examples], 0)[0],
        "attention_mask": attention_mask,
    }
    for name in examples[0].target:
        values = [e.target[name] for e in examples]
        rows = [value for value in values if isinstance(value, list)]
        batch[name] = pad(rows, -100)[0] if rows else torch.tensor(values)
    return batch
