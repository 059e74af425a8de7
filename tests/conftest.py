"""What tests share: sizes that cannot be confused, a seed, real data, small runs."""

import contextlib
import gc
import importlib.util
import json
import os
import time
from pathlib import Path

import pytest
import torch

from bert_tutorial.cli.main import main
from bert_tutorial.model.config import BertConfig
from bert_tutorial.training.loop import Trainer
from bert_tutorial.world import Mix, World

# Real files to read in tests; each test that needs one skips, and says so, without.
REAL_DATA = Path(
    os.environ.get("BERT_TUTORIAL_DATA")
    or Path(__file__).resolve().parents[1].parent / "shared" / "data"
)

# These compare with transformers, which only those who test need to install.
collect_ignore = []
if importlib.util.find_spec("transformers") is None:
    collect_ignore += [
        str(file.relative_to(Path(__file__).parent))
        for file in Path(__file__).parent.rglob("test_*.py")
        if "\nfrom transformers import" in file.read_text(encoding="utf-8")
    ]

# All sizes differ, so that no swapped axis can pass.
B, T, A, D, H, I, L, V, P, C = 2, 7, 3, 4, 12, 37, 2, 99, 11, 5  # noqa: E741


@pytest.fixture(autouse=True)
def _same_random_numbers():
    torch.manual_seed(0)


@pytest.fixture
def one_thread():
    """Compute in one thread, as runs that are compared bit for bit have to."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextlib.contextmanager
def at_most(seconds, what=""):
    """Allow so many CPU seconds, without a sweep over what other tests have left.

    Late in a run that alone takes Python's garbage collector longer than a second; what
    is made meanwhile is collected as ever.
    """
    gc.freeze()
    start = time.process_time()
    try:
        yield
    finally:
        took = time.process_time() - start
        gc.unfreeze()
        assert took < seconds, what


def tiny_config(**changes):
    """Make a configuration with the sizes above and no dropout."""
    sizes = {
        "vocab_size": V,
        "hidden_size": H,
        "num_hidden_layers": L,
        "num_attention_heads": A,
        "intermediate_size": I,
        "max_position_embeddings": P,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "initializer_range": 0.3,
    }
    return BertConfig(**(sizes | changes))


@pytest.fixture
def config():
    """Give the small configuration, without dropout."""
    return tiny_config()


def real_data(name):
    """Give the path of a real file, or skip the test that asks for it."""
    path = REAL_DATA / name
    if not path.exists():
        pytest.skip(f"needs the real file {name}; set BERT_TUTORIAL_DATA to its folder")
    return path


def run_command(capsys, *arguments):
    """Run a command in this process: exit code, stdout, stderr."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def write_corpus(folder):
    """Write text.txt, stories of the mini-world, and config.json, a model for it."""
    documents = World(0, Mix(sentences=1, documents=60)).corpus().documents
    text = "\n\n".join("\n".join(document) for document in documents)
    (folder / "text.txt").write_text(text + "\n", encoding="utf-8")
    sizes = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 3}
    config = json.dumps(sizes | {"intermediate_size": 37})
    (folder / "config.json").write_text(config, encoding="utf-8")
    return folder


def at_step(patch, step, act):
    """Let something happen in the middle of a training step, before its update."""
    original = Trainer.update

    def update(trainer, number):
        if number == step:
            act()
        return original(trainer, number)

    patch.setattr(Trainer, "update", update)
