"""Extractive summaries: score each sentence, take the best ones as they stand.

A document is one input, or several windows, with a [CLS] before each sentence.

Chapter: 17
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.bert import BertModel, initialise
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import LogitsOutput
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import check_finite
from bert_tutorial.tasks.summaries.rouge import rouge_words
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "BertForExtractiveSummarization",
    "SentenceWindow",
    "encode_document",
    "score_sentences",
    "select_sentences",
    "summarise",
]


class SentenceWindow(NamedTuple):
    """Neighbouring sentences that fit the model together.

    `first` is the number of its first sentence in the document, `places` say where
    the [CLS] of each sentence stands. The target of `example` has, under "labels",
    0 or 1 at these places and -100 elsewhere.
    """

    example: Example
    first: int
    places: list[int]


def encode_document(
    tokenizer: BertTokenizer,
    sentences: Sequence[str],
    labels: Sequence[int] | None = None,
    max_length: int = 512,
) -> list[SentenceWindow]:
    """Write [CLS] sentence [SEP] for every sentence (Liu and Lapata 2019, section 3.1).

    Segments alternate between 0 and 1, so that neighbours differ. Whole sentences
    fill a window; the next one opens another. So every sentence is scored once, and
    only a sentence that does not fit a window alone is cut.

    Args:
        tokenizer: of the model.
        sentences: of the document.
        labels: 1 for each sentence that belongs in the summary, else 0; None if
            they are not known.
        max_length: tokens a window holds, at most the model's positions.

    Returns:
        Windows in the order of the document.

    Raises:
        UserError: no sentence, a label that is not 0 or 1, a number of labels that
            is not that of the sentences, or no room for a token.
    """
    check(sentences, labels, max_length)
    windows: list[SentenceWindow] = []
    for number, sentence in enumerate(sentences):
        inner = tokenizer.encode(sentence, add_special_tokens=False).ids
        ids = [tokenizer.cls_id, *inner[: max_length - 2], tokenizer.sep_id]
        used = len(windows[-1].example.input_ids) if windows else max_length
        if used + len(ids) > max_length:
            windows.append(SentenceWindow(Example([], [], {"labels": []}), number, []))
        example, _, places = windows[-1]
        places.append(len(example.input_ids))
        example.input_ids.extend(ids)
        example.token_type_ids.extend([(len(places) - 1) % 2] * len(ids))
        label = -100 if labels is None else labels[number]
        target = example.target["labels"]
        assert isinstance(target, list)
        target.extend([label, *[-100] * (len(ids) - 1)])
    return windows


def check(
    sentences: Sequence[str], labels: Sequence[int] | None, max_length: int
) -> None:
    """Refuse what cannot be encoded."""
    if isinstance(sentences, str) or not sentences:
        raise ValueError(
            f"sentences must be a list of at least one text, got {sentences!r:.40}"
        )
    if max_length < 3:
        raise UserError(
            f"max_length must leave room for [CLS], a token and [SEP]: at least 3, "
            f"got {max_length}"
        )
    if labels is None:
        return
    if len(labels) != len(sentences):
        raise ValueError(
            f"labels must be one a sentence: {len(sentences)}, got {len(labels)}"
        )
    for number, label in enumerate(labels):
        if label not in (0, 1):
            raise ValueError(f"label of sentence {number} must be 0 or 1, got {label}")


class BertForExtractiveSummarization(PreTrained):
    """One number for each sentence: a linear layer on the vector of its [CLS].

    Liu and Lapata (2019, section 3.1) put further layers between; their first
    version reports nearly the same figures without them.
    """

    _optional = ("scorer.",)

    def __init__(self, config: BertConfig) -> None:
        """Make encoder, dropout and scorer (H, 1)."""
        super().__init__(config)
        if config.type_vocab_size < 2:
            raise UserError(
                "type_vocab_size must be at least 2, as segments alternate, got "
                f"{config.type_vocab_size}"
            )
        self.bert = BertModel(config, add_pooling_layer=False)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.scorer = nn.Linear(config.hidden_size, 1)
        initialise(self.scorer, config)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
    ) -> LogitsOutput:
        """Score.

        Args:
            input_ids: (B, T).
            attention_mask: (B, T), 1 for real tokens, or None.
            token_type_ids: (B, T), or None.
            labels: (B, T), 0 or 1 at the [CLS] of a sentence, -100 elsewhere.
            output_attentions: also return attention weights.
            output_hidden_states: also return the vectors of all layers.

        Returns:
            Logits (B, T), of which only those at a [CLS] mean something, and the
            mean binary cross-entropy of the labelled places (0 if there is none).
        """
        out = self.bert(
            input_ids,
            attention_mask,
            token_type_ids,
            output_attentions,
            output_hidden_states,
        )
        logits = self.scorer(self.dropout(out.last_hidden_state))[..., 0]  # (B, T)
        loss = None
        if labels is not None:
            is_scored = labels != -100
            wanted = labels[is_scored].to(logits.dtype)
            each = F.binary_cross_entropy_with_logits(
                logits[is_scored], wanted, reduction="sum"
            )
            loss = each / max(1, len(wanted))
        return LogitsOutput(logits, loss, out.hidden_states, out.attentions)


@torch.no_grad()
def score_sentences(
    model: BertForExtractiveSummarization,
    tokenizer: BertTokenizer,
    sentences: Sequence[str],
    *,
    max_length: int | None = None,
    batch_size: int = 16,
) -> list[float]:
    """Give the probability of each sentence to belong in the summary.

    Dropout is off meanwhile. Scores of two windows are compared as they are.

    Args:
        model: the scorer.
        tokenizer: its tokenizer.
        sentences: of one document.
        max_length: tokens a window holds; None: as many as the model has positions.
        batch_size: windows at once.

    Returns:
        One number from 0 to 1 for each sentence.

    Raises:
        UserError: there is no sentence, or max_length is more than the positions.
    """
    most = model.config.max_position_embeddings
    if max_length is not None and max_length > most:
        raise UserError(f"max_length must be at most {most}, got {max_length}")
    windows = encode_document(tokenizer, sentences, max_length=max_length or most)
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    scores: list[float] = []
    for start in range(0, len(windows), batch_size):
        part = windows[start : start + batch_size]
        ids, mask = pad([w.example.input_ids for w in part], tokenizer.pad_id)
        types, _ = pad([w.example.token_type_ids for w in part], 0)
        logits = model(ids.to(device), mask.to(device), types.to(device)).logits
        check_finite(logits)
        for window, row in zip(part, logits.sigmoid().tolist(), strict=True):
            scores += [row[place] for place in window.places]
    model.train(was_training)
    return scores


def select_sentences(
    scores: Sequence[float],
    k: int = 3,
    *,
    sentences: Sequence[str] | None = None,
    block_trigrams: bool = False,
) -> list[int]:
    """Take the k best sentences, in the order of the document.

    Args:
        scores: one for each sentence; of equals the first is better.
        k: how many.
        sentences: their texts, needed for blocking only.
        block_trigrams: pass over a sentence that shares three words in a row with
            one that is already taken (Paulus et al. 2018).

    Returns:
        Their numbers; fewer than k if there are no more.

    Raises:
        ValueError: k is less than 1, or the texts are missing or not one a score.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if block_trigrams and (sentences is None or len(sentences) != len(scores)):
        got = "none" if sentences is None else len(sentences)
        raise ValueError(f"sentences must be one a score: {len(scores)}, got {got}")
    taken: list[int] = []
    seen: set[tuple[str, ...]] = set()
    for i in sorted(range(len(scores)), key=lambda i: -scores[i]):
        if block_trigrams and sentences is not None:
            words = rouge_words(sentences[i])
            trigrams = set(zip(words, words[1:], words[2:], strict=False))
            if trigrams & seen:
                continue
            seen |= trigrams
        taken.append(i)
        if len(taken) == k:
            break
    return sorted(taken)


def summarise(
    model: BertForExtractiveSummarization,
    tokenizer: BertTokenizer,
    sentences: Sequence[str],
    k: int = 3,
    *,
    block_trigrams: bool = False,
    max_length: int | None = None,
) -> list[int]:
    """Choose k sentences of a document; see `score_sentences`, `select_sentences`."""
    scores = score_sentences(model, tokenizer, sentences, max_length=max_length)
    return select_sentences(
        scores, k, sentences=sentences, block_trigrams=block_trigrams
    )
