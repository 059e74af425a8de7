"""Commands that use a fine-tuned model: predict, and evaluate on labels.

What is large is imported by the command that needs it, so that `--help` is quick.

Chapter: 0
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.finetune import TASKS, add_columns, reading_of
from bert_tutorial.cli.reading import add_precision, add_source, model_folder
from bert_tutorial.files.errors import UserError

if TYPE_CHECKING:
    from bert_tutorial.tasks.task import Head, Prediction, Row, Task

__all__ = ["add_predict_command", "add_threshold", "json_line", "run_task_evaluate"]


def add_predict_command(commands: Any) -> None:
    """Declare the command and its options."""
    predict = commands.add_parser("predict", help="use a fine-tuned model on texts")
    predict.add_argument("texts", nargs="*", metavar="TEXT", help="any texts")
    predict.add_argument("--input", metavar="FILE", help="instead of TEXT")
    predict.add_argument("--question", help="with a model of qa: about each TEXT")
    predict.add_argument(
        "--task", choices=TASKS, help="the task (default: that of the model's run)"
    )
    predict.add_argument("--model", required=True, help="folder or hub id")
    add_source(predict)
    add_columns(predict, with_labels=False)
    add_threshold(predict)
    add_precision(predict)
    predict.set_defaults(run=run_predict)


def add_threshold(command: Any) -> None:
    """Declare when a question gets no answer."""
    command.add_argument(
        "--threshold",
        type=float,
        help='with a model of qa: say nothing where "no answer" scores higher by more '
        "than this (default: that of the model's run; without one, always answer)",
    )


def run_task_evaluate(options: argparse.Namespace) -> None:
    """Judge a fine-tuned model on labelled data."""
    from bert_tutorial.tasks.registry import with_task
    from bert_tutorial.tasks.use import evaluate_model, task_name

    folder = model_folder(options)

    def run(task: "Task[Row, Head]", /) -> dict[str, float]:
        return evaluate_model(
            task,
            folder,
            Path(options.data),
            reading=reading_of(options),
            allow_bin=options.allow_bin,
            threshold=options.threshold,
            precision=options.precision,
            say=print,
        )

    name = task_name(folder, options.task)
    check_threshold(options, name)
    scores = with_task(name, run)
    print(json_line({name: round(value, 4) for name, value in scores.items()}))


def check_threshold(options: argparse.Namespace, task: str) -> None:
    """Refuse a threshold that is no number, or where none is used.

    Raises:
        UserError: saying which.
    """
    if options.threshold is None:
        return
    if task != "qa":
        raise UserError("--threshold is for the task qa only; leave it out")
    if not math.isfinite(options.threshold):
        raise UserError(f"--threshold must be a number, got {options.threshold}")


def json_line(values: Mapping[str, object]) -> str:
    """Write values as one line of JSON, which has no NaN and no infinity.

    Raises:
        FloatingPointError: if there is one.
    """
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise FloatingPointError(
            f"a result must be a number, got NaN or infinity in {values}; the model's "
            "weights are damaged, or the training that made them diverged"
        ) from None


def run_predict(options: argparse.Namespace) -> None:
    """Print a line of JSON for each text."""
    from bert_tutorial.tasks.registry import with_task
    from bert_tutorial.tasks.use import predict_rows, task_name

    reading = reading_of(options)
    if bool(options.texts) == bool(options.input):
        raise UserError("predict needs either TEXT or --input FILE")
    if options.input and options.question is not None:
        raise UserError("--question goes with TEXT; a file has its own questions")
    if options.texts and reading.columns:
        raise UserError("columns can be named with --input only; leave them out")
    if options.texts and options.lenient:
        raise UserError("--lenient goes with --input; leave it out")
    folder = model_folder(options)

    def run(task: "Task[Row, Head]", /) -> "list[Prediction]":
        data: Path | Sequence[Row]
        if options.input:
            data = Path(options.input)
        else:
            data = task.from_words(options.texts, options.question)
        return predict_rows(
            task,
            folder,
            data,
            reading=reading,
            allow_bin=options.allow_bin,
            threshold=options.threshold,
            precision=options.precision,
            say=lambda line: print(line, file=sys.stderr),
        )

    name = task_name(folder, options.task)
    check_threshold(options, name)
    for found in with_task(name, run):
        print(json_line(found))
