"""Batches and questions go to the device that the model is on."""

import pytest
import torch
from conftest import tiny_config
from torch import nn

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.fill import fill_masks
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.pairs import Pair
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import World
from bert_tutorial.world.knowledge import answer_probes, next_sentence_accuracy


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


def test_no_examples_are_refused():
    with pytest.raises(UserError, match="at least one, got none"):
        fit(OnMeta(), [], steps=1)


class Elsewhere(BertForPreTraining):
    """A model that says it is on another device, and refuses inputs that are not."""

    device = torch.device("meta")

    def __init__(self, config):
        super().__init__(config)
        self.bert.register_forward_pre_hook(self.look)

    def look(self, _, inputs):
        assert {one.device.type for one in inputs if one is not None} == {"meta"}
        raise ReachedError


USES = {
    "fill_masks": lambda model, words, world: fill_masks(model, words, "a [MASK] ."),
    "answer_probes": lambda model, words, world: answer_probes(
        model, words, world.probes("stated")[:2]
    ),
    "next_sentence_accuracy": lambda model, words, world: next_sentence_accuracy(
        model, words, [Pair([7], [8], False)]
    ),
}


@pytest.mark.parametrize("name", USES)
def test_what_asks_a_model_goes_to_its_device(name):
    folder = shipped_weights()
    words = BertTokenizer.from_pretrained(folder)
    model = Elsewhere(tiny_config(vocab_size=len(words), max_position_embeddings=64))
    with pytest.raises(ReachedError):
        USES[name](model, words, World(1))
