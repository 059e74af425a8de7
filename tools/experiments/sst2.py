"""Fine-tune small models on SST-2 phrases, with and without pretraining on real text.

A BERT of two layers is pretrained on the validation text of WikiText-2 and on the
training phrases without their labels. Then 256, 2,048 and all labels are given to it,
to the same model with random weights, and to a logistic regression on words.

    python tools/experiments/sst2.py SST2 WIKITEXT --work FOLDER --output results.json

SST2 is a folder with train.tsv and dev.tsv, WIKITEXT a text file; FOLDER keeps the
pretrained model and the runs that are done, so that a second call goes on. `--labels`
chooses how many labels are given; 0 is all of them, on one seed.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch
from record import main
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.pretraining.run import pretrain_corpus
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import fit, predict
from bert_tutorial.tasks.sentiment.labels import overlap
from bert_tutorial.tasks.sentiment.tables import LabelledText, read_table
from bert_tutorial.tokenization.tokenizer import BertTokenizer


class Words:
    """A logistic regression on which words occur, without a table of zeros."""

    def __init__(
        self, rows: Sequence[LabelledText], decay: float, steps: int = 100
    ) -> None:
        """Fit it: mean cross-entropy and decay times the sum of squared weights."""
        self.index: dict[str, int] = {}
        for row in rows:
            for word in row.text.split():
                self.index.setdefault(word, len(self.index))
        self.table = nn.EmbeddingBag(len(self.index), 2, mode="sum")
        nn.init.zeros_(self.table.weight)
        self.bias = nn.Parameter(torch.zeros(2))
        ids, starts = self.bags(rows)
        labels = torch.tensor([int(row.label) for row in rows])
        parameters = [self.table.weight, self.bias]
        optimizer = torch.optim.LBFGS(parameters, max_iter=steps)

        def closure() -> Tensor:
            optimizer.zero_grad()
            logits = self.table(ids, starts) + self.bias
            penalty = decay * self.table.weight.square().sum()
            loss = F.cross_entropy(logits, labels) + penalty
            loss.backward()
            return loss

        optimizer.step(closure)

    def bags(self, rows: Sequence[LabelledText]) -> tuple[Tensor, Tensor]:
        """Number the known words of each text, and say where each text begins."""
        bags = [
            sorted({self.index[w] for w in row.text.split() if w in self.index})
            for row in rows
        ]
        ends = torch.tensor([len(bag) for bag in bags]).cumsum(0)
        starts = torch.cat([torch.zeros(1, dtype=torch.long), ends[:-1]])
        return torch.tensor([i for bag in bags for i in bag]), starts

    @torch.no_grad()
    def hits(self, rows: Sequence[LabelledText]) -> Tensor:
        """Tell for each row whether the guess is right: (N,) bool."""
        logits = self.table(*self.bags(rows)) + self.bias
        return logits.argmax(-1) == torch.tensor([int(row.label) for row in rows])


def inside(train: Sequence[LabelledText], test: Sequence[LabelledText]) -> Tensor:
    """Tell which test phrases are a run of words of a training phrase: (N,) bool."""
    text = "\n".join(f" {' '.join(row.text.split())} " for row in train)
    return torch.tensor([f" {' '.join(row.text.split())} " in text for row in test])


def around(train: Sequence[LabelledText], test: Sequence[LabelledText]) -> Tensor:
    """Tell which test phrases have a training phrase of 4 words or more in them."""
    runs = {tuple(words) for row in train if len(words := row.text.split()) >= 4}

    def has_one(words: list[str]) -> bool:
        return any(
            tuple(words[i:j]) in runs
            for i in range(len(words))
            for j in range(i + 4, len(words) + 1)
        )

    return torch.tensor([has_one(row.text.split()) for row in test])


RECIPE = CorpusRecipe(steps=1_600, tokens_per_batch=2_048, max_length=64)
PHRASES_A_DOCUMENT = 10
BATCH = 32
RATE = 1e-3
STEPS = {256: 100, 2_048: 400, 0: 60_614 // BATCH}  # 0: all labels, one epoch
DECAYS = (1e-6, 1e-5, 1e-4, 1e-3)
HELD = 10  # one training row in so many chooses the decay


def pretrain(rows: Sequence[LabelledText], text: Path, work: Path) -> dict[str, Any]:
    """Pretrain once; give what was measured.

    The phrases stand ten to a document, in the file's order, in which neighbours have
    nothing to do with each other: next-sentence prediction learns nothing from them.
    """
    report = work / "model" / "run.json"
    if not report.is_file():
        work.mkdir(parents=True, exist_ok=True)
        lines = [row.text for row in rows]
        blocks = (
            "\n".join(lines[i : i + PHRASES_A_DOCUMENT])
            for i in range(0, len(lines), PHRASES_A_DOCUMENT)
        )
        phrases = work / "phrases.txt"
        phrases.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
        pretrain_corpus([text, phrases], RECIPE, output=work / "model")
    values = json.loads(report.read_text(encoding="utf-8"))
    names = ("validation", "unigram_entropy", "uniform", "parameters", "vocabulary")
    kept = {name: values[name] for name in (*names, "seconds_training")}
    return kept | {"steps": values["recipe"]["steps"]}


def encode(
    tokenizer: BertTokenizer, rows: Sequence[LabelledText], length: int
) -> list[Example]:
    """Encode phrases, cut to the model's length."""
    ends = tokenizer.cls_id, tokenizer.sep_id
    found = tokenizer.encode_lines([row.text for row in rows])
    ids = [[ends[0], *pieces[: length - 2], ends[1]] for pieces in found]
    return [
        Example(row, [0] * len(row), {"labels": int(rows[i].label)})
        for i, row in enumerate(ids)
    ]


