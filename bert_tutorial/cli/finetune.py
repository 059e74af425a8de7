"""The command finetune, and the options that it shares with evaluate and predict.

What is large is imported by the command that needs it, so that --help is quick.

Chapter: 0
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.reading import (
    add_source,
    check_vocabulary_size,
    model_folder,
    positive,
    seed_number,
)
from bert_tutorial.files.errors import UserError

if TYPE_CHECKING:
    from bert_tutorial.tasks.fine_tuning import FineTuningConfig
    from bert_tutorial.tasks.run import Job
    from bert_tutorial.tasks.task import Shape, Task

__all__ = ["TASKS", "add_columns", "add_finetune_command", "columns_of", "shape_of"]

TASKS = ("sentiment", "tagging", "qa", "summarize")


def add_columns(command: Any, rows: bool = True) -> None:
    """Declare how a table is read."""
    group = command.add_argument_group("reading")
    if rows:
        group.add_argument(
            "--lenient", action="store_true", help="skip and count bad rows"
        )
        group.add_argument("--label-column", metavar="NAME", help="or a number")
    group.add_argument("--text-column", metavar="NAME", help="or a number")
    group.add_argument("--pair-column", metavar="NAME", help="of a second text")


def columns_of(options: argparse.Namespace) -> dict[str, str]:
    """Gather the named columns."""
    found = {
        key: getattr(options, f"{key}_column", None)
        for key in ("text", "pair", "label")
    }
    return {key: name for key, name in found.items() if name}


def shape_of(
    task: "Task", positions: int, length: int | None, stride: int | None
) -> "Shape":
    """Decide how long a window is.

    Raises:
        UserError: if it is longer than the model's positions.
    """
    from bert_tutorial.tasks.task import Shape

    if length is not None and length > positions:
        raise UserError(
            f"--max-length must be at most {positions}, the positions of the model, "
            f"got {length}"
        )
    length = length or min(positions, task.max_length)
    return Shape(length, stride or task.stride(length))


RECIPE = (
    "epochs",
    "steps",
    "batch_size",
    "weight_decay",
    "warmup_fraction",
    "evaluate_every",
    "patience",
)


def add_finetune_command(commands: Any) -> None:
    """Declare the command and its options."""
    tune = commands.add_parser("finetune", help="fine-tune a model on labelled data")
    tune.add_argument("--task", choices=TASKS, required=True)
    tune.add_argument("--data", required=True, metavar="FILE", help="to learn from")
    tune.add_argument("--dev", metavar="FILE", help="chooses the state that is kept")
    tune.add_argument("--test", metavar="FILE", help="judges the chosen state, once")
    tune.add_argument("--model", help="folder or hub id; the shipped one if not given")
    add_source(tune)
    tune.add_argument("--output", required=True, metavar="FOLDER")
    add_columns(tune)
    add_training(tune)
    tune.set_defaults(run=run_finetune)


def add_training(command: Any) -> None:
    """Declare how the model is trained."""
    train = command.add_argument_group("training")
    train.add_argument("--epochs", type=float)
    train.add_argument("--steps", type=positive, help="instead of --epochs")
    train.add_argument("--batch-size", type=positive)
    train.add_argument(
        "--learning-rate", type=float, help="by the model's size if not given"
    )
    train.add_argument("--weight-decay", type=float)
    train.add_argument("--warmup-fraction", type=float)
    train.add_argument("--dropout", type=float, help="the model's own if not given")
    train.add_argument("--evaluate-every", type=positive, metavar="STEPS")
    train.add_argument(
        "--patience", type=positive, help="evaluations without a better one"
    )
    train.add_argument("--seeds", type=seed_number, nargs="+", default=[0])
    train.add_argument(
        "--class-weights", action="store_true", help="rare classes count as much"
    )
    train.add_argument("--max-length", type=positive, help="tokens of a window")
    train.add_argument("--stride", type=positive, help="pieces between two windows")
    train.add_argument("--save-every", type=int, default=500, metavar="STEPS")
    train.add_argument("--resume", action="store_true", help="go on in --output")
    train.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"])
    train.add_argument("--threads", type=positive, help="of the processor")


def run_finetune(options: argparse.Namespace) -> None:
    """Read, train a model for each seed, save, and say how it went."""
    import torch

    from bert_tutorial.tasks.run import print_reports, run_seeds

    check_options(options)
    if options.threads:
        torch.set_num_threads(options.threads)
    job = prepare(options)
    reports = run_seeds(job, options.seeds, Path(options.output), options)
    print_reports(reports)
    print(f"in {options.output}")


def prepare(options: argparse.Namespace) -> "Job":
    """Read and check all that the runs need, before the first of them begins."""
    from bert_tutorial.files.folder import read_json
    from bert_tutorial.model.config import BertConfig
    from bert_tutorial.tasks.registry import find_task
    from bert_tutorial.tasks.run import Job
    from bert_tutorial.tokenization.tokenizer import BertTokenizer
    from bert_tutorial.training.device import pick_device

    task = find_task(options.task)
    folder = model_folder(options)
    own = BertConfig.from_dict(read_json(folder / "config.json"))
    tokenizer = BertTokenizer.from_pretrained(folder)
    check_vocabulary_size(folder, len(tokenizer), own.vocab_size)
    recipe = recipe_of(options, own.hidden_size)
    positions = own.max_position_embeddings
    shape = shape_of(task, positions, options.max_length, options.stride)
    train, dev, test = read_parts(options, task)
    names = task.names(train, train.source)
    changes = changes_of(options, names)
    own.changed(**changes)  # refuse a bad one before any work
    print_overlap(options.task, train, dev, test)
    examples = task.encode(tokenizer, train, names, shape, train.source)
    for rows in filter(None, (dev, test)):
        task.check(tokenizer, rows, names, shape, rows.source)
    return Job(
        name=options.task,
        task=task,
        folder=folder,
        tokenizer=tokenizer,
        names=names,
        shape=shape,
        config=recipe,
        train=train,
        examples=examples,
        dev=dev,
        test=test,
        changes=changes,
        is_weighted=options.class_weights,
        device=pick_device(options.device or "auto"),
    )


def recipe_of(options: argparse.Namespace, hidden_size: int) -> "FineTuningConfig":
    """Gather the choices of the training."""
    from bert_tutorial.tasks.fine_tuning import FineTuningConfig

    return FineTuningConfig(
        learning_rate=options.learning_rate or rate_for(hidden_size),
        **given(options, RECIPE),
    )


def read_parts(options: argparse.Namespace, task: "Task") -> tuple[Any, Any, Any]:
    """Read the rows to learn from, to choose by and to judge by, and report each."""
    columns, is_strict = columns_of(options), not options.lenient
    files = [options.data, options.dev, options.test]
    parts = [
        task.read(Path(file), is_strict, columns) if file else None for file in files
    ]
    for rows in filter(None, parts):
        print(rows.report())
    train, dev, test = parts
    return train, dev, test


def changes_of(options: argparse.Namespace, names: list[str] | None) -> dict[str, Any]:
    """Gather what the model's configuration is to have otherwise."""
    changes: dict[str, Any] = {} if names is None else {"id2label": tuple(names)}
    if options.dropout is not None:
        changes["hidden_dropout_prob"] = options.dropout
        changes["attention_probs_dropout_prob"] = options.dropout
    return changes


