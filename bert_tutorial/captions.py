"""Captions of drawings: sentences, and what each of them claims.

A caption is true of a drawing when all its claims are among the drawing's facts. So
whether a caption fits is known without asking anybody, also for a caption that was
written for another drawing.

Chapter: 22
"""

from random import Random
from typing import NamedTuple

from bert_tutorial.drawings import (
    COLOURS,
    COLUMNS,
    ROWS,
    SHAPES,
    Drawing,
    Fact,
    Thing,
    facts_of,
)
from bert_tutorial.tokenizer import BertTokenizer
from bert_tutorial.vocabulary_file import SPECIAL_TOKENS

__all__ = [
    "CONTENT_WORDS",
    "Caption",
    "caption_tokenizer",
    "is_true_of",
    "sentences_of",
    "write_caption",
]

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
