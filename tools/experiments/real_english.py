"""Pretrain small models on free English text, and say where that pays.

    python tools/experiments/real_english.py --sources FOLDER --work FOLDER
        --sst2 FOLDER --wnut17 FOLDER

The text comes out of packages, see english_text.py; a missing one is told with the
command that brings it. `--work` keeps text, models and finished runs: a second call
goes on where the first one stopped, also in the middle of a pretraining. First the
text is gathered and cleaned, without the test definitions, and a vocabulary is learned
from it. `--parts` chooses what follows:

- pretrain: one model on each seed, kept at several steps.
- language: the loss on held-out text, against counts of single pieces and of
  neighbours on one and on both sides.
- definitions: which kind of thing a definition of WordNet defines, with few labels.
- curve: the same over the steps of pretraining.
- facts: places, their capitals and regions in sentences that the text does not have.
- sst2, wnut17: film reviews and names in messages, which the text is not like, with
  as many labels as `--labels` says; what the output has of other numbers stays. With
  the most of them also over the steps of pretraining.
- ship: the model with the lowest loss, in half precision, for the package; and what
  anybody can measure of it, on the definitions that no model has read.
"""

import argparse
import hashlib
import json
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import torch
from english_counts import counted
from english_facts import QUESTIONS, ask, questions
from english_text import PARTS, gather, read_synsets, unique_definitions
from record import RUNS, main
from torch import Tensor, nn
from torch.nn import functional as F
from wnut17 import Scorer, by_bert, by_neighbours, measure

from bert_tutorial.files.texts import replace_json
from bert_tutorial.model.config import BertConfig, ConfigChanges
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.pretraining.corpus import CorpusData, encode_documents
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.pretraining.run import (
    corpus_digests,
    evaluate_corpus,
    run_identity,
)
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import fit, predict
from bert_tutorial.tasks.sentiment.baseline import logistic_regression
from bert_tutorial.tasks.tagging.files import TaggedWords, read_conll, tag_names
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.lock import RunLock
from bert_tutorial.training.loop import train

OUTPUT = RUNS / "real_english.json"
ALL = (
    "pretrain",
    "language",
    "definitions",
    "curve",
    "facts",
    "ship",
    "sst2",
    "wnut17",
)
RECIPE = CorpusRecipe(steps=4_000, learning_rate=3e-3, optimizer="muon")
KEPT = (500, 1_000, 2_000, 3_000, 4_000)  # steps at which a model is kept
SAVE_EVERY = 250

KINDS = {
    4: "act",
    5: "animal",
    6: "artifact",
    7: "attribute",
    9: "cognition",
    10: "communication",
    13: "food",
    14: "group",
    15: "location",
    18: "person",
    20: "plant",
    26: "state",
}
"""WordNet's twelve largest files of nouns (lexnames(5)), by number."""
ROWS = {"test": 1_500, "dev": 500, "train": 2_048}
# For a data set that is read in class.
ADULT = re.compile(
    r"sexual|genital|intercourse|prostitut|coit|semen|masturbat|erotic|copulat|adulter"
    r"|pornograph|castrat|excrement",
    re.I,
)
Rows = list[tuple[str, str]]  # text, label


