"""Exercise: join a pair to one sequence.

Chapter: 10
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Short and long segments, a random pair."""
    return [
        Case((Pair([7, 8], [9], False), 2, 3), "two pieces and one"),
        Case((Pair([11], [12, 13, 14], True), 2, 3), "one piece and three"),
        Case((Pair([5, 6, 7], [8, 9], False), 101, 102), "other special ids"),
        Case((Pair([3, 7, 3], [2], False), 2, 3), "the ids 2 and 3 in the text"),
    ]


MISTAKES = """
last [SEP] missing: *pair.tokens_b, sep_id => *pair.tokens_b
    The last [SEP] is missing. Both segments end with one.
middle [SEP] missing: *pair.tokens_a, sep_id => *pair.tokens_a
    Nothing stands between the segments. The first one ends with [SEP], too.
first [SEP] in segment 1: [0] * len(first) + [1] * len(second) =>
| [0] * (len(first) - 1) + [1] * (len(second) + 1)
    The first [SEP] is counted to the second segment. It ends the first: segment 0.
second [CLS]: [* => [cls_id, *
    The second segment begins with a [CLS] of its own. There is one, at the very front.
one segment: [1] * => [0] *
    All segments are 0. The second one is 1.
counted from 1:
- [0] * len(first) + [1] * len(second) => [1] * len(first) + [2] * len(second)
    The segments are numbered 1 and 2. The table has rows 0 and 1.
swapped:
- cls_id, *pair.tokens_a => cls_id, *pair.tokens_c
- *pair.tokens_b => *pair.tokens_a
- *pair.tokens_c => *pair.tokens_b
    The second segment stands first.
[CLS] and [SEP] mixed up: … => return right(pair, sep_id, cls_id)
    cls_id and sep_id have changed places: [CLS] stands at the front only.
pair changed: … => pair.tokens_a.insert(0, cls_id)
|     pair.tokens_a.append(sep_id)
|     pair.tokens_b.append(sep_id)
|     kinds = [0] * len(pair.tokens_a) + [1] * len(pair.tokens_b)
|     return pair.tokens_a + pair.tokens_b, kinds
    The lists of the pair itself were changed, so a second call would add the special
    tokens again. Make new lists.
"""

EXERCISE = Exercise(
    id="pair-to-ids",
    chapter=10,
    title="Join a pair to one sequence",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=pair_to_ids,
    accepted={"parts": by_parts},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Build the two halves, each with its [SEP], and count them.",
        "The first half is [CLS], A, [SEP]; the second B, [SEP].",
        "first + second, and [0] * len(first) + [1] * len(second).",
    ),
)
