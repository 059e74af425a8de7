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
    "Paris is the capital of [MASK]." A word may end in a mark, as "U.S." and "C++" do;
    "hen" is no word of "kitchen".
    """
    raise NotAttempted
'''


def hide(sentence: str, word: str) -> str:
    """Replace the first occurrence of a word with [MASK]."""
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "[MASK]", sentence, count=1)


def by_words(sentence: str, word: str) -> str:
    """Look at what stands before and behind each find."""
    start = sentence.find(word)
    while start >= 0:
        before, after = sentence[:start], sentence[start + len(word) :]
        edges = before[-1:] + after[:1]
        if not any(char.isalnum() or char == "_" for char in edges):
            return before + "[MASK]" + after
        start = sentence.find(word, start + 1)
    return sentence


def everywhere(sentence: str, word: str) -> str:
    """Replace every occurrence."""
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "[MASK]", sentence)


def between_letters(sentence: str, word: str) -> str:
    """Ask for an edge between letter and other, which a mark's end is not."""
    return re.sub(rf"\b{re.escape(word)}\b", "[MASK]", sentence, count=1)


def front_only(sentence: str, word: str) -> str:
    """Ask for an edge in front only."""
    return re.sub(rf"(?<!\w){re.escape(word)}", "[MASK]", sentence, count=1)


def end_only(sentence: str, word: str) -> str:
    """Ask for an edge behind only."""
    return re.sub(rf"{re.escape(word)}(?!\w)", "[MASK]", sentence, count=1)


def not_escaped(sentence: str, word: str) -> str:
    """Take the word for a pattern."""
    return re.sub(rf"(?<!\w){word}(?!\w)", "[MASK]", sentence, count=1)


def any_case(sentence: str, word: str) -> str:
    """Take capitals for small letters."""
    edges = rf"(?<!\w){re.escape(word)}(?!\w)"
    return re.sub(edges, "[MASK]", sentence, count=1, flags=re.IGNORECASE)


def runs_of_letters(sentence: str, word: str) -> str:
    """Compare with runs of letters."""
    for found in re.finditer(r"\w+", sentence):
        if found.group() == word:
            return sentence[: found.start()] + "[MASK]" + sentence[found.end() :]
    return sentence


def the_last(sentence: str, word: str) -> str:
    """Hide the last occurrence."""
    found = list(re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", sentence))
    if not found:
        return sentence
    return sentence[: found[-1].start()] + "[MASK]" + sentence[found[-1].end() :]


def inside_words(sentence: str, word: str) -> str:
    """Replace letters, also inside a longer word."""
    return sentence.replace(word, "[MASK]", 1)


def all_letters(sentence: str, word: str) -> str:
    """Replace letters everywhere."""
    return sentence.replace(word, "[MASK]")


def loses_the_stop(sentence: str, word: str) -> str:
    """Split at blanks, so that the word keeps its full stop."""
    words = sentence.split()
    positions = [i for i, w in enumerate(words) if w.strip(".,") == word]
    for i in positions[:1]:
        words[i] = "[MASK]"
    return " ".join(words)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One word, one that comes twice, one inside another, capitals, marks."""
    return [
        Case(("Paris is the capital of France.", "France"), "one word"),
        Case(("The dog barks at the dog.", "dog"), "a word that comes twice"),
        Case(("In the kitchen sits a hen.", "hen"), "a word inside another"),
        Case(("The cat sleeps, the dog barks.", "cat"), "a word at the front"),
        Case(("The cat sleeps.", "owl"), "a word that is not there"),
        Case(("A henna pot, a then, and a hen.", "hen"), "a word inside two others"),
        Case(("The Turkey is no turkey.", "turkey"), "the same word with a capital"),
        Case(("The U.S. is larger than USA.", "U.S."), "a word that ends in a mark"),
        Case(("UPS. is not in the U.S.", "U.S."), "a full stop stands for itself"),
        Case(("She writes C++ and C.", "C++"), "a word that ends in two marks"),
        Case(("C++17 came after C++.", "C++"), "marks inside a longer word"),
        Case(("A state-of-the-art tool.", "art"), "a word behind a hyphen"),
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
            "A word ends where no letter follows: (?!\\w) in a regular expression, "
            "and (?<!\\w) in front.",
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
        Mutant(
            r"\b behind a mark",
            between_letters,
            "Right for words of letters. \\b is the edge between a letter and "
            'something else: between the last mark of "U.S." or "C++" and a blank '
            "there is none. Ask that no letter stands before, (?<!\\w), and none "
            "behind, (?!\\w).",
        ),
        Mutant(
            "edge in front only",
            front_only,
            'The front of the word is asked for and its end is not: "henna" begins '
            'with "hen". Ask for both edges.',
        ),
        Mutant(
            "edge behind only",
            end_only,
            'The end of the word is asked for and its front is not: "then" ends in '
            '"hen". Ask for both edges.',
        ),
        Mutant(
            "not escaped",
            not_escaped,
            "The marks of the word are read as signs of the pattern: a full stop then "
            "stands for any character, a plus for repetition. re.escape(word) takes "
            "them for themselves.",
        ),
        Mutant(
            "any case",
            any_case,
            '"Turkey" is hidden where "turkey" was asked for. Capitals count.',
        ),
        Mutant(
            "runs of letters",
            runs_of_letters,
            "The word is compared with runs of letters, and one that ends in a mark, "
            'such as "U.S." or "C++", is no such run. Search for the word itself and '
            "look at what stands before and behind it.",
        ),
        Mutant(
            "last one",
            the_last,
            "The last occurrence is hidden. The first one is asked for.",
        ),
    ],
    cases=cases,
    hints=(
        "str.replace finds letters, not words. Where does that go wrong?",
        "A regular expression can ask for the edges of a word: (?<!\\w) says that no "
        "letter stands before, (?!\\w) that none follows.",
        "re.sub(pattern, new, sentence, count=1), with re.escape(word) in the pattern.",
    ),
)
