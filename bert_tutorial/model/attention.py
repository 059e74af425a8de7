"""Self-attention: every token asks all tokens, and takes what fits.

Chapter: 6
Used from: 1
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.config import BertConfig

__all__ = [
    "SelfAttention",
    "attention",
    "attention_weights",
    "fused_attention",
    "merge_heads",
    "split_heads",
]


def attention_weights(query: Tensor, key: Tensor, is_token: Tensor | None) -> Tensor:
    """Say how much each query takes of each key (Vaswani et al. 2017, equation 1).

    The scale is inside the exponent: softmax(Q K^T / sqrt(D)). A row in which no
    token may be seen gives all tokens the same weight.

    Args:
        query: (B, A, T, D)
        key: (B, A, S, D); S is T where all tokens of a text ask.
        is_token: (B, S) bool; False hides that token from every query. None hides
            none. With four dimensions, to be broadcast to (B, A, T, S), it says so
            query by query.

    Returns:
        (B, A, T, S): rows ask, columns answer, each row sums to one.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if is_token is not None:
        if is_token.dim() == 2:  # the same for all heads and queries
            is_token = is_token[:, None, None, :]
        scores = scores.masked_fill(~is_token, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Mix the values by how well each query matches each key.

    Args:
        query: (B, A, T, D)
        key: (B, A, S, D)
        value: (B, A, S, D)
        is_token: (B, S) bool or None, see `attention_weights`.
        dropout: fraction of the weights set to zero, the others scaled up.

    Returns:
        (B, A, T, D)
    """
    weights = attention_weights(query, key, is_token)
    if dropout:
        weights = F.dropout(weights, dropout)
    return weights @ value


def fused_attention(
    query: Tensor, key: Tensor, value: Tensor, is_token: Tensor | None = None
) -> Tensor:
    """Compute `attention` without dropout in one of torch's fused kernels.

    The same numbers up to rounding, but the (B, A, T, S) weights are never stored: it
    needs less memory and, from some fifty tokens on, less time.

    Args:
        query: (B, A, T, D)
        key: (B, A, S, D)
        value: (B, A, S, D)
        is_token: (B, S) bool or None, see `attention_weights`.

    Returns:
        (B, A, T, D)
    """
    penalty = None
    if is_token is not None:
        if is_token.dim() == 2:  # the same for all heads and queries
            is_token = is_token[:, None, None, :]
        # added, not a bool mask: a row without any token stays an even mixture
        lowest = torch.finfo(query.dtype).min
        penalty = query.new_zeros(is_token.shape).masked_fill(~is_token, lowest)
    return F.scaled_dot_product_attention(query, key, value, penalty)


def split_heads(x: Tensor, A: int) -> Tensor:
    """Give each head its part of every vector: (B, T, H) -> (B, A, T, D)."""
    B, T, H = x.shape
    return x.view(B, T, A, H // A).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """Put the parts of the heads side by side again: (B, A, T, D) -> (B, T, H)."""
    B, A, T, D = x.shape
    return x.transpose(1, 2).reshape(B, T, A * D)


class SelfAttention(nn.Module):
    """Attention with several heads (Vaswani et al. 2017, section 3.2.2).

    The output projection is included; residual and LayerNorm are the encoder's.
    """

    def __init__(self, config: BertConfig) -> None:
        """Make four square matrices with biases."""
        super().__init__()
        H = config.hidden_size
        self.num_heads = config.num_attention_heads
        # a module, so that a trainer may put in a cheaper one
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)
        self.query = nn.Linear(H, H)
        self.key = nn.Linear(H, H)
        self.value = nn.Linear(H, H)
        self.output = nn.Linear(H, H)

    def forward(
        self,
        hidden: Tensor,
        is_token: Tensor | None = None,
        output_attentions: bool = False,
        asking: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Let every token look at all tokens.

        Args:
            hidden: (B, T, H)
            is_token: (B, T) bool or None.
            output_attentions: also return the weights (before dropout).
            asking: (B, M, H), the tokens that look, if not all of them do.

        Returns:
            (B, T, H), and the weights (B, A, T, T) or None; M for the first T if only
            some are asking.
        """
        asking = hidden if asking is None else asking
        query = split_heads(self.query(asking), self.num_heads)  # (B, A, T, D)
        key = split_heads(self.key(hidden), self.num_heads)
        value = split_heads(self.value(hidden), self.num_heads)
        is_dropping = self.training and self.dropout.p > 0
        if not (is_dropping or output_attentions):
            mixed = fused_attention(query, key, value, is_token)
            return self.output(merge_heads(mixed)), None
        weights = attention_weights(query, key, is_token)
        mixed = self.dropout(weights) @ value
        return self.output(merge_heads(mixed)), weights if output_attentions else None
