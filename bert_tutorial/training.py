"""The training loop: batches in, a trained model and its log out.

Chapter: 12
"""

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from bert_tutorial.device import autocast_dtype, pick_device
from bert_tutorial.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.optimizer import build_optimizer, linear_schedule

__all__ = ["TrainingConfig", "train"]

Batch = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """All choices of a training run.

    Units: `warmup_fraction` is a share of `steps`; `accumulation_steps` counts
    batches a step; `log_every` counts steps.

    Raises:
        ValueError: if a value is out of its range; the text names key and value.
    """

    steps: int
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-6
    weight_decay: float = 0.01
    warmup_fraction: float = 0.1
    max_gradient_norm: float = 1.0
    accumulation_steps: int = 1
    mixed_precision: bool = True
    log_every: int = 50

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("steps", "accumulation_steps", "log_every"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"{name} must be a whole number of at least 1, got {value!r}"
                )
        ranges = {
            "learning_rate": (0.0, 1.0),
            "epsilon": (0.0, 1.0),
            "weight_decay": (0.0, 1.0),
            "warmup_fraction": (0.0, 1.0),
            "max_gradient_norm": (0.0, math.inf),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value < high:
                raise ValueError(
                    f"{name} must be from {low} to below {high}, got {value!r}"
                )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must be from 0 to below 1, got {self.betas}")


class Trainer:
    """A run in progress; `train` is the simple way to use it."""

    def __init__(
        self, model: BertForPreTraining, config: TrainingConfig, device: torch.device
    ) -> None:
        """Move the model to the device and make its optimizer."""
        self.model = model.to(device)
        self.config = config
        self.device = device
        self.optimizer = build_optimizer(
            model,
            config.learning_rate,
            config.betas,
            config.epsilon,
            config.weight_decay,
        )
        dtype = autocast_dtype(device) if config.mixed_precision else None
        self.dtype = dtype
        self.scaler = torch.amp.GradScaler(device.type, enabled=dtype is torch.float16)
        self.warmup = max(1, round(config.steps * config.warmup_fraction))

    def rate(self, step: int) -> float:
        """Give the learning rate of a step, counted from 1."""
        factor = linear_schedule(step, self.config.steps + 1, self.warmup)
        return self.config.learning_rate * factor

    def backward(self, batches: list[dict[str, Tensor]]) -> tuple[Tensor, Tensor]:
        """Add the gradients of some batches as if they were one.

        Means are rescaled by the counts behind them: a mean of means would give
        places in sparsely masked batches more weight.

        Returns:
            The masked-LM loss and the next-sentence loss of them all.
        """
        masked = [int((b["labels"] != -100).sum()) for b in batches]
        pairs = [
            int((b["next_sentence_label"] != -100).sum())
            if "next_sentence_label" in b
            else 0
            for b in batches
        ]
        totals = [
            torch.zeros((), device=self.device),
            torch.zeros((), device=self.device),
        ]
        for batch, words, relations in zip(batches, masked, pairs, strict=True):
            on_device = {key: value.to(self.device) for key, value in batch.items()}
            context = (
                torch.autocast(self.device.type, self.dtype)
                if self.dtype
                else nullcontext()
            )
            with context:
                part = pretraining_loss(self.model, on_device)
            word_loss = part.masked_lm * (words / max(1, sum(masked)))
            relation_loss = part.next_sentence * (relations / max(1, sum(pairs)))
            self.scaler.scale(word_loss + relation_loss).backward()
            totals[0] += word_loss.detach()
            totals[1] += relation_loss.detach()
        return totals[0], totals[1]

    def update(self, step: int) -> Tensor:
        """Clip, step, and give the norm of the gradient before clipping."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(step)
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(
            self.model.parameters(), self.config.max_gradient_norm
        )
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return norm


def train(
    model: BertForPreTraining,
    batches: Iterator[dict[str, Tensor]],
    config: TrainingConfig,
    *,
    device: torch.device | None = None,
    log_file: str | Path | None = None,
    progress: bool | None = None,
    on_step: Callable[[int, dict[str, Any]], None] | None = None,
) -> list[dict[str, Any]]:
    """Train a model in place.

    Args:
        model: the model; it ends in eval mode.
        batches: endless iterator of batches as `PretrainingBatches` makes them.
        config: all choices.
        device: None picks one.
        log_file: JSON lines, one every `log_every` steps.
        progress: show a bar; None means only on a terminal.
        on_step: called after each step with its number and the newest record.

    Returns:
        The records of the log: step, loss, masked_lm, next_sentence (nats, means
        since the last record), learning_rate, gradient_norm, tokens, seconds.

    Raises:
        FloatingPointError: if loss or gradient is not finite: it is looked at
            every `log_every` steps.
    """
    trainer = Trainer(model, config, device or pick_device())
    model.train()
    records: list[dict[str, Any]] = []
    window = Window()
    quiet = not sys.stderr.isatty() if progress is None else not progress
    with ExitStack() as stack:
        log = None
        if log_file is not None:
            log = stack.enter_context(open(log_file, "w", encoding="utf-8"))
        bar = stack.enter_context(tqdm(total=config.steps, disable=quiet, unit="step"))
        for step in range(1, config.steps + 1):
            group = [next(batches) for _ in range(config.accumulation_steps)]
            window.count(group)
            window.add(*trainer.backward(group), trainer.update(step))
            if step % config.log_every == 0 or step == config.steps:
                record = window.record(step, trainer.rate(step))
                records.append(record)
                _write(log, record)
                bar.set_postfix(loss=f"{record['loss']:.3f}", refresh=False)
            bar.update()
            if on_step is not None:
                on_step(step, records[-1] if records else {})
    model.eval()
    return records


def _write(log: IO[str] | None, record: dict[str, Any]) -> None:
    """Append a record to the log, visible at once."""
    if log is not None:
        log.write(json.dumps(record) + "\n")
        log.flush()


class Window:
    """Sums since the last record, kept on the device until they are asked for."""

    def __init__(self) -> None:
        """Start the clock."""
        self.started = time.perf_counter()
        self.tokens = 0
        self.sums = [torch.zeros(()), torch.zeros(())]
        self.steps = 0
        self.norm = torch.zeros(())

    def count(self, group: list[dict[str, Tensor]]) -> None:
        """Count the real tokens of some batches."""
        for batch in group:
            mask = batch.get("attention_mask")
            self.tokens += (
                batch["input_ids"].numel() if mask is None else int(mask.sum())
            )

    def add(self, masked_lm: Tensor, relation: Tensor, norm: Tensor) -> None:
        """Add the losses of a step, and its gradient norm."""
        self.sums = [
            total.to(part.device) + part
            for total, part in zip(self.sums, (masked_lm, relation), strict=True)
        ]
        self.norm = norm
        self.steps += 1

    def record(self, step: int, rate: float) -> dict[str, Any]:
        """Give the means since the last record, and start anew.

        Raises:
            FloatingPointError: if they are not finite.
        """
        masked_lm, relation = ((total / self.steps).item() for total in self.sums)
        norm = self.norm.item()
        if not math.isfinite(masked_lm + relation + norm):
            raise FloatingPointError(
                f"the loss or the gradient is not finite at or shortly before step "
                f"{step} (loss {masked_lm + relation}, gradient norm {norm}); lower "
                "the learning rate or lengthen the warm-up"
            )
        self.sums, self.steps = [torch.zeros(()), torch.zeros(())], 0
        return {
            "step": step,
            "loss": round(masked_lm + relation, 5),
            "masked_lm": round(masked_lm, 5),
            "next_sentence": round(relation, 5),
            "learning_rate": rate,
            "gradient_norm": round(norm, 4),
            "tokens": self.tokens,
            "seconds": round(time.perf_counter() - self.started, 2),
        }
