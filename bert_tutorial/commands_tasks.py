"""What finetune, evaluate and predict need to know of each task.

Chapter: 0
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bert_tutorial.checkpoint import PreTrained
from bert_tutorial.classification import classify, encode_texts
from bert_tutorial.labels import label_names, label_numbers
from bert_tutorial.metrics import classification_scores
from bert_tutorial.tables import LabelledText, read_table
from bert_tutorial.task_data import Example
from bert_tutorial.task_files import Rows
from bert_tutorial.tasks import BertForSequenceClassification
from bert_tutorial.tokenizer import BertTokenizer

__all__ = ["Shape", "Task", "find_task"]


class Shape(NamedTuple):
    """How texts are cut: tokens of a window, and from one's start to the next's."""

    max_length: int
    stride: int | None


@dataclass(frozen=True)
class Task:
    """A task as a few functions.

    Attributes:
        model: its class.
        metric: the score that chooses between states; higher is better.
        read: file, strict and columns -> labelled rows.
        names: training rows and file -> the labels' names, None if there are none.
        encode: tokenizer, rows, names, shape, file -> examples to learn from.
        score: model, tokenizer, rows, names, shape, file -> scores.
        check: tokenizer, rows, names, shape, file: refuses rows that cannot be judged.
        read_texts: file, columns -> rows to predict.
        from_words: texts of the command line, question -> rows to predict.
        predict: model, tokenizer, rows, names, shape -> one line a row.
        classes: the class of each row, for weights; None: cannot be weighed.
        max_length: tokens of a window if nothing is said.
        stride: the same of the stride, for a length; None: half of what fits.
    """

    model: type[PreTrained]
    metric: str
    read: Callable[[Path, bool, Mapping[str, str]], Rows[Any]]
    names: Callable[[Sequence[Any], str], list[str] | None]
    encode: Callable[..., list[Example]]
    score: Callable[..., dict[str, float]]
    read_texts: Callable[[Path, Mapping[str, str]], Sequence[Any]]
    from_words: Callable[[Sequence[str], str | None], Sequence[Any]]
    predict: Callable[..., list[str]]
    check: Callable[..., object] = lambda *_: None
    classes: Callable[[Sequence[Any], Sequence[str]], list[int]] | None = None
    max_length: int = 128
    stride: Callable[[int], int | None] = lambda _: None


def no_columns(columns: Mapping[str, str]) -> None:
    """Refuse names of columns for a file that is no table."""
    if columns:
        raise ValueError("columns can be named for a table of texts only; leave it out")


def no_question(question: str | None) -> None:
    """Refuse a question where none is answered."""
    if question is not None:
        raise ValueError("--question is for the task qa only; leave it out")


def given_texts(texts: Sequence[str]) -> list[str]:
    """Refuse an empty text.

    Raises:
        ValueError: naming its place on the command line.
    """
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise ValueError(f"text {number} must not be empty")
    return [text.strip() for text in texts]


# Sentiment, or any classes of texts and pairs


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
) -> list[str]:
    """Give a JSON object for each text: label, its probability, the text."""
    encoded = encode_texts(
        tokenizer, rows, max_length=shape.max_length, stride=shape.stride
    )
    shares = torch.softmax(classify(model, encoded), dim=-1)
    best = shares.max(dim=-1)
    found = zip(rows, best.indices.tolist(), best.values.tolist(), strict=True)
    return [
        json.dumps(
            {"label": names[place], "probability": round(share, 4), "text": row.text}
            | ({} if row.pair is None else {"pair": row.pair}),
            ensure_ascii=False,
        )
        for row, place, share in found
    ]


SENTIMENT = Task(
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
)


def find_task(name: str) -> Task:
    """Give a task; what it alone needs is loaded now.

    Raises:
        ValueError: if there is none of that name.
    """
    if name == "sentiment":
        return SENTIMENT
    if name == "tagging":
        from bert_tutorial.commands_tagging import TAGGING

        return TAGGING
    if name == "qa":
        from bert_tutorial.commands_qa import QUESTIONS

        return QUESTIONS
    if name == "summarize":
        from bert_tutorial.commands_summarize import SUMMARIES

        return SUMMARIES
    raise ValueError(f"task must be sentiment, tagging, qa or summarize, got {name!r}")
