"""The comparison at equal work counts work rightly, and its stored runs are whole."""

import json
from statistics import mean

import pytest
import torch
from efficient import RESULTS, Choices, lean_cost, replaced_cost
from torch.utils.flop_counter import FlopCounterMode

from bert_tutorial.labs.efficiency.distillation import distilled_masked_lm
from bert_tutorial.labs.efficiency.replaced import (
    ReplacedTokenModel,
    replaced_token_loss,
)
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining

B, T, V = 3, 9, 41
CONFIG = BertConfig(
    vocab_size=V,
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=20,
    max_position_embeddings=T,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.1,  # torch counts no fused attention on a CPU
)


def batch_of() -> dict[str, torch.Tensor]:
    ids = torch.randint(5, V, (B, T), generator=torch.Generator().manual_seed(0))
    labels = torch.full_like(ids, -100)
    labels[0, 2:6], labels[1, 3], labels[2, 1] = 7, 8, 9
    return {"input_ids": ids, "labels": labels}


def test_the_work_of_a_step_of_replaced_tokens_is_what_torch_counts():
    model, batch = ReplacedTokenModel(CONFIG, generator_layers=1), batch_of()
    with FlopCounterMode(display=False) as counter:
        replaced_token_loss(model, batch, 50.0, torch.Generator()).loss.backward()
    counted = counter.get_total_flops()
    assert counted == replaced_cost(CONFIG, Choices(generator_layers=1), batch)


def test_the_work_of_a_step_with_a_teacher_is_what_torch_counts():
    smaller = CONFIG.changed(num_hidden_layers=1)
    student, teacher = BertForPreTraining(smaller), BertForPreTraining(CONFIG)
    batch = batch_of()
    with FlopCounterMode(display=False) as counter:
        distilled_masked_lm(student, teacher, batch, 0.5, 2.0).loss.backward()
    own = sum(lean_cost(smaller, batch).values())
    known = sum(lean_cost(CONFIG, batch).values())
    assert counter.get_total_flops() == 3 * own + known


RUNS = json.loads(RESULTS.read_text(encoding="utf-8"))["runs"]


def values(variant: str, key: str) -> dict[int, float]:
    return {run["seed"]: run[key] for run in RUNS if run["variant"] == variant}


def test_the_stored_runs_have_the_same_seeds_and_budgets():
    names = ["masked LM", "replaced tokens", "student alone", "student with teacher"]
    seeds = values(names[0], "choice").keys()
    assert len(seeds) >= 3
    assert all(values(name, "choice").keys() == seeds for name in names)
    for seed in seeds:
        ours = values("masked LM", "operations")[seed]
        theirs = values("replaced tokens", "operations")[seed]
        assert theirs == pytest.approx(ours, rel=0.02)
        alone = values("student alone", "steps")[seed]
        assert alone == values("student with teacher", "steps")[seed]
    assert mean(values("masked LM", "choice").values()) > 0.8
