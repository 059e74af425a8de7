"""The model doctor: healthy models are not accused, the patient is left as it was."""

import copy

import pytest
import torch
from conftest import tiny_config
from torch import nn
from transformers import BertConfig as TheirConfig
from transformers import BertForMaskedLM as TheirMaskedLM
from transformers import BertForPreTraining as TheirPreTraining

from bert_tutorial import BertForMaskedLM, BertForPreTraining, BertTokenizer
from bert_tutorial.course.doctor import FAULTS, Scores, SpecialIds, doctor
from bert_tutorial.course.doctor.parts import is_unlikely
from bert_tutorial.course.museum import EXHIBITS, healthy_batch, healthy_model
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.world import World
from bert_tutorial.world.data import WorldData, WorldRecipe

WORLD_SPLIT = WorldRecipe().split
CONFIGS = {
    "plain": {},
    "dropout": {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1},
    "small start": {"initializer_range": 0.02},
    "one layer, one head": {"num_hidden_layers": 1, "num_attention_heads": 1},
    "tanh GELU": {"hidden_act": "gelu_new"},
    "world's scales": {
        "initializer_range": 0.125,
        "position_initializer_range": 0.03,
        "hidden_size": 64,
        "num_attention_heads": 4,
    },
    "deep": {"num_hidden_layers": 6},
    "coarse epsilon": {"layer_norm_eps": 1e-5},
}


def names(found):
    return [fault.name for fault in found]


def batch_for(seed, rows=12):
    return {k: v for k, v in healthy_batch(seed, rows).items()}


def config_for(changes):
    sizes = {"vocab_size": 67, "max_position_embeddings": 40, "hidden_size": 24}
    sizes |= {"num_attention_heads": 3}
    return tiny_config(**(sizes | changes))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("changes", CONFIGS.values(), ids=list(CONFIGS))
@pytest.mark.parametrize("kind", [BertForPreTraining, BertForMaskedLM])
def test_our_models_are_not_accused(kind, changes, seed):
    torch.manual_seed(seed)
    is_fresh = changes.get("initializer_range", 0.3) < 0.2
    model = kind(config_for(changes))
    assert names(doctor(model, batch_for(seed), is_fresh=is_fresh)) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", [TheirPreTraining, TheirMaskedLM])
def test_the_models_of_transformers_are_not_accused(kind, form, seed):
    torch.manual_seed(seed)
    config = TheirConfig(
        vocab_size=67,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=50,
        max_position_embeddings=40,
        attn_implementation=form,
    )
    model = kind(config)
    assert names(doctor(model, batch_for(seed), is_fresh=True)) == []
    model.train()
    assert names(doctor(model, batch_for(seed), is_fresh=True)) == []


@pytest.fixture(scope="module")
def world():
    recipe = WorldRecipe()
    data = WorldData(World(0), recipe)
    return data, recipe


def test_the_batches_and_the_start_of_the_world_are_not_accused(world):
    data, recipe = world
    batches = data.batches(recipe)
    for seed in range(4):
        torch.manual_seed(seed)
        model = BertForPreTraining(recipe.config(len(data.tokenizer)))
        found = doctor(model, next(batches), split=WORLD_SPLIT, is_fresh=True)
        assert names(found) == []


def test_the_shipped_model_is_not_accused_and_turned_labels_are_seen(world):
    data, recipe = world
    model = BertForPreTraining.from_pretrained(shipped_weights())
    tokenizer = BertTokenizer.from_pretrained(shipped_weights())
    data.tokenizer = tokenizer
    batch = batch_of_pairs(data.pairs_for(tokenizer, recipe)[:400], tokenizer)
    assert names(doctor(model, batch)) == []
    turned = batch | {"next_sentence_label": 1 - batch["next_sentence_label"]}
    assert "next-sentence-turned" in names(doctor(model, turned))


def batch_of_pairs(pairs, tokenizer):
    from bert_tutorial.pretraining.batches import pad
    from bert_tutorial.pretraining.masking import Masker
    from bert_tutorial.pretraining.pairs import pair_to_ids

    rows = [pair_to_ids(p, tokenizer.cls_id, tokenizer.sep_id) for p in pairs]
    ids, mask = pad([ids for ids, _ in rows], tokenizer.pad_id)
    types, _ = pad([types for _, types in rows], 0)
    read, labels = Masker(tokenizer, seed=0)(ids)
    return {
        "input_ids": read,
        "attention_mask": mask,
        "token_type_ids": types,
        "labels": labels,
        "next_sentence_label": torch.tensor([int(p.is_random) for p in pairs]),
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("whole_word", [False, True])
def test_padded_and_masked_rows_are_not_accused(world, seed, whole_word):
    data, _ = world
    rows = [ids for ids, _, _ in data.sentences[:20_000]]
    ids, mask = pad(rows, data.tokenizer.pad_id)
    masked, labels = Masker(data.tokenizer, seed=seed, whole_word=whole_word)(ids)
    batch = {"input_ids": masked, "attention_mask": mask, "labels": labels}
    assert names(doctor(None, batch)) == []


def test_the_patient_is_left_as_it_was():
    model = healthy_model(0).train()
    batch = batch_for(0)
    model(**batch).loss.backward()
    before = copy.deepcopy(model.state_dict())
    gradients = {n: p.grad.clone() for n, p in model.named_parameters()}
    given = {name: values.clone() for name, values in batch.items()}
    numbers = torch.get_rng_state()
    doctor(model, batch)
    assert model.training and torch.equal(numbers, torch.get_rng_state())
    for name, values in model.state_dict().items():
        assert torch.equal(values, before[name])
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter.grad, gradients[name])
    assert all(torch.equal(batch[name], given[name]) for name in given)


