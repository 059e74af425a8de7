"""The parts of a long fine-tuning run: its batches, its loss, its best state.

Chapter: 14
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.task_data import Example, collate
from bert_tutorial.trainer import Trainer
from bert_tutorial.training_config import TrainingConfig
from bert_tutorial.training_log import Window
from bert_tutorial.training_state import flat_names, under

__all__ = ["ExampleBatches", "FineTuner", "LossWindow"]

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
