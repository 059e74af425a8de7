"""Pretraining for less: the last layer only where a loss looks, and cheap dropout.

Six of seven tokens are not hidden. Their vectors matter up to the last layer, where
the hidden positions still ask them for keys and values; what the last layer would make
of them, no loss reads. The losses and their gradients are those of `pretraining_loss`.

Drawing the mask of torch's own dropout takes longer on a CPU than a LayerNorm of the
same size. Sixteen random bits decide as well as a float: a draw of 64 bits serves four
numbers.

Chapter: 20
Used from: 12
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from bert_tutorial.model.attention import (
    attention,
    fused_attention,
    merge_heads,
    split_heads,
)
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.encoder import EncoderLayer
from bert_tutorial.model.objectives import (
    BertForPreTraining,
    PretrainingLoss,
    losses_of,
)

__all__ = [
    "CheapDropout",
    "cheapen_dropout",
    "hidden_at_places",
    "layer_at_places",
    "lean_pretraining_loss",
    "scored_places",
]


def scored_places(labels: Tensor) -> tuple[Tensor, Tensor]:
    """List the places that a loss reads: [CLS] and those with a label.

    Args:
        labels: (B, T), -100 where nothing is scored.

    Returns:
        The places (B, M), in order, and their labels (B, M); rows with fewer places
        than the longest are filled with others, whose label is -100.

    Example:
        >>> places, short = scored_places(torch.tensor([[-100, -100, 7, -100]]))
        >>> places.tolist(), short.tolist()
        ([[0, 2]], [[-100, 7]])
    """
    is_read = labels != -100
    is_read[:, 0] = True
    M = int(is_read.sum(dim=1).max())
    places = is_read.byte().argsort(dim=1, descending=True, stable=True)[:, :M]
    return places, labels.gather(1, places)


def layer_at_places(
    layer: EncoderLayer, hidden: Tensor, is_token: Tensor | None, places: Tensor
) -> Tensor:
    """Compute a layer's output at some places only.

    Args:
        layer: the layer.
        hidden: (B, T, H), its input.
        is_token: (B, T) bool or None.
        places: (B, M), of 0 to T - 1.

    Returns:
        (B, M, H): what `layer(hidden, is_token)` has at the places.
    """
    B, T, H = hidden.shape
    part = layer.attention
    rows = (places + torch.arange(B, device=places.device)[:, None] * T).flatten()
    asking = hidden.flatten(0, 1).index_select(0, rows).view(B, -1, H)  # (B, M, H)
    query = split_heads(part.query(asking), part.num_heads)  # (B, A, M, D)
    key = split_heads(part.key(hidden), part.num_heads)  # (B, A, T, D)
    value = split_heads(part.value(hidden), part.num_heads)
    if layer.training and part.dropout_prob:
        mixed = attention(query, key, value, is_token, part.dropout_prob)
    else:
        mixed = fused_attention(query, key, value, is_token)
    mixed = part.output(merge_heads(mixed))
    asking = layer.attention_norm(asking + layer.dropout(mixed))
    worked = layer.feed_forward(asking)
    output: Tensor = layer.feed_forward_norm(asking + layer.dropout(worked))
    return output


def hidden_at_places(
    bert: BertModel, batch: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """Run an encoder, its last layer only at the places that a loss reads.

    Args:
        bert: the encoder; it has one layer or more.
        batch: input_ids, labels and, if there are any, attention_mask and
            token_type_ids.

    Returns:
        The last layer's output (B, M, H) at [CLS] and the scored places, and their
        labels (B, M), see `scored_places`.
    """
    mask = batch.get("attention_mask")
    is_token = None if mask is None else mask.bool()
    hidden = bert.embeddings(batch["input_ids"], batch.get("token_type_ids"))
    *lower, last = bert.encoder.layers
    assert isinstance(last, EncoderLayer)
    for layer in lower:
        hidden, _ = layer(hidden, is_token)
    places, labels = scored_places(batch["labels"])
    return layer_at_places(last, hidden, is_token, places), labels


def lean_pretraining_loss(
    model: BertForPreTraining, batch: Mapping[str, Tensor]
) -> PretrainingLoss:
    """Compute what `pretraining_loss` computes, for less.

    Args:
        model: the model.
        batch: as for `pretraining_loss`.

    Returns:
        See PretrainingLoss. With dropout, the same in distribution.
    """
    hidden, labels = hidden_at_places(model.bert, batch)
    assert model.bert.pooler is not None
    pooled = model.bert.pooler(hidden)
    return losses_of(model, hidden, pooled, labels, batch.get("next_sentence_label"))


LEVELS = 2**16


class CheapDropout(nn.Dropout):
    """nn.Dropout, on a CPU with the probability rounded to a multiple of 2**-16.

    What is kept is scaled by the rounded probability, so that the mean is kept
    exactly. Elsewhere, and in eval mode, it is nn.Dropout itself.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Zero each number with probability p, scale the rest by 1 / (1 - p)."""
        dropped = round(self.p * LEVELS)
        is_plain = input.device.type != "cpu" or not 0 < dropped < LEVELS
        if not self.training or is_plain:
            return super().forward(input)
        words = torch.empty(-(-input.numel() // 4), dtype=torch.int64)
        words.random_(-(2**63), None)  # all 64 bits
        bits = words.view(torch.int16)[: input.numel()].view(input.shape)
        is_kept = bits >= dropped - LEVELS // 2
        zero, scale = input.new_zeros(()), input.new_tensor(LEVELS / (LEVELS - dropped))
        return input * torch.where(is_kept, scale, zero)


def cheapen_dropout(model: nn.Module) -> list[tuple[nn.Module, str, nn.Dropout]]:
    """Replace each nn.Dropout inside a model by a CheapDropout of the same share.

    Returns:
        What was replaced: its parent, its name there, and the module itself.
    """
    replaced = []
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Dropout:
                cheap = CheapDropout(child.p, child.inplace)
                setattr(parent, name, cheap.train(child.training))
                replaced.append((parent, name, child))
    return replaced


@contextmanager
def cheap_dropout(model: nn.Module) -> Iterator[None]:
    """Let a model drop cheaply for a while; then its own modules are in place again."""
    replaced = cheapen_dropout(model)
    try:
        yield
    finally:
        for parent, name, own in replaced:
            own.train(getattr(parent, name).training)
            setattr(parent, name, own)
