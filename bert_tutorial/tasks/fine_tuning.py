"""The long form of `fit`: dev scores, early stopping, the best state, resuming.

All choices of a run, checked before any work is done; its batches, its loss, its dev
scores and best state. The loop itself is that of pretraining.

Chapter: 14
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.examples import Example, collate
from bert_tutorial.training.config import (
    ABOVE_ZERO,
    NOT_NEGATIVE,
    Range,
    TrainingConfig,
    check_ranges,
)
from bert_tutorial.training.device import pick_device
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.log import RunLog, Window
from bert_tutorial.training.loop import Loss, Trainer
from bert_tutorial.training.shortcuts import cheap_dropout
from bert_tutorial.training.states import flat_names, under

__all__ = [
    "ExampleBatches",
    "FineTuned",
    "FineTuningConfig",
    "fine_tune",
]


_RANGES = {
    "epochs": Range(0, 10_000, has_low=False),
    "steps": ABOVE_ZERO,
    "min_steps": ABOVE_ZERO,
    "batch_size": ABOVE_ZERO,
    "evaluate_every": ABOVE_ZERO,
    "patience": ABOVE_ZERO,
    "seed": NOT_NEGATIVE,
}


@dataclass(frozen=True, kw_only=True)
class FineTuningConfig:
    """All choices of a fine-tuning run (Devlin et al. 2019, appendix A.3).

    The paper tries batches of 16 and 32, rates of 5e-5, 3e-5 and 2e-5, 2 to 4 epochs;
    small models want higher rates. `steps` overrides `epochs`; so do `min_steps` where
    the epochs of few examples are fewer steps. `evaluate_every` counts steps, None is
    once an epoch; `patience` is how many evaluations without a better
    one end the run, None lets it run to its end. `precision` is one that
    `autocast_dtype` takes.

    Raises:
        ValueError: if a value is out of its range; the text names key and value.
    """

    epochs: float = 3.0
    steps: int | None = None
    min_steps: int = 1
    batch_size: int = 32
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup_fraction: float = 0.1
    max_gradient_norm: float = 1.0
    evaluate_every: int | None = None
    patience: int | None = None
    precision: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check ranges."""
        check_ranges(self, _RANGES, ("steps", "evaluate_every", "patience"))
        self.training(1)

    def epoch(self, examples: int) -> int:
        """Give the steps that show about as many examples as there are."""
        return max(1, math.ceil(examples / self.batch_size))

    def training(self, examples: int) -> TrainingConfig:
        """Describe the training on so many examples."""
        whole = math.ceil(self.epochs * examples / self.batch_size)
        steps = self.steps or max(self.min_steps, whole)
        return TrainingConfig(
            steps=steps,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_fraction=self.warmup_fraction,
            max_gradient_norm=self.max_gradient_norm,
            precision=self.precision,
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
            raise UserError("examples must hold at least one, got none")
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


def example_loss(weights: Tensor | None = None) -> Loss:
    """Make the loss of a model on a batch of `collate`: the one in its output.

    A batch counts as one, however many labels it has, and stays whole: what its mean
    is over, the model alone knows. A batch without any label to score changes nothing:
    its loss is 0, not 0/0.

    Args:
        weights: (C,) of the classes, or None; for models with `logits` and `labels`.
    """

    def means(model: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": _batch_loss(model, batch, weights)}

    return Loss(("loss",), means, lambda batch: {"loss": 1}, can_be_cut=False)


def _batch_loss(
    model: Any, batch: Mapping[str, Tensor], weights: Tensor | None
) -> Tensor:
    """Compute the mean loss of a batch, each class with its weight if there are any."""
    labels = batch.get("labels")
    output = model(**batch)
    if labels is not None and not labels.is_floating_point():
        if bool((labels == -100).all()):
            return cast(Tensor, output.logits.sum() * 0.0)
        if weights is not None:
            logits = output.logits.flatten(0, -2)
            return F.cross_entropy(logits, labels.flatten(), weights.to(logits.device))
    return cast(Tensor, output.loss)


class DevScores:
    """The dev scores of a run so far, and the best state.

    Args:
        evaluate: scores the model; None: nothing is judged.
        metric: which of its scores chooses the state; higher is better.
        every: steps between two evaluations; there is one more after the last step.
        patience: how many evaluations without a better one end the run; None: none.
    """

    def __init__(
        self,
        evaluate: Callable[[nn.Module], dict[str, float]] | None,
        metric: str = "accuracy",
        every: int = 1,
        patience: int | None = None,
    ) -> None:
        """Start without any score."""
        self.evaluate = evaluate
        self.metric, self.every, self.patience = metric, every, patience
        self.evaluations: list[Evaluation] = []
        self.best_step = 0
        self.best: dict[str, Tensor] = {}

    @property
    def is_over(self) -> bool:
        """Tell whether too many evaluations since the best brought nothing."""
        since = sum(one["step"] > self.best_step for one in self.evaluations)
        return self.patience is not None and since >= self.patience

    def after_step(
        self, step: int, trainer: Trainer, window: Window, log: RunLog
    ) -> None:
        """Score the model if it is time, keep its state if it is the best."""
        is_time = step % self.every == 0 or step == trainer.config.steps
        if self.evaluate is None or not is_time:
            return
        window.check()  # nothing broken is judged, let alone kept
        scores = self.evaluate(trainer.model)
        trainer.model.train()
        self.judge(step, scores, trainer.model)
        found = self.evaluations[-1]
        shown = {f"dev {self.metric}": f"{found[self.metric]:.3f}"}
        log.add({"step": step, "dev": found}, shown)

    def judge(self, step: int, scores: Mapping[str, float], model: nn.Module) -> None:
        """Note the scores of a step; of equal ones the first is the best."""
        before = [evaluation[self.metric] for evaluation in self.evaluations]
        self.evaluations.append({"step": step, **scores})
        if before and scores[self.metric] <= max(before):
            return
        self.best_step = step
        self.best = {
            name: parameter.detach().cpu().clone()
            for name, parameter in model.named_parameters()
        }

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give the best weights and the scores."""
        values = {"evaluations": self.evaluations, "best_step": self.best_step}
        return flat_names("best", self.best), values

    def load_state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self.evaluations = list(values["evaluations"])
        self.best_step = values["best_step"]
        self.best = under("best", tensors)

    @torch.no_grad()
    def load_best(self, model: nn.Module) -> None:
        """Give the model its best state, if the scores named one."""
        for name, parameter in model.named_parameters():
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

    Dropout is drawn as `CheapDropout` does, meanwhile.

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
    scores = DevScores(evaluate, metric, every, config.patience)
    trainer = Trainer(
        model, plan, device or pick_device(), loss=example_loss(weights), judge=scores
    )
    with cheap_dropout(model):
        records = trainer.run(
            ExampleBatches(examples, config.batch_size, config.seed),
            log_file=log_file,
            progress=progress,
            keeper=keeper,
        )
    found = scores.evaluations
    best = next((one for one in found if one["step"] == scores.best_step), None)
    scores.load_best(model)
    return FineTuned(records, found, best, found[-1] if found else None)
