"""The published names of all tensors, and reading the tensors by them.

`NAMES` is the whole translation between this package's names and the published
ones.

Chapter: 9
Used from: 5
"""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from bert_tutorial.checkpoint_files import CheckpointError, read_tensors, weight_files

__all__ = ["NAMES", "published_name", "read_weights"]

# ours -> published. "*" stands for the number of a layer.
NAMES = {
    "embeddings.layer_norm": "embeddings.LayerNorm",
    "encoder.layers.*.attention.query": "encoder.layer.*.attention.self.query",
    "encoder.layers.*.attention.key": "encoder.layer.*.attention.self.key",
    "encoder.layers.*.attention.value": "encoder.layer.*.attention.self.value",
    "encoder.layers.*.attention.output": "encoder.layer.*.attention.output.dense",
    "encoder.layers.*.attention_norm": "encoder.layer.*.attention.output.LayerNorm",
    "encoder.layers.*.feed_forward.up": "encoder.layer.*.intermediate.dense",
    "encoder.layers.*.feed_forward.down": "encoder.layer.*.output.dense",
    "encoder.layers.*.feed_forward_norm": "encoder.layer.*.output.LayerNorm",
    "cls.predictions.dense": "cls.predictions.transform.dense",
    "cls.predictions.layer_norm": "cls.predictions.transform.LayerNorm",
}
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_LAYER = re.compile(r"(?<=\.)\d+(?=\.)")
# In published files, but no parameters of their own.
_IGNORED = re.compile(
    r"embeddings\.(position_ids|token_type_ids)$|cls\.predictions\.decoder\.(weight|bias)$"
)


def published_name(name: str) -> str:
    """Translate a parameter's name: "encoder.layers.0.feed_forward.up.weight" -> ..."""
    prefix = "bert." if name.startswith("bert.") else ""
    module, kind = name.removeprefix("bert.").rsplit(".", 1)
    number = _LAYER.search(module)
    general = _LAYER.sub("*", module, count=1)
    published = NAMES.get(general, general)
    if number:
        published = published.replace("*", number.group())
    return f"{prefix}{published}.{kind}"


def _tidied(name: str) -> str:
    """Give an old name its present form: gamma and beta are weight and bias."""
    name = re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", name)
    return re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", name)


def read_weights(
    folder: Path, allow_bin: bool = False
) -> tuple[dict[str, Tensor], dict[str, Path]]:
    """Read all tensors of a folder, under their published names without `bert.`.

    Returns:
        The tensors, and the file of each.

    Raises:
        CheckpointError: if a file is damaged; the text names it.
    """
    tensors: dict[str, Tensor] = {}
    origin: dict[str, Path] = {}
    decoder: dict[str, Tensor] = {}
    for path in weight_files(folder, allow_bin):
        for name, tensor in read_tensors(path).items():
            key = _tidied(name).removeprefix("bert.")
            if _IGNORED.search(key):
                decoder[key] = tensor
                origin[key] = path
                continue
            if key in tensors and not _same(tensors[key], tensor):
                raise CheckpointError(
                    f"{path}: {name} and another tensor both stand for {key} and "
                    "differ; keep one of them"
                )
            tensors[key] = tensor
            origin[key] = path
    _use_decoder_copies(tensors, decoder, origin, folder)
    return tensors, origin


def _same(one: Tensor, other: Tensor) -> bool:
    """Tell whether two tensors have the same numbers, in whatever precision."""
    if one.dtype not in FLOATS or other.dtype not in FLOATS:
        return False
    return torch.equal(one.double(), other.double())


def _use_decoder_copies(
    tensors: dict[str, Tensor],
    decoder: Mapping[str, Tensor],
    origin: dict[str, Path],
    folder: Path,
) -> None:
    """Take the word table or the output bias from the decoder if only that is there."""
    for kind, main in (
        ("weight", "embeddings.word_embeddings.weight"),
        ("bias", "cls.predictions.bias"),
    ):
        key = f"cls.predictions.decoder.{kind}"
        copy = decoder.get(key)
        if copy is None:
            continue
        if main not in tensors:
            tensors[main] = copy
            origin[main] = origin[key]
        elif not _same(tensors[main], copy):
            raise CheckpointError(
                f"{folder}: cls.predictions.decoder.{kind} differs from {main}, but "
                "this BERT ties them; it cannot be loaded with equal results"
            )
