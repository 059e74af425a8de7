"""All sizes and choices of a BERT, with the keys and defaults of a config.json.

Chapter: 5
Used from: 1
"""

import difflib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

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
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh")

# Keys that would change the numbers if they held another value than this.
_ONLY = {
    "is_decoder": False,
    "add_cross_attention": False,
    "position_embedding_type": "absolute",
    "tie_word_embeddings": True,
    "chunk_size_feed_forward": 0,
    "model_type": "bert",
}


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
    pad_token_id: int = 0
    classifier_dropout: float | None = None
    num_labels: int = 2  # C
    problem_type: str | None = None
    position_initializer_range: float | None = None

    def __post_init__(self) -> None:
        """Check types and ranges."""
        for name in (
            "vocab_size",
            "hidden_size",
            "num_attention_heads",
            "intermediate_size",
            "max_position_embeddings",
            "type_vocab_size",
            "num_labels",
        ):
            self._check_int(name, 1)
        self._check_int("num_hidden_layers", 0)
        self._check_int("pad_token_id", 0)
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            self._check_float(name, 0.0, 1.0)
        if self.classifier_dropout is not None:
            self._check_float("classifier_dropout", 0.0, 1.0)
        self._check_float("initializer_range", 0.0, math.inf)
        if self.position_initializer_range is not None:
            self._check_float("position_initializer_range", 0.0, math.inf)
        self._check_float("layer_norm_eps", 0.0, 1.0)
        if self.hidden_act not in ACTIVATIONS:
            raise ValueError(
                f"hidden_act must be one of {', '.join(ACTIVATIONS)}, "
                f"got {self.hidden_act!r}"
            )
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                "hidden_size must be a multiple of num_attention_heads, "
                f"got {self.hidden_size} and {self.num_attention_heads}"
            )
        if self.pad_token_id >= self.vocab_size:
            raise ValueError(
                f"pad_token_id must be below vocab_size = {self.vocab_size}, "
                f"got {self.pad_token_id}"
            )

    def _check_int(self, name: str, lowest: int) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            raise ValueError(
                f"{name} must be a whole number of at least {lowest}, got {value!r}"
            )

    def _check_float(self, name: str, lowest: float, below: float) -> None:
        value = getattr(self, name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not lowest <= value < below:
            raise ValueError(
                f"{name} must be a number from {lowest} to below {below}, got {value!r}"
            )

    @classmethod
    def named(cls, name: str, **changes: Any) -> "BertConfig":
        """Give the configuration of a published size, with changes.

        Args:
            name: tiny, mini, small, medium, base or large.
            changes: any fields.
        """
        if name not in SIZES:
            raise ValueError(f"name must be one of {', '.join(SIZES)}, got {name!r}")
        layers, hidden, heads = SIZES[name]
        sizes = {
            "num_hidden_layers": layers,
            "hidden_size": hidden,
            "num_attention_heads": heads,
            "intermediate_size": 4 * hidden,
        }
        return cls(**(sizes | changes))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BertConfig":
        """Read the contents of a config.json.

        Keys without meaning for this package are ignored; those that it knows and
        cannot honour are refused. Missing keys have their defaults.
        """
        for key, only in _ONLY.items():
            if values.get(key, only) != only:
                raise ValueError(
                    f"{key} must be {only!r} for this BERT, got {values[key]!r}"
                )
        names = {field.name for field in fields(cls)}
        known = {key: value for key, value in values.items() if key in names}
        if "id2label" in values and "num_labels" not in values:
            known["num_labels"] = len(values["id2label"])
        return cls(**known)

    @classmethod
    def strict(cls, values: Mapping[str, Any]) -> "BertConfig":
        """Read a file that somebody wrote by hand: an unknown key is a mistake."""
        names = [field.name for field in fields(cls)]
        for key in values:
            if key not in names and key not in _ONLY:
                close = difflib.get_close_matches(key, names, 1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise ValueError(f"unknown configuration key {key!r}{hint}")
        return cls.from_dict(values)

    def changed(self, **changes: Any) -> "BertConfig":
        """Copy the configuration with other values for some keys."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Give the keys of a config.json that this package and others read."""
        values = asdict(self)
        labels = values.pop("num_labels")
        if values["position_initializer_range"] is None:
            del values["position_initializer_range"]
        if values["problem_type"] is None:
            del values["problem_type"]
        if labels != 2:
            values["id2label"] = {str(i): f"LABEL_{i}" for i in range(labels)}
            values["label2id"] = {f"LABEL_{i}": i for i in range(labels)}
        return {"model_type": "bert", **values}
