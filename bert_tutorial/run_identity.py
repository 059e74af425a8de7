"""What makes a run this run: choices, seed, corpus. A resumed run must have the same.

Chapter: 12
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bert_tutorial.checkpoint_files import CheckpointError
from bert_tutorial.config import BertConfig
from bert_tutorial.corpus_recipe import CorpusRecipe
from bert_tutorial.data import find_text_files

__all__ = ["check_identity", "corpus_digests", "run_identity"]

SHOWN = 6


def corpus_digests(paths: Sequence[str | Path]) -> dict[str, str]:
    """Give size and SHA-256 of each file of a corpus, in its order.

    Names are left out: a corpus that was moved is still the same.
    """
    digests = {}
    for number, path in enumerate(find_text_files(paths), start=1):
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        digests[f"file {number}"] = f"{path.stat().st_size} bytes, sha256 {digest}"
    return digests


def run_identity(
    recipe: CorpusRecipe,
    model: BertConfig,
    vocabulary: Sequence[str],
    corpus: Mapping[str, str],
) -> dict[str, Any]:
    """Gather what must not change between the parts of a run.

    Device, number of processes and how often states are saved are not among it.
    """
    choices = asdict(recipe)
    del choices["config"]  # a name or a path; what it says is in `model`
    text = "\n".join(vocabulary).encode()
    values = {
        "recipe": choices,
        "model": model.to_dict(),
        "vocabulary": {"sha256": hashlib.sha256(text).hexdigest()},
        "corpus": dict(corpus),
    }
    return json.loads(json.dumps(values))


def check_identity(saved: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Compare a state's run with the one that wants to go on from it.

    Raises:
        CheckpointError: naming each choice that differs, then and now.
    """
    old, new = _flat(saved), _flat(now)
    differing = [
        f"{key}: {old.get(key, 'nothing')} then, {new.get(key, 'nothing')} now"
        for key in [*old, *(key for key in new if key not in old)]
        if old.get(key) != new.get(key)
    ]
    if not differing:
        return
    more = len(differing) - SHOWN
    raise CheckpointError(
        "the run to be resumed had other settings: "
        + "; ".join(differing[:SHOWN])
        + (f"; and {more} more" if more > 0 else "")
        + "; give those of the first run, or start a new one in another folder"
    )


def _flat(values: Mapping[str, Any]) -> dict[str, str]:
    """Name each value by group and key, as in "recipe seed"."""
    return {
        f"{group} {key}": json.dumps(value) if not isinstance(value, str) else value
        for group, entries in values.items()
        for key, value in entries.items()
    }
