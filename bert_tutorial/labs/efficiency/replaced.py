"""Replaced-token detection: learn from every token of a text, not from the hidden ones.

A small generator fills the hidden positions; the discriminator reads the result and
says of each token whether it was replaced (Clark et al. 2020, section 2). Both share
their tables. The generator learns as a masked language model does: no gradient reaches
it through its samples. What is kept afterwards is the discriminator.

Chapter: 20
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.bert import BertModel, initialise
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.encoder import gelu
from bert_tutorial.model.objectives import BertForMaskedLM, scored_positions

__all__ = [
    "ReplacedTokenLoss",
    "ReplacedTokenModel",
    "mark_replaced",
    "replaced_token_loss",
]


class ReplacedTokenModel(nn.Module):
    """Generator and discriminator, with the tables of embeddings in common.

    Args:
        config: of the discriminator.
        generator_layers: the generator differs in its number of layers alone.
    """

    def __init__(self, config: BertConfig, generator_layers: int) -> None:
        """Make both with initial weights."""
        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)
        smaller = config.changed(num_hidden_layers=generator_layers)
        self.generator = BertForMaskedLM(smaller)
        self.generator.bert.embeddings = self.bert.embeddings
        self.generator.cls.predictions.tie(self.bert.embeddings.word_embeddings)
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.output = nn.Linear(config.hidden_size, 1)
        self.form = config.hidden_act
        for part in (self.dense, self.output):
            initialise(part, config)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> Tensor:
        """Score each token: (B, T) -> logits (B, T), above 0 for "replaced"."""
        hidden = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        logits: Tensor = self.output(gelu(self.dense(hidden), self.form))[..., 0]
        return logits


class ReplacedTokenLoss(NamedTuple):
    """Both losses in nats, their weighted sum, and the share of replaced tokens."""

    loss: Tensor
    masked_lm: Tensor
    replaced: Tensor
    share: float


def mark_replaced(
    input_ids: Tensor, labels: Tensor, samples: Tensor
) -> tuple[Tensor, Tensor]:
    """Put the generator's words into the text, and say which tokens changed.

    Args:
        input_ids: (B, T), with [MASK] and other changes at the chosen positions.
        labels: (B, T), the original id at chosen positions, -100 elsewhere.
        samples: (B, T), the generator's ids; only chosen positions count.

    Returns:
        The ids that the discriminator reads, and whether each differs from the
        original: (B, T) and (B, T) bool. A sample that hits the original is not
        replaced.

    Example:
        >>> read, is_replaced = mark_replaced(
        ...     torch.tensor([[7, 4, 4]]),
        ...     torch.tensor([[-100, 8, 9]]),
        ...     torch.tensor([[1, 8, 5]]),
        ... )
        >>> read.tolist(), is_replaced.tolist()
        ([[7, 8, 5]], [[False, False, True]])
    """
    is_chosen = labels != -100
    read = torch.where(is_chosen, samples, input_ids)
    return read, is_chosen & (samples != labels)


def replaced_token_loss(
    model: ReplacedTokenModel,
    batch: Mapping[str, Tensor],
    weight: float,
    random: torch.Generator,
) -> ReplacedTokenLoss:
    """Compute the loss of both networks on one batch.

    Args:
        model: both.
        batch: as for `pretraining_loss`; pairs are not asked about.
        weight: of the discriminator's loss; 50 in the paper.
        random: source of the generator's samples, which are drawn on its device.

    Returns:
        See ReplacedTokenLoss. Each loss is a mean: over the chosen positions, and over
        all real tokens.

    Raises:
        ValueError: no position of the batch has a label.
    """
    batch = {name: values.to(model.bert.device) for name, values in batch.items()}
    input_ids, labels = batch["input_ids"], batch["labels"]
    mask, types = batch.get("attention_mask"), batch.get("token_type_ids")
    positions, short = scored_positions(labels)
    hidden = model.generator.bert(
        input_ids, mask, types, positions=positions
    ).last_hidden_state
    is_scored = short != -100
    if not bool(is_scored.any()):
        raise ValueError("labels must have a position to predict, got none")
    logits = model.generator.cls.predictions(hidden[is_scored])  # (M, V)
    masked_lm = F.cross_entropy(logits, short[is_scored])
    chances = logits.detach().softmax(-1).to(random.device)
    words = torch.multinomial(chances, 1, generator=random)
    samples = input_ids.clone()
    samples[labels != -100] = words[:, 0].to(samples.device)
    read, is_replaced = mark_replaced(input_ids, labels, samples)
    scores = model(read, mask, types)  # (B, T)
    is_token = torch.ones_like(read, dtype=torch.bool) if mask is None else mask.bool()
    replaced = F.binary_cross_entropy_with_logits(
        scores[is_token], is_replaced[is_token].to(scores.dtype)
    )
    share = float(is_replaced[is_token].float().mean())
    return ReplacedTokenLoss(masked_lm + weight * replaced, masked_lm, replaced, share)
