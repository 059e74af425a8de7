"""The training loop: batches in, a trained model and its log out.

A `Loss` says what is to become smaller, of whatever model. `Trainer` goes from step to
step: gradients, updates, and the state between them; its `run` is the loop, with log,
signals and states, the same for pretraining, fine-tuning and pictures. `train` is the
simple way to use it.

Chapter: 12
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from bert_tutorial.model.objectives import pretraining_loss
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.device import (
    autocast_dtype,
    mixed,
    pick_device,
    precision_name,
)
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.log import RunLog, Window
from bert_tutorial.training.muon import build_muon, late_fall
from bert_tutorial.training.optimizer import (
    AdamW,
    build_optimizer,
    linear_schedule,
    load_moments,
    moments,
    parameter_groups,
)
from bert_tutorial.training.processes import ProcessGroup
from bert_tutorial.training.shortcuts import cheap_dropout

__all__ = ["Trainer", "TrainingConfig", "train"]

NEVER = 2**31 - 1  # steps until the scale grows
# Larger activations are fetched from the system page by page at each step.
CPU_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Loss:
    """What a training makes smaller: the sum of some means over labels.

    The counts are asked for apart from the means: the weight of a part of a step is
    known only with the counts of the whole step, and each part's gradients are taken
    at once, so that its activations need not be kept.

    Args:
        names: of the means, as they stand in the log.
        means: gives the means of a batch, each (), by name; it gets model and batch.
        counts: gives the number of labels behind each mean of a batch.
        can_be_cut: whether the means of some rows, weighted by their counts, add up to
            those of all. Else a batch stays whole, and in one process.
    """

    names: tuple[str, ...]
    means: Callable[[Any, dict[str, Tensor]], dict[str, Tensor]]
    counts: Callable[[dict[str, Tensor]], dict[str, int]]
    can_be_cut: bool = True


def _scored(batch: dict[str, Tensor], key: str) -> int:
    """Count the labels of a batch that are scored."""
    return int((batch[key] != -100).sum()) if key in batch else 0


def _pretraining_means(model: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Compute both losses of pretraining."""
    part = pretraining_loss(model, batch, lean=True)
    return {"masked_lm": part.masked_lm, "next_sentence": part.next_sentence}


def _pretraining_counts(batch: dict[str, Tensor]) -> dict[str, int]:
    """Count the hidden words and the pairs."""
    return {
        "masked_lm": _scored(batch, "labels"),
        "next_sentence": _scored(batch, "next_sentence_label"),
    }


PRETRAINING = Loss(
    ("masked_lm", "next_sentence"), _pretraining_means, _pretraining_counts
)


