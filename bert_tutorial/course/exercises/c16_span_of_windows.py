"""Exercise: the best span over the windows of a passage.

Chapter: 16
"""

import math

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def span_of_windows(windows: list[tuple[int, Tensor, Tensor]]) -> tuple[int, int]:
    """Find the best span of a passage that was read in windows.

    Each window is (begin, start, end): the number of its first piece in the passage,
    and the logits (n,) of its n pieces. The best span has the largest start + end of
    all windows, last not before first; no other limit here.

    Returns:
        Its first and last piece, counted in the passage: (0, [1, 0], [2, 0]) and
        (2, [0, 3], [0, 3]) give (3, 3).
    """
    raise NotAttempted
'''

Windows = list[tuple[int, Tensor, Tensor]]


def span_of_windows(windows: list[tuple[int, Tensor, Tensor]]) -> tuple[int, int]:
    """Compare the best spans of all windows by their sums of logits."""
    best = (-math.inf, 0, 0)
    for begin, start, end in windows:
        scores = start[:, None] + end[None, :]  # (n, n), rows start, columns end
        legal = torch.ones_like(scores).triu().bool()
        position = int(scores.masked_fill(~legal, -torch.inf).argmax())
        first, last = position // len(start), position % len(start)
        best = max(best, (scores[first, last].item(), begin + first, begin + last))
    return best[1], best[2]


def with_loops(windows: Windows) -> tuple[int, int]:
    """Try every span of every window."""
    spans = [
        ((start[i] + end[j]).item(), begin + i, begin + j)
        for begin, start, end in windows
        for i in range(len(start))
        for j in range(i, len(start))
    ]
    return max(spans)[1:]


def joined(windows: Windows, add: bool) -> tuple[Tensor, Tensor]:
    """Put the logits of all windows into one row."""
    size = max(begin + len(start) for begin, start, _ in windows)
    rows = [windows[0][1].new_full((size,), 0.0 if add else -torch.inf) for _ in "se"]
    for begin, *both in windows:
        for row, one in zip(rows, both, strict=True):
            part = row[begin : begin + len(one)]
            part.copy_(part + one if add else torch.maximum(part, one))
    return rows[0], rows[1]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The example; an unsure window beside a calm one; random windows that overlap."""

    def numbers(*values: float) -> Tensor:
        return torch.tensor(values, dtype=torch.float64).to(dtype)

    small = [
        (0, numbers(1, 0), numbers(2, 0)),
        (2, numbers(0, 3), numbers(0, 3)),
    ]
    calm = [
        (0, numbers(4, 0, 0), numbers(4, 0, 0)),
        (2, numbers(4.4, 4.5, 4.6), numbers(4.4, 4.5, 4.6)),
    ]
    found = [
        Case((small,), "the example"),
        Case((calm,), "a calm window, and one with three good positions"),
    ]
    generator = torch.Generator().manual_seed(seed)
    for number in range(6):
        windows = []
        for begin in (0, 3, 6):
            start, end = (2 * torch.randn(2, 5, generator=generator)).to(dtype)
            windows.append((begin, start, end))
        found.append(Case((windows,), f"three windows of 5 pieces, step 3 ({number})"))
        lower = [(b, s - 20, e - 20) for b, s, e in windows]
        lower[2] = (6, lower[2][1][:2], lower[2][2][:2])
        found.append(Case((lower,), f"logits below 0, a short last window ({number})"))
    return found


MISTAKES = """
chosen by probability: in windows: => in windows:
|         start, end = start.log_softmax(0), end.log_softmax(0)
    You make probabilities in each window. They add up to one in a window without an
    answer, too, so a calm window wins against a good one. Compare sums of logits.
first window only: in windows => in windows[:1]
    You look at the first window only; the answer may stand in a later one.
counted from the window: begin + first, begin + last => first, last
    The window is the right one, but its positions are counted from its own start. Add
    `begin`.
windows side by side: … => sizes = [len(start) for _, start, _ in windows]
|     return right([(sum(sizes[:i]), s, e) for i, (_, s, e) in enumerate(windows)])
    You take each window to begin where the last one ended. They overlap: `begin` says
    where each starts.
scores added up: … => sums = {}
|     for begin, start, end in windows:
|         for i in range(len(start)):
|             for j in range(i, len(start)):
|                 key = begin + i, begin + j
|                 sums[key] = sums.get(key, 0.0) + (start[i] + end[j]).item()
|     return max(sums, key=lambda key: sums[key])
    A span that two windows show gets both scores in yours, so the overlap wins. It is
    one span: the larger score counts.
zeros below the diagonal:
- legal = torch.ones_like(scores).triu().bool() => scores = scores.triu()
- scores.masked_fill(~legal, -torch.inf) => scores
    Below the diagonal stand zeros, as triu() leaves them, and they beat every score
    below 0. Put -inf there: masked_fill.
search begins at 0: -math.inf => 0.0
    Your search begins at 0, so nothing is found where all scores are below. Begin at
    -inf.
start and end apart: … => start, end = joined(windows, add=False)
|     return int(start.argmax()), max(int(start.argmax()), int(end.argmax()))
    You take the best start and the best end of all windows, each for itself. Together
    they may be no span of any window, or a bad one.
start and end apart in each window:
- position = … len(start)) => first, last = (int(start.argmax()), int(end.argmax()))
    In each window you take the best start and the best end, each for itself; the end
    may then lie before the start. Compare the sums of all pairs, last not before first.
logits added up: … => return right([(0, *joined(windows, add=True))])
    The logits of a piece that two windows show are added up, so the overlap wins. Find
    the best span of each window.
begin added once: begin + last => last
    The last piece is counted in its window. Add begin to both.
two tensors: best[1], best[2] => torch.tensor(best[1]), torch.tensor(best[2])
    The result holds tensors. Two whole numbers are asked for: int(...).
"""

EXERCISE = Exercise(
    id="span-of-windows",
    chapter=16,
    title="The best span over windows",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=span_of_windows,
    accepted={"loops": with_loops},
    mutants=mistakes(MISTAKES),
    cases=cases,
    waived={
        "0 => 1": ("the first window always beats minus infinity"),
        "0 => -1": ("the first window always beats minus infinity"),
        "0 => 1 (2)": ("the first window always beats minus infinity"),
        "0 => -1 (2)": ("the first window always beats minus infinity"),
    },
    hints=(
        "Find the best span of each window; keep the best of all.",
        "Remember its score, and add `begin` to both positions.",
        "The max of tuples (score, begin + first, begin + last) compares scores first.",
    ),
)
