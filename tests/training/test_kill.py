"""A pretraining run is killed at random moments, and nothing is lost.

Each run is a process that trains with dropout and saves a state after every step. It
is killed (SIGKILL) at a random moment, also within a save, and resumed until it ends.
After each kill every file of a state must be whole; the weights at the end must be
those of a run that was never stopped, bit by bit.

The runs are copies (fork) of a process of its own, which has torch loaded and no
thread of it started: this file, run as a script with the number of kills.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch

from bert_tutorial.__main__ import main as bert_tutorial
from bert_tutorial.training.states import list_states, read_state
from bert_tutorial.world import Mix, World

ROOT = Path(__file__).resolve().parents[2]
STEPS = 40


@pytest.mark.weekly  # test_finetune_cli kills a run once, test_resume stops each kind
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kills", [50])
def test_kills_at_random_moments_leave_a_whole_state_and_the_same_weights(kills):
    done = subprocess.run(
        [sys.executable, __file__, str(kills)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["kills"] == kills
    assert result["same weights"] == result["runs"] > 0


def write_corpus(folder: Path) -> list[str]:
    """Write a corpus; give the command that trains on it, without its output."""
    world = World(0, Mix(sentences=1, documents=60))
    text = "\n\n".join("\n".join(d) for d in world.corpus().documents)
    (folder / "text.txt").write_text(text + "\n", encoding="utf-8")
    sizes = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3}
    text = json.dumps(sizes | {"intermediate_size": 96})
    (folder / "config.json").write_text(text, encoding="utf-8")
    return [
        *("pretrain", "--corpus", str(folder / "text.txt"), "--device", "cpu"),
        *("--config", str(folder / "config.json"), "--vocab-size", "300"),
        *("--steps", str(STEPS), "--tokens-per-batch", "600", "--max-length", "48"),
        *("--dropout", "0.1", "--threads", "1", "--save-every", "1"),
        *("--resume", "auto"),
    ]


def start(command: list[str], folder: Path) -> int:
    """Begin a run, or go on with it, in a copy of this process; give its number."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
            code = bert_tutorial([*command, "--output", str(folder)])
    finally:
        os._exit(code)


def kill_at_random(child: int, folder: Path, rng: random.Random) -> bool:
    """Kill a run soon after its next state; say whether it was still alive."""
    before = list_states(folder / "states")
    while list_states(folder / "states") == before:
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            return False
        time.sleep(0.002)
    time.sleep(rng.random() * 0.1)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def kill_and_resume(kills: int) -> dict[str, int]:
    """Kill runs so many times in all; count what was found.

    Raises:
        CheckpointError: if a state is not whole after a kill.
        ValueError: if there is no state, or a run does not end cleanly.
    """
    rng = random.Random(0)
    found = {"kills": 0, "within a save": 0, "runs": 0, "same weights": 0}
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        command = write_corpus(base)
        os.waitpid(start(command, base / "whole"), 0)
        expected = (base / "whole" / "model.safetensors").read_bytes()
        while found["kills"] < kills:
            folder = base / f"run {found['runs']}"
            for _ in range(min(10, kills - found["kills"])):
                if not kill_at_random(start(command, folder), folder, rng):
                    break
                found["kills"] += 1
                found["within a save"] += any((folder / "states").glob(".step-*"))
                states = list_states(folder / "states")
                for path in states:
                    read_state(path)  # raises if it is not whole
                if not states:
                    raise ValueError("no state was left")
            _, status = os.waitpid(start(command, folder), 0)
            found["runs"] += 1
            if status or list((folder / "states").glob(".*")):
                raise ValueError(f"a run did not end cleanly: status {status}")
            found["same weights"] += (
                folder / "model.safetensors"
            ).read_bytes() == expected
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)  # before the first fork: no thread may be lost in it
    print(json.dumps(kill_and_resume(int(sys.argv[1]))))
