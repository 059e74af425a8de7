"""Pretraining on text files: from files to a folder that transformers opens."""

import json
import math

import pytest
import torch
from transformers import BertForPreTraining as TheirPreTraining

from bert_tutorial.cli.main import main
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.corpus import CorpusData, unigram_entropy
from bert_tutorial.pretraining.large_corpus import ShardedData
from bert_tutorial.pretraining.run import (
    CorpusRecipe,
    evaluate_corpus,
    pretrain_corpus,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import Mix, World


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Write documents of the mini-world to a file."""
    world = World(0, Mix(sentences=1, documents=300))
    text = "\n\n".join("\n".join(d) for d in world.corpus().documents)
    file = tmp_path_factory.mktemp("corpus") / "world.txt"
    file.write_text(text + "\n", encoding="utf-8")
    return file


def test_unigram_entropy_is_that_of_the_frequencies():
    assert unigram_entropy([1, 1, 2, 3]) == pytest.approx(1.5 * math.log(2))
    assert unigram_entropy([7] * 5) == 0


def test_files_become_a_model_that_transformers_opens(corpus, tmp_path):
    recipe = CorpusRecipe(steps=30, vocab_size=700, tokens_per_batch=512, max_length=48)
    run = pretrain_corpus([corpus], recipe, output=tmp_path / "model", progress=False)
    saved = {file.name for file in (tmp_path / "model").iterdir()}
    assert {"config.json", "model.safetensors", "vocab.txt", "log.jsonl"} <= saved
    report = json.loads((tmp_path / "model" / "run.json").read_text())
    assert report["validation"]["masked_lm"] < report["uniform"]
    tokenizer = BertTokenizer.from_pretrained(tmp_path / "model")
    theirs = TheirPreTraining.from_pretrained(tmp_path / "model").eval()
    ours = BertForPreTraining.from_pretrained(tmp_path / "model")
    ids = torch.tensor([tokenizer.encode("The capital of Peru is [MASK].").ids])
    torch.testing.assert_close(
        ours(ids).prediction_logits, theirs(ids).prediction_logits, atol=1e-5, rtol=0
    )
    again = evaluate_corpus(run.model, run.data)
    assert again == report["validation"]


def test_held_out_documents_are_not_trained_on(corpus):
    data = CorpusData([corpus], vocab_size=700)
    training = {tuple(map(tuple, d)) for d in data.training}
    assert len(data.validation) == 15 and len(data.training) == 285
    shared = [d for d in data.validation if tuple(map(tuple, d)) in training]
    assert len(shared) < len(data.validation) / 3  # equal texts occur by chance


def test_pairs_and_masks_are_new_in_each_epoch_and_the_same_in_each_run(corpus):
    data = CorpusData([corpus], vocab_size=700)
    assert data.pairs(0) == data.pairs(0) != data.pairs(1)
    one, two = data.validation_batches(), data.validation_batches()
    for a, b in zip(one, two, strict=True):
        assert all(torch.equal(a[key], b[key]) for key in a)


def torn_words(batch, tokenizer):
    """Count the words of which some pieces are to be predicted and others not."""
    torn = many = 0
    for row, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        before = torch.where(labels >= 0, labels, row)  # what was masked
        pieces = [tokenizer.id_to_token[i] for i in before.tolist()]
        start = 0
        for place in range(1, len(pieces) + 1):
            if place < len(pieces) and pieces[place].startswith("##"):
                continue
            chosen = (labels[start:place] >= 0).tolist()
            many += len(chosen) > 1 and any(chosen)
            torn += any(chosen) and not all(chosen)
            start = place
    return torn, many


@pytest.mark.parametrize("kind", [CorpusData, ShardedData])
def test_whole_words_are_chosen_if_asked_for(corpus, kind):
    data = kind([corpus], vocab_size=150)  # so few that most words have pieces
    for whole_word in (False, True):
        batches = data.batches(1_024, whole_word=whole_word)
        found = [torn_words(next(batches), data.tokenizer) for _ in range(5)]
        torn, many = map(sum, zip(*found, strict=True))
        assert many > 100
        assert torn == 0 if whole_word else torn > many / 2


def test_whole_words_are_a_choice_of_the_run(corpus, tmp_path, capsys):
    output = tmp_path / "model"
    command = ["pretrain", "--corpus", str(corpus), "--output", str(output)]
    command += ["--vocab-size", "300", "--max-length", "32"]
    command += ["--tokens-per-batch", "256"]
    whole = [*command, "--steps", "2", "--save-every", "1", "--whole-word"]
    assert main(whole) == 0
    assert json.loads((output / "run.json").read_text())["recipe"]["whole_word"] is True
    capsys.readouterr()
    assert main([*command, "--steps", "3", "--resume", "longer"]) == 2
    assert "whole_word: true then, the default now" in capsys.readouterr().err


def test_a_flat_text_is_cut_into_documents(tmp_path):
    file = tmp_path / "flat.txt"
    file.write_text("\n".join(f"this is line number {i}." for i in range(900)) + "\n")
    data = CorpusData([file], vocab_size=300)
    assert len(data.training) + len(data.validation) >= 9
    assert any(pair.is_random for pair in data.pairs(0))


def test_too_little_text_is_refused(tmp_path):
    file = tmp_path / "short.txt"
    file.write_text("one line.\n")
    with pytest.raises(ValueError, match="at least 4 sentences"):
        CorpusData([file])


def test_small_models_start_at_their_own_scale(tmp_path):
    tiny = CorpusRecipe(config="tiny").model_config(99)
    base = CorpusRecipe(config="base").model_config(99)
    assert tiny.initializer_range == pytest.approx(128**-0.5, abs=1e-4)
    assert tiny.position_initializer_range == 0.03
    assert base.initializer_range == 0.02 and base.position_initializer_range is None


def test_configuration_files_are_checked_key_by_key(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"hiden_size": 12}))
    with pytest.raises(ValueError, match="'hiden_size'; did you mean hidden_size"):
        CorpusRecipe(config=str(file)).model_config(99)
    file.write_text(json.dumps({"hidden_size": 12, "num_attention_heads": 5}))
    with pytest.raises(ValueError, match="multiple of num_attention_heads"):
        CorpusRecipe(config=str(file)).model_config(99)
    file.write_text("[1]")
    with pytest.raises(ValueError, match="object of keys and values, got list"):
        CorpusRecipe(config=str(file)).model_config(99)
    with pytest.raises(ValueError, match="one of tiny"):
        CorpusRecipe(config="huge").model_config(99)


def test_what_the_recipe_gives_overrides_size_and_file(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"hidden_size": 12, "num_attention_heads": 3}))
    given = {"dropout": 0.3, "initializer_range": 0.5}
    for name in ("tiny", str(file)):
        config = CorpusRecipe(config=name, **given).model_config(99)
        assert config.hidden_dropout_prob == config.attention_probs_dropout_prob == 0.3
        assert config.initializer_range == 0.5
    assert CorpusRecipe(config=str(file)).model_config(99).hidden_dropout_prob == 0.1


@pytest.mark.parametrize(
    "key,value",
    [
        ("mlm_probability", 0.0),
        ("mlm_probability", float("nan")),
        ("max_length", 4),
        ("max_length", 513),
        ("tokens_per_batch", 127),
        ("learning_rate", float("nan")),
        ("steps", 0),
        ("accumulation_steps", 0),
        ("dropout", 1.0),
        ("initializer_range", -1.0),
    ],
)
def test_bad_choices_are_refused_before_any_file_is_read(tmp_path, key, value):
    with pytest.raises(ValueError, match=key if key != "dropout" else "dropout_prob"):
        pretrain_corpus(
            ["missing.txt"], CorpusRecipe(**{key: value}), output=tmp_path / "model"
        )
    assert not list(tmp_path.iterdir())
