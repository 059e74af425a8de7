"""Several processes make the updates of one, and end together."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch
from conftest import write_corpus

from bert_tutorial.__main__ import main
from bert_tutorial.training.processes import ProcessGroup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def command(corpus, folder, *more, steps=20) -> list[str]:
    """Pretrain in batches of few rows, of which some have fewer than processes."""
    return [
        *("pretrain", "--corpus", str(corpus / "text.txt"), "--output", str(folder)),
        *("--config", str(corpus / "config.json"), "--vocab-size", "300"),
        *("--steps", str(steps), "--tokens-per-batch", "130", "--max-length", "48"),
        *("--dropout", "0", "--device", "cpu", "--threads", "1", *more),
    ]


@contextmanager
def launch(number: int, words: list[str]) -> Iterator[subprocess.Popen]:
    """Start torchrun; whatever happens in the test, nothing of it outlives it."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launcher += [f"--nproc-per-node={number}", "-m", "bert_tutorial", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(launcher, cwd=ROOT, env=environment, **pipes)
    try:
        yield run
    finally:
        if run.poll() is None:
            for process in (*children(run.pid), run.pid):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        run.communicate(timeout=20)


def losses(folder) -> torch.Tensor:
    lines = (folder / "log.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    keys = ("masked_lm", "next_sentence", "gradient_norm", "tokens")
    return torch.tensor([[record[key] for key in keys] for record in records])


@pytest.fixture(scope="module")
def alone(corpus, tmp_path_factory):
    """Train with one process."""
    folder = tmp_path_factory.mktemp("alone") / "model"
    assert main(command(corpus, folder)) == 0
    return folder


def weights(folder) -> torch.Tensor:
    from safetensors.torch import load_file

    tensors = load_file(folder / "model.safetensors")
    return torch.cat([tensors[name].flatten() for name in sorted(tensors)])


def test_rows_are_shared_out_without_loss():
    batch = {"input_ids": torch.arange(10).view(5, 2), "labels": torch.arange(5)}
    shards = [ProcessGroup(rank, 3).shard(batch) for rank in range(3)]
    rows = torch.cat([shard["labels"] for shard in shards])
    assert sorted(rows.tolist()) == [0, 1, 2, 3, 4]
    small = {key: value[:2] for key, value in batch.items()}
    assert ProcessGroup(2, 3).shard(small) is None


def test_two_processes_and_then_three_equal_one(corpus, alone, tmp_path):
    ends = command(corpus, tmp_path, "--save-every", "8")
    with launch(2, ends) as run:
        out, err = run.communicate(timeout=100)
    assert run.returncode == 0, err
    assert (
        len(re.findall(r"seconds? of training", out)) == 1
    )  # only the first process speaks
    torch.testing.assert_close(losses(tmp_path), losses(alone), atol=2e-5, rtol=0)
    torch.testing.assert_close(weights(tmp_path), weights(alone), atol=1e-6, rtol=0)
    assert json.loads((tmp_path / "run.json").read_text())["processes"] == 2
    with launch(3, [*ends, "--resume"]) as run:
        _, err = run.communicate(timeout=100)
    assert run.returncode == 0, err
    torch.testing.assert_close(losses(tmp_path), losses(alone), atol=2e-5, rtol=0)
    torch.testing.assert_close(weights(tmp_path), weights(alone), atol=1e-6, rtol=0)


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(number) for number in found]


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    "kind", ["SIGKILL", pytest.param("SIGSTOP", marks=pytest.mark.weekly)]
)
def test_a_process_that_is_lost_ends_the_run_within_a_minute(corpus, tmp_path, kind):
    words = command(
        corpus, tmp_path, "--save-every", "5", "--answer-seconds", "5", steps=90_000
    )
    with launch(2, words) as run:
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "states").glob("step*"))) < 2:
            assert time.monotonic() < deadline and run.poll() is None
            time.sleep(0.05)
        workers = children(run.pid)
        assert len(workers) == 2
        started = time.monotonic()
        os.kill(workers[1], getattr(signal, kind))
        _, err = run.communicate(timeout=60)
    assert run.returncode != 0 and time.monotonic() - started < 60
    assert "error: process 0 of 2 stops: another one ended" in err
    assert not any(map(is_alive, workers))
    left = sorted(path.name for path in (tmp_path / "states").iterdir())
    assert len(left) == 2 and all(name.endswith(".safetensors") for name in left)
