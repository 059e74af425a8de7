"""Fine-tune a published encoder on real data, beside what has to be beaten.

The encoder is all-MiniLM-L6-v2 as published (`published_encoder`): 22.7 M parameters,
distilled and then trained on sentence pairs. Every comparison has the same model from
random weights, the frozen model under a linear classifier, and a baseline on words.

    python tools/experiments/published_encoder.py sentiment --data DATA --bf16
    python tools/experiments/published_encoder.py all --data DATA

DATA has the folders sst2-glue, ner, squad and summarization. Each finished run is
stored at once, and a command that is stopped goes on where it was. With
`--tune`, learning rates are chosen on rows that are not tested; without, they are the
first of `RATES`. Only numbers are stored.
`--bf16` multiplies matrices in bfloat16: twice as fast where the processor has it.
"""

import argparse
import math
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import product
from pathlib import Path
from typing import Any, Unpack

import torch
from record import RUNS, main
from squad_small import divide, rounded, sliding_window
from sst2 import around, drawn, inside
from torch import Tensor
from torch.nn import functional as F
from wnut17 import measure

from bert_tutorial import BertModel, BertTokenizer
from bert_tutorial.files.hub import ENCODER, ENCODER_SHA256, published_encoder
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.model.config import ConfigChanges
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from bert_tutorial.pretraining.documents import split_sentences
from bert_tutorial.tasks.examples import Example, collate
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.metrics import classification_scores, matthews
from bert_tutorial.tasks.questions.answers import answer_questions
from bert_tutorial.tasks.questions.files import SquadItem
from bert_tutorial.tasks.questions.scores import evaluate
from bert_tutorial.tasks.questions.windows import encode_squad
from bert_tutorial.tasks.sentiment.baseline import logistic_regression
from bert_tutorial.tasks.sentiment.classify import classify, encode_texts
from bert_tutorial.tasks.sentiment.tables import LabelledText, read_table
from bert_tutorial.tasks.summaries.files import label_sentences, lead, read_summaries
from bert_tutorial.tasks.summaries.rouge import rouge
from bert_tutorial.tasks.tagging.bio import tags_to_spans
from bert_tutorial.tasks.tagging.files import TaggedWords, read_conll, tag_names
from bert_tutorial.tasks.tagging.predict import word_scores
from bert_tutorial.tasks.tagging.windows import encode_rows

OUTPUT = RUNS / "published_encoder.json"
TASKS = ("summaries", "sentiment", "few", "tagging", "pairs", "questions")
TUNED = ("fine-tuned", "scratch")
RATES = {  # the first: not tuned
    "fine-tuned": (1e-4, 3e-4),
    "scratch": (3e-4, 1e-3),
    "frozen": (3e-3, 1e-2, 3e-2),  # of a head alone
}
DECAYS = (1e-5, 1e-4, 1e-3, 1e-2)
BATCH = 16
DRAWS = 100  # the seed of rows that choose a learning rate; no run has it

Run = dict[str, Any]
Bag = Sequence[Sequence[str]]


class Journal:
    """The runs of a document: a known one is not made again.

    Args:
        document: gets "runs" and "rates".
        options: of the command.
    """

    def __init__(self, document: Run, options: argparse.Namespace) -> None:
        """Start from what the document has."""
        self.runs: list[Run] = document.setdefault("runs", [])
        self.rates: dict[str, Run] = document.setdefault("rates", {})
        self.options = options

    def add(self, key: Run, make: Callable[[], Run]) -> Iterator[None]:
        """Make a run unless it is known, with its seconds of one core."""
        is_known = any(key.items() <= one.items() for one in self.runs)
        if is_known or key["kind"] not in (self.options.kinds or [key["kind"]]):
            return
        began = time.process_time()
        values = make()
        seconds = round(time.process_time() - began, 1)
        values |= {"bf16": self.options.bf16, "seconds": seconds}
        self.runs.append(key | values)
        print(
            {k: v for k, v in self.runs[-1].items() if not isinstance(v, dict | list)}
        )
        yield

    def rate(
        self, task: str, kind: str, score: Callable[[float], float]
    ) -> Iterator[None]:
        """Choose the learning rate of a task and a kind, unless it is known."""
        if self.options.tune and f"{task}, {kind}" not in self.rates:
            began = time.process_time()
            tried = {rate: round(score(rate), 4) for rate in RATES[kind]}
            best = max(tried, key=lambda rate: tried[rate])
            self.rates[f"{task}, {kind}"] = {
                "chosen": best,
                "tried": {f"{rate:g}": value for rate, value in tried.items()},
                "seconds": round(time.process_time() - began, 1),
            }
            print(task, kind, self.rates[f"{task}, {kind}"], flush=True)
            yield

    def chosen(self, task: str, kind: str) -> float:
        """Give the chosen learning rate."""
        known = self.rates.get(f"{task}, {kind}")
        return float(known["chosen"]) if known else RATES[kind][0]

    def precision(self) -> AbstractContextManager[Any]:
        """Multiply matrices in bfloat16 if the command says so.

        Without a cache of the cast weights: it lives as long as the context, which
        holds many steps, so that every step would see the weights of the first.
        """
        return torch.autocast(
            "cpu", torch.bfloat16, enabled=self.options.bf16, cache_enabled=False
        )


