"""Cut long passages into windows, and find where an answer stands in each.

A window is [CLS] question [SEP] part of the passage [SEP]. Offsets tie every piece of
the passage to its characters, both ways: an answer's characters become a first and a
last piece to learn, and the pieces that a model chooses become characters again.

Chapter: 16
"""

from collections.abc import Sequence
from typing import NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.questions.files import SquadItem
from bert_tutorial.tasks.windows import cut_windows, most_context
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["PassageWindow", "answer_pieces", "encode_squad", "lost_answers"]


class PassageWindow(NamedTuple):
    """One window of a question's passage.

    `example` is what a model reads and learns. `item` is the place of the question in
    the list that was encoded. For each of the T tokens `offsets` holds its characters
    (start, end) in the context, None outside the passage, and `is_best_context` tells
    whether no other window shows the piece with more of its surroundings.
    """

    example: Example
    item: int
    offsets: list[tuple[int, int] | None]
    is_best_context: list[bool]


def answer_pieces(
    offsets: Sequence[tuple[int, int]], start: int, end: int
) -> tuple[int, int] | None:
    """Find the shortest run of pieces that covers the characters start to end.

    Args:
        offsets: (first character, character after the last) of each piece.
        start: first character of the answer.
        end: the character after its last.

    Returns:
        The first and the last piece, both of them in the run; None if no piece has a
        character of the answer.

    Example:
        >>> answer_pieces([(0, 3), (4, 8), (8, 9), (10, 14)], 4, 9)
        (1, 2)
    """
    touched = [
        i for i, (first, last) in enumerate(offsets) if first < end and last > start
    ]
    return (touched[0], touched[-1]) if touched else None


def encode_squad(
    tokenizer: BertTokenizer,
    items: Sequence[SquadItem],
    max_length: int = 384,
    stride: int = 128,
    *,
    max_query_length: int = 64,
) -> list[PassageWindow]:
    """Cut passages into windows (Devlin et al.'s run_squad, the defaults too).

    The target is the first answer; a window that does not show it whole, or whose
    question has none, has the target (0, 0), the place of [CLS]. With windows of R
    pieces some window shows each answer of up to R - stride + 1 pieces whole. Whether
    such an answer can be given, too, `lost_answers` tells.

    Args:
        tokenizer: makes the pieces.
        items: questions with their passages.
        max_length: tokens in a window at most.
        stride: pieces from the start of one window to the start of the next.
        max_query_length: pieces of a question at most; the rest is cut off.

    Returns:
        The windows, those of a question together and in order.

    Raises:
        UserError: if a length or the stride is not positive, if no piece of a passage
            fits beside a question, or if windows would leave gaps.
    """
    for name, value in (
        ("max_length", max_length),
        ("stride", stride),
        ("max_query_length", max_query_length),
    ):
        if value < 1:
            raise UserError(f"{name} must be at least 1, got {value}")
    windows: list[PassageWindow] = []
    for index, item in enumerate(items):
        query = tokenizer.encode(item.question, add_special_tokens=False).ids
        query = query[:max_query_length]
        room = max_length - len(query) - 3
        if room < 1:
            raise UserError(
                f"question {item.id!r}: max_length must be at least {len(query) + 4}, "
                f"for {len(query)} pieces of the question, [CLS], two [SEP] and one "
                f"piece of the passage, got {max_length}; or lower max_query_length"
            )
        windows += _windows(tokenizer, index, item, query, room, stride)
    return windows


def lost_answers(
    windows: Sequence[PassageWindow], items: Sequence[SquadItem]
) -> list[str]:
    """List the ids of questions whose (first) answer is lost in the windows.

    It is lost if no window shows it whole, so that it cannot be learned. It is also
    lost if the only window in which it may start, the one with most context for its
    first piece, ends before it does: then `merge_windows` cannot give it.

    Args:
        windows: from `encode_squad`.
        items: what was encoded.
    """
    kept = set()
    for window in windows:
        start = window.example.target["start_positions"]
        if isinstance(start, int) and start and window.is_best_context[start]:
            kept.add(window.item)
    return [
        item.id
        for index, item in enumerate(items)
        if item.answers and index not in kept
    ]


def _windows(
    tokenizer: BertTokenizer,
    index: int,
    item: SquadItem,
    query: list[int],
    room: int,
    stride: int,
) -> list[PassageWindow]:
    """Cut one passage into windows of `room` pieces."""
    passage = tokenizer.encode(item.context, add_special_tokens=False)
    if len(passage) > room and stride > room:
        raise UserError(
            f"question {item.id!r}: stride must be at most {room}, the pieces of the "
            f"passage in a window, or the windows leave gaps; got {stride}"
        )
    spans = cut_windows([1] * len(passage), room, stride) or [(0, 0)]
    best = most_context([1] * len(passage), spans)
    answer = None
    if item.answers:
        text, start = item.answers[0]
        answer = answer_pieces(passage.offsets, start, start + len(text))
    before = [tokenizer.cls_id, *query, tokenizer.sep_id]
    windows = []
    for number, (begin, stop) in enumerate(spans):
        target = _target(answer, begin, stop, len(before))
        ids = [*before, *passage.ids[begin:stop], tokenizer.sep_id]
        types = [0] * len(before) + [1] * (stop - begin + 1)
        outside: list[tuple[int, int] | None] = [None] * len(before)
        is_best = [best[piece] == number for piece in range(begin, stop)]
        windows.append(
            PassageWindow(
                Example(ids, types, target),
                index,
                [*outside, *passage.offsets[begin:stop], None],
                [False] * len(before) + is_best + [False],
            )
        )
    return windows


def _target(
    answer: tuple[int, int] | None, begin: int, stop: int, before: int
) -> dict[str, int | list[int]]:
    """Say where a window with pieces begin to stop shows the answer, else (0, 0)."""
    start, end = 0, 0
    if answer and begin <= answer[0] and answer[1] < stop:
        start, end = answer[0] + before - begin, answer[1] + before - begin
    return {"start_positions": start, "end_positions": end}
