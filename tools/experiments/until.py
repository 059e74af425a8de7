"""A training loop that stops its clock while the model is asked what it knows.

`race.py`, `time_to_knowledge.py` and `optimizers.py` train with it.
"""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from torch import Tensor

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.loop import Trainer
from bert_tutorial.world.data import WorldData
from bert_tutorial.world.knowledge import answer_probes, recall

__all__ = ["Asked", "rephrased_recall", "train_until", "updates"]


class Asked(NamedTuple):
    """A training, and what the model answered meanwhile.

    `seconds` are the CPU time of the updates alone. Each point of `curve` has a `step`,
    the `seconds` until then and the `recall`, from 0 to 1.
    """

    is_reached: bool
    seconds: float
    steps: int
    curve: list[dict[str, float]]

    @property
    def recall(self) -> float:
        """Give the recall of the last question."""
        return self.curve[-1]["recall"]


def rephrased_recall(model: BertForPreTraining, data: WorldData) -> float:
    """Give the share of facts, in held-out wordings, whose word is the first choice."""
    probes = data.world.probes("rephrased")
    return recall(answer_probes(model, data.tokenizer, probes)).share


def updates(
    trainer: Trainer, batches: Iterator[dict[str, Tensor]]
) -> Callable[[int], None]:
    """Give the step that makes one update of a trainer from the next batches."""

    def step(number: int) -> None:
        group = [next(batches) for _ in range(trainer.config.accumulation_steps)]
        trainer.backward(group)
        trainer.update(number)

    return step


def train_until(
    step: Callable[[int], None],
    ask: Callable[[], float],
    *,
    steps: int,
    probe_every: int,
    goal: float,
) -> Asked:
    """Train until the model knows enough, or to the end of the steps.

    Args:
        step: takes batches and makes one update; gets its number, from 1.
        ask: gives the recall, and leaves the model in train mode.
        steps: at most.
        probe_every: steps between two questions; after the last step it is asked, too.
        goal: the recall at which the training ends.
    """
    spent, curve = 0.0, []
    for number in range(1, steps + 1):
        start = time.process_time()
        step(number)
        spent += time.process_time() - start
        if number % probe_every == 0 or number == steps:
            share = ask()
            seconds = round(spent, 2)
            curve.append({"step": number, "seconds": seconds, "recall": share})
            if share >= goal:
                break
    return Asked(share >= goal, spent, number, curve)
