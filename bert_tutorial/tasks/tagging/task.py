"""Tagging for finetune, evaluate and predict.

Chapter: 0
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.task_heads import BertForTokenClassification
from bert_tutorial.pretraining.documents import read_text
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.tagging.files import TAG, TaggedWords, read_tagged, tag_names
from bert_tutorial.tasks.tagging.predict import predict_tags
from bert_tutorial.tasks.tagging.scores import span_scores, token_accuracy
from bert_tutorial.tasks.tagging.windows import encode_rows
from bert_tutorial.tasks.task import (
    Prediction,
    Shape,
    Task,
    given_texts,
    no_columns,
    no_question,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["TAGGING"]

WORD = re.compile(r"\w+|[^\w\s]")


def read_rows(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[TaggedWords]:
    """Read CoNLL columns, or JSON lines."""
    no_columns(columns)
    return read_tagged(file, strict=strict)


def names_of(rows: Sequence[TaggedWords], source: str) -> list[str]:
    """List the tags.

    Raises:
        UserError: if there is no entity at all.
    """
    names = tag_names(rows)
    if len(names) < 2:
        raise UserError(f"{source}: there must be a tag besides O, got none")
    return names


def check_tags(rows: Sequence[TaggedWords], names: Sequence[str], source: str) -> None:
    """Refuse a tag that the model does not know.

    Raises:
        UserError: file, line of the sentence, tag, those that are known.
    """
    for row in rows:
        for word, tag in zip(row.words, row.tags, strict=True):
            if tag not in names:
                raise UserError(
                    f"{source}: line {row.line}: the tag of {word!r} must be one of "
                    f"{', '.join(names)}, got {tag!r}"
                )


def encode_tagged_rows(
    tokenizer: BertTokenizer,
    rows: Sequence[TaggedWords],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> list[Example]:
    """Encode sentences; a long one takes several windows."""
    check_tags(rows, names, source)
    return encode_rows(
        tokenizer, rows, names, max_length=shape.max_length, stride=shape.stride
    )


def score_tagging(
    model: BertForTokenClassification,
    tokenizer: BertTokenizer,
    rows: Sequence[TaggedWords],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> dict[str, float]:
    """Score whole spans, and the share of words beside it; unknown tags are missed.

    Raises:
        UserError: if the model's labels are no tags of spans.
    """
    for name in names:
        if not TAG.fullmatch(name):
            raise UserError(
                f"the model's labels must be O, B-type or I-type, got {name!r}; its "
                "spans cannot be scored"
            )
    guesses = predict_tags(
        model,
        tokenizer,
        [row.words for row in rows],
        names,
        max_length=shape.max_length,
        stride=shape.stride,
    )
    gold = [row.tags for row in rows]
    micro = span_scores(gold, guesses).micro
    return {
        "f1": micro.f1,
        "precision": micro.precision,
        "recall": micro.recall,
        "word_accuracy": token_accuracy(gold, guesses),
    }


def words_of(lines: Sequence[str]) -> list[TaggedWords]:
    """Cut texts into words and marks."""
    found = [WORD.findall(line) for line in lines]
    return [
        TaggedWords(words, ["O"] * len(words), number)
        for number, words in enumerate(found, start=1)
    ]


def read_sentences(file: Path, columns: Mapping[str, str]) -> Sequence[TaggedWords]:
    """Read a sentence a line."""
    no_columns(columns)
    lines = [line for line in read_text(file).split("\n") if WORD.search(line)]
    if not lines:
        raise UserError(f"{file}: the file must hold at least one text, got none")
    return words_of(lines)


def from_words(texts: Sequence[str], question: str | None) -> Sequence[TaggedWords]:
    """Take the texts of the command line."""
    no_question(question)
    return words_of(given_texts(texts))


def predict_tagging(
    model: BertForTokenClassification,
    tokenizer: BertTokenizer,
    rows: Sequence[TaggedWords],
    names: Sequence[str],
    shape: Shape,
) -> list[Prediction]:
    """Say of each sentence: its words and their tags."""
    words = [row.words for row in rows]
    tags = predict_tags(
        model,
        tokenizer,
        words,
        names,
        max_length=shape.max_length,
        stride=shape.stride,
    )
    return [{"words": w, "tags": t} for w, t in zip(words, tags, strict=True)]


TAGGING = Task(
    name="tagging",
    model=BertForTokenClassification,
    metric="f1",
    read=read_rows,
    names=names_of,
    encode=encode_tagged_rows,
    score=score_tagging,
    read_texts=read_sentences,
    from_words=from_words,
    predict=predict_tagging,
)
