"""Training states on disk: one file each, whole or not at all, the last two kept.

A state is a safetensors file: tensors by name, and everything else as JSON in its
header, with a digest over both. It is written under another name, forced to disk and
only then given its own, so that a process killed at any moment leaves the states that
were there. Nothing is pickled.

The random generators of Python, numpy and CUDA belong to a state. torch's own has one
state for each process, since each draws its own dropout; gathering them is the
caller's work.

Chapter: 12
"""

import json
import random
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bert_tutorial.files.errors import UnwritableError
from bert_tutorial.files.folder import CheckpointError, digest_tensors
from bert_tutorial.files.texts import replace_file
from bert_tutorial.training.processes import ProcessGroup

__all__ = [
    "State",
    "list_states",
    "newest_state",
    "read_generators",
    "read_state",
    "restore_generators",
    "seed_process",
    "sweep",
    "write_state",
]

FORMAT = 2  # 1 had another digest
KEPT = 2
PARTIAL = ".step-"
NAME = re.compile(r"step-(\d{9})\.safetensors")


Value = TypeVar("Value")


class State(NamedTuple):
    """Tensors by name, and the values that are not tensors (JSON types only)."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]


def list_states(folder: Path) -> list[Path]:
    """List the files of states in a folder, newest first."""
    if not folder.is_dir():
        return []
    names = [path.name for path in folder.iterdir() if NAME.fullmatch(path.name)]
    return [folder / name for name in sorted(names, reverse=True)]


def sweep(folder: Path) -> None:
    """Remove what a killed process left half written; call it under the run's lock."""
    for leftover in folder.glob(f"{PARTIAL}*"):
        leftover.unlink()


def write_state(folder: Path, step: int, state: State) -> Path:
    """Write a state durably, then remove all but the newest two.

    Args:
        folder: of states only; is made if it is not there.
        step: number of updates behind the state; it names the file.
        state: contiguous tensors, and values of JSON types.

    Returns:
        The file.

    Raises:
        OSError: if it cannot be written; the older states are as they were.
    """
    text = json.dumps(state.values, allow_nan=False)
    sha256 = digest_tensors(state.tensors, text)
    header = {"format": str(FORMAT), "values": text, "sha256": sha256}
    path = folder / f"step-{step:09}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda name: save_file(state.tensors, name, metadata=header))
    except (OSError, SafetensorError) as error:
        older = [old.stem for old in list_states(folder)]
        kept = f"intact are {' and '.join(older)}" if older else "there is no older one"
        raise UnwritableError(
            f"the training state of step {step} could not be written to {folder} "
            f"({error}); {kept}; make room and resume"
        ) from error
    for old in list_states(folder)[KEPT:]:
        old.unlink()
    return path


def read_state(path: Path) -> State:
    """Read a state and compare it with its digest.

    Raises:
        CheckpointError: if it is missing, damaged or of another format.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is not a whole training state: {error}"
        ) from error
    if header.get("format") != str(FORMAT):
        raise CheckpointError(
            f"{path} must be a training state of format {FORMAT}, "
            f"got {header.get('format')!r}"
        )
    text = header.get("values", "")
    if digest_tensors(tensors, text) != header.get("sha256"):
        raise CheckpointError(f"{path} is damaged: it does not have its own digest")
    return State(tensors, json.loads(text))


def newest_state(folder: Path) -> State:
    """Read the newest whole state; one that is damaged is passed over, with a line.

    Raises:
        CheckpointError: if there is none.
    """
    damaged = []
    for path in list_states(folder):
        try:
            return read_state(path)
        except CheckpointError as error:
            damaged.append(str(error))
            print(f"warning: {error}; trying the one before", file=sys.stderr)
    raise CheckpointError(
        f"{folder} has no whole training state to resume from"
        + (f" ({'; '.join(damaged)})" if damaged else "")
        + "; start again into a new folder, without resuming"
    )


def flat_names(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put a prefix and a dot before all names."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Undo `flat_names`: those that have the prefix, without it."""
    start = prefix + "."
    return {
        name.removeprefix(start): value
        for name, value in values.items()
        if name.startswith(start)
    }


def read_generators(device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the generators of Python, numpy and, if the device has one, the device.

    Args:
        device: where the run computes.

    Returns:
        Tensors under "python", "numpy" and "cuda" or "mps"; and what is no tensor.
    """
    version, numbers, gauss = random.getstate()
    legacy: Any = np.random.get_state(legacy=False)
    key = legacy["state"]["key"].astype(np.int64)
    tensors = {"python": torch.tensor(numbers), "numpy": torch.from_numpy(key)}
    if device.type == "cuda":
        tensors["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        tensors["mps"] = torch.mps.get_rng_state()
    numpy_values = {
        "pos": int(legacy["state"]["pos"]),
        "has_gauss": int(legacy["has_gauss"]),
        "gauss": float(legacy["gauss"]),
    }
    return tensors, {"version": version, "gauss": gauss, "numpy": numpy_values}


def restore_generators(
    tensors: Mapping[str, Tensor],
    values: Mapping[str, Any],
    group: ProcessGroup,
    step: int,
    device: torch.device,
) -> None:
    """Put all generators back; a process that was not there before starts its own.

    Args:
        tensors: from `read_generators`, and "torch.0", "torch.1", ... and "cuda.0",
            ..., one for each process.
        values: from `read_generators`.
        group: says which process this is.
        step: behind the state; seeds a process that is new.
        device: where the run computes.
    """
    numbers = tuple(tensors["python"].tolist())
    random.setstate((values["version"], numbers, values["gauss"]))
    kept = values["numpy"]
    key = tensors["numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", key, kept["pos"], kept["has_gauss"], kept["gauss"]))
    own = tensors.get(f"torch.{group.rank}")
    if own is None:
        seed_process(group, step)
    else:
        torch.set_rng_state(own)
    cuda = tensors.get(f"cuda.{group.rank}")
    if device.type == "cuda" and cuda is not None:
        torch.cuda.set_rng_state(cuda, device)
    if device.type == "mps" and "mps" in tensors:  # always a single process
        torch.mps.set_rng_state(tensors["mps"])


def seed_process(group: ProcessGroup, step: int) -> None:
    """Give each process but the first its own dropout, and the same in each run."""
    if group.rank:
        seed = torch.initial_seed() + 1_000_003 * group.rank + 7_919 * step
        torch.manual_seed(seed % 2**63)
