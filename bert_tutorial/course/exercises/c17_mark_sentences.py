"""Exercise: a [CLS] for each sentence.

Chapter: 17
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def one_for_all(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Put one [CLS] in front, as for a pair."""
    ids, types, positions = [cls_id], [0], []
    for number, row in enumerate(rows):
        positions.append(len(ids) if number else 0)
        ids += [*row, sep_id]
        types += [number % 2] * (len(row) + 1)
    return ids, types, positions


def first_then_rest(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Give segment 1 to all but the first sentence."""
    ids, _, positions = mark_sentences(rows, cls_id, sep_id)
    return (
        ids,
        [min(n, 1) for n, r in enumerate(rows) for _ in range(len(r) + 2)],
        positions,
    )


def counted_up(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Number the segments."""
    ids, _, positions = mark_sentences(rows, cls_id, sep_id)
    return ids, [n for n, r in enumerate(rows) for _ in range(len(r) + 2)], positions


def all_zero(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Forget the segments."""
    ids, types, positions = mark_sentences(rows, cls_id, sep_id)
    return ids, [0] * len(types), positions


def first_word(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Give the position of the first word."""
    ids, types, positions = mark_sentences(rows, cls_id, sep_id)
    return ids, types, [position + 1 for position in positions]


def one_position(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Put one [CLS] in front, and give its position alone."""
    ids, types = [cls_id], [0]
    for number, row in enumerate(rows):
        ids += [*row, sep_id]
        types += [number % 2] * (len(row) + 1)
    return ids, types, [0]


def no_sep(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Leave [SEP] out."""
    ids: list[int] = []
    types: list[int] = []
    positions: list[int] = []
    for number, row in enumerate(rows):
        positions.append(len(ids))
        ids += [cls_id, *row]
        types += [number % 2] * (len(row) + 1)
    return ids, types, positions


def from_one(rows: list[list[int]], cls_id: int, sep_id: int) -> Marked:
    """Begin with segment 1."""
    ids, types, positions = mark_sentences(rows, cls_id, sep_id)
    return ids, [1 - kind for kind in types], positions


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One, two and four sentences of different lengths."""
    return [
        Case(([[7, 8]], 2, 3), "one sentence"),
        Case(([[7, 8], [9]], 2, 3), "two sentences"),
        Case(([[5, 6, 7], [8], [9, 10], [11]], 101, 102), "four sentences"),
        Case(([], 2, 3), "no sentence"),
        Case(([[7], [], [8]], 2, 3), "an empty sentence between two"),
    ]


EXERCISE = Exercise(
    id="mark-sentences",
    chapter=17,
    title="A [CLS] for each sentence",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=mark_sentences,
    accepted={"three passes": in_three_passes},
    mutants=[
        Mutant(
            "one [CLS] for all",
            one_for_all,
            "There is one [CLS] for the whole document, so there is one vector to "
            "judge by and many sentences. Each sentence gets its own.",
        ),
        Mutant(
            "first, then rest",
            first_then_rest,
            "All sentences after the first are in segment 1, so the second and third "
            "look alike. Alternate: the number modulo 2.",
        ),
        Mutant(
            "counted up",
            counted_up,
            "The segments are counted up, but BERT's table has two rows: number "
            "modulo 2.",
        ),
        Mutant(
            "all 0",
            all_zero,
            "All tokens are in segment 0. Neighbouring sentences should differ.",
        ),
        Mutant(
            "first word",
            first_word,
            "You give the positions of the first words. The [CLS] stands one before.",
        ),
        Mutant(
            "one [CLS], one position",
            one_position,
            "There is one [CLS] and one position, so there is one vector to judge "
            "many sentences by. Each sentence gets its own.",
        ),
        Mutant(
            "[SEP] missing",
            no_sep,
            "[SEP] is missing. Each sentence ends with one.",
        ),
        Mutant(
            "segments turned round",
            from_one,
            "The first sentence is in segment 1. Its segment is 0, that of the "
            "second 1.",
        ),
    ],
    cases=cases,
    hints=(
        "Three lists grow together, sentence by sentence.",
        "The position of a [CLS] is the length of the ids before it is added.",
        "A sentence adds len(row) + 2 tokens, all of segment number % 2.",
    ),
)
