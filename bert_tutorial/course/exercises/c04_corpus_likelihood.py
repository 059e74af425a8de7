"""Exercise: what a join does to the likelihood of the corpus.

Chapter: 4
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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
    return sum(n * math.log(n / total) for n in counts.values() if n)


def by_entropy(counts: dict[str, int]) -> float:
    """Subtract N ln N."""
    inner = sum(n * math.log(n) for n in counts.values() if n)
    total = sum(counts.values())
    return inner - total * math.log(total) if total else 0.0


def types_only(counts: dict[str, int]) -> float:
    """Add each piece once."""
    total = sum(counts.values())
    return sum(math.log(n / total) for n in counts.values() if n)


def averaged(counts: dict[str, int]) -> float:
    """Divide by the number of pieces."""
    return corpus_likelihood(counts) / max(1, sum(counts.values()))


def entropy(counts: dict[str, int]) -> float:
    """Turn the sign."""
    return -corpus_likelihood(counts)


def in_bits(counts: dict[str, int]) -> float:
    """Take the logarithm to base 2."""
    return corpus_likelihood(counts) / math.log(2)


def not_divided(counts: dict[str, int]) -> float:
    """Take logarithms of counts."""
    return sum(n * math.log(n) for n in counts.values() if n)


def over_types(counts: dict[str, int]) -> float:
    """Divide by the number of different pieces."""
    return sum(n * math.log(n / len(counts)) for n in counts.values() if n)


def crashes_at_zero(counts: dict[str, int]) -> float:
    """Take the logarithm of 0."""
    total = sum(counts.values())
    return sum(n * math.log(n / total) for n in counts.values())


def base_ten(counts: dict[str, int]) -> float:
    """Take the logarithm to base 10."""
    return corpus_likelihood(counts) / math.log(10)


def itself(counts: dict[str, int]) -> float:
    """Multiply the probabilities."""
    total = sum(counts.values())
    return math.prod((n / total) ** n for n in counts.values())


def ones_left_out(counts: dict[str, int]) -> float:
    """Leave out pieces that occur once."""
    total = sum(counts.values())
    return sum((n * math.log(n / total) for n in counts.values() if n > 1), 0.0)


def log_of_sum(counts: dict[str, int]) -> float:
    """Take the logarithm of the sum."""
    total = sum(counts.values())
    return math.log(sum(n * n / total for n in counts.values()))


def smoothed(counts: dict[str, int]) -> float:
    """Add one to each count."""
    total = sum(counts.values()) + len(counts)
    return sum(n * math.log((n + 1) / total) for n in counts.values())


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two pieces, unequal ones, a count of 0, a single piece."""
    return [
        Case(({"a": 1, "b": 1},), "two pieces, once each"),
        Case(({"h": 15, "##u": 36, "##g": 20},), "three pieces"),
        Case(({"h": 3, "##u": 0, "##g": 5},), "a piece that no longer occurs"),
        Case(({"hug": 7},), "one piece"),
        Case(({"a": 1, "b": 1, "c": 98},), "two rare pieces and a frequent one"),
        Case(({"a": 900, "b": 700, "c": 800},), "a large corpus"),
    ]


EXERCISE = Exercise(
    id="corpus-likelihood",
    chapter=4,
    title="The likelihood of a corpus",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=corpus_likelihood,
    accepted={"n ln n": by_entropy},
    mutants=[
        Mutant(
            "each piece once",
            types_only,
            "Every piece is added once. It stands n times in the corpus, so its "
            "logarithm is added n times.",
        ),
        Mutant(
            "averaged",
            averaged,
            "You divided by the number of pieces. The likelihood of the corpus is the "
            "sum; joins change the number of pieces, so a mean would hide them.",
        ),
        Mutant(
            "sign",
            entropy,
            "The sign is wrong: logarithms of probabilities are negative or 0, and so "
            "is their sum.",
        ),
        Mutant(
            "bits",
            in_bits,
            "Yours is in bits, with the logarithm to base 2. Use math.log, for nats.",
        ),
        Mutant(
            "not divided",
            not_divided,
            "You took logarithms of counts. A probability is n / N: divide by the sum "
            "of all counts.",
        ),
        Mutant(
            "divided by types",
            over_types,
            "You divided by the number of different pieces. N is the number of all "
            "pieces in the corpus, the sum of the counts.",
        ),
        Mutant(
            "logarithm of 0",
            crashes_at_zero,
            "A piece that no longer occurs has the count 0, and ln 0 does not exist. "
            "Leave it out: it adds nothing.",
        ),
        Mutant(
            "base 10",
            base_ten,
            "Yours has the logarithm to base 10. Use math.log, for nats.",
        ),
        Mutant(
            "the likelihood itself",
            itself,
            "This is the product of the probabilities, which is 0 to a computer for "
            "any real corpus. Add up their logarithms.",
        ),
        Mutant(
            "pieces that occur once",
            ones_left_out,
            "Pieces that occur once are left out. Only a count of 0 adds nothing.",
        ),
        Mutant(
            "logarithm of the sum",
            log_of_sum,
            "You took one logarithm of a sum. Take the logarithm of each piece's "
            "probability, and add up n times each.",
        ),
        Mutant(
            "one added",
            smoothed,
            "One is added to each count. The probability is n / N as counted; a count "
            "of 0 is left out.",
        ),
    ],
    cases=cases,
    hints=(
        "A product of probabilities is a sum of logarithms.",
        "N = sum(counts.values()). A piece with count n adds n times ln(n / N).",
        "sum(n * math.log(n / N) for n in counts.values() if n).",
    ),
)
