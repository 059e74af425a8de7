"""Exercise: count neighbouring pieces.

Chapter: 4
"""

from collections import Counter
from itertools import pairwise

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

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


def types_only(words: Words) -> Pairs:
    """Count every word once."""
    return count_pairs(dict.fromkeys(words, 1))


def once_a_word(words: Words) -> Pairs:
    """Count a pair once in each word."""
    pairs: Counter[tuple[str, str]] = Counter()
    for pieces, count in words.items():
        for pair in set(pairwise(pieces)):
            pairs[pair] += count
    return dict(pairs)


def all_pairs(words: Words) -> Pairs:
    """Pair pieces that are no neighbours, too."""
    pairs: Counter[tuple[str, str]] = Counter()
    for pieces, count in words.items():
        for i, left in enumerate(pieces):
            for right in pieces[i + 1 :]:
                pairs[left, right] += count
    return dict(pairs)


def unordered(words: Words) -> Pairs:
    """Forget which piece is on the left."""
    pairs: Counter[tuple[str, str]] = Counter()
    for (left, right), count in count_pairs(words).items():
        pairs[min(left, right), max(left, right)] += count
    return dict(pairs)


def across_words(words: Words) -> Pairs:
    """Go on from one word into the next."""
    pairs = Counter(count_pairs(words))
    for one, other in pairwise(words):
        pairs[one[-1], other[0]] += 1
    return dict(pairs)


def not_overlapping(words: Words) -> Pairs:
    """Take steps of two pieces."""
    pairs: Counter[tuple[str, str]] = Counter()
    for pieces, count in words.items():
        for i in range(0, len(pieces) - 1, 2):
            pairs[pieces[i], pieces[i + 1]] += count
    return dict(pairs)


def last_forgotten(words: Words) -> Pairs:
    """Stop one pair early."""
    pairs: Counter[tuple[str, str]] = Counter()
    for pieces, count in words.items():
        for i in range(len(pieces) - 2):
            pairs[pieces[i], pieces[i + 1]] += count
    return dict(pairs)


def overwritten(words: Words) -> Pairs:
    """Keep the last word's count."""
    pairs: Pairs = {}
    for pieces, count in words.items():
        for pair in pairwise(pieces):
            pairs[pair] = count
    return pairs


def lists_of_words(words: Words) -> Pairs:
    """Count the pairs of the first word only."""
    return count_pairs(dict(list(words.items())[:1]))


def joined(words: Words) -> dict[str, int]:
    """Use the joined piece as the key."""
    return {
        left + right.removeprefix("##"): count
        for (left, right), count in count_pairs(words).items()
    }


def pieces_counted(words: Words) -> dict[str, int]:
    """Count pieces."""
    found: Counter[str] = Counter()
    for pieces, count in words.items():
        for piece in pieces:
            found[piece] += count
    return dict(found)


def as_list(words: Words) -> list[tuple[tuple[str, str], int]]:
    """Give a sorted list, as most_common does."""
    return Counter(count_pairs(words)).most_common()


def equal_left_out(words: Words) -> Pairs:
    """Leave out pairs of equal pieces."""
    return {pair: n for pair, n in count_pairs(words).items() if pair[0] != pair[1]}


def run(answer: object, case: Case) -> object:
    """Call the answer; in which order a dict was filled is no matter."""
    assert callable(answer)
    found = answer(*case.args)
    try:
        return dict(sorted(found.items())) if isinstance(found, dict) else found
    except TypeError:  # keys that cannot be sorted
        return found


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


EXERCISE = Exercise(
    id="count-pairs",
    chapter=4,
    title="Count neighbouring pieces",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=count_pairs,
    run=run,
    accepted={"index": by_index},
    mutants=[
        Mutant(
            "word frequency ignored",
            types_only,
            "Every word counts once in yours. A pair counts as often as its word "
            "occurs in the corpus: add the word's count, not 1.",
        ),
        Mutant(
            "once a word",
            once_a_word,
            "A pair that stands twice in a word, as in banana, is counted once. Count "
            "every position.",
        ),
        Mutant(
            "no neighbours",
            all_pairs,
            "Pieces are paired that do not stand side by side. Only neighbours can be "
            "joined.",
        ),
        Mutant(
            "order forgotten",
            unordered,
            "The pair (a, b) and the pair (b, a) are counted together. Left and right "
            "matter: they join to different pieces.",
        ),
        Mutant(
            "across words",
            across_words,
            "The last piece of a word is paired with the first of the next. Pieces "
            "never cross a word's end.",
        ),
        Mutant(
            "steps of two",
            not_overlapping,
            "You step over two pieces at a time, so every second pair is missing. "
            "Pairs overlap: (1, 2), (2, 3), (3, 4).",
        ),
        Mutant(
            "last pair missing",
            last_forgotten,
            "The last pair of each word is missing. A word of n pieces has n - 1 "
            "pairs.",
        ),
        Mutant(
            "overwritten",
            overwritten,
            "A pair that stands in several words, or twice in one, has the count of "
            "the last position only. Add to what is there: +=.",
        ),
        Mutant(
            "first word only",
            lists_of_words,
            "Only the pairs of the first word are counted. Go through all words before "
            "you return.",
        ),
        Mutant(
            "joined keys",
            joined,
            "The keys are the joined pieces. The keys are pairs, (left, right): "
            "different pairs can join to the same text.",
        ),
        Mutant(
            "pieces counted",
            pieces_counted,
            "These are counts of single pieces. Count two neighbours at a time.",
        ),
        Mutant(
            "a list",
            as_list,
            "This is a list. Return a dict: pair -> count.",
        ),
        Mutant(
            "equal pieces left out",
            equal_left_out,
            "A piece that stands beside itself makes a pair too.",
        ),
    ],
    cases=cases,
    hints=(
        "A word of n pieces has n - 1 neighbouring pairs.",
        "itertools.pairwise gives them. Add the word's count for each.",
        "A Counter, a loop over words.items(), a loop over pairwise(pieces).",
    ),
)
