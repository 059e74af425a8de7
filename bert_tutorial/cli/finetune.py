"""The command finetune, and the options that it shares with evaluate and predict.

What is large is imported by the command that needs it, so that --help is quick.

Chapter: 0
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.reading import (
    add_source,
    model_folder,
    positive,
    seed_number,
)
from bert_tutorial.files.errors import UserError

if TYPE_CHECKING:
    from bert_tutorial.tasks.fine_tuning import FineTuningConfig
    from bert_tutorial.tasks.run import Report, RunOptions
    from bert_tutorial.tasks.task import Head, Reading, Row, Task

__all__ = ["TASKS", "add_columns", "add_finetune_command", "reading_of"]

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


def reading_of(options: argparse.Namespace) -> "Reading":
    """Gather the named columns, and what is done with bad rows."""
    from bert_tutorial.tasks.task import Reading

    found = {
        key: getattr(options, f"{key}_column", None)
        for key in ("text", "pair", "label")
    }
    return Reading(
        columns={key: name for key, name in found.items() if name},
        is_strict=not getattr(options, "lenient", False),
    )


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
    """Train a model for each seed, and say how it went."""
    import torch

    from bert_tutorial.tasks.registry import with_task
    from bert_tutorial.tasks.run import fine_tune_model, report_lines

    check_options(options)
    if options.threads:
        torch.set_num_threads(options.threads)
    folder = model_folder(options)
    recipe, choices = recipe_of(options, folder), choices_of(options)

    def run(task: "Task[Row, Head]", /) -> "list[Report]":
        return fine_tune_model(
            task,
            folder,
            Path(options.data),
            options.output,
            dev=Path(options.dev) if options.dev else None,
            test=Path(options.test) if options.test else None,
            recipe=recipe,
            options=choices,
            reading=reading_of(options),
            say=print,
        )

    for line in report_lines(with_task(options.task, run)):
        print(line)
    print(f"in {options.output}")


def recipe_of(options: argparse.Namespace, folder: Path) -> "FineTuningConfig":
    """Gather the choices of the training."""
    from bert_tutorial.tasks.fine_tuning import FineTuningConfig
    from bert_tutorial.tasks.run import usual_rate

    return FineTuningConfig(
        learning_rate=options.learning_rate or usual_rate(folder),
        **given(options, RECIPE),
    )


def choices_of(options: argparse.Namespace) -> "RunOptions":
    """Gather the other choices of the run."""
    from bert_tutorial.tasks.run import RunOptions
    from bert_tutorial.training.device import pick_device

    return RunOptions(
        seeds=options.seeds,
        max_length=options.max_length,
        stride=options.stride,
        dropout=options.dropout,
        is_weighted=options.class_weights,
        save_every=options.save_every,
        resume=options.resume,
        allow_bin=options.allow_bin,
        device=pick_device(options.device or "auto"),
    )


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
