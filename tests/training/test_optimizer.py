"""Which parameters decay, and how the learning rate moves."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training import optimizer
from bert_tutorial.training.optimizer import (
    build_optimizer,
    linear_schedule,
    parameter_groups,
)


def small_model() -> BertForPreTraining:
    return BertForPreTraining(
        BertConfig(
            vocab_size=29,
            hidden_size=12,
            num_hidden_layers=1,
            num_attention_heads=3,
            intermediate_size=37,
            max_position_embeddings=11,
        )
    )


def test_biases_and_norms_do_not_decay():
    model = small_model()
    decayed, others = parameter_groups(model, 0.1)
    names = {id(p): name for name, p in model.named_parameters()}
    assert decayed["weight_decay"] == 0.1 and others["weight_decay"] == 0.0
    for parameter in others["params"]:
        name = names[id(parameter)]
        assert name.endswith("bias") or "norm" in name, name
    for parameter in decayed["params"]:
        name = names[id(parameter)]
        assert not name.endswith("bias") and "norm" not in name, name
    assert any("position" in names[id(p)] for p in decayed["params"])


def test_each_parameter_is_listed_once():
    model = small_model()
    listed = [id(p) for group in parameter_groups(model, 0.1) for p in group["params"]]
    assert sorted(listed) == sorted(id(p) for p in model.parameters())
    assert len(set(listed)) == len(listed)


def test_a_norm_under_another_name_does_not_decay_either():
    model = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 5))
    decayed, others = parameter_groups(model, 0.1)
    assert [p.shape for p in decayed["params"]] == [(5, 4)]
    assert len(others["params"]) == 3


def test_schedule_rises_and_falls_in_lines():
    factors = [linear_schedule(step, 10, 4) for step in range(11)]
    assert factors == pytest.approx(
        [0, 0.25, 0.5, 0.75, 1, 5 / 6, 4 / 6, 0.5, 2 / 6, 1 / 6, 0]
    )


def test_one_step_of_adamw_is_the_textbook_step():
    layer = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        layer.weight.fill_(2.0)
    optimizer = build_optimizer(layer, 0.1, (0.9, 0.999), 1e-6, 0.5)
    layer.weight.grad = torch.tensor([[3.0]])
    optimizer.step()
    # decay: 2 - 0.1 * 0.5 * 2 = 1.9; the first bias-corrected step has length lr
    assert layer.weight.item() == pytest.approx(1.9 - 0.1, abs=1e-5)


@pytest.mark.parametrize("kind", ["AdamW", "LBFGS"])
def test_an_optimizer_without_the_compilers_wrappers_is_torchs_own(kind):
    """Bit for bit, also after a state is taken over halfway."""
    options = {"AdamW": {"lr": 0.01, "fused": True}, "LBFGS": {"max_iter": 3}}[kind]
    inputs, targets = torch.randn(32, 5), torch.randn(32, 3)

    def learned(of):
        torch.manual_seed(1)
        layer = nn.Linear(5, 3)
        groups = [{"params": [layer.weight]}, {"params": [layer.bias]}]
        groups = list(layer.parameters()) if kind == "LBFGS" else groups
        one = of(groups, **options)
        for step in range(6):
            if step == 3:
                state, one = one.state_dict(), of(groups, **options)
                one.load_state_dict(state)

            def closure(one=one):
                one.zero_grad()
                loss = F.mse_loss(layer(inputs), targets)
                loss.backward()
                return loss

            with torch.enable_grad():
                one.step(closure) if kind == "LBFGS" else (closure(), one.step())
        return torch.cat([p.detach().flatten() for p in layer.parameters()])

    assert torch.equal(
        learned(getattr(optimizer, kind)),
        learned(getattr(torch.optim, kind)),
    )
