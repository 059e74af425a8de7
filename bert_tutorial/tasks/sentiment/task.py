"""Sentiment, or any classes of texts and pairs, as a task for files.

Chapter: 14
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import BertForSequenceClassification, problem_of
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
    numbers: Sequence[float] | None = None,
    source: str = "the rows",
) -> list[list[Example]]:
    """Encode texts: for each its windows, with its class or value if there are any."""
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
    check_chooses_one(model.config)
    numbers = label_numbers(rows, names, source)
    encoded = windows_of(tokenizer, rows, shape, source=source)
    guesses = classify(model, encoded).argmax(dim=-1).tolist()
    return classification_scores(numbers, guesses, len(names))


def check_chooses_one(config: BertConfig) -> None:
    """Refuse a model that does not choose one class a text.

    Raises:
        UserError: saying what it is for.
    """
    problem = problem_of(config.num_labels, config.problem_type)
    if problem != "single_label_classification":
        raise UserError(
            f"the model must choose one class a text to be judged, but is for "
            f"{problem}; --task regression (REGRESSION) judges one value a text, and "
            "predict gives all values, to be compared by a measure of yours"
        )


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
    """Say of each text: label, its probability, the text.

    A model for regression gives its value, one for several yes-or-no decisions the
    labels that it finds likelier than not and the probability of each.
    """
    logits = classify(model, windows_of(tokenizer, rows, shape))
    problem = problem_of(model.config.num_labels, model.config.problem_type)
    return [
        {
            **said_of(one, names, problem),
            "text": row.text,
            **({} if row.pair is None else {"pair": row.pair}),
        }
        for row, one in zip(rows, logits, strict=True)
    ]


def said_of(logits: torch.Tensor, names: Sequence[str], problem: str) -> Prediction:
    """Turn the logits (C,) of a text into what they mean."""
    if problem == "regression":
        values = [round(value, 4) for value in logits.tolist()]
        if len(values) == 1:
            return {"value": values[0]}
        return {"values": dict(zip(names, values, strict=True))}
    if problem == "multi_label_classification":
        shares = [round(share, 4) for share in logits.sigmoid().tolist()]
        found = dict(zip(names, shares, strict=True))
        likely = [name for name, share in found.items() if share > 0.5]
        return {"labels": likely, "probabilities": found}
    share, place = torch.softmax(logits, dim=-1).max(dim=-1)
    return {"label": names[int(place)], "probability": round(float(share), 4)}


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
    check=check_chooses_one,
    classes=label_numbers,
    overlap=overlap_line,
)