def write_rows(file: Path, rows: Rows) -> None:
    """Write a table that `read_table` reads."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ["text\tlabel", *(f"{text}\t{label}" for text, label in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_rows(file: Path) -> Rows:
    """Read what `write_rows` wrote, or another table of text and label."""
    lines = file.read_text(encoding="utf-8").splitlines()[1:]
    return [(text, label) for text, label in (line.split("\t") for line in lines)]


def split_definitions(sources: Path, work: Path) -> None:
    """Draw the labelled definitions; each stands in one part only."""
    files = [list(read_synsets(sources, part)) for part in PARTS]
    known = {s.definition.lower() for synsets in files[1:] for s in synsets}
    rows = [
        (synset.definition, KINDS[synset.kind])
        for synset in unique_definitions(files[0])
        if synset.kind in KINDS
        and synset.definition.lower() not in known
        and not ADULT.search(synset.definition)
    ]
    Random("definitions").shuffle(rows)
    start = 0
    for name, number in ROWS.items():
        write_rows(work / "definitions" / f"{name}.tsv", rows[start : start + number])
        start += number


def write_text(sources: Path, work: Path) -> dict[str, Any]:
    """Gather the text without the test definitions, and learn the vocabulary."""
    report = work / "text.json"
    if not report.is_file():
        test = read_rows(work / "definitions" / "test.tsv")
        counts = gather(sources, {text for text, _ in test}, work / "text")
        lines = (line for one in read_documents([work / "text"]) for line in one)
        vocabulary = train_vocabulary(lines, RECIPE.vocab_size)
        BertTokenizer(vocabulary, True).save(work)
        replace_json(report, counts)
    return dict(json.loads(report.read_text(encoding="utf-8")))


def corpus(work: Path, seed: int) -> CorpusData:
    """Read the text: the same held-out documents for all seeds.

    The seed decides pairs, masks and order.
    """
    tokenizer = BertTokenizer.from_pretrained(work)
    data = CorpusData([work / "text"], tokenizer=tokenizer)
    data.seed = seed
    return data


def pretrain(work: Path, seed: int, threads: int = 1) -> dict[str, Any]:
    """Pretrain one model, or go on with it, and keep it at the steps of `KEPT`."""
    folder = work / f"model-{seed}"
    report = folder / "run.json"
    if not report.is_file():
        data = corpus(work, seed)
        torch.manual_seed(seed)
        model = BertForPreTraining(RECIPE.model_config(len(data.tokenizer)))
        is_begun = any((folder / "states").glob("*"))
        with RunLock(folder):
            began = time.process_time()
            torch.set_num_threads(threads)
            learn(work, seed, model, data, is_begun)
            torch.set_num_threads(1)  # in small batches a second thread mostly waits
        seconds = round(time.process_time() - began)
        result = {
            "seed": seed,
            "core_seconds": None if is_begun else seconds,
            "threads": threads,
            "parameters": sum(p.numel() for p in model.parameters()),
            "validation": evaluate_corpus(model, data),
        }
        replace_json(report, result)
    return dict(json.loads(report.read_text(encoding="utf-8")))


def learn(
    work: Path, seed: int, model: BertForPreTraining, data: CorpusData, is_begun: bool
) -> None:
    """Train a model with the package's loop; Ctrl-C leaves a state to go on from."""
    folder = work / f"model-{seed}"
    tokens = data.tokenizer.id_to_token
    digests = corpus_digests([work / "text"])
    values = run_identity(RECIPE, model.config, tokens, digests)
    values["recipe"]["seed"] = seed

    def keep(step: int, _: dict[str, Any]) -> None:
        if step in KEPT:
            model.save_pretrained(folder_of(work, seed, step))
            data.tokenizer.save(folder_of(work, seed, step))

    train(
        model,
        data.batches(RECIPE.tokens_per_batch, RECIPE.mlm_probability),
        RECIPE.training_config(),
        log_file=folder / "log.jsonl",
        on_step=keep,
        keeper=StateKeeper(folder, values, SAVE_EVERY, is_begun),
    )


def on_definitions(
    model: BertForPreTraining,
    tokenizer: BertTokenizer,
    documents: list[list[list[int]]],
) -> float:
    """Mask each piece of each text by itself, and guess it: the mean loss in nats."""
    losses: list[Tensor] = []
    for (ids,) in documents:
        row = torch.tensor([tokenizer.cls_id, *ids[:126], tokenizer.sep_id])
        places = torch.arange(1, len(row) - 1)
        masked = row.repeat(len(places), 1)
        masked[torch.arange(len(places)), places] = tokenizer.mask_id
        with torch.no_grad():
            hidden = model.bert(masked).last_hidden_state
            logits = model.cls.predictions(hidden[torch.arange(len(places)), places])
        losses.append(F.cross_entropy(logits, row[places], reduction="none"))
    return rounded(torch.cat(losses).mean())


