"""Muon: torch's own update, many matrices at once, states that go on bit by bit."""

import math

import pytest
import torch
from conftest import tiny_config

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.loop import Trainer
from bert_tutorial.training.muon import (
    Muon,
    encoder_matrices,
    late_fall,
    orthogonalise,
)

CPU = torch.device("cpu")
SHAPES = ((8, 8), (8, 32), (32, 8), (8, 8), (5, 7))


def parameters():
    generator = torch.Generator().manual_seed(0)
    return [
        torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES
    ]


def give_gradients(ours, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in ours:
        parameter.grad = torch.randn(parameter.shape, generator=generator)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch from 2.9 on")
def test_each_matrix_moves_as_with_torchs_muon_alone():
    ours, theirs = parameters(), parameters()
    one = Muon([{"params": ours, "lr": 0.02, "weight_decay": 0.1}, {"params": []}])
    others = [
        torch.optim.Muon([p], lr=0.02, weight_decay=0.1, momentum=0.95) for p in theirs
    ]
    for step in range(4):
        before = [p.detach().clone() for p in ours]
        give_gradients(ours, step)
        give_gradients(theirs, step)
        one.step()
        for other in others:
            other.step()
        for start, mine, right in zip(before, ours, theirs, strict=True):
            # torch's products are in bfloat16, of three digits; these are in fp32
            moved = (mine.detach() - start).flatten()
            wanted = (right.detach() - start).flatten()
            assert torch.cosine_similarity(moved, wanted, dim=0) > 0.999
            assert moved.norm() == pytest.approx(wanted.norm().item(), rel=0.03)
            right.data.copy_(mine.data)  # else roundings add up over the steps
    for mine, other, right in zip(ours, others, theirs, strict=True):
        buffer = other.state[right]["momentum_buffer"]
        assert torch.equal(one.state[mine]["momentum_buffer"], buffer)


def test_in_16_bits_it_is_torchs_number_by_number():
    zeropower = pytest.importorskip("torch.optim._muon")._zeropower_via_newtonschulz
    generator = torch.Generator().manual_seed(1)
    matrices = torch.randn(4, 16, 48, generator=generator)
    together = orthogonalise(matrices, torch.bfloat16)
    for matrix, found in zip(matrices, together, strict=True):
        alone = zeropower(matrix, (3.4445, -4.7750, 2.0315), 5, 1e-7)
        assert (alone.float() - found.float()).abs().max() < 0.02


def test_singular_values_come_near_one_and_directions_stay():
    generator = torch.Generator().manual_seed(2)
    matrices = torch.randn(3, 24, 40, generator=generator)
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    inner = left.mT @ orthogonalise(matrices) @ right.mT
    values = inner.diagonal(dim1=1, dim2=2)
    assert values.min() > 0.6 and values.max() < 1.3
    assert (inner - torch.diag_embed(values)).abs().max() < 1e-4
    assert torch.equal(orthogonalise(torch.zeros(1, 3, 4)), torch.zeros(1, 3, 4))


def test_the_encoders_matrices_and_nothing_else_are_muons():
    model = BertForPreTraining(tiny_config())
    names = {id(p): name for name, p in model.named_parameters()}
    chosen = {names[id(p)] for p in encoder_matrices(model)}
    layers = model.config.num_hidden_layers
    assert len(chosen) == 6 * layers  # query, key, value, output, up, down
    assert all(name.startswith("bert.encoder.layers.") for name in chosen)
    trainer = Trainer(model, TrainingConfig(steps=9, optimizer="muon"), CPU)
    grouped = [p for group in trainer.optimizer.param_groups for p in group["params"]]
    assert sorted(map(id, grouped)) == sorted(names)
    first, decayed, others = trainer.optimizer.param_groups
    assert {names[id(p)] for p in first["params"]} == chosen
    assert (first["weight_decay"], decayed["weight_decay"]) == (0.01, 0.01)
    assert others["weight_decay"] == 0


def test_the_rates_rise_for_20_steps_and_fall_over_the_last_half():
    assert [late_fall(step, 200, 20) for step in (0, 10, 20, 100, 150, 200)] == (
        [0, 0.5, 1, 1, 0.5, 0]
    )
    config = TrainingConfig(steps=199, learning_rate=3e-3, optimizer="muon")
    assert config.warmup == 20
    trainer = Trainer(BertForPreTraining(tiny_config()), config, CPU)
    give_gradients(list(trainer.model.parameters()), 0)
    trainer.scaler.scale(torch.zeros(()))  # as backward does
    trainer.update(50)
    rates = [group["lr"] for group in trainer.optimizer.param_groups]
    assert rates == pytest.approx([7e-3, 3e-3, 3e-3])


def test_a_gradient_that_is_not_finite_changes_nothing():
    config = TrainingConfig(steps=9, optimizer="muon")
    trainer = Trainer(BertForPreTraining(tiny_config()), config, CPU)
    everything = list(trainer.model.parameters())
    give_gradients(everything, 0)
    everything[-1].grad.fill_(math.nan)
    before = [p.detach().clone() for p in everything]
    trainer.scaler.scale(torch.zeros(()))
    trainer.update(1)
    assert all(map(torch.equal, before, everything))


def test_another_optimizer_is_refused():
    with pytest.raises(UserError, match="optimizer must be adamw or muon, got 'lamb'"):
        TrainingConfig(steps=1, optimizer="lamb")
