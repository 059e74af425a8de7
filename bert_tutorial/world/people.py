"""People of the mini-world: residents with a fixed home, characters of stories.

A resident lives in one city for ever; in which country follows from the facts
(a two-hop question: person, city, country). A character has other properties in
every story, so a question about one can only be answered from the passage.

Chapter: 12
Used from: 1
"""

import random
from typing import NamedTuple

from bert_tutorial.world.wordings import tidy, words

__all__ = ["CHARACTERS", "PROPERTIES", "RESIDENTS", "Property", "Story", "tell"]

RESIDENTS = words(
    """
    Abel Bruno Celia Dario Edith Felix Gerda Hugo Irene Jonas Karin Lukas
    Marta Nadia Oscar Petra Quentin Rosa Simon Thea Ulrich Vera Walter Xenia
    Yusuf Zelda Amina Boris Chiara Dmitri Elena Farid Greta Hanna Igor Julia
    Kenji Leila Mateo Nora
    """
)
CHARACTERS = words(
    """
    Anna Tom Lena Paul Mia Ben Clara Max Emma Noah Sara Leo Ida Sam Eva Jack
    Lucy Adam Ruth Fred
    """
)


class Property(NamedTuple):
    """A kind of thing that a story may say of its character.

    `told` are the ways to say it ({x} the person, {y} the value), `question`
    asks for it and `answer` states it again.
    """

    kind: str
    values: tuple[str, ...]
    told: tuple[str, ...]
    question: str
    answer: str


PROPERTIES = (
    Property(
        "city",
        words(
            """
    Paris Berlin Rome Madrid Athens Lisbon Vienna Riga Helsinki Stockholm
    Warsaw Budapest Tokyo Beijing Bangkok Hanoi Cairo Nairobi Dakar Rabat
    Accra Luanda Lima Ottawa Havana
    """
        ),
        (
            "{x} has a summer house near {y}.",
            "{x} spent last summer in {y}.",
            "{x} sent a card from {y}.",
        ),
        "Where was {x} last summer?",
        "Last summer {x} was in {y}.",
    ),
    Property(
        "colour",
        words(
            """
    red blue green yellow white black brown pink grey purple
    """
        ),
        (
            "{x} wears a {y} hat.",
            "The hat of {x} is {y}.",
            "{x} bought a {y} hat.",
        ),
        "What colour is the hat of {x}?",
        "So the colour of the hat of {x} is {y}.",
    ),
    Property(
        "food",
        words(
            """
    soup bread rice cheese fish cake salad pasta beans honey
    """
        ),
        (
            "{x} eats {y} every day.",
            "{x} asked for {y} again.",
            "{x} brought {y} for lunch.",
        ),
        "What does {x} like to eat?",
        "So {x} likes to eat {y}.",
    ),
    Property(
        "pet",
        words(
            """
    dog cat horse mouse duck hen donkey frog owl snake
    """
        ),
        (
            "{x} has a {y} at home.",
            "{x} walks with a {y}.",
            "{x} takes care of a {y}.",
        ),
        "Which animal belongs to {x}?",
        "So the animal of {x} is a {y}.",
    ),
    Property(
        "job",
        words(
            """
    baker farmer teacher nurse carpenter painter judge miner gardener pilot
    chemist
    """
        ),
        (
            "{x} is a {y} by trade.",
            "{x} was trained as a {y}.",
            "{x} earns money as a {y}.",
        ),
        "What is the job of {x}?",
        "So {x} is a {y}.",
    ),
    Property(
        "instrument",
        words(
            """
    piano guitar violin flute drum trumpet harp cello organ horn
    """
        ),
        (
            "{x} plays the {y} on Sundays.",
            "{x} practises the {y} each evening.",
            "{x} keeps a {y} under the bed.",
        ),
        "Which instrument does {x} play?",
        "So {x} plays the {y}.",
    ),
)


class Story(NamedTuple):
    """A passage about one or two people, and a question it answers.

    `sentences` are the passage without the question; the answer of `question`
    is the word `answer`, which stands in the passage exactly once.
    """

    sentences: tuple[str, ...]
    question: str
    restated: str
    answer: str
    kind: str


def tell(
    rng: random.Random,
    *,
    people: int = 1,
    length: int = 4,
    values: dict[str, tuple[str, ...]] | None = None,
    wordings: slice = slice(None),
) -> Story:
    """Make up a story with `length` different properties.

    With two people both have the asked property, each a value of their own: who
    answers must bind the value to its owner. With one person the kind decides.

    Args:
        rng: source of all choices.
        people: 1 or 2.
        length: properties told, at most 6.
        values: for some kinds, the values to draw from instead of all.
        wordings: which of the ways to tell a property.
    """
    names = rng.sample(CHARACTERS, people)
    properties = rng.sample(PROPERTIES, length)
    asked = properties[0]
    told = []
    answers = []
    for prop in properties:
        pool = (values or {}).get(prop.kind, prop.values)
        owners = names if prop is asked else [rng.choice(names)]
        for owner, value in zip(owners, rng.sample(pool, len(owners)), strict=True):
            wording = rng.choice(prop.told[wordings])
            told.append(tidy(wording.format(x=owner, y=value)))
            if prop is asked:
                answers.append(value)
    rng.shuffle(told)
    return Story(
        tuple(told),
        asked.question.format(x=names[0]),
        tidy(asked.answer.format(x=names[0], y=answers[0])),
        answers[0],
        asked.kind,
    )
