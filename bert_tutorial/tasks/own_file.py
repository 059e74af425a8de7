"""Learn from a labelled file of any task, and judge on the rows that were kept out.

The few lines of a reader who has a file and wants to know what it gives: the last
tenth of the file is the test, and the model's own vocabulary and device are used.

Chapter: 14
"""

import random
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import read_json
from bert_tutorial.files.hub import find_folder
from bert_tutorial.tasks.fine_tuning import FineTuningConfig
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.run import (
    RunOptions,
    fine_tune_model,
    keep_usable,
    usual_rate,
)
from bert_tutorial.tasks.task import Head, Reading, Row, Task

__all__ = ["OwnFile", "learn_from_file"]


class OwnFile(NamedTuple):
    """What a file gave: rows learned from, rows judged, the scores, what was read."""

    train: int
    test: int
    scores: dict[str, float]
    report: str

    def __str__(self) -> str:
        """Tell it in two lines, or in as many more as the reading had to say."""
        scores = ", ".join(f"{name} {value:.3f}" for name, value in self.scores.items())
        rows = f"{self.train} rows learned from, {self.test} judged"
        return f"{rows}: {scores}\n{self.report}"


def learn_from_file(
    task: Task[Row, Head],
    file: str | Path,
    model: str | Path,
    *,
    most: int = 512,
    steps: int = 64,
    batch_size: int = 16,
    max_length: int = 128,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
) -> OwnFile:
    """Fine-tune a model on a file and judge it on the file's last tenth, once.

    Nothing is chosen on the test rows. Neighbours in a file are often alike (questions
    about one passage), so the test is its end, and not rows from everywhere.

    Args:
        task: such as `SENTIMENT`.
        file: as the task's reader takes it; bad rows are left out and counted.
        model: folder or hub id of an encoder.
        most: rows to learn from at most, drawn from the rest of the file.
        steps: optimizer steps.
        batch_size: windows a step.
        max_length: tokens of a window, at most those of the model.
        columns: of a table, see `Reading`.
        seed: of the draw, of new weights, of the order.

    Raises:
        UserError: if the file cannot be used, or has fewer than two rows.
    """
    rows = task.read(Path(file), False, columns or {})
    if len(rows) < 2:
        raise UserError(f"{file} must have at least 2 rows, got {len(rows)}")
    cut = max(1, len(rows) // 10)
    train, test = Rows[Row](rows.source), Rows[Row](rows.source)
    test.extend(rows[-cut:][:most])
    train.extend(random.Random(seed).sample(rows[:-cut], min(most, len(rows) - cut)))
    names = task.names(train, rows.source)
    keep_usable(task, test, names, is_strict=False)  # of a label that was not learned
    folder = find_folder(model)
    recipe = FineTuningConfig(
        steps=steps, batch_size=batch_size, learning_rate=usual_rate(folder, task.name)
    )
    positions = read_json(folder / "config.json").get("max_position_embeddings", 512)
    options = RunOptions(seeds=(seed,), max_length=min(max_length, positions))
    with TemporaryDirectory() as work:
        (report,) = fine_tune_model(
            task,
            folder,
            train,
            Path(work, "model"),
            test=test,
            recipe=recipe,
            options=options,
            reading=Reading(is_strict=False),
        )
    return OwnFile(len(train), len(test), report["test"], rows.report())
