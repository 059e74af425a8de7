"""Checks of the loss: is it the mean over what was hidden, and right at the start?

The model's loss is compared with the right one, computed from the model's own scores.
If they differ, known mistakes are computed as well, and the one that gives the
model's number is named.

Chapter: 12
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.doctor.patient import Diagnosis, Patient, Scores

__all__ = ["check_first_loss", "check_loss"]

NEAR = 2e-4  # relative; the mistakes differ by far more on the disturbed copy
REMEDIES = {
    "loss-averages-padding": "divide by the number of hidden places: "
    "F.cross_entropy(..., ignore_index=-100), or reduction='none', times the weights, "
    "over their sum",
    "loss-on-visible": "score the hidden places only; a visible word is learned by "
    "copying it",
    "loss-mean-of-means": "add the sums of all texts, then divide once",
    "loss-softmax-twice": "hand cross_entropy the logits: it has the softmax inside",
    "next-sentence-class-ignored": "give next-sentence prediction a loss of its own: "
    "there 0 is a class, not padding",
    "next-sentence-missing": "add the next-sentence loss, with equal weight",
    "labels-turned-in-loss": "0 means that the second segment is next",
}


class Question(NamedTuple):
    """A padded, labelled batch."""

    ids: Tensor
    mask: Tensor
    labels: Tensor
    relation: Tensor


def make_question(patient: Patient) -> Question:
    """Hide unequal numbers of places in the rows; pad all but the first."""
    ids = patient.ids_asked.clone()
    B, T = ids.shape
    columns = torch.arange(T, device=ids.device)
    mask = (columns < torch.tensor([[T], [T - 1], [T - 2], [T - 1]]).to(ids)).long()
    hidden = torch.zeros_like(mask).bool()
    for row in range(B):
        hidden[row, 1 : 2 + min(row, T - 4)] = True
    labels = ids.masked_fill(~hidden, -100)
    ids = ids.masked_fill(hidden, patient.special.mask)
    ids = ids.masked_fill(mask == 0, patient.special.pad)
    return Question(ids, mask, labels, torch.tensor([0, 1, 1, 0]).to(ids))


def of_words(words: Tensor, question: Question) -> dict[str, Tensor]:
    """Compute the loss of words, rightly and in the known wrong ways."""
    labels, hidden = question.labels, question.labels != -100
    true = torch.where(hidden, labels, question.ids)
    each = F.cross_entropy(words.transpose(1, 2), true, reduction="none")  # (B, T)
    zeros = F.cross_entropy(
        words.transpose(1, 2), labels.clamp(min=0), reduction="none"
    )
    twice = F.cross_entropy(words[hidden].softmax(-1), labels[hidden])
    weights = hidden.float()
    real = question.mask.float()
    return {
        "": each[hidden].mean(),
        "loss-averages-padding": zeros.mean(),
        "loss-averages-padding (sum of hidden over all places)": (
            each * weights
        ).mean(),
        "loss-on-visible": (each * real).sum() / real.sum(),
        "loss-on-visible (padding, too)": each.mean(),
        "loss-mean-of-means": ((each * weights).sum(1) / weights.sum(1)).mean(),
        "loss-softmax-twice": twice,
    }


def of_relation(relation: Tensor | None, labels: Tensor) -> dict[str, Tensor]:
    """Compute the loss of next-sentence prediction, rightly and wrongly."""
    if relation is None:
        return {"": torch.zeros((), device=labels.device)}
    return {
        "": F.cross_entropy(relation, labels),
        "next-sentence-class-ignored": F.cross_entropy(
            relation, labels, ignore_index=0
        ),
        "loss-softmax-twice": F.cross_entropy(relation.softmax(-1), labels),
        "labels-turned-in-loss": F.cross_entropy(relation, 1 - labels),
        "next-sentence-missing": torch.zeros((), device=labels.device),
    }


def check_loss(patient: Patient) -> Iterator[Diagnosis]:
    """Compare the model's loss with the right one, then with the known mistakes."""
    question = make_question(patient)
    ids, mask, labels, relation = question
    with torch.no_grad():
        scores = patient.ask(ids, mask, labels=labels, relation=relation)
    sums = scores.words.sum(-1)
    if bool((scores.words >= 0).all()) and bool(((sums - 1).abs() < 1e-3).all()):
        yield Diagnosis(
            "scores-are-probabilities",
            "the scores of each place are positive and sum to 1",
            "give logits; the softmax belongs to the loss, and to the reader",
        )
        return
    if scores.loss is None:
        return
    yield from compare(scores, question, float(scores.loss))


def compare(scores: Scores, question: Question, loss: float) -> Iterator[Diagnosis]:
    """Explain the loss by one way for the words and one for the relation."""
    words = of_words(scores.words, question)
    relation = of_relation(scores.relation, question.relation)
    right = float(words[""] + relation[""])
    ways = sorted(product(words, relation), key=lambda way: sum(map(bool, way)))
    for way in ways:
        value = float(words[way[0]] + relation[way[1]])
        if abs(value - loss) > NEAR * max(1.0, abs(loss)):
            continue
        for full in dict.fromkeys(filter(None, way)):
            name = full.split(" (")[0]
            seen = f"the loss is {loss:.2f}, right would be {right:.2f}"
            yield Diagnosis(name, seen, REMEDIES[name])
        return
    yield Diagnosis(
        "loss-differs",
        f"the loss is {loss:.2f}; the mean over the hidden places, and that over the "
        f"pairs if there are any, is {right:.2f}",
        "compute -ln p of the true word at places whose label is not -100, and "
        "average over these",
    )


def check_first_loss(scores: Scores, loss: float) -> Iterator[Diagnosis]:
    """Compare the loss of a model that was never trained with ln V (+ ln 2).

    Args:
        scores: of the model as it is, on the batch.
        loss: what it costs there.
    """
    V = scores.words.shape[-1]
    has_pairs = scores.relation is not None
    expected = math.log(V) + (math.log(2) if has_pairs else 0.0)
    if abs(loss - expected) < 1.0:
        return
    wanted = f"ln {V}" + (" + ln 2" if has_pairs else "")
    yield Diagnosis(
        "first-loss",
        f"{loss:.1f} before any training, {wanted} is {expected:.1f}",
        "start tables and matrices small (deviation 0.02): a fresh model should not "
        "be sure of anything"
        if loss > expected
        else "a fresh model that is better than ignorance reads the answer somewhere",
    )
