"""Cut what is longer than a model reads into windows that overlap.

Chapter: 15
Used from: 14
"""

from collections.abc import Sequence
from itertools import accumulate

__all__ = ["cut_windows", "most_context"]


def cut_windows(
    lengths: Sequence[int], room: int, stride: int
) -> list[tuple[int, int]]:
    """Cut a sentence into windows of whole words.

    Args:
        lengths: pieces of each word, each at least 1 and at most `room`.
        room: pieces that a window holds.
        stride: pieces from the start of a window to that of the next, at least; more
            where a word ends later or the next window would bring no new word, less
            where a word would be left out.

    Returns:
        First word and the word after the last, of each window.

    Example:
        >>> cut_windows([1, 1, 2, 1, 1], room=4, stride=2)
        [(0, 3), (2, 5)]
    """
    before = [0, *accumulate(lengths)]  # pieces before each word
    bounds: list[tuple[int, int]] = []
    start = stop = 0
    while stop < len(lengths):
        while stop < len(lengths) and before[stop + 1] - before[start] <= room:
            stop += 1
        bounds.append((start, stop))
        if stop == len(lengths):
            break
        while start < stop and (
            before[start] - before[bounds[-1][0]] < stride
            or before[stop + 1] - before[start] > room
        ):
            start += 1
    return bounds


def most_context(
    lengths: Sequence[int], bounds: Sequence[tuple[int, int]]
) -> list[int]:
    """Choose for each word the window in which its poorer side has most context.

    The rule of BERT's SQuAD code: the smaller of the pieces to the left and to the
    right, and a hundredth of the window's length to settle ties.

    Args:
        lengths: pieces of each word.
        bounds: the windows, from `cut_windows`.

    Returns:
        The number of a window for each word; the first of equals.
    """
    before = [0, *accumulate(lengths)]
    chosen, best = [0] * len(lengths), [-1.0] * len(lengths)
    for number, (start, stop) in enumerate(bounds):
        size = before[stop] - before[start]
        for word in range(start, stop):
            left = before[word] - before[start]
            score = min(left, size - left - 1) + 0.01 * size
            if score > best[word]:
                chosen[word], best[word] = number, score
    return chosen
