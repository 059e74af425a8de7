"""Attention: against torch's function, against loops, with masks of all kinds."""

import math

import pytest
import torch
from conftest import A, B, D, H, T, tiny_config
from torch.nn import functional as F

from bert_tutorial.model.attention import (
    SelfAttention,
    attention,
    attention_weights,
    fused_attention,
    merge_heads,
    split_heads,
)
from bert_tutorial.model.config import BertConfig

BOTH = pytest.mark.parametrize("function", [attention, fused_attention])


@pytest.fixture
def vectors():
    return tuple(torch.randn(3, B, A, T, D, dtype=torch.float64))


@pytest.fixture
def is_token():
    return torch.arange(T) < torch.tensor([[T], [T - 2]])


@BOTH
def test_equals_torchs_own_function(function, vectors, is_token):
    for mask in (None, is_token):
        torch_mask = None if mask is None else mask[:, None, None]
        expected = F.scaled_dot_product_attention(*vectors, torch_mask)
        torch.testing.assert_close(function(*vectors, mask), expected)


@BOTH
def test_equals_plain_loops(function, vectors, is_token):
    query, key, value = vectors
    got = function(query, key, value, is_token)
    for b in range(B):
        for a in range(A):
            for i in range(T):
                seen = [j for j in range(T) if is_token[b, j]]
                scores = [
                    math.exp(float(query[b, a, i] @ key[b, a, j]) / math.sqrt(D))
                    for j in seen
                ]
                mixed = sum(
                    score / sum(scores) * value[b, a, j]
                    for score, j in zip(scores, seen, strict=True)
                )
                torch.testing.assert_close(got[b, a, i], mixed)


@BOTH
def test_a_mask_of_four_dimensions_says_it_query_by_query(function):
    query = torch.randn(B, A, T - 2, D, dtype=torch.float64)  # fewer ask than answer
    key, value = torch.randn(2, B, A, T, D, dtype=torch.float64)
    for sizes in ((1, 1, T - 2, T), (B, 1, 1, T), (B, A, T - 2, T)):
        is_visible = torch.rand(sizes) < 0.6
        is_visible[..., 0] = True
        expected = F.scaled_dot_product_attention(query, key, value, is_visible)
        torch.testing.assert_close(function(query, key, value, is_visible), expected)


def test_only_some_tokens_may_ask(config, is_token):
    layer = SelfAttention(config).eval()
    hidden = torch.randn(B, T, H)
    whole, maps = layer(hidden, is_token, True)
    part, some = layer(hidden, is_token, True, hidden[:, 2:5])
    torch.testing.assert_close(part, whole[:, 2:5])
    torch.testing.assert_close(some, maps[:, :, 2:5])


def test_rows_sum_to_one_and_hidden_tokens_get_nothing(vectors, is_token):
    query, key, _ = vectors
    weights = attention_weights(query, key, is_token)
    ones = torch.ones(B, A, T, dtype=weights.dtype)
    torch.testing.assert_close(weights.sum(dim=-1), ones)
    assert not weights[1, :, :, T - 2 :].any()  # columns hidden
    assert weights[1, :, T - 2 :, : T - 2].all()  # rows of padding still ask


@BOTH
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_row_without_any_token_is_the_mean_of_all_values(function, dtype):
    query, key, value = torch.randn(3, B, A, T, D, dtype=dtype, requires_grad=True)
    nothing = torch.zeros(B, T, dtype=torch.bool)
    got = function(query, key, value, nothing)
    mean = value.mean(dim=-2, keepdim=True).expand_as(got)
    bound = 2e-2 if dtype == torch.bfloat16 else 1e-6
    torch.testing.assert_close(got, mean, atol=bound, rtol=0)
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(got.sum(), value))


@BOTH
def test_large_scores_stay_finite(function):
    query, key, value = 1e4 * torch.randn(3, B, A, T, D)
    assert torch.isfinite(function(query, key, value, None)).all()


def test_dropout_zeroes_weights_and_scales_the_rest(vectors):
    query, key, _ = vectors
    eye = torch.eye(T, dtype=query.dtype).expand(B, A, T, T)
    torch.manual_seed(3)
    dropped = attention(query, key, eye, None, dropout=0.4)
    weights = attention_weights(query, key, None)
    kept = dropped != 0
    assert 0.4 < kept.double().mean() < 0.8
    torch.testing.assert_close(dropped[kept], (weights / 0.6)[kept])


def test_heads_split_and_merge_without_mixing():
    hidden = torch.randn(B, T, H)
    heads = split_heads(hidden, A)
    assert heads.shape == (B, A, T, D)
    torch.testing.assert_close(heads[1, 2, 3], hidden[1, 3, 2 * D : 3 * D])
    torch.testing.assert_close(merge_heads(heads), hidden)


def test_the_layer_equals_torchs_multi_head_attention(config, is_token):
    ours = SelfAttention(config).eval()
    theirs = torch.nn.MultiheadAttention(H, A, batch_first=True).eval()
    parts = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(ours.output.state_dict())
    hidden = torch.randn(B, T, H)
    expected, their_weights = theirs(
        hidden, hidden, hidden, key_padding_mask=~is_token, average_attn_weights=False
    )
    got, none = ours(hidden, is_token)
    torch.testing.assert_close(got, expected)
    assert none is None
    again, weights = ours(hidden, is_token, output_attentions=True)
    torch.testing.assert_close(again, expected)
    torch.testing.assert_close(weights, their_weights)


def test_padding_changes_nothing_for_real_tokens(config):
    layer = SelfAttention(config).eval()
    short = torch.randn(1, T, H)
    long = torch.cat([short, torch.randn(1, 3, H)], dim=1)
    is_token = torch.arange(T + 3)[None] < T
    torch.testing.assert_close(layer(long, is_token)[0][:, :T], layer(short)[0])


def test_order_does_not_matter_to_attention(config):
    layer = SelfAttention(config).eval()
    hidden = torch.randn(B, T, H)
    order = torch.randperm(T)
    torch.testing.assert_close(layer(hidden[:, order])[0], layer(hidden)[0][:, order])


def test_dropout_is_on_in_training_only():
    layer = SelfAttention(tiny_config(attention_probs_dropout_prob=0.5))
    hidden = torch.randn(B, T, H)
    assert not torch.equal(layer.train()(hidden)[0], layer(hidden)[0])
    assert torch.equal(layer.eval()(hidden)[0], layer(hidden)[0])


def test_the_share_that_is_dropped_is_said_in_one_place():
    """A second copy of it would be changed without any effect."""
    config = BertConfig(vocab_size=5, hidden_size=12, num_attention_heads=3)
    layer = SelfAttention(config).train()
    told = [name for name, value in vars(layer).items() if value == 0.1]
    assert told == [] and layer.dropout.p == config.attention_probs_dropout_prob == 0.1
    layer.dropout.p = 1.0
    hidden = torch.randn(2, 5, 12)
    bias = layer.output.bias.expand(2, 5, 12)
    torch.testing.assert_close(layer(hidden)[0], bias)
    assert not torch.allclose(layer.eval()(hidden)[0], bias)
