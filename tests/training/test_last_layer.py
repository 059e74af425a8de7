"""The lean losses: the same numbers and gradients, with less work."""

import doctest
from functools import partial

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bert_tutorial.model import objectives
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import (
    BertForPreTraining,
    pretraining_loss,
    scored_positions,
)

B, T, V = 5, 13, 41
lean_loss = partial(pretraining_loss, lean=True)


def make_model(layers: int = 3, dropout: float = 0.0) -> BertForPreTraining:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=V,
        hidden_size=12,
        num_hidden_layers=layers,
        num_attention_heads=3,
        intermediate_size=20,
        max_position_embeddings=T,
        initializer_range=0.4,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    return BertForPreTraining(config).double()


def make_batch(masked: tuple[int, ...] = (0, 1, 2, 4, 9)) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, V, (B, T), generator=generator)
    labels = torch.full_like(ids, -100)
    for row, count in enumerate(masked):
        labels[row, torch.randperm(9, generator=generator)[:count] + 1] = 7
    lengths = torch.tensor([T, 12, 11, 10, T])
    return {
        "input_ids": ids,
        "attention_mask": (torch.arange(T) < lengths[:, None]).long(),
        "token_type_ids": (torch.arange(T) > 5).long().expand(B, T),
        "labels": labels,
        "next_sentence_label": torch.tensor([0, 1, -100, 1, 0]),
    }


def results(loss_of, model, batch):
    model.zero_grad()
    found = loss_of(model, batch)
    found.loss.backward()
    parameters = model.named_parameters()
    return found, {n: p.grad.clone() for n, p in parameters if p.grad is not None}


def without(*names):
    return {k: v for k, v in make_batch().items() if k not in names}


first_masked = make_batch()
first_masked["labels"][:, 0] = 3
BATCHES = {
    "plain": make_batch(),
    "no padding": without("attention_mask"),
    "no pairs": without("next_sentence_label"),
    "no segments": without("token_type_ids"),
    "one masked place": make_batch((0, 0, 1, 0, 0)),
    "nothing masked": make_batch((0, 0, 0, 0, 0)),
    "[CLS] scored, too": first_masked,
}


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_losses_and_gradients_are_those_of_the_whole(name, layers):
    model, batch = make_model(layers).train(), BATCHES[name]
    whole, gradients = results(pretraining_loss, model, batch)
    lean, lean_gradients = results(lean_loss, model, batch)
    assert lean.num_masked == whole.num_masked
    for one, other in zip(lean[:3], whole[:3], strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=0)
    assert gradients.keys() == lean_gradients.keys()
    for key, gradient in gradients.items():
        torch.testing.assert_close(lean_gradients[key], gradient, atol=1e-12, rtol=0)
    assert name == "nothing masked" or whole.masked_lm > 1


def test_with_dropout_the_mean_of_the_losses_is_the_same():
    model, batch = make_model(2, dropout=0.2).train(), make_batch()
    torch.manual_seed(3)
    with torch.no_grad():
        whole = torch.stack([pretraining_loss(model, batch).loss for _ in range(500)])
        lean = torch.stack([lean_loss(model, batch).loss for _ in range(500)])
    error = (whole.var() / 500 + lean.var() / 500).sqrt()
    assert lean.std() > 0.05
    assert (whole.mean() - lean.mean()).abs() < 5 * error


@pytest.mark.parametrize("is_padded", [True, False])
@pytest.mark.parametrize("has_maps", [True, False])
def test_a_layer_at_positions_is_the_layer_at_these_positions(is_padded, has_maps):
    layer = make_model().bert.encoder.layers[0].eval()
    hidden = torch.randn(B, T, 12, dtype=torch.float64)
    is_token = make_batch()["attention_mask"].bool() if is_padded else None
    positions = torch.tensor([[0, 3], [0, 0], [5, 2], [9, 1], [12, 12]])
    rows = torch.arange(B)[:, None]
    whole, maps = layer(hidden, is_token, True)
    found, seen = layer(hidden, is_token, has_maps, positions)
    torch.testing.assert_close(found, whole[rows, positions], atol=1e-12, rtol=0)
    assert (seen is None) != has_maps
    if has_maps:
        torch.testing.assert_close(seen.transpose(1, 2), maps[rows, :, positions])


@pytest.mark.parametrize("layers", [1, 3])
def test_a_model_at_positions_gives_all_else_whole(layers):
    bert = make_model(layers).bert.eval()
    ids = make_batch()["input_ids"]
    positions = torch.tensor([[0, 3, 7]] * B)
    whole = bert(ids, output_hidden_states=True)
    part = bert(ids, output_hidden_states=True, positions=positions)
    at = whole.last_hidden_state[:, [0, 3, 7]]
    torch.testing.assert_close(part.last_hidden_state, at, atol=1e-12, rtol=0)
    torch.testing.assert_close(part.pooler_output, whole.pooler_output)
    assert len(part.hidden_states) == layers + 1
    for one, other in zip(
        part.hidden_states[:-1], whole.hidden_states[:-1], strict=True
    ):
        assert torch.equal(one, other)


def test_positions_are_in_order_and_hold_every_label():
    labels = make_batch()["labels"]
    positions, short = scored_positions(labels)
    assert positions.shape == (B, 10)  # nine labels and [CLS]
    for row in range(B):
        expected = [0, *torch.nonzero(labels[row] != -100).flatten().tolist()]
        assert positions[row, : len(expected)].tolist() == expected
        assert len(set(positions[row].tolist())) == 10
    assert int((short != -100).sum()) == int((labels != -100).sum())
    assert (labels[:, 0] == -100).all()  # the argument is as it was


def test_the_last_layer_costs_less():
    batch = make_batch((1, 1, 1, 1, 1))
    model = make_model(1)

    def operations(loss_of) -> int:
        with FlopCounterMode(display=False) as counter:
            loss_of(model, batch).loss.backward()
        return counter.get_total_flops()

    # keys and values at 13 places, everything else at 2
    assert operations(lean_loss) < 0.5 * operations(pretraining_loss)


def test_the_example():
    assert doctest.testmod(objectives, extraglobs={"torch": torch}).failed == 0
