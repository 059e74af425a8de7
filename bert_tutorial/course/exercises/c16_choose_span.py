"""Exercise: choose start and end of an answer together.

Chapter: 16
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def choose_span(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Find the legal span with the largest start[first] + end[last].

    start and end are (T,) logits, is_passage is (T,) bool. A span is legal if both its
    tokens are in the passage, last is not before first, and it has at most `longest`
    tokens. With start [0, 9, 1], end [0, 2, 8], all in the passage, the answer is
    (1, 2) if longest is 2, and (1, 1) if it is 1.

    Returns:
        The first and the last token, both of them in the answer.
    """
    raise NotAttempted
'''


def choose_span(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Score all pairs, hide the illegal ones, take the best."""
    scores = start[:, None] + end[None, :]  # (T, T), rows start, columns end
    legal = (is_passage[:, None] & is_passage[None, :]).triu().tril(longest - 1)
    best = int(scores.masked_fill(~legal, -torch.inf).argmax())
    return best // len(start), best % len(start)


def with_loops(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Try one span after the other."""
    positions = [i for i, inside in enumerate(is_passage.tolist()) if inside]
    spans = [(i, j) for i in positions for j in positions if i <= j < i + longest]
    return max(spans, key=lambda span: (start[span[0]] + end[span[1]]).item())


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The example, then random logits behind a question of five tokens."""
    small = (torch.tensor([0.0, 9, 1]).to(dtype), torch.tensor([0.0, 2, 8]).to(dtype))
    everywhere = torch.ones(3, dtype=torch.bool)
    found = [
        Case((*small, everywhere, 2), "the example, at most 2 tokens"),
        Case((*small, everywhere, 1), "the example, at most 1 token"),
        Case((small[0] - 20, small[1] - 20, everywhere, 2), "20 less each"),
        Case((small[0] - 9, small[1] - 8.5, everywhere, 2), "the best is -0.5"),
        Case((small[0] - 300, small[1] - 300, everywhere, 1), "300 less each"),
    ]
    generator = torch.Generator().manual_seed(seed)
    for number in range(10):
        logits = 3 * torch.randn(2, 17, generator=generator)
        if number % 3 == 0:
            logits[:, 0] += 9  # [CLS] speaks for "no answer"
        is_passage = (torch.arange(17) > 4) & (torch.arange(17) < 16)
        start, end = logits.to(dtype)
        label = f"17 tokens, the passage from 5 to 15, at most 4 tokens (draw {number})"
        found.append(Case((start, end, is_passage, 4), label))
        lower = start - 20, end - 20
        found.append(
            Case((*lower, is_passage, 1 + number % 3), f"logits below 0 ({number})")
        )
    found.append(Case((start[6:7], end[6:7], is_passage[6:7], 4), "one token"))
    return found


MISTAKES = """
end before start: .triu() =>
    Your span may end before it starts. Of the T by T scores only those on and above the
    diagonal are spans: triu.
the question allowed:
- (is_passage[:, None] & is_passage[None, :]) => torch.ones_like(scores).bool()
    Your span may lie in the question. Both its tokens must be in the passage:
    is_passage along both axes.
start and end apart: … => first = start.masked_fill(~is_passage, -torch.inf).argmax()
|     return int(first), int(end.masked_fill(~is_passage, -torch.inf).argmax())
    You take the best start and the best end, each for itself. Together they may be no
    span at all, or one that is far too long.
start and end apart, anywhere: … => return int(start.argmax()), int(end.argmax())
    = start and end apart
no limit: .tril(longest - 1) =>
    Your span may be longer than `longest`: nothing hides the corner far above the
    diagonal.
one token too long: longest - 1 => longest
    Your span may have longest + 1 tokens. A span of n tokens lies n - 1 steps above the
    diagonal.
one token too short: longest - 1 => longest - 2
    A span of just `longest` tokens is never chosen. The last token may lie up to
    longest - 1 steps behind the first.
the end after the last token: best % len(start)) => best % len(start) + 1)
    You return the token after the answer. Here the end belongs to it.
[CLS] allowed: legal = => is_passage = is_passage | (torch.arange(len(start)) == 0)
|     legal =
    Your span may be [CLS]. That position speaks for 'no answer' and is compared with
    the best span later; it is no span of the passage.
multiplied by the mask: scores.masked_fill(~legal, -torch.inf => (scores * legal
    What is illegal scores 0 in yours and beats every score below 0. Put -inf there:
    masked_fill.
search begins at 0: return => if scores[legal].max() <= 0:
|         return (0, 0)
|     return
    Your search begins at 0, so nothing is found where all scores are below. Begin at
    -inf.
search begins at -1: return => if scores[legal].max() <= -1:
|         return (0, 0)
|     return
    Your search begins at -1, so nothing is found where all scores are below. Begin at
    -inf.
spans of one token left out: triu() => triu(1)
    A span of one token is legal, too: the diagonal belongs to the spans, triu().
a low number that is not low enough: -torch.inf => -100
    A span that is not allowed has the score -100, which allowed ones may fall below.
    Take minus infinity.
multiplied: start[:, None] + end[None, :] => start[:, None] * end[None, :]
    The two logits are multiplied. The score of a span is their sum.
"""

EXERCISE = Exercise(
    id="choose-span",
    chapter=16,
    title="Choose start and end together",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=choose_span,
    accepted={"loops": with_loops},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "A table of scores with a row for each start and a column for each end.",
        "start[:, None] + end[None, :]; which cells are no legal span?",
        "triu() keeps last >= first, tril(longest - 1) the short ones; hide the rest "
        "with -inf and take the argmax: row is best // T, column best % T.",
    ),
)
