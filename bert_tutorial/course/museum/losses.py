"""Exhibits in the loss: the model is healthy, what it is told is not.

Chapter: 12
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.course.museum.exhibit import Exhibit
from bert_tutorial.model.objectives import BertForPreTraining, PreTrainingOutput

__all__ = ["LOSS_EXHIBITS"]


class OtherLoss(nn.Module):
    """A healthy model under another loss; the frame of the exhibits."""

    def __init__(self, model: BertForPreTraining) -> None:
        super().__init__()
        self.model = model

    def loss(
        self, words: Tensor, labels: Tensor, relation: Tensor, is_random: Tensor
    ) -> Tensor:
        raise NotImplementedError

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        next_sentence_label: Tensor | None = None,
    ) -> PreTrainingOutput:
        output: PreTrainingOutput = self.model(
            input_ids, attention_mask, token_type_ids
        )
        self.read = input_ids
        if labels is not None and next_sentence_label is not None:
            output.loss = self.loss(
                output.prediction_logits.transpose(1, 2),  # (B, V, T)
                labels,
                output.seq_relationship_logits,
                next_sentence_label,
            )
        return output


class WeightsThatCancel(OtherLoss):
    """Padding weights on a mean that has already been taken."""

    def loss(
        self, words: Tensor, labels: Tensor, relation: Tensor, is_random: Tensor
    ) -> Tensor:
        weights = (labels != -100).float()
        mean = F.cross_entropy(words, labels.clamp(min=0))  # one number
        masked_lm = (mean * weights).sum() / weights.sum()
        return masked_lm + F.cross_entropy(relation, is_random)


class DividedByAllPlaces(OtherLoss):
    """The sum over the hidden places, over the number of all."""

    def loss(
        self, words: Tensor, labels: Tensor, relation: Tensor, is_random: Tensor
    ) -> Tensor:
        each = F.cross_entropy(words, labels, ignore_index=-100, reduction="none")
        return each.mean() + F.cross_entropy(relation, is_random)


class VisibleWordsScored(OtherLoss):
    """Every place is scored, hidden or not."""

    def loss(
        self, words: Tensor, labels: Tensor, relation: Tensor, is_random: Tensor
    ) -> Tensor:
        true = torch.where(labels == -100, self.read, labels)
        return F.cross_entropy(words, true) + F.cross_entropy(relation, is_random)


class MeanOfMeans(OtherLoss):
    """Each text's mean counts the same, whatever stands behind it."""

    def loss(
        self, words: Tensor, labels: Tensor, relation: Tensor, is_random: Tensor
    ) -> Tensor:
        means = [
            F.cross_entropy(scores.T, true)
            for scores, true in zip(words, labels, strict=True)
        ]
        return torch.stack(means).nanmean() + F.cross_entropy(relation, is_random)


class OneCriterionForBoth(OtherLoss):
    """One loss for both tasks; what is padding in one is a class in the other."""

    def loss(
        self, words: Tensor, labels: Tensor, relation: Tensor, is_random: Tensor
    ) -> Tensor:
        criterion = nn.CrossEntropyLoss(ignore_index=0)
        masked_lm = criterion(words, labels.clamp(min=0))
        return masked_lm + criterion(relation, is_random).nan_to_num()


class SoftmaxTwice(OtherLoss):
    """Probabilities go where logits belong."""

    def loss(
        self, words: Tensor, labels: Tensor, relation: Tensor, is_random: Tensor
    ) -> Tensor:
        masked_lm = F.cross_entropy(words.softmax(dim=1), labels)
        return masked_lm + F.cross_entropy(relation, is_random)


class ClassesTurned(OtherLoss):
    """The loss takes 1 for "is next", the data 0."""

    def loss(
        self, words: Tensor, labels: Tensor, relation: Tensor, is_random: Tensor
    ) -> Tensor:
        is_next = 1 - is_random
        return F.cross_entropy(words, labels) + F.cross_entropy(relation, is_next)


def loss_exhibit(name: str, fault: str, kind: type[Any]) -> Exhibit:
    """Describe an exhibit in the loss."""
    return Exhibit(name, fault, kind, kind)


LOSS_EXHIBITS = (
    loss_exhibit("weights-that-cancel", "loss-averages-padding", WeightsThatCancel),
    loss_exhibit("divided-by-all-places", "loss-averages-padding", DividedByAllPlaces),
    loss_exhibit("visible-words-scored", "loss-on-visible", VisibleWordsScored),
    loss_exhibit("mean-of-means", "loss-mean-of-means", MeanOfMeans),
    loss_exhibit(
        "one-criterion-for-both", "next-sentence-class-ignored", OneCriterionForBoth
    ),
    loss_exhibit("softmax-twice", "loss-softmax-twice", SoftmaxTwice),
    loss_exhibit("classes-turned-in-loss", "labels-turned-in-loss", ClassesTurned),
)