def rate_for(hidden_size: int) -> float:
    """Choose a learning rate: small models want, and stand, a higher one."""
    return 5e-5 if hidden_size >= 512 else 3e-4 if hidden_size >= 128 else 2e-3


def given(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Gather the options that were given."""
    found = {name: getattr(options, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def check_options(options: argparse.Namespace) -> None:
    """Refuse options that would do nothing or break later.

    Raises:
        UserError: naming the option.
    """
    for name in ("evaluate_every", "patience"):
        if getattr(options, name) and not options.dev:
            flag = "--" + name.replace("_", "-")
            raise UserError(f"{flag} does nothing without --dev; leave it out")
    if options.steps and options.epochs:
        raise UserError("--steps and --epochs say the same; leave one out")
    if len(set(options.seeds)) < len(options.seeds) or min(options.seeds) < 0:
        raise UserError(
            f"--seeds must be different numbers from 0 up, got {options.seeds}"
        )
    if options.class_weights and options.task != "sentiment":
        raise UserError("--class-weights is for the task sentiment only")


def print_overlap(name: str, train: Any, dev: Any, test: Any) -> None:
    """Say how many texts of dev and test stand in the training file, too."""
    from bert_tutorial.tasks.sentiment.labels import overlap

    for part, rows in (("dev", dev), ("test", test)):
        if rows is not None and name == "sentiment":
            print(overlap(train, rows).report(part))
