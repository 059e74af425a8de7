"""BERT itself: embeddings, encoder, pooler.

Chapter: 8
Used from: 1
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.embeddings import BertEmbeddings, truncated_normal_, zero_row_
from bert_tutorial.model.encoder import Encoder
from bert_tutorial.model.outputs import Output

__all__ = ["BertModel", "ModelOutput", "Pooler", "initialise"]


@dataclass
class ModelOutput(Output):
    """What BertModel returns.

    Shapes: last_hidden_state (B, T, H); pooler_output (B, H) or None;
    hidden_states L + 1 tensors (B, T, H); attentions L tensors (B, A, T, T).
    """

    last_hidden_state: Tensor
    pooler_output: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class Pooler(nn.Module):
    """Take the vector of [CLS] through a dense layer and tanh: (B, T, H) -> (B, H)."""

    def __init__(self, config: BertConfig) -> None:
        """Make the dense layer."""
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        """Pool (Devlin et al. 2019, section 3)."""
        return torch.tanh(self.dense(hidden[:, 0]))


def initialise(module: nn.Module, config: BertConfig) -> None:
    """Give every table and matrix its initial values.

    As in the original code, truncated normal for tables and matrices, 0 for biases;
    LayerNorm keeps gain 1 and shift 0. Otherwise than there, the row of [PAD] is 0,
    and the positions have a scale of their own if the configuration says so.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear):
            truncated_normal_(part.weight, config.initializer_range)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Embedding):
            truncated_normal_(part.weight, config.initializer_range)
            zero_row_(part)
    for part in module.modules():
        scale = config.position_initializer_range
        if isinstance(part, BertEmbeddings) and scale is not None:
            truncated_normal_(part.position_embeddings.weight, scale)


class BertModel(PreTrained):
    """BERT without a task (Devlin et al. 2019, section 3).

    Args:
        config: all sizes.
        add_pooling_layer: with the pooler, or without it (masked LM, token and span
            heads have none).
    """

    _optional = ("pooler.",)

    def __init__(self, config: BertConfig, add_pooling_layer: bool = True) -> None:
        """Make the parts with initial weights."""
        super().__init__(config)
        self.embeddings = BertEmbeddings(config)
        self.encoder = Encoder(config)
        self.pooler = Pooler(config) if add_pooling_layer else None
        initialise(self, config)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
        positions: Tensor | None = None,
    ) -> ModelOutput:
        """Turn ids into one vector a token.

        Args:
            input_ids: (B, T) ids.
            attention_mask: (B, T), 1 for real tokens, 0 for padding; None means all
                are real.
            token_type_ids: (B, T), 0 or 1; None means all 0.
            output_attentions: also return the weights of every layer.
            output_hidden_states: also return the vectors after every layer.
            positions: (B, M), where the last layer is to be computed, from 0 for [CLS]
                on if there is a pooler; None: everywhere.

        Returns:
            See ModelOutput; the last layer's T is M if there are positions.

        Raises:
            ValueError: if T is more than max_position_embeddings.
        """
        is_token = None if attention_mask is None else attention_mask.bool()
        embedded = self.embeddings(input_ids, token_type_ids)
        last, states, attentions = self.encoder(
            embedded, is_token, output_attentions, output_hidden_states, positions
        )
        return ModelOutput(
            last_hidden_state=last,
            pooler_output=None if self.pooler is None else self.pooler(last),
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
        )
