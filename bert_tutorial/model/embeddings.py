"""From ids to vectors: word, position and segment tables, summed and normalised.

Chapter: 5
Used from: 1
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.model.config import BertConfig

__all__ = ["BertEmbeddings", "truncated_normal_"]


class BertEmbeddings(nn.Module):
    """Look up three tables, add, normalise, drop out (Devlin et al. 2019, figure 2).

    Positions are learned, from 0, and the same for every text. The row of [PAD] gets
    no gradient from here (only from the tied output layer).
    """

    def __init__(self, config: BertConfig) -> None:
        """Make the tables: (V, H), (P, H), (type_vocab_size, H)."""
        super().__init__()
        H = config.hidden_size
        self.word_embeddings = nn.Embedding(
            config.vocab_size, H, padding_idx=config.pad_token_id
        )
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, H)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, H)
        self.layer_norm = nn.LayerNorm(H, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Embed tokens.

        Args:
            input_ids: (B, T) ids.
            token_type_ids: (B, T), 0 for the first segment, 1 for the second; None
                means all 0.

        Returns:
            (B, T, H)

        Raises:
            ValueError: if there are more tokens than positions.
        """
        T = input_ids.shape[1]
        P = self.position_embeddings.num_embeddings
        if T > P:
            raise ValueError(
                f"input_ids must have at most {P} tokens, got {T}; truncate the text "
                "or use a model with more max_position_embeddings"
            )
        summed = self.word_embeddings(input_ids)  # (B, T, H)
        summed = summed + self.position_embeddings.weight[:T]
        if token_type_ids is None:
            summed = summed + self.token_type_embeddings.weight[0]
        else:
            summed = summed + self.token_type_embeddings(token_type_ids)
        embedded: Tensor = self.dropout(self.layer_norm(summed))
        return embedded


def truncated_normal_(table: Tensor, std: float) -> None:
    """Fill a table of any shape with a normal of deviation `std`, cut at two of them.

    As the original code: what lies outside is drawn again until nothing does, which
    makes the real deviation 0.88 times `std`. Written out, since
    `nn.init.trunc_normal_` gives other numbers from the same seed before torch 2.12.
    """
    if table.is_meta:  # a shape without numbers
        return
    with torch.no_grad():
        table.normal_(0.0, std)
        while (is_outside := table.abs() > 2 * std).any():
            again = torch.empty_like(table).normal_(0.0, std)
            table.copy_(torch.where(is_outside, again, table))


def zero_row_(embedding: nn.Embedding) -> None:
    """Set the row of [PAD] to zero."""
    if embedding.padding_idx is not None:
        with torch.no_grad():
            embedding.weight[embedding.padding_idx].zero_()


def why_out_of_range(
    config: BertConfig,
    classes: int | None,
    inputs: Sequence[Any],
    named: Mapping[str, Any],
) -> str:
    """Name the ids, types or labels that a model has no row for, once it has failed.

    torch says of all of these no more than "index out of range in self".

    Args:
        config: of the model.
        classes: that its labels choose between; None: the pieces of its vocabulary.
        inputs: that it was called with, the first of which are the ids.
        named: the others.

    Returns:
        What must be otherwise; empty if all of it is as it must be.
    """
    ids = named.get("input_ids", inputs[0] if inputs else None)
    if isinstance(ids, Tensor) and ids.dim() != 2:
        return (
            f"input_ids must be (B, T), a row a text, got {tuple(ids.shape)}; a single "
            "text is input_ids[None]"
        )
    limits = {
        "input_ids": (ids, config.vocab_size),
        "token_type_ids": (named.get("token_type_ids"), config.type_vocab_size),
        "labels": (named.get("labels"), classes or config.vocab_size),
    }
    ways = {
        "input_ids": "take the tokenizer of the model's own folder, or, with tokens "
        "added, resize_token_embeddings(len(tokenizer))",
        "token_type_ids": "0 is the first text, 1 the second",
        "labels": "-100 is not scored; num_labels says how many classes there are",
    }
    for name, (values, limit) in limits.items():
        if not isinstance(values, Tensor) or values.is_floating_point():
            continue
        is_bad = (values >= limit) | (values < 0)
        if name == "labels":
            is_bad &= values != -100
        bad = values[is_bad]
        if bad.numel():
            return (
                f"{name} must be from 0 to {limit - 1}, got {int(bad[0])}; {ways[name]}"
            )
    return ""
