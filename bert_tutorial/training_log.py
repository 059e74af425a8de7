"""What a training run writes down, and when it stops by itself.

The sums stay on the device and are read once a record: asking a GPU for a number at
every step would make it wait for the answer.

Chapter: 12
"""

import json
import math
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

import torch
from torch import Tensor

__all__ = ["Window", "write_record"]


def write_record(log: IO[str] | None, record: Mapping[str, Any]) -> None:
    """Append a record to a log of JSON lines, visible at once."""
    if log is not None:
        log.write(json.dumps(record) + "\n")
        log.flush()


class Window:
    """Sums since the last record.

    Args:
        device: where the losses are.
        is_scaled: whether gradients are scaled for float16. Then one that overflows
            is normal: its step is left out, counted, and the scale is lowered.
    """

    def __init__(self, device: torch.device, is_scaled: bool = False) -> None:
        """Start the clock."""
        self.started = time.perf_counter()
        self.is_scaled = is_scaled
        self.tokens = 0
        self.steps = 0
        self.sums = torch.zeros(2, device=device)
        self.norm = torch.zeros((), device=device)
        self.skipped = torch.zeros((), device=device)
        self.first_bad = torch.full((), math.inf, device=device)

    def count(self, group: Sequence[Mapping[str, Tensor]]) -> None:
        """Count the real tokens of some batches."""
        for batch in group:
            mask = batch.get("attention_mask")
            self.tokens += (
                batch["input_ids"].numel() if mask is None else int(mask.sum())
            )

    def add(self, step: int, losses: Tensor, norm: Tensor) -> None:
        """Add the losses of a step, (2,), and its gradient norm."""
        self.steps += 1
        self.sums += losses
        has_norm = torch.isfinite(norm)
        self.norm = torch.where(has_norm, norm, self.norm)
        self.skipped += ~has_norm
        judged = losses.sum() if self.is_scaled else losses.sum() + norm
        bad = torch.where(torch.isfinite(judged), math.inf, float(step))
        self.first_bad = torch.minimum(self.first_bad, bad)

    def record(self, step: int, rate: float, scale: float = 1.0) -> dict[str, Any]:
        """Give the means since the last record, and start anew.

        Raises:
            FloatingPointError: if a loss was not finite, or a gradient that was not
                scaled, or if no scale keeps the gradients finite.
        """
        first_bad = self.first_bad.item()
        if math.isfinite(first_bad):
            raise FloatingPointError(
                f"loss or gradient was not finite at step {int(first_bad)}, whose "
                "update was left out; lower the learning rate, lengthen the warm-up "
                "or look for a broken batch"
            )
        if self.is_scaled and scale < 1:
            raise FloatingPointError(
                f"the gradients overflow float16 again and again before step {step}; "
                "train with mixed_precision=False or a lower learning rate"
            )
        masked_lm, relation = (self.sums / self.steps).tolist()
        self.steps = 0
        self.sums.zero_()
        record = {
            "step": step,
            "loss": round(masked_lm + relation, 5),
            "masked_lm": round(masked_lm, 5),
            "next_sentence": round(relation, 5),
            "learning_rate": rate,
            "gradient_norm": round(self.norm.item(), 4),
            "tokens": self.tokens,
            "seconds": round(time.perf_counter() - self.started, 2),
        }
        if self.is_scaled:
            record["skipped_steps"] = int(self.skipped.item())
        return record
