"""What fine-tuning, evaluating and predicting need to know of each task.

Chapter: 0
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.checkpoint import PreTrained
from bert_tutorial.model.config import BertConfig
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["Head", "Prediction", "Reading", "Row", "Shape", "Task"]

Row = TypeVar("Row")  # of a task's data, such as a text with its label
Head = TypeVar("Head", bound=PreTrained)  # the model of a task

Prediction = dict[str, object]
"""What is said of one row, by name; it can be written as JSON."""


class Shape(NamedTuple):
    """How texts are cut and answers are chosen, in training, scoring and use alike.

    `max_length` is tokens of a window, `stride` from one's start to the next's;
    `threshold` says how far "no answer" must lie above the best answer to win, None:
    there is always an answer.
    """

    max_length: int
    stride: int | None
    threshold: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the files of a task are read.

    Attributes:
        columns: names, or numbers from 1, of the columns of a table of texts, by
            "text", "pair" and "label".
        is_strict: refuse a file at its first bad row; else skip and count those.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    is_strict: bool = True


def _no_notes(tokenizer: BertTokenizer, rows: Sequence[Row], shape: Shape) -> list[str]:
    """Say nothing."""
    return []


def _no_faults(rows: Sequence[Row], names: Sequence[str]) -> list[tuple[int, int, str]]:
    """Find nothing wrong."""
    return []


def _any_model(config: BertConfig) -> None:
    """Judge every model."""


def _no_threshold(rows: Sequence[Row]) -> float | None:
    """Have no threshold."""
    return None


def _half(max_length: int) -> None:
    """Leave the stride open."""


@dataclass(frozen=True, kw_only=True)
class Task(Generic[Row, Head]):
    """A task as a few functions, on rows of one type and for a model of one class.

    `names` are the labels' names in the order of their numbers, empty where there are
    no labels; `source` is what messages call the rows.

    Attributes:
        name: on the command line and in run.json.
        model: its class.
        metric: the score that chooses between states; higher is better.
        problem: what a saved configuration says that the logits mean, where that is
            not one of the names: see `BertConfig.problem_type`.
        read: file, strict and columns -> labelled rows.
        names: training rows and source -> the labels' names.
        encode: tokenizer, rows, names, shape, source -> examples to learn from.
        score: model, tokenizer, rows, names, shape, source -> scores.
        read_texts: file, strict, columns -> rows to predict.
        from_words: texts, question -> rows to predict.
        predict: model, tokenizer, rows, names, shape -> what is said of each row.
        texts: rows -> their texts, to see how much a vocabulary knows of them.
        describe: rows -> lines that count what they hold, and name what is odd.
        faults: rows, names -> place, line and reason of each that cannot be used with
            these labels.
        notes: tokenizer, rows, shape -> lines about what is cut or lost.
        threshold: training rows -> that of `Shape`.
        check: configuration of a model -> nothing; refuses one that `score` cannot
            judge.
        classes: the class of each row, for weights; None: cannot be weighed.
        overlap: training rows, other rows and their name -> a line about texts that
            stand in both; None: nothing is said.
        max_length: tokens of a window if nothing is said.
        stride: the same of the stride, for a length; None: half of what fits.
        is_one_window: a row is one window, cut at its end: there is no stride.
    """

    name: str
    model: type[Head]
    metric: str
    problem: str | None = None
    read: Callable[[Path, bool, Mapping[str, str]], Rows[Row]]
    names: Callable[[Sequence[Row], str], list[str]]
    encode: Callable[
        [BertTokenizer, Sequence[Row], Sequence[str], Shape, str], list[Example]
    ]
    score: Callable[
        [Head, BertTokenizer, Sequence[Row], Sequence[str], Shape, str],
        dict[str, float],
    ]
    read_texts: Callable[[Path, bool, Mapping[str, str]], Rows[Row]]
    from_words: Callable[[Sequence[str], str | None], Sequence[Row]]
    predict: Callable[
        [Head, BertTokenizer, Sequence[Row], Sequence[str], Shape], list[Prediction]
    ]
    texts: Callable[[Sequence[Row]], list[str]]
    describe: Callable[[Sequence[Row]], list[str]]
    faults: Callable[[Sequence[Row], Sequence[str]], list[tuple[int, int, str]]] = (
        field(default_factory=lambda: _no_faults)
    )
    notes: Callable[[BertTokenizer, Sequence[Row], Shape], list[str]] = field(
        default_factory=lambda: _no_notes
    )
    threshold: Callable[[Sequence[Row]], float | None] = field(
        default_factory=lambda: _no_threshold
    )
    check: Callable[[BertConfig], None] = field(default_factory=lambda: _any_model)
    classes: Callable[[Sequence[Row], Sequence[str]], list[int]] | None = None
    overlap: Callable[[Sequence[Row], Sequence[Row], str], str] | None = None
    max_length: int = 128
    stride: Callable[[int], int | None] = field(default_factory=lambda: _half)
    is_one_window: bool = False

    def shape(self, positions: int, length: int | None, stride: int | None) -> Shape:
        """Decide how long a window is.

        Args:
            positions: of the model.
            length: tokens of a window; None: what is usual for the task.
            stride: from a window to the next; None: the same.

        Raises:
            UserError: if it is longer than the model's positions.
        """
        if length is not None and length > positions:
            raise UserError(
                f"--max-length must be at most {positions}, the positions of the "
                f"model, got {length}"
            )
        length = length or min(positions, self.max_length)
        return Shape(length, stride or self.stride(length))


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
        UserError: naming its number, from 1.
    """
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise UserError(f"text {number} must not be empty")
    return [text.strip() for text in texts]
