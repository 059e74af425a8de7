"""Exercise: cut a word into WordPieces.

Chapter: 3
"""

from collections.abc import Container

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
from bert_tutorial.tokenization.wordpiece import match_pieces

STUB = '''
def match_pieces(word: str, vocabulary: Container[str]) -> list[str]:
    """Cut a word into the longest pieces there are, from left to right.

    Pieces that do not begin the word are looked up, and given, with "##" in front:
    "unhappy" and {"un", "##hap", "##happ", "##y"} give ["un", "##happ", "##y"].
    If some part has no piece, or the word has more than 100 characters, the whole word
    is ["[UNK]"].
    """
    raise NotAttempted
'''

LIMIT = 100


def by_recursion(word: str, vocabulary: Container[str]) -> list[str]:
    """Find the first piece, and cut the rest the same way."""

    def rest(text: str, prefix: str) -> list[str] | None:
        if not text:
            return []
        for end in range(len(text), 0, -1):
            if prefix + text[:end] in vocabulary:
                others = rest(text[end:], "##")
                return None if others is None else [prefix + text[:end], *others]
        return None

    found = rest(word, "") if len(word) <= LIMIT else None
    return ["[UNK]"] if found is None else found


def cut(
    word: str,
    vocabulary: Container[str],
    *,
    mark: str = "##",
    shortest: bool = False,
    limit: int = LIMIT,
    partial: bool = False,
    skip: bool = False,
) -> list[str]:
    """Cut a word in the way of one of the mistakes."""
    if len(word) > limit:
        return ["[UNK]"]
    pieces, start = [], 0
    while start < len(word):
        prefix = mark if start else ""
        ends = range(start + 1, len(word) + 1)
        for end in ends if shortest else reversed(ends):
            if prefix + word[start:end] in vocabulary:
                pieces.append(prefix + word[start:end])
                start = end
                break
        else:
            if not (partial or skip):
                return ["[UNK]"]
            pieces += ["[UNK]"] * partial
            start += 1
    return pieces


def no_marks(word: str, vocabulary: Container[str]) -> list[str]:
    """Look every piece up without ##."""
    return cut(word, vocabulary, mark="")


def marks_dropped(word: str, vocabulary: Container[str]) -> list[str]:
    """Look up with ##, give without."""
    return [piece.removeprefix("##") for piece in match_pieces(word, vocabulary)]


def shortest(word: str, vocabulary: Container[str]) -> list[str]:
    """Take the shortest piece."""
    return cut(word, vocabulary, shortest=True)


def partial_unknown(word: str, vocabulary: Container[str]) -> list[str]:
    """Make only the missing character unknown."""
    return cut(word, vocabulary, partial=True)


def skipped(word: str, vocabulary: Container[str]) -> list[str]:
    """Leave out what is missing."""
    return cut(word, vocabulary, skip=True)


def stops(word: str, vocabulary: Container[str]) -> list[str]:
    """Put one [UNK] for the rest of the word."""
    pieces = cut(word, vocabulary, partial=True)
    if "[UNK]" in pieces and len(word) <= LIMIT:
        return pieces[: pieces.index("[UNK]") + 1]
    return pieces


def no_limit(word: str, vocabulary: Container[str]) -> list[str]:
    """Cut words of any length."""
    return cut(word, vocabulary, limit=10**9)


def limit_below(word: str, vocabulary: Container[str]) -> list[str]:
    """Refuse 100 characters."""
    return cut(word, vocabulary, limit=LIMIT - 1)


def limit_after_look_up(word: str, vocabulary: Container[str]) -> list[str]:
    """Look the whole word up before the limit."""
    return [word] if word in vocabulary else match_pieces(word, vocabulary)


def bytes_counted(word: str, vocabulary: Container[str]) -> list[str]:
    """Count bytes instead of characters."""
    return ["[UNK]"] if len(word.encode()) > LIMIT else match_pieces(word, vocabulary)


def gone_back(word: str, vocabulary: Container[str]) -> list[str]:
    """Try a shorter piece where the longest leads to a gap."""

    def rest(start: int) -> list[str] | None:
        if start == len(word):
            return []
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            if prefix + word[start:end] in vocabulary:
                others = rest(end)
                if others is not None:
                    return [prefix + word[start:end], *others]
        return None

    found = rest(0) if len(word) <= LIMIT else None
    return ["[UNK]"] if found is None else found


