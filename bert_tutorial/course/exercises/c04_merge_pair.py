"""Exercise: join a pair wherever it stands.

Chapter: 4
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def merge_pair(pieces: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    """Join a pair of neighbouring pieces wherever it stands in a word.

    From left to right, without overlap; the new piece keeps the left one's beginning:
    ("h", "##u", "##g") and ("##u", "##g") give ("h", "##ug").
    """
    raise NotAttempted
'''

Pieces = tuple[str, ...]


def merge_pair(pieces: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    """Join the pair from left to right."""
    left, right = pair
    merged: list[str] = []
    i = 0
    while i < len(pieces):
        if pieces[i : i + 2] == (left, right):
            merged.append(left + right.removeprefix("##"))
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return tuple(merged)


def onto_the_last(pieces: Pieces, pair: tuple[str, str]) -> Pieces:
    """Append to the piece before where it is the left one, and not itself joined."""
    merged: list[str] = []
    may_join = False
    for piece in pieces:
        if may_join and merged[-1] == pair[0] and piece == pair[1]:
            merged[-1] += piece.removeprefix("##")
            may_join = False
        else:
            merged.append(piece)
            may_join = True
    return tuple(merged)


def overlapping(pieces: Pieces, pair: tuple[str, str]) -> Pieces:
    """Use a piece twice."""
    new = pair[0] + pair[1].removeprefix("##")
    merged: list[str] = []
    for i, piece in enumerate(pieces):
        if pieces[i : i + 2] == pair:
            merged.append(new)
        elif i == 0 or pieces[i - 1 : i + 1] != pair:
            merged.append(piece)
    return tuple(merged)


def from_the_right(pieces: Pieces, pair: tuple[str, str]) -> Pieces:
    """Join from the right."""
    merged: list[str] = []
    i = len(pieces) - 1
    while i >= 0:
        if i > 0 and (pieces[i - 1], pieces[i]) == pair:
            merged.insert(0, pair[0] + pair[1].removeprefix("##"))
            i -= 2
        else:
            merged.insert(0, pieces[i])
            i -= 1
    return tuple(merged)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """A plain join, one at the front, several, overlap, look-alikes, none."""
    a = "##a"
    return [
        Case((("h", "##u", "##g"), ("##u", "##g")), "hug, joined inside"),
        Case((("h", "##u", "##g", "##s"), ("h", "##u")), "hugs, joined in front"),
        Case(
            (("b", "##a", "##n", "##a", "##n", "##a"), ("##a", "##n")),
            "banana, where the pair stands twice",
        ),
        Case(
            (("b", "##a", "##n", "##d", "##a", "##n", "##a"), ("##a", "##n")),
            "bandana, where the pair stands twice, apart",
        ),
        Case((("c", a, a, a), (a, a)), "caaa, where the pair overlaps itself"),
        Case((("x", "##ba", "##n"), ("##a", "##n")), "a piece that only ends like it"),
        Case((("p", "##u", "##n"), ("##u", "##g")), "a word without the pair"),
        Case((("hug",), ("##u", "##g")), "a word of one piece"),
        Case((("t", "##h", "##u"), ("h", "##u")), "a left piece with a mark in front"),
        Case((("h", "##u", "##gs"), ("##u", "##g")), "a right piece that goes on"),
        Case((("g", "##a", "##b", "##a"), ("##b", "##a")), "both orders of a pair"),
        Case((("c", "###", "##x"), ("c", "###")), "c#x, where # is a letter"),
        Case(((), ("##u", "##g")), "no pieces"),
    ]


MISTAKES = """
## left inside: right.removeprefix('##') => right
    The new piece has ## in its middle. The right part loses its mark when it is joined:
    left + right.removeprefix.
## lost: left + right.removeprefix('##') =>
| (left + right.removeprefix('##')).removeprefix('##')
    The new piece has lost the mark of its left part, so it looks like the beginning of
    a word. Only the right part loses its mark.
first occurrence only: i += 2 => i += 2
|             return (*merged, *pieces[i:])
    Only the first occurrence is joined. Join the pair wherever it stands in the word.
overlap: def overlapping
    A piece is used twice where the pair overlaps itself, so the word grows. After a
    join, go on behind both pieces.
from the right: def from_the_right
    Where the pair overlaps itself, yours joins from the right. Go from left to right.
added: if pieces … i += 1 => merged.append(pieces[i])
|         if i and pieces[i - 1:i + 1] == pair:
|             merged.append(left + right.removeprefix('##'))
|         i += 1
    The new piece stands beside the two old ones. It takes their place.
a list: tuple(merged) => merged
    The pieces are right, in a list. A word is a key of a dict, and a list cannot be
    one: return a tuple.
text replaced: … => new = pair[0] + pair[1].removeprefix('##')
|     return tuple(' '.join(pieces).replace(' '.join(pair), new).split())
    In the text of all pieces a pair is also found where a piece only ends or begins
    like one of the two. Compare pieces, not text: pieces[i] and pieces[i + 1].
text replaced, with blanks: … => new = pair[0] + pair[1].removeprefix('##')
|     text = f" {' '.join(pieces)} ".replace(f" {' '.join(pair)} ", f' {new} ')
|     return tuple(text.split())
    Two pairs side by side share a blank in your text, so the second one is missed.
    Compare pieces, not text: pieces[i] and pieces[i + 1].
every # off: removeprefix('##') => lstrip('#')
    lstrip("#") also takes a # of the word itself. The mark is the first two:
    removeprefix.
left piece only:
- pieces[i:i + 2] == (left, right) => pieces[i] == left and i + 1 < len(pieces)
- left + right => left + pieces[i + 1]
    Only the left piece is compared. Both must fit, this one and the next.
steps of two: … => merged = []
|     for i in range(0, len(pieces), 2):
|         if pieces[i:i + 2] == pair:
|             merged.append(pair[0] + pair[1].removeprefix('##'))
|         else:
|             merged += pieces[i:i + 2]
|     return tuple(merged)
    You look at every second position only. Move on by two after a join, else by one.
last piece lost: pieces): => pieces) - 1:
    The last piece is lost where it was not joined: your loop stops one early.
either order:
- == (left, right) => in ((left, right), (right, left))
- left + right => pieces[i] + pieces[i + 1]
    The pair is joined in the other order too. Left and right matter.
read behind the end:
- pieces[i:i + 2] == (left, right) => pieces[i] == left and pieces[i + 1] == right
    The last piece has none behind it, so pieces[i + 1] fails. A slice, pieces[i : i +
    2], does not.
"""

EXERCISE = Exercise(
    id="merge-pair",
    chapter=4,
    title="Join a pair wherever it stands",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=merge_pair,
    accepted={"append": onto_the_last},
    mutants=mistakes(MISTAKES, overlapping, from_the_right),
    cases=cases,
    hints=(
        "Walk over the pieces; at each, look whether this one and the next are the "
        "pair.",
        "If they are, append the joined piece and move on by two, else append the "
        "piece and move on by one.",
        "The joined piece is left + right.removeprefix, with ## to remove.",
    ),
)
