"""Where the models and the data set that come with the package lie.

| name          | what it is                                                          |
|---------------|---------------------------------------------------------------------|
| `mini-world`  | a model that knows the book's invented world, and nothing else       |
| `english`     | a model pretrained on 21 MB of real English, as chapter 12 does it   |
| `definitions` | 4,048 definitions of WordNet, each with the kind of thing it defines |

Chapter: 12
Used from: 1
"""

import os
from importlib import resources
from pathlib import Path

from bert_tutorial.files.errors import MissingFileError

__all__ = ["shipped_weights"]

MODELS = ("mini-world", "english")


def shipped_weights(name: str = "mini-world") -> Path:
    """Give the folder of a shipped model: config.json, model.safetensors, vocab.txt.

    Args:
        name: "mini-world", or "english" (half precision; loading makes it fp32).

    Raises:
        FileNotFoundError: if the installation lacks it.
    """
    return _shipped(Path("weights", name), "model.safetensors", "weights")


def shipped_data(name: str = "definitions") -> Path:
    """Give the folder of a shipped data set: train.tsv, dev.tsv, test.tsv.

    Raises:
        FileNotFoundError: if the installation lacks it.
    """
    return _shipped(Path("data", name), "train.tsv", "data set")


def named_folder(name: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Give the folder of a shipped model for its name; anything else as it is.

    A folder of that name in the current one comes first.
    """
    if name in MODELS and not Path(name).is_dir():
        return shipped_weights(str(name))
    return name


def _shipped(inside: Path, file: str, kind: str) -> Path:
    """Give a folder of the package; `file` must be in it."""
    folder = Path(str(resources.files("bert_tutorial"))) / inside
    if not (folder / file).is_file():
        raise MissingFileError(
            f"the package has no {kind} named {inside.name}; install it again"
        )
    return folder
