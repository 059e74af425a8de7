"""Pretraining heads: the tie, the losses, their count and their gradients."""

import copy
import math

import pytest
import torch
from conftest import B, H, T, V, tiny_config
from torch.nn import functional as F

from bert_tutorial.model.encoder import gelu
from bert_tutorial.model.objectives import (
    BertForMaskedLM,
    BertForPreTraining,
    pretraining_loss,
)


@pytest.fixture
def model():
    made = BertForPreTraining(tiny_config()).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def draw_batch(masked=4):
    ids = torch.randint(1, V, (B, T))
    places = torch.randperm(B * T)[:masked]
    labels = torch.full((B * T,), -100)
    labels[places] = torch.randint(V, (masked,))
    return {
        "input_ids": ids,
        "token_type_ids": (torch.arange(T) > 3).long().expand(B, T),
        "labels": labels.view(B, T),
        "next_sentence_label": torch.tensor([1, 0]),
    }


def test_the_head_is_dense_gelu_norm_table_and_bias(model):
    head, table = model.cls.predictions, model.bert.embeddings.word_embeddings.weight
    hidden = torch.randn(5, H, dtype=torch.float64)
    x = F.layer_norm(
        gelu(hidden @ head.dense.weight.T + head.dense.bias),
        (H,),
        head.layer_norm.weight,
        head.layer_norm.bias,
        1e-12,
    )
    torch.testing.assert_close(head(hidden), x @ table.T + head.bias)


def test_the_tie_survives_copies_casts_and_moves(model):
    for other in (copy.deepcopy(model), model.float(), model.to("cpu")):
        ids = torch.ones(1, 3, dtype=torch.long)
        table = other.bert.embeddings.word_embeddings.weight
        with torch.no_grad():
            table.zero_()
            other.cls.predictions.bias.copy_(torch.arange(V))
        logits = other(ids).prediction_logits
        expected = torch.arange(V, dtype=logits.dtype).expand_as(logits)
        torch.testing.assert_close(logits, expected)
        names = [name for name, _ in other.named_parameters()]
        assert not any("table" in name for name in names)


def test_a_trained_tie_gets_both_gradients(model):
    batch = draw_batch()
    pretraining_loss(model, batch).loss.backward()
    gradient = model.bert.embeddings.word_embeddings.weight.grad
    assert gradient[0].any()  # [PAD] from the output side only
    assert gradient.any(dim=1).all()  # every word is a candidate


def test_gradients_equal_those_of_the_loss_over_all_places(model):
    batch = draw_batch()
    pretraining_loss(model, batch).loss.backward()
    short = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    model(**batch).loss.backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(
            short[name], parameter.grad, atol=1e-12, rtol=0, msg=name
        )


def test_the_loss_is_the_mean_over_the_masked_places_of_the_batch(model):
    batch = draw_batch(masked=3)
    logits = model(batch["input_ids"], None, batch["token_type_ids"]).prediction_logits
    surprises = [
        -logits[b, t].log_softmax(-1)[batch["labels"][b, t]]
        for b in range(B)
        for t in range(T)
        if batch["labels"][b, t] != -100
    ]
    loss = pretraining_loss(model, batch)
    assert loss.num_masked == len(surprises) == 3
    torch.testing.assert_close(loss.masked_lm, sum(surprises) / 3)
    torch.testing.assert_close(loss.loss, loss.masked_lm + loss.next_sentence)


def test_next_sentence_scores_the_pooled_first_token(model):
    batch = draw_batch()
    pooled = model.bert(batch["input_ids"], None, batch["token_type_ids"]).pooler_output
    logits = pooled @ model.cls.seq_relationship.weight.T
    logits = logits + model.cls.seq_relationship.bias
    expected = F.cross_entropy(logits, batch["next_sentence_label"])
    torch.testing.assert_close(pretraining_loss(model, batch).next_sentence, expected)


def test_pairs_without_label_do_not_count(model):
    batch = draw_batch()
    only = {key: value[:1] for key, value in batch.items()}
    batch["next_sentence_label"] = torch.tensor([1, -100])
    torch.testing.assert_close(
        pretraining_loss(model, batch).next_sentence,
        pretraining_loss(model, only).next_sentence,
    )


def test_missing_kinds_of_labels_cost_nothing(model):
    batch = draw_batch()
    none = torch.full((B,), -100)
    for changes in ({"next_sentence_label": none}, {"next_sentence_label": None}):
        case = {k: v for k, v in (batch | changes).items() if v is not None}
        loss = pretraining_loss(model, case)
        assert loss.next_sentence.item() == 0
        torch.testing.assert_close(loss.loss, loss.masked_lm)
    batch["labels"] = torch.full((B, T), -100)
    loss = pretraining_loss(model, batch)
    assert loss.masked_lm.item() == 0 and loss.num_masked == 0
    loss.loss.backward()
    assert all(
        torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None
    )


def test_an_untrained_model_is_as_surprised_as_chance():
    model = BertForPreTraining(tiny_config(initializer_range=0.02))
    loss = pretraining_loss(model, draw_batch(masked=10))
    assert loss.masked_lm.item() == pytest.approx(math.log(V), abs=0.1)
    assert loss.next_sentence.item() == pytest.approx(math.log(2), abs=0.05)


def test_there_is_a_loss_only_with_labels(model):
    batch = draw_batch()
    ids, labels = batch["input_ids"], batch["labels"]
    assert model(ids).loss is None and model(ids, labels=labels).loss is None
    alone = BertForMaskedLM(tiny_config())
    assert alone(ids).loss is None and alone(ids, labels=labels).loss is not None
    assert alone(ids).logits.shape == (B, T, V)


def test_both_tasks_can_be_learned_by_heart():
    model = BertForPreTraining(tiny_config(initializer_range=0.2)).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    batch = draw_batch(masked=6)
    for _ in range(80):
        loss = pretraining_loss(model, batch)
        optimizer.zero_grad()
        loss.loss.backward()
        optimizer.step()
    assert loss.masked_lm.item() < 0.05 and loss.next_sentence.item() < 0.05


def test_padding_does_not_change_the_loss(model):
    batch = draw_batch()
    plain = pretraining_loss(model, batch).loss
    padded = {
        "input_ids": F.pad(batch["input_ids"], (0, 3)),
        "token_type_ids": F.pad(batch["token_type_ids"], (0, 3)),
        "labels": F.pad(batch["labels"], (0, 3), value=-100),
        "next_sentence_label": batch["next_sentence_label"],
        "attention_mask": F.pad(torch.ones(B, T), (0, 3)),
    }
    torch.testing.assert_close(pretraining_loss(model, padded).loss, plain)
