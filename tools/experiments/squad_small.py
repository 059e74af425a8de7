"""Real questions with small means: what our own models reach on XQuAD's English part.

The articles are divided into some to learn from and some to be tested on. Compared on
the same test questions: a sliding window over words, a small BERT from scratch, the
same BERT pretrained on WikiText-2's validation text and the training passages, and two
published systems, whose predictions for these questions are in a folder.

    python tools/experiments/squad_small.py --questions xquad.en.json --text
        wikitext-2-valid.txt \
        --predictions predictions-xquad-en --folder work --output squad_small.json

Only numbers are written. One thread, about ten minutes.
"""

import argparse
import json
import math
import random
import re
import string
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from record import main

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import BertForQuestionAnswering
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.pretraining.run import pretrain_corpus
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.questions.answers import answer_questions
from bert_tutorial.tasks.questions.files import SquadItem, read_squad
from bert_tutorial.tasks.questions.scores import evaluate
from bert_tutorial.tasks.questions.windows import encode_squad, lost_answers
from bert_tutorial.tokenization.tokenizer import BertTokenizer

MAX_LENGTH, STRIDE, LONGEST = 128, 48, 15
PRETRAINING_STEPS, STEPS, RATE = 900, 400, 5e-4
TEST_ARTICLES = 10
SEEDS = (0, 1, 2)
COMMON = {
    *("a", "an", "the", "of", "in", "to", "and", "or", "by", "for", "on", "at", "with"),
    *("is", "was", "were", "are", "be", "been", "from", "as", "that", "this", "it"),
    *("its", "what", "which", "who", "whom", "whose", "when", "where", "why", "how"),
    *("many", "much", "did", "do", "does", "has", "have", "had", "not"),
}


def divide(file: Path) -> tuple[list[SquadItem], list[SquadItem]]:
    """Divide the questions by article into training and test."""
    articles = json.loads(file.read_text(encoding="utf-8"))["data"]
    order = random.Random("articles").sample(range(len(articles)), len(articles))
    tested = {
        question["id"]
        for place in order[:TEST_ARTICLES]
        for paragraph in articles[place]["paragraphs"]
        for question in paragraph["qas"]
    }
    items = read_squad(file)
    train = [item for item in items if item.id not in tested]
    return train, [item for item in items if item.id in tested]


def sliding_window(item: SquadItem) -> str:
    """Answer with the run of words that stands nearest to the question's rare words.

    A candidate is a run of up to five words without common words and without words of
    the question; each word of the question adds its weight divided by its distance.
    """
    words = [(m.group(), m.start(), m.end()) for m in re.finditer(r"\S+", item.context)]
    plain = [word.strip(string.punctuation).lower() for word, _, _ in words]
    counts = Counter(plain)
    asked = {w.strip(string.punctuation).lower() for w in item.question.split()}
    weights = [
        math.log(1 + 1 / counts[w]) if w in asked and w not in COMMON else 0.0
        for w in plain
    ]
    hits = [i for i, weight in enumerate(weights) if weight]
    best = (-1.0, "")
    for first in range(len(words)):
        for last in range(first, min(first + 5, len(words))):
            if plain[last] in COMMON or plain[last] in asked:
                break
            score = sum(
                weights[i] / (first - i if i < first else i - last) for i in hits
            )
            if score > best[0]:
                text = item.context[words[first][1] : words[last][2]]
                best = (score, text.strip(string.punctuation))
    return best[1]


def pretrain(text: Path, train: list[SquadItem], folder: Path) -> dict[str, Any]:
    """Pretrain a tiny BERT on a text and the training passages, once."""
    if not (folder / "run.json").is_file():
        passages = folder.parent / "passages.txt"
        contexts = dict.fromkeys(item.context for item in train)
        passages.parent.mkdir(parents=True, exist_ok=True)
        passages.write_text("\n\n".join(contexts) + "\n", encoding="utf-8")
        recipe = CorpusRecipe(
            vocab_size=6_000, steps=PRETRAINING_STEPS, max_length=MAX_LENGTH
        )
        pretrain_corpus([text, passages], recipe, output=folder, progress=False)
    found: dict[str, Any] = json.loads((folder / "run.json").read_text("utf-8"))
    return found


def finetune(
    folder: Path, kind: str, seed: int, train: list[SquadItem], test: list[SquadItem]
) -> dict[str, Any]:
    """Fine-tune from pretrained or from random weights, and score both parts."""
    started = time.process_time()
    tokenizer = BertTokenizer.from_pretrained(folder)
    torch.manual_seed(seed)
    model = BertForQuestionAnswering.from_pretrained(folder, hidden_dropout_prob=0.1)
    if kind == "scratch":
        values = model.config.to_dict()
        model = BertForQuestionAnswering(BertConfig.from_dict(values))
    windows = encode_squad(tokenizer, train, MAX_LENGTH, STRIDE)
    shown = [w.example for w in windows if w.example.target["start_positions"]]
    losses = fit(model, shown, steps=STEPS, learning_rate=RATE, seed=seed)
    scores = {}
    for name, items in (("test", test), ("train", train[:200])):
        answers = answer_questions(
            model,
            tokenizer,
            items,
            max_length=MAX_LENGTH,
            stride=STRIDE,
            max_answer_length=LONGEST,
        )
        scores[name] = rounded(evaluate(answers, items))
    row = {
        "kind": kind,
        "seed": seed,
        **scores,
        "loss": round(sum(losses[-20:]) / 20, 3),
        "lost": len(lost_answers(windows, train)),
        "seconds": round(time.process_time() - started, 1),
    }
    print(json.dumps(row), flush=True)
    return row


def rounded(scores: dict[str, float]) -> dict[str, float]:
    """Keep exact match and F1, two digits."""
    return {key: round(scores[key], 2) for key in ("exact_match", "f1", "total")}


def published(
    folder: Path, train: list[SquadItem], test: list[SquadItem]
) -> dict[str, Any]:
    """Score the predictions in a folder, on the test questions and on all."""
    scores = {}
    for file in sorted(folder.glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        scores[file.stem] = {
            "test": rounded(evaluate(found, test)),
            "all": rounded(evaluate(found, train + test)),
        }
    return scores


def run(given: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run everything; the document has numbers only."""
    started = time.process_time()
    train, test = divide(given.questions)
    document |= {
        "values": "percent, one reference answer a question",
        "train": len(train),
        "test": len(test),
        "sliding_window": rounded(
            evaluate({item.id: sliding_window(item) for item in test}, test)
        ),
        "published": published(given.predictions, train, test),
    }
    print(json.dumps(document), flush=True)
    report = pretrain(given.text, train, given.folder / "pretrained")
    keys = ("recipe", "validation", "unigram_entropy", "training_tokens", "parameters")
    document["pretraining"] = {key: report[key] for key in keys}
    document["finetuning"] = {
        "max_length": MAX_LENGTH,
        "stride": STRIDE,
        "steps": STEPS,
        "learning_rate": RATE,
    }
    document["runs"] = [
        finetune(given.folder / "pretrained", kind, seed, train, test)
        for seed in SEEDS
        for kind in ("pretrained", "scratch")
    ]
    document["seconds"] = round(time.process_time() - started, 1)
    yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    for name in ("questions", "text", "predictions", "folder"):
        parser.add_argument(f"--{name}", type=Path, required=True)


if __name__ == "__main__":
    main(run, None, seeds=None, options=add_options)