def hits_of(model: nn.Module, examples: Sequence[Example]) -> Tensor:
    """Tell for each example whether the model is right: (N,) bool."""
    parts = predict(model, examples)
    return torch.cat([out.logits.argmax(-1) == part["labels"] for out, part in parts])


def tuned(
    kind: str, folder: Path, examples: list[Example], steps: int, seed: int
) -> nn.Module:
    """Fine-tune the pretrained model, or the same from random weights."""
    torch.manual_seed(seed)
    model = BertForSequenceClassification.from_pretrained(
        folder, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.0
    )
    if kind == "scratch":
        model = BertForSequenceClassification(model.config)
    fit(
        model,
        examples,
        steps=steps,
        batch_size=BATCH,
        learning_rate=RATE,
        seed=seed,
    )
    return model


def run_one(
    kind: str,
    number: int,
    rows: list[LabelledText],
    seed: int,
    test: list[LabelledText],
    folder: Path,
    tokenizer: BertTokenizer,
) -> tuple[Tensor, float]:
    """Train on the rows and judge the test; a tenth of them chooses the decay first.

    Returns:
        Which test rows are right, and the decay or the learning rate.
    """
    if kind == "bag of words":
        cut = len(rows) // HELD
        held, kept = rows[:cut], rows[cut:]
        decay = max(
            DECAYS, key=lambda d: Words(kept, d).hits(held).float().mean().item()
        )
        return Words(rows, decay).hits(test), decay
    length = RECIPE.max_length
    examples = encode(tokenizer, rows, length)
    model = tuned(kind, folder, examples, STEPS[number], seed)
    return hits_of(model, encode(tokenizer, test, length)), RATE


def run_key(one: dict[str, Any]) -> tuple[str, int, int]:
    """Name a run."""
    return one["method"], one["labels"], one["seed"]


def runs_of(
    options: argparse.Namespace, train: list[LabelledText], test: list[LabelledText]
) -> Iterator[dict[str, Any]]:
    """Make every run that the journal does not have yet, and give them all in order."""
    folder = options.work / "model"
    tokenizer = BertTokenizer.from_pretrained(folder)
    is_apart = ~(inside(train, test) | around(train, test))
    journal = options.work / "runs.jsonl"
    lines = journal.read_text("utf-8").splitlines() if journal.is_file() else []
    done = {run_key(one): one for one in map(json.loads, lines)}
    kinds = ("bag of words", "scratch", "pretrained")
    for number, kind in product(options.labels, kinds):
        for seed in options.seeds if number else options.seeds[:1]:
            known = done.get((kind, number or len(train), seed))
            if known is None:
                rows = drawn(train, number, seed)
                began = time.process_time()
                hits, chosen = run_one(
                    kind, number, rows, seed, test, folder, tokenizer
                )
                known = {
                    "method": kind,
                    "labels": len(rows),
                    "seed": seed,
                    "decay or rate": chosen,
                    "accuracy": round(hits.float().mean().item(), 4),
                    "apart": round(hits[is_apart].float().mean().item(), 4),
                    "seconds": round(time.process_time() - began, 1),
                }
                with open(journal, "a", encoding="utf-8") as file:
                    file.write(json.dumps(known) + "\n")
            yield known


def drawn(train: list[LabelledText], number: int, seed: int) -> list[LabelledText]:
    """Draw so many training rows; 0 is all of them, in an order of the seed's."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(train), generator=generator).tolist()
    return [train[i] for i in order[: number or len(train)]]


def phrases(train: list[LabelledText], test: list[LabelledText]) -> dict[str, int]:
    """Count the dev phrases that are near the training ones, and those apart."""
    seen = overlap(train, test)
    is_inside, is_around = inside(train, test), around(train, test)
    return {
        "in training, too": seen.shared,
        "of them with another label": seen.contradicting,
        "part of a training phrase": int(is_inside.sum()),
        "with a training phrase of 4 words in them": int(is_around.sum()),
        "apart": int((~(is_inside | is_around)).sum()),
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run everything; the document has numbers only."""
    train = list(read_table(options.sst2 / "train.tsv"))
    test = list(read_table(options.sst2 / "dev.tsv"))
    pretraining = pretrain(train, options.wikitext, options.work)
    print(json.dumps(pretraining), flush=True)
    runs = []
    for one in runs_of(options, train, test):
        print(json.dumps(one), flush=True)
        runs.append(one)
    document |= {
        "values": "accuracy on all dev phrases, and on those apart from the training",
        "pretraining": pretraining,
        "train": len(train),
        "dev": len(test),
        "majority": round(statistics.mean(int(row.label) for row in test), 4),
        "dev phrases": phrases(train, test),
        "seconds of runs": round(sum(one["seconds"] for one in runs), 1),
        "runs": runs,
    }
    yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("sst2", type=Path)
    parser.add_argument("wikitext", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--labels", type=int, nargs="+", default=list(STEPS))


if __name__ == "__main__":
    main(run, None, options=add_options)
