"""Which files a model folder has: its configuration, its weights whole or in shards.

Chapter: 9
Used from: 5
"""

import json
from pathlib import Path
from typing import Any

__all__ = ["CheckpointError", "read_json", "weight_files"]

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
OLD_WEIGHTS = "pytorch_model.bin"


class CheckpointError(ValueError):
    """A model folder that cannot be read; the text says which file and why.

    Names and values from a damaged file may stand in the text, so it is brought onto
    one line that can be printed anywhere.
    """

    def __init__(self, text: str) -> None:
        """Keep the text, printable and not endless."""
        plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:900])
        super().__init__(plain + "..." * (len(text) > 900))


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


def shard_names(index: Path) -> list[str]:
    """List the files that an index names.

    A name may not lead out of the folder, nor to a file of the old kind, which could
    hold code.
    """
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CheckpointError(f"{index} must have a weight_map with the shards' names")
    for name in places.values():
        if not isinstance(name, str) or not name.endswith(".safetensors"):
            raise CheckpointError(f"{index} must name .safetensors files, got {name!r}")
        if Path(name).name != name:
            raise CheckpointError(f"{index} names a file elsewhere: {name!r}")
    return sorted(set(places.values()))


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
        return [folder / name for name in shard_names(index)]
    if old.is_file() and allow_bin:
        return [old]
    if old.is_file():
        raise CheckpointError(
            f"{folder} has its weights only in {OLD_WEIGHTS}, an old format that can "
            "hold code; allow_bin=True (--allow-bin) reads its numbers and nothing else"
        )
    raise CheckpointError(f"{single} does not exist; a model needs it")
