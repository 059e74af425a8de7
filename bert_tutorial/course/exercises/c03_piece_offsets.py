"""Exercise: say where in the text each piece stands.

Chapter: 3
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property

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


def from_the_front(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Search from the front each time."""
    found = [text.lower().index(piece.removeprefix("##")) for piece in pieces]
    lengths = [len(piece.removeprefix("##")) for piece in pieces]
    return [(s, s + n) for s, n in zip(found, lengths, strict=True)]


def marks_counted(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Count ## as characters of the text."""
    right = piece_offsets(text, pieces)
    return [
        (start, start + len(piece))
        for (start, _), piece in zip(right, pieces, strict=True)
    ]


def last_included(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Give the last character's position."""
    return [(start, end - 1) for start, end in piece_offsets(text, pieces)]


def lengths(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Give start and length."""
    return [(start, end - start) for start, end in piece_offsets(text, pieces)]


def blanks_forgotten(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Add up lengths, without the blanks."""
    offsets, position = [], 0
    for piece in pieces:
        length = len(piece.removeprefix("##"))
        offsets.append((position, position + length))
        position += length
    return offsets


def one_blank(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Take one blank before every word."""
    offsets, position = [], 0
    for number, piece in enumerate(pieces):
        position += number > 0 and not piece.startswith("##")
        length = len(piece.removeprefix("##"))
        offsets.append((position, position + length))
        position += length
    return offsets


def in_its_word(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Count from the beginning of the word."""
    offsets, position = [], 0
    for piece in pieces:
        position = position if piece.startswith("##") else 0
        length = len(piece.removeprefix("##"))
        offsets.append((position, position + length))
        position += length
    return offsets


def all_marks_off(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Strip every # in front."""
    lowered, position, offsets = text.lower(), 0, []
    for piece in pieces:
        letters = piece.lstrip("#")
        start = lowered.index(letters, position)
        position = start + len(letters)
        offsets.append((start, position))
    return offsets


def replaced(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Take ## out wherever it stands."""
    lowered, position, offsets = text.lower(), 0, []
    for piece in pieces:
        letters = piece.replace("##", "")
        start = lowered.index(letters, position)
        position = start + len(letters)
        offsets.append((start, position))
    return offsets


def front_and_replaced(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Take ## out everywhere, and search from the front each time."""
    offsets = []
    for piece in pieces:
        letters = piece.replace("##", "")
        start = text.lower().index(letters)
        offsets.append((start, start + len(letters)))
    return offsets


def walks_over_marks(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Add up lengths with ##, and one blank for each word."""
    offsets, position = [], 0
    for piece in pieces:
        if position and not piece.startswith("##"):
            position += 1
        offsets.append((position, position + len(piece)))
        position += len(piece)
    return offsets


def capitals_missed(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Search in the text as it is."""
    position, offsets = 0, []
    for piece in pieces:
        letters = piece.removeprefix("##")
        start = text.index(letters, position)
        position = start + len(letters)
        offsets.append((start, position))
    return offsets


def not_found(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Search in the text as it is, with find."""
    position, offsets = 0, []
    for piece in pieces:
        letters = piece.removeprefix("##")
        start = text.find(letters, position)
        position = start + len(letters)
        offsets.append((start, position))
    return offsets


def behind_its_start(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Search on from one behind the start of the piece before."""
    lowered, position, offsets = text.lower(), 0, []
    for piece in pieces:
        letters = piece.removeprefix("##")
        start = lowered.index(letters, position)
        position = start + 1
        offsets.append((start, start + len(letters)))
    return offsets


def one_left_out(text: str, pieces: list[str]) -> list[tuple[int, int]]:
    """Search on one behind the end."""
    lowered, position, offsets = text.lower(), 0, []
    for piece in pieces:
        letters = piece.removeprefix("##")
        start = lowered.index(letters, position)
        position = start + len(letters) + 1
        offsets.append((start, start + len(letters)))
    return offsets


def as_lists(text: str, pieces: list[str]) -> list[list[int]]:
    """Give lists of two."""
    return [list(pair) for pair in piece_offsets(text, pieces)]


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


CAPITALS = (
    "A piece is not found where the text has a capital: pieces are lower-cased. Search "
    "in text.lower(); for ASCII it is as long as the text."
)

EXERCISE = Exercise(
    id="piece-offsets",
    chapter=3,
    title="Where in the text each piece stands",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=piece_offsets,
    accepted={"walk": by_walking},
    mutants=[
        Mutant(
            "from the front each time",
            from_the_front,
            "A piece that comes again gets its first position. Search from the end of "
            "the piece before: text.lower().index(letters, position).",
        ),
        Mutant(
            "## counted",
            marks_counted,
            "The two ## are counted as characters of the text. Take them off first: "
            "piece.removeprefix.",
        ),
        Mutant(
            "last included",
            last_included,
            "The second number is the position of the last character. As in slices, it "
            "is one behind: text[start:end] is the piece.",
        ),
        Mutant(
            "lengths",
            lengths,
            "The second number is a length. It is the position behind the piece: start "
            "+ length.",
        ),
        Mutant(
            "blanks forgotten",
            blanks_forgotten,
            "The lengths are added up as if the text had no blanks. Find each piece in "
            "the text.",
        ),
        Mutant(
            "one blank before each word",
            one_blank,
            "You take one blank before each word. A text may have several, and none "
            "before punctuation. Find each piece in the text.",
        ),
        Mutant(
            "within the word",
            in_its_word,
            "The positions are counted from the beginning of each word. Offsets count "
            "from the beginning of the text.",
        ),
        Mutant(
            "every # off",
            all_marks_off,
            'lstrip("#") takes every # in front, the text\'s own too: nothing is left '
            'of the piece "#". Take off the two of the mark: removeprefix.',
        ),
        Mutant(
            "## out everywhere",
            replaced,
            "replace takes ## out of the middle of a piece too. It is a mark at the "
            "front only: removeprefix.",
        ),
        Mutant(
            "from the front, ## out everywhere",
            front_and_replaced,
            "Two slips: a piece that comes again gets its first position, as each "
            "search begins at the front, and replace takes ## out of the middle of a "
            "piece too. Search behind the piece before, and use removeprefix.",
        ),
        Mutant(
            "## walked over",
            walks_over_marks,
            "The lengths are added up with the two ## and with one blank for each "
            "word. Take the mark off, and find each piece in the text.",
        ),
        Mutant("capitals", capitals_missed, CAPITALS),
        Mutant("capitals, with find", not_found, CAPITALS),
        Mutant(
            "behind its start",
            behind_its_start,
            "You search on from behind the start of the piece before, so two pieces "
            "can overlap. Search from its end.",
        ),
        Mutant(
            "one character left out",
            one_left_out,
            "You search on one behind the end, but the next piece can begin right at "
            "the end of the one before, as ##s does in cats.",
        ),
        Mutant(
            "lists of two",
            as_lists,
            "The numbers are right, in lists. Give pairs: (start, end).",
        ),
    ],
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
