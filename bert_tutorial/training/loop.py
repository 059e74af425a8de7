"""The training loop: batches in, a trained model and its log out.

`Trainer` goes from step to step: gradients, updates, and the state between them;
`train` is the loop around it.

Chapter: 12
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.model.objectives import BertForPreTraining, PretrainingLoss
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.device import autocast_dtype, pick_device
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.log import RunLog, Window
from bert_tutorial.training.optimizer import (
    build_optimizer,
    linear_schedule,
    load_moments,
    moments,
)
from bert_tutorial.training.processes import ProcessGroup
from bert_tutorial.training.shortcuts import cheapen_dropout, lean_pretraining_loss

__all__ = ["Trainer", "TrainingConfig", "train"]

NEVER = 2**31 - 1
# Larger activations are fetched from the system page by page at each step.
CPU_BYTES = 8 * 2**20


class Trainer:
    """A run in progress; `train` is the simple way to use it."""

    def __init__(
        self,
        model: BertForPreTraining,
        config: TrainingConfig,
        device: torch.device,
        world: ProcessGroup | None = None,
    ) -> None:
        """Move the model to the device and make its optimizer."""
        self.world = world or ProcessGroup()
        self.model = model.to(device)
        cheapen_dropout(model)
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
        # The scaler leaves out updates with a gradient that is not finite, and need
        # not ask the device for it: it is there for fp32 too, with the scale 1.
        self.is_scaled = dtype is torch.float16
        self.scaler = torch.amp.GradScaler(
            device.type,
            enabled=device.type in ("cpu", "cuda"),
            init_scale=2.0**16 if self.is_scaled else 1.0,
            growth_interval=2_000 if self.is_scaled else NEVER,
        )

    def rate(self, step: int) -> float:
        """Give the learning rate of a step, counted from 1."""
        factor = linear_schedule(step, self.config.steps + 1, self.config.warmup)
        return self.config.learning_rate * factor

    def both_losses(self, batch: dict[str, Tensor]) -> PretrainingLoss:
        """Compute both losses; a model that reads more than text has its own way."""
        own = getattr(self.model, "batch_loss", None)
        return own(batch) if own else lean_pretraining_loss(self.model, batch)

    def backward(self, batches: list[dict[str, Tensor]]) -> Tensor:
        """Add the gradients of some batches as if they were one.

        Means are rescaled by the counts behind them: a mean of means would give
        places in sparsely masked batches more weight. Of several processes each
        computes a share of the rows; the counts are those of all rows.

        Returns:
            (2,): the masked-LM loss and the next-sentence loss of them all.
        """
        all_words = sum(_scored(batch, "labels") for batch in batches)
        all_relations = sum(_scored(b, "next_sentence_label") for b in batches)
        totals = torch.zeros(2, device=self.device)
        shares = filter(None, map(self.world.share, batches))
        for batch in (part for share in shares for part in self.parts(share)):
            words = _scored(batch, "labels")
            relations = _scored(batch, "next_sentence_label")
            on_device = {key: value.to(self.device) for key, value in batch.items()}
            context = (
                torch.autocast(self.device.type, self.dtype)
                if self.dtype
                else nullcontext()
            )
            with context:
                part = self.both_losses(on_device)
            word_loss = part.masked_lm * (words / max(1, all_words))
            relation_loss = part.next_sentence * (relations / max(1, all_relations))
            self.scaler.scale(word_loss + relation_loss).backward()
            totals += torch.stack([word_loss.detach(), relation_loss.detach()])
        self.world.add_up(list(self.model.parameters()), totals)
        return totals

    def learn(
        self, step: int, batches: list[dict[str, Tensor]], window: Window
    ) -> None:
        """Make one update from some batches, and count it in the window."""
        window.count(batches)
        window.add(step, self.backward(batches), self.update(step))

    def parts(self, batch: dict[str, Tensor]) -> list[dict[str, Tensor]]:
        """Cut a batch, on a CPU, into rows whose activations stay in its caches.

        The largest activation, fp32 (rows, T, intermediate_size), is to fit into
        CPU_BYTES. Other devices want large batches and get the batch as it is.
        """
        if self.device.type != "cpu":
            return [batch]
        rows, places = batch["input_ids"].shape
        size = 4 * rows * places * self.model.config.intermediate_size
        count = min(rows, -(-size // CPU_BYTES))
        cuts = {key: value.tensor_split(count) for key, value in batch.items()}
        return [{key: cut[i] for key, cut in cuts.items()} for i in range(count)]

    def update(self, step: int) -> Tensor:
        """Clip, step, and give the norm of the gradient before clipping.

        On a CPU or CUDA, a gradient that is not finite changes nothing.
        """
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

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give weights, moments and the scale: see `load_state`."""
        weights = {
            f"weights.{name}": parameter.detach().cpu()
            for name, parameter in self.model.named_parameters()
        }
        scaler = dict(self.scaler.state_dict())
        return weights | moments(self.model, self.optimizer), {"scaler": scaler}

    @torch.no_grad()
    def load_state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Put back what `state` gave, of a model and optimizer of the same form."""
        for name, parameter in self.model.named_parameters():
            saved = tensors[f"weights.{name}"]
            if saved.shape != parameter.shape:
                raise ValueError(
                    f"{name} must have shape {tuple(parameter.shape)}, "
                    f"got {tuple(saved.shape)}"
                )
            parameter.copy_(saved)
        load_moments(self.model, self.optimizer, tensors)
        if self.is_scaled and values["scaler"]:
            self.scaler.load_state_dict(values["scaler"])


def _scored(batch: dict[str, Tensor], key: str) -> int:
    """Count the labels of a batch that are scored."""
    return int((batch[key] != -100).sum()) if key in batch else 0


def train(
    model: BertForPreTraining,
    batches: Iterator[dict[str, Tensor]],
    config: TrainingConfig,
    *,
    device: torch.device | None = None,
    log_file: str | Path | None = None,
    progress: bool | None = None,
    on_step: Callable[[int, dict[str, Any]], None] | None = None,
    keeper: StateKeeper | None = None,
    world: ProcessGroup | None = None,
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
        keeper: saves training states, goes on from one, and saves one at Ctrl-C.
        world: the processes that train together, each calling with the same.

    Returns:
        The records of the log: step, loss, masked_lm, next_sentence (nats, means
        since the last record), learning_rate, gradient_norm, tokens, seconds. If the
        run was resumed with a log file, those of its first part, too.

    Raises:
        FloatingPointError: if a loss or gradient is not finite. It names the step
            and is raised at the next record or state; that step's update is left
            out, and no state is saved from it on. With float16, gradients that
            overflow are skipped and counted instead.
        ValueError: if the batches end.
        CheckpointError: if the state to go on from does not fit.
        KeyboardInterrupt: at Ctrl-C; with a keeper, after saving a state.
    """
    trainer = Trainer(model, config, device or pick_device(), world)
    model.train()
    window = Window(trainer.device, trainer.is_scaled)
    done = keeper.restore(trainer, window, batches) if keeper else 0
    is_first = trainer.world.rank == 0
    trainer.world.spread(model)
    source = iter(batches)
    shown = progress if is_first else False
    with ExitStack() as stack:
        log = RunLog(config.steps, done, log_file if is_first else None, shown)
        stack.enter_context(closing(log))
        if keeper is not None:
            stack.enter_context(trainer.world.stopped_by_signals())
        for step in range(done + 1, config.steps + 1):
            trainer.learn(step, _next_group(source, step, config), window)
            if step % config.log_every == 0 or step == config.steps:
                scale = trainer.scaler.get_scale()
                record = window.record(step, trainer.rate(step), scale)
                log.add(record, {"loss": f"{record['loss']:.3f}"})
            log.bar.update()
            if on_step is not None:
                on_step(step, log.records[-1] if log.records else {})
            if keeper is not None:
                keeper.after_step(step, trainer, window, batches, log.file)
    model.eval()
    return log.records


def _next_group(
    source: Iterator[dict[str, Tensor]], step: int, config: TrainingConfig
) -> list[dict[str, Tensor]]:
    """Take the batches of one update.

    Raises:
        ValueError: if they end.
    """
    group = list(islice(source, config.accumulation_steps))
    if len(group) < config.accumulation_steps:
        raise ValueError(
            f"batches must not end, but did at step {step} of {config.steps}; "
            "give an endless iterator, such as PretrainingBatches"
        )
    return group
