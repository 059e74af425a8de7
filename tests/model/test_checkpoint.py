"""Model folders: both ways, old files, planted faults, atomic writing, the hub."""

import json
import os
import signal
import subprocess
import sys
import time

import huggingface_hub
import pytest
import torch
from conftest import H, I, V, tiny_config
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import BertForPreTraining as TheirPreTraining
from transformers import BertForSequenceClassification as TheirSequence
from transformers import BertModel as TheirModel

from bert_tutorial.files import folder as checkpoint_files
from bert_tutorial.files.hub import find_folder
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.checkpoint import NAMES, CheckpointError, published_name
from bert_tutorial.model.objectives import BertForMaskedLM, BertForPreTraining
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)

HEADS = [
    BertForPreTraining,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertForQuestionAnswering,
]


@pytest.fixture
def model():
    made = BertForPreTraining(tiny_config())
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made.eval()


@pytest.fixture
def folder(model, tmp_path):
    model.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder, change):
    """Let `change` edit the tensors of a folder in place."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def equal(one, other):
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(
        torch.equal(left[key], right[key]) for key in left
    )


def test_a_round_trip_is_exact_and_leaves_no_other_file(model, folder):
    loaded = BertForPreTraining.from_pretrained(folder)
    assert equal(loaded, model) and loaded.config == model.config
    assert not loaded.training and loaded.missing_keys == []
    assert sorted(os.listdir(folder)) == ["config.json", "model.safetensors"]
    assert all(p.device.type == "cpu" and p.requires_grad for p in loaded.parameters())


def test_loading_draws_no_random_numbers(folder):
    torch.manual_seed(4)
    BertForPreTraining.from_pretrained(folder)
    drawn = torch.rand(3)
    torch.manual_seed(4)
    assert torch.equal(drawn, torch.rand(3))


def test_the_tied_matrix_is_not_in_the_file(folder):
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        names = set(file.keys())
        assert file.metadata()["format"] == "pt"
    assert not any("decoder" in name for name in names)
    assert "cls.predictions.bias" in names and len(names) == 46


def test_names_of_one_tensor_of_each_kind():
    assert published_name("bert.encoder.layers.11.feed_forward.up.weight") == (
        "bert.encoder.layer.11.intermediate.dense.weight"
    )
    assert published_name("embeddings.layer_norm.bias") == "embeddings.LayerNorm.bias"
    assert published_name("cls.predictions.bias") == "cls.predictions.bias"
    assert published_name("classifier.weight") == "classifier.weight"
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize("head", HEADS)
def test_every_model_opens_what_the_encoder_alone_saved(head, tmp_path):
    encoder = BertModel(tiny_config())
    encoder.save_pretrained(tmp_path)
    loaded = head.from_pretrained(tmp_path, new_heads=True)
    own = BertModel.from_pretrained(tmp_path)
    assert own.missing_keys == [] and equal(own, encoder)
    assert torch.equal(
        loaded.bert.encoder.layers[1].feed_forward.up.weight,
        encoder.encoder.layers[1].feed_forward.up.weight,
    )
    assert loaded.missing_keys
    assert all(k.startswith(("cls.", "class", "qa_")) for k in loaded.missing_keys)
    for name, parameter in loaded.named_parameters():
        assert torch.isfinite(parameter).all(), name


@pytest.mark.parametrize("head", HEADS)
def test_the_encoder_opens_what_every_model_saved(head, tmp_path):
    made = head(tiny_config())
    made.save_pretrained(tmp_path)
    loaded = BertModel.from_pretrained(tmp_path)
    assert equal(loaded.encoder, made.bert.encoder)
    assert equal(loaded.embeddings, made.bert.embeddings)
    has_pooler = made.bert.pooler is not None
    assert loaded.missing_keys == (
        [] if has_pooler else ["pooler.dense.bias", "pooler.dense.weight"]
    )


def test_fresh_heads_have_initial_values(tmp_path):
    BertModel(tiny_config(initializer_range=0.02)).save_pretrained(tmp_path)
    loaded = BertForPreTraining.from_pretrained(tmp_path, new_heads=True)
    head = loaded.cls.predictions
    assert torch.equal(head.layer_norm.weight, torch.ones(H))
    assert not head.bias.any() and not head.dense.bias.any()
    assert 0 < head.dense.weight.abs().max() <= 0.04
    assert len(set(head.dense.weight.flatten().tolist())) > H


def test_another_number_of_labels_gets_a_new_classifier(tmp_path):
    BertForSequenceClassification(tiny_config(num_labels=3)).save_pretrained(tmp_path)
    same = BertForSequenceClassification.from_pretrained(tmp_path)
    assert same.config.num_labels == 3 and same.missing_keys == []
    other = BertForSequenceClassification.from_pretrained(tmp_path, num_labels=4)
    assert other.classifier.weight.shape == (4, H)
    assert other.missing_keys == ["classifier.bias", "classifier.weight"]


def test_names_of_labels_reach_transformers_and_come_back(tmp_path):
    config = tiny_config(id2label=("no", "yes"))
    BertForSequenceClassification(config).save_pretrained(tmp_path / "ours")
    theirs = TheirSequence.from_pretrained(tmp_path / "ours")
    assert theirs.config.id2label == {0: "no", 1: "yes"}
    theirs.save_pretrained(tmp_path / "theirs")
    back = BertForSequenceClassification.from_pretrained(tmp_path / "theirs")
    assert back.config.id2label == ("no", "yes")


def test_old_names_buffers_and_decoder_copies_are_understood(model, folder):
    def age(tensors):
        for name in list(tensors):
            old = name.replace("LayerNorm.weight", "LayerNorm.gamma")
            old = old.replace("LayerNorm.bias", "LayerNorm.beta")
            tensors[old] = tensors.pop(name)
        words = tensors["bert.embeddings.word_embeddings.weight"]
        tensors["cls.predictions.decoder.weight"] = words.clone()
        tensors["cls.predictions.decoder.bias"] = tensors.pop("cls.predictions.bias")
        tensors["bert.embeddings.position_ids"] = torch.arange(11)[None]

    rewrite(folder, age)
    loaded = BertForPreTraining.from_pretrained(folder)
    assert equal(loaded, model)
    assert loaded.missing_keys == [] and loaded.unexpected_keys == []


def test_either_one_of_a_tied_pair_is_enough(model, folder):
    def move(tensors):
        words = tensors.pop("bert.embeddings.word_embeddings.weight")
        tensors["cls.predictions.decoder.weight"] = words

    rewrite(folder, move)
    assert equal(BertForPreTraining.from_pretrained(folder), model)


def test_a_decoder_of_its_own_is_refused(folder):
    rewrite(
        folder, lambda t: t.update({"cls.predictions.decoder.weight": torch.ones(V, H)})
    )
    with pytest.raises(CheckpointError, match=r"decoder\.weight differs from"):
        BertForPreTraining.from_pretrained(folder)


def test_shards_are_read_through_their_index(model, tmp_path):
    theirs_folder = tmp_path / "shards"
    model.save_pretrained(tmp_path / "whole")
    theirs = TheirPreTraining.from_pretrained(tmp_path / "whole")
    theirs.save_pretrained(theirs_folder, max_shard_size="5KB")
    assert len(list(theirs_folder.glob("*.safetensors"))) > 2
    assert equal(BertForPreTraining.from_pretrained(theirs_folder), model)
    shard = sorted(theirs_folder.glob("*.safetensors"))[1]
    shard.unlink()
    with pytest.raises(CheckpointError, match=f"{shard.name} does not exist"):
        BertForPreTraining.from_pretrained(theirs_folder)


@pytest.mark.parametrize(
    "index", ["{}", '{"weight_map": []}', '{"weight_map": {"a": "../other"}}', "[1]"]
)
def test_a_bad_index_is_refused(folder, index):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(CheckpointError, match=r"index\.json"):
        BertModel.from_pretrained(folder)


def test_half_precision_files_are_widened(model, folder):
    def narrow(tensors):
        for name in tensors:
            tensors[name] = tensors[name].bfloat16()

    rewrite(folder, narrow)
    loaded = BertForPreTraining.from_pretrained(folder)
    for mine, other in zip(loaded.parameters(), model.parameters(), strict=True):
        assert mine.dtype == torch.float32
        assert torch.equal(mine, other.bfloat16().float())


def test_a_half_precision_model_is_saved_as_such(model, tmp_path):
    model.bfloat16().save_pretrained(tmp_path)
    theirs = TheirPreTraining.from_pretrained(tmp_path)
    assert theirs.dtype == torch.bfloat16


def _delete(name):
    return lambda tensors: tensors.pop(name)


def _replace(name, *shape):
    return lambda tensors: tensors.update({name: torch.ones(*shape)})


QUERY = "bert.encoder.layer.1.attention.self.query.weight"


@pytest.mark.parametrize(
    "change,config,words",
    [
        (_delete(QUERY), {}, rf"no tensor {QUERY[5:]}, shape \({H}, {H}\)"),
        (_replace(QUERY, H, 5), {}, rf"safetensors: .*shape \({H}, {H}\).*\({H}, 5\)"),
        (_delete("cls.predictions.bias"), {}, "no tensor cls.predictions.bias.*new_h"),
        (None, {"vocab_size": 50}, rf"word_embeddings.* \(50, {H}\) .*\({V}, {H}\)"),
        (None, {"intermediate_size": 6}, rf"intermediate.*\(6,.*got \({I},"),
        (None, {"num_hidden_layers": 3}, "no tensor encoder.layer.2"),
        (None, {"num_hidden_layers": 1}, "encoder.layer.1.* no place"),
        (None, {"hidden_act": "relu"}, "config.json: hidden_act must be"),
        (None, {"hidden_size": "12"}, "config.json: hidden_size must be"),
        (_replace("bert.encoder.layer.0.crossattention.x", 2), {}, "no place"),
    ],
)
def test_planted_faults_are_named(folder, change, config, words):
    if change:
        rewrite(folder, change)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    with pytest.raises(CheckpointError, match=words) as caught:
        BertForPreTraining.from_pretrained(folder)
    assert str(folder) in str(caught.value)


def test_a_classifier_that_config_json_does_not_describe_is_refused(tmp_path):
    BertForSequenceClassification(tiny_config(num_labels=3)).save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    values = json.loads(path.read_text())
    del values["id2label"], values["label2id"]
    path.write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match="pass num_labels=3"):
        BertForSequenceClassification.from_pretrained(tmp_path)
    loaded = BertForSequenceClassification.from_pretrained(tmp_path, num_labels=3)
    assert loaded.missing_keys == []


def test_fewer_layers_can_be_asked_for(folder):
    loaded = BertModel.from_pretrained(folder, num_hidden_layers=1)
    assert len(loaded.encoder.layers) == 1
    assert any(key.startswith("encoder.layer.1.") for key in loaded.unexpected_keys)


def _damaged():
    whole = b"\x08\0\0\0\0\0\0\0{}      "
    return {
        "empty": b"",
        "garbage": b"not a safetensors file at all" * 9,
        "html": b"<!doctype html><title>404</title>",
        "huge header": b"\xff" * 8 + b"{}",
        "header cut": b"\x40\0\0\0\0\0\0\0{",
        "no json": b"\x08\0\0\0\0\0\0\0{{{{{{{{",
        "bytes after": whole + b"x",
    }


@pytest.mark.parametrize("name", list(_damaged()))
def test_damaged_files_are_refused_with_their_path(folder, name):
    (folder / "model.safetensors").write_bytes(_damaged()[name])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is not a whole"):
        BertModel.from_pretrained(folder)


def test_a_file_cut_short_is_refused(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="not a whole"):
        BertModel.from_pretrained(folder)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"\xff\xfe", b"null"])
def test_a_damaged_configuration_is_refused(folder, text):
    (folder / "config.json").write_bytes(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        BertModel.from_pretrained(folder)


def test_an_empty_folder_says_what_it_needs(tmp_path):
    with pytest.raises(CheckpointError, match=r"config\.json does not exist"):
        BertModel.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"model\.safetensors does not exist"):
        BertModel.from_pretrained(tmp_path)


class _Trap:
    def __reduce__(self):
        return os.system, (f"touch {_Trap.marker}",)


def test_an_old_file_is_read_on_request_and_code_in_it_never(model, folder, tmp_path):
    old = folder / "pytorch_model.bin"
    torch.save(load_file(folder / "model.safetensors"), old)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="allow_bin=True"):
        BertForPreTraining.from_pretrained(folder)
    assert equal(BertForPreTraining.from_pretrained(folder, allow_bin=True), model)
    _Trap.marker = tmp_path / "marker"
    for content in (_Trap(), {"a": _Trap()}, {"a": 1}, [1]):
        torch.save(content, old)
        with pytest.raises(CheckpointError, match=r"pytorch_model\.bin"):
            BertForPreTraining.from_pretrained(folder, allow_bin=True)
    old.write_bytes(b"garbage")
    with pytest.raises(CheckpointError, match="damaged"):
        BertForPreTraining.from_pretrained(folder, allow_bin=True)
    assert not _Trap.marker.exists()


def test_the_order_of_writing_is_force_then_rename(model, tmp_path, monkeypatch):
    steps = []
    fsync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (steps.append("fsync"), fsync(fd)))
    monkeypatch.setattr(
        os, "replace", lambda a, b: (steps.append(b.name), rename(a, b))
    )
    model.save_pretrained(tmp_path)
    one = ["fsync", "model.safetensors", "fsync"]
    two = ["fsync", "config.json", "fsync"]
    assert steps == [*one, *two]


def test_a_failed_write_leaves_the_old_model(model, folder, monkeypatch):
    def full(*_arguments, **_options):
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoint_files, "save_file", full)
    with pytest.raises(OSError, match="No space"):
        BertForPreTraining(tiny_config()).save_pretrained(folder)
    assert sorted(os.listdir(folder)) == ["config.json", "model.safetensors"]
    assert equal(BertForPreTraining.from_pretrained(folder), model)


SAVER = """
import sys, torch
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.bert import BertModel
model = BertModel(BertConfig(vocab_size=9000, hidden_size=64, num_hidden_layers=1,
                             num_attention_heads=1, intermediate_size=64))
