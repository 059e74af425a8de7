"""Planted faults: each is named, with its remedy, and nothing else is."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bert_tutorial.cli.machine import FLOORS, check_package, examine
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForMaskedLM, BertForPreTraining
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS

ROOT = Path(__file__).resolve().parents[2]


def faults(**options):
    found = list(examine(output=options.pop("output", ROOT), **options))
    return {f.check: (f.seen, f.remedy) for f in found if f.remedy}


def only(found, check):
    """Give what was seen and the remedy of the single fault."""
    assert list(found) == [check], found
    return found[check]


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(shipped_weights(), folder)
    return folder


@pytest.fixture(autouse=True)
def _one_thread(one_thread, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_a_whole_installation_has_no_fault():
    assert faults() == {}


def test_the_floors_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"]
    assert [f"{name}>={floor}" for name, floor in FLOORS.items()] == wanted


def test_old_python():
    seen, remedy = only(faults(python=(3, 10)), "python")
    assert seen == "3.10" and "Python 3.11 or newer" in remedy


def plant(folder, name, version, source=""):
    (folder / f"{name}-{version}.dist-info").mkdir()
    (folder / f"{name}-{version}.dist-info" / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    (folder / f"{name}.py").write_text(source)


def test_missing_package():
    finding = check_package("a_package_that_nobody_has", "1.0")
    assert finding.seen == "not installed"
    assert 'pip install --upgrade "a_package_that_nobody_has>=1.0"' in finding.remedy


def ask(*arguments, **environment):
    """Run the command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bert_tutorial", "doctor", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_old_package(tmp_path):
    plant(tmp_path, "tqdm", "4.1.0")
    code, out = ask(PYTHONPATH=str(tmp_path))
    assert code == 1
    assert "FAULT tqdm             4.1.0 is older than 4.60" in out
    assert 'pip install --upgrade "tqdm>=4.60"' in out


def test_broken_package(tmp_path):
    plant(tmp_path, "torch", "2.9.0", "raise OSError('libtorch_cpu.so: no such file')")
    code, out = ask(PYTHONPATH=str(tmp_path))
    assert code == 1
    assert "torch            2.9.0 cannot be imported (libtorch_cpu.so" in out
    assert 'pip install --force-reinstall "torch>=2.6"' in out


def test_no_such_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    seen, remedy = only(faults(device="cuda"), "device")
    assert "this machine has no cuda device" in seen and "--device cpu" in remedy


@pytest.mark.parametrize("value", ["9999", "0", "two"])
def test_wrong_number_of_threads(monkeypatch, value):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    seen, remedy = only(faults(), "threads")
    assert f"OMP_NUM_THREADS={value}" in seen and "number from 1 to" in remedy


