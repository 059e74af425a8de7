"""The files of a model folder: which there are, read and written whole or not at all.

A folder has its configuration and its weights, in one file or in shards.

Chapter: 9
Used from: 5
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import (
    instead_of_model,
    read_object,
    replace_file,
    replace_text,
)

__all__ = [
    "CheckpointError",
    "read_json",
    "read_tensors",
    "weight_files",
    "write_folder",
]

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
OLD_WEIGHTS = "pytorch_model.bin"
OLD_INDEX = "pytorch_model.bin.index.json"
LFS = b"version https://git-lfs"


class CheckpointError(UserError):
    """A model folder that cannot be read; the text says which file and why.

    Names and values from a damaged file may stand in the text, so it is brought onto
    one line that can be printed anywhere.
    """

    def __init__(self, text: str) -> None:
        """Keep the text, printable and not endless."""
        plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:900])
        super().__init__(plain + "..." * (len(text) > 900))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a model folder.

    Raises:
        CheckpointError: if the file is missing or is not a JSON object.
    """
    try:
        return read_object(path)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path} does not exist; a model needs it{instead_of_model(path.parent)}"
        ) from error
    except UserError as error:
        raise CheckpointError(str(error)) from error


def shard_names(index: Path) -> list[str]:
    """List the files that an index names.

    A name may not lead out of the folder, nor from an index of the new kind to a file
    of the old kind, which could hold code.
    """
    kind = ".bin" if index.name == OLD_INDEX else ".safetensors"
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CheckpointError(f"{index} must have a weight_map with the shards' names")
    for name in places.values():
        if not isinstance(name, str) or not name.endswith(kind):
            raise CheckpointError(f"{index} must name {kind} files, got {name!r}")
        if Path(name).name != name:
            raise CheckpointError(f"{index} names a file elsewhere: {name!r}")
    return sorted(set(places.values()))


def weight_files(folder: Path, allow_bin: bool = False) -> list[Path]:
    """List the weight files of a folder: one, or the shards of its index.

    Raises:
        CheckpointError: if there is none, or only one of the old kind and
            `allow_bin` is false.
    """
    single, index = folder / WEIGHTS, folder / INDEX
    old, old_index = folder / OLD_WEIGHTS, folder / OLD_INDEX
    if single.is_file():
        return [single]
    if index.is_file():
        return [folder / name for name in shard_names(index)]
    if not old.is_file() and not old_index.is_file():
        raise CheckpointError(
            f"{single} does not exist; a model needs it{instead_of_model(folder)}"
        )
    if not allow_bin:
        raise CheckpointError(
            f"{folder} has its weights only in {OLD_WEIGHTS}, an old format that can "
            "hold code; allow_bin=True (--allow-bin) reads its numbers and nothing else"
        )
    if old.is_file():
        return [old]
    return [folder / name for name in shard_names(old_index)]


DIGEST = "bert_tutorial_sha256"  # key in the header of the files that we write


def digest_tensors(tensors: Mapping[str, Tensor], text: str = "") -> str:
    """Compute the SHA-256 of a text and of names, types, shapes and numbers."""
    digest = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a file, under the names that they have there.

    Raises:
        CheckpointError: if the file is missing or damaged.
    """
    if not os.path.isfile(path):  # unlike Path.is_file, never raises
        raise CheckpointError(f"{path} does not exist, but the index names it")
    found = _read_checked(path)
    if adapters := [name for name in found if ".lora_A." in name]:
        raise CheckpointError(
            f"{path} holds the layers of an adapter ({adapters[0]}) beside the model's "
            "own; in peft, merge_and_unload() makes one of both"
        )
    return found


def _read_checked(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file, and say of a damaged one what it may be."""
    try:
        if path.suffix == ".bin":
            return _read_old(path)
        with safe_open(path, framework="pt", device="cpu") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            written = (file.metadata() or {}).get(DIGEST)
        if written is not None and written != digest_tensors(found):
            raise CheckpointError(
                f"{path} is not what was written: its numbers do not fit the digest "
                "in it; a bit has changed since, so fetch or save it again"
            )
        return found
    except CheckpointError:
        raise
    except (SafetensorError, OSError) as error:
        with open(path, "rb") as file:
            if file.read(len(LFS)) == LFS:
                raise CheckpointError(
                    f"{path} is only the pointer that Git keeps of a large file; "
                    "fetch the file itself with: git lfs pull"
                ) from error
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


def _save(tensors: dict[str, Tensor], path: str) -> None:
    """Write tensors with a digest; equal tensors make equal bytes."""
    save_file(tensors, path, metadata={"format": "pt", DIGEST: digest_tensors(tensors)})
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
