"""Sentiment, or any classes of texts and pairs, as a task for files.

Chapter: 14
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.metrics import classification_scores
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.sentiment.classify import classify, count_cut, encode_texts
from bert_tutorial.tasks.sentiment.labels import (
    label_faults,
    label_names,
    label_notes,
    label_numbers,
    overlap,
)
from bert_tutorial.tasks.sentiment.tables import LabelledText, read_table
from bert_tutorial.tasks.task import Prediction, Shape, Task, given_texts, no_question
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["SENTIMENT"]


def read_sentiment(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[LabelledText]:
    """Read a table of texts with labels."""
    return read_table(file, strict=strict, columns=columns)


def read_unlabelled(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[LabelledText]:
    """Read texts only."""
    return read_table(file, strict=strict, columns=columns, labelled=False)


def windows_of(
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    shape: Shape,
    numbers: Sequence[int] | None = None,
    source: str = "the rows",
) -> list[list[Example]]:
    """Encode texts: for each its windows, with its class if there are any."""
    return encode_texts(
        tokenizer,
        rows,
        numbers,
        max_length=shape.max_length,
        stride=shape.stride,
        source=source,
    )


def encode_sentiment_rows(
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> list[Example]:
    """Encode texts; every window has its text's label."""
    numbers = label_numbers(rows, names, source)
    encoded = windows_of(tokenizer, rows, shape, numbers, source)
    return [window for row in encoded for window in row]


def score_sentiment(
    model: BertForSequenceClassification,
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> dict[str, float]:
    """Compare the likeliest class of each text with its label."""
    numbers = label_numbers(rows, names, source)
    encoded = windows_of(tokenizer, rows, shape, source=source)
    guesses = classify(model, encoded).argmax(dim=-1).tolist()
    return classification_scores(numbers, guesses, len(names))


def texts_from_words(
    texts: Sequence[str], question: str | None
) -> Sequence[LabelledText]:
    """Take the texts of the command line as rows."""
    no_question(question)
    found = enumerate(given_texts(texts), start=1)
    return [LabelledText(text, None, "", line) for line, text in found]


def predict_sentiment(
    model: BertForSequenceClassification,
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    names: Sequence[str],
    shape: Shape,
) -> list[Prediction]:
    """Say of each text: label, its probability, the text."""
    encoded = windows_of(tokenizer, rows, shape)
    shares = torch.softmax(classify(model, encoded), dim=-1)
    best = shares.max(dim=-1)
    found = zip(rows, best.indices.tolist(), best.values.tolist(), strict=True)
    return [
        {"label": names[place], "probability": round(share, 4), "text": row.text}
        | ({} if row.pair is None else {"pair": row.pair})
        for row, place, share in found
    ]


def overlap_line(
    train: Sequence[LabelledText], rows: Sequence[LabelledText], part: str
) -> str:
    """Say how many texts of a part stand in the training file, too."""
    return overlap(train, rows).report(part)


def pair_notes(
    tokenizer: BertTokenizer, rows: Sequence[LabelledText], shape: Shape
) -> list[str]:
    """Say how many pairs are cut."""
    cut = count_cut(tokenizer, rows, shape.max_length)
    if not cut:
        return []
    return [
        f"{cut:,} of {len(rows):,} pairs are cut to {shape.max_length} tokens, the "
        "longer text first"
    ]


SENTIMENT = Task(
    name="sentiment",
    model=BertForSequenceClassification,
    metric="accuracy",
    read=read_sentiment,
    names=label_names,
    encode=encode_sentiment_rows,
    score=score_sentiment,
    read_texts=read_unlabelled,
    from_words=texts_from_words,
    predict=predict_sentiment,
    texts=lambda rows: [f"{row.text} {row.pair or ''}" for row in rows],
    describe=label_notes,
    faults=label_faults,
    notes=pair_notes,
    classes=label_numbers,
    overlap=overlap_line,
)
