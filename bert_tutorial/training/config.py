"""All choices of a training run, checked before any work is done.

Chapter: 12
"""

import math
from dataclasses import dataclass

__all__ = ["TrainingConfig"]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """All choices of a training run (Devlin et al. 2019, appendix A.2).

    Units: `steps` are updates of the weights; `warmup_fraction` is a share of them,
    which `warmup_steps`, if given, overrides; `accumulation_steps` counts batches a
    step; `log_every` counts steps. `mixed_precision` matters on CUDA only.

    Raises:
        ValueError: if a value is out of its range; the text names key and value.
    """

    steps: int
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-6
    weight_decay: float = 0.01
    warmup_fraction: float = 0.1
    warmup_steps: int | None = None
    max_gradient_norm: float = 1.0
    accumulation_steps: int = 1
    mixed_precision: bool = True
    log_every: int = 50

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("steps", "accumulation_steps", "log_every"):
            value = getattr(self, name)
            if not _is_whole(value) or value < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {value!r}"
                )
        for name, (low, high) in _OPEN_RANGES.items():
            value = getattr(self, name)
            if not _is_number(value) or not low < value < high:
                raise ValueError(
                    f"{name} must be above {low} and below {high}, got {value!r}"
                )
        for name in ("weight_decay", "warmup_fraction"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value < 1:
                raise ValueError(f"{name} must be from 0 to below 1, got {value!r}")
        if not _are_betas(self.betas):
            raise ValueError(
                f"betas must be two numbers from 0 to below 1, got {self.betas!r}"
            )
        warmup = self.warmup_steps
        if warmup is not None and not (_is_whole(warmup) and 0 <= warmup <= self.steps):
            raise ValueError(
                f"warmup_steps must be a whole number from 0 to steps ({self.steps}), "
                f"got {warmup!r}"
            )

    @property
    def warmup(self) -> int:
        """Give the number of steps in which the learning rate rises."""
        if self.warmup_steps is not None:
            return self.warmup_steps
        return max(1, round(self.steps * self.warmup_fraction))


_OPEN_RANGES = {
    "learning_rate": (0, 1),
    "epsilon": (0, 1),
    "max_gradient_norm": (0, math.inf),
}


def _are_betas(value: object) -> bool:
    if not isinstance(value, tuple | list) or len(value) != 2:
        return False
    return all(_is_number(beta) and 0 <= beta < 1 for beta in value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
