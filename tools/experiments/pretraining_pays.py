"""Compare fine-tuning the pretrained model with learning from scratch.

For sentiment, tagging and questions of the mini-world: the pretrained model, the
same model from scratch (given the best of its learning rates on the test set, which
favours it) and a bag-of-words logistic regression, on several label samples. Words
that carry the answer are never among the labels.

    python tools/experiments/pretraining_pays.py FOLDER [FOLDER ...] --output
        results.json
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from record import main
from torch import nn

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from bert_tutorial.tasks import fit as fitting
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.sentiment.baseline import bag_of_words
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import FULL, World
from bert_tutorial.world import examples as world_examples
from bert_tutorial.world.tasks import TAGS, change_answer


def words_of(item: Any) -> list[str]:
    """Split the text of a review."""
    return str(item.text).lower().replace(".", " ").split()


def window(words: list[str], index: int) -> list[str]:
    """Name a word and its two neighbours, each with its place."""
    padded = ["<", *words, ">"]
    return [f"{k}:{padded[index + 1 + k].lower()}" for k in (-1, 0, 1)]


def baseline(name: str, train: list[Any], test: list[Any]) -> float:
    """Score a logistic regression on words (tagging, questions: and neighbours)."""
    if name == "sentiment":
        logits = bag_of_words(
            [words_of(s) for s in train],
            [s.label for s in train],
            [words_of(s) for s in test],
            2,
        )
        right = logits.argmax(-1) == torch.tensor([s.label for s in test])
        return right.float().mean().item()
    if name == "tagging":

        def rows(items: list[Any]) -> tuple[list[list[str]], list[int]]:
            places = [(i, k) for i in items for k in range(len(i.words))]
            tags = [TAGS.index(i.tags[k]) for i, k in places]
            return [window(list(i.words), k) for i, k in places], tags

        features, labels = rows(train)
        tested, gold = rows(test)
        logits = bag_of_words(features, labels, tested, len(TAGS))
        truth = torch.tensor(gold)
        return (logits.argmax(-1) == truth)[truth > 0].float().mean().item()
    return questions_baseline(train, test)


def questions_baseline(train: list[Any], test: list[Any]) -> float:
    """Score each word of a passage by its neighbours, crossed with the question."""

    def rows(item: Any) -> tuple[list[list[str]], int]:
        words = item.context.replace(".", " .").split()
        asked = item.question.lower().rstrip("?").split()
        features = [
            [
                *window(words, i),
                *(f"{q}|{w}" for q in asked for w in window(words, i)),
            ]
            for i in range(len(words))
        ]
        return features, words.index(item.answer)

    features, labels = [], []
    for item in train:
        found, answer = rows(item)
        features += found
        labels += [int(i == answer) for i in range(len(found))]
    tested = [rows(item) for item in test]
    flat = [row for found, _ in tested for row in found]
    logits = bag_of_words(features, labels, flat, 2)
    scores = (logits[:, 1] - logits[:, 0]).split([len(found) for found, _ in tested])
    hits = [s.argmax().item() == a for s, (_, a) in zip(scores, tested, strict=True)]
    return sum(hits) / len(hits)


TEST = 400


class Task(NamedTuple):
    """How a task is drawn, encoded, modelled and scored."""

    draw: Callable[[World, int, int, str], list[Any]]
    encode: Callable[[BertTokenizer, Any], Example]
    model: Any
    classes: int
    score: Callable[[nn.Module, list[Example]], float]
    labels: tuple[int, ...]
    steps: int
    rate: float


TASKS = {
    "sentiment": Task(
        lambda world, n, seed, part: world.sentiment(n, seed, part),
        world_examples.encode_sentiment,
        BertForSequenceClassification,
        2,
        world_examples.sentiment_accuracy,
        (64, 256),
        200,
        2e-3,
    ),
    "tagging": Task(
        lambda world, n, seed, part: world.tagging(n, seed, part),
        world_examples.encode_tagged,
        BertForTokenClassification,
        len(TAGS),
        world_examples.tagging_accuracy,
        (16, 64),
        120,
        2e-3,
    ),
    "questions": Task(
        lambda world, n, seed, part: world.questions(n, seed, part),
        world_examples.encode_question,
        BertForQuestionAnswering,
        2,
        world_examples.question_accuracy,
        (64, 256),
        500,
        2e-3,
    ),
}
SCRATCH_RATES = (1e-3, 3e-3)


def train_and_score(
    task: Task,
    model: nn.Module,
    rate: float,
    train: list[Any],
    test: list[Any],
    seed: int,
) -> float:
    """Fine-tune a model and score it on the test examples."""
    fitting.fit(model, train, steps=task.steps, learning_rate=rate, seed=seed)
    return task.score(model, test)


def compare(name: str, folder: Path, number: int, sample: int) -> dict[str, float]:
    """Run one label sample of one task with `number` labels."""
    task = TASKS[name]
    world = World(0, FULL)
    tokenizer = BertTokenizer.from_pretrained(folder)
    raw = task.draw(world, number, sample, "train")
    raw_test = task.draw(world, TEST, sample, "test")
    train = [task.encode(tokenizer, item) for item in raw]
    test = [task.encode(tokenizer, item) for item in raw_test]
    torch.manual_seed(sample)
    pretrained = task.model.from_pretrained(
        folder, num_labels=task.classes, hidden_dropout_prob=0.1
    )
    scores = {
        "pretrained": train_and_score(task, pretrained, task.rate, train, test, sample)
    }
    values = pretrained.config.to_dict()
    tries = []
    for rate in SCRATCH_RATES:
        torch.manual_seed(sample)
        scratch = task.model(BertConfig.from_dict(values))
        tries.append(train_and_score(task, scratch, rate, train, test, sample))
    scores["scratch"] = max(tries)
    scores["bag_of_words"] = baseline(name, raw, raw_test)
    scores.update(contrasts(name, task, pretrained, tokenizer, raw_test))
    return scores


def contrasts(
    name: str, task: Task, model: nn.Module, tokenizer: BertTokenizer, test: list[Any]
) -> dict[str, float]:
    """Score a fine-tuned model on parts of the test, and on changed passages."""

    def score(items: list[Any]) -> float:
        return task.score(model, [task.encode(tokenizer, item) for item in items])

    if name == "sentiment":
        return {
            "pretrained, with not": score([i for i in test if i.is_negated]),
            "pretrained, without not": score([i for i in test if not i.is_negated]),
        }
    if name == "questions":
        two = World(0, FULL).questions(TEST, 0, "test", people=2)
        return {
            "pretrained, changed passage": score([change_answer(i, 0) for i in test]),
            "pretrained, two people": score(two),
        }
    return {}


def summary(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    """Give mean and standard deviation of each value over the samples."""
    found = {}
    for key in rows[0]:
        values = [row[key] for row in rows]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        found[key] = [round(statistics.mean(values), 3), round(spread, 3)]
    return found


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Make all comparisons."""
    document["samples"] = options.samples
    document["values"] = "mean and standard deviation of the share right"
    runs = document["runs"] = []
    for folder in options.folders:
        for name in options.tasks:
            for number in TASKS[name].labels:
                started = time.process_time()
                samples = range(options.samples)
                rows = [compare(name, folder, number, sample) for sample in samples]
                row = {"model": folder.name, "task": name, "labels": number}
                row |= summary(rows)
                row["seconds"] = round(time.process_time() - started, 1)
                print(json.dumps(row))
                runs.append(row)
                yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))


if __name__ == "__main__":
    main(run, None, seeds=None, options=add_options)
