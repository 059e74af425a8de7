"""Say of a stored run which command made it, on what machine, and when."""

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

__all__ = ["command_line", "machine", "origin"]


def command_line(arguments: Sequence[str] | None = None) -> str:
    """Give the command that is running, for others to type.

    Args:
        arguments: of `sys.argv`'s form; that itself by default.

    Returns:
        `python tools/experiments/NAME.py` and its options. A path is written as
            FOLDER or FILE,
        since where something lies on one machine says nothing to others.
    """
    tool, *rest = sys.argv if arguments is None else arguments
    return " ".join([f"python tools/experiments/{Path(tool).name}", *map(_shown, rest)])


def _shown(argument: str) -> str:
    option, equals, value = argument.rpartition("=")
    if option.startswith("--"):
        return option + equals + _shown(value)
    path = Path(argument)
    if path.is_dir():
        return "FOLDER"
    return "FILE" if path.exists() or len(path.parts) > 1 else argument


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, str]:
    """Describe what is measured on, and when."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": names[0] if names else platform.processor(),
        "processors": str(os.cpu_count()),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "transformers": _version("transformers"),
    }


def origin() -> dict[str, object]:
    """Give the first two entries of a stored run: `command` and `machine`."""
    return {"command": command_line(), "machine": machine()}