def learned(
    journal: Journal,
    head: type[PreTrained],
    kind: str,
    examples: Sequence[Example],
    steps: int,
    rate: float,
    seed: int,
    batch_size: int = BATCH,
    **changes: Unpack[ConfigChanges],
) -> Any:
    """Fine-tune the published encoder, or train the same model from random weights.

    "frozen" trains the head alone.
    """
    torch.manual_seed(seed)
    model: Any = head.from_pretrained(published_encoder(), **changes)
    if kind == "scratch":
        model = head(model.config)
    if kind == "frozen":
        model.bert.requires_grad_(False)
    with journal.precision():
        fit(
            model,
            examples,
            steps=steps,
            batch_size=batch_size,
            learning_rate=rate,
            seed=seed,
        )
    return model


@torch.no_grad()
def hidden_states(journal: Journal, examples: Sequence[Example]) -> list[Tensor]:
    """Give the frozen encoder's last states (T, H) of each example."""
    model = BertModel.from_pretrained(published_encoder())
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].input_ids))
    found: dict[int, Tensor] = {}
    for start in range(0, len(order), 64):
        part = order[start : start + 64]
        batch = collate([examples[i]._replace(target={}) for i in part])
        with journal.precision():
            states = model(**batch).last_hidden_state.float()
        for i, one in zip(part, states, strict=True):
            found[i] = one[: len(examples[i].input_ids)]
    return [found[i] for i in range(len(examples))]


def sentence_vectors(journal: Journal, examples: Sequence[Example]) -> Tensor:
    """Give the vectors of texts as published: mean over the tokens, of length 1."""
    means = [one.mean(dim=0) for one in hidden_states(journal, examples)]
    return F.normalize(torch.stack(means), dim=-1)


def text_vectors(
    journal: Journal, texts: Sequence[str], max_length: int = 128
) -> Tensor:
    """Give the published vectors of texts: (N, H)."""
    tokenizer = BertTokenizer.from_pretrained(published_encoder())
    plain = [LabelledText(text, None, "", 1) for text in texts]
    rows = encode_texts(tokenizer, plain, max_length=max_length)
    return sentence_vectors(journal, [row[0] for row in rows])


def linear(train: Tensor, labels: Tensor, test: Tensor, classes: int) -> Tensor:
    """Fit a linear classifier; a tenth of the rows chooses its decay; give logits."""
    cut = len(train) // 10
    best = max(
        DECAYS,
        key=lambda decay: (
            (
                logistic_regression(train[cut:], labels[cut:], classes, 100, decay)(
                    train[:cut]
                ).argmax(-1)
                == labels[:cut]
            )
            .float()
            .mean()
            .item()
        ),
    )
    layer = logistic_regression(train, labels, classes, 200, best)
    return layer(test).detach()


def indicators(train: Bag, test: Bag) -> tuple[Tensor, Tensor]:
    """Tell which of the training items' words are in each item: (N, V) each."""
    index = {word: i for i, word in enumerate(sorted({w for r in train for w in r}))}

    def table(items: Bag) -> Tensor:
        found = torch.zeros(len(items), len(index))
        for row, item in enumerate(items):
            found[row, [index[w] for w in item if w in index]] = 1.0
        return found

    return table(train), table(test)


