"""Exercise: hide a word of a sentence behind [MASK].

Chapter: 0
"""

import re

import torch

from bert_tutorial.course.check import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def hide(sentence: str, word: str) -> str:
    """Replace the first occurrence of a word with [MASK].

    hide("Paris is the capital of France.", "France") gives
    "Paris is the capital of [MASK]." A word may end in a mark, as "U.S." and "C++" do;
    "hen" is no word of "kitchen". A sentence without the word stays as it is.
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


MISTAKES = r"""
everywhere: , count=1 =>
    Every occurrence is hidden. Only the first one is asked for: re.sub takes a count.
inside words: … => return sentence.replace(word, '[MASK]', 1)
    The word is also found inside another one: "hen" stands in "kitchen". A word ends
    where no letter follows: (?!\w) in a regular expression, and (?<!\w) in front.
all letters: … => return sentence.replace(word, '[MASK]')
    Two slips: every occurrence is hidden, and also those inside another word. Ask for a
    count of one and for the edge of a word.
full stop lost: … => found = False
|     words = sentence.split()
|     for i, one in enumerate(words):
|         if one.strip('.,') == word and not found:
|             words[i], found = '[MASK]', True
|     return ' '.join(words)
    The punctuation after the word is gone: splitting at blanks keeps the stop with the
    word. Replace the word alone.
\b behind a mark: '(?<!\\w){re.escape(word)}(?!\\w)' => '\\b{re.escape(word)}\\b'
    Right for words of letters. \b is the edge between a letter and something else:
    between the last mark of "U.S." or "C++" and a blank there is none. Ask that no
    letter stands before, (?<!\w), and none behind, (?!\w).
marks stand for an edge: … => front = r'(?<!\w)' if word[0].isalnum() else ''
|     behind = r'(?!\w)' if word[-1].isalnum() else ''
|     return re.sub(front + re.escape(word) + behind, '[MASK]', sentence, count=1)
    Where the word ends in a mark, you do not look at what follows: "C++" is no word of
    "C++17". No letter or digit may stand before it or behind it.
edge in front only: '(?<!\\w){re.escape(word)}(?!\\w)' => '(?<!\\w){re.escape(word)}'
    The front of the word is asked for and its end is not: "henna" begins with "hen".
    Ask for both edges.
edge behind only: '(?<!\\w){re.escape(word)}(?!\\w)' => '{re.escape(word)}(?!\\w)'
    The end of the word is asked for and its front is not: "then" ends in "hen". Ask for
    both edges.
not escaped: '(?<!\\w){re.escape(word)}(?!\\w)' => '(?<!\\w){word}(?!\\w)'
    The marks of the word are read as signs of the pattern: a full stop then stands for
    any character, a plus for repetition. re.escape(word) takes them for themselves.
any case: count=1 => count=1, flags=re.IGNORECASE
    "Turkey" is hidden where "turkey" was asked for. Capitals count.
runs of letters: … => for found in re.finditer('\\w+', sentence):
|         if found.group() == word:
|             return sentence[:found.start()] + '[MASK]' + sentence[found.end():]
|     return sentence
    The word is compared with runs of letters, and one that ends in a mark, such as
    "U.S." or "C++", is no such run. Search for the word itself and look at what stands
    before and behind it.
last one: f'(?<!\\w){re.escape(word)}(?!\\w)', '[MASK]' =>
| f'(?s)(.*)(?<!\\w){re.escape(word)}(?!\\w)', '\\1[MASK]'
    The last occurrence is hidden. The first one is asked for.
an error where it is not there: … => if word not in sentence:
|         raise ValueError(word)
|     return right(sentence, word)
    A sentence without the word comes back as it is. Yours raises an error for it.
nothing where it is not there: … => if word in sentence:
|         return right(sentence, word)
    A sentence without the word comes back as it is. Yours gives None for it.
words between blanks: … => words = sentence.split()
|     if word in words:
|         words[words.index(word)] = '[MASK]'
|     return ' '.join(words)
    You compare what stands between blanks, and a mark belongs to it there: "France."
    is not "France". Look at the characters before and behind each find.
gives up at the first: … => masked = right(sentence, word)
|     is_first = masked.find('[MASK]') == sentence.find(word)
|     return masked if is_first else sentence
    The first find is inside another word, and yours stops there. Look on behind it.
no brackets: '[MASK]' => 'MASK'
    [MASK] is written with its brackets; without them it is a word like any other.
"""

EXERCISE = Exercise(
    id="hide",
    chapter=0,
    title="Hide a word",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=hide,
    accepted={"walk over the words": by_words},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "str.replace finds letters, not words. Where does that go wrong?",
        "A regular expression can ask for the edges of a word: (?<!\\w) says that no "
        "letter stands before, (?!\\w) that none follows.",
        "re.sub(pattern, new, sentence, count=1), with re.escape(word) in the pattern.",
    ),
)
