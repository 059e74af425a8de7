"""`fit` moves each batch to the device that its model is on."""

import pytest
import torch
from torch import nn

from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import fit


class ReachedError(Exception):
    """The forward pass began."""


class OnMeta(nn.Module):
    """A model on a device without values; it notes where its batch is."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2, device="meta")
        self.devices = set()

    def forward(self, **batch):
        self.devices = {value.device.type for value in batch.values()}
        raise ReachedError


def test_batches_follow_the_model():
    model = OnMeta()
    examples = [Example([1, 2], [0, 0], {"labels": 1})] * 2
    with pytest.raises(ReachedError):
        fit(model, examples, steps=1, batch_size=2)
    assert model.devices == {"meta"}


def test_a_model_on_the_cpu_learns_as_before():
    torch.manual_seed(0)

    class Out:
        def __init__(self, loss):
            self.loss = loss

    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Embedding(3, 2)

        def forward(self, input_ids, labels, **others):
            logits = self.layer(input_ids).mean(1)
            return Out(nn.functional.cross_entropy(logits, labels))

    examples = [Example([i, i], [0, 0], {"labels": i % 2}) for i in (1, 2)] * 8
    losses = fit(Bag(), examples, steps=30, learning_rate=0.1)
    assert losses[-1] < losses[0] / 2
