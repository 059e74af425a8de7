"""Kill a pretraining run at random moments, and see that nothing is lost.

Each run is a process that trains with dropout and saves a state after every step. It
is killed (SIGKILL) at a random moment, also within a save, and resumed until it ends.
After each kill every file of a state must be whole; the weights at the end must be
those of a run that was never stopped, bit by bit.

    python tools/experiments/kill_test.py --kills 50
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import torch

from bert_tutorial.__main__ import main as bert_tutorial
from bert_tutorial.training.states import list_states, read_state
from bert_tutorial.world import Mix, World

STEPS = 40


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
    ]


def start(command: list[str]) -> int:
    """Run a command in a copy of this process, which has torch loaded already."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
            code = bert_tutorial(command)
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


def resume(command: list[str], folder: Path) -> list[str]:
    """Give the command that begins a run, or goes on with it."""
    has_state = bool(list_states(folder / "states"))
    return [*command, "--output", str(folder), *["--resume"] * has_state]


def main() -> int:
    """Kill, resume, compare; 0 if all was well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # before the first fork: no thread may be lost in it
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        command = write_corpus(base)
        os.waitpid(start(resume(command, base / "whole")), 0)
        expected = (base / "whole" / "model.safetensors").read_bytes()
        kills, runs, caught, same = 0, 0, 0, 0
        while kills < options.kills:
            folder = base / f"run {runs}"
            for _ in range(min(10, options.kills - kills)):
                if not kill_at_random(start(resume(command, folder)), folder, rng):
                    break
                kills += 1
                caught += (folder / "states" / ".partial").exists()
                states = list_states(folder / "states")
                for path in states:
                    read_state(path)  # raises if it is not whole
                if not states:
                    raise SystemExit("no state was left")
            _, status = os.waitpid(start(resume(command, folder)), 0)
            runs += 1
            same += (folder / "model.safetensors").read_bytes() == expected
            if status or list((folder / "states").glob(".*")):
                raise SystemExit(f"run {runs} did not end cleanly: status {status}")
    print(
        f"{kills} of {kills} kills left whole states ({caught} fell into a save); "
        f"{same} of {runs} runs ended with the weights of a run never stopped"
    )
    return 0 if same == runs else 1


if __name__ == "__main__":
    sys.exit(main())
