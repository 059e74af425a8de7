"""Exercise: hide a word of a sentence behind [MASK].

Chapter: 0
"""

import re

import torch

from bert_tutorial.course.check import Case, Exercise, Mutant

STUB = '''
def hide(sentence: str, word: str) -> str:
    """Replace the first occurrence of a word with [MASK].

    hide("Paris is the capital of France.", "France") gives
    "Paris is the capital of [MASK]."
    """
    raise NotAttempted
'''


def hide(sentence: str, word: str) -> str:
    """Replace the first occurrence of a word with [MASK]."""
    return re.sub(rf"\b{re.escape(word)}\b", "[MASK]", sentence, count=1)


def by_words(sentence: str, word: str) -> str:
    """Walk over the words."""
    for found in re.finditer(r"\w+", sentence):
        if found.group() == word:
            return sentence[: found.start()] + "[MASK]" + sentence[found.end() :]
    return sentence


def everywhere(sentence: str, word: str) -> str:
    """Replace every occurrence."""
    return re.sub(rf"\b{re.escape(word)}\b", "[MASK]", sentence)


def inside_words(sentence: str, word: str) -> str:
    """Replace letters, also inside a longer word."""
    return sentence.replace(word, "[MASK]", 1)


def all_letters(sentence: str, word: str) -> str:
    """Replace letters everywhere."""
    return sentence.replace(word, "[MASK]")


def loses_the_stop(sentence: str, word: str) -> str:
    """Split at blanks, so that the word keeps its full stop."""
    words = sentence.split()
    places = [i for i, w in enumerate(words) if w.strip(".,") == word]
    for i in places[:1]:
        words[i] = "[MASK]"
    return " ".join(words)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One word, a word that comes twice, a word inside another one."""
    return [
        Case(("Paris is the capital of France.", "France"), "one word"),
        Case(("The dog barks at the dog.", "dog"), "a word that comes twice"),
        Case(("In the kitchen sits a hen.", "hen"), "a word inside another"),
        Case(("The cat sleeps, the dog barks.", "cat"), "a word at the front"),
        Case(("The cat sleeps.", "owl"), "a word that is not there"),
    ]


EXERCISE = Exercise(
    id="hide",
    chapter=0,
    title="Hide a word",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=hide,
    accepted={"walk over the words": by_words},
    mutants=[
        Mutant(
            "everywhere",
            everywhere,
            "Every occurrence is hidden. Only the first one is asked for: re.sub "
            "takes a count.",
        ),
        Mutant(
            "inside words",
            inside_words,
            'The word is also found inside another one: "hen" stands in "kitchen". '
            "A word ends where no letter follows; in a regular expression that "
            "edge is \\b.",
        ),
        Mutant(
            "all letters",
            all_letters,
            "Two slips: every occurrence is hidden, and also those inside another "
            "word. Ask for a count of one and for the edge of a word.",
        ),
        Mutant(
            "full stop lost",
            loses_the_stop,
            "The punctuation after the word is gone: splitting at blanks keeps the "
            "stop with the word. Replace the word alone.",
        ),
    ],
    cases=cases,
    hints=(
        "str.replace finds letters, not words. Where does that go wrong?",
        "A regular expression can ask for the edges of a word: re.sub with \\b on "
        "both sides.",
        "re.sub(pattern, new, sentence, count=1), with re.escape(word) in the pattern.",
    ),
)