def judged(logits: Tensor, labels: Sequence[int]) -> Run:
    """Score classes: accuracy, Matthews, and the confusion (true, guessed)."""
    guesses = logits.argmax(dim=-1).tolist()
    count = Counter(zip(labels, guesses, strict=True))
    scores = classification_scores(list(labels), guesses, 2)
    return {
        "accuracy": round(scores["accuracy"], 4),
        "matthews": round(matthews(list(labels), guesses), 4),
        "confusion": [[count[true, guess] for guess in (0, 1)] for true in (0, 1)],
    }


# Sentiment: phrases of SST-2.

EPOCHS = {256: 8, 2_048: 2}
TESTED = 1_000
GROUPS = {
    "with a negation": re.compile(r"\b(?:not|no|never|nothing|without)\b|n't"),
    "with but": re.compile(r"\bbut\b"),
}


def groups_of(rows: Sequence[LabelledText]) -> dict[str, Tensor]:
    """Name parts of the test: by length, by words that turn a label."""
    lengths = torch.tensor([len(row.text.split()) for row in rows])
    found = {
        "1 to 3 words": lengths < 4,
        "4 to 10 words": (lengths > 3) & (lengths < 11),
        "11 words or more": lengths > 10,
    }
    for name, pattern in GROUPS.items():
        found[name] = torch.tensor([bool(pattern.search(r.text)) for r in rows])
    return found


def sentiment_logits(
    journal: Journal,
    kind: str,
    rows: Sequence[LabelledText],
    test: Sequence[LabelledText],
    seed: int,
    rate: float,
) -> Tensor:
    """Train by one method and give the logits of the test."""
    tokenizer = BertTokenizer.from_pretrained(published_encoder())
    labels = [int(row.label) for row in rows]
    if kind == "bag of words":
        bags = indicators(
            [r.text.split() for r in rows], [r.text.split() for r in test]
        )
        return linear(bags[0], torch.tensor(labels), bags[1], 2)
    encoded = [one for row in encode_texts(tokenizer, rows, labels) for one in row]
    asked = encode_texts(tokenizer, test)
    if kind == "frozen":
        vectors = sentence_vectors(journal, [*encoded, *(one[0] for one in asked)])
        cut = len(encoded)
        return linear(vectors[:cut], torch.tensor(labels), vectors[cut:], 2)
    steps = EPOCHS[len(rows)] * len(rows) // BATCH
    head = BertForSequenceClassification
    model = learned(journal, head, kind, encoded, steps, rate, seed, num_labels=2)
    with journal.precision():
        return classify(model, asked)


def read_phrases(
    journal: Journal,
) -> tuple[list[LabelledText], list[LabelledText], list[int]]:
    """Read SST-2: phrases to learn from, those of dev that are tested, their labels."""
    folder = journal.options.data / "sst2-glue"
    train, dev = (list(read_table(folder / f"{p}.tsv")) for p in ("train", "dev"))
    test = drawn(dev, TESTED, 0)
    return train, test, [int(row.label) for row in test]


def sentiment(journal: Journal) -> Iterator[None]:
    """Run everything on SST-2's phrases."""
    train, test, labels = read_phrases(journal)
    groups = groups_of(test)
    spare = drawn(train, 768, DRAWS)
    gold = torch.tensor([int(row.label) for row in spare[256:]])

    for kind in TUNED:

        def score(rate: float, kind: str = kind) -> float:
            rows = spare[:256]
            logits = sentiment_logits(journal, kind, rows, spare[256:], DRAWS, rate)
            return (logits.argmax(-1) == gold).float().mean().item()

        yield from journal.rate("sentiment", kind, score)
    for number, kind in product(EPOCHS, ("bag of words", "frozen", *TUNED)):
        for seed in journal.options.seeds:

            def make(number: int = number, kind: str = kind, seed: int = seed) -> Run:
                rows = drawn(train, number, seed)
                rate = journal.chosen("sentiment", kind) if kind in TUNED else 0.0
                logits = sentiment_logits(journal, kind, rows, test, seed, rate)
                hits = logits.argmax(-1) == torch.tensor(labels)
                apart = ~(inside(rows, test) | around(rows, test))
                parts = groups | {"apart from the labelled ones": apart}
                right = {name: hits[mask].float() for name, mask in parts.items()}
                counts = {
                    name: [len(one), round(one.mean().item(), 4)]
                    for name, one in right.items()
                }
                return judged(logits, labels) | {"rate": rate, "parts": counts}

            key = {"task": "sentiment", "kind": kind, "labels": number, "seed": seed}
            yield from journal.add(key, make)


