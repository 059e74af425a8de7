"""Documents with summaries: reading files, labelling sentences, the lead.

Chapter: 17
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.documents import read_text, split_sentences
from bert_tutorial.tasks.rows import Collector, NoJson, Rows, json_rows, shown
from bert_tutorial.tasks.summaries.rouge import rouge_n

__all__ = [
    "Document",
    "choose_greedily",
    "label_sentences",
    "lead",
    "read_summaries",
]

# keys of the document and of its summary, as files in the wild name them
FORMS = (
    ("src", "tgt"),
    ("article", "highlights"),
    ("document", "summary"),
    ("text", "summary"),
)
ALLOWED = "a row must have " + ", or ".join(f"{a} and {b}" for a, b in FORMS)


class Document(NamedTuple):
    """A text and a summary that people wrote, both as sentences.

    `line` is where its row begins in the file, counted from 1.
    """

    sentences: list[str]
    summary: list[str]
    line: int


class BadRowError(UserError):
    """What is wrong with a row, in one line."""


def read_summaries(
    file: str | Path, *, strict: bool = True, labelled: bool = True
) -> Rows[Document]:
    """Read documents with their summaries.

    The file holds JSON: a list of objects, or one object a line. Four forms are
    known: `src` and `tgt`, lists of sentences, each a text or a list of words;
    `article` and `highlights`, a text and one with a sentence a line (CNN/DailyMail);
    `document` and `summary` (XSum) or `text` and `summary`, two texts. Texts are cut
    by `split_sentences`.

    Args:
        file: the file.
        strict: refuse the file at the first bad row, instead of skipping the row.
        labelled: rows must have a summary; else it is not looked at.

    Returns:
        The documents, with what was skipped.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: naming file, line, what was found and what is allowed.
    """
    collector = Collector[Document](file, strict)
    for line, row in json_rows(read_text(file)):
        try:
            collector.add(document_of(row, line, labelled))
        except BadRowError as error:
            collector.skip(line, str(error))
    return collector.finish()


def document_of(row: Any, line: int, labelled: bool = True) -> Document:
    """Check a row and make a document of it.

    Raises:
        BadRowError: saying what was found and what is allowed.
    """
    if isinstance(row, NoJson):
        raise BadRowError(
            f"a row must be JSON, got {shown(row.text, 40)}: {row.reason}"
        )
    if not isinstance(row, Mapping):
        raise BadRowError(f"{ALLOWED}, got a {type(row).__name__}")
    for source, target in FORMS:
        if source in row and (target in row or not labelled):
            break
    else:
        raise BadRowError(f"{ALLOWED}, got the keys {shown(sorted(row))}")
    read = tokenised if source == "src" else untokenised
    sentences = read(row[source], source)
    summary = read(row[target], target) if labelled else []
    for key, found in ((source, sentences), (target, summary))[: 1 + labelled]:
        if not found:
            raise BadRowError(f"{key} must hold text, got {shown(row[key], 40)}")
    return Document(sentences, summary, line)


def tokenised(value: Any, key: str) -> list[str]:
    """Read a list of sentences, each a text or a list of words."""
    if not isinstance(value, list):
        raise BadRowError(
            f"{key} must be a list of sentences, got a {type(value).__name__} "
            f"{shown(value, 40)}"
        )
    sentences = []
    for place, sentence in enumerate(value, 1):
        words = [sentence] if isinstance(sentence, str) else sentence
        if not isinstance(words, list) or not all(isinstance(w, str) for w in words):
            raise BadRowError(
                f"sentence {place} of {key} must be a text or a list of words, got "
                f"{shown(sentence, 40)}"
            )
        if text := " ".join(words).strip():
            sentences.append(text)
    return sentences


def untokenised(value: Any, key: str) -> list[str]:
    """Cut a text into sentences; each line of highlights is one."""
    if not isinstance(value, str):
        raise BadRowError(
            f"{key} must be a text, got a {type(value).__name__} {shown(value, 40)}"
        )
    lines = [line.strip() for line in value.split("\n") if line.strip()]
    if key == "highlights":
        return lines
    return [sentence for line in lines for sentence in split_sentences(line)]


def lead(sentences: Sequence[str], k: int = 3) -> list[int]:
    """Choose the first k sentences: in news, hard to beat."""
    return list(range(min(k, len(sentences))))


def choose_greedily(
    sentences: Sequence[str], summary: Sequence[str], max_sentences: int = 3
) -> list[int]:
    """Choose the sentences that come closest to a summary, one after another.

    Each time the sentence joins that raises ROUGE-1 plus ROUGE-2 (F1) of all chosen
    ones most, the first of equals; it ends when none raises it. The best set may be
    another one, but there are too many sets to try (Nallapati et al. 2017).

    Args:
        sentences: of the document.
        summary: sentences of the summary.
        max_sentences: no more than these.

    Returns:
        Their numbers, in the order of the document.
    """
    right = "\n".join(summary)
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < max_sentences:
        gains = []
        for i in range(len(sentences)):
            if i not in chosen:
                text = "\n".join(sentences[j] for j in sorted([*chosen, i]))
                value = sum(rouge_n(text, right, n).f1 for n in (1, 2))
                gains.append((value, -i))
        value, place = max(gains, default=(0.0, 0))
        if value <= best:
            break
        best = value
        chosen.append(-place)
    return sorted(chosen)


def label_sentences(document: Document, max_sentences: int = 3) -> list[int]:
    """Give each sentence of a document 1 if `choose_greedily` takes it, else 0."""
    chosen = choose_greedily(document.sentences, document.summary, max_sentences)
    return [int(i in chosen) for i in range(len(document.sentences))]
