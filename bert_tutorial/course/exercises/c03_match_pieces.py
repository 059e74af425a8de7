"""Exercise: cut a word into WordPieces.

Chapter: 3
"""

from collections.abc import Container

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
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


MISTAKES = """
## forgotten: '##' if => '' if
    Pieces inside a word are looked up without ##. They are other entries of the
    vocabulary: look up, and give, the piece with ## in front.
## dropped: return pieces => return [piece.removeprefix('##') for piece in pieces]
    The cuts are right, and the ## is missing in what you return. It is part of the
    piece: y and ##y have different ids.
shortest first: range(len(word), start, -1) => range(start + 1, len(word) + 1)
    You take the shortest piece that fits. Begin with the longest: the end runs from the
    end of the word down.
[UNK] for a letter: return ['[UNK]']
|         pieces.append(piece) => piece, end = '[UNK]', start + 1
|         pieces.append(piece)
    Only the missing part became [UNK]. In BERT the whole word does: one [UNK], and
    nothing of its other pieces.
missing letters left out: return ['[UNK]']
|         pieces.append(piece) => piece, end = '', start + 1
|         pieces += [piece] * (piece != '')
    A part without a piece is silently left out, so another word is read. The whole word
    becomes [UNK].
[UNK] for the rest: return ['[UNK]']
|         pieces.append(piece) => return [*pieces, '[UNK]']
|         pieces.append(piece)
    The pieces before the gap are kept and the rest is one [UNK]. The whole word becomes
    one [UNK].
no limit: MAX_WORD_LENGTH => 10 ** 9
    A word of 101 characters is cut. Here, as in the tokenizers library, every word of
    more than 100 characters is [UNK].
limit of 99: > MAX_WORD_LENGTH => >= MAX_WORD_LENGTH
    A word of exactly 100 characters is still cut; only longer ones are [UNK].
from the right:
- start = 0
|     while start < len(word): => end = len(word)
|     while end > 0:
- prefix = '##' if start else ''
|         for end in range(len(word), start, -1): => for start in range(end):
|             prefix = '##' if start else ''
- pieces.append(piece)
|         start = end => pieces.insert(0, piece)
|         end = start
    You take the longest piece at the end of the word first. BERT goes from left to
    right; the pieces differ.
word or letters:
- if len => if word in vocabulary:
|         return [word]
|     if len
- range(len(word), start, -1) => range(start + 1, len(word) + 1)
    Words that are no piece fall apart into the shortest pieces. Try every end from the
    longest down, at every start.
limit after the look-up: if len => if word in vocabulary:
|         return [word]
|     if len
    A word of 101 characters is found whole. The limit comes first: a longer word is
    [UNK], whatever the vocabulary holds.
bytes counted: len(word) > => len(word.encode()) >
    The limit is on characters, and you count bytes: 60 letters with accents are 120
    bytes.
gone back (of recursion): return None if others is None else [ => if others is not None:
|                     return [
    Where the longest piece leads to a gap, you go back and try a shorter one. BERT
    never goes back: the whole word is [UNK].
fewest pieces: def fewest
    You look for a cut with few pieces. BERT takes the longest piece at each start and
    never looks ahead.
mark optional: if piece in vocabulary: => if piece not in vocabulary:
|                 piece = word[start:end]
|             if piece in vocabulary:
    Where there is no piece with ##, you take one without it. A piece without ## begins
    a word; inside a word it is no match.
## at the front: def mark_in_front
    A word begins with a piece that has ## in front. Such pieces stand inside a word
    only.
lowered: … => return right(word.lower(), vocabulary)
    The word is lowered on the way. That is the normaliser's work, and a cased BERT
    leaves it out: look the word up as it comes.
"""

EXERCISE = Exercise(
    id="match-pieces",
    chapter=3,
    title="Cut a word into WordPieces",
    difficulty=2,
    minutes=20,
    stub=STUB,
    solution=match_pieces,
    accepted={"recursion": by_recursion},
    mutants=mistakes(MISTAKES, fewest, mark_in_front),
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
