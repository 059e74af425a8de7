"""Exercise: from raw text to words.

Chapter: 3
"""

import unicodedata

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.tokenization.unicode_tables import (
    is_dropped,
    is_ideograph,
    is_punctuation,
    is_space,
)

STUB = '''
def normalise(text: str) -> list[str]:
    """Turn a text into the words of an uncased BERT.

    Drop control characters; white space separates; a Chinese character is a word of its
    own; lower the letters and take their accents off; punctuation is split off:
    "Ça va? 你好" becomes ["ca", "va", "?", "你", "好"].
    """
    raise NotAttempted
'''


def set_apart(text: str) -> str:
    """Drop control characters, make spaces plain, put some around ideographs."""
    parts = []
    for char in text:
        if is_space(char):
            parts.append(" ")
        elif is_ideograph(char):
            parts.append(f" {char} ")
        elif not is_dropped(char):
            parts.append(char)
    return "".join(parts)


def strip_accents(text: str) -> str:
    """Take letters and accents apart, and leave the accents out."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(char for char in letters if unicodedata.category(char) != "Mn")


def split_punctuation(text: str) -> list[str]:
    """Put spaces around punctuation and split."""
    spaced = (f" {char} " if is_punctuation(char) else char for char in text)
    return "".join(spaced).split()


def normalise(text: str) -> list[str]:
    """Turn a text into the words of an uncased BERT."""
    parts = []
    for char in text:
        if is_space(char):
            parts.append(" ")
        elif is_ideograph(char):
            parts.append(f" {char} ")
        elif not is_dropped(char):
            parts.append(char)
    letters = unicodedata.normalize("NFD", "".join(parts).lower())
    plain = (char for char in letters if unicodedata.category(char) != "Mn")
    spaced = (f" {char} " if is_punctuation(char) else char for char in plain)
    return "".join(spaced).split()


def in_steps(text: str) -> list[str]:
    """Give each step a function of its own."""
    return split_punctuation(strip_accents(set_apart(text).lower()))


def accents_first(text: str) -> list[str]:
    """Strip before lowering: the same for these texts."""
    return split_punctuation(strip_accents(set_apart(text)).lower())


def runs_kept(text: str) -> list[str]:
    """Keep runs of punctuation together."""
    found: list[str] = []
    for word in strip_accents(set_apart(text).lower()).split():
        run = ""
        for char in word:
            if run and is_punctuation(run[-1]) != is_punctuation(char):
                found.append(run)
                run = ""
            run += char
        found.append(run)
    return found


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Each text asks for one rule."""
    return [
        Case(("The cat.",), "a plain sentence"),
        Case(("Caf\u00e9 \u00c9T\u00c9",), "accents, written as one character"),
        Case(("Cafe\u0301",), "an accent of its own"),
        Case(("\u4f60\u597d BERT",), "Chinese characters"),
        Case(("a\u0000b\u200bc\td\u00a0e",), "controls, a tab, a no-break space"),
        Case(("cost: $5+2 (state-of-the-art)",), "symbols that count as punctuation"),
        Case(("\u00bfQu\u00e9? \u2014 \u201cNo\u201d",), "punctuation beyond ASCII"),
        Case(("stra\u00dfe \u0436\u0438\u0437\u043d\u044c \u2603",), "other letters"),
        Case(("a\u0001\tb\nc\r\nd",), "a control beside a tab, line ends"),
        Case(("a\x1cb\x85c\u2028d",), "controls that Python takes for white space"),
        Case(("\ufb01ne x\u00b2 \u2460",), "a ligature, a raised and a circled number"),
        Case(("\u0e27\u0e31\u0e19",), "a Thai mark, which stands over its letter"),
        Case(("\u0939\u093f\u0928\u094d\u0926\u0940",), "marks of Devanagari"),
        Case(("a\u2603b 20\u00b0C \u20ac5 \u00a9",), "symbols beyond ASCII"),
        Case(("what?! (no...)",), "punctuation that stands together"),
        Case(
            ("\u304b\u306a \ud55c\uad6d \u6f22\u5b57\u304b",),
            "kana and Hangul, which are no Chinese characters",
        ),
        Case(("",), "an empty text"),
        Case((" \t ",), "white space only"),
    ]


