"""The heads and losses of pretraining, and the models that have them.

The masked-LM head scores every word of the vocabulary, the next-sentence head the
relation of two texts.

Chapter: 11
Used from: 1
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.bert import BertModel, ModelOutput, initialise
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.encoder import gelu
from bert_tutorial.model.outputs import Output

__all__ = [
    "BertForMaskedLM",
    "BertForPreTraining",
    "MaskedLMHead",
    "MaskedLMOutput",
    "PreTrainingHeads",
    "PreTrainingOutput",
    "PretrainingLoss",
    "pretraining_loss",
]


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


@dataclass
class PreTrainingOutput(Output):
    """prediction_logits (B, T, V), seq_relationship_logits (B, 2), loss if labelled."""

    prediction_logits: Tensor
    seq_relationship_logits: Tensor
    loss: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


@dataclass
class MaskedLMOutput(Output):
    """logits (B, T, V), and the loss if labels were given."""

    logits: Tensor
    loss: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


class PretrainingLoss(NamedTuple):
    """Both losses in nats and their sum; num_masked counts the scored positions."""

    loss: Tensor
    masked_lm: Tensor
    next_sentence: Tensor
    num_masked: int


class BertForPreTraining(PreTrained):
    """BERT with both pretraining heads."""

    # a masked-LM file has neither
    _optional = ("pooler.", "cls.seq_relationship.")

    def __init__(self, config: BertConfig) -> None:
        """Make encoder and heads with initial weights; tie the output matrix."""
        super().__init__(config)
        self.bert = BertModel(config)
        self.cls = PreTrainingHeads(config)
        initialise(self.cls, config)
        self.cls.predictions.tie(self.bert.embeddings.word_embeddings)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        next_sentence_label: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
    ) -> PreTrainingOutput:
        """Score words at every position, and whether the second segment is the next.

        Args:
            input_ids: (B, T).
            attention_mask: (B, T), 1 for real tokens, or None.
            token_type_ids: (B, T), or None.
            labels: (B, T) ids of the hidden words, -100 where nothing is scored.
            next_sentence_label: (B,), 0 = next, 1 = random.
            output_attentions: also return attention weights.
            output_hidden_states: also return the vectors of all layers.

        Returns:
            See PreTrainingOutput; the loss is there only if both labels are.
        """
        output: ModelOutput = self.bert(
            input_ids,
            attention_mask,
            token_type_ids,
            output_attentions,
            output_hidden_states,
        )
        words = self.cls.predictions(output.last_hidden_state)  # (B, T, V)
        relation = self.cls.seq_relationship(output.pooler_output)  # (B, 2)
        loss = None
        if labels is not None and next_sentence_label is not None:
            loss = F.cross_entropy(words.flatten(0, 1), labels.flatten())
            loss = loss + F.cross_entropy(relation, next_sentence_label)
        return PreTrainingOutput(
            words, relation, loss, output.hidden_states, output.attentions
        )


class BertForMaskedLM(PreTrained):
    """BERT with the masked-LM head only; it has no pooler."""

    def __init__(self, config: BertConfig) -> None:
        """Make encoder and head with initial weights; tie the output matrix."""
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.cls = MaskedLMHeads(config)
        initialise(self.cls, config)
        self.cls.predictions.tie(self.bert.embeddings.word_embeddings)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool = False,
        output_hidden_states: bool = False,
    ) -> MaskedLMOutput:
        """Score words at every position.

        Args:
            input_ids: (B, T).
            attention_mask: (B, T), 1 for real tokens, or None.
            token_type_ids: (B, T), or None.
            labels: (B, T) ids of the hidden words, -100 where nothing is scored.
            output_attentions: also return attention weights.
            output_hidden_states: also return the vectors of all layers.

        Returns:
            Logits (B, T, V), and the loss in nats if there are labels.
        """
        output: ModelOutput = self.bert(
            input_ids,
            attention_mask,
            token_type_ids,
            output_attentions,
            output_hidden_states,
        )
        logits = self.cls.predictions(output.last_hidden_state)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        return MaskedLMOutput(logits, loss, output.hidden_states, output.attentions)


def scored_positions(labels: Tensor) -> tuple[Tensor, Tensor]:
    """List the positions that a loss reads: [CLS] and those with a label.

    Args:
        labels: (B, T), -100 where nothing is scored.

    Returns:
        The positions (B, M), in order, and their labels (B, M); rows with fewer
        positions than the longest are filled with others, whose label is -100.

    Example:
        >>> positions, short = scored_positions(torch.tensor([[-100, -100, 7, -100]]))
        >>> positions.tolist(), short.tolist()
        ([[0, 2]], [[-100, 7]])
    """
    is_read = labels != -100
    is_read[:, 0] = True
    M = int(is_read.sum(dim=1).max())
    positions = is_read.byte().argsort(dim=1, descending=True, stable=True)[:, :M]
    return positions, labels.gather(1, positions)


def pretraining_loss(
    model: BertForPreTraining, batch: Mapping[str, Tensor], lean: bool = False
) -> PretrainingLoss:
    """Compute both losses, with vocabulary logits at the masked positions only.

    The same numbers as `model(**batch).loss`, for less: nine tenths of the logits
    would not be scored. A batch without any scored position or pair costs 0, with
    gradients of zero instead of NaN.

    Args:
        model: the model.
        batch: input_ids, labels and, if there are any, attention_mask,
            token_type_ids and next_sentence_label (-100: no pair).
        lean: also compute the last layer only where a loss reads it: at [CLS] and the
            masked positions. The trainer does so.

    Returns:
        See PretrainingLoss; if lean, the same for less work, and with dropout the same
        in distribution.
    """
    positions, labels = None, batch["labels"]
    if lean:
        positions, labels = scored_positions(labels)
    output: ModelOutput = model.bert(
        batch["input_ids"],
        batch.get("attention_mask"),
        batch.get("token_type_ids"),
        positions=positions,
    )
    return losses_of(
        model,
        output.last_hidden_state,
        output.pooler_output,
        labels,
        batch.get("next_sentence_label"),
    )


def losses_of(
    model: BertForPreTraining,
    hidden: Tensor,
    pooled: Tensor | None,
    labels: Tensor,
    relation_labels: Tensor | None,
) -> PretrainingLoss:
    """Compute both losses from the encoder's output.

    Args:
        model: gives the heads.
        hidden: (B, T, H), or (B, M, H) at the positions that a lean pass computes.
        pooled: (B, H), what the pooler makes of [CLS].
        labels: (B, T) or (B, M), -100 where nothing is scored.
        relation_labels: (B,), -100 for no pair; or None.
    """
    rows, columns = torch.nonzero(labels != -100, as_tuple=True)  # (M,), (M,)
    nothing = hidden.sum() * 0.0
    masked_lm = next_sentence = nothing
    if len(rows):
        logits = model.cls.predictions(hidden[rows, columns])  # (M, V)
        masked_lm = F.cross_entropy(logits, labels[rows, columns])
    if relation_labels is not None and bool((relation_labels != -100).any()):
        relation = model.cls.seq_relationship(pooled)  # (B, 2)
        next_sentence = F.cross_entropy(relation, relation_labels)
    loss = masked_lm + next_sentence
    return PretrainingLoss(loss, masked_lm, next_sentence, len(rows))
