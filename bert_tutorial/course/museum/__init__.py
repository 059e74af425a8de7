"""The bug museum: silent faults of well-known code, made again in a few lines.

    visit("layers-made-in-forward")

shows one: the loss falls, and the doctor names the fault.

Chapter: 12
"""

import textwrap

import torch
from torch import nn

from bert_tutorial.course.doctor import doctor
from bert_tutorial.course.doctor.patient import Diagnosis
from bert_tutorial.course.museum.batches import BATCH_EXHIBITS
from bert_tutorial.course.museum.exhibit import (
    Case,
    Exhibit,
    healthy_batch,
    healthy_model,
    text_rows,
)
from bert_tutorial.course.museum.losses import LOSS_EXHIBITS
from bert_tutorial.course.museum.models import MODEL_EXHIBITS
from bert_tutorial.training.optimizer import AdamW

__all__ = [
    "EXHIBITS",
    "Case",
    "Exhibit",
    "examine_case",
    "healthy_batch",
    "healthy_model",
    "text_rows",
    "train_briefly",
    "visit",
]

EXHIBITS: dict[str, Exhibit] = {
    one.name: one for one in (*MODEL_EXHIBITS, *LOSS_EXHIBITS, *BATCH_EXHIBITS)
}


def train_briefly(case: Case, steps: int = 60) -> tuple[float, float]:
    """Train on one batch.

    Args:
        case: its model, or a healthy one where the fault is in the data.
        steps: of AdamW at a rate of 0.01.

    Returns:
        The loss of the first step and the mean of the last ten, in nats.
    """
    torch.manual_seed(0)
    batch = {name: values[:16] for name, values in case.batch.items()}
    segments = max(2, int(batch["token_type_ids"].max()) + 1)
    model: nn.Module = case.model or healthy_model(0, segments)
    model.train()
    optimizer = AdamW(model.parameters(), lr=0.01)
    losses = []
    for _ in range(steps):
        loss = model(**batch).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses[0], sum(losses[-10:]) / 10


def examine_case(case: Case) -> list[Diagnosis]:
    """Let the doctor see a case; its models are fresh."""
    return doctor(case.model, case.batch, is_fresh=True)


def visit(name: str) -> None:
    """Show an exhibit: what training looks like, and what the doctor says.

    Raises:
        KeyError: there is no such exhibit.
    """
    exhibit = EXHIBITS[name]
    first, last = train_briefly(exhibit.sick())
    fall = "falls by a third and more" if last < first * 2 / 3 else "falls"
    print(f"training loss: {fall if last < 0.9 * first else 'does not fall'}")
    for fault in examine_case(exhibit.sick()):
        if fault.name == exhibit.fault:
            text = f"the doctor: {fault.name}: {fault.seen}"
            print(textwrap.fill(text, 80, subsequent_indent="    "))
    twin = [fault.name for fault in examine_case(exhibit.healthy())]
    print("its healthy twin:", ", ".join(twin) or "nothing found")