def test_a_model_of_another_form_is_asked_in_its_own_way():
    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = healthy_model(0)

        def forward(self, tokens, kinds, real):
            output = self.inner(tokens, real, kinds)
            return output.prediction_logits, output.seq_relationship_logits

    def ask(model, batch):
        T = batch["input_ids"]
        types = batch.get("token_type_ids", torch.zeros_like(T))
        words, relation = model(
            T, types, batch.get("attention_mask", torch.ones_like(T))
        )
        return Scores(words, relation)

    assert names(doctor(Other(), batch_for(0), ask=ask)) == []
    assert names(doctor(Other(), batch_for(0))) == ["call-failed"]


def test_published_ids_are_an_argument():
    ids = SpecialIds(pad=0, cls=1, sep=2, mask=3)
    batch = batch_for(0)
    for name in ("input_ids", "labels"):
        values = batch[name]
        batch[name] = torch.where(values >= 2, values - 1, values)
    assert names(doctor(healthy_model(0), batch, special_ids=ids)) == []
    assert "segments-misplaced" in names(doctor(healthy_model(0), batch))


def test_other_faults_that_no_exhibit_shows():
    batch = batch_for(0)
    nothing = batch | {"labels": torch.full_like(batch["labels"], -100)}
    assert names(doctor(None, nothing)) == ["no-labels"]
    model = healthy_model(0)
    model.spare = nn.Linear(3, 3)
    assert names(doctor(model, batch)) == ["parameters-without-gradient"]

    class Lonely(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.value = inner.value

        def forward(self, hidden, *rest):
            return self.value(hidden), None

    model = healthy_model(0)
    for layer in model.bert.encoder.layers:
        layer.attention = Lonely(layer.attention)
    assert "sees-no-neighbour" in names(doctor(model, batch))


@pytest.mark.parametrize("scale", [2.0, 0.5])
def test_a_loss_that_nothing_explains_is_named_as_such(scale):
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = healthy_model(0)

        def forward(self, input_ids, attention_mask, labels, next_sentence_label=None):
            output = self.inner(
                input_ids,
                attention_mask,
                labels=labels,
                next_sentence_label=next_sentence_label,
            )
            if output.loss is not None:
                output.loss = scale * output.loss
            return output

    class NoPairs(Scaled):
        def forward(self, input_ids, attention_mask, labels=None):
            output = self.inner(input_ids, attention_mask)
            if labels is not None:
                words = output.prediction_logits.transpose(1, 2)
                output.loss = nn.functional.cross_entropy(words, labels)
            return output

    class Whole(Scaled):
        def forward(
            self, input_ids, attention_mask, labels=None, next_sentence_label=None
        ):
            return super().forward(
                input_ids, attention_mask, labels, next_sentence_label
            )

    assert "loss-differs" in names(doctor(Whole(), batch_for(0)))
    assert "next-sentence-missing" in names(doctor(NoPairs(), batch_for(0)))


def test_every_fault_has_been_seen_by_some_test():
    shown = {one.fault for one in EXHIBITS.values()}
    elsewhere = {
        "no-labels",
        "call-failed",
        "parameters-without-gradient",
        "sees-no-neighbour",
        "next-sentence-missing",
        "loss-differs",
        "next-sentence-turned",
    }
    assert shown | elsewhere == set(FAULTS)


def test_a_count_is_accused_only_beyond_chance():
    generator = torch.Generator().manual_seed(0)
    number = 5_000
    for p in (0.1, 0.5, 0.8):
        draws = torch.rand(4_000, number, generator=generator) < p
        counts = draws.sum(1).tolist()
        assert not any(is_unlikely(count, number, p) for count in counts)
        assert is_unlikely(int(number * (p + 0.06)), number, p)
    assert not is_unlikely(0, 0, 0.5) and not is_unlikely(5, 5, 0.8)


def test_a_batch_that_is_too_narrow_is_refused():
    batch = {"input_ids": torch.tensor([[2, 7, 3]])}
    with pytest.raises(ValueError, match="at least 4 columns"):
        doctor(healthy_model(0), batch)
