"""Look for what would stop a run on this machine, and say how to mend it.

Nothing large is imported before it was looked at, so that a broken installation is
reported and not just another traceback. A model and its batch are examined elsewhere:
`bert_tutorial.course.doctor`.

Chapter: 0
"""

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["FLOORS", "Finding", "examine"]

PYTHON = (3, 11)
# The same as the dependencies in pyproject.toml; a test compares them.
FLOORS = {
    "torch": "2.6",
    "filelock": "3.21.2",
    "numpy": "1.26",
    "matplotlib": "3.8",
    "tokenizers": "0.21",
    "safetensors": "0.4.5",
    "huggingface_hub": "0.26",
    "tqdm": "4.60",
}
FREE_BYTES = 500_000_000  # a state of BERT mini is 130 MB, and two are kept
Version = tuple[int, ...]


class Finding(NamedTuple):
    """What one check saw; `remedy` is empty if all is well."""

    check: str
    seen: str
    remedy: str = ""


def examine(
    model: str | Path | None = None,
    output: str | Path = ".",
    device: str = "auto",
    python: Version | None = None,
    free_bytes: int = FREE_BYTES,
) -> Iterator[Finding]:
    """Check one thing after the other.

    Args:
        model: folder of weights and vocabulary; None takes the shipped ones.
        output: folder that a run is to write to; it need not exist.
        device: "auto", "cpu", "cuda" or "mps".
        python: version to judge; None takes the one that is running.
        free_bytes: what the disk must have left.

    Yields:
        Findings, as soon as they are known; no check raises.
    """
    yield check_python(python or sys.version_info[:2])
    packages = [check_package(name, floor) for name, floor in FLOORS.items()]
    yield from packages
    yield _guarded("write access", lambda: check_writing(Path(output)))
    yield _guarded("disk", lambda: check_disk(Path(output), free_bytes))
    if any(finding.remedy for finding in packages):
        return  # what follows needs them
    yield _guarded("device", lambda: check_device(device))
    yield _guarded("threads", check_threads)
    yield _guarded("vocabulary", lambda: check_vocabulary_of(model))
    yield _guarded("weights", lambda: check_weights(model))


def _guarded(check: str, look: Callable[[], Finding]) -> Finding:
    """Turn whatever a check raises into its finding."""
    try:
        return look()
    except Exception as error:  # a doctor reports; it does not fall ill
        text = " ".join(str(error).split()) or type(error).__name__
        return Finding(check, text, "mend what the line names, then ask again")


def check_python(version: Version) -> Finding:
    """Compare the interpreter with the oldest that is supported."""
    seen = ".".join(map(str, version[:2]))
    needed = ".".join(map(str, PYTHON))
    remedy = f"install Python {needed} or newer and make a new environment with it"
    return Finding("python", seen, "" if version[:2] >= PYTHON else remedy)


def numbers(version: str) -> Version:
    """Read the leading numbers of a version: "2.13.0+cu128" gives (2, 13, 0)."""
    parts: list[int] = []
    for part in version.split("+")[0].split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


def check_package(name: str, floor: str) -> Finding:
    """Look up a package's version, compare it with the floor, import it."""
    install = f'{sys.executable} -m pip install --upgrade "{name}>={floor}"'
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "not installed", install)
    if numbers(version) < numbers(floor):
        return Finding(name, f"{version} is older than {floor}", install)
    try:
        import_module(name)
    except Exception as error:  # a broken library raises anything
        reason = " ".join(str(error).split()) or type(error).__name__
        repair = install.replace("--upgrade", "--force-reinstall")
        return Finding(name, f"{version} cannot be imported ({reason})", repair)
    return Finding(name, version)


def check_writing(folder: Path) -> Finding:
    """Write a file into the folder, or into the nearest one above that exists."""
    nearest = _nearest(folder)
    remedy = "choose another folder with --output, or ask for the right to write there"
    if not nearest.is_dir():
        return Finding("write access", f"{nearest} is a file, not a folder", remedy)
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"0")
    except OSError as error:
        return Finding("write access", f"{nearest}: {error.strerror}", remedy)
    return Finding("write access", str(nearest))


def _nearest(folder: Path) -> Path:
    """Find the folder or, if it does not exist yet, the nearest one above it."""
    whole = folder.absolute()
    return next(p for p in (whole, *whole.parents) if os.path.exists(p))


def check_disk(folder: Path, needed: int) -> Finding:
    """Compare the free space of the folder's disk with what a small run needs."""
    free = shutil.disk_usage(_nearest(folder)).free
    seen = f"{free / 1e9:.1f} GB free"
    remedy = f"free {(needed - free) / 1e9:.1f} GB, or choose a folder on another disk"
    return Finding("disk", seen, "" if free >= needed else remedy)


