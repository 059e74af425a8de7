"""Find the names in WNUT-17 with small models of our own, and say how well.

    python tools/experiments/wnut17.py --train wnut17train.conll --dev
        emerging.dev.conll         --text wikitext-2-valid.txt --model FOLDER

The text and the training sentences without their labels pretrain a tiny BERT in FOLDER
(about seven minutes of one core), unless it is there. Then, on three seeds: the
pretrained model, the same model from scratch, and two linear models that see a word
and its neighbours, without and with the letters. Learning rates and penalties are
chosen on the last tenth of the training file; the development file is only scored.
Only numbers go into the package's runs.
"""

import argparse
import json
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from record import RUNS, main
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial import BertForTokenClassification, BertTokenizer
from bert_tutorial.pretraining.run import CorpusRecipe, pretrain_corpus
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.tagging.bio import best_legal_tags, is_legal, tags_to_spans
from bert_tutorial.tasks.tagging.files import TaggedWords, read_conll, tag_names
from bert_tutorial.tasks.tagging.predict import word_scores
from bert_tutorial.tasks.tagging.scores import span_scores, token_accuracy
from bert_tutorial.tasks.tagging.windows import encode_rows

EPOCHS = 6
BATCH = 16

# From sentences to learn from and sentences to tag: the scores (words, C) of each.
Scorer = Callable[[Sequence[TaggedWords], Sequence[TaggedWords]], list[Tensor]]


def by_bert(
    folder: Path,
    names: list[str],
    rate: float,
    seed: int,
    scratch: bool,
    steps: int | None = None,
) -> Scorer:
    """Fine-tune the model of a folder, or learn from scratch; EPOCHS if no steps."""

    def score(
        train: Sequence[TaggedWords], asked: Sequence[TaggedWords]
    ) -> list[Tensor]:
        tokenizer = BertTokenizer.from_pretrained(folder)
        torch.manual_seed(seed)
        model = BertForTokenClassification.from_pretrained(
            folder, num_labels=len(names), hidden_dropout_prob=0.1
        )
        if scratch:
            model = BertForTokenClassification(model.config)
        fit(
            model,
            encode_rows(tokenizer, train, names, max_length=128),
            steps=steps or EPOCHS * len(train) // BATCH,
            batch_size=BATCH,
            learning_rate=rate,
            seed=seed,
        )
        words = [row.words for row in asked]
        return word_scores(model, tokenizer, words, max_length=128)

    return score


def features(words: Sequence[str], place: int, letters: bool) -> list[str]:
    """Name what a linear model sees of a word."""
    padded = ["<", *words, ">"]
    near = {k: padded[place + 1 + k] for k in (-1, 0, 1)}
    found = [f"{k}:{word}" for k, word in near.items()]
    if letters:
        word = near[0]
        shape = re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]+", "A", word))
        found += [f"{k}:low:{w.lower()}" for k, w in near.items()]
        found += [f"start:{word[:3]}", f"end:{word[-3:]}"]
        found += [f"shape:{re.sub('[0-9]+', '9', shape)}"]
        found += [f"{k}:capital" for k, w in near.items() if w[:1].isupper()]
    return found


def by_neighbours(names: list[str], penalty: float, letters: bool) -> Scorer:
    """Fit a logistic regression on features of the word and its neighbours."""

    def score(
        train: Sequence[TaggedWords], asked: Sequence[TaggedWords]
    ) -> list[Tensor]:
        index: dict[str, int] = {}

        def bags(rows: Sequence[TaggedWords], grow: bool) -> tuple[Tensor, Tensor]:
            flat: list[int] = []
            starts: list[int] = []
            for row in rows:
                for place in range(len(row.words)):
                    starts.append(len(flat))
                    for name in features(row.words, place, letters):
                        if grow:
                            index.setdefault(name, len(index))
                        if name in index:
                            flat.append(index[name])
            return torch.tensor(flat), torch.tensor(starts)

        seen = bags(train, grow=True)
        gold = torch.tensor([names.index(tag) for row in train for tag in row.tags])
        table = torch.zeros(len(index), len(names), requires_grad=True)
        bias = torch.zeros(len(names), requires_grad=True)
        optimizer = torch.optim.LBFGS([table, bias], max_iter=150)

        def closure() -> Tensor:
            optimizer.zero_grad()
            logits = F.embedding_bag(seen[0], table, seen[1], mode="sum") + bias
            loss = F.cross_entropy(logits, gold) + penalty * table.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        with torch.no_grad():
            found = bags(asked, grow=False)
            logits = F.embedding_bag(found[0], table, found[1], mode="sum") + bias
        return list(logits.split([len(row.words) for row in asked]))

    return score


