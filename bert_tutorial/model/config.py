"""All sizes and choices of a BERT, with the keys and defaults of a config.json.

Chapter: 5
Used from: 1
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypedDict, Unpack

from bert_tutorial.files.errors import UserError

__all__ = ["SIZES", "BertConfig"]

# Devlin et al. 2019, section 3, and the official smaller models: L, H, A.
SIZES = {
    "tiny": (2, 128, 2),
    "mini": (4, 256, 4),
    "small": (4, 512, 8),
    "medium": (8, 512, 8),
    "base": (12, 768, 12),
    "large": (24, 1024, 16),
}
PROBLEMS = (
    "regression",
    "single_label_classification",
    "multi_label_classification",
)
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh")
# Other names that transformers has for the same two functions.
_ALSO_CALLED = {
    "gelu_python": "gelu",
    "gelu_fast": "gelu_pytorch_tanh",
    "gelu_accurate": "gelu_pytorch_tanh",
    "gelu_python_tanh": "gelu_pytorch_tanh",
}

# Keys that would change the numbers if they held another value than this.
_ONLY = {
    "is_decoder": False,
    "add_cross_attention": False,
    "position_embedding_type": "absolute",
    "tie_word_embeddings": True,
    "model_type": "bert",
    "is_encoder_decoder": False,
    "relative_attention": False,
}
# Likewise; these may also be null or empty.
_MUST_BE_EMPTY = ("pruned_heads", "quantization_config")

_AT_LEAST_ONE = (
    "vocab_size",
    "hidden_size",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
    "num_labels",
)
_BELOW = {
    "hidden_dropout_prob": 1.0,
    "attention_probs_dropout_prob": 1.0,
    "classifier_dropout": 1.0,
    "layer_norm_eps": 1.0,
    "initializer_range": math.inf,
    "position_initializer_range": math.inf,
}
_MAY_BE_NONE = ("classifier_dropout", "position_initializer_range")


class ConfigChanges(TypedDict, total=False):
    """Any fields of a configuration, for those who change some of them.

    The names of the labels may also be a list, or numbered as in a config.json.
    """

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    hidden_act: str
    hidden_dropout_prob: float
    attention_probs_dropout_prob: float
    max_position_embeddings: int
    type_vocab_size: int
    initializer_range: float
    layer_norm_eps: float
    pad_token_id: int | None
    classifier_dropout: float | None
    num_labels: int
    id2label: Sequence[str] | Mapping[int, str] | Mapping[str, str] | None
    problem_type: str | None
    position_initializer_range: float | None


def dropout_changes(dropout: float | None) -> ConfigChanges:
    """Give both dropouts of the encoder one probability; None keeps the model's own."""
    if dropout is None:
        return {}
    return {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}


