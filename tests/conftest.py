"""What all tests share: sizes that cannot be confused, a seed, the real data."""

import importlib.util
import os
from pathlib import Path

import pytest
import torch

from bert_tutorial.model.config import BertConfig

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
