"""The long form of `fit`: dev scores, early stopping, the best state, resuming.

Chapter: 14
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bert_tutorial.device import pick_device
from bert_tutorial.fine_tuner import (
    Evaluation,
    ExampleBatches,
    FineTuner,
    LossWindow,
)
from bert_tutorial.fine_tuning_config import FineTuningConfig
from bert_tutorial.state_keeper import StateKeeper
from bert_tutorial.task_data import Example
from bert_tutorial.training_log import RunLog

__all__ = ["ExampleBatches", "FineTuned", "FineTuner", "LossWindow", "fine_tune"]


class FineTuned(NamedTuple):
    """What a run leaves besides the model, which has the chosen state.

    `best` and `last` are dev scores, each with its step; None without dev data. The
    best is a maximum over `evaluations` and so looks better than fresh data will.
    """

    records: list[dict[str, Any]]
    evaluations: list[Evaluation]
    best: Evaluation | None
    last: Evaluation | None


def fine_tune(
    model: nn.Module,
    examples: Sequence[Example],
    config: FineTuningConfig,
    *,
    evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
    metric: str = "accuracy",
    weights: Tensor | None = None,
    device: torch.device | None = None,
    log_file: str | Path | None = None,
    progress: bool | None = None,
    keeper: StateKeeper | None = None,
) -> FineTuned:
    """Fine-tune all parameters of a model in place.

    Args:
        model: takes a batch of `collate` and returns an output with `loss`.
        examples: the labelled examples.
        config: all choices.
        evaluate: scores the model on dev data; None: the last state is kept.
        metric: which of its scores chooses the state; higher is better.
        weights: (C,) of the classes in the loss.
        device: None picks one.
        log_file: JSON lines: losses, and dev scores under "dev".
        progress: show a bar; None means only on a terminal.
        keeper: saves training states, goes on from one, and saves one at Ctrl-C.

    Returns:
        The log and the scores; the model has the best state, in eval mode.

    Raises:
        FloatingPointError: a loss or gradient was not finite; it names the step,
            whose update is left out.
        CheckpointError: the state to go on from does not fit.
        KeyboardInterrupt: at Ctrl-C; with a keeper, after saving a state.
    """
    plan = config.training(len(examples))
    every = config.evaluate_every or config.epoch(len(examples))
    batches = ExampleBatches(examples, config.batch_size, config.seed)
    tuner = FineTuner(model, plan, device or pick_device(), weights)
    window = LossWindow(tuner.device, tuner.is_scaled)
    done = keeper.restore(tuner, window, batches) if keeper else 0
    with ExitStack() as stack:
        log = RunLog(plan.steps, done, log_file, progress, ascii=True)
        stack.enter_context(closing(log))
        if keeper is not None:
            stack.enter_context(tuner.world.stopped_by_signals())
        model.train()
        for step in range(done + 1, plan.steps + 1):
            if tuner.is_out_of_patience(config.patience):
                break
            tuner.learn(step, [next(batches)], window)
            if step % plan.log_every == 0 or step == plan.steps:
                scale = tuner.scaler.get_scale()
                log.add(window.record(step, tuner.rate(step), scale))
            if evaluate is not None and (step % every == 0 or step == plan.steps):
                window.check()  # nothing broken is judged, let alone kept
                _judge(tuner, step, evaluate, metric, log)
            log.bar.update()
            if keeper is not None:
                keeper.after_step(step, tuner, window, batches, log.file)
    return _finish(tuner, log.records)


def _judge(
    tuner: FineTuner,
    step: int,
    evaluate: Callable[[nn.Module], dict[str, float]],
    metric: str,
    log: RunLog,
) -> None:
    """Score the model on dev data, keep its state if it is the best, write it down."""
    tuner.judge(step, evaluate(tuner.model), metric)
    tuner.model.train()
    found = tuner.evaluations[-1]
    shown = {f"dev {metric}": f"{found[metric]:.3f}"}
    log.add({"step": step, "dev": found}, shown)


def _finish(tuner: FineTuner, records: list[dict[str, Any]]) -> FineTuned:
    """Give the model its best state, and gather the scores."""
    scores = tuner.evaluations
    best = next((one for one in scores if one["step"] == tuner.best_step), None)
    last = scores[-1] if scores else None
    tuner.load_best()
    tuner.model.eval()
    return FineTuned(records, scores, best, last)
