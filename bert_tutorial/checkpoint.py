"""Model folders in the Hugging Face layout: config.json and model.safetensors.

Nothing is unpickled unless an old file is asked for, and then only numbers.

Chapter: 9
Used from: 5
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from bert_tutorial.checkpoint_files import (
    CheckpointError,
    find_folder,
    read_json,
    write_folder,
)
from bert_tutorial.checkpoint_names import (
    FLOATS,
    NAMES,
    published_name,
    read_weights,
)
from bert_tutorial.config import BertConfig
from bert_tutorial.embeddings import truncated_normal_

__all__ = ["NAMES", "PreTrained", "published_name", "read_weights"]


def _drop_other_head(tensors: dict[str, Tensor], config: BertConfig) -> None:
    """Forget a classifier for another number of labels than is asked for."""
    weight = tensors.get("classifier.weight")
    if weight is not None and weight.shape[:1] != (config.num_labels,):
        del tensors["classifier.weight"]
        tensors.pop("classifier.bias", None)


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
                way_out = "; new_heads=True starts it anew" * key.startswith("cls.")
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
