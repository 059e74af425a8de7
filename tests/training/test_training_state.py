"""Training states: whole or not at all, two kept, refused if damaged; the lock."""

import json
import os
import resource
import subprocess
import sys

import pytest
import torch

from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.pretraining.run import corpus_digests
from bert_tutorial.training.identity import check_identity
from bert_tutorial.training.lock import RunLock
from bert_tutorial.training.processes import ProcessGroup
from bert_tutorial.training.states import (
    State,
    list_states,
    newest_state,
    read_generators,
    read_state,
    restore_generators,
    write_state,
)


def make_state(number: int = 0) -> State:
    tensors = {"a": torch.arange(40_000.0) + number, "b": torch.tensor(number)}
    return State(tensors, {"step": number, "nested": {"share": 0.1}})


def test_a_state_comes_back_as_it_was(tmp_path):
    path = write_state(tmp_path / "states", 7, make_state(7))
    tensors, values = read_state(path)
    assert path.name == "step-000000007.safetensors"
    assert torch.equal(tensors["a"], make_state(7).tensors["a"])
    assert tensors["b"].shape == () and values == make_state(7).values


def test_the_last_two_are_kept(tmp_path):
    for step in (5, 10, 15):
        write_state(tmp_path, step, make_state(step))
    assert [path.stem for path in list_states(tmp_path)] == [
        "step-000000015",
        "step-000000010",
    ]
    assert len(list(tmp_path.iterdir())) == 2
    assert newest_state(tmp_path).values["step"] == 15


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "garbage", "header"])
def test_a_damaged_state_is_passed_over_with_a_line(tmp_path, capsys, damage):
    write_state(tmp_path, 1, make_state(1))
    path = write_state(tmp_path, 2, make_state(2))
    content = bytearray(path.read_bytes())
    content[-1_000] ^= damage == "flip"
    if damage == "header":
        content[content.index(b"0.1")] = ord("9")
    changed = {"cut": content[:-1], "empty": b"", "garbage": b"\xff" * 100}
    path.write_bytes(changed.get(damage, content))
    with pytest.raises(CheckpointError, match="step-000000002"):
        read_state(path)
    assert newest_state(tmp_path).values["step"] == 1
    warning = capsys.readouterr().err
    assert "step-000000002" in warning and warning.count("\n") == 1


def test_a_folder_without_any_whole_state_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no whole training state"):
        newest_state(tmp_path)
    write_state(tmp_path, 1, make_state()).write_bytes(b"")
    with pytest.raises(CheckpointError, match="is not a whole training state"):
        newest_state(tmp_path)


def test_a_write_that_is_cut_off_leaves_the_old_states_and_nothing_else(tmp_path):
    write_state(tmp_path, 1, make_state(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OSError, match="intact are step-000000001; make room"):
            write_state(tmp_path, 2, make_state(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001.safetensors"]
    assert newest_state(tmp_path).values["step"] == 1


HOLD = """
import sys
from bert_tutorial.training.lock import RunLock
lock = RunLock(sys.argv[1]).__enter__()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_run_is_refused_and_a_dead_one_locks_nobody_out(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match=f"in use by .*{holder.pid}"):
            RunLock(tmp_path).__enter__()
        holder.kill()
    assert json.loads((tmp_path / "run.owner").read_text())["pid"] == holder.pid
    with RunLock(tmp_path):
        assert json.loads((tmp_path / "run.owner").read_text())["pid"] == os.getpid()
        with pytest.raises(ValueError, match="in use"), RunLock(tmp_path):
            pass
    assert not list(tmp_path.iterdir())


def test_a_folder_made_for_nothing_is_removed(tmp_path):
    with pytest.raises(KeyError), RunLock(tmp_path / "a" / "b"):
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_what_differs_is_named():
    saved = {"recipe": {"seed": 1, "steps": 9}, "corpus": {"file 1": "3 bytes"}}
    check_identity(saved, json.loads(json.dumps(saved)))
    now = {"recipe": {"seed": 2, "steps": 9}, "corpus": {"file 1": "4 bytes"}}
    with pytest.raises(CheckpointError) as error:
        check_identity(saved, now)
    text = str(error.value)
    assert "recipe seed: 1 then, 2 now" in text and "steps" not in text
    assert "corpus file 1: 3 bytes then, 4 bytes now" in text


def test_a_corpus_is_known_by_its_bytes_not_by_its_name(tmp_path):
    for name, text in (("a.txt", "one"), ("b.txt", "one"), ("c.txt", "two")):
        (tmp_path / name).write_text(text)
    a, b, c = (corpus_digests([tmp_path / f"{x}.txt"]) for x in "abc")
    assert a == b != c


def test_the_generator_of_an_apple_gpu_is_kept_and_put_back(monkeypatch):
    device, drawn = torch.device("mps"), [torch.tensor([7], dtype=torch.uint8)]
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: drawn[-1])
    monkeypatch.setattr(torch.mps, "set_rng_state", drawn.append)
    tensors, values = read_generators(device)
    assert tensors["mps"] is drawn[0]
    restore_generators(tensors, values, ProcessGroup(), 1, device)
    assert len(drawn) == 2 and drawn[1] is drawn[0]
    assert "mps" not in read_generators(torch.device("cpu"))[0]
