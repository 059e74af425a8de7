"""Use a fine-tuned model: evaluate it on labelled rows, predict on rows without.

Chapter: 0
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, cast

import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import read_json
from bert_tutorial.files.hub import find_folder
from bert_tutorial.tasks.run import keep_usable, labelled_rows
from bert_tutorial.tasks.task import Head, Prediction, Reading, Row, Shape, Task
from bert_tutorial.tokenization.coverage import coverage
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import check_vocabulary_size
from bert_tutorial.training.device import autocast_dtype, mixed

__all__ = ["evaluate_model", "predict_rows", "task_name"]

CPU = torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class Opened(Generic[Head]):
    """A fine-tuned model with what it is used with."""

    model: Head
    tokenizer: BertTokenizer
    names: list[str]
    shape: Shape

    def at(self, threshold: float | None) -> "Opened[Head]":
        """Answer questions at another threshold; None keeps the model's own."""
        if threshold is None:
            return self
        return replace(self, shape=self.shape._replace(threshold=threshold))


def task_name(folder: Path, asked: str | None = None) -> str:
    """Decide for which task a model is used: what run.json says that it is for.

    Args:
        folder: of the model.
        asked: what is asked for; without a run.json, that is taken.

    Raises:
        UserError: if it was made for another task, or nothing says for which.
    """
    file = folder / "run.json"
    found = read_json(file).get("task") if file.is_file() else None
    if asked is None:
        if isinstance(found, str):
            return found
        if (folder / "seeds.json").is_file():
            raise UserError(
                f"{folder} has a model for each seed; name one of them, such as "
                f"{next(iter(sorted(folder.glob('seed-*'))), folder / 'seed-0')}"
            )
        raise UserError(f"{folder} does not say for which task it is; give --task")
    if isinstance(found, str) and found != asked:
        raise UserError(f"{folder} was fine-tuned for {found}, not for {asked}")
    return asked


def open_model(
    task: Task[Row, Head], folder: Path, *, allow_bin: bool = False
) -> Opened[Head]:
    """Open a fine-tuned model with its tokenizer, labels and shape.

    Raises:
        UserError: if it was made for another task, or has no head for this one.
    """
    file = folder / "run.json"
    run = read_json(file) if file.is_file() else {}
    task_name(folder, task.name)
    model = task.model.from_pretrained(folder, allow_bin=allow_bin)
    heads = [key for key in model.missing_keys if not key.startswith("pooler.")]
    if heads:
        raise UserError(
            f"{folder} has no head for {task.name} ({heads[0]} is missing); "
            "finetune first"
        )
    tokenizer = BertTokenizer.from_pretrained(folder)
    check_vocabulary_size(folder, len(tokenizer), model.config.vocab_size)
    shape = task.shape(
        model.config.max_position_embeddings,
        whole(file, run.get("max_length")),
        whole(file, run.get("stride")),
    )._replace(threshold=limit(file, run.get("threshold")))
    count = model.config.num_labels
    names = list(model.config.id2label or (f"LABEL_{i}" for i in range(count)))
    return Opened(model=model, tokenizer=tokenizer, names=names, shape=shape)


def whole(file: Path, value: object) -> int | None:
    """Take a number of run.json as it must be.

    Raises:
        UserError: if it is no whole number from 1 up, nor None.
    """
    if value is None or (type(value) is int and value > 0):
        return value
    raise UserError(f"{file}: lengths must be whole numbers from 1 up, got {value!r}")


def limit(file: Path, value: object) -> float | None:
    """Take the threshold of run.json as it must be.

    Raises:
        UserError: if it is neither a number nor None.
    """
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(cast(float, value)):
        return float(cast(float, value))
    raise UserError(f"{file}: threshold must be a number or null, got {value!r}")


def evaluate_model(
    task: Task[Row, Head],
    model: str | Path,
    data: str | Path | Sequence[Row],
    *,
    reading: Reading | None = None,
    revision: str | None = None,
    allow_bin: bool = False,
    threshold: float | None = None,
    precision: str | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, float]:
    """Judge a fine-tuned model on labelled data.

    Args:
        task: that of the model.
        model: its folder, or a hub id.
        data: a file, or rows.
        reading: how a file is read.
        revision: commit, branch or tag on the hub.
        allow_bin: read an old pytorch_model.bin where there is nothing better.
        threshold: of questions, instead of the model's own; see `Shape`.
        precision: of matrix products, see `autocast_dtype`; None: fp32.
        say: is told what was read, and what is cut or lost of it.

    Returns:
        The task's scores by name, such as "accuracy" or "f1", from 0 to 1; see
        `value_scores` for values on a scale.

    Raises:
        UserError: the model or the data cannot be used; the text says why.
    """
    dtype = autocast_dtype(CPU, precision)
    folder = find_folder(model, revision, allow_bin)
    opened = open_model(task, folder, allow_bin=allow_bin).at(threshold)
    task.check(opened.model.config)
    reading, say = reading or Reading(), say or (lambda line: None)
    rows = labelled_rows(task, data, "data", reading)
    keep_usable(task, rows, opened.names, reading.is_strict)
    say(rows.report())
    known = coverage(opened.tokenizer, task.texts(rows))
    known.check(rows.source)
    notes = [*task.describe(rows), known.report()]
    for note in [*notes, *task.notes(opened.tokenizer, rows, opened.shape)]:
        say(f"{rows.source}: {note}")
    if opened.shape.threshold is None and task.threshold(rows) is not None:
        say(
            "notice: the model has no threshold for questions without an answer, so it "
            'always answers; --threshold 0 lets "no answer" win where it scores higher'
        )
    with mixed(CPU, dtype):
        return task.score(
            opened.model,
            opened.tokenizer,
            rows,
            opened.names,
            opened.shape,
            rows.source,
        )


def predict_rows(
    task: Task[Row, Head],
    model: str | Path,
    data: str | Path | Sequence[Row],
    *,
    reading: Reading | None = None,
    revision: str | None = None,
    allow_bin: bool = False,
    threshold: float | None = None,
    precision: str | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Prediction]:
    """Use a fine-tuned model on data without labels.

    Args:
        task: that of the model.
        model: its folder, or a hub id.
        data: a file, or rows; of texts, `task.from_words` makes rows.
        reading: how a file is read.
        revision: commit, branch or tag on the hub.
        allow_bin: read an old pytorch_model.bin where there is nothing better.
        threshold: of questions, instead of the model's own; see `Shape`.
        precision: of matrix products, see `autocast_dtype`; None: fp32.
        say: is told what was left out or cut, and of unknown words, if anything.

    Returns:
        What is said of each row, by name, such as "label" and "probability".

    Raises:
        UserError: the model or the data cannot be used; the text says why.
    """
    dtype = autocast_dtype(CPU, precision)
    folder = find_folder(model, revision, allow_bin)
    opened = open_model(task, folder, allow_bin=allow_bin).at(threshold)
    reading, say = reading or Reading(), say or (lambda line: None)
    rows: Sequence[Row]
    if isinstance(data, str | Path):
        found = task.read_texts(Path(data), reading.is_strict, reading.columns)
        if found.skipped or found.notes:
            say(found.report())
        rows = found
    else:
        rows = data
    known = coverage(opened.tokenizer, task.texts(rows))
    notes = [known.report()] if known.is_odd else []
    for note in [*notes, *task.notes(opened.tokenizer, rows, opened.shape)]:
        say(note)
    with mixed(CPU, dtype):
        return task.predict(
            opened.model, opened.tokenizer, rows, opened.names, opened.shape
        )
