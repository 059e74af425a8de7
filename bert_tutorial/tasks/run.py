"""Fine-tune a model on a task's files or rows: checks, a model a seed, reports.

Chapter: 0
"""

import hashlib
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import UnionType
from typing import (
    Generic,
    NotRequired,
    TypedDict,
    TypeGuard,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import torch

from bert_tutorial.files.errors import UserError, how_many
from bert_tutorial.files.folder import CheckpointError, read_json
from bert_tutorial.files.hub import find_folder
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.files.texts import replace_json
from bert_tutorial.model.bert import initialise
from bert_tutorial.model.config import BertConfig, ConfigChanges, dropout_changes
from bert_tutorial.pretraining.run import corpus_digests
from bert_tutorial.pretraining.start import weights_digest
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fine_tuning import FineTuned, FineTuningConfig, fine_tune
from bert_tutorial.tasks.leaks import shared_texts
from bert_tutorial.tasks.rows import Rows, keep_good
from bert_tutorial.tasks.sentiment.labels import class_weights
from bert_tutorial.tasks.task import Head, Reading, Row, Shape, Task
from bert_tutorial.tokenization.coverage import Coverage, coverage
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import check_vocabulary_size
from bert_tutorial.training.device import pick_device, used_precision
from bert_tutorial.training.identity import (
    Identity,
    asked_precision,
    check_identity,
    check_precision,
    lengthened,
    without_precision,
)
from bert_tutorial.training.keeper import (
    StateKeeper,
    refuse_other_vocabulary,
    refuse_results,
    sweep_run,
)
from bert_tutorial.training.lock import RunLock
from bert_tutorial.training.states import list_states, newest_state

__all__ = [
    "USUAL_STEPS",
    "Report",
    "RunOptions",
    "fine_tune_model",
    "report_lines",
    "usual_rate",
]

STATES = "states"
SEEDS = "seeds.json"
ENGLISH_SHARE = 0.6  # of words that `english` has whole: the text is English
WORLD_SHARE = 0.75  # of words that mini-world has whole: they may be its own
USUAL_STEPS = 200  # at least, unless steps or epochs are asked for
Scores = dict[str, float]


class Earlier(TypedDict):
    """What a run had come to when it was over before, after so many steps."""

    steps: int
    best_dev: Scores | None
    test: Scores | None


class Report(TypedDict):
    """What run.json says of a run; dev scores have their step among them."""

    task: str
    metric: str
    labels: list[str] | None
    max_length: int
    stride: int | None
    threshold: float | None
    recipe: dict[str, float | int | str | None]
    rows: int
    windows: int
    skipped: int
    best_dev: Scores | None
    last_dev: Scores | None
    evaluations: int
    precision: NotRequired[str]
    test: NotRequired[Scores]
    earlier: NotRequired[list[Earlier]]
    leaks: NotRequired[dict[str, dict[str, int]]]
    identity: NotRequired[dict[str, dict[str, object]]]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What can be chosen of a run besides the recipe of its training.

    Attributes:
        seeds: one model each; with several, each has a folder of its own, and
            seeds.json sums them up. With `resume` more seeds can be added, one or
            several, and it sums up those of before, too.
        max_length: tokens of a window; None: what is usual for the task.
        stride: pieces from a window to the next; None: the same.
        dropout: None: the model's own.
        is_weighted: rare classes count as much as frequent ones in the loss.
        save_every: steps between training states; 0: only at Ctrl-C.
        resume: go on from the newest training state in the folder; a finished run goes
            on if the recipe has more steps than it had.
        longer: with `resume`: a run that was stopped may get more steps, too. The
            learning rate of all further steps is that of the longer run.
        revision: commit, branch or tag of a model on the hub.
        allow_bin: read an old pytorch_model.bin where there is nothing better.
        device: None picks one.

    Raises:
        UserError: if seeds are equal or below 0, or there is none.
    """

    seeds: Sequence[int] = (0,)
    max_length: int | None = None
    stride: int | None = None
    dropout: float | None = None
    is_weighted: bool = False
    save_every: int = 500
    resume: bool = False
    longer: bool = False
    revision: str | None = None
    allow_bin: bool = False
    device: torch.device | None = None

    def __post_init__(self) -> None:
        """Check the seeds."""
        seeds = list(self.seeds)
        if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise UserError(f"seeds must be different numbers from 0 up, got {seeds}")


@dataclass(frozen=True)
class Part(Generic[Row]):
    """Rows to learn from, to choose by or to judge by, and a digest of their data."""

    rows: Rows[Row]
    digest: str


@dataclass(frozen=True, kw_only=True)
class Job(Generic[Row, Head]):
    """All that the seeds of a run share."""

    task: Task[Row, Head]
    folder: Path  # of the model to begin with
    tokenizer: BertTokenizer
    names: list[str]
    shape: Shape
    config: FineTuningConfig
    train: Part[Row]
    examples: list[Example]  # of the training rows
    dev: Part[Row] | None
    test: Part[Row] | None
    leaks: dict[str, dict[str, int]]
    changes: ConfigChanges
    options: RunOptions
    device: torch.device
    say: Callable[[str], None]

    @property
    def steps(self) -> int:
        """Give the steps of the whole training."""
        return self.config.training(len(self.examples)).steps


def config_of(folder: Path) -> BertConfig:
    """Read the configuration of a model.

    Raises:
        UserError: naming the file, if it is none of a BERT.
    """
    file = folder / "config.json"
    values = read_json(file)
    try:
        return BertConfig.from_dict(values)
    except UserError as error:
        raise UserError(f"{file}: {error}") from error


def usual_rate(folder: str | Path, task: str = "") -> float:
    """Choose a learning rate: small models want, and stand, a higher one.

    From 512 dimensions on it is the published one (Devlin et al. 2019, appendix A.3).
    With 384, `tools/experiments/published_encoder.py` tried two: 1e-4 is better for
    phrases and tags; questions, whose two outputs are learned from nothing, have
    learned little after as few steps, and need three times that.

    Args:
        folder: of the model.
        task: its name on the command line.
    """
    size = config_of(Path(folder)).hidden_size
    if size >= 512:
        return 5e-5
    if size >= 256:
        return 3e-4 if task == "qa" else 1e-4
    return 3e-4 if size >= 128 else 2e-3


def fine_tune_model(
    task: Task[Row, Head],
    model: str | Path,
    train: str | Path | Sequence[Row],
    output: str | Path,
    *,
    dev: str | Path | Sequence[Row] | None = None,
    test: str | Path | Sequence[Row] | None = None,
    recipe: FineTuningConfig | None = None,
    options: RunOptions | None = None,
    reading: Reading | None = None,
    say: Callable[[str], None] | None = None,
) -> list[Report]:
    """Fine-tune a model, once a seed, and save each with its report.

    All is read and checked before the first run begins.

    Args:
        task: such as `SENTIMENT`.
        model: the folder to begin with, or a hub id.
        train: a file or rows to learn from.
        output: folder for the model, its vocabulary, run.json and log.jsonl.
        dev: chooses the state that is kept; None: the last one is.
        test: judges the chosen state, once.
        recipe: of the training; None: the published one, at `usual_rate` and with at
            least `USUAL_STEPS` steps. Its seed is overridden.
        options: what else can be chosen.
        reading: how files are read.
        say: is told what was read, and how many texts of it stand in two parts.

    Returns:
        The reports, in the order of the seeds.

    Raises:
        UserError: a file, a folder or an option cannot be used.
        FloatingPointError: a loss or gradient was not finite.
        KeyboardInterrupt: at Ctrl-C, after saving a training state.
    """
    options = options or RunOptions()
    say = say or (lambda line: None)
    folder = find_folder(model, options.revision, options.allow_bin)
    reading = reading or Reading()
    recipe = recipe or FineTuningConfig(
        learning_rate=usual_rate(folder, task.name), min_steps=USUAL_STEPS
    )
    parts = read_parts(task, (train, dev, test), reading, say)
    job = prepare(task, folder, parts, recipe, options, say, reading.is_strict)
    return run_seeds(job, Path(output))


Parts = tuple[Part[Row], Part[Row] | None, Part[Row] | None]
Sources = tuple[
    str | Path | Sequence[Row],
    str | Path | Sequence[Row] | None,
    str | Path | Sequence[Row] | None,
]


def read_parts(
    task: Task[Row, Head],
    sources: Sources[Row],
    reading: Reading,
    say: Callable[[str], None],
) -> Parts[Row]:
    """Read files, or take rows as they are, and report each."""
    train, dev, test = sources
    return (
        read_part(task, train, "train", reading, say),
        None if dev is None else read_part(task, dev, "dev", reading, say),
        None if test is None else read_part(task, test, "test", reading, say),
    )


def read_part(
    task: Task[Row, Head],
    source: str | Path | Sequence[Row],
    name: str,
    reading: Reading,
    say: Callable[[str], None],
) -> Part[Row]:
    """Read a file, or take rows as they are, and report it."""
    rows = labelled_rows(task, source, name, reading)
    say(rows.report())
    for line in task.describe(rows):
        say(f"{rows.source}: {line}")
    if isinstance(source, str | Path):
        # What the file is read as is named only where it is not what one expects, so
        # that states from before it was named are still of the same run.
        asked = dict(reading.columns)
        if not reading.is_strict:
            asked["bad rows"] = "left out"
        named = f" read as {json.dumps(asked, sort_keys=True)}" if asked else ""
        return Part(rows, corpus_digests([source])["file 1"] + named)
    digest = hashlib.sha256(repr(list(rows)).encode()).hexdigest()
    return Part(rows, f"{len(rows)} rows {digest}")


def labelled_rows(
    task: Task[Row, Head],
    source: str | Path | Sequence[Row],
    name: str,
    reading: Reading,
) -> Rows[Row]:
    """Read a file, or take rows as they are.

    Raises:
        UserError: if the file cannot be read, or there is no row.
    """
    if isinstance(source, str | Path):
        return task.read(Path(source), reading.is_strict, reading.columns)
    if isinstance(source, Rows):
        return source.copy()
    rows = Rows[Row](f"the rows of {name}")
    rows.extend(source)
    if not rows:
        raise UserError(f"{rows.source} must hold at least one row, got none")
    return rows


def prepare(
    task: Task[Row, Head],
    folder: Path,
    parts: Parts[Row],
    recipe: FineTuningConfig,
    options: RunOptions,
    say: Callable[[str], None],
    is_strict: bool = True,
) -> Job[Row, Head]:
    """Check all that the runs need, before the first of them begins."""
    own, tokenizer = read_model_folder(folder)
    check_weights(task, options)
    train, dev, test = parts
    shape = shape_of(task, own, options, train.rows)
    names = task.names(train.rows, train.rows.source)
    names = in_model_order(names, own.id2label)
    changes = changes_of(task, options, names)
    own.changed(**changes)  # refuse a bad one before any work
    say_coverage(task, folder, tokenizer, train.rows, say)
    look_at_parts(task, parts, names, say, is_strict)
    say_notes(task, parts, tokenizer, shape, say)
    examples = task.encode(tokenizer, train.rows, names, shape, train.rows.source)
    say(plan_line(recipe, len(examples)))
    return Job(
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
        leaks=leaks_of(task, parts),
        changes=changes,
        options=options,
        device=options.device or pick_device(),
        say=say,
    )


def in_model_order(names: list[str], known: Sequence[str] | None) -> list[str]:
    """Number labels as the model's classifier does, if it is for just these."""
    is_for_these = known is not None and sorted(known) == sorted(names)
    return list(known or ()) if is_for_these else names


def begin_head_anew(job: Job[Row, Head], model: Head) -> None:
    """Give a classifier that was for other labels new initial weights, and say so.

    One for another number of labels is new anyway, and one whose labels have no names
    may be for these.
    """
    head = getattr(model, "classifier", None)
    known = config_of(job.folder).id2label
    if head is None or "classifier.weight" in model.missing_keys or known is None:
        return
    if job.names and sorted(known) != sorted(job.names):
        initialise(head, model.config)
        job.say(
            f"{job.folder}: its classifier is for {', '.join(known)}, so a new one "
            "begins from random weights"
        )


def shape_of(
    task: Task[Row, Head], config: BertConfig, options: RunOptions, rows: Rows[Row]
) -> Shape:
    """Say how long examples may be, and what threshold the rows ask for."""
    # Refused here and not in `Task.shape`: the run.json of an older model may have one.
    if options.stride is not None and task.is_one_window:
        raise UserError(
            f"the task {task.name} reads one window of a row; leave --stride out"
        )
    longest = config.max_position_embeddings
    shape = task.shape(longest, options.max_length, options.stride)
    return shape._replace(threshold=task.threshold(rows))


def check_weights(task: Task[Row, Head], options: RunOptions) -> None:
    """Refuse to weigh classes where there are none.

    Raises:
        UserError: naming the task.
    """
    if options.is_weighted and task.classes is None:
        raise UserError(f"the task {task.name} has no classes to be weighed")


def look_at_parts(
    task: Task[Row, Head],
    parts: Parts[Row],
    names: Sequence[str],
    say: Callable[[str], None],
    is_strict: bool,
) -> None:
    """Refuse or leave out what the other parts hold beside the training's labels."""
    train, dev, test = parts
    for part, found in (("dev", dev), ("test", test)):
        if found is None:
            continue
        before = len(found.rows)
        keep_usable(task, found.rows, names, is_strict)
        if gone := before - len(found.rows):
            say(f"{found.rows.source}: {how_many(gone, 'row')} left out of {part}")
        if task.overlap is not None:
            say(task.overlap(train.rows, found.rows, part))


def leaks_of(task: Task[Row, Head], parts: Parts[Row]) -> dict[str, dict[str, int]]:
    """Count the texts of dev and test that are to be learned from, too."""
    known = task.texts(parts[0].rows)
    found = {}
    for name, part in zip(("dev", "test"), parts[1:], strict=True):
        if part is not None:
            texts = task.texts(part.rows)
            shared = shared_texts(known, texts)
            found[name] = {"texts": len(texts), "in_training": shared}
    return found


def read_model_folder(folder: Path) -> tuple[BertConfig, BertTokenizer]:
    """Read the configuration and the tokenizer that a run starts from."""
    own = config_of(folder)
    tokenizer = BertTokenizer.from_pretrained(folder)
    check_vocabulary_size(folder, len(tokenizer), own.vocab_size)
    return own, tokenizer


def say_coverage(
    task: Task[Row, Head],
    folder: Path,
    tokenizer: BertTokenizer,
    rows: Rows[Row],
    say: Callable[[str], None],
) -> None:
    """Say how much of the text the vocabulary knows; refuse one that knows nothing."""
    texts = task.texts(rows)
    known = coverage(tokenizer, texts)
    known.check(rows.source)
    say(known.report())
    if folder == shipped_weights():
        other = BertTokenizer.from_pretrained(shipped_weights("english"))
        line = english_line(known, coverage(other, texts))
        if line:
            say(line)


def english_line(mini_world: Coverage, english: Coverage) -> str:
    """Name the shipped model of real English where it knows many more of the words.

    Returns:
        The line; empty where the text is not English, or the mini-world's own.
    """
    mine, its = mini_world.whole_share, english.whole_share
    if its < ENGLISH_SHARE or mine > WORLD_SHARE:
        return ""
    return (
        f"of the words of this text mini-world knows {mine:.0%}, english, the other "
        f"shipped model, {its:.0%}; --model english (model=) starts from that"
    )


def say_notes(
    task: Task[Row, Head],
    parts: Parts[Row],
    tokenizer: BertTokenizer,
    shape: Shape,
    say: Callable[[str], None],
) -> None:
    """Say what the task has to tell of each part, such as texts that are cut."""
    for found in filter(None, parts):
        for note in task.notes(tokenizer, found.rows, shape):
            say(f"{found.rows.source}: {note}")


def keep_usable(
    task: Task[Row, Head], rows: Rows[Row], names: Sequence[str], is_strict: bool
) -> None:
    """Refuse rows that cannot be used with these labels, or leave them out.

    Raises:
        UserError: naming the first of them, if the reading is strict; or if none is
            left.
    """
    keep_good(rows, task.faults(rows, names), is_strict)


def plan_line(recipe: FineTuningConfig, examples: int) -> str:
    """Say how long the training is, and why."""
    steps = recipe.training(examples).steps
    line = (
        f"training: {how_many(steps, 'step')} of "
        f"{how_many(recipe.batch_size, 'example')}, "
        f"{steps * recipe.batch_size / examples:.1f} epochs"
    )
    if recipe.steps is None and steps == recipe.min_steps:
        line += f", as {recipe.epochs:g} epochs of so few would be too short"
    return f"{line}, learning rate {recipe.learning_rate:g}"


def changes_of(
    task: Task[Row, Head], options: RunOptions, names: list[str]
) -> ConfigChanges:
    """Gather what the model's configuration is to have otherwise."""
    changes = dropout_changes(options.dropout)
    if names:  # whatever the model was for before
        changes |= {"id2label": tuple(names), "problem_type": task.problem}
    return changes


def recipe_of(job: Job[Row, Head]) -> dict[str, float | int | str | None]:
    """Gather the choices of the training; the usual precision is not among them.

    So runs from before there was a choice are of the same recipe.
    """
    recipe = asdict(job.config)
    if recipe["precision"] is None:
        del recipe["precision"]
    return recipe


def identity_of(job: Job[Row, Head]) -> dict[str, dict[str, object]]:
    """Gather what must not change between the parts of a run."""
    parts = {"train": job.train, "dev": job.dev, "test": job.test}
    recipe = recipe_of(job) | {"steps": job.steps}
    del recipe["epochs"], recipe["min_steps"]  # all that they decide is the steps
    vocabulary = "\n".join(job.tokenizer.id_to_token).encode()
    values = {
        "recipe": recipe | job.shape._asdict(),
        "task": {
            "name": job.task.name,
            "labels": job.names or None,
            "class_weights": job.options.is_weighted,
            **job.changes,
        },
        "model": {
            "weights": weights_digest(job.folder, allow_bin=True),
            "vocabulary": hashlib.sha256(vocabulary).hexdigest(),
        },
        "data": {name: part.digest for name, part in parts.items() if part is not None},
    }
    found: dict[str, dict[str, object]] = json.loads(json.dumps(values))
    return found


def run_seeds(job: Job[Row, Head], output: Path) -> list[Report]:
    """Train one model a seed; each has a folder of its own if there are several.

    seeds.json sums up all seeds of the run that are in the folder, those that were
    there before it was resumed, too.

    Returns:
        The reports, in the order of the seeds.
    """
    seeds, resume = list(job.options.seeds), job.options.resume
    with RunLock(output):
        if len(seeds) == 1 and not (resume and has_seeds(output)):
            return [run_one(with_seed(job, seeds[0]), output)]
        refuse_results(output, (SEEDS,) if resume else ())
        others = other_seeds(job, output) if resume else []
        reports = [
            run_one(with_seed(job, seed), output / f"seed-{seed}", is_among_seeds=True)
            for seed in seeds
        ]
        sum_up(job, output, others, reports)
    return reports


def with_seed(job: Job[Row, Head], seed: int) -> Job[Row, Head]:
    """Give the job of one seed."""
    return replace(job, config=replace(job.config, seed=seed))


def seed_folders(output: Path) -> dict[int, Path]:
    """Find the folders of single seeds, by the number of the seed."""
    numbers = {path: path.name.removeprefix("seed-") for path in output.glob("seed-*")}
    found = {
        int(number): path
        for path, number in numbers.items()
        if number.isdecimal() and number == str(int(number)) and path.is_dir()
    }
    return dict(sorted(found.items()))


def has_seeds(output: Path) -> bool:
    """Tell the folder of several seeds from that of a single run."""
    if (output / "run.json").exists() or list_states(output / STATES):
        return False
    return (output / SEEDS).is_file() or bool(seed_folders(output))


def other_seeds(job: Job[Row, Head], output: Path) -> list[Report]:
    """Gather the reports of seeds that are there and not asked for, of the same run.

    Which of them seeds.json leaves out is said before any work is done.
    """
    folders = seed_folders(output)
    others = [seed for seed in folders if seed not in job.options.seeds]
    now: Identity = identity_of(job) if others else {}  # reads all weights: once
    found = []
    for seed in others:
        choices = {**now, "recipe": {**now["recipe"], "seed": seed}}
        try:
            found.append(report_of_seed(job, folders[seed], choices))
        except LeftOut as reason:
            job.say(f"{reason}, so {SEEDS} is without this seed")
    return found


class LeftOut(Exception):  # noqa: N818
    """Raised for a seed that is not summed up; the text names its folder and why."""


def report_of_seed(job: Job[Row, Head], folder: Path, now: Identity) -> Report:
    """Read the report of a seed that is there.

    Args:
        job: what is done for other seeds.
        folder: of the seed.
        now: the choices of the job, with this seed.

    Raises:
        LeftOut: if it is not finished, or had more or fewer steps than the job.
        CheckpointError: if it is of a run with other settings, naming the folder.
    """
    if not (folder / "run.json").is_file():
        raise LeftOut(f"{folder}: the run is not finished")
    try:
        report = read_report(folder / "run.json")
        steps = steps_of(report)
    except UserError as error:
        raise LeftOut(str(error)) from error
    saved = report["identity"]
    saved = {**saved, "recipe": {**saved["recipe"], "steps": job.steps}}
    try:
        check_same_run(saved, report, job, now)
    except CheckpointError as error:
        raise CheckpointError(f"{folder}: {error}") from error
    if steps != job.steps:
        had = how_many(steps, "step")
        raise LeftOut(f"{folder}: the run had {had}, not {job.steps:,}")
    return report


def sum_up(
    job: Job[Row, Head], output: Path, others: list[Report], reports: list[Report]
) -> None:
    """Write seeds.json, and say what all seeds come to if some were there before."""
    together = {report["recipe"]["seed"]: report for report in [*others, *reports]}
    seeds = sorted(together, key=lambda seed: float(seed or 0))
    whole = [together[seed] for seed in seeds]
    replace_json(output / SEEDS, {"seeds": seeds, **spread(whole)})
    if others:
        job.say(f"{output / SEEDS} is of seeds {', '.join(map(str, seeds))}")
        for line in spread_lines(whole):
            job.say(f"all {line}")


def run_one(job: Job[Row, Head], folder: Path, is_among_seeds: bool = False) -> Report:
    """Train, choose on dev, judge the chosen state on test once, save.

    Args:
        job: what is trained, with its seed.
        folder: of the model.
        is_among_seeds: it may not have been begun when the run was stopped.

    Raises:
        UserError: if the folder has a run and it is not to be resumed.
    """
    options, identity = job.options, identity_of(job)
    report_file = folder / "run.json"
    before: Report | None = None
    if report_file.is_file():
        before = finished_run(report_file, job, identity)
        if steps_of(before) == job.steps:
            return before
        options = replace(options, longer=goes_further(job, folder, before))
    has_state = any((folder / STATES).glob("step-*.safetensors"))
    is_resumed = options.resume and (has_state or not is_among_seeds)
    folder.mkdir(parents=True, exist_ok=True)
    sweep_run(folder, is_resumed)
    keeper = StateKeeper(
        folder, identity, options.save_every, is_resumed, options.longer
    )
    torch.manual_seed(job.config.seed)
    model = job.task.model.from_pretrained(
        job.folder, allow_bin=options.allow_bin, **job.changes
    )
    begin_head_anew(job, model)
    if not is_resumed and before is None:
        refuse_other_vocabulary(folder, job.tokenizer.id_to_token)
    job.tokenizer.save(folder, model.config.max_position_embeddings)
    report = report_of(job, tune(job, model, folder / "log.jsonl", keeper))
    if job.test is not None:
        report["test"] = scores_on(job, model, job.test.rows)
    if before is not None:
        report["earlier"] = [*before.get("earlier", []), earlier_of(before)]
    report["leaks"] = job.leaks
    report["identity"] = identity
    model.save_pretrained(folder)
    replace_json(report_file, report)
    for state in list_states(folder / STATES)[1:]:  # the last one is for more steps
        state.unlink()
    return report


def finished_run(file: Path, job: Job[Row, Head], identity: Identity) -> Report:
    """Take the report of a run that is over already.

    Raises:
        UserError: if it is not to be resumed, or is another run's, or had more steps.
    """
    if not job.options.resume:
        raise UserError(
            f"{file.parent} has a finished run; give another folder, or resume it with "
            "more steps (--resume, resume=True)"
        )
    found = read_report(file)
    saved: Identity = found["identity"]
    steps = saved["recipe"].get("steps")
    if isinstance(steps, int) and steps != identity["recipe"]["steps"]:
        saved = lengthened(saved, identity)
    check_same_run(saved, found, job, identity)
    return found


def read_report(file: Path) -> Report:
    """Read what a finished run says of itself.

    Raises:
        UserError: if it cannot be read, or does not say which run it is of.
    """
    found: object = read_json(file)
    if not is_report(found) or "recipe" not in found.get("identity", {}):
        raise UserError(f"{file} does not say which run it is of")
    return found


def check_same_run(
    saved: Identity, report: Report, job: Job[Row, Head], now: Identity
) -> None:
    """Compare a finished run with the job.

    Args:
        saved: its choices, perhaps with other steps.
        report: what it says of itself.
        job: what is to be done.
        now: the choices of the job.

    Raises:
        CheckpointError: naming each choice that differs.
    """
    check_identity(without_precision(saved), without_precision(now))
    used = report.get("precision") or used_precision(job.device, asked_precision(saved))
    check_precision(saved, now, used, precision_of(job))


def precision_of(job: Job[Row, Head]) -> str:
    """Name the precision that a run is computed in."""
    return used_precision(job.device, job.config.precision)


def is_report(found: object) -> TypeGuard[Report]:
    """Tell whether the contents of a run.json are all that a report has to say."""
    return is_of(found, Report)


def is_of(value: object, kind: object) -> bool:
    """Tell whether a JSON value is what an annotation says, such as `Report`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType or origin is NotRequired:
        return any(is_of(value, one) for one in inner)
    if origin is list:
        return isinstance(value, list) and all(is_of(one, inner[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(
            is_of(one, inner[1]) for one in value.values()
        )
    if not isinstance(kind, type):
        return False
    if is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        return isinstance(value, dict) and all(
            is_of(value[key], hint) if key in value else get_origin(hint) is NotRequired
            for key, hint in hints.items()
        )
    if isinstance(value, bool):  # which is an int for Python
        return kind in (bool, object)
    return isinstance(value, (int, float) if kind is float else kind)


def goes_further(job: Job[Row, Head], folder: Path, before: Report) -> bool:
    """Say how a finished run goes on to more steps.

    Returns:
        Whether its state is of fewer steps; not so where the longer run was stopped.

    Raises:
        UserError: if it ended by its patience, or its state is gone.
    """
    old = steps_of(before)
    last = before["last_dev"]
    if last is not None and last["step"] < old:
        raise UserError(
            f"{folder}: the run ended at step {last['step']:.0f} of {old}, since its "
            f"patience ({job.config.patience}) was over, so more steps change nothing; "
            "start a run with more patience in another folder"
        )
    if not list_states(folder / STATES):
        raise UserError(
            f"{folder / STATES} has no training state to go on from; train the model "
            "further with --model (model=) and another folder"
        )
    state = newest_state(folder / STATES).values
    waited = [
        one
        for one in state["trainer"].get("evaluations", [])
        if one["step"] > state["trainer"]["best_step"]
    ]
    if job.config.patience is not None and len(waited) >= job.config.patience:
        raise UserError(
            f"{folder}: the patience ({job.config.patience}) of the run was over with "
            f"its last step, {old}, so more steps change nothing; start a run with "
            "more patience in another folder"
        )
    is_new = bool(state["identity"]["recipe"]["steps"] < job.steps)
    job.say(
        f"going on from step {state['step']} to {job.steps}; the learning rate of "
        f"these steps is that of {job.steps}, so the model is not the one that "
        f"{job.steps} at once give"
    )
    return is_new


def steps_of(report: Report) -> int:
    """Give the steps of a finished run.

    Raises:
        UserError: if its report does not say them.
    """
    steps = report["identity"]["recipe"]["steps"]
    if not isinstance(steps, int):
        raise UserError(f"steps must be a whole number in run.json, got {steps!r}")
    return steps


def earlier_of(report: Report) -> Earlier:
    """Keep the scores of a run that gets more steps."""
    return {
        "steps": steps_of(report),
        "best_dev": report["best_dev"],
        "test": report.get("test"),
    }


def tune(
    job: Job[Row, Head], model: Head, log_file: Path, keeper: StateKeeper
) -> FineTuned:
    """Train the model; it ends in the state that did best on dev."""
    weights = None
    if job.options.is_weighted and job.task.classes and job.names:
        numbers = job.task.classes(job.train.rows, job.names)
        weights = torch.tensor(class_weights(numbers, len(job.names)))
    dev = job.dev
    return fine_tune(
        model,
        job.examples,
        job.config,
        evaluate=None if dev is None else lambda _: scores_on(job, model, dev.rows),
        metric=job.task.metric,
        weights=weights,
        device=job.device,
        log_file=log_file,
        keeper=keeper,
    )


def scores_on(job: Job[Row, Head], model: Head, rows: Rows[Row]) -> Scores:
    """Judge the model on labelled rows."""
    found = job.task.score(
        model, job.tokenizer, rows, job.names, job.shape, rows.source
    )
    return {name: round(value, 4) for name, value in found.items()}


def report_of(job: Job[Row, Head], done: FineTuned) -> Report:
    """Say what was done and how well it went."""
    return {
        "task": job.task.name,
        "metric": job.task.metric,
        "labels": job.names or None,
        "max_length": job.shape.max_length,
        "stride": job.shape.stride,
        "threshold": job.shape.threshold,
        "recipe": recipe_of(job),
        "rows": len(job.train.rows),
        "windows": len(job.examples),
        "skipped": len(job.train.rows.skipped),
        "best_dev": done.best,
        "last_dev": done.last,
        "evaluations": len(done.evaluations),
        "precision": precision_of(job),
    }


def spread(reports: list[Report]) -> dict[str, dict[str, list[float]]]:
    """Give mean and standard deviation over the seeds, of dev and test."""
    found: dict[str, dict[str, list[float]]] = {}
    parts = {
        "best_dev": [report["best_dev"] for report in reports],
        "last_dev": [report["last_dev"] for report in reports],
        "test": [report.get("test") for report in reports],
    }
    for part, scores in parts.items():
        each = [one for one in scores if one]
        if len(each) > 1:
            found[part] = {
                name: [
                    round(statistics.mean(one[name] for one in each), 4),
                    round(statistics.stdev(one[name] for one in each), 4),
                ]
                for name in each[0]
                if name != "step" and all(name in one for one in each)
            }
    return found


def report_lines(reports: list[Report]) -> list[str]:
    """Say how the runs went, each and together, one line each."""
    return [report_line(report) for report in reports] + spread_lines(reports)


def spread_lines(reports: list[Report]) -> list[str]:
    """Say what several seeds come to together; nothing of a single one."""
    lines, metric = [], reports[0]["metric"]
    for part, values in spread(reports).items():
        mean, deviation = values[metric]
        lines.append(
            f"{len(reports)} seeds: {part.replace('_', ' ')} {metric} "
            f"{mean:.4f}, standard deviation {deviation:.4f}"
        )
    return lines


def report_line(report: Report) -> str:
    """Say in one line how a run went, and how much of it may be believed."""
    metric = report["metric"]
    best, last = report["best_dev"], report["last_dev"]
    seed = f"seed {report['recipe']['seed']}"
    if best is None or last is None:
        line = f"{seed}: no dev data, so the last state is kept"
        if "test" not in report:
            line += (
                "; how good it is, nothing says: give --dev or --test, or evaluate it "
                "on labelled data that it has not seen"
            )
    else:
        line = (
            f"{seed}: dev {metric} {best[metric]:.4f} at step {best['step']}, the best "
            f"of {report['evaluations']} evaluations and so optimistic; last state "
            f"{last[metric]:.4f}"
        )
    if "test" in report:
        line += f"; test {metric} {report['test'][metric]:.4f}, {times_judged(report)}"
    return line


def times_judged(report: Report) -> str:
    """Say how often the test has been looked at, and with which results."""
    before = [
        f"{one['test'][report['metric']]:.4f} after {how_many(one['steps'], 'step')}"
        for one in report.get("earlier", [])
        if one["test"]
    ]
    if not before:
        return "judged once"
    return f"judged {how_many(len(before) + 1, 'time')}: {', '.join(before)} before"
