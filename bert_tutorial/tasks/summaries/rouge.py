"""ROUGE: how many words, pairs of words and sequences two texts share (Lin 2004).

A text is cut into runs of letters and digits with their marks (`text_words`), in lower
case; nothing is stemmed. These are the numbers of the package `rouge-score` without its
stemmer, which keeps only the letters a to z: texts in other alphabets have words here
and none there.

Chapter: 17
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from bert_tutorial.tasks.words import text_words

__all__ = [
    "Score",
    "longest_common_subsequence",
    "rouge",
    "rouge_l",
    "rouge_l_of_sentences",
    "rouge_n",
    "rouge_words",
]


class Score(NamedTuple):
    """Shares from 0 to 1.

    `precision` is the shared part of the candidate, `recall` the shared part of the
    reference, `f1` their harmonic mean.
    """

    precision: float
    recall: float
    f1: float


def rouge_words(text: str) -> list[str]:
    """Cut a text into the words that ROUGE counts.

    Raises:
        ValueError: if it is not a text.

    Example:
        >>> rouge_words("It's 10 a.m., isn't it?")
        ['it', 's', '10', 'a', 'm', 'isn', 't', 'it']
    """
    if not isinstance(text, str):
        raise ValueError(f"ROUGE compares texts, got {type(text).__name__} {text!r}")
    return text_words(text.lower())


def score(shared: int, in_candidate: int, in_reference: int) -> Score:
    """Turn three counts into shares; all are 0 where nothing is shared."""
    if not shared:
        return Score(0.0, 0.0, 0.0)
    precision, recall = shared / in_candidate, shared / in_reference
    return Score(precision, recall, 2 * precision * recall / (precision + recall))


def rouge_n(candidate: str, reference: str, n: int) -> Score:
    """Count the runs of n words that both texts have.

    A run counts as often as it stands in both: who repeats a word of the reference
    gains nothing by it (the counts are clipped).

    Args:
        candidate: the summary to be judged.
        reference: the summary that it is judged by.
        n: 1 for words, 2 for pairs.

    Example:
        >>> rouge_n("the the the cat", "the cat sat", 1)
        Score(precision=0.5, recall=0.6666666666666666, f1=0.5714285714285715)
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    counts = []
    for text in (candidate, reference):
        words = rouge_words(text)
        runs = zip(*(words[i:] for i in range(n)), strict=False)
        counts.append(Counter(runs))
    shared = (counts[0] & counts[1]).total()  # the smaller count of each run
    return score(shared, counts[0].total(), counts[1].total())


def lcs_table(a: Sequence[str], b: Sequence[str]) -> list[list[int]]:
    """Fill in the length of the longest common subsequence of every two beginnings."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a, 1):
        above, row = table[i - 1], table[i]
        for j, y in enumerate(b, 1):
            row[j] = above[j - 1] + 1 if x == y else max(above[j], row[j - 1])
    return table


def longest_common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Give the length of the longest sequence that stands in both, gaps allowed.

    Example:
        >>> longest_common_subsequence("a b c d".split(), "a c x d".split())
        3
    """
    return lcs_table(a, b)[-1][-1]


def rouge_l(candidate: str, reference: str) -> Score:
    """Compare two texts, each taken as one sentence, by their common subsequence."""
    a, b = rouge_words(candidate), rouge_words(reference)
    return score(longest_common_subsequence(a, b), len(a), len(b))


def matched(reference: Sequence[str], candidate: Sequence[str]) -> set[int]:
    """Say which words of the reference a longest common subsequence uses.

    Of several equally long ones it is the one found from the end by leaving out a
    word of the candidate only where that is longer.
    """
    table = lcs_table(reference, candidate)
    i, j = len(reference), len(candidate)
    found: set[int] = set()
    while i and j:
        if reference[i - 1] == candidate[j - 1]:
            found.add(i - 1)
            i, j = i - 1, j - 1
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return found


def rouge_l_of_sentences(candidate: Sequence[str], reference: Sequence[str]) -> Score:
    """Compare two summaries sentence by sentence (Lin 2004, section 3.2).

    Each sentence of the reference meets every sentence of the candidate; the words
    that any of them matches count, each as often as it stands in both summaries.
    Reported figures for CNN/DailyMail are of this kind.
    """
    ours = [rouge_words(sentence) for sentence in candidate]
    theirs = [rouge_words(sentence) for sentence in reference]
    left = Counter(w for s in ours for w in s) & Counter(w for s in theirs for w in s)
    shared = 0
    for sentence in theirs:
        union = {i for other in ours for i in matched(sentence, other)}
        for i in sorted(union):
            if left[sentence[i]]:
                left[sentence[i]] -= 1
                shared += 1
    return score(shared, sum(map(len, ours)), sum(map(len, theirs)))


def rouge(
    candidate: str | Sequence[str], reference: str | Sequence[str]
) -> dict[str, Score]:
    """Give all four scores of a summary.

    Args:
        candidate: its sentences, or one text with a sentence a line.
        reference: the same of the summary that it is judged by.

    Returns:
        "rouge1" and "rouge2" (`rouge_n`), "rougeL" (`rouge_l`) and "rougeLsum"
        (`rouge_l_of_sentences`).
    """
    sides = [
        side.split("\n") if isinstance(side, str) else list(side)
        for side in (candidate, reference)
    ]
    mine, right = ("\n".join(side) for side in sides)
    return {
        "rouge1": rouge_n(mine, right, 1),
        "rouge2": rouge_n(mine, right, 2),
        "rougeL": rouge_l(mine, right),
        "rougeLsum": rouge_l_of_sentences(*sides),
    }
