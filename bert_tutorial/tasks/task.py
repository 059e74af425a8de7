"""What finetune, evaluate and predict need to know of each task.

Chapter: 0
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.rows import Rows

__all__ = ["Shape", "Task"]


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
        raise UserError("columns can be named for a table of texts only; leave it out")


def no_question(question: str | None) -> None:
    """Refuse a question where none is answered."""
    if question is not None:
        raise UserError("--question is for the task qa only; leave it out")


def given_texts(texts: Sequence[str]) -> list[str]:
    """Refuse an empty text.

    Raises:
        UserError: naming its place on the command line.
    """
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise UserError(f"text {number} must not be empty")
    return [text.strip() for text in texts]


# Sentiment, or any classes of texts and pairs
