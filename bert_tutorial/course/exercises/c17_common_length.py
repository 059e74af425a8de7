"""Exercise: the longest common subsequence.

Chapter: 17
"""

import random
from collections import Counter
from functools import cache

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def substring(a: list[str], b: list[str]) -> int:
    """Allow no gap."""
    return max(
        (
            n
            for n in range(len(a) + 1)
            for i in range(len(a) - n + 1)
            for j in range(len(b) - n + 1)
            if a[i : i + n] == b[j : j + n]
        ),
        default=0,
    )


def without_order(a: list[str], b: list[str]) -> int:
    """Count shared words."""
    return (Counter(a) & Counter(b)).total()


def first_fit(a: list[str], b: list[str]) -> int:
    """Take each word at the first position where it still fits."""
    position = found = 0
    for word in a:
        if word in b[position:]:
            position = b.index(word, position) + 1
            found += 1
    return found


def word_used_twice(a: list[str], b: list[str]) -> int:
    """Come from the row above, not from the diagonal."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            same = a[i - 1] == b[j - 1]
            table[i][j] = max(table[i - 1][j] + same, table[i][j - 1])
    return table[-1][-1]


def last_missing(a: list[str], b: list[str]) -> int:
    """Stop before the last word."""
    return common_length(a[:-1], b[:-1])


def row_or_column(a: list[str], b: list[str]) -> int:
    """Add one to the larger neighbour."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            same = a[i - 1] == b[j - 1]
            table[i][j] = max(table[i - 1][j], table[i][j - 1]) + same
    return table[-1][-1]


def from_column(a: list[str], b: list[str]) -> int:
    """Come from the left, not from the diagonal."""
    return word_used_twice(b, a)


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


EXERCISE = Exercise(
    id="common-length",
    chapter=17,
    title="The longest common subsequence",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=common_length,
    accepted={"recursion": by_recursion},
    mutants=[
        Mutant(
            "substring",
            substring,
            "This is the longest common run without a gap. A subsequence may leave "
            "words out on both sides.",
        ),
        Mutant(
            "order ignored",
            without_order,
            "You count shared words in any order; that is ROUGE-1. The order must be "
            "the same in both.",
        ),
        Mutant(
            "first fit",
            first_fit,
            "Each word is matched at the first position where it fits, which may leave "
            "no room for all the others: d a b c against a b c d. Try both ways.",
        ),
        Mutant(
            "a word used twice",
            word_used_twice,
            "A word of one list is matched with several of the other. After a match "
            "both lists go one word on: the diagonal of the table.",
        ),
        Mutant(
            "last word missing",
            last_missing,
            "The last word of each list is never looked at: check the ranges.",
        ),
        Mutant(
            "one more than the neighbour",
            row_or_column,
            "After a match you go on from the row or the column before, so a word "
            "is matched with several of the other list. Both go one word on: the "
            "diagonal of the table.",
        ),
        Mutant(
            "the other word used twice",
            from_column,
            "A word of the second list is matched with several of the first. "
            "After a match both lists go one word on: the diagonal of the table.",
        ),
    ],
    cases=cases,
    hints=(
        "Think of the answer for the first i words of a and the first j of b.",
        "Are words i and j the same? Then it is one more than for both without them.",
        "Otherwise the larger of: one word of a less, one word of b less.",
    ),
)
