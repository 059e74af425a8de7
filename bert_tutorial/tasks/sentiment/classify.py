"""Classify texts of any length: windows, and the mean of their logits.

Chapter: 14
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import check_finite, length_batches
from bert_tutorial.tasks.sentiment.tables import LabelledText
from bert_tutorial.tasks.windows import cut_windows
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["classify", "count_cut", "cut_pair", "encode_texts", "text_windows"]


def text_windows(
    tokenizer: BertTokenizer,
    text: str,
    pair: str | None = None,
    *,
    max_length: int = 128,
    stride: int | None = None,
) -> list[tuple[list[int], list[int]]]:
    """Encode a text, or a pair, in as many windows as it needs.

    Of a pair the first text stands whole in every window, and the second is cut into
    windows; no piece is lost. If the first leaves the second less than half of the
    room, both are cut to one window as the published code does (`cut_pair`).

    Args:
        tokenizer: makes the pieces.
        text: not empty.
        pair: a second text.
        max_length: tokens of a window, with [CLS] and [SEP].
        stride: pieces from one window's start to the next; None: half of what fits.

    Returns:
        Ids and types of each window.

    Raises:
        UserError: if there is no room for a piece of each text, or a number is out of
            range.
    """
    cut = tokenizer.encode(text, add_special_tokens=False).ids
    head, kind = [tokenizer.cls_id], 0
    if pair is not None:
        other = tokenizer.encode(pair, add_special_tokens=False).ids
        if is_cut(cut, other, max_length):
            cut, other = cut_pair(cut, other, max_length - 3)
        head += [*cut, tokenizer.sep_id]
        cut, kind = other, 1
    room = max_length - len(head) - 1
    if room < 1:
        raise UserError(
            f"max_length must be at least {len(head) + 2}, got {max_length}"
        )
    stride = max(1, room // 2) if stride is None else stride
    if pair is not None:
        stride = min(stride, room)
    if not 1 <= stride <= room:
        raise UserError(f"stride must be from 1 to {room} pieces, got {stride}")
    bounds = cut_windows([1] * len(cut), room, stride) or [(0, 0)]
    parts = [cut[start:stop] for start, stop in bounds]
    return [
        (
            [*head, *part, tokenizer.sep_id],
            [0] * len(head) + [kind] * (len(part) + 1),
        )
        for part in parts
    ]


def is_cut(first: Sequence[int], second: Sequence[int], max_length: int) -> bool:
    """Tell whether a pair is too long for windows that show its first text whole."""
    room = max_length - 3
    return len(first) + len(second) > room and len(first) > room // 2


def cut_pair(
    first: Sequence[int], second: Sequence[int], room: int
) -> tuple[list[int], list[int]]:
    """Take pieces from the end of the longer text until a pair fits.

    The rule of the published code (`_truncate_seq_pair`): of two equally long texts the
    second is cut.

    Args:
        first: the pieces of the first text.
        second: those of the second.
        room: pieces that both may have together.

    Example:
        >>> cut_pair([1, 2, 3, 4, 5], [6, 7], 5)
        ([1, 2, 3], [6, 7])
    """
    a, b = len(first), len(second)
    while a + b > max(room, 0):
        if a > b:
            a -= 1
        else:
            b -= 1
    return list(first[:a]), list(second[:b])


def count_cut(
    tokenizer: BertTokenizer, rows: Sequence[LabelledText], max_length: int
) -> int:
    """Count the pairs of which `text_windows` leaves something out."""
    pairs = [(row.text, row.pair) for row in rows if row.pair is not None]
    first = tokenizer.encode_lines([text for text, _ in pairs])
    second = tokenizer.encode_lines([pair for _, pair in pairs])
    both = zip(first, second, strict=True)
    return sum(is_cut(a, b, max_length) for a, b in both)


def encode_texts(
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    numbers: Sequence[float] | None = None,
    *,
    max_length: int = 128,
    stride: int | None = None,
    source: str = "the file",
) -> list[list[Example]]:
    """Encode rows: for each its windows, every one with the row's class or value.

    Args:
        tokenizer: of the model.
        rows: texts or pairs.
        numbers: their classes, or floats for values on a scale, or None.
        max_length: tokens of a window.
        stride: pieces from one window's start to the next.
        source: what messages name.

    Returns:
        One list of examples a row.

    Raises:
        UserError: naming file and line of a row that does not fit.
    """
    encoded = []
    for place, row in enumerate(rows):
        try:
            windows = text_windows(
                tokenizer, row.text, row.pair, max_length=max_length, stride=stride
            )
        except UserError as error:
            raise UserError(f"{source}: line {row.line}: {error}") from error
        target = {} if numbers is None else {"labels": numbers[place]}
        encoded.append([Example(ids, types, dict(target)) for ids, types in windows])
    return encoded


@torch.no_grad()
def classify(
    model: BertForSequenceClassification,
    encoded: Sequence[Sequence[Example]],
    batch_size: int = 64,
) -> Tensor:
    """Give the logits (N, C) of texts: the mean over each one's windows.

    Args:
        model: the classifier; it is left in eval mode.
        encoded: the windows of each text, from `encode_texts`.
        batch_size: windows at a time; those of like length go together.
    """
    model.eval()
    windows = [one for row in encoded for one in row]
    owners = torch.tensor(
        [place for place, row in enumerate(encoded) for _ in row], dtype=torch.long
    )
    device = next(model.parameters()).device
    logits = torch.zeros(len(windows), model.config.num_labels)
    for numbers, batch in length_batches(windows, batch_size, device):
        logits[numbers] = model(**batch).logits.float().cpu()
    check_finite(logits)
    sums = torch.zeros(len(encoded), logits.shape[1]).index_add_(0, owners, logits)
    return sums / torch.bincount(owners, minlength=len(encoded))[:, None]
