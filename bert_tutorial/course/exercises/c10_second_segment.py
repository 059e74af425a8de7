"""Exercise: the second segment of a pair.

Chapter: 10
"""

from collections.abc import Callable
from random import Random
from typing import Any

from bert_tutorial.course.exercises.c10_hide_tokens import near, unwrapped
from bert_tutorial.course.judging.exercise import Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def second_segment(
    documents: list[list[str]], index: int, cut: int, random: Random
) -> tuple[str, int]:
    """Choose what follows sentence cut - 1 of documents[index]: (sentence, label).

    With probability 1/2 the true next sentence, documents[index][cut], label 0; else
    a random sentence of a random *other* document, label 1. Where there is no next
    sentence, always the latter. All draws come from random.
    """
    raise NotAttempted
'''

Answer = tuple[str, int]
Documents = list[list[str]]


def second_segment(
    documents: list[list[str]], index: int, cut: int, random: Random
) -> tuple[str, int]:
    """Toss a coin, unless there is nothing to toss it for."""
    if cut < len(documents[index]) and random.random() < 0.5:
        return documents[index][cut], 0
    others = [d for i, d in enumerate(documents) if i != index]
    return random.choice(random.choice(others)), 1


def by_skipping(documents: Documents, index: int, cut: int, random: Random) -> Answer:
    """Number the other documents."""
    has_next = cut < len(documents[index])
    if not has_next or random.randrange(2):
        other = random.randrange(len(documents) - 1)
        document = documents[other + (other >= index)]
        return document[random.randrange(len(document))], 1
    return documents[index][cut], 0


DOCUMENTS = [[f"{d}.{s}" for s in range(3)] for d in range(4)]
DRAWS = 1_000
DRAWN: dict[str, Any] = {}  # of the last answer: all properties look at the same draws


def drawn(test: Callable[[list[tuple[int, Answer]]], bool]) -> Callable[[Any], bool]:
    """Let a test see many draws with the position that each follows."""

    def holds(answer: Any) -> bool:
        if DRAWN.get("answer") is not unwrapped(answer):
            DRAWN.clear()
            random = Random(6)
            made = [
                (cut, answer([[*d] for d in DOCUMENTS], 1, cut, random))
                for cut in (1, 3)
                for _ in range(DRAWS)
            ]
            for _, (text, label) in made:
                assert isinstance(text, str) and label in (0, 1)
            DRAWN.update(answer=unwrapped(answer), made=made)
        return test(DRAWN["made"])

    return holds


@drawn
def half_are_next(made: list[tuple[int, Answer]]) -> bool:
    """Count label 0 where there is a next sentence, or its text."""
    texts = [text for cut, (text, _) in made if cut == 1]
    next_share = sum(text in ("1.0", "1.1") for text in texts)
    return near(next_share, DRAWS, 0.5)


@drawn
def zero_is_next(made: list[tuple[int, Answer]]) -> bool:
    """Compare label 0 with the text, where there is a next sentence."""
    return all(
        (text == "1.1") == (label == 0)
        for cut, (text, label) in made
        if cut == 1 and (text == "1.1" or label == 0 or text[0] != "1")
    )


@drawn
def partners_are_elsewhere(made: list[tuple[int, Answer]]) -> bool:
    """Look for the own document among texts that are not the next sentence."""
    return all(
        text[0] != "1" for cut, (text, _) in made if cut == 1 and text not in ("1.1",)
    )


@drawn
def partners_are_any(made: list[tuple[int, Answer]]) -> bool:
    """Look for every sentence of all other documents."""
    seen = {text for _, (text, _) in made if text[0] != "1"}
    return len(seen) in (0, 9)


@drawn
def the_last_has_none(made: list[tuple[int, Answer]]) -> bool:
    """Look at the labels at a document's end."""
    return all(label == 1 for cut, (_, label) in made if cut == 3)


@drawn
def elsewhere_at_the_end(made: list[tuple[int, Answer]]) -> bool:
    """Look for the own document at its end."""
    return all(text[0] != "1" for cut, (text, label) in made if cut == 3 and label == 1)


def twins_are_others(answer: Any) -> bool:
    """Give two documents that say the same: the other one is another document."""
    given = [["a", "b"], ["a", "b"]]
    made = [answer([[*d] for d in given], 0, 2, Random(n)) for n in range(20)]
    return all(label == 1 and text in ("a", "b") for text, label in made)


def documents_come_first(answer: Any) -> bool:
    """Give a long document beside a short one: either is the partner half the time."""
    random, given = Random(8), [["a"], ["b"], ["c"] * 9]
    texts = [answer([[*d] for d in given], 0, 1, random)[0] for _ in range(DRAWS)]
    return near(texts.count("b"), DRAWS, 0.5)


def the_source_goes_on(answer: Any) -> bool:
    """Ask often with one source: it must not be set back."""
    random = Random(9)
    made = [answer([[*d] for d in DOCUMENTS], 1, 1, random) for _ in range(60)]
    return len(set(made)) > 1


def same_again(answer: Any) -> bool:
    """Use two sources of one seed, and look at all documents."""
    made = []
    for _ in range(2):
        random = Random(7)
        given = [[*d] for d in DOCUMENTS]
        made.append([answer(given, n % 4, 1 + n % 3, random) for n in range(12)])
    return made[0] == made[1]


MISTAKES = """
labels flipped:
- [cut], 0 => [cut], 1
- (others)), 1 => (others)), 0
    The labels are flipped. In BERT's published code and weights, 0 means is next and 1
    means is random.
partner from the same document:
- random.choice(random.choice(others)) => random.choice(documents[index])
    A random partner came from the same document; it may even be the true next sentence,
    under the wrong label. Draw from the other documents.
partner from any document:
- others = [d for i, d in enumerate(documents) if i != index] => others = documents
    The random partner may come from the same document, even be the true next sentence
    under the wrong label. Draw from the other documents.
nine in ten are next: 0.5 => 0.9
    The share of true next sentences is wrong: it is one half, wherever there is a next
    sentence.
the last sentence follows itself: others = => if cut == len(documents[index]):
|         return (documents[index][-1], 0)
|     others =
    At the end of a document yours gives a sentence with label 0, although there is none
    to follow. Such a pair is always random.
first sentences only: random.choice(random.choice(others)) => random.choice(others)[0]
    Random partners are always the first sentence of their document: the model could
    learn what beginnings look like. Draw a random sentence.
own document at the end: others = => if cut == len(documents[index]):
|         return (random.choice(documents[index]), 1)
|     others =
    At the end of a document the random partner may come from this document. It is one
    of another document there, too.
another source of randomness: if cut => import random as shared
|     random = type(random)(shared.getrandbits(32))
|     if cut
    Some draws do not come from `random`, the argument: two runs of one seed differ. The
    module of the same name is another source.
documents changed: others = [d for i, d in enumerate(documents) if i != index] =>
| documents.append(documents.pop(index))
|     others = documents[:-1]
    The list of documents was changed: the next call finds other documents under the
    same numbers. Make a new list of the others.
twins left out: [d for i, d in enumerate(documents) if i != index] =>
| [d for d in documents if d != documents[index]]
    Another document with the same sentences is left out as well. Go by the number:
    `i != index`.
sentences of one pool:
- random.choice(random.choice(others)) => random.choice([s for d in others for s in d])
    All sentences of the others are in one pool, so that a long document is the
    partner more often. Choose a document first, then one of its sentences.
one further: documents[index][cut], 0 =>
| documents[index][min(cut + 1, len(documents[index]) - 1)], 0
    The sentence after the next one is taken. documents[index][cut] follows sentence
    cut - 1.
no end: cut < len(documents[index]) and random => random
    After the last sentence documents[index][cut] does not exist. Ask for the length
    before the coin is tossed.
source set back: … => random.seed(0)
|     return right(documents, index, cut, random)
    The source is set back at every call, so the same is drawn each time. The seed is
    the caller's affair.
"""

EXERCISE = Exercise(
    id="second-segment",
    chapter=10,
    title="The second segment of a pair",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=second_segment,
    accepted={"skip": by_skipping},
    judged_by="properties",
    mutants=mistakes(MISTAKES),
    properties=[
        Property(
            "half are next",
            "Where there is a next sentence, it must be chosen half of the time.",
            half_are_next,
        ),
        Property(
            "0 means is next",
            "The label must be 0 for the true next sentence, 1 for any other.",
            zero_is_next,
        ),
        Property(
            "partners come from elsewhere",
            "A random partner must come from another document.",
            partners_are_elsewhere,
        ),
        Property(
            "any sentence can be a partner",
            "Every sentence of every other document must be possible as a partner.",
            partners_are_any,
        ),
        Property(
            "the last sentence has no next",
            "After the last sentence of a document the partner must be random.",
            the_last_has_none,
        ),
        Property(
            "the same seed, the same choice",
            "With two sources of one seed, the results must be equal.",
            same_again,
        ),
        Property(
            "a twin is another document",
            "Two documents with the same sentences are two: go by their numbers.",
            twins_are_others,
        ),
        Property(
            "first a document, then a sentence",
            "Every other document must be the partner's equally often, however long.",
            documents_come_first,
        ),
        Property(
            "each call draws anew",
            "Called again with the same source, it must go on drawing: never seed it.",
            the_source_goes_on,
        ),
        Property(
            "the last sentence's partner comes from elsewhere",
            "After the last sentence, too, the partner must come from another "
            "document.",
            elsewhere_at_the_end,
        ),
    ],
    waived={
        "random.random() < 0.5 => random.random() <= 0.5": (
            "one draw in 2^53 hits the border itself"
        ),
    },
    hints=(
        "When is there nothing to toss a coin for?",
        "First the case with a next sentence and a coin; everything else is a random "
        "partner. A list of the other documents makes the rest one line.",
        "random.choice(random.choice(others)) draws a document, then a sentence.",
    ),
)