# Few labels: how many steps the command `finetune` should take by default.

FEW, FEW_STEPS, FEW_BATCH = 256, (24, 100, 200), 32
FEW_RATES = (1e-4, 3e-4)  # what the command would take, and three times that


def few(journal: Journal) -> Iterator[None]:
    """Fine-tune on 256 phrases for 3 epochs and longer, as the command does."""
    train, test, labels = read_phrases(journal)
    tokenizer = BertTokenizer.from_pretrained(published_encoder())
    asked = encode_texts(tokenizer, test)
    for rate, steps, seed in product(FEW_RATES, FEW_STEPS, journal.options.seeds):

        def make(rate: float = rate, steps: int = steps, seed: int = seed) -> Run:
            rows = drawn(train, FEW, seed)
            gold = [int(row.label) for row in rows]
            examples = [
                one for row in encode_texts(tokenizer, rows, gold) for one in row
            ]
            model = learned(
                journal, BertForSequenceClassification, "fine-tuned", examples, steps,
                rate, seed, FEW_BATCH, num_labels=2,
            )  # fmt: skip
            with journal.precision():
                return judged(classify(model, asked), labels)

        key = {"task": "few", "kind": "fine-tuned", "labels": FEW, "rate": rate}
        yield from journal.add(key | {"steps": steps, "seed": seed}, make)


# Tagging: WNUT-17.

TAGGING_BATCH, TAGGING_LENGTH = 16, 96
# Passes over the sentences, and how many seeds have them: the curve over the budget.
TAGGING_EPOCHS = {
    "frozen": {1: 1},
    "fine-tuned": {1: 3, 2: 3, 4: 1},
    "scratch": {2: 3},
}


def tagging_scores(
    journal: Journal,
    kind: str,
    rows: Sequence[TaggedWords],
    asked: Sequence[TaggedWords],
    names: list[str],
    seed: int,
    rate: float,
    epochs: int = 2,
) -> list[Tensor]:
    """Train by one method; give the logits (words, C) of each sentence."""
    tokenizer = BertTokenizer.from_pretrained(published_encoder())
    examples = encode_rows(tokenizer, rows, names, max_length=TAGGING_LENGTH)
    words = [row.words for row in asked]
    if kind != "frozen":
        steps = epochs * len(examples) // TAGGING_BATCH
        head = BertForTokenClassification
        model = learned(
            journal, head, kind, examples, steps, rate, seed, TAGGING_BATCH,
            num_labels=len(names),
        )  # fmt: skip
        with journal.precision():
            return word_scores(model, tokenizer, words, max_length=TAGGING_LENGTH)
    tested = encode_rows(tokenizer, asked, names, max_length=TAGGING_LENGTH)
    found = []
    for part in (examples, tested):
        labels = [torch.tensor(one.target["labels"]) for one in part]
        states = hidden_states(journal, part)
        pairs = list(zip(states, labels, strict=True))
        found.append((torch.cat([s[n != -100] for s, n in pairs]), torch.cat(labels)))
    (train, gold), (test, _) = found
    layer = logistic_regression(train, gold[gold != -100], len(names), 100, 1e-6)
    return list(layer(test).detach().split([len(one) for one in words]))


def type_confusion(
    gold: Sequence[Sequence[str]], guessed: Sequence[Sequence[str]]
) -> dict[str, dict[str, int]]:
    """Count what became of each true span: its type if it was found, or what else."""
    found: dict[str, Counter[str]] = {}
    for truth, guess in zip(gold, guessed, strict=True):
        spans = {(one.start, one.end): one.type for one in tags_to_spans(guess)}
        touched = {i for start, end in spans for i in range(start, end)}
        for one in tags_to_spans(truth):
            other = (
                "other borders" if touched & {*range(one.start, one.end)} else "none"
            )
            got = spans.get((one.start, one.end), other)
            found.setdefault(one.type, Counter())[got] += 1
    return {name: dict(count.most_common()) for name, count in sorted(found.items())}


