"""The last layer where a loss looks: the same vectors, losses, gradients; less work."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import bert_tutorial.last_layer as last_layer
from bert_tutorial.attention import attention
from bert_tutorial.config import BertConfig
from bert_tutorial.encoder import EncoderLayer
from bert_tutorial.last_layer import (
    layer_at_places,
    lean_pretraining_loss,
    scored_places,
)
from bert_tutorial.objectives import BertForPreTraining, pretraining_loss

B, T, V, H, INNER = 3, 7, 23, 12, 37  # all different


def config(layers=2, **changes):
    sizes = {
        "vocab_size": V,
        "hidden_size": H,
        "num_hidden_layers": layers,
        "num_attention_heads": 3,
        "intermediate_size": INNER,
        "max_position_embeddings": 16,
        "initializer_range": 0.5,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    return BertConfig(**(sizes | changes))


def batch(**changes):
    generator = torch.Generator().manual_seed(1)
    mask = torch.ones(B, T, dtype=torch.long)
    mask[1, 5:] = 0
    labels = torch.full((B, T), -100)
    labels[0, 2], labels[1, 1], labels[1, 3], labels[1, 4] = 6, 7, 8, 0
    return {
        "input_ids": torch.randint(5, V, (B, T), generator=generator),
        "attention_mask": mask,
        "token_type_ids": (torch.arange(T) > 3).long().expand(B, T).clone(),
        "labels": labels,
        "next_sentence_label": torch.tensor([1, -100, 0]),
    } | changes


NOTHING = torch.full((B, T), -100)
SCORED_CLS = NOTHING.clone()
SCORED_CLS[0, 0] = 9
BATCHES = {
    "both": batch(),
    "words only": batch(next_sentence_label=torch.full((B,), -100)),
    "pairs only": batch(labels=NOTHING),
    "nothing": batch(labels=NOTHING, next_sentence_label=torch.full((B,), -100)),
    "a scored [CLS]": batch(labels=SCORED_CLS),
    "every place": batch(labels=batch()["input_ids"]),
    "no padding": batch(attention_mask=None),
}


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("name", BATCHES)
def test_losses_and_gradients_are_those_of_the_whole_model(name, layers):
    torch.manual_seed(layers)
    model = BertForPreTraining(config(layers)).double()
    results = []
    for loss_of in (pretraining_loss, lean_pretraining_loss):
        model.zero_grad()
        loss = loss_of(model, BATCHES[name])
        loss.loss.backward()
        gradients = {
            key: torch.zeros_like(p) if p.grad is None else p.grad.clone()
            for key, p in model.named_parameters()
        }
        results.append((loss, gradients))
    (whole, expected), (lean, found) = results
    assert lean.num_masked == whole.num_masked
    for one, other in zip(lean[:3], whole[:3], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    for key, gradient in expected.items():
        torch.testing.assert_close(found[key], gradient, rtol=0, atol=1e-12, msg=key)


def test_the_places_are_cls_and_the_scored_ones_in_order():
    places, labels = scored_places(batch()["labels"])
    assert places.shape == labels.shape == (B, 4)
    assert places[1].tolist() == [0, 1, 3, 4]
    assert labels[1].tolist() == [-100, 7, 8, 0]
    assert (
        places[0, :2].tolist() == [0, 2]
        and labels[0].tolist() == [-100, 6] + [-100] * 2
    )
    for row in places.tolist():
        assert len(set(row)) == len(row), "no place twice"
    assert (labels[2] == -100).all()


@pytest.mark.parametrize("is_token", [None, batch()["attention_mask"].bool()])
def test_a_layer_gives_its_output_at_the_places(is_token):
    torch.manual_seed(0)
    layer = EncoderLayer(config()).double().eval()
    hidden = torch.randn(B, T, H, dtype=torch.double)
    places = torch.tensor([[0, 3], [4, 1], [6, 6]])
    whole, _ = layer(hidden, is_token)
    expected = whole.gather(1, places[:, :, None].expand(-1, -1, H))
    found = layer_at_places(layer, hidden, is_token, places)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "kind", ["hidden_dropout_prob", "attention_probs_dropout_prob"]
)
def test_with_dropout_the_loss_is_the_same_on_average(kind):
    torch.manual_seed(0)
    model = BertForPreTraining(config(1, initializer_range=0.2, **{kind: 0.3})).train()
    means, errors = [], []
    for loss_of in (pretraining_loss, lean_pretraining_loss):
        with torch.no_grad():
            drawn = torch.stack([loss_of(model, batch()).loss for _ in range(400)])
        assert drawn.std() > 0.005, "dropout is on"
        means.append(drawn.mean())
        errors.append(drawn.std() / 20)
    model.eval()
    assert abs(means[0] - means[1]) < 5 * (errors[0] ** 2 + errors[1] ** 2).sqrt()


def test_the_work_that_is_left_out_is_that_of_the_places_without_a_reader(monkeypatch):
    # torch counts plain products only
    monkeypatch.setattr("bert_tutorial.attention.fused_attention", attention)
    monkeypatch.setattr(last_layer, "fused_attention", attention)
    model = BertForPreTraining(config()).eval()
    counts = []
    for loss_of in (pretraining_loss, lean_pretraining_loss):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            loss_of(model, batch())
        counts.append(counter.get_total_flops())
    M = 4  # places of the longest row
    weights = 2 * H * H + 2 * H * INNER  # query, output, up, down
    attends = 2 * T * H  # scores and mixture
    pooled = H * H  # BertModel pools, too, for whoever calls it
    left_out = (T - M) * (weights + attends) + pooled
    assert counts[0] - counts[1] == 2 * B * left_out
