"""Commands that use a fine-tuned model: predict, and evaluate on labels.

What is large is imported by the command that needs it, so that --help is quick.

Chapter: 0
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.finetune import (
    TASKS,
    add_columns,
    columns_of,
    shape_of,
)
from bert_tutorial.cli.reading import (
    add_source,
    check_vocabulary_size,
    model_folder,
)
from bert_tutorial.files.errors import UserError

if TYPE_CHECKING:
    from bert_tutorial.model.checkpoint import PreTrained
    from bert_tutorial.tasks.task import Shape, Task

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


def load(
    options: argparse.Namespace,
) -> tuple["Task", "PreTrained", Any, list[str] | None, "Shape"]:
    """Open a fine-tuned model with its task, tokenizer, labels and shape.

    Raises:
        UserError: if it was made for another task, or does not say for which.
    """
    from bert_tutorial.files.folder import read_json
    from bert_tutorial.tasks.registry import find_task
    from bert_tutorial.tokenization.tokenizer import BertTokenizer

    folder = model_folder(options)
    file = folder / "run.json"
    run = read_json(file) if file.is_file() else {}
    made_for = run.get("task")
    name = options.task or made_for
    if not isinstance(name, str):
        raise UserError(f"{folder} does not say for which task it is; give --task")
    if isinstance(made_for, str) and made_for != name:
        raise UserError(f"{folder} was fine-tuned for {made_for}, not for {name}")
    task = find_task(name)
    model = task.model.from_pretrained(folder, allow_bin=options.allow_bin)
    heads = [key for key in model.missing_keys if not key.startswith("pooler.")]
    if heads:
        raise UserError(
            f"{folder} has no head for {name} ({heads[0]} is missing); finetune first"
        )
    tokenizer = BertTokenizer.from_pretrained(folder)
    check_vocabulary_size(folder, len(tokenizer), model.config.vocab_size)
    shape = shape_of(
        task,
        model.config.max_position_embeddings,
        run.get("max_length"),
        run.get("stride"),
    )
    count = model.config.num_labels
    names = list(model.config.id2label or (f"LABEL_{i}" for i in range(count)))
    return task, model, tokenizer, names, shape


def run_task_evaluate(options: argparse.Namespace) -> None:
    """Judge a fine-tuned model on labelled data."""
    task, model, tokenizer, names, shape = load(options)
    rows = task.read(Path(options.data), not options.lenient, columns_of(options))
    print(rows.report())
    scores = task.score(model, tokenizer, rows, names, shape, rows.source)
    for name, value in scores.items():
        print(f"{name:<16} {value:8.4f}")
    print(json.dumps({name: round(value, 4) for name, value in scores.items()}))


def run_predict(options: argparse.Namespace) -> None:
    """Print a line of JSON for each text."""
    if bool(options.texts) == bool(options.input):
        raise UserError("predict needs either TEXT or --input FILE")
    task, model, tokenizer, names, shape = load(options)
    if options.input:
        if options.question is not None:
            raise UserError("--question goes with TEXT; a file has its own questions")
        rows = task.read_texts(Path(options.input), columns_of(options))
    else:
        if columns_of(options):
            raise UserError("columns can be named with --input only; leave them out")
        rows = task.from_words(options.texts, options.question)
    for line in task.predict(model, tokenizer, rows, names, shape):
        print(line)
