"""Find a model's folder: on disk, or fetched from the hub and compared with it.

Chapter: 9
Used from: 5
"""

import hashlib
import re
from pathlib import Path

import huggingface_hub  # loads its parts on first use: its bars ask for widgets
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from bert_tutorial.files.folder import (
    INDEX,
    OLD_WEIGHTS,
    WEIGHTS,
    CheckpointError,
    shard_names,
)

__all__ = ["find_folder"]

VOCABULARY = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")


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
            for shard in shard_names(folder / INDEX):
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
