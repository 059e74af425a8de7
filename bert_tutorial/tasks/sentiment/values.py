"""Values on a scale for texts and pairs, such as their likeness, as a task for files.

One number a text and the squared error, as BERT learned the pairs of STS-B, which
people had judged from 0 to 5 (Devlin et al. 2019, section 4.1).

Chapter: 14
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import BertForSequenceClassification, problem_of
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.metrics import value_scores
from bert_tutorial.tasks.rows import Rows, keep_good
from bert_tutorial.tasks.sentiment.classify import classify
from bert_tutorial.tasks.sentiment.tables import LabelledText, is_number, read_table
from bert_tutorial.tasks.sentiment.task import (
    SENTIMENT,
    overlap_line,
    pair_notes,
    predict_sentiment,
    windows_of,
)
from bert_tutorial.tasks.task import Prediction, Shape, Task
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["REGRESSION"]

FAR = 20.0  # a new head gives about 0, and each step leads it a little way only


def read_values(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[LabelledText]:
    """Read a table of texts with a number each."""
    rows = read_table(file, strict=strict, columns=columns, are_values=True)
    return keep_good(rows, value_faults(rows, ()), strict)


def value_faults(
    rows: Sequence[LabelledText], names: Sequence[str]
) -> list[tuple[int, int, str]]:
    """List the rows whose label is no number: place, line, reason."""
    return [
        (place, row.line, f"the label must be a number such as 3.5, got {row.label!r}")
        for place, row in enumerate(rows)
        if not is_number(row.label) or not math.isfinite(float(row.label))
    ]


def values_of(rows: Sequence[LabelledText], source: str) -> list[float]:
    """Give the number of each row.

    Raises:
        UserError: if a label is no number; source, line and label.
    """
    for _, line, reason in value_faults(rows, ()):
        raise UserError(f"{source}: line {line}: {reason}")
    return [float(row.label) for row in rows]


def value_names(rows: Sequence[LabelledText], source: str) -> list[str]:
    """Name the one number of a text.

    Raises:
        UserError: if there is nothing to learn, since all rows have the same one.
    """
    values = values_of(rows, source)
    if min(values) == max(values):
        raise UserError(f"{source}: values must differ, got only {values[0]:g}")
    return ["value"]


def value_notes(rows: Sequence[LabelledText]) -> list[str]:
    """Say in which range the values are, and whether that is far from a new head's."""
    bad = {place for place, _, _ in value_faults(rows, ())}  # are refused elsewhere
    values = [float(row.label) for i, row in enumerate(rows) if i not in bad]
    if not values:
        return []
    found = [
        f"values from {min(values):g} to {max(values):g}, mean "
        f"{statistics.fmean(values):.4g}, standard deviation "
        f"{statistics.pstdev(values):.4g}"
    ]
    if (most := max(map(abs, values))) > FAR:
        tens = 10 ** math.ceil(math.log10(most / FAR))
        found.append(
            f"notice: values up to {most:g} are learned slowly, as a new head begins "
            f"near 0; divide them by {tens:g} in all files"
        )
    return found


def encode_values(
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> list[Example]:
    """Encode texts; every window has its text's value."""
    encoded = windows_of(tokenizer, rows, shape, values_of(rows, source), source)
    return [window for row in encoded for window in row]


def check_head(config: BertConfig) -> None:
    """Refuse a model whose logits are not one value a text.

    Raises:
        UserError: saying what it is for.
    """
    problem = problem_of(config.num_labels, config.problem_type)
    if problem != "regression" or config.num_labels != 1:
        raise UserError(
            f"the model must give one value a text, but is for {problem} with "
            f"{config.num_labels} labels; --task sentiment (SENTIMENT) uses it"
        )


def score_values(
    model: BertForSequenceClassification,
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> dict[str, float]:
    """Compare the value of each text with its label."""
    check_head(model.config)
    values = values_of(rows, source)
    guesses = classify(model, windows_of(tokenizer, rows, shape, source=source))
    return value_scores(values, guesses[:, 0].tolist())


def predict_values(
    model: BertForSequenceClassification,
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    names: Sequence[str],
    shape: Shape,
) -> list[Prediction]:
    """Say of each text: value, the text."""
    check_head(model.config)
    return predict_sentiment(model, tokenizer, rows, names, shape)


REGRESSION = Task(
    name="regression",
    model=BertForSequenceClassification,
    metric="pearson",
    problem="regression",
    read=read_values,
    names=value_names,
    encode=encode_values,
    score=score_values,
    read_texts=SENTIMENT.read_texts,
    from_words=SENTIMENT.from_words,
    predict=predict_values,
    texts=SENTIMENT.texts,
    describe=value_notes,
    faults=value_faults,
    notes=pair_notes,
    check=check_head,
    overlap=overlap_line,
)