def test_no_write_access(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("")
    seen, remedy = only(faults(output=file / "run"), "write access")
    assert "is a file" in seen and "--output" in remedy

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    # The superuser may write anywhere, so the refusal itself is planted.
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    seen, remedy = only(faults(output=tmp_path), "write access")
    assert "Permission denied" in seen and "another folder" in remedy


def test_full_disk():
    seen, remedy = only(faults(free_bytes=10**18), "disk")
    assert "GB free" in seen and "another disk" in remedy


def test_vocabulary_with_a_duplicate(copy):
    with (copy / "vocab.txt").open("a") as file:
        file.write("[MASK]\n")
    seen, remedy = only(faults(model=copy), "vocabulary")
    assert "unique" in seen and "line" in seen and "again, whole" in remedy


def test_vocabulary_of_another_model(copy):
    lines = (copy / "vocab.txt").read_text().splitlines()
    (copy / "vocab.txt").write_text("\n".join(lines[:-7]) + "\n")
    seen, remedy = only(faults(model=copy), "vocabulary")
    assert f"{len(lines) - 7} pieces" in seen and "trained with" in remedy


def test_missing_model(tmp_path):
    found = faults(model=tmp_path / "none")
    assert list(found) == ["vocabulary", "weights"]
    assert all("give the folder of a model" in remedy for _, remedy in found.values())


def test_weights_cut_short(copy):
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    seen, remedy = only(faults(model=copy), "weights")
    assert "model.safetensors" in seen and "again, whole" in remedy


def test_weights_that_are_a_web_page(copy):
    (copy / "model.safetensors").write_text("<!doctype html><title>404</title>")
    seen, _ = only(faults(model=copy), "weights")
    assert "model.safetensors" in seen


def test_weights_with_nan(copy):
    tensors = load_file(copy / "model.safetensors")
    name = next(n for n in tensors if n.endswith("attention.self.query.weight"))
    tensors[name][0, 0] = float("nan")
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    seen, remedy = only(faults(model=copy), "weights")
    assert "NaN" in seen and "earlier state" in remedy


@pytest.fixture
def tiny():
    return BertConfig.named("tiny", vocab_size=24, max_position_embeddings=16)


PIECES = [*SPECIAL_TOKENS, *"abcdefghijklmno", "the", "##s", ".", ","]
KINDS = [
    BertModel,
    BertForPreTraining,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertForQuestionAnswering,
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_any_kind_is_examined_as_what_it_is(kind, tiny, tmp_path):
    kind(tiny).save_pretrained(tmp_path)
    BertTokenizer(PIECES).save(tmp_path)
    found = {f.check: f for f in examine(tmp_path, output=ROOT)}
    assert not any(finding.remedy for finding in found.values()), found
    assert found["weights"].seen.endswith(f" parameters, {kind.__name__}")
    assert found["vocabulary"].seen == "24 pieces"


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_head_that_is_promised_and_missing(kind, tiny, tmp_path):
    kind(tiny).save_pretrained(tmp_path)
    BertTokenizer(PIECES).save(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    heads = ("bert.pooler.", "cls.", "classifier.", "qa_outputs.")
    kept = {k: v for k, v in tensors.items() if not k.startswith(heads)}
    save_file(kept, tmp_path / "model.safetensors")
    seen, remedy = only(faults(model=tmp_path), "weights")
    assert "hold no" in seen and "again, whole" in remedy
    BertModel(tiny).save_pretrained(tmp_path)  # the remedy
    assert faults(model=tmp_path) == {}


def test_a_padded_table_and_a_tokenizer_of_its_own_are_well(tmp_path):
    config = BertConfig.named("tiny", vocab_size=32, pad_token_id=None)
    BertForMaskedLM(config).save_pretrained(tmp_path)
    BertTokenizer(PIECES).save(tmp_path)
    (tmp_path / "added_tokens.json").write_text('{"<e1>": 24}')
    found = {f.check: f for f in examine(tmp_path, output=ROOT)}
    assert not any(finding.remedy for finding in found.values()), found
    assert found["vocabulary"].seen == "25 pieces, 32 rows"


def test_a_contradiction_of_the_files_is_named(tiny, tmp_path):
    BertForMaskedLM(tiny).save_pretrained(tmp_path)
    BertTokenizer(PIECES).save(tmp_path)
    (tmp_path / "added_tokens.json").write_text('{"<e1>": 99}')
    seen, _ = only(faults(model=tmp_path), "vocabulary")
    assert "added_tokens.json" in seen and "must have the id 24" in seen


def test_a_cased_vocabulary_is_noted_and_no_fault(tiny, tmp_path):
    BertForMaskedLM(tiny).save_pretrained(tmp_path)
    BertTokenizer([*PIECES[:-1], "The"]).save(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    found = {f.check: f for f in examine(tmp_path, output=ROOT)}
    assert "note: " in found["vocabulary"].seen and not found["vocabulary"].remedy


def test_command_line():
    code, out = ask(OMP_NUM_THREADS="1")
    assert code == 0 and out.endswith("all is well\n")
    assert "ok    weights" in out
