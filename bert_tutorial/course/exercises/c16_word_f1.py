"""Exercise: F1 of an answer's words, as SQuAD counts it.

Chapter: 16
"""

import re
import string
from collections import Counter

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def word_f1(prediction: str, answer: str) -> float:
    """Give 2 x common words / (words of one + words of the other).

    First normalise both: lower the letters, delete ASCII punctuation
    (string.punctuation), then replace the words a, an and the by a blank, then split at
    blanks. "the-end" becomes "theend". A word counts as often as it stands in both.
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


def shared(guessed: list[str], right: list[str]) -> float:
    """Give F1 of two lists of words."""
    common = sum((Counter(guessed) & Counter(right)).values())
    return 2 * common / (len(guessed) + len(right)) if common else 0.0


def with_precision_and_recall(prediction: str, answer: str) -> float:
    """Take the harmonic mean."""
    guessed, right = words(prediction), words(answer)
    common = (Counter(guessed) & Counter(right)).total()
    if not common:
        return 0.0
    precision, recall = common / len(guessed), common / len(right)
    return 2 * precision * recall / (precision + recall)


def with_sets(prediction: str, answer: str) -> float:
    """Count each word once."""
    guessed, right = set(words(prediction)), set(words(answer))
    common = len(guessed & right)
    return 2 * common / (len(guessed) + len(right)) if common else 0.0


def punctuation_kept(prediction: str, answer: str) -> float:
    """Leave commas and points at the words."""
    first, second = (
        re.sub(r"\b(a|an|the)\b", " ", text.lower()).split()
        for text in (prediction, answer)
    )
    return shared(first, second)


def articles_inside(prediction: str, answer: str) -> float:
    """Delete the letters wherever they stand."""
    first, second = (
        re.sub(r"(an|a|the)", "", " ".join(words(text))).split()
        for text in (prediction, answer)
    )
    return shared(first, second)


def articles_first(prediction: str, answer: str) -> float:
    """Drop articles before punctuation."""
    first, second = (
        "".join(
            c
            for c in re.sub(r"\b(a|an|the)\b", " ", text.lower())
            if c not in string.punctuation
        ).split()
        for text in (prediction, answer)
    )
    return shared(first, second)


def precision_only(prediction: str, answer: str) -> float:
    """Divide by the guessed words only."""
    guessed, right = words(prediction), words(answer)
    common = (Counter(guessed) & Counter(right)).total()
    return common / len(guessed) if guessed else 0.0


def punctuation_to_blank(prediction: str, answer: str) -> float:
    """Put a blank where punctuation was."""
    first, second = (
        words("".join(" " if c in string.punctuation else c for c in text))
        for text in (prediction, answer)
    )
    return shared(first, second)


def case_kept(prediction: str, answer: str) -> float:
    """Do not lower the letters."""
    first, second = (
        re.sub(
            r"\b(a|an|the)\b",
            " ",
            "".join(c for c in text if c not in string.punctuation),
        ).split()
        for text in (prediction, answer)
    )
    return shared(first, second)


def all_punctuation(prediction: str, answer: str) -> float:
    """Delete whatever is neither letter nor digit nor underscore."""
    first, second = (
        re.sub(r"\b(a|an|the)\b", " ", re.sub(r"[^\w\s]", "", text.lower())).split()
        for text in (prediction, answer)
    )
    return shared(first, second)


def every_hit(prediction: str, answer: str) -> float:
    """Count each predicted word that is there."""
    guessed, right = words(prediction), words(answer)
    common = sum(word in right for word in guessed)
    return 2 * common / (len(guessed) + len(right)) if common else 0.0


def recall_only(prediction: str, answer: str) -> float:
    """Divide by the right words only."""
    guessed, right = words(prediction), words(answer)
    common = (Counter(guessed) & Counter(right)).total()
    return common / len(right) if right else 0.0


def by_zero(prediction: str, answer: str) -> float:
    """Divide in any case."""
    guessed, right = words(prediction), words(answer)
    return 2 * (Counter(guessed) & Counter(right)).total() / (len(guessed) + len(right))


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


EXERCISE = Exercise(
    id="word-f1",
    chapter=16,
    title="F1 of an answer's words",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=word_f1,
    accepted={"precision and recall": with_precision_and_recall},
    mutants=[
        Mutant(
            "sets of words",
            with_sets,
            "You count each word once. A word counts as often as it stands in both: "
            "Counter(...) & Counter(...), not set(...) & set(...).",
        ),
        Mutant(
            "punctuation kept",
            punctuation_kept,
            "'Riga.' and 'riga' are the same answer. Delete what is in "
            "string.punctuation before you split.",
        ),
        Mutant(
            "articles inside words",
            articles_inside,
            "You delete 'the' and 'a' inside words, too: 'theatre' becomes 'tre'. "
            r"Only whole words are articles: \b on both sides.",
        ),
        Mutant(
            "articles before punctuation",
            articles_first,
            "You drop articles before punctuation. Then 'the-end' becomes 'end'; in "
            "the official order it becomes 'theend'. Scores compare only in one order.",
        ),
        Mutant(
            "precision only",
            precision_only,
            "You divide by the predicted words only. That is precision: it praises one "
            "right word out of ten that were wanted. F1 counts the words of both.",
        ),
        Mutant(
            "a blank for punctuation",
            punctuation_to_blank,
            "You put a blank where punctuation was: 'U.S.' becomes two words. The "
            "official script deletes it.",
        ),
        Mutant(
            "capital letters kept",
            case_kept,
            "'Riga' and 'riga' are the same answer. Lower the letters first.",
        ),
        Mutant(
            "more than ASCII punctuation",
            all_punctuation,
            "You delete other signs than those in string.punctuation: it has "
            "ASCII signs only, the underscore among them.",
        ),
        Mutant(
            "every hit counted",
            every_hit,
            "A predicted word counts each time that the answer has it at all, so "
            "that repeating pays. It counts as often as it stands in both.",
        ),
        Mutant(
            "recall only",
            recall_only,
            "You divide by the words of the answer only. That is recall: it "
            "praises a prediction of the whole text. F1 counts the words of both.",
        ),
        Mutant(
            "division by zero",
            by_zero,
            "Without any word on both sides you divide by zero. Give 0.0.",
        ),
    ],
    cases=cases,
    hints=(
        "Two steps: bring both texts to lists of words, then count.",
        "Order: lower, punctuation away, articles away, split. Then Counters.",
        "(Counter(a) & Counter(b)).total() is the number of common words.",
    ),
)
