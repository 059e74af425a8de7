"""Model folders in the Hugging Face layout: config.json and model.safetensors.

`NAMES` is the whole translation between this package's names and the published ones.
Nothing is unpickled unless an old file is asked for, and then only numbers.

Chapter: 9
Used from: 5
"""

import json
import re
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from bert_tutorial.files.folder import (
    CheckpointError,
    read_json,
    read_tensors,
    weight_files,
    write_folder,
)
from bert_tutorial.files.hub import find_folder
from bert_tutorial.model.config import BertConfig, ConfigChanges
from bert_tutorial.model.embeddings import truncated_normal_, why_out_of_range

__all__ = ["NAMES", "PreTrained", "published_name", "read_weights"]


# What transformers' models take and these do not, and what to do in place of it.
_NOT_OFFERED = {
    "position_ids": "positions are 0, 1, 2, ... in every row, so pad at the end",
    "inputs_embeds": "hand over input_ids; vectors of your own go through "
    "model.encoder(model.embeddings.dropout(vectors))",
    "head_mask": "set columns of attention.output.weight to zero",
    "past_key_values": "an encoder reads the whole text at once",
    "use_cache": "an encoder reads the whole text at once",
    "encoder_hidden_states": "this is an encoder without cross-attention",
    "encoder_attention_mask": "this is an encoder without cross-attention",
    "cross_attn_head_mask": "this is an encoder without cross-attention",
    "return_dict": "outputs are always named, and output.to_tuple() gives a tuple",
}


