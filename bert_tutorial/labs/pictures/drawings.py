"""Small drawings: coloured shapes on a grid of cells, as facts, pixels and captions.

A cell is four pixels wide and high; a drawing has two rows of three cells, and two or
three things in it, each of another shape. Half of the things and a little more have
their shape's favourite colour, so that a colour can be guessed from a word alone, often
and not always. A caption is true of a drawing when all its claims are among the
drawing's facts: so whether a caption fits is known without asking anybody, also for a
caption that was written for another drawing.

Chapter: 22
"""

import zlib
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor

from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS

__all__ = [
    "CELL",
    "COLOURS",
    "COLUMNS",
    "CONTENT_WORDS",
    "FAVOURITES",
    "FAVOURITE_SHARE",
    "ROWS",
    "SHAPES",
    "Caption",
    "Drawing",
    "Thing",
    "caption_tokenizer",
    "draw_drawing",
    "facts_of",
    "is_held_out",
    "is_true_of",
    "pixels_of",
    "recoloured",
    "sentences_of",
    "write_caption",
]

CELL = 4  # pixels
ROWS = ("top", "bottom")
COLUMNS = ("left", "middle", "right")
COLOURS = {
    "red": (0.85, 0.15, 0.15),
    "green": (0.15, 0.60, 0.25),
    "blue": (0.15, 0.30, 0.80),
    "yellow": (0.95, 0.80, 0.10),
}
SHAPES = {
    "circle": ".##. #### #### .##.",
    "square": "#### #### #### ####",
    "triangle": "#... ##.. ###. ####",
    "cross": "#..# .##. .##. #..#",
}
FAVOURITES = dict(zip(SHAPES, ("red", "blue", "green", "yellow"), strict=True))
FAVOURITE_SHARE = 0.6

Fact = tuple[str, ...]
_INK = {name: torch.tensor(parts)[:, None] for name, parts in COLOURS.items()}
_DOTS = {
    name: torch.tensor([[dot == "#" for dot in line] for line in lines.split()])
    for name, lines in SHAPES.items()
}


class Thing(NamedTuple):
    """One shape in one cell; row and column are numbers from 0."""

    shape: str
    colour: str
    row: int
    column: int


Drawing = tuple[Thing, ...]


def draw_drawing(random: Random) -> Drawing:
    """Draw two or three things of different shapes in different cells.

    Args:
        random: source of all choices.

    Returns:
        The things, in the order of their cells.
    """
    number = random.choice((2, 3))
    shapes = random.sample(list(SHAPES), number)
    cells = random.sample(range(len(ROWS) * len(COLUMNS)), number)
    things = []
    for shape, cell in zip(shapes, sorted(cells), strict=True):
        colour = favourite = FAVOURITES[shape]
        if random.random() >= FAVOURITE_SHARE:
            colour = random.choice([one for one in COLOURS if one != favourite])
        things.append(Thing(shape, colour, *divmod(cell, len(COLUMNS))))
    return tuple(things)


def is_held_out(drawing: Drawing) -> bool:
    """Say whether a drawing is for tests only: one in five is, by its content."""
    return zlib.crc32(repr(sorted(map(tuple, drawing))).encode()) % 5 == 0


def facts_of(drawing: Drawing) -> frozenset[Fact]:
    """List all that is true of a drawing, in the form in which captions claim it.

    Example:
        >>> sorted(facts_of((Thing("circle", "red", 0, 2),)))[:2]
        [('colour', 'circle', 'red'), ('column', 'circle', 'right')]
    """
    facts: set[Fact] = {("number", ("one", "two", "three")[len(drawing) - 1])}
    for one in drawing:
        facts.add(("colour", one.shape, one.colour))
        facts.add(("row", one.shape, ROWS[one.row]))
        facts.add(("column", one.shape, COLUMNS[one.column]))
        for other in drawing:
            if one.column < other.column:
                facts.add(("left", one.shape, other.shape))
            if one.row < other.row:
                facts.add(("above", one.shape, other.shape))
    return frozenset(facts)


def recoloured(drawing: Drawing, shape: str, colour: str) -> Drawing:
    """Give the same drawing with one thing in another colour.

    Raises:
        ValueError: if the drawing has no such shape.
    """
    if shape not in {one.shape for one in drawing}:
        raise ValueError(f"shape must be one in the drawing, got {shape!r}")
    return tuple(
        one._replace(colour=colour) if one.shape == shape else one for one in drawing
    )


def pixels_of(drawing: Drawing) -> Tensor:
    """Paint a drawing on white.

    Returns:
        (3, 8, 12): red, green and blue of each pixel, 0 to 1.
    """
    pixels = torch.ones(3, CELL * len(ROWS), CELL * len(COLUMNS))
    for one in drawing:
        top, left = CELL * one.row, CELL * one.column
        cell = pixels[:, top : top + CELL, left : left + CELL]
        cell[:, _DOTS[one.shape]] = _INK[one.colour]
    return pixels


NUMBERS = ("two", "three")
CONTENT_WORDS = (*COLOURS, *SHAPES, *ROWS, *COLUMNS, *NUMBERS, "above")
OTHER_WORDS = ("a", "are", "at", "is", "of", "shapes", "the", "there", ".")


class Caption(NamedTuple):
    """A text, and the claims in it."""

    text: str
    claims: frozenset[Fact]


def is_true_of(caption: Caption, drawing: Drawing) -> bool:
    """Say whether all that a caption claims holds of a drawing."""
    return caption.claims <= facts_of(drawing)


def _colour(one: Thing) -> Fact:
    return "colour", one.shape, one.colour


def sentences_of(drawing: Drawing) -> list[Caption]:
    """List every sentence that can be said of a drawing."""
    number = NUMBERS[len(drawing) - 2]
    found = [Caption(f"there are {number} shapes.", frozenset({("number", number)}))]
    for one in drawing:
        row, column = ROWS[one.row], COLUMNS[one.column]
        place = {("row", one.shape, row), ("column", one.shape, column)}
        name, colour = f"{one.colour} {one.shape}", {_colour(one)}
        found += [
            Caption(f"there is a {name}.", frozenset(colour)),
            Caption(f"the {one.shape} is {one.colour}.", frozenset(colour)),
            Caption(f"the {name} is at the {row} {column}.", frozenset(colour | place)),
        ]
        for other in drawing:
            both = frozenset({_colour(one), _colour(other)})
            second = f"the {other.colour} {other.shape}"
            if one.column < other.column:
                claims = both | {("left", one.shape, other.shape)}
                found.append(Caption(f"the {name} is left of {second}.", claims))
            if one.row < other.row:
                claims = both | {("above", one.shape, other.shape)}
                found.append(Caption(f"the {name} is above {second}.", claims))
    return found


def write_caption(drawing: Drawing, random: Random) -> Caption:
    """Say two different things about a drawing.

    Args:
        drawing: what to describe.
        random: chooses the sentences.
    """
    chosen = random.sample(sentences_of(drawing), 2)
    claims: frozenset[Fact] = frozenset().union(*(one.claims for one in chosen))
    return Caption(" ".join(one.text for one in chosen), claims)


def caption_tokenizer() -> BertTokenizer:
    """Make a tokenizer that has each word of the captions as one piece."""
    return BertTokenizer([*SPECIAL_TOKENS, *CONTENT_WORDS, *OTHER_WORDS])
