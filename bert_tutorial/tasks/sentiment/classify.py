"""Classify texts of any length: windows, and the mean of their logits.

Chapter: 14
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import predict
from bert_tutorial.tasks.sentiment.tables import LabelledText
from bert_tutorial.tasks.windows import cut_windows
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["classify", "encode_texts", "text_windows"]


def text_windows(
    tokenizer: BertTokenizer,
    text: str,
    pair: str | None = None,
    *,
    max_length: int = 128,
    stride: int | None = None,
) -> list[tuple[list[int], list[int]]]:
    """Encode a text, or a pair, in as many windows as it needs; no piece is lost.

    Of a pair the first text stands whole in every window, and the second is cut.

    Args:
        tokenizer: makes the pieces.
        text: not empty.
        pair: a second text.
        max_length: tokens of a window, with [CLS] and [SEP].
        stride: pieces from one window's start to the next; None: half of what fits.

    Returns:
        Ids and types of each window.

    Raises:
        UserError: if the first text of a pair leaves no room for the second, or a
            number is out of range.
    """
    cut = tokenizer.encode(text, add_special_tokens=False).ids
    head, kind = [tokenizer.cls_id], 0
    if pair is not None:
        head += [*cut, tokenizer.sep_id]
        cut, kind = tokenizer.encode(pair, add_special_tokens=False).ids, 1
    room = max_length - len(head) - 1
    if room < 1:
        raise UserError(
            f"the first text must have at most {max(0, max_length - 4)} pieces so that "
            f"{max_length} tokens have room for a second one, got {len(head) - 2}"
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


def encode_texts(
    tokenizer: BertTokenizer,
    rows: Sequence[LabelledText],
    numbers: Sequence[int] | None = None,
    *,
    max_length: int = 128,
    stride: int | None = None,
    source: str = "the file",
) -> list[list[Example]]:
    """Encode rows: for each its windows, every one with the row's class.

    Args:
        tokenizer: of the model.
        rows: texts or pairs.
        numbers: their classes, or None.
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
    windows = [(place, one) for place, row in enumerate(encoded) for one in row]
    windows.sort(key=lambda pair: len(pair[1].input_ids))
    device = next(model.parameters()).device
    examples = [one._replace(target={}) for _, one in windows]
    outputs = predict(model, examples, batch_size)
    logits = torch.cat([output.logits.float() for output, _ in outputs])
    owners = torch.tensor([place for place, _ in windows], device=device)
    sums = torch.zeros(len(encoded), logits.shape[1], device=device)
    sums.index_add_(0, owners, logits)
    counts = torch.bincount(owners, minlength=len(encoded))
    return (sums / counts[:, None]).cpu()
