"""Reading and writing the files of a model folder, whole or not at all.

`weight_files` says which files those are, `hub` finds the folder; both are offered
here too.

Chapter: 9
Used from: 5
"""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bert_tutorial.hub import find_folder
from bert_tutorial.weight_files import (
    WEIGHTS,
    read_json,
    weight_files,
)
from bert_tutorial.weight_files import (
    CheckpointError as CheckpointError,
)

__all__ = [
    "find_folder",
    "read_json",
    "read_tensors",
    "replace_file",
    "weight_files",
    "write_folder",
]

DIGEST = "bert_tutorial_sha256"  # key in the header of the files that we write


def _digest(tensors: dict[str, Tensor]) -> str:
    """Compute the SHA-256 of names, types, shapes and numbers, in order of names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a file, under the names that they have there.

    Raises:
        CheckpointError: if the file is missing or damaged.
    """
    if not os.path.isfile(path):  # unlike Path.is_file, never raises
        raise CheckpointError(f"{path} does not exist, but the index names it")
    try:
        if path.suffix == ".bin":
            return _read_old(path)
        with safe_open(path, framework="pt", device="cpu") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            written = (file.metadata() or {}).get(DIGEST)
        if written is not None and written != _digest(found):
            raise CheckpointError(
                f"{path} is not what was written: its numbers do not fit the digest "
                "in it; a bit has changed since, so fetch or save it again"
            )
        return found
    except CheckpointError:
        raise
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is not a whole safetensors file ({error}); fetch it again"
        ) from error
    except Exception as error:  # damaged files of the old kind fail in many ways
        raise CheckpointError(
            f"{path} is damaged or holds more than numbers and was refused "
            f"({type(error).__name__})"
        ) from error


def _read_old(path: Path) -> dict[str, Tensor]:
    """Read the numbers of a file of the old kind, which torch reads unchecked.

    Raises:
        CheckpointError: if a part does not fit its checksum, or is no tensor.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if (part := archive.testzip()) is not None:
                raise CheckpointError(
                    f"{path} is damaged: its part {part!r} does not fit its checksum; "
                    "fetch it again"
                )
    tensors: Any = torch.load(path, map_location="cpu", weights_only=True)
    for name, value in tensors.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{path} must hold tensors by name only")
    return dict(tensors)


def replace_file(path: Path, write: Callable[[str], object]) -> None:
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


def replace_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 as `replace_file` writes files."""
    replace_file(path, lambda name: Path(name).write_text(text, encoding="utf-8"))


def _save(tensors: dict[str, Tensor], path: str) -> None:
    """Write tensors with a digest; equal tensors make equal bytes."""
    save_file(tensors, path, metadata={"format": "pt", DIGEST: _digest(tensors)})
    with open(path, "rb+") as file:  # the library orders the metadata by chance
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        file.seek(8)
        file.write(text.ljust(size))


def write_folder(folder: Path, tensors: dict[str, Tensor], config: str) -> None:
    """Write model.safetensors, with a digest of its numbers, and config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(
        folder / WEIGHTS,
        lambda name: _save(tensors, name),
    )
    replace_text(folder / "config.json", config)
