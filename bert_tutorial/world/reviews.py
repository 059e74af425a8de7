"""Reviews of the mini-world: a thing, what it was like, how somebody reacted.

What an adjective means shows only in the reactions beside it; a labelled review
for the sentiment task has no reaction, so counting the words of the few labelled
reviews cannot judge adjectives that occur in none of them. `not` turns a
judgement round.

Chapter: 12
Used from: 1
"""

import random
from typing import NamedTuple

from bert_tutorial.world.people import CHARACTERS
from bert_tutorial.world.wordings import tidy, words

__all__ = ["NEGATIVE", "POSITIVE", "REACTIONS", "Review", "review", "verdict"]

POSITIVE = words(
    """
    good great lovely splendid brilliant charming delightful excellent
    perfect fine superb pleasant elegant bright fresh cosy clever smart
    fantastic wonderful
    """
)
NEGATIVE = words(
    """
    bad awful dreadful terrible boring dull ugly dirty noisy horrible poor
    nasty broken cheap stale clumsy gloomy messy sad weak
    """
)
THINGS = words(
    """
    room meal film book hotel song game trip concert garden play story
    """
)
# pairs: said by somebody content, said by somebody who is not
REACTIONS = (
    ("loved", "hated"),
    ("enjoyed", "disliked"),
    ("praised", "mocked"),
    ("recommended", "regretted"),
    ("admired", "criticised"),
)
MOODS = (("smiled", "frowned"), ("cheered", "complained"), ("stayed", "left"))
JUDGEMENTS = (
    "The {t} was {n}{a}.",
    "It was {n}a {a} {t}.",
    "The {t} seemed {n}{a}.",
    "We found the {t} {n}{a}.",
    "What we saw was {n}a {a} {t}.",
)
FILLERS = (
    "We went there on Monday.",
    "It was near the station.",
    "There were many people.",
    "It took two hours.",
    "We paid at the door.",
)


class Review(NamedTuple):
    """Sentences of a review, and whether the writer liked the thing."""

    sentences: tuple[str, ...]
    is_positive: bool
    is_negated: bool
    adjective: str


def verdict(
    rng: random.Random,
    adjectives: tuple[tuple[str, ...], tuple[str, ...]],
    negated: bool,
) -> tuple[str, str, str, bool]:
    """Judge a thing: the sentence, the thing, the adjective and the polarity."""
    is_good_word = rng.random() < 0.5
    adjective = rng.choice(adjectives[0] if is_good_word else adjectives[1])
    thing = rng.choice(THINGS)
    sentence = rng.choice(JUDGEMENTS).format(
        t=thing, n="not " if negated else "", a=adjective
    )
    return tidy(sentence), thing, adjective, is_good_word != negated


def review(
    rng: random.Random,
    *,
    negation_rate: float = 0.3,
    reactions: int = 2,
    adjectives: tuple[tuple[str, ...], tuple[str, ...]] = (POSITIVE, NEGATIVE),
) -> Review:
    """Make up a review.

    Args:
        rng: source of all choices.
        negation_rate: share of reviews that say "not" before the adjective.
        reactions: sentences about reactions; 0 gives a review for the labelled
            task, with a sentence that says nothing instead.
        adjectives: good and bad words to choose from.
    """
    negated = rng.random() < negation_rate
    sentence, thing, adjective, liked = verdict(rng, adjectives, negated)
    sentences = [sentence]
    for _ in range(reactions):
        name = rng.choice(CHARACTERS)
        if rng.random() < 0.7:
            verb = rng.choice(REACTIONS)[0 if liked else 1]
            sentences.append(f"{name} {verb} the {thing}.")
        else:
            mood = rng.choice(MOODS)[0 if liked else 1]
            sentences.append(f"After the {thing} {name} {mood}.")
    if not reactions:
        sentences.insert(rng.randrange(2), rng.choice(FILLERS))
    return Review(tuple(sentences), liked, negated, adjective)


def joined(rng: random.Random, *, negation_rate: float = 0.3) -> str:
    """Say judgement and reaction in one sentence."""
    negated = rng.random() < negation_rate
    sentence, thing, _, liked = verdict(rng, (POSITIVE, NEGATIVE), negated)
    verb = rng.choice(REACTIONS)[0 if liked else 1]
    return f"{sentence[:-1]}, so {rng.choice(CHARACTERS)} {verb} the {thing}."
