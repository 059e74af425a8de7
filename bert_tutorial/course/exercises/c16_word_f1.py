"""Exercise: F1 of an answer's words, as SQuAD counts it.

Chapter: 16
"""

import re
import string
from collections import Counter

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def word_f1(prediction: str, answer: str) -> float:
    """Give 2 x common words / (words of one + words of the other).

    First normalise both: make the letters lowercase, delete ASCII punctuation
    (string.punctuation), then replace the words a, an and the by a space, then split at
    whitespace. "the-end" becomes "theend". A word counts as often as it stands in both.
    0.0 if they share none; "The Tom, tom" and "tom" give 2 / 3.
    """
    raise NotAttempted
'''


def word_f1(prediction: str, answer: str) -> float:
    """Normalise both, then count what they share."""
    counts = []
    for text in (prediction, answer):
        kept = "".join(c for c in text.lower() if c not in string.punctuation)
        counts.append(Counter(re.sub(r"\b(a|an|the)\b", " ", kept).split()))
    common = (counts[0] & counts[1]).total()
    return 2 * common / (counts[0].total() + counts[1].total()) if common else 0.0


def words(text: str) -> list[str]:
    """Normalise rightly."""
    kept = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def with_precision_and_recall(prediction: str, answer: str) -> float:
    """Take the harmonic mean."""
    guessed, right = words(prediction), words(answer)
    common = (Counter(guessed) & Counter(right)).total()
    if not common:
        return 0.0
    precision, recall = common / len(guessed), common / len(right)
    return 2 * precision * recall / (precision + recall)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Pairs in which each mistake shows."""
    pairs = [
        ("The Tom, tom", "tom"),
        ("tom tom anna", "tom tom"),
        ("the-end", "end"),
        ("the-end", "theend"),
        ("Riga.", "riga"),
        ("theatre", "an atre"),
        ("a panda", "pnd"),
        ("in the old town of Riga", "old town"),
        ("red", "blue"),
        ("the", "an"),
        ("U.S. dollars", "US dollars"),
        ("\u201cred\u201d", "red"),
        ("snake_case", "snakecase"),
        ("", "red"),
        ("", ""),
    ]
    return [Case(pair, f"{pair[0]!r} and {pair[1]!r}") for pair in pairs]


MISTAKES = r"""
sets of words: Counter(re.sub('\\b(a|an|the)\\b', ' ', kept).split()) =>
| Counter(set(re.sub('\\b(a|an|the)\\b', ' ', kept).split()))
    You count each word once. A word counts as often as it stands in both: Counter(...)
    & Counter(...), not set(...) & set(...).
punctuation kept: if c not in string.punctuation =>
    'Riga.' and 'riga' are the same answer. Delete what is in string.punctuation before
    you split.
articles inside words: '\\b(a|an|the)\\b', ' ', kept =>
| '(an|a|the)', '', ' '.join(re.sub('\\b(a|an|the)\\b', ' ', kept).split())
    You delete 'the' and 'a' inside words, too: 'theatre' becomes 'tre'. Only whole
    words are articles: \b on both sides.
articles cut out anywhere: '\\b(a|an|the)\\b' => '(an|a|the)'
    = articles inside words
articles before punctuation:
- text.lower() if => re.sub('\\b(a|an|the)\\b', ' ', text.lower()) if
    You drop articles before punctuation. Then 'the-end' becomes 'end'; in the official
    order it becomes 'theend'. Scores compare only in one order.
precision only: 2 * common / (counts[0].total() + counts[1].total()) if common =>
| common / counts[0].total() if common
    You divide by the predicted words only. That is precision: it praises one right word
    out of ten that were wanted. F1 counts the words of both.
a blank for punctuation: c for c in text.lower() if c not in string.punctuation =>
| ' ' if c in string.punctuation else c for c in text.lower()
    You put a blank where punctuation was: 'U.S.' becomes two words. The official script
    deletes it.
capital letters kept: text.lower() => text
    'Riga' and 'riga' are the same answer. Lower the letters first.
more than ASCII punctuation:
- ''.join((c for c in text.lower() if c not in string.punctuation)) =>
| re.sub('[^\\w\\s]', '', text.lower())
    You delete other signs than those in string.punctuation: it has ASCII signs only,
    the underscore among them.
every hit counted: (counts[0] & counts[1]).total() =>
| sum(n for word, n in counts[0].items() if word in counts[1])
    A predicted word counts each time that the answer has it at all, so that repeating
    pays. It counts as often as it stands in both.
recall only: 2 * common / (counts[0].total() + counts[1].total()) if common =>
| common / counts[1].total() if common
    You divide by the words of the answer only. That is recall: it praises a prediction
    of the whole text. F1 counts the words of both.
division by zero: if common else 0.0 =>
    Without any word on both sides you divide by zero. Give 0.0.
articles kept: re.sub('\\b(a|an|the)\\b', ' ', kept) => kept
    The articles a, an and the are still there. They are replaced by a blank before the
    words are compared.
1 for nothing at all: … => result = right(prediction, answer)
|     is_empty = not right(prediction, prediction) and not right(answer, answer)
|     return 1.0 if is_empty else result
    Where neither has a word left, yours gives 1. They share no word: 0.0.
same or not: … => return float(right(prediction, answer) == 1.0)
    Only answers that are quite the same count. F1 counts the words that both have.
"""

EXERCISE = Exercise(
    id="word-f1",
    chapter=16,
    title="F1 of an answer's words",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=word_f1,
    accepted={"precision and recall": with_precision_and_recall},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Two steps: bring both texts to lists of words, then count.",
        "Order: lower, punctuation away, articles away, split. Then Counters.",
        "(Counter(a) & Counter(b)).total() is the number of common words.",
    ),
)
