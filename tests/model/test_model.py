"""BertModel: sizes, padding, dropout in the published places, outputs asked for."""

import copy

import pytest
import torch
from conftest import A, B, H, L, T, V, tiny_config
from transformers import BertConfig as TheirConfig
from transformers import BertForPreTraining as TheirPreTraining

from bert_tutorial.model.bert import BertModel, initialise
from bert_tutorial.model.checkpoint import published_name
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForMaskedLM, BertForPreTraining
from bert_tutorial.model.task_heads import BertForQuestionAnswering


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    "model,vocabulary,expected",
    [
        (BertModel, 30_522, 109_482_240),
        (BertModel, 28_996, 108_310_272),
        (BertModel, 21_128, 102_267_648),
        (BertModel, 119_547, 177_853_440),
        (BertForPreTraining, 30_522, 110_106_428),
        (BertForMaskedLM, 30_522, 109_514_298),
        (BertForQuestionAnswering, 30_522, 108_893_186),
    ],
)
def test_base_has_the_published_number_of_parameters(model, vocabulary, expected):
    with torch.device("meta"):
        assert size(model(BertConfig(vocab_size=vocabulary))) == expected


def test_the_number_of_parameters_by_component():
    with torch.device("meta"):
        model = BertModel(BertConfig())
    assert size(model.embeddings) == 23_837_184
    assert size(model.encoder.layers[0]) == 7_087_872
    assert size(model.encoder) == 85_054_464
    assert size(model.pooler) == 590_592


def test_padding_changes_nothing_for_real_tokens(config):
    model = BertModel(config).eval()
    ids = torch.randint(1, V, (B, T))
    padded = torch.cat([ids, torch.zeros(B, 3, dtype=torch.long)], dim=1)
    mask = (padded != 0).long()
    alone, beside = model(ids), model(padded, mask)
    torch.testing.assert_close(
        beside.last_hidden_state[:, :T], alone.last_hidden_state, atol=1e-5, rtol=1e-5
    )
    torch.testing.assert_close(
        beside.pooler_output, alone.pooler_output, atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("dtype", [torch.bool, torch.long, torch.float32])
def test_a_mask_of_any_type_means_the_same(config, dtype):
    model = BertModel(config).eval()
    ids = torch.randint(1, V, (B, T))
    mask = torch.arange(T) < torch.tensor([[T], [3]])
    expected = model(ids, mask).last_hidden_state
    assert torch.equal(model(ids, mask.to(dtype)).last_hidden_state, expected)


def test_a_mask_of_ones_is_no_mask(config):
    model = BertModel(config).eval()
    ids = torch.randint(1, V, (B, T))
    masked = model(ids, torch.ones_like(ids)).last_hidden_state
    torch.testing.assert_close(masked, model(ids).last_hidden_state)


def test_outputs_come_only_when_asked_for(config):
    model = BertModel(config, add_pooling_layer=False).eval()
    ids = torch.randint(V, (B, T))
    plain = model(ids)
    assert plain.pooler_output is None
    assert plain.hidden_states is None and plain.attentions is None
    full = model(ids, output_attentions=True, output_hidden_states=True)
    assert len(full.hidden_states) == L + 1 and len(full.attentions) == L
    assert full.attentions[0].shape == (B, A, T, T)
    assert full.hidden_states[0].shape == (B, T, H)
    torch.testing.assert_close(full.last_hidden_state, plain.last_hidden_state)


def test_dropout_is_in_the_published_places():
    """With one seed both draw the same zeros, if the places and their order agree."""
    rates = {"hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.2}
    config = tiny_config(**rates)
    values = config.to_dict()
    theirs = TheirPreTraining(TheirConfig(**values, attn_implementation="eager"))
    ours = BertForPreTraining(config)
    state = dict(theirs.named_parameters())
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            parameter.copy_(state[published_name(name)])
    ids = torch.randint(1, V, (B, T))
    mask = (torch.arange(T) < torch.tensor([[T], [4]])).long()
    results = []
    for model in (ours.train(), theirs.train()):
        torch.manual_seed(5)
        results.append(model(input_ids=ids, attention_mask=mask).prediction_logits)
    torch.testing.assert_close(*results, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(ours(ids, mask).prediction_logits, results[0], atol=0.1)


def test_initial_values(config):
    torch.manual_seed(1)
    model = BertForPreTraining(tiny_config(initializer_range=0.02))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any(), name
        elif "norm" in name:
            assert torch.equal(parameter, torch.ones_like(parameter)), name
        else:
            assert 0 < parameter.abs().max() <= 0.04, name
    assert not model.bert.embeddings.word_embeddings.weight[0].any()


def test_one_seed_one_model(config):
    models = []
    for _ in range(2):
        torch.manual_seed(7)
        models.append(BertModel(config).state_dict())
    assert all(torch.equal(models[0][key], models[1][key]) for key in models[0])


def test_initialising_again_gives_new_values_to_every_matrix(config):
    model = BertModel(config)
    before = copy.deepcopy(model.state_dict())
    initialise(model, config)
    for name, value in model.state_dict().items():
        if value.dim() > 1:
            assert not torch.equal(value, before[name]), name


def test_half_precision_runs_with_padding(config):
    model = BertModel(config).eval().bfloat16()
    mask = (torch.arange(T) < torch.tensor([[T], [2]])).long()
    out = model(torch.randint(V, (B, T)), mask)
    assert out.last_hidden_state.dtype == torch.bfloat16
    assert torch.isfinite(out.last_hidden_state).all()
