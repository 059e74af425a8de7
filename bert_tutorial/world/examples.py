"""The mini-world's labelled examples as input of a model, and how many it gets right.

Chapter: 14
"""

from collections.abc import Sequence

import torch
from torch import nn

from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import predict
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world.tasks import TAGS, Question, Sentiment, Tagged

__all__ = [
    "encode_question",
    "encode_sentiment",
    "encode_tagged",
    "question_accuracy",
    "sentiment_accuracy",
    "tagging_accuracy",
]


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


def sentiment_accuracy(model: nn.Module, examples: Sequence[Example]) -> float:
    """Share of examples whose label has the highest logit."""
    hits = [
        (out.logits.argmax(-1) == part["labels"]).float()
        for out, part in predict(model, examples)
    ]
    return torch.cat(hits).mean().item()


def tagging_accuracy(model: nn.Module, examples: Sequence[Example]) -> float:
    """Share of entity words (tag not O) that get their tag."""
    hits = []
    for out, part in predict(model, examples):
        is_entity = part["labels"] > 0
        hits.append((out.logits.argmax(-1) == part["labels"])[is_entity].float())
    return torch.cat(hits).mean().item()


def question_accuracy(model: nn.Module, examples: Sequence[Example]) -> float:
    """Share of questions whose best legal span is exactly the answer.

    Legal: inside the passage, start not after end, at most five pieces.
    """
    hits = []
    for out, part in predict(model, examples):
        outside = (part["token_type_ids"] == 0) | (part["attention_mask"] == 0)
        start = out.start_logits.masked_fill(outside, -torch.inf)  # (B, T)
        end = out.end_logits.masked_fill(outside, -torch.inf)
        scores = start[:, :, None] + end[:, None, :]  # (B, T, T)
        legal = torch.ones_like(scores[0], dtype=torch.bool).triu().tril(4)
        best = scores.masked_fill(~legal, -torch.inf).flatten(1).argmax(-1)
        length = scores.shape[-1]
        is_start = best // length == part["start_positions"]
        hits.append((is_start & (best % length == part["end_positions"])).float())
    return torch.cat(hits).mean().item()
