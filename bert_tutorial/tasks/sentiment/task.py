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
from bert_tutorial.tasks.sentiment.classify import classify, encode_texts
from bert_tutorial.tasks.sentiment.labels import label_names, label_numbers, overlap
from bert_tutorial.tasks.sentiment.tables import LabelledText, read_table
from bert_tutorial.tasks.task import Prediction, Shape, Task, given_texts, no_question
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["SENTIMENT"]


def read_sentiment(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[LabelledText]:
    """Read a table of texts with labels."""
    return read_table(file, strict=strict, columns=columns)


def read_unlabelled(file: Path, columns: Mapping[str, str]) -> Rows[LabelledText]:
    """Read texts only."""
    return read_table(file, columns=columns, labelled=False)


def encode_sentiment_rows(
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> list[Example]:
    """Encode texts; every window has its text's label."""
    numbers = label_numbers(rows, names, source)
    encoded = encode_texts(
        tokenizer,
        rows,
        numbers,
        max_length=shape.max_length,
        stride=shape.stride,
        source=source,
    )
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
    encoded = encode_texts(
        tokenizer, rows, max_length=shape.max_length, stride=shape.stride, source=source
    )
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
    encoded = encode_texts(
        tokenizer, rows, max_length=shape.max_length, stride=shape.stride
    )
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
    check=encode_sentiment_rows,
    classes=label_numbers,
    overlap=overlap_line,
)