class _NothingDrawn(TorchFunctionMode):
    """Leave out random initial values while shapes are made.

    Tensors on "meta" hold no numbers, but drawing them there makes torch load its
    compiler, which takes longer than to load torch itself.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Do what is asked, unless that is to draw."""
        kwargs = kwargs or {}
        if func is nn.init.normal_:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def _drop_other_head(
    tensors: dict[str, Tensor], config: BertConfig, wanted: Container[str]
) -> None:
    """Forget a classifier for another number of labels, or of tokens, than asked for.

    One that comes without the pooler that this model has stood on each token.
    """
    weight = tensors.get("classifier.weight")
    is_other = weight is not None and weight.shape[:1] != (config.num_labels,)
    is_of_tokens = POOLER in wanted and POOLER not in tensors
    if weight is not None and (is_other or is_of_tokens):
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
        **changes: Unpack[ConfigChanges],
    ) -> Self:
        """Load a model from a folder, or from the hub by its id.

        Task heads that the files lack start fresh; `missing_keys` names them.

        Args:
            folder: a folder with config.json and model.safetensors (or its shards),
                or a hub id such as "google-bert/bert-base-uncased".
            revision: commit, branch or tag on the hub.
            new_heads: let pretraining heads start fresh too if they are not there, and
                the pooler where a head is there that was trained on it.
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
        if {"num_labels", "id2label"} & changes.keys():
            _drop_other_head(tensors, model.config, model._wanted())
        optional = cls._optional
        if new_heads:
            optional = (*optional, "cls.", "pooler.")
        elif any(head in tensors for head in model._wanted().keys() & ON_POOLER):
            optional = tuple(key for key in optional if key != "pooler.")
        model._compare(tensors, optional, path, layers="num_hidden_layers" in changes)
        model._check_shapes(tensors, origin)
        # to_empty(), without torch's compiler, which that loads for tensors on meta
        model._apply(lambda shape: torch.empty(shape.shape, dtype=shape.dtype))
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
            with torch.device("meta"), _NothingDrawn():
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
        if tensors and len(self.missing_keys) == len(wanted):
            raise CheckpointError(
                f"{folder}: no tensor has a name of BERT's; the first of "
                f"{len(tensors)} is {min(tensors)}"
            )
        # the encoder first: without it, a missing head says nothing
        for key in sorted(self.missing_keys, key=_rank):
            if not key.startswith(optional or ("\0",)):
                raise CheckpointError(
                    f"{folder}: the files hold no tensor {key}, shape "
                    f"{tuple(wanted[key].shape)}, which {type(self).__name__} "
                    f"needs{_way_out(key)}"
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
                hint = (
                    f"; name its {got[0]} labels as id2label in config.json, or pass "
                    f"num_labels={got[0]}"
                    if is_head
                    else ""
                )
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

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Run the model; what is not offered is named with a way out.

        Raises:
            TypeError: an argument is one of transformers' that this BERT lacks.
            ValueError: on a CPU, if an id, type or label is none of the model's.
        """
        for name in _NOT_OFFERED.keys() & named.keys():
            value = named.pop(name)  # a tensor has no one truth: compare by identity
            if value is not None and value is not (name == "return_dict"):
                raise TypeError(
                    f"{type(self).__name__} has no {name}: {_NOT_OFFERED[name]}"
                )
        try:
            return super().__call__(*inputs, **named)
        except IndexError as error:
            head = getattr(self, "classifier", None)
            classes = None if head is None else self.config.num_labels
            reason = why_out_of_range(self.config, classes, inputs, named)
            if reason:
                raise ValueError(reason) from error
            raise

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def get_input_embeddings(self) -> nn.Embedding:
        """Give the table of word embeddings."""
        base: Any = getattr(self, "bert", self)
        table: nn.Embedding = base.embeddings.word_embeddings
        return table

    @torch.no_grad()
    def resize_token_embeddings(self, new_num_tokens: int) -> nn.Embedding:
        """Give the word table, and what is tied to it, another number of rows.

        New rows, for tokens that were added, have initial values; the last rows are
        lost if there are to be fewer. Make an optimizer only afterwards: the table is
        a new parameter.

        Args:
            new_num_tokens: rows from now on.

        Returns:
            The table.

        Raises:
            ValueError: it is less than 1, or [PAD] would lose its row.
        """
        config = self.config.changed(vocab_size=new_num_tokens)
        table = self.get_input_embeddings()
        kept = min(new_num_tokens, table.num_embeddings)
        rows = table.weight.new_empty(new_num_tokens, table.embedding_dim)
        truncated_normal_(rows, config.initializer_range)
        rows[:kept] = table.weight[:kept]
        table.weight = nn.Parameter(rows, table.weight.requires_grad)
        table.num_embeddings = new_num_tokens
        if hasattr(self, "cls"):
            head: Any = self.cls
            bias = head.predictions.bias
            longer = bias.new_zeros(new_num_tokens)
            longer[:kept] = bias[:kept]
            head.predictions.bias = nn.Parameter(longer, bias.requires_grad)
        for part in self.modules():
            if isinstance(part, PreTrained):
                part.config = config
        return table

    def gradient_checkpointing_enable(self, *_: Any, **__: Any) -> None:
        """Say that it is not offered.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "gradient checkpointing is not offered; fewer tokens a batch with more "
            "accumulation_steps need less memory for the same step"
        )


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
POOLER = "pooler.dense.weight"
# Heads that read what the pooler gives: without the pooler they were trained on, noise.
ON_POOLER = {"classifier.weight", "cls.seq_relationship.weight"}
HEADS = ("cls.", "pooler.", "classifier.", "qa_outputs.")
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# What DataParallel, torch.compile and other wrappers put into names.
_WRAPPER = re.compile(
    r"(?:(?<=\.)|^)(?:module|_orig_mod|_forward_module|_fsdp_wrapped_module"
    r"|_checkpoint_wrapped_module)\."
)
_EMBEDDINGS = re.compile(
    r"(.*?)(?:bert\.)?embeddings\.(?:word_embeddings|position_embeddings|LayerNorm)\."
)
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


def _rank(key: str) -> tuple[bool, bool]:
    return key.startswith(HEADS), key == "pooler.dense.bias"


def _way_out(key: str) -> str:
    """Say what can be done about a missing head."""
    if key.startswith("cls."):
        return NEW_HEADS
    if key.startswith("pooler."):
        return (
            ", and which its head was trained on; name a model that was saved "
            "whole (in Python, new_heads=True starts it anew)"
        )
    return ""


def _outer_prefix(names: Iterable[str], folder: Path) -> str:
    """Find what stands before all names of BERT's, as "model." for a part of one.

    Raises:
        CheckpointError: if there are two such models.
    """
    found = {match[1] for name in names if (match := _EMBEDDINGS.match(name))}
    if "" in found or not found:
        return ""
    if len(found) > 1:
        raise CheckpointError(
            f"{folder}: the files hold several models, under {sorted(found)}; keep the "
            "tensors of one"
        )
    return found.pop()


def _tidied(name: str) -> str:
    """Give an old or wrapped name its present form: gamma is weight, beta is bias."""
    name = _WRAPPER.sub("", name)
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
    found = [
        (path, name, tensor)
        for path in weight_files(folder, allow_bin)
        for name, tensor in read_tensors(path).items()
    ]
    prefix = _outer_prefix((_tidied(name) for _, name, _ in found), folder)
    for path, name, tensor in found:
        key = _tidied(name).removeprefix(prefix).removeprefix("bert.")
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
