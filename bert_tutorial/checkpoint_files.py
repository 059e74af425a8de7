"""Reading and writing the files of a model folder, whole or not at all.

Chapter: 9
Used from: 5
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError
from safetensors.torch import save_file
from torch import Tensor

__all__ = [
    "CheckpointError",
    "find_folder",
    "read_json",
    "replace_file",
    "weight_files",
    "write_folder",
]


class CheckpointError(ValueError):
    """A model folder that cannot be read; the text says which file and why."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        CheckpointError: if the file is missing or is not a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist; a model needs it") from error
    except (UnicodeDecodeError, json.JSONDecodeError, OSError) as error:
        raise CheckpointError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} must hold a JSON object")
    return values


def weight_files(folder: Path) -> list[Path]:
    """List the safetensors files of a folder: one, or the shards of its index."""
    single = folder / "model.safetensors"
    index = folder / "model.safetensors.index.json"
    if single.is_file():
        return [single]
    if index.is_file():
        names = set(read_json(index).get("weight_map", {}).values())
        return [folder / Path(name).name for name in sorted(names)]
    raise CheckpointError(f"{single} does not exist; a model needs it")


def find_folder(folder: str | Path, revision: str | None = None) -> Path:
    """Find a model's folder on disk; fetch it from the hub if the name is an id.

    Raises:
        CheckpointError: if there is neither; the text says what to do.
    """
    path = Path(folder)
    if path.is_dir():
        return path
    name = str(folder)
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise CheckpointError(
            f"{name} is neither a folder nor a hub id such as owner/name"
        )
    try:
        config = hf_hub_download(name, "config.json", revision=revision)
        try:
            hf_hub_download(name, "model.safetensors", revision=revision)
        except EntryNotFoundError:
            index = "model.safetensors.index.json"
            listed = read_json(Path(hf_hub_download(name, index, revision=revision)))
            for shard in sorted(set(listed.get("weight_map", {}).values())):
                hf_hub_download(name, shard, revision=revision)
        hf_hub_download(name, "vocab.txt", revision=revision)
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"{name} is no folder here and could not be fetched from the hub "
            f"({reason}); check the name and the network, or give a folder"
        ) from error
    return Path(config).parent


def replace_file(path: Path, write: Any) -> None:
    """Let `write(temporary)` make a file, force it to disk, give it its name."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        write(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)


def write_folder(folder: Path, tensors: dict[str, Tensor], config: str) -> None:
    """Write model.safetensors and config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(
        folder / "model.safetensors",
        lambda name: save_file(tensors, name, metadata={"format": "pt"}),
    )
    replace_file(
        folder / "config.json",
        lambda name: Path(name).write_text(config, encoding="utf-8"),
    )