def language(work: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Give the losses of counts and of the models, at each kept step.

    On held-out documents a model has 15 % of the pieces masked at once, as in its
    training; on the test definitions one at a time, which is what counts need.
    """
    data = corpus(work, 0)
    texts = [text for text, _ in read_rows(work / "definitions" / "test.tsv")]
    ids = encode_documents(data.tokenizer, [[text] for text in texts])
    steps: dict[str, list[Any]] = {}
    for step, seed in product(KEPT, seeds):
        model = BertForPreTraining.from_pretrained(folder_of(work, seed, step))
        if step < KEPT[-1]:
            found = evaluate_corpus(model, data)
        else:
            found = pretrain(work, seed)["validation"]
            found |= {"on the definitions": on_definitions(model, data.tokenizer, ids)}
        steps.setdefault(str(step), []).append(found)
    return {
        "counts": counted(data, data.validation),
        "counts on the definitions": counted(data, ids),
        "models": steps,
    }


BATCH = 32


class Task:
    """Labelled rows and how they are learned.

    Args:
        train: many rows, from which the labelled ones are drawn.
        dev: rows on which settings are chosen.
        test: rows on which nothing is chosen.
    """

    decays = (1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3)

    def __init__(self, train: Rows, dev: Rows, test: Rows, tokenizer: BertTokenizer):
        """Encode all rows."""
        self.names = sorted({label for _, label in train})
        self.words: list[tuple[Rows, Tensor]] = []
        self.examples: list[list[Example]] = []
        for rows in (train, dev, test):
            numbers = [self.names.index(label) for _, label in rows]
            ids = tokenizer.encode_lines([text for text, _ in rows])
            self.words.append((rows, torch.tensor(numbers)))
            self.examples.append(
                [
                    Example(row, [0] * len(row), {"labels": number})
                    for one, number in zip(ids, numbers, strict=True)
                    for row in [[tokenizer.cls_id, *one[:126], tokenizer.sep_id]]
                ]
            )

    def drawn(self, number: int, seed: int) -> list[int]:
        """Draw training rows."""
        generator = torch.Generator().manual_seed(seed)
        return torch.randperm(len(self.examples[0]), generator=generator)[
            :number
        ].tolist()

    def majority(self) -> float:
        """Give the accuracy of who always says the commonest test class."""
        return rounded(self.words[2][1].bincount().max() / len(self.words[2][1]))

    def by_words(self, number: int, seed: int) -> dict[str, Any]:
        """Fit a logistic regression on words; the dev rows choose the penalty."""
        (texts, labels), *judged = self.words
        chosen = self.drawn(number, seed)
        bags = [set(texts[i][0].lower().split()) for i in chosen]
        index = {word: i for i, word in enumerate(sorted(set().union(*bags)))}

        def table(rows: Sequence[set[str]]) -> Tensor:
            found = torch.zeros(len(rows), len(index))
            for place, bag in enumerate(rows):
                found[place, [index[word] for word in bag if word in index]] = 1.0
            return found

        features, targets = table(bags), labels[chosen]
        asked = [table([set(t.lower().split()) for t, _ in rows]) for rows, _ in judged]
        return self.by_counts(features, targets, asked)

    def by_letters(self, number: int, seed: int) -> dict[str, Any]:
        """Fit one on TF-IDF of words and of runs of letters, the strongest of counts.

        It is to the bag of words what a careful competitor would bring: rare words
        count more, every text has length one, and "navigator" shares runs of letters
        with "navigation". The dev rows choose the penalty.
        """
        (texts, labels), *judged = self.words
        chosen = self.drawn(number, seed)
        bags = [parts_of_text(texts[i][0]) for i in chosen]
        documents = Counter(part for bag in bags for part in bag)
        index = {part: i for i, part in enumerate(documents)}
        counts = torch.tensor([float(n) for n in documents.values()])
        rarity = torch.log(len(bags) / counts) + 1

        def table(rows: Sequence[Counter[str]]) -> Tensor:
            found = torch.zeros(len(rows), len(index))
            for row, bag in enumerate(rows):
                for part in bag.keys() & index.keys():
                    found[row, index[part]] = 1 + math.log(bag[part])
            return F.normalize(found * rarity, dim=-1)

        asked = [table([parts_of_text(t) for t, _ in rows]) for rows, _ in judged]
        return self.by_counts(table(bags), labels[chosen], asked)

    def by_counts(
        self, features: Tensor, targets: Tensor, asked: Sequence[Tensor]
    ) -> dict[str, Any]:
        """Fit a logistic regression; the dev rows choose the penalty."""
        tried = {}
        for decay in self.decays:
            layer = logistic_regression(features, targets, len(self.names), decay=decay)
            tried[decay] = [
                accuracy(layer(x).argmax(-1), gold)
                for x, (_, gold) in zip(asked, self.words[1:], strict=True)
            ]
        best = max(tried, key=lambda decay: tried[decay][0])
        return {"decay": best, "dev": tried[best][0], "accuracy": tried[best][1]}

    def by_bert(
        self, begin: Path | BertConfig, key: dict[str, Any], seed: int, rate: float
    ) -> dict[str, Any]:
        """Fine-tune a folder's model, or train one of a configuration from scratch."""
        number = key["labels"]
        torch.manual_seed(seed)
        changes: ConfigChanges = {
            "num_labels": len(self.names),
            "hidden_dropout_prob": 0.1,
        }
        if isinstance(begin, Path):
            model = BertForSequenceClassification.from_pretrained(begin, **changes)
        else:
            model = BertForSequenceClassification(begin.changed(**changes))
        fit(
            model,
            [self.examples[0][i] for i in self.drawn(number, seed)],
            steps=STEPS[number],
            batch_size=BATCH,
            learning_rate=rate,
            seed=seed,
        )
        dev, test = (self.judged(model, part) for part in self.examples[1:])
        return {"rate": rate, "dev": dev, "accuracy": test}

    def judged(self, model: nn.Module, rows: list[Example]) -> float:
        """Give the accuracy of a model on rows."""
        ordered = sorted(rows, key=lambda one: len(one.input_ids))
        parts = predict(model, ordered)
        hits = [out.logits.argmax(-1) == part["labels"] for out, part in parts]
        return rounded(torch.cat(hits).float().mean())


def parts_of_text(text: str) -> Counter[str]:
    """Count the words of a text, and their runs of three to five letters."""
    found: Counter[str] = Counter()
    for word in re.findall(r"\w+", text.lower()):
        whole = f"<{word}>"
        found[word] += 1
        for size in (3, 4, 5):
            found.update(whole[i : i + size] for i in range(len(whole) - size + 1))
    return found


def accuracy(guesses: Tensor, gold: Tensor) -> float:
    """Give how many guesses are right."""
    return rounded((guesses == gold).float().mean())


def rounded(value: Tensor) -> float:
    """Give a number with four digits behind the point."""
    return round(value.item(), 4)


def folder_of(work: Path, seed: int, step: int) -> Path:
    """Give the folder of a model at a kept step."""
    return work / f"model-{seed}" / f"step-{step}"


class Journal:
    """Runs that are done, a line each, so that a second call does not repeat them."""

    def __init__(self, file: Path) -> None:
        """Read what is there."""
        self.file = file
        lines = file.read_text("utf-8").splitlines() if file.is_file() else []
        self.done = {json.dumps(key): value for key, value in map(json.loads, lines)}

    def run(self, key: dict[str, Any], work: Callable[[], Any]) -> dict[str, Any]:
        """Do a piece of work unless it is done; give its key and its result."""
        name = json.dumps(key)
        if name not in self.done:
            began = time.process_time()
            result = work() | {"seconds": round(time.process_time() - began, 1)}
            self.done[name] = result
            with open(self.file, "a", encoding="utf-8") as file:
                file.write(json.dumps([key, result]) + "\n")
            print(name, json.dumps(result), flush=True)
        return key | self.done[name]

    def choices(self, task: str, labels: int) -> list[dict[str, Any]]:
        """Give the runs on which a task's settings were chosen."""
        every = (json.loads(name) | value for name, value in self.done.items())
        asked = {"task": task, "labels": labels, "seed": "choice"}
        return [one for one in every if asked.items() <= one.items()]


STEPS = {256: 200, 512: 320, 2_048: 640}
RATES = {
    "scratch": (3e-4, 6e-4, 1.2e-3, 2.4e-3),
    "pretrained": (3e-4, 6e-4, 1.2e-3, 2.4e-3),
}
LABELS = 512
METHODS = ("bag of words", "words and letters", "scratch", "pretrained")


def choice(
    task: Task, key: dict[str, Any], work: Path, journal: Journal
) -> dict[str, Any]:
    """Choose a learning rate on the dev rows, with seed 0; of two alike the higher."""
    tried = [
        journal.run(
            key | {"seed": "choice", "rate": rate},
            partial(task.by_bert, begin_of(key["method"], work, 0), key, 0, rate),
        )
        for rate in RATES[key["method"]]
    ]
    return max(tried, key=lambda one: (one["dev"], one["rate"]))


def begin_of(method: str, work: Path, seed: int) -> Path | BertConfig:
    """Give what a method starts from: a model's folder or a configuration."""
    if method == "scratch":
        return RECIPE.model_config(len(BertTokenizer.from_pretrained(work)))
    return folder_of(work, seed, KEPT[-1])


def methods(
    task: Task, name: str, number: int, options: argparse.Namespace, journal: Journal
) -> list[dict[str, Any]]:
    """Compare the pretrained models with scratch and words, on each seed.

    Seed k has the k-th pretraining and the k-th draw of labels.
    """
    found = []
    for method in METHODS:
        key = {"task": name, "method": method, "labels": number}
        if method in ("bag of words", "words and letters"):
            by = task.by_words if method == "bag of words" else task.by_letters
            for seed in options.seeds:
                work = partial(by, number, seed)
                found.append(journal.run(key | {"seed": seed}, work))
            continue
        # For each number of labels: a rate that suits few misjudges a method at many.
        rate = choice(task, key, options.work, journal)["rate"]
        for seed in options.seeds:
            begin = begin_of(method, options.work, seed)
            work = partial(task.by_bert, begin, key, seed, rate)
            found.append(journal.run(key | {"seed": seed}, work))
    return found


def compared(
    name: str,
    task: Task,
    sizes: Sequence[int],
    options: argparse.Namespace,
    journal: Journal,
) -> dict[str, Any]:
    """Compare all methods at several numbers of labels."""
    every = [methods(task, name, number, options, journal) for number in sizes]
    return {
        "majority": task.majority(),
        "choices": [one for n in sizes for one in journal.choices(name, n)],
        "runs": [one for runs in every for one in runs],
    }


def curve(
    task: Task, name: str, number: int, options: argparse.Namespace, journal: Journal
) -> list[dict[str, Any]]:
    """Fine-tune from each kept step of each pretraining, at the last one's rate."""
    key = {"task": name, "method": "pretrained", "labels": number}
    rate = choice(task, key, options.work, journal)["rate"]
    found = []
    for step, seed in product(KEPT[:-1], options.seeds):
        begin = folder_of(options.work, seed, step)
        work = partial(task.by_bert, begin, key, seed, rate)
        found.append(journal.run(key | {"seed": seed, "step": step}, work))
    return found


def ask_facts(options: argparse.Namespace) -> dict[str, Any]:
    """Ask for capitals and regions, at each kept step, and of null models."""
    data = corpus(options.work, 0)
    asked = questions(options.sources, options.work / "text", data)
    config = RECIPE.model_config(len(data.tokenizer))
    for one in asked.values():
        one["runs"] = []
    for step, seed in product((0, *KEPT), options.seeds):
        torch.manual_seed(seed)
        model = BertForPreTraining(config).eval()
        if step:
            model = BertForPreTraining.from_pretrained(
                folder_of(options.work, seed, step)
            )
        for one in asked.values():
            found = ask(model, data.tokenizer, one, seed)
            one["runs"].append({"step": step, "seed": seed, **found})
    for one in asked.values():
        del one["rows"]
    return asked


# Text that the corpus is not like.


def film_reviews(folder: Path, tokenizer: BertTokenizer) -> Task:
    """Read SST-2: 500 training phrases choose settings, 2,000 of dev.tsv judge."""
    rows = read_rows(folder / "train.tsv")
    asked = read_rows(folder / "dev.tsv")
    Random("sst2").shuffle(rows)
    Random("sst2").shuffle(asked)
    return Task(rows[500:], rows[:500], asked[:2_000], tokenizer)


def reviews(
    tokenizer: BertTokenizer, options: argparse.Namespace, journal: Journal
) -> dict[str, Any]:
    """Compare all methods on film reviews, and the steps of pretraining."""
    task = film_reviews(options.sst2, tokenizer)
    found = compared("sst2", task, options.labels, options, journal)
    found["curve"] = curve(task, "sst2", max(options.labels), options, journal)
    return found


TAG_RATES = (5e-4, 1e-3, 2e-3)
TAG_STEPS = {256: 240, 2_048: 720}
PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3)


