"""Exercise: which words the uncased normaliser makes the same.

Chapter: 21
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.languages import merged_words, one_form

STUB = '''
def merged_words(words: Iterable[str]) -> list[list[str]]:
    """Find different words that the uncased normaliser makes the same.

    Compare words in one form and in lower case: one_form(word) does both, and keeps the
    accents. So the same word typed in two ways, or with a capital letter, is not two.
    " ".join(split_words(word, CharacterTable())) is what the normaliser makes of it.

    Gives groups of two or more words in their one form; each group sorted, and the
    groups sorted. "résumé", "resume" and "Resume" give [["resume", "résumé"]].
    """
    raise NotAttempted
'''


def grouped(
    words: Iterable[str],
    key: Callable[[str], str],
    form: Callable[[str], str],
    least: int,
) -> list[list[str]]:
    """Group words by a key, written in a form, and keep groups of a size."""
    groups: dict[str, set[str]] = defaultdict(set)
    for word in words:
        groups[key(word)].add(form(word))
    return sorted(sorted(group) for group in groups.values() if len(group) >= least)


def without_marks(word: str) -> str:
    """Drop what is a mark in the decomposed form."""
    letters = unicodedata.normalize("NFD", word.lower())
    return "".join(c for c in letters if unicodedata.category(c) != "Mn")


def by_category(words: Iterable[str]) -> list[list[str]]:
    """Strip the marks with Unicode's own tables."""
    return grouped(words, without_marks, one_form, 2)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Pairs in two scripts, two forms, a capital, a word alone; no pair at all."""
    twice = [unicodedata.normalize(form, "νόμος") for form in ("NFC", "NFD")]
    return [
        Case((["résumé", "resume", "Resume"],), "résumé, resume, Resume"),
        Case((["νόμος", "νομός", "πόλη"],), "νόμος, νομός, πόλη"),
        Case((twice,), "one word in two of Unicode's forms"),
        Case((["Paris", "paris", "Rome"],), "Paris, paris, Rome"),
        Case((["μα", "με", "ok"],), "three short words without marks"),
        Case((["schön", "schon", "pêche", "péché", "Schön"],), "two groups"),
        Case(([],), "no words"),
        Case((["zebra", "zébra", "até", "ate", "zebra"],), "groups in another order"),
        Case((["cote", "côte", "coté", "côté"],), "four words that become one"),
        Case((["d'été", "d'ete", "d'eau"],), "words with a mark inside"),
    ]


MISTAKES = """
two forms, two words: one_form(word)) => word.lower())
    You count one word in two of Unicode's forms as two. They are the same text, typed
    in two ways: put one_form(word) into the group.
a capital, another word: one_form(word)) => unicodedata.normalize('NFC', word))
    You count a capital letter as another word. Here only lost accents are to count:
    one_form lowers, too.
marks inside letters kept: ' '.join(split_words(word, table)) =>
| ''.join(c for c in one_form(word) if not unicodedata.combining(c))
    In the composed form (NFC) an accent is part of its letter and cannot be dropped by
    itself. The normaliser takes letters apart first.
words alone: len(group) > 1 => group
    You also give groups of one word. Nothing was merged there: ask for two or more.
only ASCII left: ' '.join(split_words(word, table)) =>
| unicodedata.normalize('NFD', word.lower()).encode('ascii', 'ignore').decode()
    You throw away every letter outside ASCII. Then all Greek words are the empty word.
    The normaliser drops marks, and keeps letters.
accents lost in the result:
- return => return sorted([' '.join(split_words(one[0], table))] * len(one) for one in
|     right(words))
|     return
    You give the words without their accents, so nobody sees which words were merged.
    Put one_form(word) into the group.
a word counted twice:
- defaultdict(set) => defaultdict(list)
- .add( => .append(
    The same word, met twice, makes a group. Put the words into a set.
nothing sorted:
- defaultdict(set) => defaultdict(dict)
- .add(one_form(word)) => [one_form(word)] = 1
- sorted((sorted(group) for group in groups.values() if len(group) > 1)) =>
| [list(group) for group in groups.values() if len(group) > 1]
    The groups come in the order of the words. Sort each, and then all of them.
groups not sorted:
- sorted((sorted(group) for group in groups.values() if len(group) > 1)) =>
| [sorted(group) for group in groups.values() if len(group) > 1]
    Each group is sorted, and the groups are not. Sort both.
first words only: ' '.join(split_words(word, table)) => split_words(word, table)[0]
    Only what stands before the first punctuation mark is compared, so that "d'été" and
    "d'eau" are in one group. Join all that split_words gives.
pairs only: return … => pairs = right(words)
|     return [[a, b] for one in pairs for i, a in enumerate(one) for b in one[i + 1:]]
    Three words that become one are a group of three, not three pairs.
"""

EXERCISE = Exercise(
    id="merged-words",
    chapter=21,
    title="Words that an uncased model cannot tell apart",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=merged_words,
    accepted={"by Unicode category": by_category},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "A dict: what the normaliser makes of a word -> the words that become it.",
        "defaultdict(set), so that the same word counts once.",
        "groups[normalised].add(one_form(word)); keep those with len(group) > 1.",
    ),
)
