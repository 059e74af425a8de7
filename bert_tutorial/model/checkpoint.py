"""Model folders in the Hugging Face layout: config.json and model.safetensors.

`NAMES` is the whole translation between this package's names and the published ones.
Nothing is unpickled unless an old file is asked for, and then only numbers.

Chapter: 9
Used from: 5
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from bert_tutorial.files.folder import (
    CheckpointError,
    read_json,
    read_tensors,
    weight_files,
    write_folder,
)
from bert_tutorial.files.hub import find_folder
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.embeddings import truncated_normal_

__all__ = ["NAMES", "PreTrained", "published_name", "read_weights"]


def _drop_other_head(tensors: dict[str, Tensor], config: BertConfig) -> None:
    """Forget a classifier for another number of labels than is asked for."""
    weight = tensors.get("classifier.weight")
    if weight is not None and weight.shape[:1] != (config.num_labels,):
        del tensors["classifier.weight"]
        tensors.pop("classifier.bias", None)


NEW_HEADS = (
    "; new_heads=True starts it anew, to be trained "
    "(pretrain --corpus PATH --from MODEL --new-heads --output FOLDER)"
)


class PreTrained(nn.Module):
    """What all models share: a configuration, initial weights, saving and loading.

    After `from_pretrained`, `missing_keys` lists the published names that the files
    did not hold (a new head has fresh weights) and `unexpected_keys` those that this
    model has no use for.
    """

    config: BertConfig
    missing_keys: list[str]
    unexpected_keys: list[str]
    # parameters that a file may lack: what is trained anew for a task
    _optional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: BertConfig) -> None:
        """Keep the configuration."""
        super().__init__()
        self.config = config
        self.missing_keys = []
        self.unexpected_keys = []

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        revision: str | None = None,
        new_heads: bool = False,
        allow_bin: bool = False,
        **changes: Any,
    ) -> Self:
        """Load a model from a folder, or from the hub by its id.

        Task heads that the files lack start fresh; `missing_keys` names them.

        Args:
            folder: a folder with config.json and model.safetensors (or its shards),
                or a hub id such as "google-bert/bert-base-uncased".
            revision: commit, branch or tag on the hub.
            new_heads: let pretraining heads start fresh too if they are not there.
            allow_bin: read an old pytorch_model.bin where there is nothing better;
                only its numbers are read, code in it is refused.
            changes: fields of the configuration to change, such as num_labels.

        Returns:
            The model in eval mode, in the precision of fp32.

        Raises:
            CheckpointError: naming the file, the key and both shapes.
        """
        path = find_folder(folder, revision, allow_bin)
        values = read_json(path / "config.json")
        try:
            config = BertConfig.from_dict(values).changed(**changes)
        except (ValueError, TypeError, RecursionError) as error:
            raise CheckpointError(f"{path / 'config.json'}: {error}") from error
        tensors, origin = read_weights(path, allow_bin)
        model = cls._without_values(config, len(tensors), path)
        optional = (*cls._optional, "cls.", "pooler.") if new_heads else cls._optional
        if {"num_labels", "id2label"} & changes.keys():
            _drop_other_head(tensors, model.config)
        model._compare(tensors, optional, path, layers="num_hidden_layers" in changes)
        model._check_shapes(tensors, origin)
        model.to_empty(device="cpu")
        model._fill(tensors)
        return model.eval()

    @classmethod
    def _without_values(cls, config: BertConfig, tensors: int, folder: Path) -> Self:
        """Make a model of names and shapes only: the values are on disk."""
        if config.num_hidden_layers > tensors:  # before so many layers are made
            raise CheckpointError(
                f"{folder}: config.json must have as many layers as the files, got "
                f"num_hidden_layers {config.num_hidden_layers} for {tensors} tensors"
            )
        try:
            with torch.device("meta"):
                return cls(config)
        except (RuntimeError, TypeError, OverflowError) as error:
            reason = str(error).partition("\n")[0]
            raise CheckpointError(
                f"{folder / 'config.json'}: no model can have these sizes ({reason})"
            ) from error

    def _wanted(self) -> dict[str, nn.Parameter]:
        """Give the parameters by their published names without `bert.`."""
        return {
            published_name(name).removeprefix("bert."): parameter
            for name, parameter in self.named_parameters()
        }

    def _compare(
        self,
        tensors: Mapping[str, Tensor],
        optional: tuple[str, ...],
        folder: Path,
        layers: bool,
    ) -> None:
        """Note what is missing and what is too much; refuse if the encoder differs."""
        wanted = self._wanted()
        self.missing_keys = sorted(wanted.keys() - tensors.keys())
        self.unexpected_keys = sorted(tensors.keys() - wanted.keys())
        for key in self.missing_keys:
            if not key.startswith(optional or ("\0",)):
                way_out = NEW_HEADS * key.startswith("cls.")
                raise CheckpointError(
                    f"{folder}: the files hold no tensor {key}, shape "
                    f"{tuple(wanted[key].shape)}, which {type(self).__name__} "
                    f"needs{way_out}"
                )
        for key in self.unexpected_keys:
            is_cut = layers and key.startswith("encoder.layer.")
            if key.startswith(("embeddings.", "encoder.")) and not is_cut:
                raise CheckpointError(
                    f"{folder}: the files hold {key}, shape "
                    f"{tuple(tensors[key].shape)}, which has no place in the BERT "
                    "that config.json describes"
                )

    def _check_shapes(
        self, tensors: Mapping[str, Tensor], origin: Mapping[str, Path]
    ) -> None:
        """Refuse tensors of another shape than config.json says, or not of floats."""
        for key, parameter in self._wanted().items():
            expected = tuple(parameter.shape)
            got = tuple(tensors[key].shape) if key in tensors else expected
            if key in tensors and tensors[key].dtype not in FLOATS:
                raise CheckpointError(
                    f"{origin[key]}: tensor {key} must have 16, 32 or 64 bits a "
                    f"floating-point number, got {tensors[key].dtype}"
                )
            if got != expected:
                is_head = key.startswith("classifier.") and got
                hint = f"; pass num_labels={got[0]}" if is_head else ""
                raise CheckpointError(
                    f"{origin[key]}: tensor {key} must have shape "
                    f"{expected} by config.json, got {got}{hint}"
                )

    @torch.no_grad()
    def _fill(self, tensors: Mapping[str, Tensor]) -> None:
        """Copy what is there; give the rest its initial values."""
        for key, parameter in self._wanted().items():
            if key in tensors:
                parameter.copy_(tensors[key])
            elif key.endswith(".bias"):
                parameter.zero_()
            elif parameter.dim() == 1:  # the gain of a LayerNorm
                parameter.fill_(1.0)
            else:
                truncated_normal_(parameter, self.config.initializer_range)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json and model.safetensors so that transformers opens them.

        Both are written under another name, forced to disk and then renamed: a
        folder never holds half a file.
        """
        tensors = {
            published_name(name): parameter.detach().cpu().contiguous().clone()
            for name, parameter in self.named_parameters()
        }
        values = {
            "architectures": [type(self).__name__],
            "dtype": str(next(self.parameters()).dtype).removeprefix("torch."),
            **self.config.to_dict(),
        }
        text = json.dumps(values, indent=2, sort_keys=True) + "\n"
        write_folder(Path(folder), tensors, text)


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