def tagging(journal: Journal) -> Iterator[None]:
    """Run everything on WNUT-17."""
    folder = journal.options.data / "ner"
    train = list(read_conll(folder / "wnut17train.conll"))
    dev = list(read_conll(folder / "wnut17dev.conll"))
    names = tag_names(train)
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(DRAWS))
    spare = [train[i] for i in order.tolist()]  # 1,000 to learn from, 400 to choose
    for kind in TUNED:

        def score(rate: float, kind: str = kind) -> float:
            learnt, held = spare[:1_000], spare[1_000:1_400]
            logits = tagging_scores(journal, kind, learnt, held, names, DRAWS, rate)
            return float(measure(logits, held, names)["f1"])

        yield from journal.rate("tagging", kind, score)
    for kind, curve in TAGGING_EPOCHS.items():
        for epochs, seed in ((e, s) for e, n in curve.items() for s in range(n)):

            def make(kind: str = kind, epochs: int = epochs, seed: int = seed) -> Run:
                rate = journal.chosen("tagging", kind) if kind in TUNED else 0.0
                args = (journal, kind, train, dev, names, seed, rate, epochs)
                found = measure(tagging_scores(*args), dev, names)
                gold = [row.tags for row in dev]
                confusion = type_confusion(gold, found.pop("predicted"))
                kept = {k: round(v, 4) for k, v in found.items() if k != "per_type"}
                types = {k: round(v, 4) for k, v in found["per_type"].items()}
                kept |= {"rate": rate}
                return kept | {"per_type": types, "confusion": confusion}

            key = {"task": "tagging", "kind": kind, "labels": len(train)}
            key |= {"epochs": epochs, "seed": seed}
            yield from journal.add(key, make)


# Question answering: XQuAD's English part, divided by article.

QA_LENGTH, QA_STRIDE, QA_LONGEST, QA_EPOCHS, QA_BATCH = 128, 48, 15, 3, 16


def first_words(items: Sequence[SquadItem]) -> list[str]:
    """Name the question word of each question."""
    known = ("what", "which", "who", "when", "where", "how", "why")
    words = (re.findall(r"[a-z]+", item.question.lower()) for item in items)
    return [next((w for w in found if w in known), "other") for found in words]


def one_window_each(
    tokenizer: BertTokenizer, items: Sequence[SquadItem]
) -> list[Example]:
    """Keep of each question the window whose middle is nearest to the answer."""
    best: dict[int, tuple[int, Example]] = {}
    for window in encode_squad(tokenizer, items, QA_LENGTH, QA_STRIDE):
        start = window.example.target["start_positions"]
        if not isinstance(start, int) or not start:
            continue
        off = abs(2 * start - len(window.example.input_ids))
        if window.item not in best or off < best[window.item][0]:
            best[window.item] = off, window.example
    return [example for _, example in best.values()]


def answers_of(
    model: BertForQuestionAnswering, tokenizer: BertTokenizer, test: Sequence[SquadItem]
) -> dict[str, str]:
    """Answer the test questions, by their ids."""
    return answer_questions(
        model,
        tokenizer,
        test,
        max_length=QA_LENGTH,
        stride=QA_STRIDE,
        max_answer_length=QA_LONGEST,
    )


def qa_run(
    journal: Journal,
    kind: str,
    train: Sequence[SquadItem],
    test: Sequence[SquadItem],
    seed: int,
    rate: float,
) -> Run:
    """Train by one method and score the answers to the test questions."""
    tokenizer = BertTokenizer.from_pretrained(published_encoder())
    examples = one_window_each(tokenizer, train)
    steps = QA_EPOCHS * len(examples) // QA_BATCH
    head = BertForQuestionAnswering
    model = learned(journal, head, kind, examples, steps, rate, seed, QA_BATCH)
    with journal.precision():
        answers = answers_of(model, tokenizer, test)
    words = first_words(test)
    parts = {
        name: [item for item, word in zip(test, words, strict=True) if word == name]
        for name in sorted(set(words))
    }
    by_word = {n: rounded(evaluate(answers, part)) for n, part in parts.items()}
    return rounded(evaluate(answers, test)) | {"steps": steps, "by_word": by_word}