number = 0
while True:
    number += 1
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, number)
    model.save_pretrained(sys.argv[1])
    print(number, flush=True)
"""


def test_a_killed_save_leaves_a_whole_model(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"1\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    last = int(([b"1", *process.stdout.read().split()])[-1])
    process.wait()
    loaded = BertModel.from_pretrained(tmp_path)
    values = {value.item() for p in loaded.parameters() for value in p.unique()}
    assert len(values) == 1 and values <= {float(last), last + 1.0}


def test_what_transformers_saves_without_a_head_opens(model, folder, tmp_path):
    TheirModel.from_pretrained(folder).save_pretrained(tmp_path / "theirs")
    loaded = BertModel.from_pretrained(tmp_path / "theirs")
    assert loaded.missing_keys == [] and loaded.unexpected_keys == []
    assert equal(loaded, model.bert)


@pytest.mark.parametrize("name", ["nowhere", "./a/b", "/a/b", "a/b/c", "~/a", ""])
def test_a_name_that_is_neither_folder_nor_id(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name == "":
        with pytest.raises(CheckpointError, match=r"config\.json"):
            find_folder(name) and BertModel.from_pretrained(name)
    else:
        with pytest.raises(CheckpointError, match="neither a folder nor a hub id"):
            find_folder(name)


def hub(folder, monkeypatch, offline=False):
    """Put a folder in the place of the hub; return the list of requests."""
    asked = []

    def download(name, file, revision=None):
        asked.append((name, file, revision))
        if offline:
            raise LocalEntryNotFoundError("cannot find the file and no connection")
        if not (folder / file).is_file():
            raise EntryNotFoundError(f"404: {file}")
        return str(folder / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return asked


def test_a_hub_id_is_fetched_file_by_file(model, folder, monkeypatch):
    asked = hub(folder, monkeypatch)
    loaded = BertForPreTraining.from_pretrained("some/model", revision="v1")
    assert equal(loaded, model)
    assert {name for name, _, _ in asked} == {"some/model"}
    first, *others = [revision for _, _, revision in asked]
    assert first == "v1"  # and the rest from the commit that it stands for
    assert set(others) == {folder.name}
    assert asked[0][1] == "config.json"


def test_a_sharded_model_is_fetched_whole(model, tmp_path, monkeypatch):
    model.save_pretrained(tmp_path / "whole")
    theirs = TheirPreTraining.from_pretrained(tmp_path / "whole")
    theirs.save_pretrained(tmp_path / "shards", max_shard_size="9KB")
    asked = hub(tmp_path / "shards", monkeypatch)
    assert equal(BertForPreTraining.from_pretrained("some/model"), model)
    shards = {path.name for path in (tmp_path / "shards").glob("*.safetensors")}
    assert shards <= {file for _, file, _ in asked}


def test_without_network_the_message_says_so(folder, monkeypatch):
    hub(folder, monkeypatch, offline=True)
    with pytest.raises(CheckpointError, match=r"some/model .* network, or give a fol"):
        BertModel.from_pretrained("some/model")


def test_a_model_with_an_old_file_only_is_named_as_such(folder, monkeypatch):
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    asked = hub(folder, monkeypatch)
    with pytest.raises(CheckpointError, match="allow_bin=True"):
        BertModel.from_pretrained("some/model")
    assert "pytorch_model.bin" not in {file for _, file, _ in asked}
    assert BertModel.from_pretrained("some/model", allow_bin=True).missing_keys == []
