"""Choose a span of one window: start and end are scored apart, but chosen together.

Legal spans start before they end, where both may stand, and are not too long. Of
these `best_span` looks at all, `likely_spans` at a few, as the published code does.

Chapter: 16
"""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["AnswerSpan", "best_span", "likely_spans"]


class AnswerSpan(NamedTuple):
    """A span: its first and last token (or characters of the context), its score.

    The score is the sum of a start and an end logit.
    """

    start: int
    end: int
    score: float


def best_span(
    start: Tensor,
    end: Tensor,
    may_start: Tensor,
    may_end: Tensor,
    max_answer_length: int = 30,
) -> AnswerSpan | None:
    """Search all legal spans for the one with the largest start + end.

    Args:
        start: (T,) logits.
        end: (T,) logits.
        may_start: (T,) bool, tokens where an answer may start.
        may_end: (T,) bool, tokens where it may end.
        max_answer_length: tokens of an answer at most.

    Returns:
        Its first and last token, start <= end; None if no span is legal.
    """
    scores = start[:, None] + end[None, :]  # (T, T), rows start, columns end
    legal = may_start[:, None] & may_end[None, :]
    legal = legal.triu().tril(max_answer_length - 1)
    if not legal.any():
        return None
    best = scores.masked_fill(~legal, -torch.inf).argmax().item()
    first, last = divmod(int(best), len(start))
    return AnswerSpan(first, last, scores[first, last].item())


def likely_spans(
    start: Tensor,
    end: Tensor,
    may_start: Tensor,
    may_end: Tensor,
    max_answer_length: int = 30,
    n_best: int = 20,
) -> list[AnswerSpan]:
    """Search among the n best starts and the n best ends only, as run_squad does.

    Args:
        start: (T,) logits.
        end: (T,) logits.
        may_start: (T,) bool, tokens where an answer may start.
        may_end: (T,) bool, tokens where it may end.
        max_answer_length: tokens of an answer at most.
        n_best: starts, and ends, that are looked at.

    Returns:
        The legal spans, the best first; perhaps none, though some span is legal.
    """
    count = min(n_best, len(start))
    starts = start.topk(count).indices.tolist()
    ends = end.topk(count).indices.tolist()
    found = [
        AnswerSpan(first, last, (start[first] + end[last]).item())
        for first in starts
        for last in ends
        if may_start[first]
        and may_end[last]
        and first <= last < first + max_answer_length
    ]
    return sorted(found, key=lambda span: -span.score)