MISTAKES = r"""
accents kept:
- unicodedata.normalize('NFD', ''.join(parts).lower()) => ''.join(parts).lower()
- if unicodedata.category(char) != 'Mn' =>
    Letters are lowered and accents are kept. An uncased BERT also takes the accents
    off: decompose with NFD, then leave out category Mn.
capitals kept: .lower() =>
    Capital letters are still there. Lower the text: text.lower().
not decomposed:
- unicodedata.normalize('NFD', ''.join(parts).lower()) => ''.join(parts).lower()
    Only accents that are characters of their own are removed. Most letters hold theirs
    inside: unicodedata.normalize with NFD takes them apart.
ASCII only: unicodedata.category(char) != 'Mn' => char.isascii()
    Everything beyond ASCII is gone, Chinese and Russian too. Only accents go:
    characters of category Mn, after NFD.
controls kept: elif not is_dropped(char) => else
    Control characters stay in the words and make them unknown. Leave out what
    is_dropped names.
controls separate: is_space(char) => is_space(char) or is_dropped(char)
    A control character splits your word in two. It is dropped without a trace; only
    white space separates.
Chinese in one word: elif is_ideograph … elif => elif
    Chinese characters stay together as one word, which is in no vocabulary. Put a space
    on both sides of each.
punctuation stays on: ''.join(spaced).split() => ''.join(plain).split()
    Punctuation sticks to the words. Each mark is a word of its own: a space on both
    sides.
punctuation dropped: f' {char} ' if is_punctuation => ' ' if is_punctuation
    Punctuation is gone. BERT keeps it, each mark as a word of its own.
symbols forgotten: is_punctuation(char) => unicodedata.category(char).startswith('P')
    Unicode counts $ + < = > ^ ` | ~ as symbols, not as punctuation; BERT splits at them
    as well. is_punctuation knows.
NFKD: NFD => NFKD
    NFKD also turns ligatures, raised numbers and other variants into plain letters.
    BERT takes letters and accents apart and nothing else: NFD.
combining class: unicodedata.category(char) != 'Mn' => not unicodedata.combining(char)
    Not every mark has a combining class: some of Thai and of Indian scripts have class
    0. Ask for the category: Mn.
all marks: unicodedata.category(char) != 'Mn' => unicodedata.category(char)[0] != 'M'
    Marks that take room of their own (category Mc) are gone too. Only Mn is left out.
what is no letter or digit: if is_punctuation(char) => if not char.isalnum()
    You split at everything that is no letter and no digit, also at symbols and vowel
    signs. Ask is_punctuation.
all symbols:
- is_punctuation(char) => is_punctuation(char) or unicodedata.category(char)[0] == 'S'
    You split at symbols such as a euro sign. BERT splits at the symbols of ASCII only,
    and at what Unicode calls punctuation: is_punctuation knows.
punctuation of ASCII: is_punctuation(char) => char.isascii() and is_punctuation(char)
    Only the punctuation of ASCII is split off. Dashes and quotation marks beyond it
    count too: is_punctuation knows.
controls first:
- … => return right(''.join(c for c in text if unicodedata.category(c)[0] != 'C'))
    A tab or line end is gone, and the words beside it are joined: they are control
    characters to Unicode. Ask is_space before you drop anything.
white space of Python: is_space(char) => char.isspace() or is_space(char)
    isspace takes some control characters for white space. is_space has BERT's list; the
    rest of them are dropped.
kana and Hangul: is_ideograph(char) =>
| is_ideograph(char) or '\u3040' <= char <= '\u30ff' or '\uac00' <= char <= '\ud7a3'
    Kana and Hangul are set apart, one character each. That is done to Chinese
    characters only: is_ideograph knows.
casefold: lower => casefold
    casefold changes more than capitals, such as ß into ss. Use lower().
runs of punctuation: def runs_kept
    Marks that stand together became one word. Each mark is a word of its own.
"""

EXERCISE = Exercise(
    id="normalise",
    chapter=3,
    title="From raw text to words",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=normalise,
    accepted={"in steps": in_steps, "accents before letters": accents_first},
    mutants=mistakes(MISTAKES, runs_kept),
    cases=cases,
    waived={
        "if is_space(char): ... => if False: ...": (
            "split() takes every such character for a space as well"
        ),
        "parts.append(' ') => parts.extend(' ')": (
            "extend adds the characters of the string; joined, they are the same text"
        ),
        "parts.append(f' {char} ') => parts.extend(f' {char} ')": (
            "extend adds the characters of the string; joined, they are the same text"
        ),
        "parts.append(char) => parts.extend(char)": (
            "extend adds the characters of the string; joined, they are the same text"
        ),
    },
    hints=(
        "Four steps, one after the other: clean and set apart; lower; strip accents; "
        "split at punctuation.",
        "NFD writes a letter with an accent as letter and accent; the accents have the "
        "category Mn.",
        "Spaces around ideographs and punctuation, then one split() at the end.",
    ),
)
