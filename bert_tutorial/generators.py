"""The random numbers of a run: read where all generators stand, and put them back.

Those of Python and numpy, and CUDA's. torch's own has one state for each process,
since each draws its own dropout; gathering them is the caller's work.

Chapter: 12
"""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bert_tutorial.distributed import ProcessGroup

__all__ = ["read_generators", "restore_generators", "seed_process"]


def read_generators(device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the generators of Python, numpy and, if the device is one of its, CUDA.

    Args:
        device: where the run computes.

    Returns:
        Tensors under "python", "numpy" and "cuda"; and what is no tensor.
    """
    version, numbers, gauss = random.getstate()
    legacy: Any = np.random.get_state(legacy=False)
    key = legacy["state"]["key"].astype(np.int64)
    tensors = {"python": torch.tensor(numbers), "numpy": torch.from_numpy(key)}
    if device.type == "cuda":
        tensors["cuda"] = torch.cuda.get_rng_state(device)
    numpy_values = {
        "pos": int(legacy["state"]["pos"]),
        "has_gauss": int(legacy["has_gauss"]),
        "gauss": float(legacy["gauss"]),
    }
    return tensors, {"version": version, "gauss": gauss, "numpy": numpy_values}


def restore_generators(
    tensors: Mapping[str, Tensor],
    values: Mapping[str, Any],
    world: ProcessGroup,
    step: int,
    device: torch.device,
) -> None:
    """Put all generators back; a process that was not there before starts its own.

    Args:
        tensors: from `read_generators`, and "torch.0", "torch.1", ... and "cuda.0",
            ..., one for each process.
        values: from `read_generators`.
        world: says which process this is.
        step: behind the state; seeds a process that is new.
        device: where the run computes.
    """
    numbers = tuple(tensors["python"].tolist())
    random.setstate((values["version"], numbers, values["gauss"]))
    kept = values["numpy"]
    key = tensors["numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", key, kept["pos"], kept["has_gauss"], kept["gauss"]))
    own = tensors.get(f"torch.{world.rank}")
    if own is None:
        seed_process(world, step)
    else:
        torch.set_rng_state(own)
    cuda = tensors.get(f"cuda.{world.rank}")
    if device.type == "cuda" and cuda is not None:
        torch.cuda.set_rng_state(cuda, device)


def seed_process(world: ProcessGroup, step: int) -> None:
    """Give each process but the first its own dropout, and the same in each run."""
    if world.rank:
        seed = torch.initial_seed() + 1_000_003 * world.rank + 7_919 * step
        torch.manual_seed(seed % 2**63)
