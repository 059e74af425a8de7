"""Small drawings: coloured shapes on a grid of cells, as facts and as pixels.

A cell is four pixels wide and high; a drawing has two rows of three cells, and two or
three things in it, each of another shape. Half of the things and a little more have
their shape's favourite colour, so that a colour can be guessed from a word alone, often
and not always.

Chapter: 22
"""

import zlib
from random import Random
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "CELL",
    "COLOURS",
    "COLUMNS",
    "FAVOURITES",
    "FAVOURITE_SHARE",
    "ROWS",
    "SHAPES",
    "Drawing",
    "Thing",
    "draw_drawing",
    "facts_of",
    "is_held_out",
    "pixels_of",
    "recoloured",
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
