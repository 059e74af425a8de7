"""Commands that use a fine-tuned model: predict, and evaluate on labels.

What is large is imported by the command that needs it, so that --help is quick.

Chapter: 0
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.finetune import TASKS, add_columns, reading_of
from bert_tutorial.cli.reading import add_source, model_folder
from bert_tutorial.files.errors import UserError

if TYPE_CHECKING:
    from bert_tutorial.tasks.task import Head, Prediction, Row, Task

__all__ = ["add_predict_command", "run_task_evaluate"]


def add_predict_command(commands: Any) -> None:
    """Declare the command and its options."""
    predict = commands.add_parser("predict", help="use a fine-tuned model on texts")
    predict.add_argument("texts", nargs="*", metavar="TEXT")
    predict.add_argument("--input", metavar="FILE", help="instead of TEXT")
    predict.add_argument("--question", help="with --task qa: about each TEXT")
    predict.add_argument("--task", choices=TASKS, help="that of the model's run")
    predict.add_argument("--model", required=True, help="folder or hub id")
    add_source(predict)
    add_columns(predict, rows=False)
    predict.set_defaults(run=run_predict)


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
            say=print,
        )

    scores = with_task(task_name(folder, options.task), run)
    for name, value in scores.items():
        print(f"{name:<16} {value:8.4f}")
    print(json.dumps({name: round(value, 4) for name, value in scores.items()}))


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
    folder = model_folder(options)

    def run(task: "Task[Row, Head]", /) -> "list[Prediction]":
        data: Path | Sequence[Row]
        if options.input:
            data = Path(options.input)
        else:
            data = task.from_words(options.texts, options.question)
        return predict_rows(
            task, folder, data, reading=reading, allow_bin=options.allow_bin
        )

    for found in with_task(task_name(folder, options.task), run):
        print(json.dumps(found, ensure_ascii=False))