def taggers(
    folder: Path, names: list[str], number: int, seed: int
) -> dict[str, Callable[[float], Scorer]]:
    """Give the methods that find names; each takes a learning rate or a penalty."""

    def bert(scratch: bool, rate: float) -> Scorer:
        return by_bert(folder, names, rate, seed, scratch, TAG_STEPS[number])

    return {
        "neighbours": partial(by_neighbours, names, letters=False),
        "neighbours and letters": partial(by_neighbours, names, letters=True),
        "scratch": partial(bert, True),
        "pretrained": partial(bert, False),
    }


class Messages:
    """WNUT-17: 400 training sentences choose settings; the development file judges."""

    def __init__(self, folder: Path) -> None:
        """Read the files."""
        rows = list(read_conll(folder / "wnut17train.conll"))
        self.asked = list(read_conll(folder / "wnut17dev.conll"))
        self.names = tag_names(rows)
        Random("wnut17").shuffle(rows)
        self.held, self.pool = rows[:400], rows[400:]

    def f1(
        self,
        begin: Path,
        key: dict[str, Any],
        seed: int,
        setting: float,
        test: Sequence[TaggedWords],
    ) -> dict[str, Any]:
        """Learn from a draw of sentences, and give the F1 of the spans of others."""
        number, method = key["labels"], key["method"]
        chosen = Random(seed).sample(self.pool, number)
        learn = taggers(begin, self.names, number, seed)[method](setting)
        scored = measure(learn(chosen, test), test, self.names)
        return {"setting": setting, "f1": round(scored["f1"], 4)}

    def choose(
        self,
        begin: Path,
        key: dict[str, Any],
        settings: Sequence[float],
        journal: Journal,
    ) -> float:
        """Give the setting whose F1 on the held sentences is highest, with seed 0."""
        tried = [
            journal.run(
                key | {"seed": "choice", "try": one},
                partial(self.f1, begin, key, 0, one, self.held),
            )
            for one in settings
        ]
        return max(tried, key=lambda one: one["f1"])["setting"]


