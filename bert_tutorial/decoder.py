"""A decoder on top of the encoder: it writes words, each from those before it.

Each layer looks three times: at what is written so far, at the source, and at each
place alone (Vaswani et al. 2017, section 3.1). Post-LN, as the encoder.

Chapter: 17
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bert_tutorial.attention import merge_heads, split_heads
from bert_tutorial.config import BertConfig
from bert_tutorial.encoder import FeedForward

__all__ = [
    "Decoder",
    "DecoderLayer",
    "KeysValues",
    "LookBack",
    "decoder_masks",
    "masked_attention",
]


class KeysValues(NamedTuple):
    """Keys and values that a layer looks at: (B, A, S, D) each."""

    key: Tensor
    value: Tensor


def decoder_masks(T: int, source_is_token: Tensor) -> tuple[Tensor, Tensor]:
    """Say what the T places of the target may see; True is visible.

    A place sees itself and those before it, and all of the source but the padding.
    Padding of the target needs no mask of its own: it stands after the real words.

    Args:
        T: places of the target.
        source_is_token: (B, S) bool.

    Returns:
        (1, 1, T, T) for the target and (B, 1, 1, S) for the source: rows ask,
        columns answer.
    """
    place = torch.arange(T, device=source_is_token.device)
    is_past = place[None, :] <= place[:, None]  # (T, T)
    return is_past[None, None], source_is_token[:, None, None, :]


def masked_attention(
    query: Tensor, key: Tensor, value: Tensor, is_visible: Tensor, dropout: float = 0.0
) -> Tensor:
    """Mix the values of the visible places by how well each query matches each key.

    Args:
        query: (B, A, T, D)
        key: (B, A, S, D)
        value: (B, A, S, D)
        is_visible: bool, broadcast to (B, 1, T, S).
        dropout: share of the weights set to zero, the others scaled up.

    Returns:
        (B, A, T, D)
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    lowest = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~is_visible, lowest).softmax(dim=-1)
    return nn.functional.dropout(weights, dropout, dropout > 0) @ value


class LookBack(nn.Module):
    """Attention whose queries and keys may come from different texts."""

    def __init__(self, config: BertConfig) -> None:
        """Make four square matrices with biases."""
        super().__init__()
        H = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.dropout_prob = config.attention_probs_dropout_prob
        self.query = nn.Linear(H, H)
        self.key = nn.Linear(H, H)
        self.value = nn.Linear(H, H)
        self.output = nn.Linear(H, H)

    def remember(self, hidden: Tensor, past: KeysValues | None = None) -> KeysValues:
        """Make keys and values of (B, S, H), after those of the past if there are."""
        key = split_heads(self.key(hidden), self.num_heads)  # (B, A, S, D)
        value = split_heads(self.value(hidden), self.num_heads)
        if past is None:
            return KeysValues(key, value)
        return KeysValues(
            torch.cat([past.key, key], 2), torch.cat([past.value, value], 2)
        )

    def forward(self, hidden: Tensor, memory: KeysValues, is_visible: Tensor) -> Tensor:
        """Let each place of (B, T, H) look at a memory; gives (B, T, H)."""
        query = split_heads(self.query(hidden), self.num_heads)  # (B, A, T, D)
        dropout = self.dropout_prob if self.training else 0.0
        mixed = masked_attention(query, *memory, is_visible, dropout)
        out: Tensor = self.output(merge_heads(mixed))
        return out


class DecoderLayer(nn.Module):
    """Three steps, each norm(x + dropout(f(x))): target, source, each place alone."""

    def __init__(self, config: BertConfig) -> None:
        """Make two attentions, feed-forward and three LayerNorms."""
        super().__init__()
        H, epsilon = config.hidden_size, config.layer_norm_eps
        self.self_attention = LookBack(config)
        self.self_norm = nn.LayerNorm(H, eps=epsilon)
        self.cross_attention = LookBack(config)
        self.cross_norm = nn.LayerNorm(H, eps=epsilon)
        self.feed_forward = FeedForward(config)
        self.feed_forward_norm = nn.LayerNorm(H, eps=epsilon)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self,
        hidden: Tensor,
        source: KeysValues,
        masks: tuple[Tensor, Tensor],
        past: KeysValues | None = None,
    ) -> tuple[Tensor, KeysValues]:
        """Run the layer on T new places.

        Args:
            hidden: (B, T, H).
            source: keys and values of the source, from `cross_attention.remember`.
            masks: for the target (1, 1, T, T + past) and the source (B, 1, 1, S).
            past: keys and values of the places before, or None.

        Returns:
            (B, T, H), and keys and values of all places so far.
        """
        own = self.self_attention.remember(hidden, past)
        mixed = self.self_attention(hidden, own, masks[0])
        hidden = self.self_norm(hidden + self.dropout(mixed))
        mixed = self.cross_attention(hidden, source, masks[1])
        hidden = self.cross_norm(hidden + self.dropout(mixed))
        worked = self.feed_forward(hidden)
        return self.feed_forward_norm(hidden + self.dropout(worked)), own


class Decoder(nn.Module):
    """A stack of layers."""

    def __init__(self, config: BertConfig) -> None:
        """Make as many layers as the encoder has."""
        super().__init__()
        self.layers = nn.ModuleList(
            DecoderLayer(config) for _ in range(config.num_hidden_layers)
        )

    def read(self, source: Tensor) -> list[KeysValues]:
        """Make each layer's keys and values of the source (B, S, H), once a text."""
        memories = []
        for layer in self.layers:
            assert isinstance(layer, DecoderLayer)
            memories.append(layer.cross_attention.remember(source))
        return memories

    def forward(
        self,
        hidden: Tensor,
        source: list[KeysValues],
        source_is_token: Tensor,
        past: list[KeysValues] | None = None,
    ) -> tuple[Tensor, list[KeysValues]]:
        """Run all layers on T new places.

        Args:
            hidden: (B, T, H), the embeddings of the new places.
            source: from `read`.
            source_is_token: (B, S) bool.
            past: what an earlier call gave for the places before, or None.

        Returns:
            (B, T, H), and the keys and values of each layer for the next call.
        """
        T = hidden.shape[1]
        before = past[0].key.shape[2] if past else 0
        target_mask, source_mask = decoder_masks(before + T, source_is_token)
        masks = target_mask[:, :, before:], source_mask
        kept = []
        for number, layer in enumerate(self.layers):
            own = past[number] if past else None
            hidden, present = layer(hidden, source[number], masks, own)
            kept.append(present)
        return hidden, kept