class Judge(Protocol):
    """What looks at a run after each step and may end it; the states include it."""

    @property
    def is_over(self) -> bool:
        """Tell whether the run is to end before the next step."""
        ...

    def after_step(
        self, step: int, trainer: "Trainer", window: Window, log: RunLog
    ) -> None:
        """Look at the run; the model is in train mode before and after."""
        ...

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give what it remembers."""
        ...

    def load_state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        ...


class Trainer:
    """A run in progress, of any model with any loss.

    Args:
        model: moved to the device.
        config: all choices.
        device: where to.
        group: the processes that train together; None: this one alone.
        loss: what is to become smaller; that of pretraining if nothing is said.
        judge: looks at the run, see `Judge`; or None.

    Raises:
        ValueError: several processes are to share a loss that cannot be cut.
    """

    def __init__(
        self,
        model: nn.Module,
        config: TrainingConfig,
        device: torch.device,
        group: ProcessGroup | None = None,
        *,
        loss: Loss = PRETRAINING,
        judge: Judge | None = None,
    ) -> None:
        """Move the model to the device and make its optimizer."""
        self.group = group or ProcessGroup()
        if self.group.size > 1 and not loss.can_be_cut:
            raise ValueError("loss must be one that can be cut, for several processes")
        self.model: Any = model.to(device)
        self.config = config
        self.device = device
        self.loss = loss
        self.judge = judge
        self.optimizer = self._build_optimizer()
        dtype = autocast_dtype(device, config.precision)
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
        # It makes its scale with the first loss, and a process without rows has none.
        self.scaler.scale(torch.zeros((), device=device))

    def _build_optimizer(self) -> AdamW:
        """Make the optimizer that the configuration names."""
        config = self.config
        if config.optimizer == "muon":
            return build_muon(
                self.model,
                parameter_groups(self.model, config.weight_decay),
                learning_rate=config.learning_rate,
                betas=config.betas,
                epsilon=config.epsilon,
            )
        return build_optimizer(
            self.model,
            config.learning_rate,
            config.betas,
            config.epsilon,
            config.weight_decay,
        )

    def rate(self, step: int) -> float:
        """Give the learning rate of a step, counted from 1."""
        config = self.config
        schedule = late_fall if config.optimizer == "muon" else linear_schedule
        # one more than there are: with a rate of 0 the last step would change nothing
        return config.learning_rate * schedule(step, config.steps + 1, config.warmup)

    def backward(self, batches: list[dict[str, Tensor]]) -> Tensor:
        """Add the gradients of some batches as if they were one.

        Means are rescaled by the counts behind them: a mean of means would give
        positions in sparsely masked batches more weight. Of several processes each
        computes a shard of the rows; the counts are those of all rows.

        Returns:
            (n,): the means of them all, in the order of the loss's names.
        """
        names = self.loss.names
        counted = [self.loss.counts(batch) for batch in batches]
        whole = {name: sum(counts[name] for counts in counted) for name in names}
        totals = torch.zeros(len(names), device=self.device)
        shards = filter(None, map(self.group.shard, batches))
        for batch in (part for shard in shards for part in self.parts(shard)):
            counts = self.loss.counts(batch)
            on_device = {key: value.to(self.device) for key, value in batch.items()}
            with mixed(self.device, self.dtype):
                means = self.loss.means(self.model, on_device)
            terms = [means[n] * (counts[n] / max(1, whole[n])) for n in names]
            self.scaler.scale(sum(terms[1:], start=terms[0])).backward()
            totals += torch.stack([term.detach() for term in terms])
        self.group.all_reduce(list(self.model.parameters()), totals)
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
        if self.device.type != "cpu" or not self.loss.can_be_cut:
            return [batch]
        rows, positions = batch["input_ids"].shape
        size = 4 * rows * positions * self.model.config.intermediate_size
        count = min(rows, -(-size // CPU_BYTES))
        cuts = {key: value.tensor_split(count) for key, value in batch.items()}
        return [{key: cut[i] for key, cut in cuts.items()} for i in range(count)]

    def update(self, step: int) -> Tensor:
        """Clip, step, and give the norm () of all gradients before clipping.

        A gradient that is not finite changes nothing.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(step) * group.get("factor", 1.0)
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(
            self.model.parameters(), self.config.max_gradient_norm
        )
        # Where there is no scaler (MPS), the norm is asked instead.
        if self.scaler.is_enabled() or bool(torch.isfinite(norm)):
            self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return norm

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give weights, moments, the scale and the judge's state: see `load_state`."""
        weights = {
            f"weights.{name}": parameter.detach().cpu()
            for name, parameter in self.model.named_parameters()
        }
        tensors = weights | moments(self.model, self.optimizer)
        values: dict[str, Any] = {"scaler": dict(self.scaler.state_dict())}
        if self.judge is not None:
            more_tensors, more_values = self.judge.state()
            return tensors | more_tensors, values | more_values
        return tensors, values

    @torch.no_grad()
    def load_state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Put back what `state` gave, of a model and optimizer of the same form.

        Raises:
            ValueError: if a weight has another shape in the model.
        """
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
        if self.judge is not None:
            self.judge.load_state(tensors, values)

    def note(self, step: int, window: Window, log: RunLog) -> None:
        """Write what was seen since the last record into the log."""
        record = window.record(step, self.rate(step), self.scaler.get_scale())
        if self.config.optimizer != "adamw":
            record["optimizer"] = self.config.optimizer
        if self.dtype is not None:
            record["precision"] = precision_name(self.dtype)
        log.add(record, {"loss": f"{record['loss']:.3f}"})

    def run(
        self,
        batches: Iterable[dict[str, Tensor]],
        *,
        log_file: str | Path | None = None,
        progress: bool | None = None,
        on_step: Callable[[int, dict[str, Any]], None] | None = None,
        keeper: StateKeeper | None = None,
    ) -> list[dict[str, Any]]:
        """Go through all steps; arguments, records and errors are those of `train`.

        The model ends in eval mode.
        """
        window = Window(self.device, self.loss.names, self.is_scaled)
        done = keeper.restore(self, window, batches) if keeper else 0
        is_first = self.group.rank == 0
        self.group.broadcast(self.model)
        source = iter(batches)
        shown = progress if is_first else False
        steps = self.config.steps
        with ExitStack() as stack:
            log = RunLog(steps, done, log_file if is_first else None, shown)
            stack.enter_context(closing(log))
            if keeper is not None:
                stack.enter_context(self.group.stopped_by_signals())
            self.model.train()
            for step in range(done + 1, steps + 1):
                if self.judge is not None and self.judge.is_over:
                    break
                self.learn(step, _next_group(source, step, self.config), window)
                if step % self.config.log_every == 0 or step == steps:
                    self.note(step, window, log)
                log.bar.update()
                if on_step is not None:
                    on_step(step, log.records[-1] if log.records else {})
                if self.judge is not None:
                    self.judge.after_step(step, self, window, log)
                if keeper is not None:
                    is_last = step == steps
                    keeper.after_step(step, self, window, batches, log.file, is_last)
        self.model.eval()
        return log.records


def train(
    model: nn.Module,
    batches: Iterable[dict[str, Tensor]],
    config: TrainingConfig,
    *,
    loss: Loss = PRETRAINING,
    judge: Judge | None = None,
    is_dropout_cheap: bool = True,
    device: torch.device | None = None,
    log_file: str | Path | None = None,
    progress: bool | None = None,
    on_step: Callable[[int, dict[str, Any]], None] | None = None,
    keeper: StateKeeper | None = None,
    group: ProcessGroup | None = None,
) -> list[dict[str, Any]]:
    """Train a model in place.

    Args:
        model: the model, a BertForPreTraining unless the loss wants another; it ends
            in eval mode.
        batches: endless batches, as `PretrainingBatches` makes them.
        config: all choices.
        loss: what is to become smaller; that of pretraining if nothing is said.
        judge: looks at the run after each step, see `Judge`; or None.
        is_dropout_cheap: draw dropout as `CheapDropout` does, meanwhile; False leaves
            it to torch.
        device: None picks one.
        log_file: JSON lines, one every `log_every` steps.
        progress: show a bar; None means only on a terminal.
        on_step: called after each step with its number and the newest record.
        keeper: saves training states, goes on from one, and saves one at Ctrl-C.
        group: the processes that train together, each calling with the same.

    Returns:
        The records of the log: step, loss and the means that it is the sum of, such as
        masked_lm and next_sentence (nats, means since the last record), learning_rate,
        gradient_norm, tokens, seconds. If the run was resumed with a log file, those of
        its first part, too.

    Raises:
        FloatingPointError: if a loss or gradient is not finite. It names the step
            and is raised at the next record or state; that step's update is left
            out, and no state is saved from it on. With float16, gradients that
            overflow are skipped and counted instead.
        ValueError: if the batches end.
        CheckpointError: if the state to go on from does not fit.
        KeyboardInterrupt: at Ctrl-C; with a keeper, after saving a state.
    """
    trainer = Trainer(
        model, config, device or pick_device(), group, loss=loss, judge=judge
    )
    with cheap_dropout(model) if is_dropout_cheap else nullcontext():
        return trainer.run(
            batches,
            log_file=log_file,
            progress=progress,
            on_step=on_step,
            keeper=keeper,
        )


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
