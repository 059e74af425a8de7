"""Where the model that comes with the package lies.

Chapter: 12
Used from: 1
"""

from importlib import resources
from pathlib import Path

from bert_tutorial.files.errors import MissingFileError

__all__ = ["shipped_weights"]


def shipped_weights(name: str = "mini-world") -> Path:
    """Give the folder of a shipped model: config.json, model.safetensors, vocab.txt.

    Raises:
        FileNotFoundError: if the installation lacks it.
    """
    folder = Path(str(resources.files("bert_tutorial"))) / "weights" / name
    if not (folder / "model.safetensors").is_file():
        raise MissingFileError(
            f"the package has no weights named {name}; install it again"
        )
    return folder
