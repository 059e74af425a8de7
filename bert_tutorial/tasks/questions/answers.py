"""Answer questions: the best span of each window, the best window of each question.

Start and end are scored apart, but chosen together: legal spans start before they end,
where both may stand, and are not too long. Of these `best_span` looks at all,
`likely_spans` at a few, as the published code does; `legal_spans` chooses the span of a
window with the largest sum of both logits. Across windows sums of logits are compared,
not probabilities, which each window makes add up to one, with an answer in it or
without.

Chapter: 16
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.task_heads import BertForQuestionAnswering
from bert_tutorial.tasks.fit import check_finite, length_batches
from bert_tutorial.tasks.questions.files import SquadItem
from bert_tutorial.tasks.questions.windows import PassageWindow, encode_squad
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = [
    "AnswerSpan",
    "Answers",
    "answer_questions",
    "best_span",
    "likely_spans",
    "merge_windows",
]


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


class Answers(dict[str, str]):
    """The answer of each question, by id; "" is no answer.

    Attributes:
        spans: id -> characters (first, after the last) of the best span and its score;
            no entry where a passage has no piece.
        gaps: id -> score of "no answer" minus the score of the best span.
    """

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.spans: dict[str, AnswerSpan] = {}
        self.gaps: dict[str, float] = {}


def answer_questions(
    model: BertForQuestionAnswering,
    tokenizer: BertTokenizer,
    items: Sequence[SquadItem],
    *,
    max_length: int = 384,
    stride: int = 128,
    threshold: float | None = None,
    max_answer_length: int = 30,
    max_query_length: int = 64,
    batch_size: int = 32,
) -> Answers:
    """Answer questions with a span of their passage.

    A span starts in the window that shows its first piece with most context, so that
    no window answers from its edge. "No answer" scores the start and end logit of
    [CLS]; of several windows the smallest counts: each must say that it has nothing.

    Args:
        model: scores starts and ends; is left in eval mode.
        tokenizer: the model's.
        items: questions with passages; their answers are not looked at.
        max_length: tokens in a window at most.
        stride: pieces from the start of one window to the start of the next.
        threshold: give "" if the gap is above it; None: always answer.
        max_answer_length: pieces of an answer at most.
        max_query_length: pieces of a question at most; the rest is cut off.
        batch_size: windows at once.

    Returns:
        id -> text cut from the context, with spans and gaps.

    Raises:
        UserError: as `encode_squad`; or if windows are longer than the model's
            positions, or two items have the same id.
    """
    positions = model.config.max_position_embeddings
    if max_length > positions:
        raise UserError(
            f"max_length must be at most {positions}, the positions of the model, "
            f"got {max_length}"
        )
    names = [item.id for item in items]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"ids must be unique, got {twice!r} twice")
    windows = encode_squad(
        tokenizer, items, max_length, stride, max_query_length=max_query_length
    )
    logits = _window_logits(model, windows, batch_size)
    return merge_windows(items, windows, logits, max_answer_length, threshold)


def merge_windows(
    items: Sequence[SquadItem],
    windows: Sequence[PassageWindow],
    logits: Sequence[tuple[Tensor, Tensor]],
    max_answer_length: int = 30,
    threshold: float | None = None,
) -> Answers:
    """Take the best span over the windows of each question, by its score.

    Args:
        items: the questions.
        windows: their windows.
        logits: start and end, (T,) each, of every window.
        max_answer_length: pieces of an answer at most.
        threshold: give "" if the gap is above it; None: always answer.

    Returns:
        The answers of all items.
    """
    null = [float("inf")] * len(items)
    best: list[AnswerSpan | None] = [None] * len(items)
    for window, (start, end) in zip(windows, logits, strict=True):
        place = window.item
        null[place] = min(null[place], (start[0] + end[0]).item())
        may_end = torch.tensor([pair is not None for pair in window.offsets])
        may_start = torch.tensor(window.is_best_context)
        found = best_span(start, end, may_start, may_end, max_answer_length)
        before = best[place]
        if found is None or (before is not None and found.score <= before.score):
            continue
        begin, stop = _characters(window.offsets[found.start : found.end + 1])
        best[place] = AnswerSpan(begin, stop, found.score)
    answers = Answers()
    for item, span, silent in zip(items, best, null, strict=True):
        answers[item.id] = ""
        if span is None:
            continue
        answers.spans[item.id] = span
        answers.gaps[item.id] = silent - span.score
        if threshold is None or answers.gaps[item.id] <= threshold:
            answers[item.id] = item.context[span.start : span.end]
    return answers


def _characters(offsets: Sequence[tuple[int, int] | None]) -> tuple[int, int]:
    """Give the first character of some pieces and the one after their last."""
    pairs = [pair for pair in offsets if pair is not None]
    return pairs[0][0], pairs[-1][1]


@torch.no_grad()
def _window_logits(
    model: BertForQuestionAnswering, windows: Sequence[PassageWindow], batch_size: int
) -> list[tuple[Tensor, Tensor]]:
    """Score all windows, those of like length together."""
    model.eval()
    device = next(model.parameters()).device
    examples = [window.example for window in windows]
    found: dict[int, tuple[Tensor, Tensor]] = {}
    for chosen, batch in length_batches(examples, batch_size, device):
        out = model(**batch)
        start, end = out.start_logits.float().cpu(), out.end_logits.float().cpu()
        check_finite(start + end)
        for row, index in enumerate(chosen):
            length = len(windows[index].example.input_ids)
            found[index] = start[row, :length], end[row, :length]
    return [found[index] for index in range(len(windows))]
