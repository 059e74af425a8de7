"""Model folders in the Hugging Face layout: config.json and model.safetensors.

`NAMES` is the whole translation between this package's names and the published
ones. Nothing here unpickles anything.

Chapter: 9
Used from: 5
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from bert_tutorial.checkpoint_files import (
    CheckpointError,
    find_folder,
    read_json,
    weight_files,
    write_folder,
)
from bert_tutorial.config import BertConfig

__all__ = ["NAMES", "CheckpointError", "PreTrained", "published_name", "read_weights"]

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


def read_weights(folder: Path) -> tuple[dict[str, Tensor], dict[str, Path]]:
    """Read all tensors of a folder, under their published names without `bert.`.

    Returns:
        The tensors, and the file of each.

    Raises:
        CheckpointError: if a file is damaged; the text names it.
    """
    tensors: dict[str, Tensor] = {}
    origin: dict[str, Path] = {}
    decoder: dict[str, Tensor] = {}
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                for name in file.keys():  # noqa: SIM118 - not a dict
                    key = _tidied(name).removeprefix("bert.")
                    if _IGNORED.search(key):
                        decoder[key] = file.get_tensor(name)
                        continue
                    tensors[key] = file.get_tensor(name)
                    origin[key] = path
        except (SafetensorError, OSError) as error:
            raise CheckpointError(
                f"{path} is not a whole safetensors file ({error}); fetch it again"
            ) from error
    _use_decoder_copies(tensors, decoder, folder)
    return tensors, origin


def _use_decoder_copies(
    tensors: dict[str, Tensor], decoder: Mapping[str, Tensor], folder: Path
) -> None:
    """Take the word table or the output bias from the decoder if only that is there."""
    for kind, main in (
        ("weight", "embeddings.word_embeddings.weight"),
        ("bias", "cls.predictions.bias"),
    ):
        copy = decoder.get(f"cls.predictions.decoder.{kind}")
        if copy is None:
            continue
        if main not in tensors:
            tensors[main] = copy
        elif not torch.equal(tensors[main], copy):
            raise CheckpointError(
                f"{folder}: cls.predictions.decoder.{kind} differs from {main}, but "
                "this BERT ties them; it cannot be loaded with equal results"
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
        cls, folder: str | Path, *, revision: str | None = None, **changes: Any
    ) -> Self:
        """Load a model from a folder, or from the hub by its id.

        Args:
            folder: a folder with config.json and model.safetensors (or its shards),
                or a hub id such as "google-bert/bert-base-uncased".
            revision: commit, branch or tag on the hub.
            changes: fields of the configuration to change, such as num_labels.

        Returns:
            The model in eval mode, in the precision of fp32.

        Raises:
            CheckpointError: naming the file, the key and both shapes.
        """
        path = find_folder(folder, revision)
        values = read_json(path / "config.json")
        try:
            config = BertConfig.from_dict(values).changed(**changes)
        except (ValueError, TypeError) as error:
            raise CheckpointError(f"{path / 'config.json'}: {error}") from error
        model = cls(config)
        tensors, origin = read_weights(path)
        model._fill(tensors, origin, path)
        return model.eval()

    def _fill(
        self, tensors: dict[str, Tensor], origin: Mapping[str, Path], folder: Path
    ) -> None:
        """Check all tensors, then copy all."""
        wanted = {
            published_name(name).removeprefix("bert."): (name, parameter)
            for name, parameter in self.named_parameters()
        }
        self.missing_keys = sorted(set(wanted) - set(tensors))
        self.unexpected_keys = sorted(set(tensors) - set(wanted))
        for key in self.missing_keys:
            if not key.startswith(self._optional or ("\0",)):
                raise CheckpointError(
                    f"{folder}: the files hold no tensor {key}, shape "
                    f"{tuple(wanted[key][1].shape)}, which {type(self).__name__} needs"
                )
        for key in list(set(wanted) & set(tensors)):
            expected, got = tuple(wanted[key][1].shape), tuple(tensors[key].shape)
            if expected == got:
                continue
            if key.startswith(self._optional or ("\0",)) and key.startswith(
                ("classifier", "qa_outputs")
            ):
                self.missing_keys.append(key)  # another number of labels: a new head
                del tensors[key]
                continue
            raise CheckpointError(
                f"{origin.get(key, folder)}: tensor {key} must have shape {expected} "
                f"by config.json, got {got}"
            )
        with torch.no_grad():
            for key in set(wanted) & set(tensors):
                wanted[key][1].copy_(tensors[key])

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