def names_in_messages(options: argparse.Namespace, journal: Journal) -> dict[str, Any]:
    """Find the names of WNUT-17 with some labelled sentences.

    The held sentences choose each method's setting, with seed 0 and as many labels.
    """
    data, found, curve = Messages(options.wnut17), [], []
    first = folder_of(options.work, 0, KEPT[-1])
    for number in options.labels:
        for method in taggers(first, data.names, number, 0):
            key = {"task": "wnut17", "method": method, "labels": number}
            settings = PENALTIES if method.startswith("neighbours") else TAG_RATES
            best = data.choose(first, key, settings, journal)
            for seed in options.seeds:
                begin = folder_of(options.work, seed, KEPT[-1])
                work = partial(data.f1, begin, key, seed, best, data.asked)
                found.append(journal.run(key | {"seed": seed}, work))
            if method != "pretrained" or number < max(options.labels):
                continue
            for step, seed in product(KEPT[:-1], options.seeds):
                begin = folder_of(options.work, seed, step)
                work = partial(data.f1, begin, key, seed, best, data.asked)
                curve.append(journal.run(key | {"seed": seed, "step": step}, work))
    choices = [one for n in options.labels for one in journal.choices("wnut17", n)]
    return {"choices": choices, "runs": found, "curve": curve}


