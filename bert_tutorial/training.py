"""The training loop: batches in, a trained model and its log out.

Chapter: 12
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bert_tutorial.device import pick_device
from bert_tutorial.distributed import ProcessGroup
from bert_tutorial.objectives import BertForPreTraining
from bert_tutorial.state_keeper import StateKeeper
from bert_tutorial.trainer import Trainer as Trainer
from bert_tutorial.training_config import TrainingConfig
from bert_tutorial.training_log import RunLog, Window

__all__ = ["TrainingConfig", "train"]


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
