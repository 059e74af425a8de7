"""The encoder: against torch's layer, GELU's two forms, the place of the norms."""

import math

import pytest
import torch
from conftest import B, H, I, L, T, tiny_config

from bert_tutorial.model.encoder import Encoder, EncoderLayer, FeedForward, gelu


def test_gelu_is_x_times_the_normal_distribution_function():
    x = torch.linspace(-6, 6, 101, dtype=torch.float64)
    exact = torch.tensor([v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x])
    torch.testing.assert_close(gelu(x), exact.double())


@pytest.mark.parametrize("form", ["gelu_new", "gelu_pytorch_tanh"])
def test_the_tanh_form_is_another_function_by_at_most_5e_4(form):
    x = torch.linspace(-6, 6, 10_001, dtype=torch.float64)
    root = math.sqrt(2 / math.pi)
    tanh = 0.5 * x * (1 + torch.tanh(root * (x + 0.044715 * x**3)))
    torch.testing.assert_close(gelu(x, form), tanh)
    assert 4e-4 < (gelu(x, form) - gelu(x)).abs().max() < 5e-4


def test_feed_forward_works_on_each_token_alone(config):
    layer = FeedForward(config)
    assert layer.up.weight.shape == (I, H)
    hidden = torch.randn(B, T, H)
    torch.testing.assert_close(layer(hidden)[1, 3], layer(hidden[1, 3]))


@pytest.mark.parametrize("eps", [1e-12, 1e-2])
def test_a_layer_equals_torchs_post_norm_layer(eps):
    config = tiny_config(layer_norm_eps=eps)
    ours = EncoderLayer(config).double()
    theirs = torch.nn.TransformerEncoderLayer(
        H, config.num_attention_heads, I, 0.0, "gelu", eps, batch_first=True
    ).double()
    for parameter in ours.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    heads = ours.attention
    parts = (heads.query, heads.key, heads.value)
    with torch.no_grad():
        weights = torch.cat([part.weight for part in parts])
        theirs.self_attn.in_proj_weight.copy_(weights)
        theirs.self_attn.in_proj_bias.copy_(torch.cat([p.bias for p in parts]))
    for mine, other in (
        (heads.output, theirs.self_attn.out_proj),
        (ours.attention_norm, theirs.norm1),
        (ours.feed_forward.up, theirs.linear1),
        (ours.feed_forward.down, theirs.linear2),
        (ours.feed_forward_norm, theirs.norm2),
    ):
        other.load_state_dict(mine.state_dict())
    hidden = torch.randn(B, T, H, dtype=torch.float64)
    is_token = torch.arange(T) < torch.tensor([[T], [T - 3]])
    expected = theirs(hidden, src_key_padding_mask=~is_token)
    torch.testing.assert_close(ours(hidden, is_token)[0], expected)


def test_every_layer_ends_in_a_norm(config):
    encoder = Encoder(config).eval()
    last, states, attentions = encoder(torch.randn(B, T, H), None, True, True)
    assert len(states) == L + 1 and len(attentions) == L
    assert torch.equal(last, states[-1])
    for state in states[1:]:
        torch.testing.assert_close(
            state.mean(dim=-1), torch.zeros(B, T), atol=1e-5, rtol=0
        )
        variance = state.var(dim=-1, unbiased=False)
        torch.testing.assert_close(variance, torch.ones(B, T), atol=1e-4, rtol=0)


def test_nothing_is_kept_unless_asked_for(config):
    last, states, attentions = Encoder(config).eval()(torch.randn(B, T, H))
    assert last.shape == (B, T, H) and states == [] and attentions == []


def test_an_encoder_without_layers_gives_back_its_input():
    hidden = torch.randn(B, T, H)
    assert torch.equal(Encoder(tiny_config(num_hidden_layers=0))(hidden)[0], hidden)