@dataclass(frozen=True, kw_only=True)
class BertConfig:
    """Describe a BERT; the defaults are those of BERT base, uncased.

    `position_initializer_range` is ours: the initial scale of the position table,
    None for the same as `initializer_range`. Small models need it smaller, and
    `initializer_range` larger (about 1 / sqrt(hidden_size)), than BERT's 0.02.

    Raises:
        ValueError: if a value is out of its range; the text names key and value.
    """

    vocab_size: int = 30_522  # V
    hidden_size: int = 768  # H
    num_hidden_layers: int = 12  # L
    num_attention_heads: int = 12  # A
    intermediate_size: int = 3_072  # I
    hidden_act: str = "gelu"  # "gelu" is the erf form, the others the tanh form
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512  # P
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int | None = 0  # None: the row of [PAD] is as any other
    classifier_dropout: float | None = None
    num_labels: int = 2  # C
    id2label: tuple[str, ...] | None = None  # the labels' names, None for LABEL_0 ...
    problem_type: str | None = None
    position_initializer_range: float | None = None

    def __post_init__(self) -> None:
        """Check types and ranges, then what must fit together."""
        for name in _AT_LEAST_ONE:
            self._check_int(name, 1)
        self._check_int("num_hidden_layers", 0)
        if self.pad_token_id is not None:
            self._check_int("pad_token_id", 0)
        for name, below in _BELOW.items():
            if getattr(self, name) is not None or name not in _MAY_BE_NONE:
                self._check_float(name, 0.0, below)
        self._check_choice("hidden_act", ACTIVATIONS)
        if self.problem_type is not None:
            self._check_choice("problem_type", PROBLEMS)
        self._check_together()

    def _check_int(self, name: str, lowest: int) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            raise UserError(
                f"{name} must be a whole number of at least {lowest}, got {value!r}"
            )

    def _check_float(self, name: str, lowest: float, below: float) -> None:
        value = getattr(self, name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not lowest <= value < below:
            raise UserError(
                f"{name} must be a number from {lowest} to below {below}, got {value!r}"
            )

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in choices:
            raise UserError(
                f"{name} must be one of {', '.join(choices)}, got {value!r}"
            )

    def _check_together(self) -> None:
        if self.hidden_size % self.num_attention_heads:
            raise UserError(
                "hidden_size must be a multiple of num_attention_heads, "
                f"got {self.hidden_size} and {self.num_attention_heads}"
            )
        if self.pad_token_id is not None and self.pad_token_id >= self.vocab_size:
            raise UserError(
                f"pad_token_id must be below vocab_size = {self.vocab_size}, "
                f"got {self.pad_token_id}"
            )
        if self.id2label is not None and len(self.id2label) != self.num_labels:
            raise UserError(
                f"id2label must have num_labels = {self.num_labels} names, "
                f"got {len(self.id2label)}"
            )

    @classmethod
    def named(cls, name: str, **changes: Unpack[ConfigChanges]) -> "BertConfig":
        """Give the configuration of a published size, with changes.

        Args:
            name: tiny, mini, small, medium, base or large.
            changes: any fields.

        Raises:
            UserError: if there is no such size, or a value is out of its range.
        """
        if name not in SIZES:
            raise UserError(f"name must be one of {', '.join(SIZES)}, got {name!r}")
        layers, hidden, heads = SIZES[name]
        published = cls(
            num_hidden_layers=layers,
            hidden_size=hidden,
            num_attention_heads=heads,
            intermediate_size=4 * hidden,
        )
        return published.changed(**changes)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BertConfig":
        """Read the contents of a config.json.

        Keys without meaning for this package are ignored; those that it knows and
        cannot honour are refused. Missing keys have their defaults.

        Raises:
            UserError: if a key cannot be honoured, or a value is out of its range.
        """
        for key, only in _ONLY.items():
            if values.get(key, only) != only:
                raise UserError(
                    f"{key} must be {only!r} for this BERT, got {values[key]!r}"
                )
        for key in _MUST_BE_EMPTY:
            if values.get(key):
                raise UserError(
                    f"{key} must be empty for this BERT, got {values[key]!r:.80}"
                )
        H = values.get("hidden_size", cls.hidden_size)
        if values.get("embedding_size", H) != H:
            raise UserError(
                f"embedding_size must be hidden_size = {H} for this BERT, got "
                f"{values['embedding_size']!r}"
            )
        names = {field.name for field in fields(cls)}
        known = {key: value for key, value in values.items() if key in names}
        if isinstance(form := known.get("hidden_act"), str):
            known["hidden_act"] = _ALSO_CALLED.get(form, form)
        labels = _labels_of(values)
        if labels is not None:
            known.setdefault("num_labels", len(labels))
            known["id2label"] = None if labels == _unnamed(len(labels)) else labels
        return cls(**known)

    @classmethod
    def strict(cls, values: Mapping[str, Any]) -> "BertConfig":
        """Read a file that somebody wrote by hand: an unknown key is a mistake.

        What was saved with a model names its `architectures` and has keys of others;
        there only a key that is nearly one of ours is a mistake.

        Raises:
            UserError: naming the key, or as `from_dict`.
        """
        names = [field.name for field in fields(cls)]
        is_saved = "architectures" in values
        for key in values:
            if key in names or key in _ONLY:
                continue
            close = difflib.get_close_matches(key, names, 1, 0.9 if is_saved else 0.6)
            if is_saved and not close:
                continue
            hint = f"did you mean {close[0]}?" if close else "known are "
            hint = "; " + hint + ("" if close else ", ".join(sorted(names)))
            raise UserError(f"unknown configuration key {key!r}{hint}")
        return cls.from_dict(values)

    def changed(self, **changes: Unpack[ConfigChanges]) -> "BertConfig":
        """Copy the configuration with other values for some keys.

        The labels' names set their number; a new number forgets the names.

        Raises:
            UserError: if a value is out of its range.
            TypeError: if there is no such key.
        """
        names = _label_names(changes.get("id2label"))
        if names is not None:
            changes.setdefault("num_labels", len(names))
        elif changes.get("num_labels", self.num_labels) == self.num_labels:
            names = self.id2label if "id2label" not in changes else None
        values = asdict(self)
        values.update(changes)
        values["id2label"] = names
        return type(self)(**values)

    def to_dict(self) -> dict[str, Any]:
        """Give the keys of a config.json that this package and others read."""
        values = asdict(self)
        names = self.id2label or _unnamed(self.num_labels)
        del values["num_labels"], values["id2label"]
        if values["position_initializer_range"] is None:
            del values["position_initializer_range"]
        if values["problem_type"] is None:
            del values["problem_type"]
        if names != _unnamed(2):
            values["id2label"] = {str(i): name for i, name in enumerate(names)}
            values["label2id"] = {name: i for i, name in enumerate(names)}
        return {"model_type": "bert", **values}


def _unnamed(C: int) -> tuple[str, ...]:
    return tuple(f"LABEL_{i}" for i in range(C))


def _labels_of(values: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Take the labels' names from id2label, or from label2id where there is no other.

    Raises:
        UserError: if one name has two numbers.
    """
    labels, numbers = _label_names(values.get("id2label")), values.get("label2id")
    if not isinstance(numbers, Mapping):
        return labels
    if labels is None:
        if not all(type(number) is int for number in numbers.values()):
            raise UserError(f"label2id must number the labels, got {numbers!r:.80}")
        return _label_names({number: name for name, number in numbers.items()})
    for i, name in enumerate(labels):
        if numbers.get(name, i) != i:
            raise UserError(
                f"label2id must number the labels as id2label does, got {name!r} as "
                f"{numbers[name]!r} and as {i}"
            )
    return labels


def _label_names(names: object) -> tuple[str, ...] | None:
    """Order the names of {"0": name, "1": name}; take a sequence as it is."""
    if names is None:
        return None
    if isinstance(names, Mapping):
        numbered = {str(number): name for number, name in names.items()}
        if set(numbered) != {str(i) for i in range(len(numbered))}:
            raise UserError(
                f"id2label must number its names 0, 1, ..., got {sorted(numbered)}"
            )
        names = [numbered[str(i)] for i in range(len(numbered))]
    found = None
    if isinstance(names, Sequence) and not isinstance(names, str):
        # stars or years, say, are numbers in some files
        found = [str(one) if isinstance(one, int | float) else one for one in names]
    if found is None or not all(isinstance(name, str) for name in found):
        raise UserError(f"id2label must hold names by number, got {names!r}")
    return tuple(found)
