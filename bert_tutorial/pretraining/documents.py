r"""Read a corpus from text files: documents, each a list of sentences.

Two layouts are common. In *lines* (that of BERT's published code) each line is a
sentence and a blank line ends a document. In *paragraphs* (books, Wikipedia) a line
or a block of lines is a paragraph of several sentences, and the file is one document;
in the WikiText corpora a line " = Title = " begins another.

Chapter: 10
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import PathLike, find_text_files, read_text

__all__ = ["find_text_files", "read_documents", "read_text", "split_sentences"]

LAYOUTS = ("auto", "lines", "paragraphs")
# An end mark, perhaps closing quotes, whitespace, then what may begin a sentence;
# or an end mark of Chinese or Japanese, which no space follows. The possessive ++ and
# the look-behind keep the search linear in lines of many dots or spaces.
END = re.compile(
    r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019)\]]*+"
    r"(?=\s++(?:[\"'\u201c\u2018(\[]+\s*+)?([^\W_]))"
    r"|[\u3002\uff01\uff1f]++[\u201d\u2019\u300d\u300f\uff09]*+"
)
ABBREVIATION = re.compile(
    r"(?:^|[\s(\"])(?:[^\W\d_]|Mr|Mrs|Ms|Dr|Prof|St|Mt|Sr|Jr|Gen|Col|Capt|Lt|Sgt|Rev"
    r"|Hon|No|Vol|Fig|vs|cf|ca|e\.g|i\.e|etc)\.$"
)


def read_documents(
    paths: PathLike | Sequence[PathLike],
    *,
    layout: str = "auto",
    lines_per_document: int | None = None,
) -> list[list[str]]:
    """Read text files as documents of sentences (Devlin et al. 2019, section 3.1).

    A document is what next-sentence pairs are drawn from: "is next" within one, "is
    random" across two. A flat file without a blank line is *one* document; if it is
    all there is, every random partner comes from the same document, and the labels
    of next-sentence prediction mean little. Then cut it with `lines_per_document`,
    or train on masked words alone.

    Args:
        paths: a file, a folder (all .txt files in it and below), or several.
        layout: "lines", "paragraphs" or "auto", which decides for each file:
            "paragraphs" if it has WikiText headings, if the median line has two or
            more sentences, or if lines are broken at about equal length and mostly
            not where a sentence ends.
        lines_per_document: cut longer documents after so many sentences.

    Returns:
        Documents in the order of the files; none is empty, nor is any sentence.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: a file is not UTF-8 text, cannot be read, or holds no text.
    """
    if layout not in LAYOUTS:
        raise UserError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    if lines_per_document is not None and lines_per_document < 2:
        raise UserError(
            "lines_per_document must be at least 2, so that a sentence has a next one, "
            f"got {lines_per_document}"
        )
    files = find_text_files(paths)
    documents: list[list[str]] = []
    for file in files:
        documents += _read_file(file, layout)
    if not documents:
        names = ", ".join(map(str, files[:3])) + (" ..." if len(files) > 3 else "")
        raise UserError(f"a corpus must hold text, got none in {names}")
    if lines_per_document is None:
        return documents
    n = lines_per_document
    return [d[i : i + n] for d in documents for i in range(0, len(d), n)]


def split_sentences(paragraph: str) -> list[str]:
    """Split a paragraph by a simple rule, good enough to make segments of.

    A sentence ends after . ! ? or … (and closing quotes) if whitespace follows and
    then a letter or digit that is no small letter, unless the full stop ends a single
    letter or one of a few abbreviations (Mr. Dr. No. e.g. ...); and always after the
    end marks of Chinese and Japanese.

    Args:
        paragraph: any text.

    Returns:
        Its sentences, whitespace at their ends removed; none is empty.

    Example:
        >>> split_sentences("Dr. No met J. Bond. Who won? Nobody knows.")
        ['Dr. No met J. Bond.', 'Who won?', 'Nobody knows.']
    """
    sentences, start = [], 0
    for match in END.finditer(paragraph):
        before = paragraph[max(start, match.end() - 8) : match.end()]
        goes_on = match[1] is not None and match[1].islower()
        if not goes_on and not ABBREVIATION.search(before):
            sentences.append(paragraph[start : match.end()].strip())
            start = match.end()
    return [s for s in [*sentences, paragraph[start:].strip()] if s]


def _read_file(file: Path, layout: str) -> list[list[str]]:
    """Read the documents of one file; none for an empty one."""
    # Not splitlines(): it would also cut at form feeds and Unicode separators.
    lines = [line.strip() for line in read_text(file).split("\n")]
    if layout == "auto":
        layout = detect_layout(lines)
    if layout == "lines":
        return list(_blocks(lines))
    is_wrapped = _is_wrapped(lines)
    documents: list[list[str]] = [[]]
    for block in _blocks(_set_apart(lines)):
        level = _heading_level(block[0])
        if level == 1:
            documents.append([])
        elif level == 0:
            for part in [" ".join(block)] if is_wrapped else block:
                documents[-1] += split_sentences(part)
    return [document for document in documents if document]


def _heading_level(line: str) -> int:
    """Give 1 for " = Title = ", 2 for " = = Section = = " and so on, else 0."""
    words = line.split(" ", 8) if line[:2] == "= " and line[-2:] == " =" else []
    level = next((i for i, word in enumerate(words) if word != "="), 0)
    return level if len(line) > 4 * level else 0


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Group lines between blank ones."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line:
            block.append(line)
        elif block:
            yield block
            block = []


def _set_apart(lines: Iterable[str]) -> Iterator[str]:
    """Put blank lines around headings."""
    for line in lines:
        yield from ("", line, "") if _heading_level(line) else (line,)


def detect_layout(lines: list[str]) -> str:
    """Guess "lines" or "paragraphs"; see `read_documents`."""
    filled = [line for line in lines if line]
    if not filled:
        return "lines"
    if any(_heading_level(line) == 1 for line in filled) or _is_wrapped(lines):
        return "paragraphs"
    counts = [len(split_sentences(line)) for line in filled[:1000]]
    return "paragraphs" if median(counts) >= 2 else "lines"


def _is_wrapped(lines: list[str]) -> bool:
    """Tell whether lines are broken at a width: most reach nearly the longest's.

    Lines that mostly end a sentence are not: they only happen to be alike.
    """
    inner = [line for line, following in pairwise(lines) if line and following]
    if len(inner) < 3 or 2 * sum(line[-1] in ".!?…\"'" for line in inner) > len(inner):
        return False
    lengths = [len(line) for line in inner]
    return max(lengths) <= 120 and median(lengths) >= 0.8 * max(lengths)
