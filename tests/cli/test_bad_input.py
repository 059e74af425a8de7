"""Bad files at the command line: exit code 2, one line that says where, no file."""

import json
import math

import pytest
import torch
from conftest import at_most, run_command, tiny_config

from bert_tutorial.__main__ import main
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.model.bert import BertModel
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.training.config import TrainingConfig

GOOD = "The cat sat on the mat.\nThe dog ran.\n\nA bird sang.\nIt flew.\n" * 40
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [*SPECIALS, *"abcdefghijklmnopqrstuvwxyz", "."]


def refusal(capsys, *arguments):
    """Run a command that must be refused; give the one line."""
    code, out, err = run_command(capsys, *arguments)
    assert code == 2, (out, err)
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1, err
    return err


BAD_CORPORA = {
    "latin-1": ("caf\u00e9 au lait".encode("latin-1"), "byte 0xe9 at byte 3"),
    "utf-16": (GOOD.encode("utf-16"), "UTF-16 at byte 0"),
    "nul": (b"one\x00two", "NUL, got one at byte 3"),
    "empty": (b"", "must hold text"),
    "blank lines": (b"\n  \n\t\n", "must hold text"),
}


@pytest.mark.parametrize("name", BAD_CORPORA)
def test_a_bad_corpus_is_refused_before_a_file_is_written(capsys, tmp_path, name):
    data, said = BAD_CORPORA[name]
    corpus, output = tmp_path / "corpus.txt", tmp_path / "model"
    corpus.write_bytes(data)
    line = refusal(capsys, "pretrain", "--corpus", corpus, "--output", output)
    assert str(corpus) in line and said in line
    target = tmp_path / "vocab.txt"
    assert said in refusal(capsys, "vocabulary", corpus, "--output", target)
    assert not target.exists()
    assert [path.name for path in tmp_path.rglob("*")] == ["corpus.txt"]


