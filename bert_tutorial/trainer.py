"""One training run from step to step: gradients, updates, and the state between them.

Chapter: 12
"""

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.device import autocast_dtype
from bert_tutorial.distributed import ProcessGroup
from bert_tutorial.dropout import cheapen_dropout
from bert_tutorial.last_layer import lean_pretraining_loss
from bert_tutorial.objectives import BertForPreTraining, PretrainingLoss
from bert_tutorial.optimizer import (
    build_optimizer,
    linear_schedule,
    load_moments,
    moments,
)
from bert_tutorial.training_config import TrainingConfig
from bert_tutorial.training_log import Window

__all__ = ["Trainer"]

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
