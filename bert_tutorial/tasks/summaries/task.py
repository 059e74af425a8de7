"""Extractive summaries for finetune, evaluate and predict.

Chapter: 0
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.documents import read_text, split_sentences
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.rows import Rows
from bert_tutorial.tasks.summaries.extractive import (
    BertForExtractiveSummarization,
    encode_document,
    summarise,
)
from bert_tutorial.tasks.summaries.files import (
    Document,
    label_sentences,
    lead,
    read_summaries,
)
from bert_tutorial.tasks.summaries.rouge import rouge
from bert_tutorial.tasks.task import (
    Prediction,
    Shape,
    Task,
    given_texts,
    no_columns,
    no_question,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["SUMMARIES"]

CHOSEN = 3  # sentences, as is usual for news


def read_documents(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[Document]:
    """Read documents with summaries."""
    no_columns(columns)
    return read_summaries(file, strict=strict)


def encode_documents(
    tokenizer: BertTokenizer,
    rows: Sequence[Document],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> list[Example]:
    """Label sentences by their overlap with the summary, and cut into windows."""
    return [
        window.example
        for row in rows
        for window in encode_document(
            tokenizer,
            row.sentences,
            label_sentences(row, CHOSEN),
            max_length=shape.max_length,
        )
    ]


def score_summaries(
    model: BertForExtractiveSummarization,
    tokenizer: BertTokenizer,
    rows: Sequence[Document],
    names: Sequence[str],
    shape: Shape,
    source: str,
) -> dict[str, float]:
    """Give mean ROUGE (F1) of the chosen sentences, and of the first ones beside it."""
    found: dict[str, list[float]] = {}
    for row in rows:
        chosen = summarise(
            model, tokenizer, row.sentences, CHOSEN, max_length=shape.max_length
        )
        ways = {"": chosen, "lead_": lead(row.sentences, CHOSEN)}
        for prefix, places in ways.items():
            scores = rouge([row.sentences[i] for i in places], row.summary)
            for name in ("rouge1", "rouge2", "rougeLsum"):
                found.setdefault(prefix + name, []).append(scores[name].f1)
    return {name: mean(values) for name, values in found.items()}


def document_of(text: str, line: int) -> Document:
    """Cut a text into sentences."""
    return Document(split_sentences(text), [], line)


def read_article(
    file: Path, strict: bool, columns: Mapping[str, str]
) -> Rows[Document]:
    """Read documents; of a plain text file the whole is one."""
    no_columns(columns)
    if file.suffix.lower() in (".json", ".jsonl"):
        return read_summaries(file, strict=strict, labelled=False)
    text = " ".join(read_text(file).split())
    if not text:
        raise UserError(f"{file}: the file must hold text, got none")
    rows = Rows[Document](str(file))
    rows.append(document_of(text, 1))
    return rows


def count_documents(rows: Sequence[Document]) -> list[str]:
    """Say how long documents and summaries are."""
    long = mean(len(row.sentences) for row in rows)
    short = mean(len(row.summary) for row in rows)
    return [f"sentences: {long:.1f} a document, {short:.1f} a summary"]


def from_words(texts: Sequence[str], question: str | None) -> Sequence[Document]:
    """Take each text of the command line as a document."""
    no_question(question)
    found = enumerate(given_texts(texts), start=1)
    return [document_of(text, number) for number, text in found]


def predict_summaries(
    model: BertForExtractiveSummarization,
    tokenizer: BertTokenizer,
    rows: Sequence[Document],
    names: Sequence[str],
    shape: Shape,
) -> list[Prediction]:
    """Say of each document: its chosen sentences, in their order."""
    found: list[Prediction] = []
    for row in rows:
        chosen = summarise(
            model, tokenizer, row.sentences, CHOSEN, max_length=shape.max_length
        )
        summary = [row.sentences[place] for place in chosen]
        found.append({"summary": summary})
    return found


SUMMARIES = Task(
    name="summarize",
    model=BertForExtractiveSummarization,
    metric="rouge1",
    read=read_documents,
    names=lambda rows, source: [],
    encode=encode_documents,
    score=score_summaries,
    read_texts=read_article,
    from_words=from_words,
    predict=predict_summaries,
    texts=lambda rows: [" ".join(row.sentences) for row in rows],
    describe=count_documents,
    max_length=512,
    is_one_window=True,
)
