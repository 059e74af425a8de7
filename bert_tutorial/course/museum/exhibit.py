"""What an exhibit is, and the small healthy model and batch that all start from.

Chapter: 12
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.pretraining.masking import mask_tokens
from bert_tutorial.pretraining.pairs import Pair, pair_to_ids

__all__ = ["Case", "Exhibit", "healthy_batch", "healthy_model", "text_rows"]

V, PAD, CLS, SEP, MASK, FIRST = 61, 0, 2, 3, 4, 5
ROWS = 20_000
Batch = dict[str, Tensor]


class Case(NamedTuple):
    """A model, or None where the fault is in the data, and a batch for it."""

    model: nn.Module | None
    batch: Batch


class Exhibit(NamedTuple):
    """A silent fault: the sick lines, and the name by which the doctor knows it.

    `lines` is the class or function that holds the fault; `break_it` makes a healthy
    model sick in place or gives another one, or makes a sick batch from a seed.
    """

    name: str
    fault: str
    lines: Any
    break_it: Callable[..., Any]
    in_data: bool = False

    def sick(self, seed: int = 0) -> Case:
        """Make the exhibit."""
        if self.in_data:
            return Case(None, self.break_it(seed))
        model = healthy_model(seed)
        return Case(self.break_it(model) or model, healthy_batch(seed, rows=16))

    def healthy(self, seed: int = 0) -> Case:
        """Make its healthy twin, of the same seed."""
        if self.in_data:
            return Case(None, healthy_batch(seed))
        return Case(healthy_model(seed), healthy_batch(seed, rows=16))


def healthy_model(seed: int = 0, segments: int = 2) -> BertForPreTraining:
    """Make a small BERT with fresh weights; all of its sizes differ."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=V,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=50,
        max_position_embeddings=40,
        type_vocab_size=segments,
    )
    return BertForPreTraining(config)


def text_rows(seed: int, rows: int) -> tuple[tuple[list[int], list[int], int], ...]:
    """Make pairs: ids with [CLS] and both [SEP], segment ids, 0 = next or 1 = random.

    A text goes on in steps of one through the vocabulary, so that there is something
    to learn; a random partner starts anywhere.
    """
    generator = torch.Generator().manual_seed(seed)
    size = V - FIRST
    numbers = torch.rand(rows, 5, generator=generator).tolist()
    made = []
    for start, one, other, coin, elsewhere in numbers:
        a, b = 6 + int(one * 10), 6 + int(other * 10)
        begin, is_random = int(start * size), coin < 0.6
        after = begin + a + (7 + int(elsewhere * (size - 14)) if is_random else 0)
        pair = Pair(
            [FIRST + (begin + i) % size for i in range(a)],
            [FIRST + (after + i) % size for i in range(b)],
            is_random,
        )
        made.append((*pair_to_ids(pair, CLS, SEP), int(is_random)))
    return tuple(made)


@lru_cache(maxsize=4)
def padded_texts(seed: int, rows: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pad the texts: ids, 1 at real tokens, segments (B, T); classes (B,)."""
    texts = text_rows(seed, rows)
    ids, is_token = pad([row[0] for row in texts], PAD)
    types, _ = pad([row[1] for row in texts], 0)
    return ids, is_token, types, torch.tensor([row[2] for row in texts])


def healthy_batch(seed: int = 0, rows: int = ROWS) -> Batch:
    """Pad and mask the texts rightly; as many as it takes to judge a masker."""
    ids, is_token, types, is_random = padded_texts(seed, rows)
    masked, labels = mask_tokens(
        ids,
        is_special=(ids < FIRST),
        rates=0.15,
        generator=torch.Generator().manual_seed(seed),
        mask_id=MASK,
        vocab_size=V,
    )
    return {
        "input_ids": masked,
        "attention_mask": is_token,
        "token_type_ids": types,
        "labels": labels,
        "next_sentence_label": is_random,
    }
