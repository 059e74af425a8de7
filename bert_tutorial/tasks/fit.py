"""Fine-tune a model on labelled examples, and score it.

One loop serves every head: batches of padded examples, AdamW with warm-up and
linear decay, a fixed number of steps.

Chapter: 14
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.examples import Example, collate
from bert_tutorial.training.optimizer import build_optimizer, linear_schedule

__all__ = ["check_finite", "fit", "predict"]

# Of a batch, padding included: on a CPU its activations are to stay in the caches.
CPU_TOKENS, OTHER_TOKENS = 1_024, 32_768


def fit(
    model: nn.Module,
    examples: Sequence[Example],
    *,
    steps: int = 100,
    batch_size: int = 16,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    seed: int = 0,
) -> list[float]:
    """Fine-tune all parameters of a model in place, on the device that it is on.

    Args:
        model: takes a batch of `collate` and returns an output with `loss`.
        examples: the labelled examples; each epoch in a new order.
        steps: optimizer steps; the first tenth warms up.
        batch_size: examples a step.
        learning_rate: the highest one.
        weight_decay: for matrices only.
        seed: of the order (dropout uses torch's global generator).

    Returns:
        The loss of each step.

    Raises:
        UserError: if there are no examples.
    """
    if not examples:
        raise UserError("examples must hold at least one, got none")
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    optimizer = build_optimizer(model, learning_rate, (0.9, 0.999), 1e-6, weight_decay)
    losses = []
    order: list[int] = []
    model.train()
    for step in range(steps):
        while len(order) < batch_size:
            order += torch.randperm(len(examples), generator=generator).tolist()
        chosen, order = order[:batch_size], order[batch_size:]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * linear_schedule(
                step + 1, steps + 1, max(1, steps // 10)
            )
        batch = collate([examples[i] for i in chosen])
        loss = model(**{key: value.to(device) for key, value in batch.items()}).loss
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    return losses


@torch.no_grad()
def predict(
    model: nn.Module, examples: Sequence[Example], batch_size: int = 128
) -> list[tuple[Any, dict[str, Tensor]]]:
    """Run a model over examples without dropout: (output, batch) for each batch."""
    model.eval()
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    found = []
    for start in range(0, len(examples), batch_size):
        batch = collate(examples[start : start + batch_size])
        part = {key: value.to(device) for key, value in batch.items()}
        found.append((model(**part), part))
    return found


def length_batches(
    examples: Sequence[Example],
    batch_size: int,
    device: torch.device,
    pad_id: int = 0,
) -> Iterator[tuple[list[int], dict[str, Tensor]]]:
    """Deal examples for use: those of like length go together, with little padding.

    Args:
        examples: what a model is to read.
        batch_size: examples of a batch at most; long ones are fewer.
        device: where the batches go; a CPU gets small ones.
        pad_id: fills the short rows.

    Yields:
        The numbers of a batch's examples, and the batch without its targets; without
        `attention_mask` where there is no padding, which is one thing less to add.
    """
    most = CPU_TOKENS if device.type == "cpu" else OTHER_TOKENS
    lengths = [len(one.input_ids) for one in examples]
    order = sorted(range(len(examples)), key=lengths.__getitem__)
    start = 0
    while start < len(order):
        stop = start + 1
        while (
            stop < len(order)
            and stop - start < batch_size
            and (stop + 1 - start) * lengths[order[stop]] <= most
        ):
            stop += 1
        numbers = order[start:stop]
        batch = collate([examples[i]._replace(target={}) for i in numbers], pad_id)
        if lengths[numbers[0]] == lengths[numbers[-1]]:
            del batch["attention_mask"]
        yield numbers, {key: value.to(device) for key, value in batch.items()}
        start = stop


def check_finite(scores: Tensor) -> None:
    """Refuse scores of a model that are no numbers: nothing can be said of them.

    Raises:
        FloatingPointError: if one is NaN or infinite.
    """
    if not torch.isfinite(scores).all():
        raise FloatingPointError(
            "the model's scores must be numbers, got NaN or infinity; its weights are "
            "damaged, or the training that made them diverged"
        )
