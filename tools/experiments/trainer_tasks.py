"""The tasks of Part III with the library: Trainer, its collators, and LoRA of peft.

    python tools/experiments/trainer_tasks.py --data FOLDER

The published encoder learns the rows of `published_encoder.py` once more, this time as
`transformers.AutoModelFor...` in a `Trainer`, with `compute_metrics` and the library's
collators: SST-2 phrases with 256 labels, WNUT-17 in two passes, XQuAD in three, and the
phrases with LoRA of rank 8 on query and value. Batches, passes and learning rates are
those that the stored runs chose; LoRA's rate is chosen on other phrases. Settings are
written out where the defaults differ (chapter 18). `--data` is a folder with
`sst2-glue`, `ner` and `squad`. A second call goes on.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import peft
import torch
import transformers
from published_encoder import (
    BATCH,
    DRAWS,
    EPOCHS,
    QA_BATCH,
    QA_EPOCHS,
    TAGGING_BATCH,
    TAGGING_LENGTH,
    Journal,
    Run,
    answers_of,
    one_window_each,
    read_phrases,
)
from record import RUNS, main
from squad_small import divide, rounded
from sst2 import drawn
from torch import Tensor

from bert_tutorial.files.hub import published_encoder
from bert_tutorial.labs.bridge import from_transformers
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.questions.scores import evaluate
from bert_tutorial.tasks.sentiment.classify import encode_texts
from bert_tutorial.tasks.sentiment.tables import LabelledText
from bert_tutorial.tasks.tagging.files import read_conll, tag_names
from bert_tutorial.tasks.tagging.scores import span_scores
from bert_tutorial.tasks.tagging.windows import encode_rows
from bert_tutorial.tokenization.tokenizer import BertTokenizer

LABELS, TAGGING_EPOCHS = 256, 2
LORA_RATES = (1e-3, 3e-3)
Rows = list[dict[str, Any]]


def rows_of(examples: Sequence[Example]) -> Rows:
    """Give examples as the rows of a data set: a dictionary each."""
    return [
        {"input_ids": one.input_ids, "token_type_ids": one.token_type_ids, **one.target}
        for one in examples
    ]


def trained(
    model: Any,
    rows: Rows,
    collator: Any,
    *,
    steps: int,
    batch_size: int,
    rate: float,
    seed: int,
    metrics: Callable[[Any], dict[str, float]] | None = None,
) -> Any:
    """Train with the library's loop; give the Trainer."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=batch_size,
            per_device_eval_batch_size=64,
            learning_rate=rate,
            weight_decay=0.01,
            adam_epsilon=1e-6,
            warmup_steps=steps // 10,
            seed=seed,
            use_cpu=True,
            report_to="none",
            save_strategy="no",
            disable_tqdm=True,
        )
        trainer = transformers.Trainer(
            model=model,
            args=arguments,
            train_dataset=rows,
            data_collator=collator,
            compute_metrics=metrics,
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    return trainer


def loaded(auto: Any, seed: int, **changes: Any) -> Any:
    """Load the encoder under a head of the library, its new weights by the seed."""
    torch.manual_seed(seed)
    return auto.from_pretrained(published_encoder(), **changes)


def accuracy(found: Any) -> dict[str, float]:
    """Score classes, as `compute_metrics` does."""
    return {"accuracy": float((found.predictions.argmax(-1) == found.label_ids).mean())}


def phrases(
    rows: Sequence[LabelledText],
    test: Sequence[LabelledText],
    seed: int,
    rate: float,
    with_lora: bool,
) -> Run:
    """Learn phrases of SST-2, all weights or LoRA's."""
    words = transformers.AutoTokenizer.from_pretrained(published_encoder())
    tokenizer = BertTokenizer.from_pretrained(published_encoder())

    def encoded(part: Sequence[LabelledText]) -> Rows:
        labels = [int(row.label) for row in part]
        made = encode_texts(tokenizer, part, labels)
        return rows_of([one for row in made for one in row])

    auto = transformers.AutoModelForSequenceClassification
    model = loaded(auto, seed, num_labels=2)
    if with_lora:
        config = peft.LoraConfig(
            task_type="SEQ_CLS",
            r=8,
            lora_alpha=16,
            target_modules=["query", "value"],
        )
        model = peft.get_peft_model(model, config)
    weights = [p.numel() for p in model.parameters() if p.requires_grad]
    trainer = trained(
        model,
        encoded(rows),
        transformers.DataCollatorWithPadding(words),
        steps=EPOCHS[LABELS] * len(rows) // BATCH,
        batch_size=BATCH,
        rate=rate,
        seed=seed,
        metrics=accuracy,
    )
    found = trainer.evaluate(encoded(test))["eval_accuracy"]
    return {"accuracy": round(found, 4), "rate": rate, "trained": sum(weights)}


def sentiment(journal: Journal) -> Iterator[None]:
    """Run the phrases."""
    train, test, _ = read_phrases(journal)
    spare = drawn(train, 768, DRAWS)

    def score(rate: float) -> float:
        found = phrases(spare[:LABELS], spare[LABELS:], DRAWS, rate, True)
        return float(found["accuracy"])

    if "LoRA" not in journal.rates:
        tried = {rate: score(rate) for rate in LORA_RATES}
        best = max(tried, key=lambda rate: tried[rate])
        shown = {f"{rate:g}": value for rate, value in tried.items()}
        journal.rates["LoRA"] = {"chosen": best, "tried": shown}
        yield
    for kind in ("Trainer", "Trainer and LoRA"):
        with_lora = kind != "Trainer"
        rate = journal.rates["LoRA" if with_lora else "sentiment"]["chosen"]
        for seed in journal.options.seeds:

            def make(
                seed: int = seed, rate: float = rate, lora: bool = with_lora
            ) -> Run:
                return phrases(drawn(train, LABELS, seed), test, seed, rate, lora)

            key = {"task": "sentiment", "kind": kind, "labels": LABELS, "seed": seed}
            yield from journal.add(key, make)


def spans(found: Any, names: Sequence[str]) -> dict[str, float]:
    """Score the spans of windows; a word's tag is that of its first piece."""
    guesses = found.predictions.argmax(-1)
    is_word = found.label_ids != -100
    gold, guessed = (
        [[names[i] for i in row[mask]] for row, mask in zip(part, is_word, strict=True)]
        for part in (found.label_ids, guesses)
    )
    return {"f1": span_scores(gold, guessed).f1}


def tagging(journal: Journal) -> Iterator[None]:
    """Run WNUT-17: `compute_metrics` scores spans."""
    folder = journal.options.data / "ner"
    parts = [list(read_conll(folder / f"wnut17{p}.conll")) for p in ("train", "dev")]
    names = tag_names(parts[0])
    tokenizer = BertTokenizer.from_pretrained(published_encoder())
    words = transformers.AutoTokenizer.from_pretrained(published_encoder())
    train, dev = (
        rows_of(encode_rows(tokenizer, part, names, max_length=TAGGING_LENGTH))
        for part in parts
    )

    rate = journal.rates["tagging"]["chosen"]
    for seed in journal.options.seeds:

        def make(seed: int = seed) -> Run:
            auto = transformers.AutoModelForTokenClassification
            trainer = trained(
                loaded(auto, seed, num_labels=len(names)),
                train,
                transformers.DataCollatorForTokenClassification(words),
                steps=TAGGING_EPOCHS * len(train) // TAGGING_BATCH,
                batch_size=TAGGING_BATCH,
                rate=rate,
                seed=seed,
                metrics=partial(spans, names=names),
            )
            found = trainer.evaluate(dev)["eval_f1"]
            windows = {"windows": len(dev), "sentences": len(parts[1])}
            return {"f1": round(found, 4), "rate": rate} | windows

        key = {"task": "tagging", "kind": "Trainer", "epochs": TAGGING_EPOCHS}
        yield from journal.add(key | {"seed": seed}, make)


def questions(journal: Journal) -> Iterator[None]:
    """Run XQuAD; the trained model comes back into our classes to answer."""
    train, test = divide(journal.options.data / "squad" / "xquad.en.json")
    tokenizer = BertTokenizer.from_pretrained(published_encoder())
    words = transformers.AutoTokenizer.from_pretrained(published_encoder())
    examples = rows_of(one_window_each(tokenizer, train))
    padded = transformers.DataCollatorWithPadding(words)
    places = ("start_positions", "end_positions")

    def collator(rows: Rows) -> dict[str, Tensor]:
        inputs = [{k: v for k, v in row.items() if k not in places} for row in rows]
        targets = {name: torch.tensor([row[name] for row in rows]) for name in places}
        return dict(padded(inputs)) | targets

    rate = journal.rates["questions"]["chosen"]
    for seed in journal.options.seeds:

        def make(seed: int = seed) -> Run:
            trainer = trained(
                loaded(transformers.AutoModelForQuestionAnswering, seed),
                examples,
                collator,
                steps=QA_EPOCHS * len(examples) // QA_BATCH,
                batch_size=QA_BATCH,
                rate=rate,
                seed=seed,
            )
            model: Any = from_transformers(trainer.model.eval())
            answers = answers_of(model, tokenizer, test)
            return rounded(evaluate(answers, test)) | {"rate": rate}

        key = {"task": "questions", "kind": "Trainer", "seed": seed}
        yield from journal.add(key, make)


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run all that is not stored."""
    transformers.logging.set_verbosity_error()
    options.kinds, options.bf16 = None, False  # what the journal asks, too
    journal = Journal(document, options)
    before = json.loads((RUNS / "published_encoder.json").read_text(encoding="utf-8"))
    for task in ("sentiment", "tagging", "questions"):
        rate = before["rates"][f"{task}, fine-tuned"]["chosen"]
        journal.rates.setdefault(task, {"chosen": rate})
    for part in (sentiment, tagging, questions):
        yield from part(journal)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--data", type=Path, required=True)


if __name__ == "__main__":
    main(run, RUNS / "trainer_tasks.json", options=add_options, goes_on=True)
