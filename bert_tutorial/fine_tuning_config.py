"""All choices of a fine-tuning run, checked before any work is done.

Chapter: 14
"""

import math
from dataclasses import dataclass

from bert_tutorial.training_config import TrainingConfig

__all__ = ["FineTuningConfig"]


@dataclass(frozen=True, kw_only=True)
class FineTuningConfig:
    """All choices of a fine-tuning run (Devlin et al. 2019, appendix A.3).

    The paper tries batches of 16 and 32, rates of 5e-5, 3e-5 and 2e-5, 2 to 4 epochs;
    small models want higher rates. `steps` overrides `epochs`; `evaluate_every` counts
    steps, None is once an epoch; `patience` is how many evaluations without a better
    one end the run, None lets it run to its end.

    Raises:
        ValueError: if a value is out of its range; the text names key and value.
    """

    epochs: float = 3.0
    steps: int | None = None
    batch_size: int = 32
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup_fraction: float = 0.1
    max_gradient_norm: float = 1.0
    evaluate_every: int | None = None
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check ranges."""
        if not isinstance(self.epochs, int | float) or not 0 < self.epochs < 10_000:
            raise ValueError(
                f"epochs must be above 0 and below 10,000, got {self.epochs!r}"
            )
        for name, low in (
            ("steps", 1),
            ("batch_size", 1),
            ("evaluate_every", 1),
            ("patience", 1),
            ("seed", 0),
        ):
            value = getattr(self, name)
            if value is None and name not in ("batch_size", "seed"):
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < low:
                raise ValueError(
                    f"{name} must be a whole number of at least {low}, got {value!r}"
                )
        self.training(1)

    def epoch(self, examples: int) -> int:
        """Give the steps that show about as many examples as there are."""
        return max(1, math.ceil(examples / self.batch_size))

    def training(self, examples: int) -> TrainingConfig:
        """Describe the training on so many examples."""
        whole = math.ceil(self.epochs * examples / self.batch_size)
        steps = self.steps or max(1, whole)
        return TrainingConfig(
            steps=steps,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_fraction=self.warmup_fraction,
            max_gradient_norm=self.max_gradient_norm,
            log_every=max(1, min(50, steps // 20)),
        )
