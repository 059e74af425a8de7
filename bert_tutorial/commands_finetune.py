"""Commands for tasks: finetune, predict, and the half of evaluate that needs labels.

What is large is imported by the command that needs it, so that --help is quick.

Chapter: 0
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.commands import add_source, model_folder, positive

if TYPE_CHECKING:
    from bert_tutorial.checkpoint import PreTrained
    from bert_tutorial.commands_tasks import Shape, Task

__all__ = ["TASKS", "add_columns", "add_task_commands", "run_task_evaluate"]

TASKS = ("sentiment", "tagging", "qa", "summarize")


def add_task_commands(commands: Any) -> None:
    """Declare the commands and their options."""
    tune = commands.add_parser("finetune", help="fine-tune a model on labelled data")
    tune.add_argument("--task", choices=TASKS, required=True)
    tune.add_argument("--data", required=True, metavar="FILE", help="to learn from")
    tune.add_argument("--dev", metavar="FILE", help="chooses the state that is kept")
    tune.add_argument("--test", metavar="FILE", help="judges the chosen state, once")
    tune.add_argument("--model", help="folder or hub id; the shipped one if not given")
    add_source(tune)
    tune.add_argument("--output", required=True, metavar="FOLDER")
    add_columns(tune)
    train = tune.add_argument_group("training")
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
    train.add_argument("--seeds", type=int, nargs="+", default=[0])
    train.add_argument(
        "--class-weights", action="store_true", help="rare classes count as much"
    )
    train.add_argument("--max-length", type=positive, help="tokens of a window")
    train.add_argument("--stride", type=positive, help="pieces between two windows")
    train.add_argument("--save-every", type=int, default=500, metavar="STEPS")
    train.add_argument("--resume", action="store_true", help="go on in --output")
    train.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"])
    train.add_argument("--threads", type=positive, help="of the processor")
    tune.set_defaults(run=run_finetune)

    predict = commands.add_parser("predict", help="use a fine-tuned model on texts")
    predict.add_argument("texts", nargs="*", metavar="TEXT")
    predict.add_argument("--input", metavar="FILE", help="instead of TEXT")
    predict.add_argument("--question", help="with --task qa: about each TEXT")
    predict.add_argument("--task", choices=TASKS, help="that of the model's run")
    predict.add_argument("--model", required=True, help="folder or hub id")
    add_source(predict)
    add_columns(predict, rows=False)
    predict.set_defaults(run=run_predict)


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
        ValueError: if it is longer than the model's positions.
    """
    from bert_tutorial.commands_tasks import Shape

    if length is not None and length > positions:
        raise ValueError(
            f"--max-length must be at most {positions}, the positions of the model, "
            f"got {length}"
        )
    length = length or min(positions, task.max_length)
    return Shape(length, stride or task.stride(length))


def rate_for(hidden_size: int) -> float:
    """Choose a learning rate: small models want, and stand, a higher one."""
    return 5e-5 if hidden_size >= 512 else 3e-4 if hidden_size >= 128 else 2e-3


def run_finetune(options: argparse.Namespace) -> None:
    """Read, train a model for each seed, save, and say how it went."""
    import torch

    from bert_tutorial.checkpoint_files import read_json
    from bert_tutorial.commands_finetune_run import Job, report_line, run_seeds, spread
    from bert_tutorial.commands_tasks import find_task
    from bert_tutorial.config import BertConfig
    from bert_tutorial.device import pick_device
    from bert_tutorial.fine_tuning_config import FineTuningConfig
    from bert_tutorial.tokenizer import BertTokenizer

    check_options(options)
    if options.threads:
        torch.set_num_threads(options.threads)
    task = find_task(options.task)
    folder = model_folder(options)
    own = BertConfig.from_dict(read_json(folder / "config.json"))
    tokenizer = BertTokenizer.from_pretrained(folder)
    check_vocabulary(folder, len(tokenizer), own.vocab_size)
    recipe = FineTuningConfig(
        learning_rate=options.learning_rate or rate_for(own.hidden_size),
        **given(options, RECIPE),
    )
    shape = shape_of(
        task, own.max_position_embeddings, options.max_length, options.stride
    )
    columns, is_strict = columns_of(options), not options.lenient
    files = [options.data, options.dev, options.test]
    train, dev, test = (
        task.read(Path(file), is_strict, columns) if file else None for file in files
    )
    assert train is not None
    for rows in filter(None, (train, dev, test)):
        print(rows.report())
    names = task.names(train, train.source)
    changes = {} if names is None else {"id2label": tuple(names)}
    if options.dropout is not None:
        changes["hidden_dropout_prob"] = options.dropout
        changes["attention_probs_dropout_prob"] = options.dropout
    own.changed(**changes)  # refuse a bad one before any work
    print_overlap(options.task, train, dev, test)
    examples = task.encode(tokenizer, train, names, shape, train.source)
    for rows in filter(None, (dev, test)):
        task.check(tokenizer, rows, names, shape, rows.source)
    device = pick_device(options.device or "auto")
    job = Job(
        options.task,
        task,
        folder,
        tokenizer,
        names,
        shape,
        recipe,
        train,
        examples,
        dev,
        test,
        changes,
        options.class_weights,
        device,
    )
    reports = run_seeds(job, options.seeds, Path(options.output), options)
    for report in reports:
        print(report_line(report))
    for part, values in spread(reports).items():
        mean, deviation = values[task.metric]
        print(
            f"{len(reports)} seeds: {part.replace('_', ' ')} {task.metric} "
            f"{mean:.3f}, standard deviation {deviation:.3f}"
        )
    print(f"in {options.output}")