OUTPUT = RUNS / "wnut17.json"
SEEDS = (0, 1, 2)
RATES = (5e-4, 1e-3, 2e-3)
PENALTIES = (1e-6, 1e-5, 1e-4)
RECIPE = CorpusRecipe(config="tiny", vocab_size=8_000, cased=True, steps=1_800)


def pretrain(folder: Path, text: Path, train: Sequence[TaggedWords]) -> None:
    """Pretrain on a WikiText file and on the training sentences, without labels."""
    corpus = folder / "text"
    corpus.mkdir(parents=True)
    plain = re.sub(r" @(.)@ ", r"\1", text.read_text(encoding="utf-8"))
    (corpus / "wikitext.txt").write_text(plain.replace(" <unk>", ""), encoding="utf-8")
    sentences = "\n\n".join(" ".join(row.words) for row in train) + "\n"
    (corpus / "wnut17.txt").write_text(sentences, encoding="utf-8")
    pretrain_corpus([corpus], RECIPE, output=folder)


def measure(
    scores: Sequence[Tensor], asked: Sequence[TaggedWords], names: list[str]
) -> dict[str, Any]:
    """Decode in both ways and compare with the truth."""
    gold = [row.tags for row in asked]
    alone = [[names[i] for i in one.argmax(dim=-1).tolist()] for one in scores]
    legal = [best_legal_tags(one, names) for one in scores]
    found = span_scores(gold, legal)
    broken = sum(
        not all(is_legal(a, b) for a, b in zip(["O", *tags], tags, strict=False))
        for tags in alone
    )
    return {
        "precision": found.precision,
        "recall": found.recall,
        "f1": found.f1,
        "token_accuracy": token_accuracy(gold, legal),
        "f1_word_by_word": span_scores(gold, alone).f1,
        "illegal_sentences": broken,
        "per_type": {name: count.f1 for name, count in found.per_type.items()},
        "predicted": legal,
    }


def by_pieces(
    tokenizer: BertTokenizer,
    train: Sequence[TaggedWords],
    asked: Sequence[TaggedWords],
    predictions: Sequence[Sequence[Sequence[str]]],
) -> list[dict[str, Any]]:
    """Group the true spans by the pieces of their most divided word."""
    seen = {word for row in train for word in row.words}
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number, row in enumerate(asked):
        guesses = [set(tags_to_spans(one[number])) for one in predictions]
        for span in tags_to_spans(row.tags):
            words = row.words[span.start : span.end]
            pieces = max(len(tokenizer.tokenize(word)) for word in words)
            share = sum(span in guess for guess in guesses) / len(guesses)
            known = "seen" if seen.issuperset(words) else "new"
            for group in (known, "all"):
                found[group, f"{pieces}" if pieces < 4 else "4+"].append(share)
    return [
        {
            "words": group,
            "pieces": pieces,
            "spans": len(shares),
            "recall": round(statistics.mean(shares), 4),
        }
        for (group, pieces), shares in sorted(found.items())
    ]


