"""Tagging for finetune, evaluate and predict.

Chapter: 0
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.task_heads import BertForTokenClassification
from bert_tutorial.pretraining.documents import read_text
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.tagging.files import (
    TAG,
    TaggedWords,
    read_tagged,
    read_words,
    tag_names,
)
from bert_tutorial.tasks.tagging.forms import tag_scheme
from bert_tutorial.tasks.tagging.predict import predict_tags
from bert_tutorial.tasks.tagging.scores import span_scores, token_accuracy
from bert_tutorial.tasks.tagging.windows import encode_rows
from bert_tutorial.tasks.task import (
    Prediction,
    Shape,
    Task,
    given_texts,
    no_question,
)
from bert_tutorial.tasks.words import words_and_marks
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["TAGGING"]


def read_rows(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[TaggedWords]:
    """Read CoNLL columns, or JSON."""
    no_pair(columns)
    return read_tagged(file, strict=strict, columns=columns)


def no_pair(columns: Mapping[str, str]) -> None:
    """Refuse a column of second texts."""
    if "pair" in columns:
        raise UserError("--pair-column is for pairs of texts only; leave it out")


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


def count_spans(rows: Sequence[TaggedWords]) -> list[str]:
    """Say how many spans there are of each type."""
    spans = Counter(tag[2:] for row in rows for tag in row.tags if tag.startswith("B-"))
    named = [f"{name} {number:,}" for name, number in spans.most_common(20)]
    return [f"spans of each type: {', '.join(named) or 'none'}"]


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


def tags_of(
    model: BertForTokenClassification,
    tokenizer: BertTokenizer,
    rows: Sequence[TaggedWords],
    names: Sequence[str],
    shape: Shape,
) -> list[list[str]]:
    """Tag sentences: the one way, for scores and for use."""
    return predict_tags(
        model,
        tokenizer,
        [row.words for row in rows],
        names,
        max_length=shape.max_length,
        stride=shape.stride,
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
    scheme = tag_scheme([names])
    if scheme.is_bare:  # a model of one type, such as those for genes
        names = [scheme.translate(name) for name in names]
    for name in names:
        if not TAG.fullmatch(name):
            raise UserError(
                f"the model's labels must be O, B-type or I-type, got {name!r}; its "
                "spans cannot be scored"
            )
    guesses = tags_of(model, tokenizer, rows, names, shape)
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
    found = [words_and_marks(line) for line in lines]
    return [
        TaggedWords(words, ["O"] * len(words), number)
        for number, words in enumerate(found, start=1)
        if words
    ]


def read_sentences(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[TaggedWords]:
    """Read what `finetune` reads, with or without tags, or a sentence a line."""
    no_pair(columns)
    found = read_words(file, strict=strict, columns=columns)
    if found is None:
        found = Rows[TaggedWords](str(file))
        found.extend(words_of(read_text(file).split("\n")))
    if not found:
        raise UserError(f"{file}: the file must hold at least one text, got none")
    return found


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
    tags = tags_of(model, tokenizer, rows, names, shape)
    return [{"words": r.words, "tags": t} for r, t in zip(rows, tags, strict=True)]


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
    texts=lambda rows: [" ".join(row.words) for row in rows],
    describe=count_spans,
)
