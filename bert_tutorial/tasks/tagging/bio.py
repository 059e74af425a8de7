"""Spans and their tags: decode BIO, and keep it legal.

A span is a run of words with a type, such as a person's name. B-type begins one,
I-type continues it, O is outside (Ramshaw and Marcus 1995). Classifying words one by
one gives sequences that mean nothing, such as O I-PER; there are two repairs. One
reads them leniently: an I- that continues nothing begins a span, as the scorer of
CoNLL-2000 and 2003 does. The other never makes them: the best *legal* sequence is
found by dynamic programming (Viterbi).

Chapter: 15
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "Span",
    "best_legal_tags",
    "is_legal",
    "legal_transitions",
    "spans_to_tags",
    "tags_to_spans",
]


class Span(NamedTuple):
    """A type and the words from `start` up to, not including, `end`."""

    type: str
    start: int
    end: int


def tags_to_spans(tags: Sequence[str]) -> list[Span]:
    """Read the spans off the tags of a sentence.

    A span ends where its type does not go on: at O, at any B-, at an I- of another
    type, at the end of the sentence. An I- that continues nothing begins a span.

    Args:
        tags: O, B-type or I-type for each word.

    Returns:
        The spans from left to right; no two overlap.

    Raises:
        ValueError: if a tag is none of these.

    Example:
        >>> tags_to_spans(["B-PER", "I-PER", "O", "I-LOC"])
        [Span(type='PER', start=0, end=2), Span(type='LOC', start=3, end=4)]
    """
    spans: list[Span] = []
    start, before = 0, "O"
    for place, tag in enumerate([*tags, "O"]):
        if tag != "O" and (tag[:2] not in ("B-", "I-") or len(tag) < 3):
            raise ValueError(f"tags[{place}] must be O, B-type or I-type, got {tag!r}")
        continues = tag[:2] == "I-" and tag[2:] == before[2:]
        if before != "O" and not continues:
            spans.append(Span(before[2:], start, place))
        if not continues:
            start = place
        before = tag
    return spans


def spans_to_tags(spans: Sequence[Span], length: int) -> list[str]:
    """Write spans as tags: the way back.

    Args:
        spans: that do not overlap, in any order.
        length: words of the sentence.

    Returns:
        One tag a word.

    Raises:
        ValueError: if a span is empty, reaches outside or overlaps another.
    """
    tags = ["O"] * length
    for span in spans:
        if not 0 <= span.start < span.end <= length:
            raise ValueError(f"a span must lie in 0 to {length} words, got {span}")
        if any(tag != "O" for tag in tags[span.start : span.end]):
            raise ValueError(f"spans must not overlap, {span} does")
        inside = [f"I-{span.type}"] * (span.end - span.start - 1)
        tags[span.start : span.end] = [f"B-{span.type}", *inside]
    return tags


def is_legal(before: str, tag: str) -> bool:
    """Tell whether a tag may follow another: I- only continues its own type.

    Args:
        before: the tag of the word before; "O" at the start of a sentence.
        tag: the tag.
    """
    return tag[:2] != "I-" or before[2:] == tag[2:]


def legal_transitions(names: Sequence[str]) -> Tensor:
    """Tabulate `is_legal`.

    Args:
        names: the C tags in the order of their numbers.

    Returns:
        (C, C), True where tag j may follow tag i.
    """
    return torch.tensor([[is_legal(a, b) for b in names] for a in names])


def best_legal_tags(scores: Tensor, names: Sequence[str]) -> list[str]:
    """Find the legal tag sequence with the highest sum of scores (Viterbi 1967).

    For each word and tag it keeps only the best way to get there, so it looks at
    N C^2 steps instead of C^N sequences. Logits do as well as log-probabilities:
    the softmax takes the same number from all scores of a word, so from all paths.

    Args:
        scores: (N, C), the score of each tag for each word.
        names: the C tags in the order of the columns.

    Returns:
        N tags.

    Raises:
        ValueError: if `scores` is not a matrix with one column a tag.
    """
    if scores.dim() != 2 or scores.shape[1] != len(names):
        raise ValueError(
            f"scores must be (words, {len(names)}), one column a tag, "
            f"got {tuple(scores.shape)}"
        )
    if not len(scores):
        return []
    is_forbidden = ~legal_transitions(names)
    may_not_start = torch.tensor([not is_legal("O", name) for name in names])
    rows = scores.detach().double().cpu()
    total = rows[0].masked_fill(may_not_start, -torch.inf)  # (C,)
    steps: list[list[int]] = []
    for row in rows[1:]:
        ways = total[:, None].masked_fill(is_forbidden, -torch.inf)  # (from, to)
        best, came_from = ways.max(dim=0)
        total = best + row
        steps.append(came_from.tolist())
    path = [int(total.argmax())]
    for came in reversed(steps):
        path.append(came[path[-1]])
    return [names[i] for i in reversed(path)]
