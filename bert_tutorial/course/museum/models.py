"""Exhibits in the model: each changes a healthy BERT in one place.

Chapter: 12
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.course.museum.exhibit import Exhibit
from bert_tutorial.model.attention import SelfAttention, attention_weights
from bert_tutorial.model.embeddings import BertEmbeddings
from bert_tutorial.model.encoder import gelu
from bert_tutorial.model.objectives import BertForPreTraining, MaskedLMHead

__all__ = ["MODEL_EXHIBITS"]


class MadeInForward(nn.Module):
    """Attention whose last layers are born in each call."""

    def __init__(self, attention: SelfAttention) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, hidden: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor | None]:
        mixed, weights = self.attention(hidden, *rest)
        H = hidden.shape[-1]
        return nn.LayerNorm(H)(nn.Linear(H, H)(mixed)), weights


class DetachedPositions(BertEmbeddings):
    """Positions are added, and never learn."""

    def forward(self, ids: Tensor, types: Tensor | None = None) -> Tensor:
        positions = self.position_embeddings.weight[: ids.shape[1]].data
        kinds = self.token_type_embeddings(torch.zeros_like(ids))
        if types is not None:
            kinds = self.token_type_embeddings(types)
        summed = self.word_embeddings(ids) + kinds + positions
        return self.dropout(self.layer_norm(summed))


class PositionsByRow(BertEmbeddings):
    """The position of a token is the number of its text in the batch."""

    def forward(self, ids: Tensor, types: Tensor | None = None) -> Tensor:
        positions = self.position_embeddings.weight[: ids.shape[0]][:, None]
        kinds = self.token_type_embeddings(torch.zeros_like(ids))
        if types is not None:
            kinds = self.token_type_embeddings(types)
        summed = self.word_embeddings(ids) + kinds + positions
        return self.dropout(self.layer_norm(summed))


class SegmentsIgnored(BertEmbeddings):
    """Every token is of the first segment."""

    def forward(self, ids: Tensor, types: Tensor | None = None) -> Tensor:
        return super().forward(ids, None)


class DropoutForEver(BertEmbeddings):
    """Dropout that does not ask whether this is training."""

    def forward(self, ids: Tensor, types: Tensor | None = None) -> Tensor:
        return F.dropout(super().forward(ids, types), 0.1)


class NoPaddingMask(SelfAttention):
    """The mask is handed in and left aside."""

    def forward(  # type: ignore[override]
        self, hidden: Tensor, is_token: Tensor | None = None, maps: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        return super().forward(hidden, None, maps)


class TurnedMask(SelfAttention):
    """The mask hides what is real."""

    def forward(  # type: ignore[override]
        self, hidden: Tensor, is_token: Tensor | None = None, maps: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        turned = None if is_token is None else ~is_token
        if turned is not None and not turned.any():
            turned = None
        return super().forward(hidden, turned, maps)


class OwnWeights(SelfAttention):
    """One head that makes its weights by itself; the frame of the next two."""

    def weigh(self, query: Tensor, key: Tensor, is_token: Tensor | None) -> Tensor:
        return attention_weights(query, key, is_token)

    def forward(  # type: ignore[override]
        self, hidden: Tensor, is_token: Tensor | None = None, maps: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        query, key = self.query(hidden)[:, None], self.key(hidden)[:, None]
        weights = self.weigh(query, key, is_token)
        return self.output((weights @ self.value(hidden)[:, None])[:, 0]), weights


class MaskOnRows(OwnWeights):
    """Padding asks nothing, and answers everybody."""

    def weigh(self, query: Tensor, key: Tensor, is_token: Tensor | None) -> Tensor:
        scores = query @ key.mT / query.shape[-1] ** 0.5
        if is_token is not None:
            scores = scores.masked_fill(~is_token[:, None, :, None], -1e9)
        return scores.softmax(dim=-1)


class CausalMask(OwnWeights):
    """A triangle, left over from a model that writes."""

    def weigh(self, query: Tensor, key: Tensor, is_token: Tensor | None) -> Tensor:
        scores = query @ key.mT / query.shape[-1] ** 0.5
        later = torch.ones_like(scores, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -1e9)
        if is_token is not None:
            scores = scores.masked_fill(~is_token[:, None, None, :], -1e9)
        return scores.softmax(dim=-1)


class AlongTheBatch(nn.Module):
    """torch's attention, which expects (T, B, H) unless told otherwise."""

    def __init__(self, hidden_size: int, heads: int) -> None:
        super().__init__()
        self.inner = nn.MultiheadAttention(hidden_size, heads)

    def forward(
        self, hidden: Tensor, is_token: Tensor | None = None, maps: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        return self.inner(hidden, hidden, hidden, need_weights=False)


class UntiedHead(MaskedLMHead):
    """An output matrix of its own."""

    def tie(self, word_embeddings: nn.Embedding) -> None:
        V, H = word_embeddings.weight.shape
        self.decoder = nn.Linear(H, V, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        transformed = self.layer_norm(gelu(self.dense(hidden), self.form))
        return self.decoder(transformed) + self.bias


class NoBiasHead(MaskedLMHead):
    """Words are compared, and none has a head start."""

    def tie(self, word_embeddings: nn.Embedding) -> None:
        super().tie(word_embeddings)
        del self.bias

    def forward(self, hidden: Tensor) -> Tensor:
        transformed = self.layer_norm(gelu(self.dense(hidden), self.form))
        return transformed @ self._table[0].weight.T


class ProbabilityHead(MaskedLMHead):
    """The softmax of the loss, once too early."""

    def forward(self, hidden: Tensor) -> Tensor:
        return super().forward(hidden).softmax(dim=-1)


def default_start(model: BertForPreTraining) -> None:
    """Leave the tables as nn.Embedding makes them: deviation 1, not 0.02."""
    for part in model.modules():
        if isinstance(part, nn.Embedding):
            part.reset_parameters()


def swap_attention(model: BertForPreTraining, kind: type[nn.Module]) -> None:
    """Put another attention into every layer."""
    config, layers = model.config, list[Any](model.bert.encoder.layers)
    H, A = config.hidden_size, config.num_attention_heads
    for layer in layers:
        if kind is MadeInForward:
            layer.attention = MadeInForward(layer.attention)
        elif kind is AlongTheBatch:
            layer.attention = AlongTheBatch(H, A)
        else:
            layer.attention = kind(config)


def swap_embeddings(model: BertForPreTraining, kind: type[BertEmbeddings]) -> None:
    """Put other embeddings in, with the same tables."""
    model.bert.embeddings.__class__ = kind


def swap_head(model: BertForPreTraining, kind: type[MaskedLMHead]) -> None:
    """Put another word head in."""
    model.cls.predictions = kind(model.config)
    model.cls.predictions.tie(model.bert.embeddings.word_embeddings)


def attention_exhibit(name: str, fault: str, kind: type[nn.Module]) -> Exhibit:
    """Describe an exhibit in the attention."""
    return Exhibit(name, fault, kind, lambda model: swap_attention(model, kind))


def embeddings_exhibit(name: str, fault: str, kind: type[BertEmbeddings]) -> Exhibit:
    """Describe an exhibit in the embeddings."""
    return Exhibit(name, fault, kind, lambda model: swap_embeddings(model, kind))


def head_exhibit(name: str, fault: str, kind: type[MaskedLMHead]) -> Exhibit:
    """Describe an exhibit in the word head."""
    return Exhibit(name, fault, kind, lambda model: swap_head(model, kind))


MODEL_EXHIBITS = (
    attention_exhibit("layers-made-in-forward", "parameters-outside", MadeInForward),
    embeddings_exhibit(
        "detached-positions", "positions-without-gradient", DetachedPositions
    ),
    embeddings_exhibit("positions-by-row", "order-unused", PositionsByRow),
    embeddings_exhibit("segments-ignored", "segments-unused", SegmentsIgnored),
    embeddings_exhibit("dropout-for-ever", "nondeterministic", DropoutForEver),
    attention_exhibit("no-padding-mask", "padding-changes-scores", NoPaddingMask),
    attention_exhibit("mask-on-rows", "padding-changes-scores", MaskOnRows),
    attention_exhibit("turned-mask", "mask-turned", TurnedMask),
    attention_exhibit("causal-mask", "sees-one-side", CausalMask),
    attention_exhibit("along-the-batch", "batch-dependent", AlongTheBatch),
    head_exhibit("untied-head", "decoder-untied", UntiedHead),
    head_exhibit("no-bias", "decoder-without-bias", NoBiasHead),
    head_exhibit("probability-head", "scores-are-probabilities", ProbabilityHead),
    Exhibit("default-start", "first-loss", default_start, default_start),
)
