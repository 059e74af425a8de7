"""A fine-tuning run in a folder: one model for each seed, and a report.

Chapter: 0
"""

import argparse
import hashlib
import json
import shutil
import statistics
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import weight_files
from bert_tutorial.files.texts import replace_text
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.pretraining.run import corpus_digests
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fine_tuning import FineTuned, FineTuningConfig, fine_tune
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.sentiment.labels import class_weights
from bert_tutorial.tasks.task import Shape, Task
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.identity import check_identity
from bert_tutorial.training.keeper import StateKeeper, sweep_run
from bert_tutorial.training.lock import RunLock

__all__ = ["Job", "print_reports", "run_seeds"]

STATES = "states"


class Job(NamedTuple):
    """All that the seeds of a run share."""

    name: str
    task: Task
    folder: Path  # of the model to begin with
    tokenizer: BertTokenizer
    names: list[str] | None
    shape: Shape
    config: FineTuningConfig
    train: Rows[Any]
    examples: list[Example]  # of the training rows
    dev: Rows[Any] | None
    test: Rows[Any] | None
    changes: dict[str, Any]  # of the model's configuration
    is_weighted: bool
    device: torch.device


def identity_of(job: Job) -> dict[str, Any]:
    """Gather what must not change between the parts of a run."""
    digest = hashlib.sha256()
    for file in weight_files(job.folder, allow_bin=True):
        with open(file, "rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    files = {"train": job.train, "dev": job.dev, "test": job.test}
    vocabulary = "\n".join(job.tokenizer.id_to_token).encode()
    values = {
        "recipe": asdict(job.config) | job.shape._asdict(),
        "task": {
            "name": job.name,
            "labels": job.names,
            "class_weights": job.is_weighted,
            **job.changes,
        },
        "model": {
            "weights": digest.hexdigest(),
            "vocabulary": hashlib.sha256(vocabulary).hexdigest(),
        },
        "data": {
            name: corpus_digests([rows.source])["file 1"]
            for name, rows in files.items()
            if rows is not None
        },
    }
    return json.loads(json.dumps(values))


def run_seeds(
    job: Job, seeds: list[int], output: Path, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Train one model a seed; each has a folder of its own if there are several.

    Returns:
        The reports, in the order of the seeds.
    """
    reports = []
    with RunLock(output):
        for seed in seeds:
            folder = output / f"seed-{seed}" if len(seeds) > 1 else output
            one = job._replace(config=replace(job.config, seed=seed))
            reports.append(run_one(one, folder, options))
        if len(seeds) > 1:
            write_json({"seeds": seeds, **spread(reports)}, output / "seeds.json")
    return reports


def run_one(job: Job, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train, choose on dev, judge the chosen state on test once, save.

    Raises:
        UserError: if the folder has a run and it is not to be resumed.
    """
    identity = identity_of(job)
    report_file = folder / "run.json"
    if report_file.is_file():
        report = json.loads(report_file.read_text(encoding="utf-8"))
        if not options.resume:
            raise UserError(f"{folder} has a finished run; give another folder")
        check_identity(report["identity"], identity)
        return dict(report)
    has_state = any((folder / STATES).glob("step-*.safetensors"))
    is_resumed = bool(options.resume) and (has_state or "seed-" not in folder.name)
    folder.mkdir(parents=True, exist_ok=True)
    sweep_run(folder, is_resumed)
    keeper = StateKeeper(folder, identity, options.save_every, is_resumed)
    torch.manual_seed(job.config.seed)
    model = job.task.model.from_pretrained(
        job.folder, allow_bin=options.allow_bin, **job.changes
    )
    job.tokenizer.save(folder, model.config.max_position_embeddings)
    report = report_of(job, tune(job, model, folder / "log.jsonl", keeper))
    if job.test is not None:
        report["test"] = scores_on(job, model, job.test)
    report["identity"] = identity
    model.save_pretrained(folder)
    write_json(report, report_file)
    shutil.rmtree(folder / STATES, ignore_errors=True)  # the model is safe now
    return report


def tune(job: Job, model: PreTrained, log_file: Path, keeper: StateKeeper) -> FineTuned:
    """Train the model; it ends in the state that did best on dev."""
    weights = None
    if job.is_weighted and job.task.classes and job.names:
        numbers = job.task.classes(job.train, job.names)
        weights = torch.tensor(class_weights(numbers, len(job.names)))
    dev = job.dev
    return fine_tune(
        model,
        job.examples,
        job.config,
        evaluate=None if dev is None else lambda _: scores_on(job, model, dev),
        metric=job.task.metric,
        weights=weights,
        device=job.device,
        log_file=log_file,
        keeper=keeper,
    )


def scores_on(job: Job, model: PreTrained, rows: Rows[Any]) -> dict[str, float]:
    """Judge the model on labelled rows."""
    found = job.task.score(
        model, job.tokenizer, rows, job.names, job.shape, rows.source
    )
    return {name: round(value, 4) for name, value in found.items()}


def report_of(job: Job, done: FineTuned) -> dict[str, Any]:
    """Say what was done and how well it went."""
    return {
        "task": job.name,
        "metric": job.task.metric,
        "labels": job.names,
        "max_length": job.shape.max_length,
        "stride": job.shape.stride,
        "recipe": asdict(job.config),
        "rows": len(job.train),
        "windows": len(job.examples),
        "skipped": len(job.train.skipped),
        "best_dev": done.best,
        "last_dev": done.last,
        "evaluations": len(done.evaluations),
    }


def spread(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Give mean and standard deviation over the seeds, of dev and test."""
    found: dict[str, Any] = {}
    for part in ("best_dev", "last_dev", "test"):
        each = [report[part] for report in reports if report.get(part)]
        if len(each) > 1:
            found[part] = {
                name: [
                    round(statistics.mean(one[name] for one in each), 4),
                    round(statistics.stdev(one[name] for one in each), 4),
                ]
                for name in each[0]
                if name != "step"
            }
    return found


def print_reports(reports: list[dict[str, Any]]) -> None:
    """Say how the runs went, each and together."""
    for report in reports:
        print(report_line(report))
    metric = reports[0]["metric"]
    for part, values in spread(reports).items():
        mean, deviation = values[metric]
        print(
            f"{len(reports)} seeds: {part.replace('_', ' ')} {metric} "
            f"{mean:.3f}, standard deviation {deviation:.3f}"
        )


def report_line(report: dict[str, Any]) -> str:
    """Say in one line how a run went, and how much of it may be believed."""
    metric = report["metric"]
    seed = f"seed {report['recipe']['seed']}"
    if report["best_dev"] is None:
        line = f"{seed}: no dev data, so the last state is kept"
    else:
        best, last = report["best_dev"], report["last_dev"]
        line = (
            f"{seed}: dev {metric} {best[metric]:.3f} at step {best['step']}, the best "
            f"of {report['evaluations']} evaluations and so optimistic; last state "
            f"{last[metric]:.3f}"
        )
    if "test" in report:
        line += f"; test {metric} {report['test'][metric]:.3f}, judged once"
    return line


def write_json(values: dict[str, Any], path: Path) -> None:
    """Write a file whole or not at all."""
    text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
    replace_text(path, text)
