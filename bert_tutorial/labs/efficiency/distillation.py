"""Distillation: a small model learns from the probabilities of a large one.

The word behind a [MASK] is one bit of news a position; the teacher's whole distribution
says as well which wrong words would nearly have done (Hinton et al. 2015, section 2).

Chapter: 20
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.model.objectives import BertForPreTraining, scored_positions

__all__ = ["DistilledLoss", "distillation_loss", "distilled_masked_lm"]


class DistilledLoss(NamedTuple):
    """The losses on the labels and on the teacher's words, in nats, and their mix."""

    loss: Tensor
    masked_lm: Tensor
    soft: Tensor


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Compare a student's probabilities with its teacher's.

    The divergence KL(teacher || student) of the softened probabilities, times the
    square of the temperature: without it, gradients would shrink as the temperature
    rises.

    Args:
        student: logits (M, V).
        teacher: logits (M, V); no gradient goes there.
        temperature: both logits are divided by it, above 0.

    Returns:
        Mean over the M positions, in nats: ().
    """
    wanted = (teacher.detach() / temperature).log_softmax(-1)
    given = (student / temperature).log_softmax(-1)
    apart = F.kl_div(given, wanted, log_target=True, reduction="batchmean")
    return apart * temperature**2


def distilled_masked_lm(
    student: BertForPreTraining,
    teacher: BertForPreTraining,
    batch: Mapping[str, Tensor],
    share: float,
    temperature: float,
) -> DistilledLoss:
    """Compute a student's masked-LM loss, a share of it from its teacher.

    Args:
        student: learns.
        teacher: of the same vocabulary, on the student's device; only runs forward.
        batch: as for `pretraining_loss`; pairs are not asked about.
        share: of the loss that the teacher decides, 0 to 1.
        temperature: see `distillation_loss`.

    Returns:
        See DistilledLoss.

    Raises:
        ValueError: no position of the batch has a label.
    """
    batch = {name: values.to(student.device) for name, values in batch.items()}
    positions, labels = scored_positions(batch["labels"])
    hidden = _encode(student, batch, positions)
    is_scored = labels != -100
    if not bool(is_scored.any()):
        raise ValueError("labels must have a position to predict, got none")
    logits = student.cls.predictions(hidden[is_scored])  # (M, V)
    with torch.no_grad():
        known = _encode(teacher, batch, positions)
        wanted = teacher.cls.predictions(known[is_scored])
    masked_lm = F.cross_entropy(logits, labels[is_scored])
    soft = distillation_loss(logits, wanted, temperature)
    return DistilledLoss((1 - share) * masked_lm + share * soft, masked_lm, soft)


def _encode(
    model: BertForPreTraining, batch: Mapping[str, Tensor], positions: Tensor
) -> Tensor:
    """Give the last layer's output (B, M, H) at the positions, unpooled."""
    mask = batch.get("attention_mask")
    embedded = model.bert.embeddings(batch["input_ids"], batch.get("token_type_ids"))
    hidden: Tensor = model.bert.encoder(
        embedded, None if mask is None else mask.bool(), positions=positions
    )[0]
    return hidden
