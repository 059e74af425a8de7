"""Exercise: say where in the text each piece stands.

Chapter: 3
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def piece_offsets(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Say where each piece stands: (start, end), end not included.

    The text is plain ASCII, the pieces are its pieces in order, lower-cased: "Ha haha"
    and ["ha", "ha", "##ha"] give [(0, 2), (3, 5), (5, 7)].
    """
    raise NotAttempted
'''


def piece_offsets(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Search each piece behind the one before."""
    lowered, position, offsets = text.lower(), 0, []
    for piece in pieces:
        letters = piece.removeprefix("##")
        start = lowered.index(letters, position)
        position = start + len(letters)
        offsets.append((start, position))
    return offsets


def by_walking(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Walk over the text, past white space."""
    offsets, position = [], 0
    for piece in pieces:
        while text[position].isspace():
            position += 1
        length = len(piece) - 2 * piece.startswith("##")
        offsets.append((position, position + length))
        position += length
    return offsets


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One word, a repetition, punctuation, several blanks."""
    return [
        Case(("cat", ["cat"]), "one word"),
        Case(("Ha haha", ["ha", "ha", "##ha"]), "a piece that comes again"),
        Case(("The cats.", ["the", "cat", "##s", "."]), "a full stop without a blank"),
        Case(
            ("  a  cat,a dog", ["a", "cat", ",", "a", "dog"]),
            "several blanks, and none behind the comma",
        ),
        Case(("unhappy\tman", ["un", "##happ", "##y", "man"]), "a tab"),
        Case(("aaaa a", ["aa", "##aa", "a"]), "a piece that overlaps itself"),
        Case(("No #1 or # a", ["no", "#", "1", "or", "#", "a"]), "marks of the text"),
        Case(("a##b c", ["a##b", "c"]), "## inside a piece"),
        Case(("  ", []), "blanks only, no piece"),
    ]


def gives_the_text_back(answer: object) -> bool:
    """Cut the text at the offsets."""
    assert callable(answer)
    text, pieces = "An owl sat, an owl slept", ["an", "owl", "sat", ",", "an", "owl"]
    cut = [text[start:end].lower() for start, end in answer(text, pieces)]
    return cut == pieces


MISTAKES = """
from the front each time: letters, position) => letters)
    A piece that comes again gets its first position. Search from the end of the piece
    before: text.lower().index(letters, position).
## counted:
- offsets.append((start, position)) => offsets.append((start, start + len(piece)))
    The two ## are counted as characters of the text. Take them off first:
    piece.removeprefix.
last included: (start, position) => (start, position - 1)
    The second number is the position of the last character. As in slices, it is one
    behind: text[start:end] is the piece.
lengths: (start, position) => (start, position - start)
    The second number is a length. It is the position behind the piece: start + length.
blanks forgotten: lowered.index(letters, position) => position
    The lengths are added up as if the text had no blanks. Find each piece in the text.
one blank before each word:
- for piece => for number, piece
- in pieces => in enumerate(pieces)
- lowered.index(letters, position) =>
| position + (number > 0 and not piece.startswith('##'))
    You take one blank before each word. A text may have several, and none before
    punctuation. Find each piece in the text.
within the word:
- lowered.index(letters, position) => position if piece.startswith('##') else 0
    The positions are counted from the beginning of each word. Offsets count from the
    beginning of the text.
from the front, with find:
- letters, position) => letters)
- lowered.index => lowered.find
    = from the front each time
every # off: removeprefix('##' => lstrip('#'
    lstrip("#") takes every # in front, the text's own too: nothing is left of the piece
    "#". Take off the two of the mark: removeprefix.
## out everywhere: removeprefix('##' => replace('##', ''
    replace takes ## out of the middle of a piece too. It is a mark at the front only:
    removeprefix.
from the front, ## out everywhere:
- removeprefix('##') => replace('##', '')
- letters, position) => letters)
    Two slips: a piece that comes again gets its first position, as each search begins
    at the front, and replace takes ## out of the middle of a piece too. Search behind
    the piece before, and use removeprefix.
from the front, with find, ## out everywhere:
- removeprefix('##') => replace('##', '')
- letters, position) => letters)
- lowered.index => lowered.find
    = from the front, ## out everywhere
## walked over:
- piece.removeprefix('##') => piece
- lowered.index(letters, position) =>
| position + (position > 0 and not piece.startswith('##'))
    The lengths are added up with the two ## and with one blank for each word. Take the
    mark off, and find each piece in the text.
capitals: text.lower() => text
    A piece is not found where the text has a capital: pieces are lower-cased. Search in
    text.lower(); for ASCII it is as long as the text.
capitals, with find:
- text.lower() => text
- lowered.index => lowered.find
    = capitals
behind its start:
- = start + len(letters) => = start + 1
|         end = start + len(letters)
- (start, position) => (start, end)
    You search on from behind the start of the piece before, so two pieces can overlap.
    Search from its end.
one character left out:
- (start, position) => (start, start + len(letters))
- = start + len(letters) => = start + len(letters) + 1
    You search on one behind the end, but the next piece can begin right at the end of
    the one before, as ##s does in cats.
lists of two: (start, position) => [start, position]
    The numbers are right, in lists. Give pairs: (start, end).
"""

EXERCISE = Exercise(
    id="piece-offsets",
    chapter=3,
    title="Where in the text each piece stands",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=piece_offsets,
    accepted={"walk": by_walking},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "gives the text back",
            "text[start:end] must be the piece, but for capitals.",
            gives_the_text_back,
        ),
    ],
    hints=(
        "A piece begins somewhere behind the end of the one before.",
        "Keep one number, the position where the search goes on. str.index takes it as "
        "its second argument.",
        "start = text.lower().index(letters, position), then position = start + the "
        "number of letters.",
    ),
)
