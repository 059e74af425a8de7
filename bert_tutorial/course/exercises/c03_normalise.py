"""Exercise: from raw text to words.

Chapter: 3
"""

import unicodedata

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
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


def only_lower(text: str) -> list[str]:
    """Keep the accents."""
    return split_punctuation(set_apart(text).lower())


def cased(text: str) -> list[str]:
    """Keep the capitals."""
    return split_punctuation(strip_accents(set_apart(text)))


def not_decomposed(text: str) -> list[str]:
    """Look for accents without taking the letters apart."""
    lowered = set_apart(text).lower()
    return split_punctuation(
        "".join(char for char in lowered if unicodedata.category(char) != "Mn")
    )


def ascii_only(text: str) -> list[str]:
    """Drop what is not ASCII."""
    letters = unicodedata.normalize("NFD", set_apart(text).lower())
    return split_punctuation(letters.encode("ascii", "ignore").decode())


def controls_kept(text: str) -> list[str]:
    """Keep control characters."""
    spaced = "".join(f" {c} " if is_ideograph(c) else c for c in text)
    spaced = "".join(" " if is_space(char) else char for char in spaced)
    return split_punctuation(strip_accents(spaced.lower()))


def controls_as_spaces(text: str) -> list[str]:
    """Let control characters separate."""
    return normalise("".join(" " if is_dropped(char) else char for char in text))


def ideographs_joined(text: str) -> list[str]:
    """Leave Chinese characters together."""
    kept = (" " if is_space(c) else c for c in text if is_space(c) or not is_dropped(c))
    return split_punctuation(strip_accents("".join(kept).lower()))


def punctuation_kept(text: str) -> list[str]:
    """Split at white space only."""
    return strip_accents(set_apart(text).lower()).split()


def punctuation_dropped(text: str) -> list[str]:
    """Throw punctuation away."""
    folded = strip_accents(set_apart(text).lower())
    return "".join(" " if is_punctuation(c) else c for c in folded).split()


def category_p_only(text: str) -> list[str]:
    """Ask Unicode alone what punctuation is."""
    folded = strip_accents(set_apart(text).lower())
    return "".join(
        f" {c} " if unicodedata.category(c).startswith("P") else c for c in folded
    ).split()


def compatible(text: str) -> list[str]:
    """Decompose with NFKD."""
    letters = unicodedata.normalize("NFKD", set_apart(text).lower())
    return split_punctuation(strip_accents(letters))


def by_combining(text: str) -> list[str]:
    """Ask for a combining class instead of the category."""
    letters = unicodedata.normalize("NFD", set_apart(text).lower())
    return split_punctuation(
        "".join(c for c in letters if not unicodedata.combining(c))
    )


def all_marks(text: str) -> list[str]:
    """Leave out every category that begins with M."""
    letters = unicodedata.normalize("NFD", set_apart(text).lower())
    kept = (c for c in letters if not unicodedata.category(c).startswith("M"))
    return split_punctuation("".join(kept))


def not_alphanumeric(text: str) -> list[str]:
    """Take for punctuation what is no letter and no digit."""
    folded = strip_accents(set_apart(text).lower())
    return "".join(c if c.isalnum() else f" {c} " for c in folded).split()


def symbols_too(text: str) -> list[str]:
    """Split at all symbols of Unicode."""
    folded = strip_accents(set_apart(text).lower())
    return "".join(
        f" {c} " if is_punctuation(c) or unicodedata.category(c)[0] == "S" else c
        for c in folded
    ).split()


def ascii_punctuation(text: str) -> list[str]:
    """Split at the punctuation of ASCII only."""
    folded = strip_accents(set_apart(text).lower())
    return "".join(
        f" {c} " if c.isascii() and is_punctuation(c) else c for c in folded
    ).split()


def controls_first(text: str) -> list[str]:
    """Drop category C before white space is made plain."""
    return normalise("".join(c for c in text if unicodedata.category(c)[0] != "C"))


def python_space(text: str) -> list[str]:
    """Let Python say what white space is."""
    return normalise("".join(" " if c.isspace() else c for c in text))


def kana_too(text: str) -> list[str]:
    """Set kana and Hangul apart as well."""
    return normalise(
        "".join(
            f" {c} " if "\u3040" <= c <= "\u30ff" or "\uac00" <= c <= "\ud7a3" else c
            for c in text
        )
    )


