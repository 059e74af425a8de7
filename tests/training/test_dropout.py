"""Cheap dropout drops as often, scales as exactly, and repeats as torch's own."""

import math

import pytest
import torch
from conftest import tiny_config
from torch import nn

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.loop import Trainer, TrainingConfig, train
from bert_tutorial.training.shortcuts import (
    LEVELS,
    CheapDropout,
    cheap_dropout,
    cheapen_dropout,
)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_each_number_is_dropped_with_the_share(share):
    n = 400_001  # no multiple of four
    out = CheapDropout(share)(torch.ones(n, dtype=torch.float64))
    dropped = round(share * LEVELS) / LEVELS
    kept = out[out != 0]
    assert (kept == 1 / (1 - dropped)).all()
    # six deviations: a false alarm in 500 million runs
    margin = 6 * math.sqrt(dropped * (1 - dropped) / n)
    assert abs((n - len(kept)) / n - dropped) < margin


def test_neighbours_from_one_draw_are_independent():
    out = CheapDropout(0.5)(torch.ones(400_000)) == 0
    groups = out.view(-1, 4).long()
    counts = (groups @ torch.tensor([8, 4, 2, 1])).bincount(minlength=16)
    n = len(groups)
    margin = 6 * math.sqrt(n * (1 / 16) * (15 / 16))
    assert ((counts - n / 16).abs() < margin).all()


def test_the_gradient_has_the_mask_and_scale_of_the_output():
    x = torch.randn(7, 5, 3, requires_grad=True)
    out = CheapDropout(0.3)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad * x, out)
    assert out.shape == x.shape and out.dtype == x.dtype


def test_a_seed_repeats_it_and_eval_mode_switches_it_off():
    layer, x = CheapDropout(0.4), torch.randn(50)
    torch.manual_seed(3)
    first = layer(x)
    torch.manual_seed(3)
    assert torch.equal(layer(x), first) and not torch.equal(layer(x), first)
    assert torch.equal(layer.eval()(x), x)


@pytest.mark.parametrize("share", [0.0, 1.0, 1e-7])
def test_the_ends_are_those_of_torch(share):
    x = torch.randn(50)
    torch.testing.assert_close(CheapDropout(share)(x), nn.Dropout(share)(x))


def test_a_model_keeps_its_shares_its_mode_and_its_parameters():
    shares = {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.3}
    model = BertForPreTraining(tiny_config(**shares)).eval()
    names = list(model.state_dict())
    cheapen_dropout(model)
    layers = [m for m in model.modules() if isinstance(m, nn.Dropout)]
    assert layers and all(type(m) is CheapDropout for m in layers)
    of_weights = {layer.attention.dropout for layer in model.bert.encoder.layers}
    assert {m.p for m in of_weights} == {0.3} and not any(m.training for m in layers)
    assert {m.p for m in set(layers) - of_weights} == {0.2}
    assert list(model.state_dict()) == names


def dropouts(model):
    return [m for m in model.modules() if isinstance(m, nn.Dropout)]


def test_for_a_while_only_and_the_own_modules_come_back():
    model = BertForPreTraining(tiny_config(hidden_dropout_prob=0.2)).eval()
    own = dropouts(model)
    with pytest.raises(KeyError), cheap_dropout(model):
        assert {type(m) for m in dropouts(model)} == {CheapDropout}
        model.train()
        raise KeyError
    assert own and all(map(lambda a, b: a is b, dropouts(model), own))
    assert all(m.training for m in own)


def test_training_leaves_the_model_its_own_dropout():
    model = BertForPreTraining(tiny_config(hidden_dropout_prob=0.2))
    own = dropouts(model)
    Trainer(model, TrainingConfig(steps=1), torch.device("cpu"))
    assert all(map(lambda a, b: a is b, dropouts(model), own))
    ids = torch.full((2, 5), 7)
    batch = {"input_ids": ids, "labels": ids}
    weights, kinds = [], []
    for is_cheap in (True, False):
        torch.manual_seed(0)
        model = BertForPreTraining(tiny_config(hidden_dropout_prob=0.2))
        own = dropouts(model)
        train(
            model,
            iter([batch]),
            TrainingConfig(steps=1),
            device=torch.device("cpu"),
            is_dropout_cheap=is_cheap,
            on_step=lambda step, record, model=model: kinds.append(
                {type(m) for m in dropouts(model)}
            ),
        )
        assert all(map(lambda a, b: a is b, dropouts(model), own))
        assert not any(m.training for m in own)
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert kinds == [{CheapDropout}, {nn.Dropout}]
    assert not torch.equal(*weights)