def choose(
    make: Callable[[float], Scorer],
    settings: Sequence[float],
    rows: Sequence[TaggedWords],
    names: list[str],
) -> dict[str, Any]:
    """Choose a setting by F1 on the last tenth of the training sentences."""
    cut = len(rows) * 9 // 10
    tried = {}
    for setting in settings:
        scores = make(setting)(rows[:cut], rows[cut:])
        tried[setting] = round(measure(scores, rows[cut:], names)["f1"], 4)
    best = max(tried, key=lambda setting: tried[setting])
    return {"chosen": best, "tried": {f"{key:g}": f1 for key, f1 in tried.items()}}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Give mean and standard deviation of each number over the seeds."""
    result: dict[str, Any] = {}
    for key in runs[0]:
        values = [run[key] for run in runs]
        if isinstance(values[0], dict):
            result[key] = summary(values)
        elif not isinstance(values[0], list):
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            result[key] = [round(statistics.mean(values), 4), round(spread, 4)]
    return result


def berts(
    folder: Path,
    train: Sequence[TaggedWords],
    dev: Sequence[TaggedWords],
    scratch: bool,
) -> dict[str, Any]:
    """Choose a learning rate, then train a model on each seed."""
    names = tag_names(train)
    make = partial(by_bert, folder, names, seed=0, scratch=scratch)
    rate = choose(make, RATES, train, names)
    runs = []
    for seed in SEEDS:
        learn = by_bert(folder, names, rate["chosen"], seed, scratch)
        runs.append(measure(learn(train, dev), dev, names))
    tokenizer = BertTokenizer.from_pretrained(folder)
    predictions = [run["predicted"] for run in runs]
    return {
        "learning_rate": rate,
        **summary(runs),
        "f1_of_seeds": [round(run["f1"], 4) for run in runs],
        "by_pieces": by_pieces(tokenizer, train, dev, predictions),
    }


def linear(
    folder: Path,
    train: Sequence[TaggedWords],
    dev: Sequence[TaggedWords],
    letters: bool,
) -> dict[str, Any]:
    """Choose a penalty, then fit one model."""
    names = tag_names(train)
    make = partial(by_neighbours, names, letters=letters)
    penalty = choose(make, PENALTIES, train, names)
    learn = by_neighbours(names, penalty["chosen"], letters)
    run = measure(learn(train, dev), dev, names)
    tokenizer = BertTokenizer.from_pretrained(folder)
    return {
        "penalty": penalty,
        **summary([run]),
        "by_pieces": by_pieces(tokenizer, train, dev, [run["predicted"]]),
    }


def compare(
    folder: Path, train: Sequence[TaggedWords], dev: Sequence[TaggedWords]
) -> dict[str, Any]:
    """Run all methods."""
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        "pretrained": partial(berts, folder, train, dev, scratch=False),
        "scratch": partial(berts, folder, train, dev, scratch=True),
        "neighbours": partial(linear, folder, train, dev, letters=False),
        "neighbours and letters": partial(linear, folder, train, dev, letters=True),
    }
    methods: dict[str, Any] = {}
    for name, way in ways.items():
        started = time.process_time()
        methods[name] = way()
        methods[name]["seconds"] = round(time.process_time() - started)
        print(name, json.dumps(methods[name]), flush=True)
    return methods


def about(rows: Sequence[TaggedWords]) -> dict[str, int]:
    """Count sentences, words and spans."""
    return {
        "sentences": len(rows),
        "words": sum(len(row.words) for row in rows),
        "spans": sum(len(tags_to_spans(row.tags)) for row in rows),
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Pretrain if need be, and compare."""
    train, dev = read_conll(options.train), read_conll(options.dev)
    if not (options.model / "run.json").is_file():
        pretrain(options.model, options.text, train)
    report = json.loads((options.model / "run.json").read_text(encoding="utf-8"))
    nothing = [["O"] * len(row.words) for row in dev]
    document |= {
        "values": "mean and standard deviation over seeds, on the development file",
        "seeds": len(SEEDS),
        "epochs": EPOCHS,
        "train": about(train),
        "dev": about(dev),
        "token_accuracy_of_always_O": round(
            token_accuracy([row.tags for row in dev], nothing), 4
        ),
        "pretraining": report,
        "methods": compare(options.model, train, dev),
    }
    yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    for name in ("train", "dev", "text", "model"):
        parser.add_argument(f"--{name}", type=Path, required=True)


if __name__ == "__main__":
    main(run, OUTPUT, seeds=None, options=add_options)