def test_a_corpus_that_is_no_file_is_refused(capsys, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text(GOOD, encoding="utf-8")
    cases = {
        tmp_path / "folder": "must hold .txt files",
        tmp_path / "missing.txt": "no such file",
        tmp_path / "text.txt" / "inside.txt": "no such file",
    }
    for path, said in cases.items():
        output = tmp_path / "model"
        line = refusal(capsys, "pretrain", "--corpus", path, "--output", output)
        assert said in line and str(path) in line
        assert not output.exists()


def test_an_unreadable_corpus_is_refused(capsys, tmp_path, monkeypatch):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(GOOD, encoding="utf-8")

    def denied(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_bytes", denied)
    line = refusal(capsys, "vocabulary", corpus, "--output", tmp_path / "v.txt")
    assert "must be readable, got Permission denied" in line


def test_marks_and_line_ends_of_other_systems_are_read_alike(tmp_path):
    forms = {
        "plain": GOOD.encode(),
        "mark": b"\xef\xbb\xbf" + GOOD.encode(),
        "windows": GOOD.replace("\n", "\r\n").encode(),
        "old": GOOD.replace("\n", "\r").encode(),
    }
    documents = []
    for name, data in forms.items():
        (tmp_path / name).write_bytes(data)
        documents.append(read_documents(tmp_path / name))
    assert documents[0] and all(other == documents[0] for other in documents)


def test_one_line_of_ten_megabytes_is_read(tmp_path):
    file = tmp_path / "long.txt"
    file.write_text("The cat sat on the mat. " * 420_000, encoding="utf-8")
    assert file.stat().st_size > 10_000_000
    with at_most(30):
        (document,) = read_documents(file)
    assert len(document) == 420_000


BAD_VOCABULARIES = {
    "duplicate": ("\n".join([*PIECES, "a"]).encode(), f"line {len(PIECES) + 1}"),
    "blank": ("\n".join([*PIECES[:7], "", *PIECES[7:]]).encode(), "line 8"),
    "no mask": ("\n".join(p for p in PIECES if p != "[MASK]").encode(), "no [MASK]"),
    "mark": (b"\xef\xbb\xbf" + "\n".join(PIECES).encode(), "line 1"),
    "windows": ("\r\n".join(PIECES).encode(), "line 1"),
    "latin-1": ("\n".join([*PIECES, "\u00e9"]).encode("latin-1"), "byte 0xe9"),
    "empty": (b"", "line 1"),
    "counts": ("\n".join([*PIECES, "the 12"]).encode(), f"line {len(PIECES) + 1}"),
}


@pytest.mark.parametrize("name", BAD_VOCABULARIES)
def test_a_bad_vocabulary_is_refused_with_its_line(capsys, tmp_path, name):
    data, said = BAD_VOCABULARIES[name]
    vocabulary, corpus = tmp_path / "vocab.txt", tmp_path / "corpus.txt"
    vocabulary.write_bytes(data)
    corpus.write_text(GOOD, encoding="utf-8")
    line = refusal(capsys, "tokenize", "a cat", "--vocab", vocabulary)
    assert said in line and "line" in line and str(vocabulary) in line
    output = tmp_path / "model"
    command = ["pretrain", "--corpus", corpus, "--vocab", vocabulary]
    assert said in refusal(capsys, *command, "--output", output)
    assert not output.exists()


BAD_CONFIGURATIONS = {
    "unknown key": ('{"hiden_size": 128}', "did you mean hidden_size?"),
    "wrong type": ('{"hidden_size": "128"}', "hidden_size must be a whole number"),
    "fraction": ('{"num_hidden_layers": 2.5}', "num_hidden_layers must be a whole"),
    "truth value": ('{"intermediate_size": true}', "intermediate_size must be"),
    "negative": ('{"num_hidden_layers": -1}', "at least 0, got -1"),
    "zero": ('{"num_attention_heads": 0}', "at least 1, got 0"),
    "not divisible": ('{"hidden_size": 100}', "multiple of num_attention_heads"),
    "dropout": ('{"hidden_dropout_prob": 1.0}', "from 0.0 to below 1.0, got 1.0"),
    "not a number": ('{"layer_norm_eps": NaN}', "layer_norm_eps must be a number"),
    "infinite": ('{"initializer_range": Infinity}', "initializer_range must be"),
    "activation": ('{"hidden_act": "relu"}', "one of gelu, gelu_new"),
    "decoder": ('{"is_decoder": true}', "is_decoder must be False"),
    "positions": (
        '{"position_embedding_type": "relative_key"}',
        "position_embedding_type must be 'absolute'",
    ),
    "other model": ('{"model_type": "roberta"}', "model_type must be 'bert'"),
    "few positions": ('{"max_position_embeddings": 16}', "max_length must be at most"),
    "no object": ("[1, 2]", "must be a JSON object"),
    "no JSON": ('{"hidden_size": 128', "must be JSON"),
}


@pytest.mark.parametrize("name", BAD_CONFIGURATIONS)
def test_a_bad_configuration_is_refused_before_a_file_is_written(
    capsys, tmp_path, name
):
    text, said = BAD_CONFIGURATIONS[name]
    config, corpus = tmp_path / "config.json", tmp_path / "corpus.txt"
    config.write_text(text, encoding="utf-8")
    corpus.write_text(GOOD, encoding="utf-8")
    output = tmp_path / "model"
    command = ["pretrain", "--corpus", corpus, "--config", config, "--vocab-size", 60]
    assert said in refusal(capsys, *command, "--output", output)
    assert not output.exists()


BAD_OPTIONS = {
    "nan rate": (["--learning-rate", "nan"], "learning_rate must be above 0"),
    "high rate": (["--learning-rate", "3"], "learning_rate must be above 0 and below"),
    "negative steps": (["--steps", "-3"], "at least 1"),
    "masks": (["--mlm-probability", "1.5"], "mlm_probability must be above 0"),
    "masks nan": (["--mlm-probability", "nan"], "mlm_probability must be above 0"),
    "long": (["--max-length", "513", "--tokens-per-batch", "999"], "at most 512"),
    "short": (["--max-length", "4"], "max_length must be a whole number of at least 5"),
    "batch": (["--tokens-per-batch", "64"], "tokens_per_batch must be"),
    "few pieces": (["--vocab-size", "3"], "vocab_size must be"),
    "dropout": (["--dropout", "1"], "hidden_dropout_prob must be"),
    "spread": (["--initializer-range", "-1"], "initializer_range must be"),
    "size": (["--config", "huge"], "config must be one of tiny, mini"),
    "device": (["--device", "tpu"], "invalid choice"),
    "seed": (["--seed", "-1"], "seed must be"),
}


@pytest.mark.parametrize("name", BAD_OPTIONS)
def test_a_bad_option_is_refused_before_a_file_is_written(capsys, tmp_path, name):
    options, said = BAD_OPTIONS[name]
    corpus, output = tmp_path / "corpus.txt", tmp_path / "model"
    corpus.write_text(GOOD, encoding="utf-8")
    command = ["pretrain", "--corpus", corpus, *options, "--output", output]
    assert said in refusal(capsys, *command)
    assert not output.exists()


@pytest.mark.parametrize(
    "key, value",
    [
        ("betas", ("a", 0.9)),
        ("betas", 0.9),
        ("betas", (0.9, math.nan)),
        ("learning_rate", math.nan),
        ("warmup_steps", 11),
        ("warmup_fraction", "0.1"),
        ("steps", True),
    ],
)
def test_a_bad_choice_of_training_is_a_value_error_with_its_key(key, value):
    with pytest.raises(ValueError, match=f"{key} must be"):
        TrainingConfig(**{"steps": 10, key: value})


@pytest.mark.parametrize("key", ["max_length", "tokens_per_batch", "vocab_size"])
def test_a_recipe_with_a_text_for_a_number_is_a_value_error(key):
    with pytest.raises(ValueError, match="must be a whole number"):
        CorpusRecipe(**{key: "x"})


TEXTS = {
    "too long": "[MASK] " + "a " * 600,
    "empty": "",
    "blank": " \t",
    "no mask": "a cat",
    "control characters only": "\x00\x01\x7f\u200b",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_cannot_be_filled_gets_one_line(capsys, name):
    refusal(capsys, "fill", TEXTS[name])


def test_control_characters_in_a_text_do_no_harm(capsys):
    assert main(["fill", "The capital\x07 of France\u0000 is [MASK]."]) == 0
    assert "paris" in capsys.readouterr().out


def damaged(folder):
    """Write the ways in which a weight file can be damaged, by name."""
    whole = (folder / "model.safetensors").read_bytes()
    shapes = json.loads((folder / "config.json").read_text())
    yield "truncated", whole[: len(whole) // 2], None
    yield "empty", b"", None
    yield "garbage", b"\xff" * 4_000, None
    yield "huge header", (1 << 62).to_bytes(8, "little") + whole[8:], None
    yield "wrong shape", whole, {**shapes, "intermediate_size": 41}
    yield "wrong vocabulary", whole, {**shapes, "vocab_size": 98}
    yield "missing key", whole, {**shapes, "num_hidden_layers": 3}


def test_each_damaged_file_is_refused_by_name_within_a_second(tmp_path):
    BertModel(tiny_config()).save_pretrained(tmp_path)
    torch.ones(1).add_(1)  # what torch does once is not the loader's time
    for name, weights, config in list(damaged(tmp_path)):
        (tmp_path / "model.safetensors").write_bytes(weights)
        if config:
            (tmp_path / "config.json").write_text(json.dumps(config))
        with at_most(1, name), pytest.raises(CheckpointError) as error:
            BertModel.from_pretrained(tmp_path)
        assert str(tmp_path) in str(error.value), name
        if config:
            assert "tensor" in str(error.value) and "shape" in str(error.value), name
