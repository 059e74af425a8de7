"""Align tags of words with the pieces that a model reads.

The first piece of a word carries its tag; the others, [CLS] and [SEP] are not scored
(Devlin et al. 2019, section 5.3). A sentence longer than the model reads is cut into
windows that overlap, and each word is learned and predicted where it has the most
context on its poorer side, once.

Chapter: 15
"""

from collections.abc import Sequence
from typing import NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.tagging.files import TaggedWords
from bert_tutorial.tasks.windows import cut_windows, most_context
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "TagWindow",
    "align_labels",
    "cut_windows",
    "encode_rows",
    "encode_words",
    "most_context",
]

IGNORED = -100


class TagWindow(NamedTuple):
    """A stretch of a sentence as a model reads it.

    `example` holds ids, types and `labels`, -100 where nothing is scored. `words` are
    the numbers of the words that are scored in this window, and `places` says for each
    of them where in the window its first piece stands.
    """

    example: Example
    words: list[int]
    places: list[int]


def align_labels(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Give each piece of [CLS] words [SEP] its label (Devlin et al. 2019, section 5.3).

    Args:
        numbers: the label of each word.
        lengths: the pieces of each word, at least 1.

    Returns:
        The label of a word at its first piece, -100 at its others, [CLS] and [SEP].

    Example:
        >>> align_labels([3, 0], [2, 1])
        [-100, 3, -100, 0, -100]
    """
    labels = [-100]
    for number, length in zip(numbers, lengths, strict=True):
        labels += [number] + [-100] * (length - 1)
    return [*labels, -100]


def encode_words(
    tokenizer: BertTokenizer,
    words: Sequence[str],
    tags: Sequence[str] | None,
    names: Sequence[str],
    *,
    max_length: int = 512,
    stride: int | None = None,
) -> list[TagWindow]:
    """Encode a sentence of words, in as many windows as it needs.

    A word that the tokenizer drops altogether, such as a lone variation selector,
    becomes [UNK]; of a word longer than a window the first pieces are kept.

    Args:
        tokenizer: cuts each word into pieces.
        words: the sentence.
        tags: one a word, or None where there are none.
        names: the tags in the order of their numbers.
        max_length: pieces of a window with [CLS] and [SEP].
        stride: pieces from one window to the next; None is half of what fits.

    Returns:
        The windows. Each word is scored in exactly one of them.

    Raises:
        UserError: if there are no words, the tags do not fit them or the names, or
            `max_length` or `stride` is out of range.
    """
    room = max_length - 2
    if room < 1:
        raise UserError(f"max_length must be at least 3, got {max_length}")
    stride = max(1, room // 2) if stride is None else stride
    if not 1 <= stride <= room:
        raise UserError(f"stride must be 1 to {room}, got {stride}")
    numbers = _numbers(words, tags, names)
    pieces = [
        (ids or [tokenizer.unk_id])[:room]
        for ids in tokenizer.encode_lines(list(words))
    ]
    lengths = [len(ids) for ids in pieces]
    bounds = cut_windows(lengths, room, stride)
    owners = most_context(lengths, bounds)
    windows = []
    for number, (start, stop) in enumerate(bounds):
        scored = [word for word in range(start, stop) if owners[word] == number]
        if not scored:  # each of its words has more context elsewhere
            continue
        places = [1 + sum(lengths[start:word]) for word in scored]
        ids = [i for word in pieces[start:stop] for i in word]
        ids = [tokenizer.cls_id, *ids, tokenizer.sep_id]
        kept = [
            numbers[word] if owners[word] == number else IGNORED
            for word in range(start, stop)
        ]
        labels = align_labels(kept, lengths[start:stop])
        target: dict[str, int | list[int]] = {} if tags is None else {"labels": labels}
        windows.append(TagWindow(Example(ids, [0] * len(ids), target), scored, places))
    return windows


def _numbers(
    words: Sequence[str], tags: Sequence[str] | None, names: Sequence[str]
) -> list[int]:
    """Number the tags of a sentence, and check them."""
    if isinstance(words, str) or not words:
        raise ValueError(f"words must be a list of one word or more, got {words!r}")
    if tags is None:
        return [IGNORED] * len(words)
    if isinstance(tags, str) or len(tags) != len(words):
        raise ValueError(
            f"tags must be a list of {len(words)} tags, one a word, got {tags!r}"
        )
    number = {name: i for i, name in enumerate(names)}
    for word, tag in zip(words, tags, strict=True):
        if tag not in number:
            raise UserError(
                f"the tag of {word!r} must be one of {', '.join(names)}; got {tag!r}"
            )
    return [number[tag] for tag in tags]


def encode_rows(
    tokenizer: BertTokenizer,
    rows: Sequence[TaggedWords],
    names: Sequence[str],
    *,
    max_length: int = 512,
    stride: int | None = None,
) -> list[Example]:
    """Encode labelled sentences as examples to learn from.

    Args:
        tokenizer: cuts each word into pieces.
        rows: the sentences.
        names: the tags in the order of their numbers.
        max_length: pieces of a window with [CLS] and [SEP].
        stride: pieces from one window to the next; None is half of what fits.

    Returns:
        One example a window.

    Raises:
        UserError: as `encode_words` says, with the line of the sentence.
    """
    examples: list[Example] = []
    for row in rows:
        try:
            windows = encode_words(
                tokenizer,
                row.words,
                row.tags,
                names,
                max_length=max_length,
                stride=stride,
            )
        except UserError as error:
            raise UserError(f"line {row.line}: {error}") from None
        examples += [window.example for window in windows]
    return examples