def check_device(name: str) -> Finding:
    """Choose the device and multiply on it."""
    import torch

    from bert_tutorial.training.device import has_bfloat16, pick_device

    try:
        device = pick_device(name)
        ones = torch.ones(3, 3, device=device)
        is_right = bool((ones @ ones == 3).all())
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        return Finding("device", reason, "use --device cpu; everything runs on it")
    if not is_right:
        return Finding("device", f"{device} multiplies wrongly", "use --device cpu")
    if device.type == "cpu" and shutil.which("nvidia-smi"):
        build = "for CUDA" if torch.version.cuda else "without CUDA"
        return Finding("device", f"cpu; there is an NVIDIA driver, torch is {build}")
    is_fast = has_bfloat16(device)
    return Finding("device", f"{device}{', with bfloat16 products' if is_fast else ''}")


def check_threads() -> Finding:
    """Compare torch's threads with the processors that this process may use."""
    import torch

    cores = (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1
    )
    asked = os.environ.get("OMP_NUM_THREADS", "")
    remedy = f"set OMP_NUM_THREADS to a number from 1 to {cores}, or unset it"
    if asked and not (asked.isdigit() and 1 <= int(asked) <= cores):
        seen = f"OMP_NUM_THREADS={asked} with {cores} processors"
        return Finding("threads", seen, remedy)
    threads = torch.get_num_threads()
    seen = f"{threads} of {cores} processors"
    return Finding("threads", seen, remedy if threads > cores else "")


SHIPPED = "install the package again, or name a whole model with --model"
SAVED = "save, copy or fetch the folder again, whole"


def _folder(model: str | Path | None) -> Path:
    """Find the model's folder; nothing is fetched."""
    from bert_tutorial.files.shipped import shipped_weights

    return Path(model) if model else shipped_weights()


def _repair(model: str | Path | None) -> str:
    """Say what to do: the package can only mend the model that it came with."""
    if model is None:
        return SHIPPED
    if not Path(model).is_dir():
        return "give the folder of a model; a hub id is fetched by other commands"
    from bert_tutorial.files.texts import instead_of_model

    return "do what the line says" if instead_of_model(Path(model)) else SAVED


def check_vocabulary_of(model: str | Path | None) -> Finding:
    """Read the tokenizer and compare its length with the configuration."""
    from bert_tutorial.files.folder import read_json
    from bert_tutorial.tokenization.tokenizer import BertTokenizer
    from bert_tutorial.tokenization.vocabulary import check_vocabulary_size

    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        try:
            folder = _folder(model)
            pieces = len(BertTokenizer.from_pretrained(folder))
            wanted = read_json(folder / "config.json").get("vocab_size", 30_522)
        except FileNotFoundError as error:
            seen = f"missing: {error.filename or error}"
            return Finding("vocabulary", seen, _repair(model))
        except ValueError as error:
            return Finding("vocabulary", str(error), _repair(model))
    if not isinstance(wanted, int):
        seen = f"vocab_size in config.json is {wanted!r:.40}, no number"
        return Finding("vocabulary", seen, _repair(model))
    try:
        check_vocabulary_size(folder, pieces, wanted)
    except ValueError:
        seen = f"{pieces} pieces in {folder}, {wanted} in config.json"
        remedy = "put the vocabulary beside the model that it was trained with"
        return Finding("vocabulary", seen, remedy)
    padding = f", {wanted} rows" if wanted != pieces else ""
    told = "".join(f"; note: {one.message}" for one in noticed)
    return Finding("vocabulary", f"{pieces} pieces{padding}{told}")


def check_weights(model: str | Path | None) -> Finding:
    """Load the weights as the model that they are, and let it run once."""
    import torch

    from bert_tutorial.files.folder import CheckpointError, read_json
    from bert_tutorial.model.config import BertConfig

    folder = _folder(model)
    try:
        BertConfig.from_dict(read_json(folder / "config.json"))
    except CheckpointError as error:
        return Finding("weights", str(error), _repair(model))
    except (ValueError, TypeError) as error:
        seen = f"{folder / 'config.json'}: {error}"
        return Finding("weights", seen, "name a folder whose config.json is a BERT's")
    try:
        kind = _kind_of(read_json(folder / "config.json"))
        bert = kind.from_pretrained(folder, allow_bin=True)
    except (ValueError, OSError) as error:
        return Finding("weights", str(error), _repair(model))
    name = kind.__name__
    if lost := [key for key in bert.missing_keys if name != "BertModel"]:
        seen = f"config.json says {name}, but the files hold no {lost[0]}"
        return Finding("weights", seen, SAVED + ", or fine-tune it")
    for key, parameter in bert.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            seen = f"{key} in {folder} holds NaN or infinity"
            return Finding("weights", seen, "take an earlier state of the run")
    ids = torch.arange(min(3, bert.config.vocab_size))[None]
    with torch.no_grad():
        values = bert(ids).to_tuple()
    if not all(bool(torch.isfinite(value).all()) for value in values):
        return Finding("weights", "the scores are not finite", _repair(model))
    count = sum(parameter.numel() for parameter in bert.parameters())
    return Finding("weights", f"{count:,} parameters, {name}")


def _kind_of(config: dict[str, Any]) -> Any:
    """Choose the class that config.json names; without one, the encoder alone."""
    import bert_tutorial

    named = config.get("architectures")
    for name in named if isinstance(named, list) else []:
        if name in bert_tutorial.__all__ and str(name).startswith("BertFor"):
            return getattr(bert_tutorial, name)
    return bert_tutorial.BertModel
