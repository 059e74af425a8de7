"""Judge Chinese reviews with counts and small BERTs, on rows that leak and rows apart.

    python tools/experiments/chinese_sentiment.py FOLDER VOCAB

FOLDER has train.tsv and dev.tsv in ChnSentiCorp's form (`label`, `text_a`), VOCAB is
the vocabulary of bert-base-chinese. Some dev texts stand in the training file, too.
Each method is scored on all dev rows, on those that leak, and on those apart: the best
constant answer; a table that looks the text up; logistic regressions on characters and
on characters with all pairs of neighbours, which need no segmentation; and a BERT of
two layers. It either reads the training texts without labels first, or starts from
random weights, with as many steps of fine-tuning or with as many operations in all.
Three seeds of each; the file grows with each seed, and a second call goes on.
"""

import argparse
import json
import statistics
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import torch
from record import RUNS, main
from sst2 import Words, encode, hits_of
from torch import Tensor

from bert_tutorial.labs.efficiency.cost import forward_operations, step_operations
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.pretraining.documents import split_sentences
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.pretraining.run import CorpusRun, pretrain_corpus
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.sentiment.labels import overlap
from bert_tutorial.tasks.sentiment.tables import LabelledText, read_table
from bert_tutorial.tokenization.tokenizer import BertTokenizer

RESULTS = RUNS / "chinese_sentiment.json"
LENGTH = 96
BATCH = 32
STEPS = 240  # of fine-tuning: eight tenths of an epoch of 9,600 rows
RATES = (1e-3, 3e-3)
DECAYS = (1e-4, 1e-3, 1e-2)
ITERATIONS = 50  # of L-BFGS
HELD = 10  # one training row in so many chooses rates and decays
SIZES = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "intermediate_size": 256,
    "max_position_embeddings": LENGTH,
}
RUN = 8  # characters in a row that two different reviews hardly have in common
KINDS = ("pretrained", "scratch, as many steps", "scratch, equal work")
Rows = Sequence[LabelledText]
Run = dict[str, Any]


