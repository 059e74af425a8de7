"""Turn labelled examples of the mini-world into padded batches.

Chapter: 14
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bert_tutorial.tokenizer import BertTokenizer
from bert_tutorial.world.tasks import TAGS, Question, Sentiment, Tagged

__all__ = [
    "Example",
    "collate",
    "encode_question",
    "encode_sentiment",
    "encode_tagged",
]


class Example(NamedTuple):
    """One input and its target.

    `target` holds what the head's loss takes: `labels` (a number, or a list with
    -100 where nothing is scored), or `start_positions` and `end_positions`.
    """

    input_ids: list[int]
    token_type_ids: list[int]
    target: dict[str, int | list[int]]


def encode_sentiment(tokenizer: BertTokenizer, item: Sentiment) -> Example:
    """Encode a review; the label is 0 or 1."""
    encoding = tokenizer.encode(item.text)
    return Example(encoding.ids, encoding.type_ids, {"labels": item.label})


def encode_tagged(tokenizer: BertTokenizer, item: Tagged) -> Example:
    """Encode words and their tags: the first piece of a word carries its tag.

    Other pieces, [CLS] and [SEP] are not scored (Devlin et al. 2019, section 5.3). A
    word that the tokenizer drops altogether, such as a zero-width space, becomes [UNK],
    so that every tag keeps a place.
    """
    ids, labels = [tokenizer.cls_id], [-100]
    for word, tag in zip(item.words, item.tags, strict=True):
        pieces = tokenizer.encode(word, add_special_tokens=False).ids
        pieces = pieces or [tokenizer.unk_id]
        ids += pieces
        labels += [TAGS.index(tag)] + [-100] * (len(pieces) - 1)
    ids.append(tokenizer.sep_id)
    labels.append(-100)
    return Example(ids, [0] * len(ids), {"labels": labels})


def encode_question(tokenizer: BertTokenizer, item: Question) -> Example:
    """Encode [CLS] question [SEP] passage [SEP] and where the answer stands.

    The targets are the first and the last piece that share a character with the
    answer, so that one which begins or ends within a piece keeps this piece.
    """
    encoding = tokenizer.encode(item.question, item.context)
    stop = item.answer_start + len(item.answer)
    inside = [
        index
        for index, ((begin, end), kind) in enumerate(
            zip(encoding.offsets, encoding.type_ids, strict=True)
        )
        if kind == 1 and begin < stop and end > max(begin, item.answer_start)
    ]
    target: dict[str, int | list[int]] = {
        "start_positions": inside[0],
        "end_positions": inside[-1],
    }
    return Example(encoding.ids, encoding.type_ids, target)


def collate(examples: Sequence[Example], pad_id: int = 0) -> dict[str, Tensor]:
    """Pad examples to the longest one and stack them with their targets."""
    length = max(len(e.input_ids) for e in examples)

    def padded(rows: list[list[int]], fill: int) -> Tensor:
        return torch.tensor([row + [fill] * (length - len(row)) for row in rows])

    batch = {
        "input_ids": padded([e.input_ids for e in examples], pad_id),
        "token_type_ids": padded([e.token_type_ids for e in examples], 0),
        "attention_mask": padded([[1] * len(e.input_ids) for e in examples], 0),
    }
    for name in examples[0].target:
        values = [e.target[name] for e in examples]
        rows = [value for value in values if isinstance(value, list)]
        batch[name] = padded(rows, -100) if rows else torch.tensor(values)
    return batch
