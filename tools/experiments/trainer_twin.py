"""Train one model with transformers' Trainer and with a loop of ours; keep both losses.

    python -m pip install accelerate
    python tools/experiments/trainer_twin.py        writes
        bert_tutorial/runs/trainer_twin.json

The weights, the order of the reviews, the batches and the settings are the same, and
dropout is 0, so the losses must agree but for rounding.
"""

import argparse
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import torch
from record import RUNS, main
from torch import nn

from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.bridge import to_transformers, train_with_trainer
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tasks.examples import Example, collate
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.optimizer import linear_schedule, parameter_groups
from bert_tutorial.world import World
from bert_tutorial.world.examples import encode_sentiment

STEPS, BATCH = 20, 16
SETTINGS = {
    "max_steps": STEPS,
    "per_device_train_batch_size": BATCH,
    "learning_rate": 1e-3,
    "weight_decay": 0.01,
    "adam_epsilon": 1e-6,
    "warmup_steps": 2,
}


def our_losses(model: nn.Module, examples: list[Example]) -> list[float]:
    """Train with the same settings in a plain loop."""
    groups = parameter_groups(model, SETTINGS["weight_decay"])
    optimizer = torch.optim.AdamW(groups, lr=1.0, eps=SETTINGS["adam_epsilon"])
    losses = []
    for step in range(STEPS):
        factor = linear_schedule(step, STEPS, int(SETTINGS["warmup_steps"]))
        for group in optimizer.param_groups:
            group["lr"] = SETTINGS["learning_rate"] * factor
        part = examples[BATCH * step : BATCH * (step + 1)]
        loss = model(**collate(part)).loss
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run both and note what was found."""
    torch.manual_seed(0)
    folder = shipped_weights()
    tokenizer = BertTokenizer.from_pretrained(folder)
    items = World(1).sentiment(STEPS * BATCH, 0, "train")
    examples = [encode_sentiment(tokenizer, item) for item in items]
    model = BertForSequenceClassification.from_pretrained(folder).train()
    theirs = to_transformers(model)
    losses = train_with_trainer(theirs, examples, collate, **SETTINGS)
    pairs = zip(losses, our_losses(model, examples), strict=True)
    gap = max(abs(a - b) for a, b in pairs)
    names = ("torch", "transformers", "accelerate")
    document["versions"] = {name: metadata.version(name) for name in names}
    document["settings"] = SETTINGS
    document["losses"] = [round(loss, 6) for loss in losses]
    document["largest_gap"] = gap
    print(f"largest difference of {STEPS} losses: {gap:.1e}")
    yield


if __name__ == "__main__":
    main(run, RUNS / "trainer_twin.json", seeds=None)
