"""Pretrain a tiny BERT on the mini-world and measure what it has learned.

Chapter: 12
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import read_json
from bert_tutorial.files.texts import replace_json
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.device import versions
from bert_tutorial.training.identity import Identity
from bert_tutorial.training.keeper import (
    StateKeeper,
    refuse_other_vocabulary,
    sweep_run,
)
from bert_tutorial.training.lock import RunLock
from bert_tutorial.training.log import RunLog, Window
from bert_tutorial.training.loop import Trainer, train
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
    "minute_recipe",
    "pretrain_world",
    "report",
    "report_folder",
]

FRANCE = "The capital of France is [MASK]."


def full_recipe(**changes: Any) -> WorldRecipe:
    """Give the recipe of the shipped weights: longer, with more documents."""
    return WorldRecipe(**({"steps": 16_000, "document_share": 0.4} | changes))


def minute_recipe(**changes: Any) -> WorldRecipe:
    """Give the recipe that knows the world soonest: chapter 20's optimizer, 800 steps.

    Its rate is for Muon; with `optimizer="adamw"` take `WorldRecipe` itself.
    """
    usual: dict[str, Any] = {"optimizer": "muon", "steps": 800, "learning_rate": 5e-3}
    return WorldRecipe(**(usual | changes))


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


def report_folder(
    folder: Path, seed: int | None = None, allow_bin: bool = False
) -> dict[str, Any]:
    """Measure a saved model on the world that its report.json names.

    Args:
        folder: as `pretrain_world` writes it.
        seed: another world's, to see what is known of it.
        allow_bin: read an old pytorch_model.bin if there is nothing better.

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
    model = BertForPreTraining.from_pretrained(folder, allow_bin=allow_bin)
    return report(model, data)


def pretrain_world(
    recipe: WorldRecipe | None = None,
    mix: Mix = QUICK,
    *,
    output: str | Path | None = None,
    log_file: str | Path | None = None,
    progress: bool | None = None,
    on_step: Callable[[int, dict[str, Any]], None] | None = None,
    probe_every: int = 0,
    save_every: int = 0,
    resume: bool = False,
    longer: bool = False,
) -> WorldRun:
    """Train a model on World(recipe.seed) and measure what it has learned.

    Args:
        recipe: all choices of the run; the default is the book's.
        mix: what the corpus is made of.
        output: folder for the model, its vocabulary, `report.json` and, while it
            trains, states/; None keeps nothing but what is returned.
        log_file: JSON lines, one a logged step.
        progress: show a progress bar; None means only on a terminal.
        on_step: called after each step with its number and record.
        probe_every: steps between measurements of recall; 0 means none. They
            are in `report["curve"]` and cost about a tenth of a second each.
        save_every: steps between two training states, as in `pretrain_corpus`.
        resume: go on from the newest state in `output`, bit by bit as if the run had
            not been stopped.
        longer: the run to be resumed, finished or not, gets more steps.

    Returns:
        The trained model, its data, the log and the report.

    Raises:
        UserError: the folder is in use, or holds another run and `resume` is false;
            or it is to be resumed without an output.
        CheckpointError: there is no state to resume from, or it is of another run.
        KeyboardInterrupt: at Ctrl-C or SIGTERM, with an output after saving a state.
    """
    recipe = recipe or WorldRecipe()
    if output is None:
        if resume:
            raise UserError("output must name the folder of the run to be resumed")
        return _run(recipe, mix, None, log_file, progress, on_step, probe_every)
    folder = Path(output)
    with RunLock(folder):
        sweep_run(folder, resume)
        keeper = StateKeeper(folder, _identity(recipe, mix), save_every, resume, longer)
        run = _run(recipe, mix, keeper, log_file, progress, on_step, probe_every)
        _save(run, folder)
    return run


def _run(
    recipe: WorldRecipe,
    mix: Mix,
    keeper: StateKeeper | None,
    log_file: str | Path | None,
    progress: bool | None,
    on_step: Callable[[int, dict[str, Any]], None] | None,
    probe_every: int,
) -> WorldRun:
    """Train and measure; the folder is ready."""
    curve = _Curve(probe_every)
    torch.manual_seed(recipe.seed)
    data = WorldData(World(recipe.seed, mix), recipe)
    if keeper is not None:
        refuse_other_vocabulary(keeper.folder.parent, data.tokenizer.id_to_token)
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    untrained = report(model, data)
    curve.ask(data)
    records = train(
        model,
        data.batches(recipe),
        recipe.training_config(),
        judge=curve,
        device=torch.device("cpu"),
        log_file=log_file,
        progress=progress,
        on_step=on_step,
        keeper=keeper,
    )
    trained = report(model, data)
    wall, cpu = curve.seconds()
    result = {
        "trained": trained,
        "untrained": untrained,
        **_choices(recipe, mix, model, data),
        "curve": curve.points,
        "seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        **versions(),
    }
    return WorldRun(model, data, records, result)


class _Curve:
    """A run's clock, and recall in new wordings every so many steps; 0: never.

    It is a `Judge`: the states include it.
    """

    is_over = False

    def __init__(self, every: int) -> None:
        """Start the clock, without any point."""
        self.every = every
        self.points: list[dict[str, float]] = []
        self._before = 0.0, 0.0  # seconds of the parts of the run before this one
        self._started = time.perf_counter(), time.process_time()

    def ask(self, data: WorldData) -> None:
        """Take the questions."""
        self.probes, self.tokenizer = data.world.probes("rephrased"), data.tokenizer

    def seconds(self) -> tuple[float, float]:
        """Give the seconds of the run so far, of the wall's clock and the processor."""
        wall, cpu = self._before
        return (
            wall + time.perf_counter() - self._started[0],
            cpu + time.process_time() - self._started[1],
        )

    def after_step(
        self, step: int, trainer: Trainer, window: Window, log: RunLog
    ) -> None:
        """Measure, if it is time."""
        if self.every and step % self.every == 0:
            answers = answer_probes(trainer.model, self.tokenizer, self.probes)
            self.points.append({"step": step, "recall": recall(answers).share})
            trainer.model.train()

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Give the points and the seconds."""
        return {}, {"curve": self.points, "seconds": self.seconds()}

    def load_state(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self.points = list(values["curve"])
        wall, cpu = values["seconds"]
        self._before = wall, cpu


def _identity(recipe: WorldRecipe, mix: Mix) -> Identity:
    """Gather what must not change between the parts of a run."""
    values = {"recipe": asdict(recipe), "mix": asdict(mix)}
    identity: Identity = json.loads(json.dumps(values))
    return identity


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
    run.data.tokenizer.save(folder, run.model.config.max_position_embeddings)
    replace_json(folder / "report.json", run.report)
