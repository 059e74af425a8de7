"""What all experiments share: their options, and how their results are stored.

A stored run begins with the command that made it, the machine and the date.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import replace_text

__all__ = ["RUNS", "command_line", "machine", "main", "origin", "store"]

RUNS = Path(__file__).resolve().parents[2] / "bert_tutorial" / "runs"

# What decides how fast matrices are multiplied, as Linux names it.
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")

Document = dict[str, Any]
Run = Callable[[argparse.Namespace, Document], Iterator[None]]


def command_line(arguments: Sequence[str] | None = None) -> str:
    """Give the command that is running, for others to type.

    Args:
        arguments: of `sys.argv`'s form; that itself by default.

    Returns:
        `python tools/experiments/NAME.py` and its options. A path is written as FOLDER
        or FILE, since where something lies on one machine says nothing to others.
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
    flags = [x.split(":", 1)[1].split() for x in lines if x.startswith("flags")]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": names[0] if names else platform.processor(),
        "processors": str(os.cpu_count()),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "instructions": " ".join(x for x in INSTRUCTIONS if flags and x in flags[0]),
        "transformers": _version("transformers"),
    }


def origin() -> Document:
    """Give the first two entries of a stored run: `command` and `machine`."""
    return {"command": command_line(), "machine": machine()}


def store(path: Path, document: Document) -> None:
    """Write a document of results, whole or not at all."""
    replace_text(path, json.dumps(document, indent=1) + "\n")


def main(
    run: Run,
    default_output: Path | None,
    *,
    seeds: Sequence[int] | None = (0, 1, 2),
    options: Callable[[argparse.ArgumentParser], object] | None = None,
    goes_on: bool = False,
) -> None:
    """Run an experiment from the command line, on one thread, and store its results.

    Args:
        run: the experiment. It gets the options and the document, which begins with
            `origin()`, fills the document, and yields whenever it is worth storing.
        default_output: where `--output` points if it is not given; None stores nothing
            then.
        seeds: the default of `--seeds`; None if the experiment has no such option.
        options: adds the experiment's own options to the parser.
        goes_on: begin with the document that the output has, if it is there; another
            machine than its own is noted under `continued`.
    """
    text = sys.modules[run.__module__].__doc__ or ""
    parser = argparse.ArgumentParser(description=text.split("\n")[0])
    if seeds is not None:
        parser.add_argument("--seeds", type=int, nargs="+", default=list(seeds))
    parser.add_argument("--output", type=Path, default=default_output)
    if options is not None:
        options(parser)
    given = parser.parse_args()
    torch.set_num_threads(1)
    document = origin()
    if goes_on and given.output is not None and given.output.is_file():
        document = json.loads(given.output.read_text(encoding="utf-8"))
        here = machine()
        before = [document["machine"], *document.get("continued", [])]
        if all(here | {"date": ""} != one | {"date": ""} for one in before):
            document.setdefault("continued", []).append(here)
    try:
        for _ in run(given, document):
            if given.output is not None:
                store(given.output, document)
    except UserError as error:
        parser.exit(2, f"error: {error}\n")
