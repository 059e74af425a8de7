"""The heads of pretraining: scores for every word, and for the relation of two texts.

Chapter: 11
Used from: 1
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.config import BertConfig
from bert_tutorial.encoder import gelu

__all__ = ["MaskedLMHead", "PreTrainingHeads"]


class MaskedLMHead(nn.Module):
    """Score every word of the vocabulary (Devlin et al. 2019, section 3.1, task 1).

    Dense, GELU, LayerNorm, then the word table itself and a bias of its own: the
    output layer is tied to the input embeddings. There is no output for positions.
    """

    def __init__(self, config: BertConfig) -> None:
        """Make the transform and the bias; `tie` hands in the table."""
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.form = config.hidden_act
        self._table: list[nn.Embedding] = []  # not a child: the table has one owner

    def tie(self, word_embeddings: nn.Embedding) -> None:
        """Use this table as the output matrix."""
        self._table = [word_embeddings]

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (..., H) to logits (..., V)."""
        transformed = self.layer_norm(gelu(self.dense(hidden), self.form))
        return F.linear(transformed, self._table[0].weight, self.bias)


class PreTrainingHeads(nn.Module):
    """Both heads: `predictions` on tokens, `seq_relationship` on the pooled [CLS]."""

    def __init__(self, config: BertConfig) -> None:
        """Make both heads; class 0 of the second means "is next", 1 "is random"."""
        super().__init__()
        self.predictions = MaskedLMHead(config)
        self.seq_relationship = nn.Linear(config.hidden_size, 2)


class MaskedLMHeads(nn.Module):
    """The masked-LM head under the name it has in published files."""

    def __init__(self, config: BertConfig) -> None:
        """Make the head."""
        super().__init__()
        self.predictions = MaskedLMHead(config)