def beside(
    before: dict[str, Any],
    found: dict[str, Any],
    models: Sequence[dict[str, Any]],
    labels: Sequence[int],
) -> dict[str, Any]:
    """Keep the runs with other numbers of labels, which other models may have had."""
    for name in ("choices", "runs", "curve", "pretraining"):
        kept = [r for r in before.get(name, []) if r["labels"] not in labels]
        if name == "pretraining":
            new = [one | {"labels": n} for n in labels for one in models]
        else:
            new = found.get(name, [])
        found[name] = kept + new
    return found


# What is shipped.


def shortened(folder: Path) -> BertForPreTraining:
    """Load a model without the positions that no text reached."""
    model = BertForPreTraining.from_pretrained(folder)
    length = RECIPE.max_length
    state = model.state_dict()
    for name in state:
        if name.endswith("position_embeddings.weight"):
            state[name] = state[name][:length]
    shorter = BertForPreTraining(model.config.changed(max_position_embeddings=length))
    shorter.load_state_dict(state)
    return shorter.eval()


def ship(options: argparse.Namespace, document: dict[str, Any]) -> dict[str, Any]:
    """Write the model with the lowest validation loss in half precision."""
    ends = document["language"]["models"][str(KEPT[-1])]
    losses = [one["masked_lm"] for one in ends]
    seed = options.seeds[losses.index(min(losses))]
    model = shortened(folder_of(options.work, seed, KEPT[-1]))
    folder = options.work / "english"
    model.half().save_pretrained(folder)
    tokenizer = BertTokenizer.from_pretrained(options.work)
    tokenizer.save(folder, RECIPE.max_length)
    again = BertForPreTraining.from_pretrained(folder)
    with open(folder / "model.safetensors", "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    report = {
        "seed": seed,
        "recipe": asdict(RECIPE) | {"seed": seed},
        "sha256": digest,
        "validation": evaluate_corpus(again, corpus(options.work, 0)),
        "in fp32": ends[losses.index(min(losses))],
        "counts": document["language"]["counts"],
        "counts on the definitions": document["language"]["counts on the definitions"],
        "definitions": [
            one
            for one in document["definitions"]["runs"]
            if one["labels"] == LABELS and one["seed"] == seed
        ],
        "facts": {
            name: [
                one
                for one in document["facts"][name]["runs"]
                if (one["step"], one["seed"]) == (KEPT[-1], seed)
            ]
            for name in QUESTIONS
        },
        "text": document["text"],
        "parameters": sum(p.numel() for p in again.parameters()),
        "vocabulary": len(tokenizer),
    }
    replace_json(folder / "report.json", report)
    return {"seed": seed, "sha256": digest}


