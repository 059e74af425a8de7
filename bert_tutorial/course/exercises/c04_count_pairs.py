"""Exercise: count neighbouring pieces.

Chapter: 4
"""

from collections import Counter
from itertools import pairwise

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def count_pairs(words: dict[tuple[str, ...], int]) -> dict[tuple[str, str], int]:
    """Count how often each two pieces stand side by side in a corpus.

    Keys of words are words cut into pieces, values how often the word occurs:
    {("t", "##o"): 3, ("t", "##o", "##o"): 2} gives
    {("t", "##o"): 5, ("##o", "##o"): 2}.
    """
    raise NotAttempted
'''

Words = dict[tuple[str, ...], int]
Pairs = dict[tuple[str, str], int]


def count_pairs(words: dict[tuple[str, ...], int]) -> dict[tuple[str, str], int]:
    """Count neighbours, each as often as its word occurs."""
    pairs: Counter[tuple[str, str]] = Counter()
    for pieces, count in words.items():
        for pair in pairwise(pieces):
            pairs[pair] += count
    return dict(pairs)


def by_index(words: Words) -> Pairs:
    """Look at each position and the next."""
    pairs: Pairs = {}
    for pieces, count in words.items():
        for i in range(1, len(pieces)):
            pair = pieces[i - 1], pieces[i]
            pairs[pair] = pairs.get(pair, 0) + count
    return pairs


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Two words, the toy corpus, repeated pieces."""
    toy = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
    cut = {(w[0], *("##" + c for c in w[1:])): n for w, n in toy.items()}
    return [
        Case(({("t", "##o"): 3, ("t", "##o", "##o"): 2},), "to and too"),
        Case((cut,), "hug, pug, pun, bun, hugs"),
        Case(
            ({("b", "##a", "##n", "##a", "##n", "##a"): 4, ("a",): 9},),
            "banana, where pairs come twice, and a word of one piece",
        ),
        Case(({("c", "##a", "##a", "##a", "##a"): 2},), "a piece beside itself"),
        Case(({("a",): 3},), "a word of one piece, no pairs"),
        Case(({},), "no words"),
    ]


MISTAKES = """
word frequency ignored: += count => += 1
    Every word counts once in yours. A pair counts as often as its word occurs in the
    corpus: add the word's count, not 1.
once a word: pairwise(pieces) => set(pairwise(pieces))
    A pair that stands twice in a word, as in banana, is counted once. Count every
    position.
no neighbours: in pairwise(pieces) =>
| in [(a, b) for i, a in enumerate(pieces) for b in pieces[i + 1:]]
    Pieces are paired that do not stand side by side. Only neighbours can be joined.
order forgotten: pairs[pair] => pairs[tuple(sorted(pair))]
    The pair (a, b) and the pair (b, a) are counted together. Left and right matter:
    they join to different pieces.
across words: … => pairs = Counter(right(words))
|     for one, other in pairwise(words):
|         pairs[one[-1], other[0]] += 1
|     return dict(pairs)
    The last piece of a word is paired with the first of the next. Pieces never cross a
    word's end.
steps of two: pairwise(pieces) => zip(pieces[::2], pieces[1::2])
    You step over two pieces at a time, so every second pair is missing. Pairs overlap:
    (1, 2), (2, 3), (3, 4).
last pair missing: pairwise(pieces) => pairwise(pieces[:-1])
    The last pair of each word is missing. A word of n pieces has n - 1 pairs.
overwritten: += count => = count
    A pair that stands in several words, or twice in one, has the count of the last
    position only. Add to what is there: +=.
first word only: words.items() => list(words.items())[:1]
    Only the pairs of the first word are counted. Go through all words before you
    return.
joined keys: pairs[pair] => pairs[pair[0] + pair[1].removeprefix('##')]
    The keys are the joined pieces. The keys are pairs, (left, right): different pairs
    can join to the same text.
pieces counted: pairwise(pieces) => pieces
    These are counts of single pieces. Count two neighbours at a time.
a list: dict(pairs) => pairs.most_common()
    This is a list. Return a dict: pair -> count.
equal pieces left out:
- pairs[pair] += count => if pair[0] != pair[1]: pairs[pair] += count
    A piece that stands beside itself makes a pair too.
"""

EXERCISE = Exercise(
    id="count-pairs",
    chapter=4,
    title="Count neighbouring pieces",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=count_pairs,
    accepted={"index": by_index},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "A word of n pieces has n - 1 neighbouring pairs.",
        "itertools.pairwise gives them. Add the word's count for each.",
        "A Counter, a loop over words.items(), a loop over pairwise(pieces).",
    ),
)