def fewest(word: str, vocabulary: Container[str]) -> list[str]:
    """Find the cut with the fewest pieces."""
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            before = best[start]
            piece = ("##" if start else "") + word[start:end]
            if before is None or piece not in vocabulary:
                continue
            found = best[end]
            if found is None or len(before) + 1 < len(found):
                best[end] = [*before, piece]
    whole = best[-1] if len(word) <= LIMIT else None
    return ["[UNK]"] if whole is None else whole


def marks_optional(word: str, vocabulary: Container[str]) -> list[str]:
    """Take a piece without ## where there is none with it."""
    if len(word) > LIMIT:
        return ["[UNK]"]
    pieces: list[str] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
            piece = word[start:end]
            if piece in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces


def mark_in_front(word: str, vocabulary: Container[str]) -> list[str]:
    """Begin with a piece of the inside where there is no other."""
    found = match_pieces(word, vocabulary)
    if found != ["[UNK]"] or len(word) > LIMIT:
        return found
    inside = match_pieces("." + word, {".", *(p for p in everything(vocabulary))})
    return inside if inside == ["[UNK]"] else inside[1:]


def everything(vocabulary: Container[str]) -> list[str]:
    """List the pieces of the cases' vocabularies."""
    return list(vocabulary) if isinstance(vocabulary, set) else []


def lowered(word: str, vocabulary: Container[str]) -> list[str]:
    """Lower the letters first."""
    return match_pieces(word.lower(), vocabulary)


def from_the_right(word: str, vocabulary: Container[str]) -> list[str]:
    """Take the longest ends first."""
    if len(word) > LIMIT:
        return ["[UNK]"]
    pieces: list[str] = []
    end = len(word)
    while end > 0:
        for start in range(end):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                pieces.insert(0, piece)
                end = start
                break
        else:
            return ["[UNK]"]
    return pieces


def whole_only(word: str, vocabulary: Container[str]) -> list[str]:
    """Look the whole word up, or give characters."""
    if word in vocabulary or not word:
        return [word] if word else []
    return cut(word, vocabulary, shortest=True)


