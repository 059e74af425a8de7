"""Reading and writing the files of a model folder, whole or not at all.

Chapter: 9
Used from: 5
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub  # loads its parts on first use: its bars ask for widgets
import torch
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

__all__ = [
    "CheckpointError",
    "find_folder",
    "read_json",
    "read_tensors",
    "replace_file",
    "weight_files",
    "write_folder",
]

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
DIGEST = "bert_tutorial_sha256"  # key in the header of the files that we write
OLD_WEIGHTS = "pytorch_model.bin"
VOCABULARY = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")


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
    except (ValueError, RecursionError, OSError) as error:
        raise CheckpointError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} must hold a JSON object")
    return values


def _shards(index: Path) -> list[str]:
    """List the files that an index names; a name may not lead out of the folder."""
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CheckpointError(f"{index} must have a weight_map with the shards' names")
    names = sorted({str(name) for name in places.values()})
    for name in names:
        if Path(name).name != name:
            raise CheckpointError(f"{index} names a file elsewhere: {name!r}")
    return names


def weight_files(folder: Path, allow_bin: bool = False) -> list[Path]:
    """List the weight files of a folder: one, or the shards of its index.

    Raises:
        CheckpointError: if there is none, or only one of the old kind and
            `allow_bin` is false.
    """
    single, index, old = folder / WEIGHTS, folder / INDEX, folder / OLD_WEIGHTS
    if single.is_file():
        return [single]
    if index.is_file():
        return [folder / name for name in _shards(index)]
    if old.is_file() and allow_bin:
        return [old]
    if old.is_file():
        raise CheckpointError(
            f"{folder} has its weights only in {OLD_WEIGHTS}, an old format that can "
            "hold code; allow_bin=True (--allow-bin) reads its numbers and nothing else"
        )
    raise CheckpointError(f"{single} does not exist; a model needs it")


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
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist, but the index names it")
    try:
        if path.suffix == ".bin":
            tensors: Any = torch.load(path, map_location="cpu", weights_only=True)
            if not all(isinstance(value, Tensor) for value in tensors.values()):
                raise CheckpointError(f"{path} must hold tensors by name only")
            return dict(tensors)
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


def find_folder(
    folder: str | Path, revision: str | None = None, allow_bin: bool = False
) -> Path:
    """Find a model's folder on disk; fetch it from the hub if the name is an id.

    Raises:
        CheckpointError: if there is neither; the text says what to do.
    """
    path, name = Path(folder), str(folder)
    if path.is_dir():
        return path
    if name.count("/") != 1 or name.startswith((".", "/", "~")) or path.exists():
        raise CheckpointError(
            f"{name} is neither a folder nor a hub id such as owner/name"
        )
    try:
        return _fetch(name, revision, allow_bin)
    except CheckpointError:
        raise
    except Exception as error:  # the hub's client raises its HTTP library's own, too
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CheckpointError(
            f"{name} is no folder here and could not be fetched from the hub "
            f"({reason}); check the name and the network, or give a folder"
        ) from error


def _fetch(name: str, revision: str | None, allow_bin: bool) -> Path:
    """Fetch the files of a model from the hub; return the folder that has them.

    All files come from the commit that config.json came from, and each is compared
    with the digest that the hub gives for it before it is used.
    """
    first = huggingface_hub.hf_hub_download(name, "config.json", revision=revision)
    folder = Path(first).parent  # its name is the commit
    _compare_with_hub(Path(first), name)

    def fetched(file: str, needed: bool = False) -> bool:
        try:
            path = huggingface_hub.hf_hub_download(name, file, revision=folder.name)
        except LocalEntryNotFoundError:  # no network: not the same as no such file
            raise
        except EntryNotFoundError:
            if needed:
                raise
            return False
        _compare_with_hub(Path(path), name)
        return True

    if not fetched(WEIGHTS):
        if fetched(INDEX):
            for shard in _shards(folder / INDEX):
                fetched(shard, needed=True)
        elif not (allow_bin and fetched(OLD_WEIGHTS)):
            raise CheckpointError(
                f"{name} has no {WEIGHTS} on the hub; where it has {OLD_WEIGHTS}, "
                "allow_bin=True (--allow-bin) reads the numbers in it and nothing else"
            )
    for file in VOCABULARY:  # for the tokenizer, as far as they are there
        fetched(file)
    return folder


def _compare_with_hub(path: Path, name: str) -> None:
    """Delete a fetched file that is not the one the hub meant, and say so.

    The cache of the hub's client keeps a file under its digest: SHA-256 for large
    files, that of git (SHA-1 over a header and the bytes) for small ones.
    """
    blob = path.resolve()
    if not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", blob.name):
        return  # a system without links, where the client keeps no digest
    is_large = len(blob.name) == 64
    digest = hashlib.sha256() if is_large else hashlib.sha1(usedforsecurity=False)
    if not is_large:
        digest.update(b"blob %d\0" % blob.stat().st_size)
    with open(blob, "rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    if digest.hexdigest() == blob.name:
        return
    path.unlink()
    blob.unlink(missing_ok=True)
    raise CheckpointError(
        f"{name}: {path.name} arrived with other bytes than the hub's digest says and "
        "was deleted; fetch it again, and if it happens again, the network changes "
        "files: give a folder"
    )


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
    replace_file(
        folder / "config.json",
        lambda name: Path(name).write_text(config, encoding="utf-8"),
    )
