"""All choices of a training run, checked before any work is done.

Chapter: 12
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.training.device import PRECISIONS
from bert_tutorial.training.muon import WARMUP

__all__ = ["TrainingConfig"]


class Range(NamedTuple):
    """The numbers that a choice may have, from `low` to `high`."""

    low: float
    high: float = math.inf
    is_whole: bool = False
    has_low: bool = True
    has_high: bool = False

    def holds(self, value: object) -> bool:
        """Tell whether a value is a number of the range; True and False are none."""
        kinds = int if self.is_whole else int | float
        if not isinstance(value, kinds) or isinstance(value, bool):
            return False
        is_above = self.low <= value if self.has_low else self.low < value
        return is_above and (value <= self.high if self.has_high else value < self.high)

    def __str__(self) -> str:
        """Say which numbers they are, as an error says it."""
        number = "a whole number " if self.is_whole else ""
        if self.is_whole and self.high == math.inf:
            return f"{number}of at least {self.low:,}"
        if self.has_low:
            below = "" if self.has_high else "below "
            return f"{number}from {self.low:,} to {below}{self.high:,}"
        high = "at most" if self.has_high else "below"
        return f"{number}above {self.low:,} and {high} {self.high:,}"


OPTIMIZERS = ("adamw", "muon")
ABOVE_ZERO = Range(1, is_whole=True)
NOT_NEGATIVE = Range(0, is_whole=True)
BELOW_ONE = Range(0, 1)
SHARE = Range(0, 1, has_low=False, has_high=True)


def check_ranges(
    choices: object, ranges: Mapping[str, Range], may_be_none: tuple[str, ...] = ()
) -> None:
    """Check fields of a configuration.

    Raises:
        UserError: if one is out of its range; the text names it and its value.
    """
    for name, allowed in ranges.items():
        value = getattr(choices, name)
        if value is None and name in may_be_none:
            continue
        if not allowed.holds(value):
            raise UserError(f"{name} must be {allowed}, got {value!r}")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """All choices of a training run (Devlin et al. 2019, appendix A.2).

    Units: `steps` are updates of the weights; `warmup_fraction` is a share of them,
    which `warmup_steps`, if given, overrides; `accumulation_steps` counts batches a
    step; `log_every` counts steps. `precision` is one of `autocast_dtype`;
    `optimizer` is the paper's or "muon", see `Muon`.

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
    precision: str | None = None
    optimizer: str = "adamw"
    log_every: int = 50

    def __post_init__(self) -> None:
        """Check ranges."""
        check_ranges(self, _RANGES)
        if self.optimizer not in OPTIMIZERS:
            raise UserError(
                f"optimizer must be {' or '.join(OPTIMIZERS)}, got {self.optimizer!r}"
            )
        if self.precision is not None and self.precision not in PRECISIONS:
            raise UserError(
                f"precision must be one of {', '.join(PRECISIONS)}, "
                f"got {self.precision!r}"
            )
        if not _are_betas(self.betas):
            raise UserError(
                f"betas must be two numbers from 0 to below 1, got {self.betas!r}"
            )
        warmup = self.warmup_steps
        allowed = Range(0, self.steps, is_whole=True, has_high=True)
        if warmup is not None and not allowed.holds(warmup):
            raise UserError(
                f"warmup_steps must be a whole number from 0 to steps ({self.steps}), "
                f"got {warmup!r}"
            )

    @property
    def warmup(self) -> int:
        """Give the number of steps in which the learning rate rises."""
        if self.warmup_steps is not None:
            return self.warmup_steps
        if self.optimizer == "muon":
            return min(WARMUP, self.steps)
        return max(1, round(self.steps * self.warmup_fraction))


_RANGES = {
    "steps": ABOVE_ZERO,
    "accumulation_steps": ABOVE_ZERO,
    "log_every": ABOVE_ZERO,
    "learning_rate": Range(0, 1, has_low=False),
    "epsilon": Range(0, 1, has_low=False),
    "max_gradient_norm": Range(0, has_low=False),
    "weight_decay": BELOW_ONE,
    "warmup_fraction": BELOW_ONE,
}


def _are_betas(value: object) -> bool:
    if not isinstance(value, tuple | list) or len(value) != 2:
        return False
    return all(map(BELOW_ONE.holds, value))