LETTERS = {*"abcdefghijklmnopqrstuvwxyz", *("##" + c for c in "abcdefghijklmnopqrst")}


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Words that each ask for one rule; "##u" to "##z" are missing."""
    small = {"un", "##hap", "##happ", "##y", "hap", "happ", "y", "unh", "##ap"}
    ends = {*LETTERS, "ab", "##bc", "abc", "##bcd", "##cd"}
    return [
        Case(("un", small), "a word that is a piece"),
        Case(("unhappy", {"un", "##hap", "##happ", "##y", "happ", "y"}), "unhappy"),
        Case(("unhapy", small), "a long first piece, then shorter ones"),
        Case(("abcd", ends), "two ways to cut"),
        Case(("abc", ends), "a word that is a piece and could be cut as well"),
        Case(("cab", LETTERS), "letters only"),
        Case(("cux", LETTERS), "no piece for the second letter"),
        Case(("cuts", LETTERS | {"##ts"}), "a missing letter in the middle"),
        Case(("a" * 100, LETTERS), "100 characters"),
        Case(("a" * 101, LETTERS), "101 characters"),
        Case(("a" * 101, LETTERS | {"a" * 101}), "101 characters, a piece as a whole"),
        Case(("\u00e9" * 60, {"\u00e9", "##\u00e9"}), "60 letters of two bytes each"),
        Case(("abc", {"a", "ab", "##bc"}), "the longest first piece leads to a gap"),
        Case(
            ("abcde", {"ab", "abc", "##cde", "##d", "##e"}),
            "the longest first piece leads to more pieces",
        ),
        Case(
            ("abcde", {"a", "##b", "##cde", "abc", "##de"}),
            "the longest last piece leads to more pieces",
        ),
        Case(("unhap", {"un", "hap", "##ha"}), "a piece for fronts of words only"),
        Case(("happy", {"un", "##happ", "##y"}), "a piece for the inside only"),
        Case(("Un", {"un", "##n"}), "a capital that has no piece"),
    ]


def joins_to_the_word(answer: object) -> bool:
    """Put the pieces together again."""
    assert callable(answer)
    pieces = answer("banana", LETTERS | {"ban", "##an", "##ana"})
    return "".join(piece.removeprefix("##") for piece in pieces) == "banana"


EXERCISE = Exercise(
    id="match-pieces",
    chapter=3,
    title="Cut a word into WordPieces",
    difficulty=2,
    minutes=20,
    stub=STUB,
    solution=match_pieces,
    accepted={"recursion": by_recursion},
    mutants=[
        Mutant(
            "## forgotten",
            no_marks,
            "Pieces inside a word are looked up without ##. They are other entries of "
            "the vocabulary: look up, and give, the piece with ## in front.",
        ),
        Mutant(
            "## dropped",
            marks_dropped,
            "The cuts are right, and the ## is missing in what you return. It is part "
            "of the piece: y and ##y have different ids.",
        ),
        Mutant(
            "shortest first",
            shortest,
            "You take the shortest piece that fits. Begin with the longest: the end "
            "runs from the end of the word down.",
        ),
        Mutant(
            "[UNK] for a letter",
            partial_unknown,
            "Only the missing part became [UNK]. In BERT the whole word does: one "
            "[UNK], and nothing of its other pieces.",
        ),
        Mutant(
            "missing letters left out",
            skipped,
            "A part without a piece is silently left out, so another word is read. "
            "The whole word becomes [UNK].",
        ),
        Mutant(
            "[UNK] for the rest",
            stops,
            "The pieces before the gap are kept and the rest is one [UNK]. The whole "
            "word becomes one [UNK].",
        ),
        Mutant(
            "no limit",
            no_limit,
            "A word of 101 characters is cut. Here, as in the tokenizers library, "
            "every word of more than 100 characters is [UNK].",
        ),
        Mutant(
            "limit of 99",
            limit_below,
            "A word of exactly 100 characters is still cut; only longer ones are "
            "[UNK].",
        ),
        Mutant(
            "from the right",
            from_the_right,
            "You take the longest piece at the end of the word first. BERT goes from "
            "left to right; the pieces differ.",
        ),
        Mutant(
            "word or letters",
            whole_only,
            "Words that are no piece fall apart into the shortest pieces. Try every "
            "end from the longest down, at every start.",
        ),
        Mutant(
            "limit after the look-up",
            limit_after_look_up,
            "A word of 101 characters is found whole. The limit comes first: a longer "
            "word is [UNK], whatever the vocabulary holds.",
        ),
        Mutant(
            "bytes counted",
            bytes_counted,
            "The limit is on characters, and you count bytes: 60 letters with accents "
            "are 120 bytes.",
        ),
        Mutant(
            "gone back",
            gone_back,
            "Where the longest piece leads to a gap, you go back and try a shorter "
            "one. BERT never goes back: the whole word is [UNK].",
        ),
        Mutant(
            "fewest pieces",
            fewest,
            "You look for a cut with few pieces. BERT takes the longest piece at each "
            "start and never looks ahead.",
        ),
        Mutant(
            "mark optional",
            marks_optional,
            "Where there is no piece with ##, you take one without it. A piece "
            "without ## begins a word; inside a word it is no match.",
        ),
        Mutant(
            "## at the front",
            mark_in_front,
            "A word begins with a piece that has ## in front. Such pieces stand inside "
            "a word only.",
        ),
        Mutant(
            "lowered",
            lowered,
            "The word is lowered on the way. That is the normaliser's work, and a "
            "cased BERT leaves it out: look the word up as it comes.",
        ),
    ],
    cases=cases,
    properties=[
        Property(
            "joins to the word",
            "Without their ##, the pieces of a known word must join to the word.",
            joins_to_the_word,
        ),
    ],
    hints=(
        "Two loops: the outer one moves the start, the inner one tries ends from the "
        "end of the word down.",
        "After a piece is found, the next start is its end. If the inner loop finds "
        "nothing, return the whole word as unknown.",
        "for end in range(len(word), start, -1): look for prefix + word[start:end].",
    ),
)
