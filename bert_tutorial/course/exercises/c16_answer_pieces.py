"""Exercise: from the characters of an answer to its pieces.

Chapter: 16
"""

import random
from collections.abc import Sequence

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.tasks.questions.windows import answer_pieces

STUB = '''
def answer_pieces(
    offsets: Sequence[tuple[int, int]], start: int, end: int
) -> tuple[int, int] | None:
    """Find the shortest run of pieces that covers the characters start to end.

    offsets holds (first character, character after the last) of each piece; the answer
    is text[start:end]. "in the 1990s." as (0, 2) (3, 6) (7, 11) (11, 12) (12, 13), with
    the pieces 1990, ##s and "." at the end: the answer "1990", characters 7 to 11, is
    (2, 2), and "990" is that, too, since no piece begins with 9.

    Returns:
        The first and the last piece, both of them in the run; None if no piece has a
        character of the answer.
    """
    raise NotAttempted
'''

Found = tuple[int, int] | None
Offsets = Sequence[tuple[int, int]]


def by_sets(offsets: Offsets, start: int, end: int) -> Found:
    """Compare sets of characters."""
    wanted = set(range(start, end))
    found = [i for i, pair in enumerate(offsets) if wanted & set(range(*pair))]
    return (min(found), max(found)) if found else None


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The example, blanks, and random pieces."""
    known = [(0, 2), (3, 6), (7, 11), (11, 12), (12, 13)]
    rows = [
        (known, 7, 11, "'1990' of 'in the 1990s.'"),
        (known, 8, 11, "'990' of 'in the 1990s.'"),
        (known, 3, 12, "'the 1990s'"),
        (known, 2, 3, "the blank between 'in' and 'the'"),
        (known, 0, 13, "the whole text"),
        (known, 2, 6, "' the', with its blank"),
        (known, 0, 2, "'in'"),
        ([], 0, 2, "no pieces"),
        ([(0, 0), *known, (0, 0)], 0, 6, "[CLS] and [SEP], which hold no character"),
    ]
    rng = random.Random(seed)
    for number in range(6):
        offsets, position = [], 0
        for _ in range(9):
            position += rng.randint(0, 1)
            offsets.append((position, position + rng.randint(1, 4)))
            position = offsets[-1][1]
        start = rng.randint(0, position - 3)
        end = rng.randint(start + 2, position)
        rows.append((offsets, start, end, f"random pieces ({number})"))
    return [Case((offsets, a, b), label) for offsets, a, b, label in rows]


MISTAKES = """
whole pieces only: first < end and last > start => first >= start and last <= end
    You keep only pieces that lie wholly inside the answer. An answer that begins or
    ends within a piece then loses that piece, or is not found.
neighbours that touch: first < end and last > start => first <= end and last >= start
    A piece that ends where the answer starts shares no character with it, since the
    second number of an offset lies behind the piece. Compare with < and >.
the piece after the last: touched[-1]) => touched[-1] + 1)
    You return the piece after the answer. The loss wants the last one that belongs to
    it.
pieces that begin inside: first < end and last > start => start <= first < end
    An answer may start in the middle of a piece: '990' in '1990'. You only look at
    where pieces begin.
characters as pieces: (touched[0], touched[-1]) => (start, end - 1)
    These are numbers of characters. A model counts pieces: use the offsets.
exact ends: … => first = [i for i, (a, _) in enumerate(offsets) if a == start]
|     last = [i for i, (_, b) in enumerate(offsets) if b == end]
|     return (first[0], last[0]) if first and last else None
    You look for a piece that begins, and one that ends, exactly where the answer does.
    An answer may begin or end within a piece.
piece 0 taken for none: (touched[0], =>
| (touched[1:2][0] if touched[0] == 0 and len(touched) > 1 else touched[0],
    Piece 0 counts as not found, since 0 is false. Ask `is None`.
piece 0 taken for none at all:
- return (touched[0], touched[-1]) if touched else None =>
| return (touched[0], touched[-1]) if touched and touched[0] and touched[-1] else None
    An answer that begins or ends with piece 0 is not found, since 0 is false. Ask `is
    None`, or whether there is any piece.
first and last character:
- … => first = next((i for i, (a, b) in enumerate(offsets) if a <= start < b), None)
|     last = next((i for i, (a, b) in enumerate(offsets) if a < end <= b), None)
|     return None if first is None or last is None else (first, last)
    You look for the pieces that have the first and the last character. Where that is a
    blank no piece has it, although others have a part of the answer.
an empty list has no first: return (touched[0], touched[-1]) if touched else None =>
| return (touched[0], touched[-1])
    Where no piece holds a character of the answer, the list is empty and has no first
    piece. Give None.
0, 0 for none: if touched else None => if touched else (0, 0)
    Where no piece holds a character of the answer, yours names piece 0. Give None.
all of the pieces: return (touched[0], touched[-1]) if touched else None =>
| return touched or None
    All pieces of the answer are listed. Give the first and the last.
"""

EXERCISE = Exercise(
    id="answer-pieces",
    chapter=16,
    title="From characters to pieces",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=answer_pieces,
    accepted={"sets": by_sets},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which pieces share at least one character with the answer?",
        "Two stretches overlap if each begins before the other ends.",
        "Collect i where first < end and last > start; then the first and last i.",
    ),
)
