"""Exercise: a [CLS] for each sentence.

Chapter: 17
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def mark_sentences(
    rows: list[list[int]], cls_id: int, sep_id: int
) -> tuple[list[int], list[int], list[int]]:
    """Join the ids of sentences: [CLS] sentence [SEP] for each.

    Give the ids, the segment of each token (0 for the first sentence, 1 for the
    second, 0 for the third, ...), and the position of each sentence's [CLS].
    """
    raise NotAttempted
'''

Marked = tuple[list[int], list[int], list[int]]


def mark_sentences(
    rows: list[list[int]], cls_id: int, sep_id: int
) -> tuple[list[int], list[int], list[int]]:
    """Note the position before each sentence is added."""
    ids: list[int] = []
    types: list[int] = []
    positions: list[int] = []
    for number, row in enumerate(rows):
        positions.append(len(ids))
        ids += [cls_id, *row, sep_id]
        types += [number % 2] * (len(row) + 2)
    return ids, types, positions


def in_three_passes(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Make one list after another."""
    parts = [[cls_id, *row, sep_id] for row in rows]
    ids = [i for part in parts for i in part]
    types = [n % 2 for n, part in enumerate(parts) for _ in part]
    return ids, types, [sum(map(len, parts[:n])) for n in range(len(parts))]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One, two and four sentences of different lengths."""
    return [
        Case(([[7, 8]], 2, 3), "one sentence"),
        Case(([[7, 8], [9]], 2, 3), "two sentences"),
        Case(([[5, 6, 7], [8], [9, 10], [11]], 101, 102), "four sentences"),
        Case(([], 2, 3), "no sentence"),
        Case(([[7], [], [8]], 2, 3), "an empty sentence between two"),
        Case(([[7, 2], [3, 8]], 2, 3), "sentences that hold the ids 2 and 3"),
    ]


MISTAKES = """
one [CLS] for all:
- ids: list[int] = [] => ids: list[int] = [cls_id]
- types: list[int] = [] => types: list[int] = [0]
- len(ids)) => len(ids) * (number > 0))
- [cls_id, *row, sep_id] => [*row, sep_id]
- len(row) + 2 => len(row) + 1
    There is one [CLS] for the whole document, so there is one vector to judge by and
    many sentences. Each sentence gets its own.
first, then rest: number % 2 => min(number, 1)
    All sentences after the first are in segment 1, so the second and third look alike.
    Alternate: the number modulo 2.
counted up: number % 2 => number
    The segments are counted up, but BERT's table has two rows: number modulo 2.
all 0: number % 2 => 0
    All tokens are in segment 0. Neighbouring sentences should differ.
first word: positions.append(len(ids)) => positions.append(len(ids) + 1)
    You give the positions of the first words. The [CLS] stands one before.
one [CLS], one position:
- ids: list[int] = [] => ids: list[int] = [cls_id]
- types: list[int] = [] => types: list[int] = [0]
- [cls_id, *row, sep_id] => [*row, sep_id]
- len(row) + 2 => len(row) + 1
- return (ids, types, positions) => return (ids, types, [0])
    There is one [CLS] and one position, so there is one vector to judge many sentences
    by. Each sentence gets its own.
[SEP] missing:
- row, sep_id] => row]
- len(row) + 2 => len(row) + 1
    [SEP] is missing. Each sentence ends with one.
a segment for each sentence: [number % 2] * (len(row) + 2) => [number % 2]
    There is one segment for each sentence. Each token has one.
rows changed: … => ids, kinds, positions = [], [], []
|     for number, row in enumerate(rows):
|         row.insert(0, cls_id)
|         row.append(sep_id)
|         positions.append(len(ids))
|         ids += row
|         kinds += [number % 2] * len(row)
|     return ids, kinds, positions
    The rows that were handed in have grown. [cls_id, *row, sep_id] makes a new list.
segments turned round: number % 2 => 1 - number % 2
    The first sentence is in segment 1. Its segment is 0, that of the second 1.
positions by id: … => ids, segments, _ = right(rows, cls_id, sep_id)
|     return ids, segments, [i for i, one in enumerate(ids) if one == cls_id]
    Every token with the id of [CLS] is taken for the beginning of a sentence, also one
    inside. Note the position when you put [CLS].
positions of [SEP]: … => ids, segments, first = right(rows, cls_id, sep_id)
|     return ids, segments, [i + len(row) + 1 for i, row in zip(first, rows)]
    These are the positions of [SEP]. The [CLS] of each sentence is asked for.
"""

EXERCISE = Exercise(
    id="mark-sentences",
    chapter=17,
    title="A [CLS] for each sentence",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=mark_sentences,
    accepted={"three passes": in_three_passes},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Three lists grow together, sentence by sentence.",
        "The position of a [CLS] is the length of the ids before it is added.",
        "A sentence adds len(row) + 2 tokens, all of segment number % 2.",
    ),
)
