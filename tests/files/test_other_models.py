"""Folders and names that are no model of this package: what is said, and what helps."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from bert_tutorial.__main__ import main
from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import CheckpointError, weight_files
from bert_tutorial.files.hub import VOCABULARY, find_folder
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.bert import BertModel
from bert_tutorial.tokenization.tokenizer import BertTokenizer


def copied(folder, *left_out):
    """Copy the shipped model without some of its files."""
    shutil.copytree(shipped_weights(), folder)
    for name in left_out:
        (folder / name).unlink()
    return folder


IN_PLACE = {
    "adapter_config.json": r"an adapter \(LoRA\), not a model; in peft, merge_and",
    "tf_model.h5": r"TensorFlow's; transformers before version 5 reads them",
    "flax_model.msgpack": "Flax's; transformers before version 5",
    "bert_model.ckpt.index": "a TensorFlow checkpoint of the published code; the hub",
    "model.onnx": "an export to ONNX; name the model",
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_another_program_left_is_named(tmp_path, name, capsys):
    folder = copied(tmp_path / "m", "model.safetensors")
    (folder / name).write_bytes(b"x")
    with pytest.raises(CheckpointError, match=f"needs it; .*{IN_PLACE[name]}"):
        BertModel.from_pretrained(folder)
    with pytest.raises(SystemExit):
        main(["doctor", "--model", str(folder)])
    assert "remedy: do what the line says" in capsys.readouterr().out
    for file in folder.glob("*.*"):
        if file.name != name:
            file.unlink()
    with pytest.raises(CheckpointError, match=IN_PLACE[name]):
        BertModel.from_pretrained(folder)
    with pytest.raises(UserError, match=IN_PLACE[name]):
        BertTokenizer.from_pretrained(folder)


def test_a_folder_of_checkpoints_names_one(tmp_path):
    copied(tmp_path / "run" / "checkpoint-500")
    for read in (BertModel, BertTokenizer):
        with pytest.raises(UserError, match=r"such as .*run.checkpoint-500$"):
            read.from_pretrained(tmp_path / "run")
    with pytest.raises(
        CheckpointError, match=r"json does not exist; a model needs it$"
    ):
        BertModel.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", ["merges.txt", "spiece.model", "vocab.json"])
def test_a_tokenizer_that_is_no_wordpiece_is_named(tmp_path, name):
    folder = copied(tmp_path / "m", "vocab.txt")
    (folder / name).write_text("x")
    with pytest.raises(
        UserError, match=f"its {name} is of a tokenizer that is not BERT"
    ):
        BertTokenizer.from_pretrained(folder)


def test_adapters_beside_the_weights_are_to_be_merged(tmp_path):
    folder = copied(tmp_path / "m")
    tensors = load_file(folder / "model.safetensors")
    name = "bert.encoder.layer.0.attention.self.query.{}.weight"
    tensors[name.format("base_layer")] = tensors.pop(name.format("").replace("..", "."))
    tensors[name.format("lora_A.default")] = torch.zeros(4, 64)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(
        CheckpointError, match=r"lora_A.* merge_and_unload\(\) makes one"
    ):
        BertModel.from_pretrained(folder)


def test_a_pointer_of_git_is_no_damaged_file(tmp_path):
    folder = copied(tmp_path / "m")
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (folder / "model.safetensors").write_text(text)
    with pytest.raises(CheckpointError, match=r"pointer that Git keeps.*git lfs pull"):
        BertModel.from_pretrained(folder)


def test_old_shards_are_read_if_they_are_asked_for(tmp_path):
    folder = copied(tmp_path / "m", "model.safetensors")
    tensors = load_file(shipped_weights() / "model.safetensors")
    places = {}
    for number, key in enumerate(sorted(tensors)):
        places[key] = f"pytorch_model-0000{1 + number % 2}-of-00002.bin"
    for shard in set(places.values()):
        torch.save(
            {k: tensors[k] for k in places if places[k] == shard}, folder / shard
        )
    index = folder / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    with pytest.raises(
        CheckpointError, match=r"only in pytorch_model\.bin, an old format"
    ):
        BertModel.from_pretrained(folder)
    model = BertModel.from_pretrained(folder, allow_bin=True)
    theirs = AutoModel.from_pretrained(shipped_weights()).eval()
    ids = torch.arange(5, 12)[None]
    ours = model(ids).last_hidden_state
    torch.testing.assert_close(ours, theirs(ids).last_hidden_state, rtol=0, atol=1e-5)
    index.write_text(json.dumps({"weight_map": {"a": "../elsewhere.bin"}}))
    with pytest.raises(CheckpointError, match="names a file elsewhere"):
        weight_files(folder, allow_bin=True)
    index.write_text(json.dumps({"weight_map": {"a": "code.pt"}}))
    with pytest.raises(CheckpointError, match=r"must name \.bin files, got 'code.pt'"):
        weight_files(folder, allow_bin=True)


@pytest.mark.parametrize("kind", ["roberta", "distilbert", "albert", "gpt2"])
def test_another_architecture_is_named_with_its_file(tmp_path, kind, capsys):
    folder = copied(tmp_path / "m")
    AutoConfig.for_model(kind).save_pretrained(folder)
    table = tmp_path / "t.tsv"
    table.write_text("text\tlabel\na book\t1\nb\t0\n")
    words = ["--data", str(table), "--output", str(tmp_path / "o")]
    command = ["finetune", "--task", "sentiment", "--model", str(folder), *words]
    assert main(command) == 2
    said = f"config.json: model_type must be 'bert' for this BERT, got '{kind}'"
    assert said in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["doctor", "--model", str(folder)])
    assert (
        "remedy: name a folder whose config.json is a BERT's" in capsys.readouterr().out
    )


def test_a_file_of_a_folder_is_not_the_folder(tmp_path):
    with pytest.raises(
        CheckpointError, match=r"safetensors is a file; name the folder"
    ):
        find_folder(shipped_weights() / "model.safetensors")


@pytest.mark.parametrize("name", ["model", "output", "data", "dev"])
def test_an_empty_name_is_refused(tmp_path, name, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = {"model": "mini-world", "output": "o", "data": "t.tsv", "dev": "t.tsv"}
    words[name] = ""
    flags = [word for key, value in words.items() for word in (f"--{key}", value)]
    assert main(["finetune", "--task", "sentiment", *flags]) == 2
    assert f"--{name} must not be empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), (
        "nothing is written where the command was given"
    )


EMPTY = {
    "a corpus": (["pretrain", "--corpus", "", "--output", "o"], "--corpus"),
    "one of two": (["pretrain", "--corpus", "a", "", "--output", "o"], "--corpus"),
    "a start": (
        ["pretrain", "--corpus", "a", "--from", "", "--output", "o"],
        "--from",
    ),
    "a size": (
        ["pretrain", "--corpus", "a", "--config", "", "--output", "o"],
        "--config",
    ),
    "texts": (["vocabulary", "", "--output", "v.txt"], "the name of a file"),
    "judged": (["evaluate", "--corpus", ""], "--corpus"),
    "a column": (
        [
            *["predict", "--model", "mini-world", "--input", "a.tsv", "--text-column"],
            "",
        ],
        "--text-column",
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_no_empty_name_is_taken_for_the_folder_of_the_command(
    tmp_path, name, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "near.txt").write_text("a text\n\nanother one\n", encoding="utf-8")
    command, said = EMPTY[name]
    assert main(command) == 2
    assert f"{said} must not be empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["near.txt"]


CACHED = {"config.json": True, "model.safetensors": True, "vocab.txt": True}


@pytest.mark.parametrize("is_known", [True, False])
def test_a_model_fetched_before_opens_without_a_network(tmp_path, is_known):
    """The hub's client notes which files are there, and which are known not to be."""
    commit = "0" * 39 + "1"
    root = tmp_path / "hub" / "models--some--model"
    (root / "snapshots" / commit).mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(commit, encoding="utf-8")
    for file in CACHED:
        source = (shipped_weights() / file).read_bytes()
        (root / "snapshots" / commit / file).write_bytes(source)
    if is_known:
        (root / ".no_exist" / commit).mkdir(parents=True)
        for file in set(VOCABULARY) - set(CACHED):
            (root / ".no_exist" / commit / file).touch()
    code = (
        "from bert_tutorial import BertModel; BertModel.from_pretrained('some/model')"
    )
    environment = os.environ | {
        "HF_HUB_CACHE": str(tmp_path / "hub"),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert (done.returncode == 0) == is_known, done.stderr
    assert is_known or "could not be fetched from the hub" in done.stderr
