"""The configuration: defaults, what is refused and how, what survives a round trip."""

import dataclasses
import json
from typing import get_type_hints

import pytest
from conftest import tiny_config
from transformers import BertConfig as TheirConfig

from bert_tutorial.model.config import SIZES, BertConfig, ConfigChanges

OURS_ONLY = {"position_initializer_range", "num_labels", "id2label", "problem_type"}


def test_the_defaults_are_those_of_the_published_class():
    theirs = TheirConfig()
    for field in dataclasses.fields(BertConfig):
        if field.name not in OURS_ONLY:
            assert field.default == getattr(theirs, field.name), field.name
    assert BertConfig().num_labels == theirs.num_labels


@pytest.mark.parametrize("name", list(SIZES))
def test_published_sizes_have_heads_of_64_and_4h(name):
    config = BertConfig.named(name)
    assert config.hidden_size == 64 * config.num_attention_heads
    assert config.intermediate_size == 4 * config.hidden_size


def test_a_named_size_takes_changes():
    config = BertConfig.named("tiny", vocab_size=77, intermediate_size=5)
    assert (config.vocab_size, config.intermediate_size) == (77, 5)
    with pytest.raises(ValueError, match="tiny, mini, small, medium, base, large"):
        BertConfig.named("huge")


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"hidden_size": 10}, "hidden_size must be a multiple .* got 10 and 3"),
        ({"hidden_size": "12"}, "hidden_size must be a whole number .* got '12'"),
        ({"hidden_size": 12.0}, "hidden_size must be a whole number"),
        ({"vocab_size": True}, "vocab_size must be a whole number"),
        ({"vocab_size": 0}, "vocab_size must be .* at least 1, got 0"),
        ({"num_hidden_layers": -1}, "num_hidden_layers must be"),
        ({"pad_token_id": 99}, "pad_token_id must be below vocab_size = 99, got 99"),
        ({"pad_token_id": -1}, "pad_token_id must be"),
        ({"hidden_act": "relu"}, "hidden_act must be one of gelu, .* got 'relu'"),
        ({"hidden_dropout_prob": 1.0}, "hidden_dropout_prob must be .* below 1"),
        ({"attention_probs_dropout_prob": -0.1}, "attention_probs_dropout_prob"),
        ({"classifier_dropout": 2}, "classifier_dropout must be"),
        ({"layer_norm_eps": None}, "layer_norm_eps must be a number"),
        ({"initializer_range": float("nan")}, "initializer_range must be"),
        ({"position_initializer_range": -1.0}, "position_initializer_range"),
        ({"num_labels": 0}, "num_labels must be"),
        ({"id2label": ("a", "b", "c")}, "id2label must have num_labels = 2 names"),
        ({"problem_type": "ranking"}, "problem_type must be one of regression"),
    ],
)
def test_bad_values_are_refused_by_name(changes, words):
    with pytest.raises(ValueError, match=words):
        tiny_config(**changes)


@pytest.mark.parametrize(
    "key,value",
    [
        ("is_decoder", True),
        ("add_cross_attention", True),
        ("position_embedding_type", "relative_key"),
        ("tie_word_embeddings", False),
        ("model_type", "roberta"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(key, value):
    with pytest.raises(ValueError, match=f"{key} must be .* got {value!r}"):
        BertConfig.from_dict({key: value})


def test_harmless_keys_are_ignored_and_missing_ones_have_defaults():
    config = BertConfig.from_dict(
        {
            "hidden_size": 24,
            "gradient_checkpointing": False,
            "position_embedding_type": "absolute",
            "transformers_version": "5.0",
            "use_cache": True,
            "chunk_size_feed_forward": 3,
            "something_new": [1, 2],
        }
    )
    assert config == BertConfig(hidden_size=24)


def test_strict_reading_finds_a_misspelt_key():
    with pytest.raises(ValueError, match="did you mean hidden_size"):
        BertConfig.strict({"hiden_size": 24})
    assert BertConfig.strict({"hidden_size": 24}).hidden_size == 24


@pytest.mark.parametrize(
    "config",
    [
        BertConfig(),
        tiny_config(num_labels=5, classifier_dropout=0.3),
        tiny_config(num_labels=1, problem_type="regression"),
        tiny_config(id2label=("no", "yes"), position_initializer_range=0.01),
        tiny_config(num_labels=3, id2label=("a", "b", "c"), hidden_act="gelu_new"),
    ],
)
def test_a_round_trip_through_json_keeps_everything(config):
    values = json.loads(json.dumps(config.to_dict()))
    assert BertConfig.from_dict(values) == config
    assert hash(BertConfig.from_dict(values)) == hash(config)
    theirs = TheirConfig.from_dict(values)
    assert theirs.num_labels == config.num_labels
    if config.id2label:
        assert tuple(theirs.id2label.values()) == config.id2label


def test_their_dictionary_is_read():
    theirs = TheirConfig(hidden_size=36, id2label={1: "B", 0: "A", 2: "C"})
    config = BertConfig.from_dict(theirs.to_dict())
    assert config.hidden_size == 36 and config.id2label == ("A", "B", "C")
    assert BertConfig.from_dict(TheirConfig(num_labels=4).to_dict()).num_labels == 4


@pytest.mark.parametrize("names", [{"0": "a", "2": "b"}, {"0": ["a"], "1": "b"}, "ab"])
def test_bad_names_of_labels_are_refused(names):
    with pytest.raises(ValueError, match="id2label must"):
        BertConfig.from_dict({"id2label": names})


def test_changes_keep_names_and_number_of_labels_together():
    config = tiny_config(id2label=("no", "yes"))
    assert config.changed(hidden_dropout_prob=0.2).id2label == ("no", "yes")
    assert config.changed(num_labels=3).id2label is None
    named = config.changed(id2label=["a", "b", "c"])
    assert named.num_labels == 3 and named.id2label == ("a", "b", "c")


def test_each_field_can_be_changed_and_nothing_else():
    fields, changes = get_type_hints(BertConfig), get_type_hints(ConfigChanges)
    del fields["id2label"], changes["id2label"]  # which may be a list or numbered, too
    assert changes == fields
    numbered = BertConfig.named("tiny", id2label={"1": "b", "0": "a", "2": "c"})
    assert numbered.id2label == ("a", "b", "c") and numbered.num_labels == 3
    with pytest.raises(TypeError, match="hiden_size"):
        BertConfig().changed(hiden_size=24)


def test_a_configuration_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        tiny_config().hidden_size = 3
