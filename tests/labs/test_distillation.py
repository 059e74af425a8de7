"""Distillation: the divergence, its gradient, and who learns."""

import pytest
import torch

from bert_tutorial.labs.efficiency.distillation import (
    distillation_loss,
    distilled_masked_lm,
)
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss

M, V = 5, 23


def test_the_loss_is_the_divergence_of_the_softened_probabilities():
    torch.manual_seed(0)
    student, teacher = torch.randn(2, M, V, dtype=torch.float64)
    for temperature in (1.0, 2.0, 5.0):
        p = (teacher / temperature).softmax(-1)
        q = (student / temperature).softmax(-1)
        expected = (p * (p.log() - q.log())).sum(-1).mean() * temperature**2
        found = distillation_loss(student, teacher, temperature)
        torch.testing.assert_close(found, expected)
    assert distillation_loss(teacher, teacher, 2.0) == 0


def test_the_square_of_the_temperature_keeps_the_size_of_the_gradient():
    torch.manual_seed(0)
    student, teacher = torch.randn(2, M, V, dtype=torch.float64)
    norms = []
    for temperature in (1.0, 10.0, 100.0):
        given = student.clone().requires_grad_()
        distillation_loss(given, teacher, temperature).backward()
        norms.append(float(given.grad.norm()))
    assert 0.5 < norms[2] / norms[1] < 2 and 0.3 < norms[1] / norms[0] < 3


def models():
    made = []
    for hidden in (8, 12):
        torch.manual_seed(hidden)
        config = BertConfig(
            vocab_size=V,
            hidden_size=hidden,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=2 * hidden,
            max_position_embeddings=7,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=0.4,
        )
        made.append(BertForPreTraining(config))
    ids = torch.randint(5, V, (3, 7))
    labels = torch.full_like(ids, -100)
    labels[0, 2], labels[1, 3], labels[1, 5] = 7, 8, 9
    return *made, {"input_ids": ids, "labels": labels}


def test_the_two_ends_of_the_share():
    student, teacher, batch = models()
    plain = pretraining_loss(student, batch, lean=True).masked_lm
    alone = distilled_masked_lm(student, teacher, batch, 0.0, 2.0)
    torch.testing.assert_close(alone.loss, plain)
    places = batch["labels"] != -100
    logits = [
        model(batch["input_ids"]).prediction_logits for model in (student, teacher)
    ]
    soft = distillation_loss(logits[0][places], logits[1][places], 2.0)
    led = distilled_masked_lm(student, teacher, batch, 1.0, 2.0)
    torch.testing.assert_close(led.loss, soft)
    torch.testing.assert_close(led.masked_lm, plain)


def test_the_teacher_learns_nothing():
    student, teacher, batch = models()
    distilled_masked_lm(student, teacher, batch, 0.5, 2.0).loss.backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert student.bert.embeddings.word_embeddings.weight.grad is not None


def test_a_batch_without_labels_is_refused():
    student, teacher, batch = models()
    batch["labels"] = torch.full_like(batch["labels"], -100)
    with pytest.raises(ValueError, match="got none"):
        distilled_masked_lm(student, teacher, batch, 0.5, 2.0)
