"""Documents with summaries: reading files, labelling sentences, the lead.

Chapter: 17
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.documents import read_text, split_sentences
from bert_tutorial.tasks.rows import Collector, Rows, shown
from bert_tutorial.tasks.summaries.rouge import rouge_n

__all__ = [
    "Document",
    "choose_greedily",
    "label_sentences",
    "lead",
    "read_summaries",
]

# keys of the document and of its summary, as files in the wild name them
FORMS = (("src", "tgt"), ("article", "highlights"), ("document", "summary"))
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


def read_summaries(file: str | Path, *, strict: bool = True) -> Rows[Document]:
    """Read documents with their summaries.

    The file holds JSON: a list of objects, or one object a line. Three forms are
    known: `src` and `tgt`, lists of sentences, each a text or a list of words;
    `article` and `highlights`, a text and one with a sentence a line (CNN/DailyMail);
    `document` and `summary`, two texts (XSum). Texts are cut by `split_sentences`.

    Args:
        file: the file.
        strict: refuse the file at the first bad row, instead of skipping the row.

    Returns:
        The documents, with what was skipped.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: naming file, line, what was found and what is allowed.
    """
    collector = Collector[Document](file, strict)
    for line, row in rows_of(read_text(file)):
        try:
            if isinstance(row, BadRowError):
                raise row
            collector.add(document_of(row, line))
        except BadRowError as error:
            collector.skip(line, str(error))
    return collector.finish()


def decoded(text: str) -> Any:
    """Decode JSON; what cannot be decoded gives the error, for its line."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return BadRowError(
            f"a row must be JSON, got {shown(text.strip(), 40)}: {error}"
        )


def rows_of(text: str) -> Iterator[tuple[int, Any]]:
    """Give line and value of each row: items of a list, or lines."""
    if not text.lstrip().startswith("["):
        for line, row in enumerate(text.split("\n"), 1):
            if row.strip():
                yield line, decoded(row)
        return
    whole = decoded(text)
    if isinstance(whole, BadRowError):
        yield 1, whole
        return
    decoder, place = json.JSONDecoder(), text.index("[") + 1
    line, counted = 1, 0
    for item in whole:
        while text[place] in " \t\n\r,":
            place += 1
        line, counted = line + text.count("\n", counted, place), place
        yield line, item
        _, place = decoder.raw_decode(text, place)


def document_of(row: Any, line: int) -> Document:
    """Check a row and make a document of it.

    Raises:
        BadRowError: saying what was found and what is allowed.
    """
    if not isinstance(row, Mapping):
        raise BadRowError(f"{ALLOWED}, got a {type(row).__name__}")
    for source, target in FORMS:
        if source in row and target in row:
            break
    else:
        raise BadRowError(f"{ALLOWED}, got the keys {shown(sorted(row))}")
    read = tokenised if source == "src" else untokenised
    sentences, summary = (read(row[key], key) for key in (source, target))
    for key, found in ((source, sentences), (target, summary)):
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
