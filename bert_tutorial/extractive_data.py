"""Documents as input of a sentence scorer: one [CLS] a sentence, windows.

Chapter: 17
"""

from collections.abc import Sequence
from typing import NamedTuple

from bert_tutorial.task_data import Example
from bert_tutorial.tokenizer import BertTokenizer

__all__ = ["SentenceWindow", "encode_document"]


class SentenceWindow(NamedTuple):
    """Neighbouring sentences that fit the model together.

    `first` is the number of its first sentence in the document, `places` say where
    the [CLS] of each sentence stands. The target of `example` has, under "labels",
    0 or 1 at these places and -100 elsewhere.
    """

    example: Example
    first: int
    places: list[int]


def encode_document(
    tokenizer: BertTokenizer,
    sentences: Sequence[str],
    labels: Sequence[int] | None = None,
    max_length: int = 512,
) -> list[SentenceWindow]:
    """Write [CLS] sentence [SEP] for every sentence (Liu and Lapata 2019, section 3.1).

    Segments alternate between 0 and 1, so that neighbours differ. Whole sentences
    fill a window; the next one opens another. So every sentence is scored once, and
    only a sentence that does not fit a window alone is cut.

    Args:
        tokenizer: of the model.
        sentences: of the document.
        labels: 1 for each sentence that belongs in the summary, else 0; None if
            they are not known.
        max_length: tokens a window holds, at most the model's positions.

    Returns:
        Windows in the order of the document.

    Raises:
        ValueError: no sentence, a label that is not 0 or 1, a number of labels that
            is not that of the sentences, or no room for a token.
    """
    check(sentences, labels, max_length)
    windows: list[SentenceWindow] = []
    for number, sentence in enumerate(sentences):
        inner = tokenizer.encode(sentence, add_special_tokens=False).ids
        ids = [tokenizer.cls_id, *inner[: max_length - 2], tokenizer.sep_id]
        used = len(windows[-1].example.input_ids) if windows else max_length
        if used + len(ids) > max_length:
            windows.append(SentenceWindow(Example([], [], {"labels": []}), number, []))
        example, _, places = windows[-1]
        places.append(len(example.input_ids))
        example.input_ids.extend(ids)
        example.token_type_ids.extend([(len(places) - 1) % 2] * len(ids))
        label = -100 if labels is None else labels[number]
        target = example.target["labels"]
        assert isinstance(target, list)
        target.extend([label, *[-100] * (len(ids) - 1)])
    return windows


def check(
    sentences: Sequence[str], labels: Sequence[int] | None, max_length: int
) -> None:
    """Refuse what cannot be encoded."""
    if isinstance(sentences, str) or not sentences:
        raise ValueError(
            f"sentences must be a list of at least one text, got {sentences!r:.40}"
        )
    if max_length < 3:
        raise ValueError(
            f"max_length must leave room for [CLS], a token and [SEP]: at least 3, "
            f"got {max_length}"
        )
    if labels is None:
        return
    if len(labels) != len(sentences):
        raise ValueError(
            f"labels must be one a sentence: {len(sentences)}, got {len(labels)}"
        )
    for number, label in enumerate(labels):
        if label not in (0, 1):
            raise ValueError(f"label of sentence {number} must be 0 or 1, got {label}")