def questions(journal: Journal) -> Iterator[None]:
    """Run everything on XQuAD."""
    train, test = divide(journal.options.data / "squad" / "xquad.en.json")
    contexts = list(dict.fromkeys(item.context for item in train))
    held = set(random.Random(DRAWS).sample(contexts, len(contexts) // 5))
    spare = [item for item in train if item.context in held]
    rest = [item for item in train if item.context not in held][:400]
    task = "questions"
    kinds = (*TUNED, "frozen")
    for kind in kinds:

        def score(rate: float, kind: str = kind) -> float:
            return float(qa_run(journal, kind, rest, spare[:100], DRAWS, rate)["f1"])

        yield from journal.rate(task, kind, score)
    key = {"task": task, "kind": "sliding window", "labels": 0, "seed": 0}
    found = {item.id: sliding_window(item) for item in test}
    yield from journal.add(key, lambda: rounded(evaluate(found, test)))
    for kind in kinds:
        for seed in journal.options.seeds:

            def make(kind: str = kind, seed: int = seed) -> Run:
                rate = journal.chosen(task, kind)
                return qa_run(journal, kind, train, test, seed, rate) | {"rate": rate}

            key = {"task": task, "kind": kind, "labels": len(train), "seed": seed}
            yield from journal.add(key, make)


# Sentence pairs: does the sentence hold the answer? The recipe of QNLI on XQuAD.


PAIRS, PAIR_EPOCHS = 1_600, 3


def answer_pairs(items: Sequence[SquadItem], seed: int) -> list[LabelledText]:
    """Pair each question with the sentence that has its answer, and with another.

    Both are of the same passage; a question whose answer crosses sentences, or whose
    passage has one sentence only, is left out.
    """
    rng = random.Random(seed)
    found = []
    for number, item in enumerate(items):
        sentences = split_sentences(item.context)
        text, first = item.answers[0]
        place = 0
        right = None
        for i, sentence in enumerate(sentences):
            start = item.context.index(sentence, place)
            place = start + len(sentence)
            if start <= first and first + len(text) <= place:
                right = i
        others = [s for i, s in enumerate(sentences) if i != right]
        others = [s for s in others if text.lower() not in s.lower()]
        if right is None or not others:
            continue
        for pair, label in ((sentences[right], "1"), (rng.choice(others), "0")):
            found.append(LabelledText(item.question, pair, label, number))
    return found


def common_words(rows: Sequence[LabelledText]) -> Tensor:
    """Give the part of the question's words that the sentence has: (N, 1)."""
    found = []
    for row in rows:
        first = set(re.findall(r"\w+", row.text.lower()))
        second = set(re.findall(r"\w+", (row.pair or "").lower()))
        found.append(len(first & second) / max(1, len(first)))
    return torch.tensor(found)[:, None]


def cosines(journal: Journal, rows: Sequence[LabelledText]) -> Tensor:
    """Give the cosine of the frozen encoder's two vectors of each pair: (N, 1)."""
    first = text_vectors(journal, [row.text for row in rows])
    second = text_vectors(journal, [row.pair or "" for row in rows])
    return (first * second).sum(-1, keepdim=True)


def pair_logits(
    journal: Journal,
    kind: str,
    rows: Sequence[LabelledText],
    test: Sequence[LabelledText],
    seed: int,
    rate: float,
) -> Tensor:
    """Train by one method and give the logits of the test pairs."""
    labels = [int(row.label) for row in rows]
    if kind in ("common words", "cosine"):
        sides = [
            common_words(part) if kind == "common words" else cosines(journal, part)
            for part in (rows, test)
        ]
        layer = logistic_regression(sides[0], torch.tensor(labels), 2, 200, 1e-5)
        return layer(sides[1]).detach()
    tokenizer = BertTokenizer.from_pretrained(published_encoder())
    encoded = [row[0] for row in encode_texts(tokenizer, rows, labels)]
    steps = PAIR_EPOCHS * len(encoded) // BATCH
    head = BertForSequenceClassification
    model = learned(journal, head, kind, encoded, steps, rate, seed, num_labels=2)
    with journal.precision():
        return classify(model, encode_texts(tokenizer, test))


def pairs(journal: Journal) -> Iterator[None]:
    """Run everything on pairs of question and sentence."""
    train, test = divide(journal.options.data / "squad" / "xquad.en.json")
    rows = random.Random(0).sample(answer_pairs(train, 0), PAIRS)
    asked = answer_pairs(test, 0)
    labels = [int(row.label) for row in asked]
    for kind in ("common words", "cosine", *TUNED):
        single = kind not in TUNED
        for seed in journal.options.seeds[: 1 if single else None]:

            def make(kind: str = kind, seed: int = seed) -> Run:
                rate = 0.0 if kind not in TUNED else journal.chosen("sentiment", kind)
                return judged(
                    pair_logits(journal, kind, rows, asked, seed, rate), labels
                )

            key = {"task": "pairs", "kind": kind, "labels": len(rows), "seed": seed}
            yield from journal.add(key, make)


# Summaries: six documents, too few to learn from.


ENDS = (".", "!", "?")


def central(journal: Journal, sentences: Sequence[str], k: int = 3) -> list[int]:
    """Choose the sentences whose vectors are nearest to the document's mean."""
    vectors = text_vectors(journal, sentences, max_length=256)
    nearness = vectors @ vectors.mean(dim=0)
    return sorted(nearness.topk(min(k, len(sentences))).indices.tolist())


def first_sentences(sentences: Sequence[str], k: int = 3) -> list[int]:
    """Choose the first k that end as sentences do: a by-line and its date do not."""
    ends = (i for i, one in enumerate(sentences) if one.rstrip(" \"'").endswith(ENDS))
    start = next(ends, 0)
    return list(range(start, min(start + k, len(sentences))))


def summaries(journal: Journal) -> Iterator[None]:
    """Score the choices of six documents; nothing is trained."""
    file = journal.options.data / "summarization" / "cnndm_presumm_sample.json"
    documents = list(read_summaries(file))

    def at_random(sentences: Sequence[str], seed: int) -> list[int]:
        rng = random.Random(seed)
        return sorted(rng.sample(range(len(sentences)), min(3, len(sentences))))

    ways: dict[str, Callable[[Any], list[int]]] = {
        "first three": lambda d: lead(d.sentences, 3),
        "after the by-line": lambda d: first_sentences(d.sentences),
        "central": lambda d: central(journal, d.sentences),
        "best possible": lambda d: [
            i for i, label in enumerate(label_sentences(d, 3)) if label
        ],
    }
    for seed in range(20):
        ways[f"random {seed}"] = lambda d, s=seed: at_random(d.sentences, s)  # type: ignore[misc]
    for kind, choose in ways.items():

        def make(choose: Callable[[Any], list[int]] = choose) -> Run:
            scores = [
                rouge([d.sentences[i] for i in choose(d)], d.summary) for d in documents
            ]
            return {
                name: [round(one[name].f1, 4) for one in scores]
                for name in ("rouge1", "rouge2", "rougeLsum")
            }

        key = {"task": "summaries", "kind": kind, "labels": 0, "seed": 0}
        yield from journal.add(key, make)


def run(options: argparse.Namespace, document: Run) -> Iterator[None]:
    """Run the tasks that are asked for; the document has numbers only."""
    document |= {"encoder": ENCODER, "sha256": ENCODER_SHA256}
    document.setdefault("bf16", options.bf16)  # of runs that do not say it themselves
    journal = Journal(document, options)
    known: dict[str, Callable[[Journal], Iterator[None]]] = {
        "sentiment": sentiment,
        "few": few,
        "tagging": tagging,
        "questions": questions,
        "pairs": pairs,
        "summaries": summaries,
    }
    asked = TASKS if options.task == "all" else (options.task,)
    began = time.monotonic()
    for task in asked:
        for _ in known[task](journal):
            done = [*journal.runs, *journal.rates.values()]
            document["core_seconds"] = round(sum(one["seconds"] for one in done))
            yield
            if time.monotonic() - began > 60 * options.at_most:
                return


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("task", choices=(*TASKS, "all"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--kinds", nargs="+", help="of runs; all by default")
    parser.add_argument(
        "--at-most", type=float, default=math.inf, help="minutes, then no further run"
    )


if __name__ == "__main__":
    main(run, OUTPUT, options=add_options, goes_on=True)