def parts_of(
    options: argparse.Namespace, document: dict[str, Any]
) -> dict[str, Callable[[], Any]]:
    """Give the parts by name; what one gives is stored under its name."""
    work = options.work
    journal = Journal(work / "runs.jsonl")

    def tokenizer() -> BertTokenizer:
        return BertTokenizer.from_pretrained(work)

    def once(name: str, work: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: journal.run({"task": name, "seeds": options.seeds}, work)

    def models() -> list[dict[str, Any]]:
        return [pretrain(work, seed, options.threads) for seed in options.seeds]

    def labelled() -> dict[str, Any]:
        task = definitions(work, tokenizer())
        found = compared("definitions", task, (LABELS,), options, journal)
        return found | {"near the text": near(work)}

    def with_others(name: str, learn: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        made = models()  # before anything starts from them
        return beside(document.get(name, {}), learn(), made, options.labels)

    return {
        "pretrain": lambda: {"recipe": asdict(RECIPE), "runs": models()},
        "language": once("language", lambda: language(work, options.seeds)),
        "definitions": labelled,
        "curve": lambda: curve(
            definitions(work, tokenizer()), "definitions", LABELS, options, journal
        ),
        "facts": once("facts", lambda: ask_facts(options)),
        "sst2": lambda: with_others(
            "sst2", lambda: reviews(tokenizer(), options, journal)
        ),
        "wnut17": lambda: with_others(
            "wnut17", lambda: names_in_messages(options, journal)
        ),
        "ship": partial(ship, options, document),
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Do the parts that are asked for; the document keeps what others found."""
    options.work.mkdir(parents=True, exist_ok=True)
    if not (options.work / "definitions").is_dir():
        split_definitions(options.sources, options.work)
    document["text"] = write_text(options.sources, options.work)
    parts = parts_of(options, document)
    for name in options.parts:
        document[name] = parts[name]()
        yield


def definitions(work: Path, tokenizer: BertTokenizer) -> Task:
    """Read the labelled definitions."""
    parts = (read_rows(work / "definitions" / f"{name}.tsv") for name in reversed(ROWS))
    train_rows, dev, test = parts
    return Task(train_rows, dev, test, tokenizer)


def near(work: Path) -> dict[str, int]:
    """Count the test definitions that share eight words in a row with the text."""
    seen = set()
    for document in read_documents([work / "text" / "wordnet.txt"]):
        for sentence in document:
            seen.update(runs_of_words(sentence.split(": ", 1)[-1]))
    test = read_rows(work / "definitions" / "test.tsv")
    long = [text for text, _ in test if len(text.split()) >= RUN_OF_WORDS]
    hits = sum(not seen.isdisjoint(runs_of_words(text)) for text in long)
    exact = sum(hash_of(text) in seen for text, _ in test)
    return {"test": len(test), "of eight words or more": len(long), "near": hits} | {
        "in the text as a whole": exact
    }


RUN_OF_WORDS = 8


def runs_of_words(text: str) -> set[str]:
    """Give all runs of eight words, and the whole text."""
    words = text.lower().rstrip(".").split()
    whole = {hash_of(text)}
    return whole | {
        " ".join(words[i : i + RUN_OF_WORDS])
        for i in range(len(words) - RUN_OF_WORDS + 1)
    }


def hash_of(text: str) -> str:
    """Give a text in the form in which texts are compared."""
    return "= " + " ".join(text.lower().rstrip(".").split())


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    for name in ("sources", "work", "sst2", "wnut17"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--labels", type=int, nargs="+", default=list(TAG_STEPS))
    parser.add_argument("--parts", nargs="+", choices=ALL, default=list(ALL))
    parser.add_argument(
        "--threads", type=int, default=1, help="of pretraining; fine-tuning takes one"
    )


if __name__ == "__main__":
    main(run, OUTPUT, options=add_options, goes_on=True)
