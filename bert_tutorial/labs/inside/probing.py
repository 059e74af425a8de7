"""Probes: what can be read from a vector, and what the reader learned by itself.

A probe is a small classifier on frozen vectors. A *control task* (Hewitt and Liang,
2019) gives each word a random label: what the probe scores there it has learned by
heart, and the vectors know nothing about it.

Chapter: 19
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.bert import BertModel
from bert_tutorial.training.optimizer import LBFGS
from bert_tutorial.world import World

__all__ = [
    "LinearReader",
    "ProbeTask",
    "continent_task",
    "control_labels",
    "fit_reader",
    "held_out_accuracy",
    "probe_states",
    "reader_accuracy",
    "states_at",
]


class ProbeTask(NamedTuple):
    """Examples for a probe: the word of each, its label, and the names of the classes.

    labels and groups are (N,); a group is the number of the word.
    """

    words: tuple[str, ...]
    labels: Tensor
    groups: Tensor
    classes: tuple[str, ...]


def continent_task(world: World, words: Sequence[str]) -> ProbeTask:
    """Label countries with their continents.

    Args:
        world: knows the continents.
        words: the country of each example; it may occur often.
    """
    of = {f.subject: f.object for f in world.facts if f.relation == "continent"}
    classes, types = sorted(set(of.values())), sorted(of)
    return ProbeTask(
        tuple(words),
        torch.tensor([classes.index(of[word]) for word in words]),
        torch.tensor([types.index(word) for word in words]),
        tuple(classes),
    )


@torch.no_grad()
def states_at(model: BertModel, ids: Tensor, mask: Tensor, at: Tensor) -> Tensor:
    """Collect one vector a text after the embeddings and each layer: (L + 1, N, H).

    Args:
        model: in eval mode.
        ids: (N, T)
        mask: (N, T), 0 for padding.
        at: (N,), the position whose vector is taken.

    Returns:
        The vectors, on the CPU wherever the model is.
    """
    ids, mask = ids.to(model.device), mask.to(model.device)
    states = model(ids, mask, output_hidden_states=True).hidden_states
    return torch.stack([state[torch.arange(len(ids)), at] for state in states]).cpu()


def control_labels(
    words: Sequence[str], labels: Sequence[int], random: Random
) -> list[int]:
    """Give each word a random label, the same wherever it occurs.

    A control task (Hewitt and Liang 2019, section 2): the labels come as often as in
    the real task, and have nothing to do with the words.

    Args:
        words: the word of each example; a word may occur often.
        labels: the real label of each example.
        random: draws one of `labels` for each word that is new.

    Returns:
        One label for each example.
    """
    drawn: dict[str, int] = {}
    for word in words:
        if word not in drawn:
            drawn[word] = random.choice(labels)
    return [drawn[word] for word in words]


class LinearReader(nn.Module):
    """A linear probe on standardised vectors: (N, H) to (N, C) logits."""

    center: Tensor
    scale: Tensor

    def __init__(self, vectors: Tensor, C: int) -> None:
        """Start at zero; scale and device are those of the training vectors (N, H)."""
        super().__init__()
        self.register_buffer("center", vectors.mean(dim=0))
        self.register_buffer("scale", vectors.std(dim=0) + 1e-6)
        self.linear = nn.Linear(vectors.shape[1], C).to(vectors.device)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """Map (N, H) to (N, C)."""
        logits: Tensor = self.linear((vectors - self.center) / self.scale)
        return logits


def fit_reader(
    vectors: Tensor, labels: Tensor, C: int, decay: float = 0.003
) -> LinearReader:
    """Fit a linear probe: cross-entropy in nats, and `decay` times the squared weights.

    The problem is convex and starts at zero, so that nothing is drawn.

    Args:
        vectors: (N, H), frozen.
        labels: (N,), from 0 to C - 1.
        C: classes.
        decay: weight of the penalty.
    """
    reader, labels = LinearReader(vectors, C), labels.to(vectors.device)
    optimizer = LBFGS(reader.parameters(), max_iter=100)

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(reader(vectors), labels)
        value = value + decay * reader.linear.weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    return reader


@torch.no_grad()
def reader_accuracy(reader: LinearReader, vectors: Tensor, labels: Tensor) -> float:
    """Say how often the likeliest class for vectors (N, H) is their label (N,)."""
    vectors, labels = (one.to(reader.center.device) for one in (vectors, labels))
    return (reader(vectors).argmax(dim=-1) == labels).float().mean().item()


def held_out_accuracy(vectors: Tensor, labels: Tensor, groups: Tensor, C: int) -> float:
    """Score a probe on groups that it was not trained on, each in its turn.

    Args:
        vectors: (N, H)
        labels: (N,)
        groups: (N,), such as the number of the word; a group is trained on whole or
            not at all.
        C: classes.

    Returns:
        The share of examples that are right when their own group is held out.
    """
    hits = 0.0
    for group in groups.unique():
        out = groups == group
        reader = fit_reader(vectors[~out], labels[~out], C)
        hits += reader_accuracy(reader, vectors[out], labels[out]) * int(out.sum())
    return hits / len(labels)


def probe_states(
    states: Tensor, task: ProbeTask, seed: int = 0
) -> dict[str, list[float]]:
    """Probe every state three ways, on the same vectors and with the same reader.

    Args:
        states: (L + 1, N, H)
        task: the examples' words and labels.
        seed: draws the third of the examples that is scored, and the control labels.

    Returns:
        Accuracies by state, to three decimals: "task" and "control" on sentences that
        were not trained on, about words that were; "held_out", the task on words that
        were not.
    """
    control = torch.tensor(
        control_labels(task.words, task.labels.tolist(), Random(seed))
    )
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(control), generator=generator)
    train, test = order[: 2 * len(order) // 3], order[2 * len(order) // 3 :]
    C = len(task.classes)
    found: dict[str, list[float]] = {"task": [], "control": [], "held_out": []}
    for vectors in states:
        for name, labels in (("task", task.labels), ("control", control)):
            reader = fit_reader(vectors[train], labels[train], C)
            found[name].append(reader_accuracy(reader, vectors[test], labels[test]))
        found["held_out"].append(
            held_out_accuracy(vectors, task.labels, task.groups, C)
        )
    return {name: [round(one, 3) for one in shares] for name, shares in found.items()}
