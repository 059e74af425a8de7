"""The ablation runner: named variants, several seeds, one budget, records in a file.

`ablate` trains each `Variant` on each seed for the same number of steps at the same
number of tokens a batch; one whose step costs more or less may be run at equal work
as well. `compare`, in `lab_records`, reads the records.

Chapter: 13
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from bert_tutorial.labs.ablation.lab import LabData, lab_model, measure, small_world
from bert_tutorial.labs.ablation.records import (
    Record,
    check_same,
    read_runs,
    write_runs,
)
from bert_tutorial.labs.ablation.variants import LabRecipe, Variant, training_operations
from bert_tutorial.training.loop import train

__all__ = ["ablate", "run_variant"]


class WorkCounter:
    """Pass batches on, and count what their cost depends on."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.tokens = self.squares = self.masked = 0

    def __call__(
        self, batches: Iterator[dict[str, Tensor]]
    ) -> Iterator[dict[str, Tensor]]:
        """Count batches on their way."""
        for batch in batches:
            rows, length = batch["input_ids"].shape
            self.tokens += rows * length
            self.squares += rows * length * length
            self.masked += int((batch["labels"] != -100).sum())
            yield batch

    def record(self, recipe: LabRecipe, vocab_size: int) -> Record:
        """Say what all batches so far cost, and how much of them was predicted."""
        return {
            "operations": float(f"{self.operations(recipe, vocab_size):.3g}"),
            "masked_share": round(self.masked / self.tokens, 3),
        }

    def operations(self, recipe: LabRecipe, vocab_size: int) -> float:
        """Count the operations of all batches so far."""
        length, share = self.squares / self.tokens, self.masked / self.tokens
        return self.tokens * training_operations(recipe, vocab_size, length, share)


def run_variant(
    variant: Variant, seed: int, base: LabRecipe, data: LabData | None = None
) -> Record:
    """Train and measure one variant on one seed.

    Args:
        variant: what to change.
        seed: decides held-out questions, text, initial weights and order.
        base: the baseline's recipe; its seed is not used.
        data: of this seed and these texts, if there are any from a run before.

    Returns:
        variant, change, budget, seed, steps, tokens, operations, masked_share,
        cpu_seconds (of training alone), parameters, masked_lm (the loss as trained,
        nats) and what `measure` gives.
    """
    recipe = variant.recipe(base, seed)
    data = data or LabData(small_world(seed), recipe)
    model = lab_model(recipe, len(data.tokenizer))
    config = recipe.training_config()
    counter, device = WorkCounter(), torch.device("cpu")
    batches = counter(data.batches(recipe))
    started = time.process_time()
    records = train(model, batches, config, device=device, progress=False)
    seconds = time.process_time() - started
    last = records[-5:]
    return {
        "variant": variant.name,
        "change": dict(variant.change),
        "budget": variant.budget,
        "seed": seed,
        "steps": recipe.steps,
        "tokens": records[-1]["tokens"],
        **counter.record(recipe, len(data.tokenizer)),
        "cpu_seconds": round(seconds, 1),
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "masked_lm": round(sum(r["masked_lm"] for r in last) / len(last), 3),
        **measure(model, data, pair_task=recipe.pair_task),
    }


def ablate(
    variants: Sequence[Variant],
    seeds: Sequence[int],
    base: LabRecipe | None = None,
    *,
    file: str | Path | None = None,
    on_run: Callable[[Record], None] | None = None,
) -> list[Record]:
    """Run every variant on every seed, seed after seed, and keep the records.

    Args:
        variants: the baseline among them, if differences are wanted.
        seeds: at least 3 make an interval worth reading.
        base: None for the lab's baseline.
        file: JSON; runs that it already has are not made again, and it is written
            anew after each run.
        on_run: called with each new record.

    Returns:
        All records, also those that the file had.

    Raises:
        ValueError: two variants share a name, or the file was made with another base
            or another variant of the same name.
    """
    base = base or LabRecipe()
    _check_names(variants)
    runs = read_runs(file, base)
    done = {(run["variant"], run["seed"]) for run in runs}
    check_same(variants, runs)
    for seed in seeds:
        kept: _Texts | None = None
        for variant in variants:
            if (variant.name, seed) not in done:
                kept = _texts_for(variant.recipe(base, seed), seed, kept)
                runs.append(run_variant(variant, seed, base, kept.data))
                write_runs(file, base, runs)
                if on_run is not None:
                    on_run(runs[-1])
    return runs


def _check_names(variants: Sequence[Variant]) -> None:
    """Refuse two variants that share a name."""
    names = [variant.name for variant in variants]
    if len(set(names)) != len(names):
        raise ValueError(f"variants must have different names, got {names}")


class _Texts(NamedTuple):
    """Data, and the choices of a recipe that they depend on."""

    choices: tuple[bool, float]
    data: LabData


def _texts_for(recipe: LabRecipe, seed: int, kept: _Texts | None) -> _Texts:
    """Make a recipe's data, or take those of the variant before if they serve."""
    choices = recipe.pair_task == "order", recipe.text_share
    if kept is not None and kept.choices == choices:
        return kept
    return _Texts(choices, LabData(small_world(seed), recipe))
