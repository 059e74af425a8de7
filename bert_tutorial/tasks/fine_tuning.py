"""The long form of `fit`: dev scores, early stopping, the best state, resuming.

All choices of a run, checked before any work is done; its batches, its loss, its best
state.

Chapter: 14
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.tasks.examples import Example, collate
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.device import pick_device
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.log import RunLog, Window
from bert_tutorial.training.loop import Trainer
from bert_tutorial.training.states import flat_names, under

__all__ = [
    "ExampleBatches",
    "FineTuned",
    "FineTuner",
    "FineTuningConfig",
    "LossWindow",
    "fine_tune",
]


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


Evaluation = dict[str, Any]


class ExampleBatches:
    """Batches of examples for ever, each epoch in a new order, as `fit` deals them.

    Args:
        examples: at least one.
        batch_size: examples of a batch; the end of an epoch may share one with the
            start of the next.
        seed: of the orders.
    """

    def __init__(self, examples: Sequence[Example], batch_size: int, seed: int) -> None:
        """Start before the first epoch."""
        if not examples:
            raise ValueError("examples must hold at least one, got none")
        self.examples = examples
        self.batch_size = batch_size
        self.generator = torch.Generator().manual_seed(seed)
        self.order: list[int] = []

    def __iter__(self) -> "ExampleBatches":
        """Give the batches from the present place on."""
        return self

    def __next__(self) -> dict[str, Tensor]:
        """Give the next batch."""
        while len(self.order) < self.batch_size:
            drawn = torch.randperm(len(self.examples), generator=self.generator)
            self.order += drawn.tolist()
        chosen = self.order[: self.batch_size]
        self.order = self.order[self.batch_size :]
        return collate([self.examples[i] for i in chosen])

    def state_dict(self) -> dict[str, int | Tensor]:
        """Give the place: what is left of the order, and the generator."""
        left = torch.tensor([len(self.order), *self.order])
        return {"left": left, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Go to a place."""
        self.order = cast(Tensor, state["left"])[1:].tolist()
        self.generator.set_state(cast(Tensor, state["generator"]))


class LossWindow(Window):
    """Sums since the last record, of one loss."""

    def record(self, step: int, rate: float, scale: float = 1.0) -> dict[str, Any]:
        """Give the mean loss since the last record, and start anew."""
        record = super().record(step, rate, scale)
        del record["masked_lm"], record["next_sentence"]
        return record


class FineTuner(Trainer):
    """A run in progress, with the dev scores so far and the best state.

    Args:
        model: takes a batch of `collate` and returns an output with `loss`.
        config: of the training.
        device: where to.
        weights: (C,) of the classes in the loss, or None; for models with `logits`
            and `labels`.
    """

    def __init__(
        self,
        model: nn.Module,
        config: TrainingConfig,
        device: torch.device,
        weights: Tensor | None = None,
    ) -> None:
        """Start without any score."""
        super().__init__(cast(Any, model), config, device)
        self.weights = None if weights is None else weights.to(device)
        self.evaluations: list[Evaluation] = []
        self.best_step = 0
        self.best: dict[str, Tensor] = {}

    def backward(self, batches: list[dict[str, Tensor]]) -> Tensor:
        """Add the gradients of the batches; give (2,): the mean loss, and 0.

        A batch without any label to score changes nothing: its loss is 0, not 0/0.
        """
        totals = torch.zeros(2, device=self.device)
        for batch in batches:
            given = {key: value.to(self.device) for key, value in batch.items()}
            with torch.autocast(
                self.device.type, self.dtype, enabled=self.dtype is not None
            ):
                loss = self.loss(given) / len(batches)
            self.scaler.scale(loss).backward()
            totals[0] += loss.detach()
        return totals

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Compute the loss of a batch."""
        labels = batch.get("labels")
        output = self.model(**batch)
        if labels is not None and not labels.is_floating_point():
            if bool((labels == -100).all()):
                return output.logits.sum() * 0.0
            if self.weights is not None:
                logits = output.logits.flatten(0, -2)
                return F.cross_entropy(logits, labels.flatten(), self.weights)
        return cast(Tensor, output.loss)

    def judge(self, step: int, scores: Mapping[str, float], metric: str) -> bool:
        """Note the dev scores of a step; if they are the best so far, keep the state.

        Returns:
            Whether they are. The first of equals is kept.
        """
        before = [evaluation[metric] for evaluation in self.evaluations]
        self.evaluations.append({"step": step, **scores})
        if before and scores[metric] <= max(before):
            return False
        self.best_step = step
        self.best = {
            name: parameter.detach().cpu().clone()
            for name, parameter in self.model.named_parameters()
        }
        return True

    def is_out_of_patience(self, patience: int | None) -> bool:
        """Tell whether so many evaluations since the best brought nothing."""
        since = sum(one["step"] > self.best_step for one in self.evaluations)
        return patience is not None and since >= patience

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give weights, moments, the best weights and the scores."""
        tensors, values = super().state()
        values |= {"evaluations": self.evaluations, "best_step": self.best_step}
        return tensors | flat_names("best", self.best), values

    def load_state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        super().load_state(tensors, values)
        self.evaluations = list(values["evaluations"])
        self.best_step = values["best_step"]
        self.best = under("best", tensors)

    @torch.no_grad()
    def load_best(self) -> None:
        """Give the model its best state, if the dev scores named one."""
        for name, parameter in self.model.named_parameters():
            if name in self.best:
                parameter.copy_(self.best[name])


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
