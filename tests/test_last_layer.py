"""The last layer at some places: the same vectors, gradients and losses, less work."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bert_tutorial.attention import attention
from bert_tutorial.config import BertConfig
from bert_tutorial.last_layer import vectors_at
from bert_tutorial.model import BertModel
from bert_tutorial.objectives import BertForPreTraining, pretraining_loss

B, T, V, H = 3, 7, 23, 12


def config(layers=2, **changes):
    sizes = {
        "vocab_size": V,
        "hidden_size": H,
        "num_hidden_layers": layers,
        "num_attention_heads": 3,
        "intermediate_size": 37,
        "max_position_embeddings": 16,
        "initializer_range": 0.5,
    }
    return BertConfig(**(sizes | changes))


def inputs():
    generator = torch.Generator().manual_seed(1)
    mask = torch.ones(B, T, dtype=torch.long)
    mask[1, 5:] = 0
    return {
        "input_ids": torch.randint(5, V, (B, T), generator=generator),
        "attention_mask": mask,
        "token_type_ids": (torch.arange(T) > 3).long().expand(B, T).clone(),
    }


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("places", [[0], [1, 7, 8, 20], list(range(B * T)), []])
def test_the_vectors_are_those_of_the_whole_model(layers, places):
    torch.manual_seed(layers)
    bert = BertModel(config(layers)).double().eval()
    expected = bert(**inputs()).last_hidden_state.flatten(0, 1)[places]
    found = vectors_at(bert, torch.tensor(places, dtype=torch.long), **inputs())
    assert found.shape == (len(places), H)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_the_gradients_are_those_of_the_whole_model():
    torch.manual_seed(0)
    bert = BertModel(config(), add_pooling_layer=False).double().eval()
    places = torch.tensor([2, 9, 13])
    weights = torch.randn(3, H, dtype=torch.double)
    gradients = []
    for vectors in (
        bert(**inputs()).last_hidden_state.flatten(0, 1)[places],
        vectors_at(bert, places, **inputs()),
    ):
        bert.zero_grad()
        (vectors * weights).sum().backward()
        gradients.append({n: p.grad.clone() for n, p in bert.named_parameters()})
    for name, gradient in gradients[0].items():
        assert gradient.any(), name
        torch.testing.assert_close(
            gradients[1][name], gradient, rtol=0, atol=1e-12, msg=name
        )


def test_dropout_is_drawn_as_often_as_in_the_whole_model():
    torch.manual_seed(0)
    bert = BertModel(config(1, hidden_dropout_prob=0.5)).train()
    ids = inputs()["input_ids"]
    places = torch.arange(B * T)
    torch.manual_seed(7)
    expected = bert(ids).last_hidden_state.flatten(0, 1)
    torch.manual_seed(7)
    torch.testing.assert_close(vectors_at(bert, places, ids), expected)


def test_a_cls_that_is_scored_and_pairs_of_which_one_has_no_label():
    torch.manual_seed(0)
    model = BertForPreTraining(config()).double().eval()
    labels = torch.full((B, T), -100)
    labels[0, 0], labels[1, 3], labels[2, 6] = 6, 7, 8
    relations = torch.tensor([1, -100, 0])
    loss = pretraining_loss(
        model, inputs() | {"labels": labels, "next_sentence_label": relations}
    )
    whole = model(**inputs(), labels=labels, next_sentence_label=relations).loss
    assert loss.num_masked == 3
    torch.testing.assert_close(loss.loss, whole, rtol=0, atol=1e-12)


def test_the_feed_forward_part_of_the_last_layer_is_done_at_the_places_only(
    monkeypatch,
):
    # torch counts plain products only
    monkeypatch.setattr("bert_tutorial.attention.fused_attention", attention)
    bert = BertModel(config(), add_pooling_layer=False).eval()
    places = torch.tensor([1, 8])
    counts = []
    for run in (lambda: bert(**inputs()), lambda: vectors_at(bert, places, **inputs())):
        with FlopCounterMode(display=False) as counter:
            run()
        counts.append(counter.get_total_flops())
    assert counts[0] - counts[1] == (B * T - len(places)) * 2 * (2 * H * 37)
