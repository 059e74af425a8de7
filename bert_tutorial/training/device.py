"""One place that decides where the work is done, and in which precision.

| machine                      | pick_device("auto") | autocast_dtype |
|------------------------------|---------------------|----------------|
| no accelerator               | cpu                 | None (fp32)    |
| torch without CUDA support   | cpu                 | None           |
| CUDA, capability 7.5 (T4)    | cuda                | float16        |
| CUDA, capability 8.0 (A100)  | cuda                | bfloat16       |
| CUDA, capability 9.0 (H100)  | cuda                | bfloat16       |
| Apple silicon                | mps                 | None           |

Chapter: 12
Used from: 1
"""

import platform

import torch

from bert_tutorial.files.errors import UserError

__all__ = ["autocast_dtype", "pick_device"]

CHOICES = ("auto", "cpu", "cuda", "mps")


def pick_device(preferred: str = "auto") -> torch.device:
    """Choose the device.

    Args:
        preferred: "auto" takes CUDA, then Apple's MPS, then the CPU; or a name.

    Raises:
        ValueError: if the name is unknown or the machine has no such device.
    """
    has = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if preferred not in CHOICES:
        raise UserError(
            f"device must be one of {', '.join(CHOICES)}, got {preferred!r}"
        )
    if preferred == "auto":
        preferred = next(name for name in ("cuda", "mps", "cpu") if has[name])
    if not has[preferred]:
        raise UserError(f"this machine has no {preferred} device; choose auto or cpu")
    return torch.device(preferred)


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Choose the precision of mixed-precision training, None for plain fp32.

    bfloat16 only where the chip has it: the plain question also answers yes where it
    is emulated, which is slower than fp32.
    """
    if device.type != "cuda":
        return None
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16


def versions() -> dict[str, str]:
    """Say for a report with what a run was made."""
    return {
        "torch": torch.__version__.split("+")[0],
        "python": platform.python_version(),
    }
