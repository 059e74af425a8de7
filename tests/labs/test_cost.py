"""The estimates of cost equal what torch counts and what a model really has."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from bert_tutorial.__main__ import main
from bert_tutorial.labs.ablation.variants import LabRecipe, training_operations
from bert_tutorial.labs.efficiency.cost import (
    BERT_TOKENS,
    activation_numbers,
    forward_operations,
    gpu_hours,
    kept_bytes,
    lean_operations,
    parameter_count,
    run_operations,
    state_bytes,
    step_operations,
)
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.training.optimizer import build_optimizer

ROOT = Path(__file__).resolve().parents[2]
B, T, V = 2, 7, 99


def config_of(layers: int = 3, dropout: float = 0.1) -> BertConfig:
    return BertConfig(
        vocab_size=V,
        hidden_size=12,
        num_hidden_layers=layers,
        num_attention_heads=3,
        intermediate_size=37,
        max_position_embeddings=11,
        attention_probs_dropout_prob=dropout,
        hidden_dropout_prob=0.0,
    )


def batch_of(places: int) -> dict[str, torch.Tensor]:
    """Make a batch with `places` labels in the first row, one in the second."""
    ids = torch.randint(5, V, (B, T), generator=torch.Generator().manual_seed(0))
    labels = torch.full_like(ids, -100)
    labels[0, 1 : 1 + places], labels[1, 3] = 5, 7
    label = torch.tensor([0, 1])
    return {"input_ids": ids, "labels": labels, "next_sentence_label": label}


def counted(loss_of, model, batch) -> tuple[int, int]:
    """Let torch count forward and backward.

    In training mode with attention dropout: torch's counter passes over the fused
    attention of a CPU.
    """
    model.train()
    with FlopCounterMode(display=False) as forward:
        loss = loss_of(model, batch).loss
    with FlopCounterMode(display=False) as backward:
        loss.backward()
    return forward.get_total_flops(), backward.get_total_flops()


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("places", [1, 4])
def test_operations_are_those_that_torch_counts(layers, places):
    config = config_of(layers)
    model, batch = BertForPreTraining(config), batch_of(places)
    parts = forward_operations(config, B, T, places + 1)
    forward, backward = counted(pretraining_loss, model, batch)
    assert forward == sum(parts.values())
    assert forward + backward == step_operations(parts)
    lean = lean_operations(config, B, T, places + 1, places + 1)
    forward, backward = counted(partial(pretraining_loss, lean=True), model, batch)
    assert forward == sum(lean.values()) < sum(parts.values())
    assert forward + backward == step_operations(lean)


def test_the_lab_counts_the_same_without_pairs():
    recipe = LabRecipe()
    config = recipe.config(480)
    parts = forward_operations(config, 100, 20, 200) | {"pooler": 0}
    of_lab = training_operations(recipe, 480, length=20, masked_share=0.1) * 2_000
    assert step_operations(parts) == pytest.approx(of_lab)


@pytest.mark.parametrize("name", ["tiny", "mini"])
def test_parameters_are_those_of_the_model(name):
    for config in (BertConfig.named(name), config_of()):
        model = BertForPreTraining(config)
        assert parameter_count(config) == sum(p.numel() for p in model.parameters())
    assert parameter_count(BertConfig()) == 110_106_428


@pytest.mark.parametrize("is_frozen", [False, True])
def test_the_state_of_training_has_the_estimated_size(is_frozen):
    model = BertForPreTraining(config_of())
    frozen = 0
    if is_frozen:
        model.bert.embeddings.requires_grad_(False)
        frozen = sum(p.numel() for p in model.bert.embeddings.parameters())
    optimizer = build_optimizer(model, 1e-3, (0.9, 0.999), 1e-6, 0.01)
    pretraining_loss(model, batch_of(2)).loss.backward()
    optimizer.step()
    held = 0
    for parameter in model.parameters():
        held += parameter.nbytes
        held += 0 if parameter.grad is None else parameter.grad.nbytes
        state = optimizer.state.get(parameter, {})
        held += sum(v.nbytes for k, v in state.items() if k != "step")
    total = sum(p.numel() for p in model.parameters())
    assert held == state_bytes(total, frozen)


@pytest.mark.parametrize("layers", [2, 5])
def test_activations_are_estimated_within_a_tenth(layers):
    config = BertConfig.named(
        "tiny",
        num_hidden_layers=layers,
        vocab_size=V,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertForPreTraining(config)
    ids = torch.randint(5, V, (3, 40))
    kept = kept_bytes(model, lambda: model.bert(ids).last_hidden_state.sum())
    estimate = 4 * activation_numbers(config, 3, 40)
    assert estimate == pytest.approx(kept, rel=0.1)


def test_kept_bytes_counts_a_storage_once_and_no_parameter():
    model = torch.nn.Linear(3, 5)
    x = torch.randn(7, 3)
    with sdpa_kernel(SDPBackend.MATH):
        assert kept_bytes(model, lambda: model(x).square().sum()) == 4 * (7 * 3 + 7 * 5)
        assert kept_bytes(model, lambda: (model(x) + model(x)).sum()) == 4 * 7 * 3


def test_the_costs_in_the_book_are_computed():
    page = (ROOT / "book" / "scaling.md").read_text(encoding="utf-8")
    rows = [
        line.strip("| ").split(" | ") for line in page.splitlines() if "00 " in line
    ]
    rows = [row for row in rows if len(row) == 6 and row[1].isdigit()]
    assert len(rows) == 6
    operations = run_operations(BertConfig())
    assert f"${operations / 1e19:.1f} \\cdot 10^{{19}}$ operations" in page
    rule = 6 * parameter_count(BertConfig()) * BERT_TOKENS
    assert f"${rule / 1e19:.1f} \\cdot 10^{{19}}$" in page  # a fifth too high
    assert 1.15 < rule / operations < 1.25
    for _, peak, share, hours, price, dollars in rows:
        exact = gpu_hours(operations, float(peak), float(share[:-2]) / 100)
        assert round(exact) == int(hours)
        assert round(exact * float(price)) == int(dollars)
    assert round(BERT_TOKENS / 1e9, 1) == 42.6
    with pytest.raises(ValueError, match="utilisation"):
        gpu_hours(1, 1, 0)


def test_the_command_prints_a_row_of_the_book(capsys):
    words = ["--peak", "989", "--utilisation", "0.35", "--price", "3.99"]
    assert main(["cost", *words]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2.4e+19 operations, counted product by product",
        "19 GPU-hours, 76 dollars",
    ]
    for wrong in (["--utilisation", "2"], ["--tokens", "-1"], ["--parameters", "nan"]):
        assert main(["cost", "--price", "1", *wrong]) == 2
        assert "must be above 0" in capsys.readouterr().err


def test_the_command_counts_any_model_and_knows_the_rule(capsys, tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps(BertConfig.named("mini").to_dict())
    )
    told = []
    for model in (["--config", "mini"], ["--config", str(tmp_path)]):
        assert main(["cost", "--price", "1", "--tokens", "1e9", *model]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert main(["cost", "--price", "1", "--tokens", "1e9", "--parameters", "1e8"]) == 0
    assert capsys.readouterr().out.startswith("6.0e+17 operations, six a parameter")
    assert main(["cost", "--price", "1", "--config", "middle"]) == 2
    assert "tiny, mini, small, medium, base, large or a file" in capsys.readouterr().err
