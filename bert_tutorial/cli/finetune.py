"""The command finetune, and the options that it shares with evaluate and predict.

What is large is imported by the command that needs it, so that `--help` is quick.

Chapter: 0
"""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.cli.reading import (
    add_machine_options,
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

TASKS = ("sentiment", "regression", "tagging", "qa", "summarize")


def add_columns(command: Any, with_labels: bool = True) -> None:
    """Declare how a table is read."""
    group = command.add_argument_group("reading")
    group.add_argument("--lenient", action="store_true", help="skip and count bad rows")
    number = "or its number from 1"
    group.add_argument(
        "--text-column", metavar="NAME", help=f"column of the texts, {number}"
    )
    group.add_argument(
        "--pair-column", metavar="NAME", help=f"column of the second texts, {number}"
    )
    if with_labels:
        group.add_argument(
            "--label-column", metavar="NAME", help=f"column of the labels, {number}"
        )
    else:
        command.set_defaults(label_column=None)


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
    "min_steps",
    "batch_size",
    "weight_decay",
    "warmup_fraction",
    "evaluate_every",
    "patience",
    "precision",
)


def add_finetune_command(commands: Any) -> None:
    """Declare the command and its options."""
    tune = commands.add_parser("finetune", help="fine-tune a model on labelled data")
    tune.add_argument("--task", choices=TASKS, required=True, help="what to learn")
    tune.add_argument("--data", required=True, metavar="FILE", help="to learn from")
    tune.add_argument("--dev", metavar="FILE", help="chooses the state that is kept")
    tune.add_argument(
        "--test", metavar="FILE", help="judges the chosen state, once a run"
    )
    tune.add_argument(
        "--model", help="folder, hub id or english (default: the shipped mini-world)"
    )
    add_source(tune)
    tune.add_argument(
        "--output", required=True, metavar="FOLDER", help="where to save the model"
    )
    add_columns(tune)
    add_training(tune)
    tune.set_defaults(run=run_finetune)


def add_training(command: Any) -> None:
    """Declare how the model is trained."""
    train = command.add_argument_group("training")
    train.add_argument(
        "--epochs",
        type=float,
        help="passes over the data (default: 3, and at least --min-steps)",
    )
    train.add_argument("--steps", type=positive, help="steps, instead of --epochs")
    train.add_argument(
        "--min-steps",
        type=positive,
        help="train at least so many steps on few examples (default: 200; with "
        "--epochs or --steps as these say)",
    )
    train.add_argument(
        "--batch-size", type=positive, help="examples a step (default: 32)"
    )
    train.add_argument(
        "--learning-rate",
        type=float,
        help="the highest one (default: by the model's size and task, 5e-5 to 2e-3)",
    )
    train.add_argument("--weight-decay", type=float, help="of AdamW (default: 0.01)")
    train.add_argument(
        "--warmup-fraction",
        type=float,
        help="part of the steps in which the rate rises (default: 0.1)",
    )
    train.add_argument(
        "--dropout", type=float, help="probability (default: the model's own)"
    )
    add_choosing(train)
    add_running(train)


def add_choosing(train: Any) -> None:
    """Declare when a state is judged, how many runs there are, and what counts."""
    train.add_argument(
        "--evaluate-every",
        type=positive,
        help="with --dev: steps between evaluations (default: an epoch)",
    )
    train.add_argument(
        "--patience",
        type=positive,
        help="with --dev: stop after so many evaluations without a better one "
        "(default: never)",
    )
    train.add_argument(
        "--seeds",
        type=seed_number,
        nargs="+",
        default=[0],
        help="one run for each (default: 0)",
    )
    train.add_argument(
        "--class-weights",
        action="store_true",
        help="sentiment: weigh rare classes up in the loss",
    )


def add_running(train: Any) -> None:
    """Declare how rows are cut, how often is saved, and where it runs."""
    train.add_argument(
        "--max-length",
        type=positive,
        help="tokens of a window (default: 128; qa 384, summarize 512; at most what "
        "the model has positions for)",
    )
    train.add_argument(
        "--stride",
        type=positive,
        help="all but summarize: pieces from one window to the next (default: half a "
        "window; qa a third)",
    )
    train.add_argument(
        "--save-every",
        type=int,
        default=500,
        metavar="STEPS",
        help="steps between two training states (default: 500; 0: only when stopped, "
        "and such a run cannot get more steps)",
    )
    train.add_argument(
        "--resume",
        nargs="?",
        const="always",
        choices=["always", "longer"],
        help="go on from the newest training state in --output (default: start a new "
        "run; --resume alone: always). A finished run goes on if it gets more --steps "
        "or --epochs, from the state that it leaves in states/; longer lets a run that "
        "was stopped have more of them, too",
    )
    add_machine_options(train)
    train.add_argument(
        "--threads", type=positive, help="of the processor (default: torch's choice)"
    )


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
    if not options.model:
        print(
            f"no --model: this starts from {folder.name}, the small shipped model; "
            "for real text give --model FOLDER or a hub id"
        )

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
    print(f"in {options.output}; next:")
    model = options.output
    if not Path(model, "run.json").is_file():  # there are several, a folder each
        model = str(Path(model) / f"seed-{options.seeds[0]}")
    for use in ("evaluate --data FILE", "predict --input FILE"):
        print(f"  python -m bert_tutorial {use} --model {shlex.quote(model)}")


def recipe_of(options: argparse.Namespace, folder: Path) -> "FineTuningConfig":
    """Gather the choices of the training."""
    from bert_tutorial.tasks.fine_tuning import FineTuningConfig
    from bert_tutorial.tasks.run import USUAL_STEPS, usual_rate

    values = given(options, RECIPE)
    if options.steps is None and options.epochs is None:
        values.setdefault("min_steps", USUAL_STEPS)
    rate = options.learning_rate
    if rate is None:
        rate = usual_rate(folder, options.task)
    return FineTuningConfig(learning_rate=rate, **values)


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
        resume=options.resume is not None,
        longer=options.resume == "longer",
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
    if options.steps and options.min_steps:
        raise UserError("--min-steps does nothing with --steps; leave it out")
    if len(set(options.seeds)) < len(options.seeds) or min(options.seeds) < 0:
        raise UserError(
            f"--seeds must be different numbers from 0 up, got {options.seeds}"
        )
    if options.class_weights and options.task != "sentiment":
        raise UserError("--class-weights is for the task sentiment only")
