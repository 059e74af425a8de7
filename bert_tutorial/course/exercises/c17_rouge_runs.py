"""Exercise: ROUGE-N of two texts.

Chapter: 17
"""

import random
from collections import Counter

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.tasks.summaries.rouge import rouge_words

STUB = '''
def rouge_runs(candidate: str, reference: str, n: int) -> tuple[float, float, float]:
    """Give precision, recall and F1 of the runs of n words that two texts share.

    rouge_words cuts a text into words. A run counts as often as it stands in both.
    All three are 0 where nothing is shared. "the the cat" and "the cat sat", n = 1:
    2 of 3 and 2 of 3, so 0.667 each.
    """
    raise NotAttempted
'''


def rouge_runs(candidate: str, reference: str, n: int) -> tuple[float, float, float]:
    """Count with the smaller of the two counts of each run."""
    counts = []
    for text in (candidate, reference):
        words = rouge_words(text)
        runs = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        counts.append(Counter(runs))
    shared = sum((counts[0] & counts[1]).values())
    if shared == 0:
        return 0.0, 0.0, 0.0
    precision = shared / sum(counts[0].values())
    recall = shared / sum(counts[1].values())
    return precision, recall, 2 * precision * recall / (precision + recall)


def crossing_out(candidate: str, reference: str, n: int) -> tuple[float, float, float]:
    """Cross every run that is used out of a list."""
    ours, theirs = (
        runs_of(rouge_words(candidate), n),
        runs_of(rouge_words(reference), n),
    )
    left = list(theirs)
    for run in ours:
        if run in left:
            left.remove(run)
    return shares(len(theirs) - len(left), len(ours), len(theirs))


def runs_of(words: list[str], n: int) -> list[tuple[str, ...]]:
    """List all runs of n words."""
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def shares(shared: int, ours: int, theirs: int) -> tuple[float, float, float]:
    """Turn counts into shares."""
    if not shared:
        return 0.0, 0.0, 0.0
    p, r = shared / ours, shared / theirs
    return p, r, 2 * p * r / (p + r)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Repeated words on either side, capitals, nothing shared, drawn texts."""
    rng = random.Random(seed)
    drawn = [" ".join(rng.choices("abcd", k=k)) for k in (9, 5)]
    return [
        Case(("the the the cat", "the cat sat", 1), "a repeated word"),
        Case(("the cat", "the cat and the dog", 1), "a short candidate"),
        Case(("Paris, France.", "it is paris france", 2), "pairs, capitals"),
        Case(("a b", "c d", 1), "nothing shared"),
        Case(("a", "a", 2), "texts shorter than n"),
        Case((*drawn, 1), "drawn words"),
        Case((*drawn, 2), "drawn words, pairs"),
        Case(("", "a b", 1), "an empty text"),
        Case((*drawn, 3), "drawn words, runs of three"),
        Case(("no where", "now here", 2), "other words, the same letters"),
    ]


MISTAKES = """
unclipped: (counts[0] & counts[1]).values() =>
| k for run, k in counts[0].items() if run in counts[1]
    Every run of the candidate that occurs at all is counted, so repeating a good word
    pays: "the the the" would be perfect. Clip the count.
sets: Counter(runs) => Counter(set(runs))
    Each run counts once, however often it stands there. Use counts instead of sets,
    above and below.
sets above only: sum((counts[0] & counts[1]).values()) => len(counts[0] & counts[1])
    A run that stands several times in both texts is shared once in yours. Add up the
    counts that both have.
precision as F1: 2 * precision * recall / (precision + recall) => precision
    Your third number is the precision: who writes one right word has 1.
recall as F1: 2 * precision * recall / (precision + recall) => recall
    Your third number is the recall: who copies the whole document has 1.
plain mean: 2 * precision * recall / (precision + recall) => (precision + recall) / 2
    Your third number is the plain mean. F1 is the harmonic one, 2pr / (p + r): it stays
    low while one of them is.
beta: 2 * precision * recall / (precision + recall) =>
| 5 * precision * recall / (4 * precision + recall)
    Your third number weighs the recall more (an F with beta 2). Here both count alike:
    2pr / (p + r).
swapped: (candidate, reference): => (reference, candidate):
    Precision and recall are exchanged. Precision divides by the runs of the candidate,
    recall by those of the reference.
case kept: rouge_words(text) => text.split()
    The texts are cut at spaces, so "Paris," is not "paris". Cut them with rouge_words.
single words: … => return right(candidate, reference, 1)
    You always compare single words. A run has n words, as they follow.
last run missing: len(words) - n + 1 => len(words) - n
    The last run of each text is missing. There are len(words) - n + 1 of them.
short runs at the end: range(len(words) - n + 1) => range(len(words))
    The slices at the end are shorter than n, and are no runs of n words.
runs written together: tuple(words[i:i + n]) => ''.join(words[i:i + n])
    The words of a run are written together, so "no where" and "now here" become one.
    Keep them apart, in a tuple.
divided by the words:
- sum(counts[0].values()) => len(rouge_words(candidate))
- sum(counts[1].values()) => len(rouge_words(reference))
    The shared runs are divided by the number of words. Divide by the number of runs,
    which is smaller for n above 1.
0 by 0: if shared == 0 => if False
    Where nothing is shared, precision and recall are 0, and their harmonic mean is 0 by
    0. Give 0 for all three.
F1 alone: … => return right(candidate, reference, n)[2]
    Only F1 is returned. Precision, recall and F1 are asked for, in this order.
runs side by side: range(len(words) - n + 1) => range(0, len(words) - n + 1, n)
    The runs do not overlap in yours, so only every n-th is counted. A run begins at
    each word.
"""

EXERCISE = Exercise(
    id="rouge-runs",
    chapter=17,
    title="ROUGE-N",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=rouge_runs,
    accepted={"crossing out": crossing_out},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Make the runs of both texts, count them, compare the counts.",
        "words[i : i + n] for every i at which n words are left; Counter counts them.",
        "Counter(a) & Counter(b) keeps the smaller count of each run.",
    ),
)
