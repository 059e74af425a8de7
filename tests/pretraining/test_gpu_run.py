"""The measurement on a GPU, where there is one; its code is tried on a processor."""

import json
import subprocess
import sys

import pytest
import torch

from book_files import ROOT

SCRIPT = ROOT / "tools" / "experiments" / "gpu.py"


def measure(tmp_path, *options):
    output = tmp_path / "gpu.json"
    words = ["--peak", "1", "--rounds", "1", "--output", output, *options]
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)], capture_output=True, text=True
    )
    return done, json.loads(output.read_text()) if output.exists() else None


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_line_says_so(tmp_path):
    done, found = measure(tmp_path)
    assert done.returncode == 2 and found is None
    assert done.stderr == "error: this machine has no cuda device; choose auto or cpu\n"


@pytest.mark.parametrize("wrong", [["--corpus", "text"], ["--peak", "0"]])
def test_what_is_missing_is_said_before_anything_is_timed(tmp_path, wrong):
    done, found = measure(tmp_path, "--device", "cpu", *wrong)
    assert done.returncode == 2 and found is None
    assert done.stderr.startswith("error: --") and done.stderr.count("\n") == 1


def test_each_side_is_timed_and_the_ladder_is_climbed(tmp_path):
    text = tmp_path / "text"
    text.mkdir()
    lines = [f"{a} and {b} are here .\n{b} likes {a} ." for a in "abcd" for b in "efgh"]
    (text / "a.txt").write_text("\n\n".join(lines * 4))
    small = ("--sizes", "tiny", "--rows", "2", "--batches", "1", "--minutes", "0.001")
    where = ("--device", "cpu", "--corpus", text, "--work", tmp_path / "models")
    done, found = measure(tmp_path, *small, *where)
    assert done.returncode == 0, done.stderr[-2_000:]
    (step,) = found["steps"]
    assert step["loss_difference"] < 1e-4
    for side in ("ours", "transformers", "lean loop"):
        low, high = step[side]["lowest_and_highest"]
        assert 0 < low <= step[side]["tokens_per_second"] <= high
        assert 0 < step[side]["mfu"] < 1
    (end,) = found["ladder"]
    assert end["steps"] >= 20 and end["validation"]["masked_lm"] > 0
    assert (tmp_path / "models" / "tiny" / "model.safetensors").is_file()
