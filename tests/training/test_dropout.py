"""Cheap dropout drops as often, scales as exactly, and repeats as torch's own."""

import math

import pytest
import torch
from conftest import tiny_config
from torch import nn

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.shortcuts import LEVELS, CheapDropout, cheapen_dropout


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
    model = BertForPreTraining(tiny_config(hidden_dropout_prob=0.2)).eval()
    names = list(model.state_dict())
    cheapen_dropout(model)
    layers = [m for m in model.modules() if isinstance(m, nn.Dropout)]
    assert layers and all(type(m) is CheapDropout for m in layers)
    assert {m.p for m in layers} == {0.2} and not any(m.training for m in layers)
    assert list(model.state_dict()) == names
