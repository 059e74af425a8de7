"""All choices of a pretraining run on text files, checked before any work is done.

Chapter: 12
"""

import math
from dataclasses import dataclass
from pathlib import Path

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import read_object
from bert_tutorial.model.config import (
    SIZES,
    BertConfig,
    ConfigChanges,
    dropout_changes,
)
from bert_tutorial.training.config import (
    NOT_NEGATIVE,
    SHARE,
    Range,
    TrainingConfig,
    check_ranges,
)

__all__ = ["CorpusRecipe"]


@dataclass(frozen=True, kw_only=True)
class CorpusRecipe:
    """All choices of a run on text files.

    `config` is the name of a published size or a config.json. The defaults suit a
    small model on a laptop; BERT base wants learning_rate=1e-4 and far more steps.
    None lets `model_config` choose. `whole_word` chooses all pieces of a word or none
    (see `Masker`).

    Raises:
        ValueError: if a value is out of its range; the text names key and value.
    """

    config: str = "tiny"
    vocab_size: int = 8_000
    cased: bool = False
    steps: int = 1_000
    tokens_per_batch: int = 4_096
    max_length: int = 128
    learning_rate: float = 1e-3
    mlm_probability: float = 0.15
    whole_word: bool = False
    accumulation_steps: int = 1
    dropout: float | None = None
    initializer_range: float | None = None
    position_initializer_range: float | None = None
    precision: str | None = None
    optimizer: str = "adamw"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what nobody else checks before the work begins."""
        ranges = {
            "mlm_probability": SHARE,
            "max_length": Range(5, is_whole=True),
            "vocab_size": Range(6, is_whole=True),
            "seed": NOT_NEGATIVE,
        }
        check_ranges(self, ranges)
        whole_row = Range(self.max_length, is_whole=True)
        check_ranges(self, {"tokens_per_batch": whole_row})
        self.training_config()

    def training_config(self) -> TrainingConfig:
        """Describe the training."""
        return TrainingConfig(
            steps=self.steps,
            learning_rate=self.learning_rate,
            betas=(0.9, 0.98),
            accumulation_steps=self.accumulation_steps,
            precision=self.precision,
            optimizer=self.optimizer,
            log_every=max(1, min(50, self.steps // 20)),
        )

    def model_config(self, vocab_size: int) -> BertConfig:
        """Describe the model.

        A published size has no dropout, and up to 256 dimensions its tables and
        matrices start at 1 / sqrt(H) and its positions at 0.03: BERT's 0.02 was chosen
        for 768, and small models learn slowly from it. A file says all this itself.
        What the recipe gives overrides both.

        Raises:
            ValueError: if there is neither such a size nor such a file, or the model
                has fewer positions than `max_length`.
        """
        changes = dropout_changes(self.dropout)
        changes["vocab_size"] = vocab_size
        if self.initializer_range is not None:
            changes["initializer_range"] = self.initializer_range
        if self.position_initializer_range is not None:
            changes["position_initializer_range"] = self.position_initializer_range
        if self.config in SIZES:
            suitable = _suitable(SIZES[self.config][1])
            config = BertConfig.named(self.config, **(suitable | changes))
        else:
            config = self._read_config().changed(**changes)
        if self.max_length > config.max_position_embeddings:
            raise UserError(
                f"max_length must be at most {config.max_position_embeddings}, the "
                f"positions of the model, got {self.max_length}"
            )
        return config

    def _read_config(self) -> BertConfig:
        """Read the file that `config` names, or that of a model's folder."""
        path = Path(self.config)
        if (path / "config.json").is_file():
            path /= "config.json"
        if not path.is_file():
            raise UserError(
                f"config must be one of {', '.join(SIZES)}, a file or a model's "
                f"folder, got {self.config!r}"
            )
        return BertConfig.strict(read_object(path))


def _suitable(hidden_size: int) -> ConfigChanges:
    """Choose dropout and initial spread for a published size."""
    values = dropout_changes(0.0)
    if hidden_size <= 256:
        values["initializer_range"] = round(1 / math.sqrt(hidden_size), 4)
        values["position_initializer_range"] = 0.03
    return values
