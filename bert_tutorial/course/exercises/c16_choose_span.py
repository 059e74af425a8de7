"""Exercise: choose start and end of an answer together.

Chapter: 16
"""

from typing import Any

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def best_where(start: Tensor, end: Tensor, legal: Tensor) -> tuple[int, int]:
    """Take the best of the pairs that are called legal."""
    scores = start[:, None] + end[None, :]
    best = int(scores.masked_fill(~legal, -torch.inf).argmax())
    return best // len(start), best % len(start)


def backwards(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Let the end stand before the start."""
    legal = is_passage[:, None] & is_passage[None, :]
    return best_where(start, end, legal.tril(longest - 1))


def anywhere(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Look at the question, too."""
    legal = torch.ones(len(start), len(start), dtype=torch.bool)
    return best_where(start, end, legal.triu().tril(longest - 1))


def apart(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Choose start and end each for itself."""
    hidden = ~is_passage
    first = start.masked_fill(hidden, -torch.inf).argmax()
    return int(first), int(end.masked_fill(hidden, -torch.inf).argmax())


def unlimited(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Forget the length."""
    return best_where(start, end, (is_passage[:, None] & is_passage[None, :]).triu())


def one_longer(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Allow one token too many."""
    return choose_span(start, end, is_passage, longest + 1)


def end_after(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Give the token after the last."""
    first, last = choose_span(start, end, is_passage, longest)
    return first, last + 1


def with_cls(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Allow the first token as an answer."""
    allowed = is_passage.clone()
    allowed[0] = True
    return choose_span(start, end, allowed, longest)


def by_product(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Multiply by the mask."""
    scores = start[:, None] + end[None, :]
    legal = (is_passage[:, None] & is_passage[None, :]).triu().tril(longest - 1)
    best = int((scores * legal).argmax())
    return best // len(start), best % len(start)


def above(lowest: float) -> Any:
    """Begin the search at a number."""

    def answer(
        start: Tensor, end: Tensor, is_passage: Tensor, longest: int
    ) -> tuple[int, int]:
        best, found = lowest, (0, 0)
        for i in range(len(start)):
            for j in range(i, min(i + longest, len(end))):
                score = (start[i] + end[j]).item()
                if is_passage[i] and is_passage[j] and score > best:
                    best, found = score, (i, j)
        return found

    return answer


def two_or_more(
    start: Tensor, end: Tensor, is_passage: Tensor, longest: int
) -> tuple[int, int]:
    """Leave spans of one token out."""
    legal = (is_passage[:, None] & is_passage[None, :]).triu(1).tril(longest - 1)
    return best_where(start, end, legal)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The example, then random logits behind a question of five tokens."""
    small = (torch.tensor([0.0, 9, 1]).to(dtype), torch.tensor([0.0, 2, 8]).to(dtype))
    everywhere = torch.ones(3, dtype=torch.bool)
    found = [
        Case((*small, everywhere, 2), "the example, at most 2 tokens"),
        Case((*small, everywhere, 1), "the example, at most 1 token"),
        Case((small[0] - 20, small[1] - 20, everywhere, 2), "20 less each"),
        Case((small[0] - 9, small[1] - 8.5, everywhere, 2), "the best is -0.5"),
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


EXERCISE = Exercise(
    id="choose-span",
    chapter=16,
    title="Choose start and end together",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=choose_span,
    accepted={"loops": with_loops},
    mutants=[
        Mutant(
            "end before start",
            backwards,
            "Your span may end before it starts. Of the T by T scores only those on "
            "and above the diagonal are spans: triu.",
        ),
        Mutant(
            "the question allowed",
            anywhere,
            "Your span may lie in the question. Both its tokens must be in the "
            "passage: is_passage along both axes.",
        ),
        Mutant(
            "start and end apart",
            apart,
            "You take the best start and the best end, each for itself. Together they "
            "may be no span at all, or one that is far too long.",
        ),
        Mutant(
            "no limit",
            unlimited,
            "Your span may be longer than `longest`: nothing hides the corner far "
            "above the diagonal.",
        ),
        Mutant(
            "one token too long",
            one_longer,
            "Your span may have longest + 1 tokens. A span of n tokens lies n - 1 "
            "steps above the diagonal.",
        ),
        Mutant(
            "the end after the last token",
            end_after,
            "You return the token after the answer. Here the end belongs to it.",
        ),
        Mutant(
            "[CLS] allowed",
            with_cls,
            "Your span may be [CLS]. That position speaks for 'no answer' and is "
            "compared with the best span later; it is no span of the passage.",
        ),
        Mutant(
            "multiplied by the mask",
            by_product,
            "You multiply by the mask, so what is illegal scores 0 and beats "
            "every score below 0. Put -inf there: masked_fill.",
        ),
        Mutant(
            "search begins at 0",
            above(0.0),
            "Your search begins at 0, so nothing is found where all scores are "
            "below. Begin at -inf.",
        ),
        Mutant(
            "search begins at -1",
            above(-1.0),
            "Your search begins at -1, so nothing is found where all scores are "
            "below. Begin at -inf.",
        ),
        Mutant(
            "spans of one token left out",
            two_or_more,
            "A span of one token is legal, too: the diagonal belongs to the "
            "spans, triu().",
        ),
    ],
    cases=cases,
    hints=(
        "A table of scores with a row for each start and a column for each end.",
        "start[:, None] + end[None, :]; which cells are no legal span?",
        "triu() keeps last >= first, tril(longest - 1) the short ones; hide the rest "
        "with -inf and take the argmax: row is best // T, column best % T.",
    ),
)
