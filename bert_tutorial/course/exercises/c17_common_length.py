"""Exercise: the longest common subsequence.

Chapter: 17
"""

import random
from functools import cache

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def common_length(a: list[str], b: list[str]) -> int:
    """Give the length of the longest common subsequence of two lists of words.

    A subsequence keeps the order and may leave words out: "a b c d" and "a c x d"
    share a, c, d: 3.
    """
    raise NotAttempted
'''


def common_length(a: list[str], b: list[str]) -> int:
    """Fill a table: row i, column j for the first i and the first j words."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            if a[i - 1] == b[j - 1]:
                table[i][j] = table[i - 1][j - 1] + 1
            else:
                table[i][j] = max(table[i - 1][j], table[i][j - 1])
    return table[-1][-1]


def by_recursion(a: list[str], b: list[str]) -> int:
    """Ask for shorter and shorter ends."""

    @cache
    def rest(i: int, j: int) -> int:
        if i == len(a) or j == len(b):
            return 0
        if a[i] == b[j]:
            return 1 + rest(i + 1, j + 1)
        return max(rest(i + 1, j), rest(i, j + 1))

    return rest(0, 0)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Gaps, another order, a tempting first word, repeated words, nothing."""
    rng = random.Random(seed)
    drawn = [rng.choices("abcd", k=k) for k in (9, 12)]
    return [
        Case((list("abcd"), list("acxd")), "gaps"),
        Case((list("abc"), list("cba")), "the order turned"),
        Case((list("dabc"), list("abcd")), "a first word that stands last"),
        Case((list("aaa"), list("ab")), "a repeated word"),
        Case((list("ab"), []), "an empty list"),
        Case(tuple(drawn), "drawn words"),
        Case((list("ab"), list("aaa")), "a repeated word in the second list"),
        Case(([], []), "two empty lists"),
    ]


MISTAKES = """
substring: … => ends = [(i, j) for i in range(len(a) + 1) for j in range(i, len(a) + 1)]
|     runs = [b[k:n] for k in range(len(b) + 1) for n in range(k, len(b) + 1)]
|     return max(j - i for i, j in ends if a[i:j] in runs)
    This is the longest common run without a gap. A subsequence may leave words out on
    both sides.
order ignored: … => return (Counter(a) & Counter(b)).total()
    You count shared words in any order; that is ROUGE-1. The order must be the same in
    both.
first fit: … => position = found = 0
|     for word in a:
|         if word in b[position:]:
|             position = b.index(word, position) + 1
|             found += 1
|     return found
    Each word is matched at the first position where it fits, which may leave no room
    for all the others: d a b c against a b c d. Try both ways.
a word used twice: table[i - 1][j - 1] + 1 => max(table[i - 1][j] + 1, table[i][j - 1])
    A word of the second list is matched with several of the first. After a match both
    lists go one word on: the diagonal of the table.
last word missing: … => return right(a[:-1], b[:-1])
    The last word of each list is never looked at: check the ranges.
one more than the neighbour:
- table[i - 1][j - 1] + 1 => max(table[i - 1][j], table[i][j - 1]) + 1
    After a match you go on from the row or the column before, so a word is matched with
    several of the other list. Both go one word on: the diagonal of the table.
the other word used twice:
- table[i - 1][j - 1] + 1 => max(table[i - 1][j], table[i][j - 1] + 1)
    A word of the first list is matched with several of the second. After a match both
    lists go one word on: the diagonal of the table.
common beginning: … => pairs = [x == y for x, y in zip(a, b)] + [False]
|     return pairs.index(False)
    You count the words at the front that are alike. A subsequence may leave words out.
the same positions: … => return sum(x == y for x, y in zip(a, b))
    You compare words at the same positions. A word may stand further on in the other
    list, if the order is kept.
"""

EXERCISE = Exercise(
    id="common-length",
    chapter=17,
    title="The longest common subsequence",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=common_length,
    accepted={"recursion": by_recursion},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Think of the answer for the first i words of a and the first j of b.",
        "Are words i and j the same? Then it is one more than for both without them.",
        "Otherwise the larger of: one word of a less, one word of b less.",
    ),
)