def folded_case(text: str) -> list[str]:
    """Use casefold for lower."""
    return split_punctuation(strip_accents(set_apart(text).casefold()))


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


EXERCISE = Exercise(
    id="normalise",
    chapter=3,
    title="From raw text to words",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=normalise,
    accepted={"in steps": in_steps, "accents before letters": accents_first},
    mutants=[
        Mutant(
            "accents kept",
            only_lower,
            "Letters are lowered and accents are kept. An uncased BERT also takes the "
            "accents off: decompose with NFD, then leave out category Mn.",
        ),
        Mutant(
            "capitals kept",
            cased,
            "Capital letters are still there. Lower the text: text.lower().",
        ),
        Mutant(
            "not decomposed",
            not_decomposed,
            "Only accents that are characters of their own are removed. Most letters "
            "hold theirs inside: unicodedata.normalize with NFD takes them apart.",
        ),
        Mutant(
            "ASCII only",
            ascii_only,
            "Everything beyond ASCII is gone, Chinese and Russian too. Only accents "
            "go: characters of category Mn, after NFD.",
        ),
        Mutant(
            "controls kept",
            controls_kept,
            "Control characters stay in the words and make them unknown. Leave out "
            "what is_dropped names.",
        ),
        Mutant(
            "controls separate",
            controls_as_spaces,
            "A control character splits your word in two. It is dropped without a "
            "trace; only white space separates.",
        ),
        Mutant(
            "Chinese in one word",
            ideographs_joined,
            "Chinese characters stay together as one word, which is in no vocabulary. "
            "Put a space on both sides of each.",
        ),
        Mutant(
            "punctuation stays on",
            punctuation_kept,
            "Punctuation sticks to the words. Each mark is a word of its own: a space "
            "on both sides.",
        ),
        Mutant(
            "punctuation dropped",
            punctuation_dropped,
            "Punctuation is gone. BERT keeps it, each mark as a word of its own.",
        ),
        Mutant(
            "symbols forgotten",
            category_p_only,
            "Unicode counts $ + < = > ^ ` | ~ as symbols, not as punctuation; BERT "
            "splits at them as well. is_punctuation knows.",
        ),
        Mutant(
            "NFKD",
            compatible,
            "NFKD also turns ligatures, raised numbers and other variants into plain "
            "letters. BERT takes letters and accents apart and nothing else: NFD.",
        ),
        Mutant(
            "combining class",
            by_combining,
            "Not every mark has a combining class: some of Thai and of Indian scripts "
            "have class 0. Ask for the category: Mn.",
        ),
        Mutant(
            "all marks",
            all_marks,
            "Marks that take room of their own (category Mc) are gone too. Only Mn is "
            "left out.",
        ),
        Mutant(
            "what is no letter or digit",
            not_alphanumeric,
            "You split at everything that is no letter and no digit, also at symbols "
            "and vowel signs. Ask is_punctuation.",
        ),
        Mutant(
            "all symbols",
            symbols_too,
            "You split at symbols such as a euro sign. BERT splits at the symbols of "
            "ASCII only, and at what Unicode calls punctuation: is_punctuation knows.",
        ),
        Mutant(
            "punctuation of ASCII",
            ascii_punctuation,
            "Only the punctuation of ASCII is split off. Dashes and quotation marks "
            "beyond it count too: is_punctuation knows.",
        ),
        Mutant(
            "controls first",
            controls_first,
            "A tab or line end is gone, and the words beside it are joined: they are "
            "control characters to Unicode. Ask is_space before you drop anything.",
        ),
        Mutant(
            "white space of Python",
            python_space,
            "isspace takes some control characters for white space. is_space has "
            "BERT's list; the rest of them are dropped.",
        ),
        Mutant(
            "kana and Hangul",
            kana_too,
            "Kana and Hangul are set apart, one character each. That is done to "
            "Chinese characters only: is_ideograph knows.",
        ),
        Mutant(
            "casefold",
            folded_case,
            "casefold changes more than capitals, such as \u00df into ss. Use lower().",
        ),
        Mutant(
            "runs of punctuation",
            runs_kept,
            "Marks that stand together became one word. Each mark is a word of its "
            "own.",
        ),
    ],
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
