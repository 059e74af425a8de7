"""Pretrain a tiny BERT on the mini-world and measure what it has learned.

Chapter: 12
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import read_json
from bert_tutorial.files.texts import replace_json
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.device import versions
from bert_tutorial.training.loop import train
from bert_tutorial.world import QUICK, Mix, World
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.knowledge import (
    answer_probes,
    majority_recall,
    next_sentence_accuracy,
    recall,
    recall_by_relation,
)

__all__ = [
    "WorldRecipe",
    "WorldRun",
    "full_recipe",
    "pretrain_world",
    "report",
    "report_folder",
]

FRANCE = "The capital of France is [MASK]."


def full_recipe(**changes: Any) -> WorldRecipe:
    """Give the recipe of the shipped weights: longer, with more documents."""
    return WorldRecipe(**({"steps": 16_000, "document_share": 0.4} | changes))


class WorldRun(NamedTuple):
    """What a run leaves: the model, its data, the log and the report."""

    model: BertForPreTraining
    data: WorldData
    records: list[dict[str, Any]]
    report: dict[str, Any]


def report(model: BertForPreTraining, data: WorldData) -> dict[str, Any]:
    """Measure a model's knowledge of its world, beside those who know nothing."""
    tokenizer, world = data.tokenizer, data.world
    rephrased = world.probes("rephrased")
    answers = answer_probes(model, tokenizer, rephrased)
    france = next(a for a in answers if a.probe.text == FRANCE)
    result: dict[str, Any] = {
        "recall_rephrased": recall(answers).share,
        "recall_stated": recall(
            answer_probes(model, tokenizer, world.probes("stated"))
        ).share,
        "majority_answer": majority_recall(rephrased).share,
        "chance": 1 / len(tokenizer),
        "probes": len(rephrased),
        "by_relation": {
            name: round(value.share, 3)
            for name, value in recall_by_relation(answers).items()
        },
        "france_answer": france.word,
        "france_probability": france.probability,
        "next_sentence": next_sentence_accuracy(
            model, tokenizer, data.validation_pairs
        ),
        "next_sentence_majority": sum(p.is_random for p in data.validation_pairs)
        / max(1, len(data.validation_pairs)),
    }
    inferable = world.probes("inferable")
    if inferable:
        result["recall_inferable"] = recall(
            answer_probes(model, tokenizer, inferable)
        ).share
        result["majority_inferable"] = majority_recall(inferable).share
    return result


def report_folder(folder: Path, seed: int | None = None) -> dict[str, Any]:
    """Measure a saved model on the world that its report.json names.

    Args:
        folder: as `pretrain_world` writes it.
        seed: another world's, to see what is known of it.

    Raises:
        ValueError: if the folder has no report of a mini-world run.
    """
    file = folder / "report.json"
    if not file.is_file():
        raise UserError(f"{file} does not exist; it says of which world a model is")
    values = read_json(file)
    try:
        recipe = WorldRecipe(
            **(values["recipe"] | {"split": (*values["recipe"]["split"],)})
        )
        mix = Mix(**values["mix"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file} is not the report of a mini-world: {error}") from error
    seed = recipe.seed if seed is None else seed
    data = WorldData(World(seed, mix), recipe)
    data.tokenizer = BertTokenizer.from_pretrained(folder)
    data.validation_pairs = data.pairs_for(data.tokenizer, recipe)
    return report(BertForPreTraining.from_pretrained(folder), data)


def pretrain_world(
    recipe: WorldRecipe | None = None,
    mix: Mix = QUICK,
    *,
    output: str | Path | None = None,
    log_file: str | Path | None = None,
    progress: bool | None = None,
    on_step: Callable[[int, dict[str, Any]], None] | None = None,
    probe_every: int = 0,
) -> WorldRun:
    """Train a model on World(recipe.seed) and measure what it has learned.

    Args:
        recipe: all choices of the run; the default is the book's.
        mix: what the corpus is made of.
        output: folder for the model, its vocabulary and `report.json`.
        log_file: JSON lines, one a logged step.
        progress: show a progress bar; None means only on a terminal.
        on_step: called after each step with its number and record.
        probe_every: steps between measurements of recall; 0 means none. They
            are in `report["curve"]` and cost about a tenth of a second each.

    Returns:
        The trained model, its data, the log and the report.
    """
    recipe = recipe or WorldRecipe()
    started = time.perf_counter(), time.process_time()
    torch.manual_seed(recipe.seed)
    data = WorldData(World(recipe.seed, mix), recipe)
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    untrained = report(model, data)
    curve = _Curve(model, data, probe_every, on_step)
    records = train(
        model,
        data.batches(recipe),
        recipe.training_config(),
        device=torch.device("cpu"),
        log_file=log_file,
        progress=progress,
        on_step=curve.after_step,
    )
    result = {
        "trained": report(model, data),
        "untrained": untrained,
        **_choices(recipe, mix, model, data),
        "curve": curve.points,
        "seconds": round(time.perf_counter() - started[0], 1),
        "cpu_seconds": round(time.process_time() - started[1], 1),
        **versions(),
    }
    run = WorldRun(model, data, records, result)
    if output is not None:
        _save(run, Path(output))
    return run


class _Curve:
    """Recall in new wordings, measured every so many steps; 0 means never."""

    def __init__(
        self,
        model: BertForPreTraining,
        data: WorldData,
        every: int,
        on_step: Callable[[int, dict[str, Any]], None] | None,
    ) -> None:
        """Start without any point."""
        self.model, self.data, self.every, self.on_step = model, data, every, on_step
        self.probes = data.world.probes("rephrased")
        self.points: list[dict[str, float]] = []

    def after_step(self, step: int, record: dict[str, Any]) -> None:
        """Measure, if it is time, and call who else wants to know of the step."""
        if self.every and step % self.every == 0:
            answers = answer_probes(self.model, self.data.tokenizer, self.probes)
            self.points.append({"step": step, "recall": recall(answers).share})
        if self.on_step is not None:
            self.on_step(step, record)


def _choices(
    recipe: WorldRecipe, mix: Mix, model: BertForPreTraining, data: WorldData
) -> dict[str, Any]:
    """Say what a run was made of, and what its sizes came to."""
    return {
        "recipe": asdict(recipe),
        "mix": asdict(mix),
        "parameters": sum(p.numel() for p in model.parameters()),
        "vocabulary": len(data.tokenizer),
        "uniform": round(math.log(len(data.tokenizer)), 4),
    }


def _save(run: WorldRun, folder: Path) -> None:
    """Write the model, its vocabulary and the report."""
    run.model.save_pretrained(folder)
    run.data.tokenizer.save(folder)
    replace_json(folder / "report.json", run.report)