RECIPE = (
    "epochs",
    "steps",
    "batch_size",
    "weight_decay",
    "warmup_fraction",
    "evaluate_every",
    "patience",
)


def given(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Gather the options that were given."""
    found = {name: getattr(options, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def check_options(options: argparse.Namespace) -> None:
    """Refuse options that would do nothing or break later.

    Raises:
        ValueError: naming the option.
    """
    for name in ("evaluate_every", "patience"):
        if getattr(options, name) and not options.dev:
            flag = "--" + name.replace("_", "-")
            raise ValueError(f"{flag} does nothing without --dev; leave it out")
    if options.steps and options.epochs:
        raise ValueError("--steps and --epochs say the same; leave one out")
    if len(set(options.seeds)) < len(options.seeds) or min(options.seeds) < 0:
        raise ValueError(
            f"--seeds must be different numbers from 0 up, got {options.seeds}"
        )
    if options.class_weights and options.task != "sentiment":
        raise ValueError("--class-weights is for the task sentiment only")


def check_vocabulary(folder: Path, pieces: int, size: int) -> None:
    """Refuse a vocabulary that is not the model's."""
    if pieces != size:
        raise ValueError(
            f"{folder}: vocab.txt must have {size} lines as config.json says, "
            f"got {pieces}"
        )


def print_overlap(name: str, train: Any, dev: Any, test: Any) -> None:
    """Say how many texts of dev and test stand in the training file, too."""
    from bert_tutorial.labels import overlap

    for part, rows in (("dev", dev), ("test", test)):
        if rows is not None and name == "sentiment":
            print(overlap(train, rows).report(part))


def load(
    options: argparse.Namespace,
) -> tuple["Task", "PreTrained", Any, list[str] | None, "Shape"]:
    """Open a fine-tuned model with its task, tokenizer, labels and shape.

    Raises:
        ValueError: if it was made for another task, or does not say for which.
    """
    from bert_tutorial.checkpoint_files import read_json
    from bert_tutorial.commands_tasks import find_task
    from bert_tutorial.tokenizer import BertTokenizer

    folder = model_folder(options)
    file = folder / "run.json"
    run = read_json(file) if file.is_file() else {}
    made_for = run.get("task")
    name = options.task or made_for
    if not isinstance(name, str):
        raise ValueError(f"{folder} does not say for which task it is; give --task")
    if isinstance(made_for, str) and made_for != name:
        raise ValueError(f"{folder} was fine-tuned for {made_for}, not for {name}")
    task = find_task(name)
    model = task.model.from_pretrained(folder, allow_bin=options.allow_bin)
    heads = [key for key in model.missing_keys if not key.startswith("pooler.")]
    if heads:
        raise ValueError(
            f"{folder} has no head for {name} ({heads[0]} is missing); finetune first"
        )
    tokenizer = BertTokenizer.from_pretrained(folder)
    check_vocabulary(folder, len(tokenizer), model.config.vocab_size)
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
        raise ValueError("predict needs either TEXT or --input FILE")
    task, model, tokenizer, names, shape = load(options)
    if options.input:
        if options.question is not None:
            raise ValueError("--question goes with TEXT; a file has its own questions")
        rows = task.read_texts(Path(options.input), columns_of(options))
    else:
        if columns_of(options):
            raise ValueError("columns can be named with --input only; leave them out")
        rows = task.from_words(options.texts, options.question)
    for line in task.predict(model, tokenizer, rows, names, shape):
        print(line)
