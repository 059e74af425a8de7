"""Exercise: join a pair to one sequence.

Chapter: 10
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.pretraining.pairs import Pair, pair_to_ids

STUB = '''
def pair_to_ids(pair: Pair, cls_id: int, sep_id: int) -> tuple[list[int], list[int]]:
    """Join a pair: the ids of [CLS] A [SEP] B [SEP], and the segment of each.

    Segment 0 reaches to the first [SEP], that one included; the rest is 1:
    Pair([7, 8], [9], False), 2, 3 gives ([2, 7, 8, 3, 9, 3], [0, 0, 0, 0, 1, 1]).
    """
    raise NotAttempted
'''

Ids = tuple[list[int], list[int]]


def by_parts(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Number the parts."""
    parts = [([cls_id, *pair.tokens_a, sep_id], 0), ([*pair.tokens_b, sep_id], 1)]
    ids = [i for part, _ in parts for i in part]
    return ids, [kind for part, kind in parts for _ in part]


def no_last_sep(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Forget the last [SEP]."""
    ids, kinds = pair_to_ids(pair, cls_id, sep_id)
    return ids[:-1], kinds[:-1]


def no_middle_sep(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Forget the [SEP] between."""
    ids = [cls_id, *pair.tokens_a, *pair.tokens_b, sep_id]
    n = 1 + len(pair.tokens_a)
    return ids, [0] * n + [1] * (len(ids) - n)


def sep_is_second(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Count the first [SEP] to the second segment."""
    ids, kinds = pair_to_ids(pair, cls_id, sep_id)
    kinds[1 + len(pair.tokens_a)] = 1
    return ids, kinds


def second_cls(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Begin the second segment with [CLS]."""
    first = [cls_id, *pair.tokens_a, sep_id]
    second = [cls_id, *pair.tokens_b, sep_id]
    return first + second, [0] * len(first) + [1] * len(second)


def all_zero(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Give one segment."""
    ids, kinds = pair_to_ids(pair, cls_id, sep_id)
    return ids, [0] * len(kinds)


def one_and_two(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Number the segments from 1."""
    ids, kinds = pair_to_ids(pair, cls_id, sep_id)
    return ids, [kind + 1 for kind in kinds]


def swapped(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Put the second segment first."""
    return pair_to_ids(Pair(pair.tokens_b, pair.tokens_a, False), cls_id, sep_id)


def ends_swapped(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Mistake [CLS] for [SEP]."""
    return pair_to_ids(pair, sep_id, cls_id)


def pair_changed(pair: Pair, cls_id: int, sep_id: int) -> Ids:
    """Put the special tokens into the pair's own lists."""
    pair.tokens_a.insert(0, cls_id)
    pair.tokens_a.append(sep_id)
    pair.tokens_b.append(sep_id)
    kinds = [0] * len(pair.tokens_a) + [1] * len(pair.tokens_b)
    return pair.tokens_a + pair.tokens_b, kinds


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Short and long segments, a random pair."""
    return [
        Case((Pair([7, 8], [9], False), 2, 3), "two pieces and one"),
        Case((Pair([11], [12, 13, 14], True), 2, 3), "one piece and three"),
        Case((Pair([5, 6, 7], [8, 9], False), 101, 102), "other special ids"),
        Case((Pair([3, 7, 3], [2], False), 2, 3), "the ids 2 and 3 in the text"),
    ]


EXERCISE = Exercise(
    id="pair-to-ids",
    chapter=10,
    title="Join a pair to one sequence",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=pair_to_ids,
    accepted={"parts": by_parts},
    mutants=[
        Mutant(
            "last [SEP] missing",
            no_last_sep,
            "The last [SEP] is missing. Both segments end with one.",
        ),
        Mutant(
            "middle [SEP] missing",
            no_middle_sep,
            "Nothing stands between the segments. The first one ends with [SEP], too.",
        ),
        Mutant(
            "first [SEP] in segment 1",
            sep_is_second,
            "The first [SEP] is counted to the second segment. It ends the first: "
            "segment 0.",
        ),
        Mutant(
            "second [CLS]",
            second_cls,
            "The second segment begins with a [CLS] of its own. There is one, at the "
            "very front.",
        ),
        Mutant("one segment", all_zero, "All segments are 0. The second one is 1."),
        Mutant(
            "counted from 1",
            one_and_two,
            "The segments are numbered 1 and 2. The table has rows 0 and 1.",
        ),
        Mutant("swapped", swapped, "The second segment stands first."),
        Mutant(
            "[CLS] and [SEP] mixed up",
            ends_swapped,
            "cls_id and sep_id have changed places: [CLS] stands at the front only.",
        ),
        Mutant(
            "pair changed",
            pair_changed,
            "The lists of the pair itself were changed, so a second call would "
            "add the special tokens again. Make new lists.",
        ),
    ],
    cases=cases,
    hints=(
        "Build the two halves, each with its [SEP], and count them.",
        "The first half is [CLS], A, [SEP]; the second B, [SEP].",
        "first + second, and [0] * len(first) + [1] * len(second).",
    ),
)
