"""The training loop: batches in, a trained model and its log out.

Chapter: 12
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from bert_tutorial.device import autocast_dtype, pick_device
from bert_tutorial.distributed import ProcessGroup
from bert_tutorial.dropout import cheapen_dropout
from bert_tutorial.last_layer import lean_pretraining_loss
from bert_tutorial.objectives import BertForPreTraining
from bert_tutorial.optimizer import (
    build_optimizer,
    linear_schedule,
    load_moments,
    moments,
)
from bert_tutorial.state_keeper import StateKeeper
from bert_tutorial.training_config import TrainingConfig
from bert_tutorial.training_log import Window, continue_log, write_record

__all__ = ["TrainingConfig", "train"]

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
                part = lean_pretraining_loss(self.model, on_device)
            word_loss = part.masked_lm * (words / max(1, all_words))
            relation_loss = part.next_sentence * (relations / max(1, all_relations))
            self.scaler.scale(word_loss + relation_loss).backward()
            totals += torch.stack([word_loss.detach(), relation_loss.detach()])
        self.world.add_up(list(self.model.parameters()), totals)
        return totals

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
    quiet = not sys.stderr.isatty() if progress is None else not progress
    with ExitStack() as stack:
        records: list[dict[str, Any]] = []
        log = None
        if log_file is not None and is_first:
            records, log = continue_log(Path(log_file), done)
            stack.enter_context(log)
        bar = stack.enter_context(
            tqdm(
                total=config.steps,
                initial=done,
                disable=quiet or not is_first,
                unit="step",
            )
        )
        if keeper is not None:
            stack.enter_context(trainer.world.stopped_by_signals())
        for step in range(done + 1, config.steps + 1):
            group = list(islice(source, config.accumulation_steps))
            if len(group) < config.accumulation_steps:
                raise ValueError(
                    f"batches must not end, but did at step {step} of {config.steps}; "
                    "give an endless iterator, such as PretrainingBatches"
                )
            window.count(group)
            window.add(step, trainer.backward(group), trainer.update(step))
            if step % config.log_every == 0 or step == config.steps:
                scale = trainer.scaler.get_scale()
                record = window.record(step, trainer.rate(step), scale)
                records.append(record)
                write_record(log, record)
                bar.set_postfix(loss=f"{record['loss']:.3f}", refresh=False)
            bar.update()
            if on_step is not None:
                on_step(step, records[-1] if records else {})
            if keeper is not None:
                keeper.after_step(step, trainer, window, batches, log)
    model.eval()
    return records