def letters(text: str) -> str:
    """Keep letters and digits only, in one form and case: copies rarely change them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN")


def leaks(train: Rows, test: Rows) -> Tensor:
    """Tell which test texts stand in training, by their letters and digits: (N,)."""
    known = {letters(row.text) for row in train}
    return torch.tensor([letters(row.text) in known for row in test])


def runs_of(text: str) -> set[str]:
    """Give all runs of RUN letters of a text; a shorter text is one run."""
    kept = letters(text)
    return {kept[i : i + RUN] for i in range(max(1, len(kept) - RUN + 1))}


def about(train: Rows, test: Rows) -> dict[str, int]:
    """Count the texts that both files have: as they are, by letters, and nearly."""
    seen = overlap(train, test)
    known = {row.text for row in train}
    is_leak = leaks(train, test)
    pieces = set().union(*(runs_of(row.text) for row in train))
    near = sum(
        2 * len(runs_of(row.text) & pieces) >= len(runs_of(row.text))
        for row, leak in zip(test, is_leak.tolist(), strict=True)
        if not leak
    )
    return {
        "train": len(train),
        "distinct in train": len(known),
        "test": len(test),
        "distinct in test": len({row.text for row in test}),
        "the same text": sum(row.text in known for row in test),
        "the same letters": int(is_leak.sum()),
        "of the same texts, with another label": seen.contradicting,
        "apart, half of its runs in train": near,
    }


def spread(rows: Rows, pairs: bool) -> list[LabelledText]:
    """Put blanks between the characters of each text, and add pairs of neighbours."""
    found = []
    for row in rows:
        units = [c for c in row.text.casefold() if not c.isspace()]
        if pairs:
            units += [a + b for a, b in pairwise(units)]
        found.append(row._replace(text=" ".join(units)))
    return found


def divided(train: Rows) -> tuple[list[LabelledText], list[LabelledText]]:
    """Divide the training rows into most and the held tenth; copies stay together."""
    texts = sorted({letters(row.text) for row in train})
    held = set(texts[::HELD])
    return (
        [row for row in train if letters(row.text) not in held],
        [row for row in train if letters(row.text) in held],
    )


def by_part(hits: Tensor, is_leak: Tensor) -> dict[str, float]:
    """Give the accuracy on all rows, on those that leak and on those apart."""
    parts = {"all": hits, "leaked": hits[is_leak], "apart": hits[~is_leak]}
    return {name: round(one.float().mean().item(), 4) for name, one in parts.items()}


def counted(train: Rows, test: Rows, pairs: bool) -> tuple[Tensor, float]:
    """Fit a logistic regression; the held tenth chooses the decay."""
    train, test = spread(train, pairs), spread(test, pairs)
    most, held = divided(train)

    def right(decay: float) -> float:
        return Words(most, decay, ITERATIONS).hits(held).float().mean().item()

    decay = max(DECAYS, key=right)
    return Words(train, decay, ITERATIONS).hits(test), decay


def always(rows: Rows) -> Tensor:
    """Tell which rows the best constant answer gets right: (N,) bool."""
    most = Counter(row.label for row in rows).most_common(1)[0][0]
    return torch.tensor([row.label == most for row in rows])


def simple(train: Rows, test: Rows) -> Iterator[Run]:
    """Score the methods that draw nothing at random.

    The best constant answer is chosen on the test rows themselves, part by part, which
    favours it; looking up falls back on it.
    """
    is_leak = leaks(train, test)
    apart = [row for row, leak in zip(test, is_leak.tolist(), strict=True) if not leak]
    leaked = [row for row, leak in zip(test, is_leak.tolist(), strict=True) if leak]
    parts = {"all": test, "leaked": leaked, "apart": apart}
    constant = {
        name: round(always(rows).float().mean().item(), 4)
        for name, rows in parts.items()
    }
    yield {"method": "one answer for all", **constant}
    table = {letters(row.text): row.label for row in train}
    hits = torch.tensor([table.get(letters(row.text)) == row.label for row in test])
    hits[~is_leak] = always(apart)
    yield {"method": "look the text up", **by_part(hits, is_leak)}
    for name, pairs in (("characters", False), ("characters and pairs", True)):
        hits, decay = counted(train, test, pairs)
        yield {"method": name, **by_part(hits, is_leak), "decay": decay}


def recipe_of(seed: int, config: Path, steps: int) -> CorpusRecipe:
    """Describe the pretraining of a seed."""
    return CorpusRecipe(
        config=str(config),
        steps=steps,
        tokens_per_batch=2_048,
        max_length=LENGTH,
        learning_rate=4e-3,
        dropout=0.0,
        seed=seed,
    )


def pretrained(
    train: Rows, tokenizer: BertTokenizer, seed: int, steps: int, folder: Path
) -> CorpusRun:
    """Read the training texts without labels: a review is a document of sentences."""
    texts = dict.fromkeys(row.text for row in train)
    blocks = ["\n".join(split_sentences(text)) for text in texts]
    corpus = folder / "corpus.txt"
    corpus.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    sizes = folder / "sizes.json"
    values = {**SIZES, "vocab_size": len(tokenizer), "initializer_range": 0.125}
    values |= {"position_initializer_range": 0.03}
    sizes.write_text(json.dumps(values), encoding="utf-8")
    recipe = recipe_of(seed, sizes, steps)
    output = folder / "model"
    return pretrain_corpus([corpus], recipe, tokenizer=tokenizer, output=output)


def pretraining_work(run: CorpusRun, recipe: CorpusRecipe) -> float:
    """Count the operations of a pretraining from the shapes of its first batches."""
    some = list(islice(run.data.batches(recipe.tokens_per_batch), 50))
    work = 0
    for batch in some:
        B, T = batch["input_ids"].shape
        M = int((batch["labels"] != -100).sum())
        parts = forward_operations(run.model.config, B, T, M)
        work += step_operations(parts)
    return recipe.steps * work / len(some)


def tuning_work(config: BertConfig, rows: int) -> float:
    """Count the operations of one step of fine-tuning: no masked-LM head."""
    return float(step_operations(forward_operations(config, rows, LENGTH, 0)))


def tuned(
    folder: Path, rows: Rows, kind: str, steps: int, rate: float, seed: int
) -> BertForSequenceClassification:
    """Fine-tune the pretrained model, or the same from random weights."""
    torch.manual_seed(seed)
    model = BertForSequenceClassification.from_pretrained(
        folder, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.0
    )
    if kind != KINDS[0]:
        model = BertForSequenceClassification(model.config)
    examples = encode(BertTokenizer.from_pretrained(folder), rows, LENGTH)
    fit(
        model,
        examples,
        steps=steps,
        batch_size=BATCH,
        learning_rate=rate,
        seed=seed,
    )
    return model


def judged(model: BertForSequenceClassification, folder: Path, rows: Rows) -> Tensor:
    """Tell for each row whether the model is right: (N,) bool."""
    tokenizer = BertTokenizer.from_pretrained(folder)
    return hits_of(model, encode(tokenizer, rows, LENGTH))


def choose_rates(folder: Path, train: Rows, steps: int) -> dict[str, dict[str, float]]:
    """Try the rates on the held tenth, with and without pretraining, on seed 0."""
    most, held = divided(train)
    tried: dict[str, dict[str, float]] = {}
    for kind in KINDS[:2]:
        tried[kind] = {}
        for rate in RATES:
            model = tuned(folder, most, kind, steps, rate, 0)
            right = judged(model, folder, held).float().mean().item()
            tried[kind][f"{rate:g}"] = round(right, 4)
    return tried


def best(tried: dict[str, float]) -> float:
    """Give the rate with the highest accuracy on the held tenth."""
    return float(max(tried, key=lambda rate: tried[rate]))


def one_seed(
    train: Rows,
    test: Rows,
    tokenizer: BertTokenizer,
    seed: int,
    options: argparse.Namespace,
    document: dict[str, Any],
) -> Iterator[Run]:
    """Pretrain, then fine-tune in three ways; give each run."""
    is_leak = leaks(train, test)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "model"
        began = time.process_time()
        start = pretrained(train, tokenizer, seed, options.steps, Path(made))
        seconds = time.process_time() - began
        before = pretraining_work(start, recipe_of(seed, Path(made), options.steps))
        if "rates" not in document:
            document["rates"] = choose_rates(folder, train, options.tune)
        step = tuning_work(start.model.config, BATCH)
        for kind in KINDS:
            extra = round(before / step) if kind == KINDS[2] else 0
            rate = best(document["rates"][KINDS[1] if extra else kind])
            began = time.process_time()
            model = tuned(folder, train, kind, options.tune + extra, rate, seed)
            spent = time.process_time() - began + (seconds if kind == KINDS[0] else 0)
            yield {
                "method": kind,
                "seed": seed,
                "steps": options.tune + extra,
                "rate": rate,
                "operations": (options.tune + extra) * step
                + (before if kind == KINDS[0] else 0),
                **by_part(judged(model, folder, test), is_leak),
                "cpu_seconds": round(spent, 1),
            }
        document["pretraining"] = pretraining_facts(start, document, seed)


def pretraining_facts(
    run: CorpusRun, document: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Keep what describes the pretraining of each seed."""
    found: dict[str, Any] = document.get("pretraining", {"validation": {}})
    names = ("unigram_entropy", "uniform", "parameters", "vocabulary", "documents")
    found |= {name: run.report[name] for name in names}
    found["steps"] = run.report["recipe"]["steps"]
    found["training_tokens"] = run.report["training_tokens"]
    found["validation"][str(seed)] = run.report["validation"]
    return found


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Make the runs that the file does not have."""
    train = list(read_table(options.folder / "train.tsv"))
    test = list(read_table(options.folder / "dev.tsv"))
    tokenizer = BertTokenizer.from_vocab(options.vocab)
    document["values"] = "accuracy on all dev rows, on those that leak, and apart"
    document["rows"] = about(train, test)
    document["characters a text"] = round(
        statistics.mean(len(row.text) for row in train), 1
    )
    runs: list[Run] = document.setdefault("runs", [])
    if not runs:
        for one in simple(train, test):
            runs.append(one)
            print(json.dumps(one), flush=True)
        yield
    for seed in options.seeds:
        if sum(one.get("seed") == seed for one in runs) == len(KINDS):
            continue
        runs[:] = [one for one in runs if one.get("seed") != seed]
        for one in one_seed(train, test, tokenizer, seed, options, document):
            runs.append(one)
            print(json.dumps(one), flush=True)
        yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("folder", type=Path)
    parser.add_argument("vocab", type=Path)
    parser.add_argument("--steps", type=int, default=240, help="of pretraining")
    parser.add_argument("--tune", type=int, default=STEPS, help="of fine-tuning")


if __name__ == "__main__":
    main(run, RESULTS, options=add_options, goes_on=True)
