"""One place that decides where the work is done, and in which precision.

| machine                      | pick_device("auto") | autocast_dtype | with "auto" |
|------------------------------|---------------------|----------------|-------------|
| no accelerator               | cpu                 | None (fp32)    | None        |
| the same with bf16 products  | cpu                 | None           | bfloat16    |
| torch without CUDA support   | cpu                 | None           | as above    |
| CUDA, capability 7.5 (T4)    | cuda                | float16        | float16     |
| CUDA, capability 8.0 (A100)  | cuda                | bfloat16       | bfloat16    |
| CUDA, capability 9.0 (H100)  | cuda                | bfloat16       | bfloat16    |
| Apple silicon                | mps                 | None           | None        |

Unasked, a processor computes in fp32, so that a run has about the same numbers on all
of them.

Chapter: 12
Used from: 1
"""

import platform
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch

from bert_tutorial.files.errors import UserError

__all__ = ["autocast_dtype", "pick_device"]

CHOICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16")
# The instructions that multiply bfloat16: of AMX, and of AVX-512 since 2020.
BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
CPU_INFO = Path("/proc/cpuinfo")


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


def processor_flags() -> frozenset[str]:
    """Ask for the instructions that multiply bfloat16 on this processor: x86 only.

    Newer versions of torch say what the processor has; of older ones, Linux is asked.
    """
    ask = getattr(torch.cpu, "get_capabilities", None)
    if ask is not None:
        found = {name for name, has in ask().items() if has is True}
    elif CPU_INFO.is_file():
        lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
        flags = (x.partition(":")[2] for x in lines if x.startswith("flags"))
        found = set(next(flags, "").split())
    else:
        found = set()
    return BFLOAT16_FLAGS & found


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether a device multiplies bfloat16 itself.

    torch computes it everywhere, and answers its usual questions with yes where it is
    emulated, too, which is slower than fp32: neither is asked here.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    is_used = torch.backends.mkldnn.is_available()  # it has the products
    return device.type == "cpu" and is_used and bool(processor_flags())


def autocast_dtype(
    device: torch.device, precision: str | None = None
) -> torch.dtype | None:
    """Choose the precision of mixed-precision training, None for plain fp32.

    Args:
        device: where.
        precision: "float32"; "bfloat16"; "auto", 16 bits where the device multiplies
            them itself; None, that on a GPU and fp32 on a processor.

    Raises:
        UserError: if bfloat16 is asked for where it is only emulated.
    """
    if precision == "float32" or (precision is None and device.type != "cuda"):
        return None
    if has_bfloat16(device):
        return torch.bfloat16
    if precision == "bfloat16":
        raise UserError(
            f"precision must be auto or float32 here: this {device.type} device has "
            "no instructions for bfloat16, and emulated it is slower than float32"
        )
    return torch.float16 if device.type == "cuda" else None


def mixed(
    device: torch.device, dtype: torch.dtype | None
) -> AbstractContextManager[object]:
    """Compute matrix products in a precision, within the context; None: in fp32."""
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype)


def precision_name(dtype: torch.dtype | None) -> str:
    """Name a precision as reports do."""
    return "float32" if dtype is None else str(dtype).removeprefix("torch.")


def used_precision(device: torch.device, precision: str | None = None) -> str:
    """Name the precision that a choice comes to on a device.

    Args:
        device: where.
        precision: as `autocast_dtype` takes it; it may be another machine's.
    """
    if precision in ("float32", "bfloat16"):
        return precision
    return precision_name(autocast_dtype(device, precision))


def versions() -> dict[str, str]:
    """Say for a report with what a run was made."""
    return {
        "torch": torch.__version__.split("+")[0],
        "python": platform.python_version(),
    }
