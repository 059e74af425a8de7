"""Exercise: which words the uncased normaliser makes the same.

Chapter: 21
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.labs.languages import merged_words, one_form
from bert_tutorial.tokenization.normalizer import CharacterTable, split_words

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


def normalised(word: str) -> str:
    """Do what the uncased normaliser does."""
    return " ".join(split_words(word, CharacterTable()))


def without_marks(word: str) -> str:
    """Drop what is a mark in the decomposed form."""
    letters = unicodedata.normalize("NFD", word.lower())
    return "".join(c for c in letters if unicodedata.category(c) != "Mn")


def by_category(words: Iterable[str]) -> list[list[str]]:
    """Strip the marks with Unicode's own tables."""
    return grouped(words, without_marks, one_form, 2)


def forms_apart(words: Iterable[str]) -> list[list[str]]:
    """Take two forms of one word for two words."""
    return grouped(words, normalised, str.lower, 2)


def case_apart(words: Iterable[str]) -> list[list[str]]:
    """Take a capital letter for another word."""
    return grouped(words, normalised, lambda w: unicodedata.normalize("NFC", w), 2)


def composed_kept(words: Iterable[str]) -> list[list[str]]:
    """Drop marks without taking letters apart first."""

    def key(word: str) -> str:
        letters = one_form(word)
        return "".join(c for c in letters if not unicodedata.combining(c))

    return grouped(words, key, one_form, 2)


def lone_words(words: Iterable[str]) -> list[list[str]]:
    """Keep groups of one word."""
    return grouped(words, normalised, one_form, 1)


def to_ascii(words: Iterable[str]) -> list[list[str]]:
    """Throw away whatever is not ASCII."""

    def key(word: str) -> str:
        letters = unicodedata.normalize("NFD", word.lower())
        return letters.encode("ascii", "ignore").decode()

    return grouped(words, key, one_form, 2)


def stripped(words: Iterable[str]) -> list[list[str]]:
    """Give the words without their accents."""
    return sorted([normalised(group[0])] * len(group) for group in merged_words(words))


def as_lists(words: Iterable[str]) -> list[list[str]]:
    """Count a word that comes twice as two."""
    groups: dict[str, list[str]] = defaultdict(list)
    for word in words:
        groups[normalised(word)].append(one_form(word))
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def not_sorted(words: Iterable[str]) -> list[list[str]]:
    """Give the groups as they came."""
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for word in words:
        groups[normalised(word)][one_form(word)] = 1
    return [list(group) for group in groups.values() if len(group) > 1]


def groups_not_sorted(words: Iterable[str]) -> list[list[str]]:
    """Sort inside the groups only."""
    return [sorted(group) for group in not_sorted(words)]


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
    ]


EXERCISE = Exercise(
    id="merged-words",
    chapter=21,
    title="Words that an uncased model cannot tell apart",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=merged_words,
    accepted={"by Unicode category": by_category},
    mutants=[
        Mutant(
            "two forms, two words",
            forms_apart,
            "You count one word in two of Unicode's forms as two. They are the same "
            "text, typed in two ways: put one_form(word) into the group.",
        ),
        Mutant(
            "a capital, another word",
            case_apart,
            "You count a capital letter as another word. Here only lost accents are to "
            "count: one_form lowers, too.",
        ),
        Mutant(
            "marks inside letters kept",
            composed_kept,
            "In the composed form (NFC) an accent is part of its letter and cannot be "
            "dropped by itself. The normaliser takes letters apart first.",
        ),
        Mutant(
            "words alone",
            lone_words,
            "You also give groups of one word. Nothing was merged there: ask for two "
            "or more.",
        ),
        Mutant(
            "only ASCII left",
            to_ascii,
            "You throw away every letter outside ASCII. Then all Greek words are the "
            "empty word. The normaliser drops marks, and keeps letters.",
        ),
        Mutant(
            "accents lost in the result",
            stripped,
            "You give the words without their accents, so nobody sees which words were "
            "merged. Put one_form(word) into the group.",
        ),
        Mutant(
            "a word counted twice",
            as_lists,
            "The same word, met twice, makes a group. Put the words into a set.",
        ),
        Mutant(
            "nothing sorted",
            not_sorted,
            "The groups come in the order of the words. Sort each, and then all "
            "of them.",
        ),
        Mutant(
            "groups not sorted",
            groups_not_sorted,
            "Each group is sorted, and the groups are not. Sort both.",
        ),
    ],
    cases=cases,
    hints=(
        "A dict: what the normaliser makes of a word -> the words that become it.",
        "defaultdict(set), so that the same word counts once.",
        "groups[normalised].add(one_form(word)); keep those with len(group) > 1.",
    ),
)
