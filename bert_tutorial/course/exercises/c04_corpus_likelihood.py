"""Exercise: what a join does to the likelihood of the corpus.

Chapter: 4
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def corpus_likelihood(counts: dict[str, int]) -> float:
    """Give the log-likelihood of a corpus of pieces under their own frequencies.

    A piece that occurs n times of N in all has the probability n / N, and the corpus is
    the product of its pieces: the sum over all pieces of n * ln(n / N), in nats.
    {"a": 1, "b": 1} gives 2 * ln(1 / 2) = -1.386. Counts of 0 add nothing.
    """
    raise NotAttempted
'''


def corpus_likelihood(counts: dict[str, int]) -> float:
    """Sum n ln(n / N)."""
    total = sum(counts.values())
    return math.fsum(n * math.log(n / total) for n in counts.values() if n)


def by_entropy(counts: dict[str, int]) -> float:
    """Subtract N ln N."""
    inner = sum(n * math.log(n) for n in counts.values() if n)
    total = sum(counts.values())
    return inner - total * math.log(total) if total else 0.0


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two pieces, unequal ones, a count of 0, a single piece."""
    return [
        Case(({"a": 1, "b": 1},), "two pieces, once each"),
        Case(({"h": 15, "##u": 36, "##g": 20},), "three pieces"),
        Case(({"h": 3, "##u": 0, "##g": 5},), "a piece that no longer occurs"),
        Case(({"hug": 7},), "one piece"),
        Case(({"a": 1, "b": 1, "c": 98},), "two rare pieces and a frequent one"),
        Case(({"a": 900, "b": 700, "c": 800},), "a large corpus"),
        Case(({},), "no piece at all"),
        Case(({"hug": 0},), "one piece, which no longer occurs"),
    ]


MISTAKES = """
each piece once: (n * math => (math
    Every piece is added once. It stands n times in the corpus, so its logarithm is
    added n times.
averaged: … => return right(counts) / max(1, sum(counts.values()))
    You divided by the number of pieces. The likelihood of the corpus is the sum; joins
    change the number of pieces, so a mean would hide them.
sign: … => return -right(counts)
    The sign is wrong: logarithms of probabilities are negative or 0, and so is their
    sum.
bits: … => return right(counts) / math.log(2)
    Yours is in bits, with the logarithm to base 2. Use math.log, for nats.
not divided: n / total => n
    You took logarithms of counts. A probability is n / N: divide by the sum of all
    counts.
divided by types: n / total => n / len(counts)
    You divided by the number of different pieces. N is the number of all pieces in the
    corpus, the sum of the counts.
logarithm of 0: ) if n => )
    A piece that no longer occurs has the count 0, and ln 0 does not exist. Leave it
    out: it adds nothing.
base 10: … => return right(counts) / math.log(10)
    Yours has the logarithm to base 10. Use math.log, for nats.
the likelihood itself: … => total = sum(counts.values())
|     return math.prod((n / total) ** n for n in counts.values())
    This is the product of the probabilities, which is 0 to a computer for any real
    corpus. Add up their logarithms.
the likelihood itself, counts of 0 left out: … => total = sum(counts.values())
|     return math.prod((n / total) ** n for n in counts.values() if n)
    = the likelihood itself
pieces that occur once: if n) => if n > 1)
    Pieces that occur once are left out. Only a count of 0 adds nothing.
logarithm of the sum: … => total = sum(counts.values())
|     return math.log(sum(n * n / total for n in counts.values()))
    You took one logarithm of a sum. Take the logarithm of each piece's probability, and
    add up n times each.
one added:
- sum(counts.values()) => sum(counts.values()) + len(counts)
- n / total) => (n + 1) / total)
- if n =>
    One is added to each count. The probability is n / N as counted; a count of 0 is
    left out.
"""

EXERCISE = Exercise(
    id="corpus-likelihood",
    chapter=4,
    title="The likelihood of a corpus",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=corpus_likelihood,
    accepted={"n ln n": by_entropy},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "A product of probabilities is a sum of logarithms.",
        "N = sum(counts.values()). A piece with count n adds n times ln(n / N).",
        "sum(n * math.log(n / N) for n in counts.values() if n).",
    ),
)
