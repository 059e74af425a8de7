"""Change one thing of the pretraining of real_english.py, and see what it brings.

    python tools/experiments/english_variants.py --sources FOLDER --work FOLDER
        --sst2 FOLDER --wnut17 FOLDER

Film reviews and names in messages gain little or something from the English that
real_english.py gathers. Each variant here is its recipe with one change: whole words
hidden, more text (see english_text.py), twice the steps, a larger model. `none` is the
recipe itself, so that a difference is not one of machines. All else stays, vocabulary
and seed too; the labelled rows are those of real_english.py, three draws of them, and
the settings are chosen on its other rows, for each variant.

`--work` keeps text, models and finished runs; a second call goes on.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from english_text import gather_more
from real_english import (
    KEPT,
    RECIPE,
    TAG_RATES,
    Journal,
    Messages,
    Task,
    choice,
    film_reviews,
    folder_of,
    split_definitions,
    write_text,
)
from record import RUNS, main

from bert_tutorial.files.texts import replace_json
from bert_tutorial.pretraining.corpus import CorpusData
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.pretraining.run import evaluate_corpus, pretrain_corpus
from bert_tutorial.tokenization.tokenizer import BertTokenizer

OUTPUT = RUNS / "english_variants.json"
CHANGES: dict[str, dict[str, Any]] = {
    "none": {},
    "whole words": {"whole_word": True},
    "more text": {},
    "twice the steps": {"steps": 2 * RECIPE.steps},
    "mini": {"config": "mini"},
}
SST2_LABELS = 2_048
WNUT17_LABELS = (256, 2_048)


def work_of(work: Path, name: str) -> Path:
    """Give the folder of a variant, which is like real_english.py's own."""
    return work / "variants" / name.replace(" ", "-")


def folder(work: Path, name: str) -> Path:
    """Give the folder of a variant's model."""
    return folder_of(work_of(work, name), 0, KEPT[-1])


def pretrained(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Pretrain a variant, or go on with it."""
    output = folder(options.work, name)
    report = work_of(options.work, name) / "run.json"
    if not report.is_file():
        recipe: CorpusRecipe = replace(RECIPE, **CHANGES[name])
        paths = [options.work / "text"]
        if name == "more text":
            paths.append(options.work / "more")
        tokenizer = BertTokenizer.from_pretrained(options.work)
        is_begun = any((output / "states").glob("*"))
        began = time.process_time()
        torch.set_num_threads(options.threads)
        run = pretrain_corpus(
            paths,
            recipe,
            output=output,
            tokenizer=tokenizer,
            save_every=500,
            resume=is_begun,
        )
        seconds = round(time.process_time() - began)
        torch.set_num_threads(1)  # in small batches a second thread mostly waits
        # The held-out documents of the recipe's own text, of which "more text" trained
        # on some: its figure here says less than the others'.
        data = CorpusData([options.work / "text"], tokenizer=tokenizer)
        result = {
            "change": name,
            "core_seconds": None if is_begun else seconds,
            "threads": options.threads,
            "steps": recipe.steps,
            "parameters": sum(p.numel() for p in run.model.parameters()),
            "validation": run.report["validation"],
            "on the recipe's text": evaluate_corpus(run.model, data),
        }
        replace_json(report, result)
    return dict(json.loads(report.read_text(encoding="utf-8")))


def write_more(sources: Path, work: Path) -> dict[str, Any]:
    """Gather the additional text, unless it is there as a whole."""
    report = work / "more.json"
    if not report.is_file():
        replace_json(report, gather_more(sources, work / "more"))
    return dict(json.loads(report.read_text(encoding="utf-8")))


def key_of(task: str, change: str, labels: int) -> dict[str, Any]:
    """Name a task's runs of a variant."""
    return {"task": task, "change": change, "method": "pretrained", "labels": labels}


def reviews(
    name: str, task: Task, options: argparse.Namespace, journal: Journal
) -> list[dict[str, Any]]:
    """Fine-tune on film reviews."""
    begin = folder(options.work, name)
    key = key_of("sst2", name, SST2_LABELS)
    rate = choice(task, key, work_of(options.work, name), journal)["rate"]
    return [
        journal.run(key | {"seed": seed}, partial(task.by_bert, begin, key, seed, rate))
        for seed in options.seeds
    ]


def names(
    name: str, data: Messages, options: argparse.Namespace, journal: Journal
) -> list[dict[str, Any]]:
    """Fine-tune on names in messages."""
    begin, found = folder(options.work, name), []
    for number in WNUT17_LABELS:
        key = key_of("wnut17", name, number)
        best = data.choose(begin, key, TAG_RATES, journal)
        for seed in options.seeds:
            work = partial(data.f1, begin, key, seed, best, data.asked)
            found.append(journal.run(key | {"seed": seed}, work))
    return found


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Try each change; the document keeps what was found before."""
    options.work.mkdir(parents=True, exist_ok=True)
    if not (options.work / "definitions").is_dir():
        split_definitions(options.sources, options.work)
    document["text"] = write_text(options.sources, options.work)
    if "more text" in options.changes:
        document["more text"] = write_more(options.sources, options.work)
    document["recipe"] = asdict(RECIPE)
    document.setdefault("variants", {})
    tokenizer = BertTokenizer.from_pretrained(options.work)
    film, messages = film_reviews(options.sst2, tokenizer), Messages(options.wnut17)
    journal = Journal(options.work / "variants.jsonl")
    for name in options.changes:
        found: dict[str, Any] = {"pretraining": pretrained(name, options)}
        found["sst2"] = reviews(name, film, options, journal)
        found["wnut17"] = names(name, messages, options, journal)
        document["variants"][name] = found
        yield
    document["choices"] = [
        one
        for task, labels in (("sst2", (SST2_LABELS,)), ("wnut17", WNUT17_LABELS))
        for number in labels
        for one in journal.choices(task, number)
    ]
    yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    for name in ("sources", "work", "sst2", "wnut17"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--changes", nargs="+", choices=CHANGES, default=list(CHANGES))
    parser.add_argument(
        "--threads", type=int, default=1, help="of pretraining; fine-tuning takes one"
    )


if __name__ == "__main__":
    main(run, OUTPUT, options=add_options, goes_on=True)
