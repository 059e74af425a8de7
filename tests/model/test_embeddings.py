"""Embeddings: three tables, a sum, a norm; initial values."""

import pytest
import torch
from conftest import B, H, P, T, V, tiny_config
from torch import nn

from bert_tutorial.model.bert import initialise
from bert_tutorial.model.embeddings import BertEmbeddings, truncated_normal_


@pytest.fixture
def embeddings(config):
    made = BertEmbeddings(config)
    initialise(made, config)
    return made.eval()


def test_each_vector_is_the_normalised_sum_of_three_rows(embeddings):
    ids = torch.randint(V, (B, T))
    types = torch.randint(2, (B, T))
    got = embeddings(ids, types)
    for b in range(B):
        for t in range(T):
            total = (
                embeddings.word_embeddings.weight[ids[b, t]]
                + embeddings.position_embeddings.weight[t]
                + embeddings.token_type_embeddings.weight[types[b, t]]
            ).double()
            variance = ((total - total.mean()) ** 2).mean()
            expected = (total - total.mean()) / (variance + 1e-12).sqrt()
            torch.testing.assert_close(got[b, t].double(), expected, atol=1e-5, rtol=0)


def test_no_types_are_types_of_zero(embeddings):
    ids = torch.randint(V, (B, T))
    zeros = torch.zeros_like(ids)
    torch.testing.assert_close(embeddings(ids), embeddings(ids, zeros), atol=0, rtol=0)


def test_all_positions_can_be_used_and_no_more(embeddings):
    assert embeddings(torch.ones(1, P, dtype=torch.long)).shape == (1, P, H)
    with pytest.raises(ValueError, match=f"at most {P} tokens, got {P + 1}"):
        embeddings(torch.ones(1, P + 1, dtype=torch.long))


def test_padding_has_a_zero_row_without_gradient(embeddings):
    assert not embeddings.word_embeddings.weight[0].any()
    ids = torch.tensor([[0, 3, 0]])
    embeddings(ids).square().sum().mul(torch.rand(())).backward()
    embeddings(ids)[..., 0].sum().backward()
    assert not embeddings.word_embeddings.weight.grad[0].any()
    assert embeddings.word_embeddings.weight.grad[3].any()


def test_dropout_comes_after_the_norm():
    config = tiny_config(hidden_dropout_prob=0.5)
    embeddings = BertEmbeddings(config).train()
    ids = torch.randint(V, (B, T))
    dropped = embeddings(ids)
    kept = dropped != 0
    whole = embeddings.eval()(ids)
    assert 0.3 < kept.float().mean() < 0.7
    torch.testing.assert_close(dropped[kept], 2 * whole[kept])


def test_the_truncated_normal_is_cut_at_two_deviations():
    table = torch.empty(400, 300)
    truncated_normal_(table, 0.02)
    assert table.abs().max() <= 0.04
    assert table.std().item() == pytest.approx(0.0176, rel=0.01)
    assert table.mean().abs() < 2e-4
    truncated_normal_(table, 0.0)
    assert not table.any()


def test_one_seed_gives_the_same_table_with_every_version_of_torch():
    table = torch.empty(100, 100)
    truncated_normal_(table, 0.02)
    expected = [-0.0225168, -0.0230472, -0.0050116]
    torch.testing.assert_close(table[0, :3].tolist(), expected, atol=1e-7, rtol=0)
    assert abs(table.double().sum().item() + 2.791948) < 1e-5
    if tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 12):
        torch.manual_seed(0)
        theirs = nn.init.trunc_normal_(torch.empty(100, 100), 0, 0.02, -0.04, 0.04)
        torch.testing.assert_close(table, theirs, atol=0, rtol=0)


def test_positions_can_have_a_smaller_scale_than_words():
    config = tiny_config(initializer_range=0.3, position_initializer_range=0.001)
    embeddings = BertEmbeddings(config)
    initialise(embeddings, config)
    assert embeddings.position_embeddings.weight.abs().max() <= 0.002
    assert embeddings.word_embeddings.weight.abs().max() > 0.1
