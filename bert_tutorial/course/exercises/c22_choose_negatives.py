"""Exercise: drawings that a caption does not fit.

Chapter: 22
"""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.pictures.data import choose_negatives
from bert_tutorial.labs.pictures.drawings import Fact

STUB = '''
def choose_negatives(
    facts: Sequence[frozenset[Fact]],
    claims: Sequence[frozenset[Fact]],
    random: Random,
) -> list[int]:
    """Choose for each caption a drawing of which it is not true.

    facts[i] is all that is true of drawing i; a caption is true of it if its claims are
    a part of that, claims <= facts[i]. Choose evenly, with random, among all drawings
    that the caption does not fit: one number of a drawing for each caption. A caption
    that is true of all drawings is a ValueError.
    """
    raise NotAttempted
'''

Facts = Sequence[frozenset[Fact]]
RED, BLUE = ("colour", "circle", "red"), ("colour", "circle", "blue")
TWO, THREE = ("number", "two"), ("number", "three")
# Drawings 0 and 1 are alike, of 4 little is known, and nothing fits caption 4.
FACTS: Facts = [
    frozenset({RED, TWO}),
    frozenset({RED, TWO}),
    frozenset({BLUE, TWO}),
    frozenset({BLUE, THREE}),
    frozenset({RED}),
]
CLAIMS: Facts = [
    frozenset({RED, TWO}),
    frozenset({RED}),
    frozenset({TWO}),
    frozenset({BLUE, THREE}),
    frozenset({RED, THREE}),
]
FALSE_OF = [{2, 3, 4}, {2, 3}, {3, 4}, {0, 1, 2, 4}, {0, 1, 2, 3, 4}]
DRAWS = 400


def by_rejection(facts: Facts, claims: Facts, random: Random) -> list[int]:
    """Draw until it fits no more."""
    chosen = []
    for claimed in claims:
        if all(claimed <= true for true in facts):
            raise ValueError("a caption is true of all drawings")
        number = random.randrange(len(facts))
        while claimed <= facts[number]:
            number = random.randrange(len(facts))
        chosen.append(number)
    return chosen


def run(answer: Any, case: Case) -> list[list[int]]:
    """Draw often; tell for each caption which drawings were ever chosen."""
    facts, claims = case.args
    random = Random(22)
    made = [answer(facts, claims, random) for _ in range(100)]
    return [sorted(set(column)) for column in zip(*made, strict=True)]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Five drawings and captions, two of them, and captions that fit everywhere."""
    return [
        Case((FACTS[1:3], CLAIMS[:2]), "two drawings, two captions, drawn 100 times"),
        Case((FACTS, CLAIMS), "five drawings, five captions, drawn 100 times"),
        Case((FACTS, CLAIMS[2:3]), "five drawings, one caption, drawn 100 times"),
        Case((FACTS[:2], CLAIMS[:2]), "captions that are true of all drawings"),
    ]


def is_even(answer: Any) -> bool:
    """Count: each as often as any other, within six deviations."""
    random = Random(DRAWS)
    made = [answer(FACTS, CLAIMS, random) for _ in range(DRAWS)]
    for chosen, allowed in zip(zip(*made, strict=True), FALSE_OF, strict=True):
        counts, share = Counter(chosen), 1 / len(allowed)
        margin = 6 * (DRAWS * share * (1 - share)) ** 0.5
        if any(abs(counts[i] - DRAWS * share) > margin for i in allowed):
            return False
    return True


def never_fits(answer: Any) -> bool:
    """See whether a caption is false of each drawing that was chosen for it."""
    found = run(answer, Case((FACTS, CLAIMS)))
    return all({*one} <= allowed for one, allowed in zip(found, FALSE_OF, strict=True))


def takes_all(answer: Any) -> bool:
    """See whether each drawing that a caption does not fit is chosen at times."""
    found = run(answer, Case((FACTS, CLAIMS)))
    return all({*one} >= allowed for one, allowed in zip(found, FALSE_OF, strict=True))


MISTAKES = """
any drawing: random.choice(others) => random.choice(range(len(facts)))
    Any drawing is taken, at times one that the caption fits: the model is told that
    something true is false. Leave those out.
any but its own: random.choice(others) =>
| random.choice([i for i in range(len(facts)) if i != number] or [0])
    Only the caption's own drawing is left out. Another may show the same: "there are
    two shapes." is true of half of them. Compare the claims.
other sets: random.choice(others) =>
| random.choice([i for i, true in enumerate(facts) if claimed != true] or [0])
    You ask whether claims and facts are the same set. A caption says less than all that
    is true: it fits if its claims are a part of the facts.
nothing in common: random.choice(others) =>
| random.choice([i for i, true in enumerate(facts) if not claimed & true] or [0])
    You take only drawings of which nothing in the caption is true. One wrong word is
    enough, and those are the pairs that teach most.
the fitting ones: random.choice(others) =>
| random.choice([i for i, true in enumerate(facts) if claimed <= true] or [0])
    These are the drawings that the caption fits. The condition wants a not.
compared the wrong way: random.choice(others) =>
| random.choice([i for i, true in enumerate(facts) if not true <= claimed] or [0])
    The comparison is the wrong way round: the claims must be a part of the facts,
    claims <= facts, for the caption to fit.
the first one: random.choice(others) => others[0]
    Always the first drawing that does not fit is taken, so that one drawing is wrong
    for nearly all captions and can be learned by heart. Choose with random.
the last one: random.choice(others) => others[-1]
    Always the last drawing that does not fit is taken. Choose with random.
its own facts: random.choice(others) =>
| random.choice([i for i, true in enumerate(facts) if true != facts[number]] or [0])
    You compare the drawings with each other, drawing i with the one of the caption's
    number. Compare the claims with the facts: claims <= facts[i].
a strict part: random.choice(others) =>
| random.choice([i for i, true in enumerate(facts) if not claimed < true] or [0])
    A caption that says all that is true of a drawing fits it as well. Where claims and
    facts are equal, < says no; <= says yes.
a generator of its own: … => return right(facts, claims, type(random)(0))
    Every call chooses the same: the answer starts a generator of its own. Choose with
    the one that is handed over.
None where nothing is left:
- raise ValueError(f'caption {number} must be false of a drawing, got none') =>
| return [None for _ in claims]
    Where a caption fits all drawings, there is no right answer: raise a ValueError.
nothing refused:
- raise ValueError(f'caption {number} must be false of a drawing, got none') =>
| others = [0]
    Where a caption fits all drawings, some drawing is taken nevertheless. Raise
    ValueError: there is no right answer.
nothing in common, else refused: not claimed <= true => not claimed & true
    You take only drawings of which nothing in the caption is true, and may find none.
    One wrong word is enough.
choice from nothing: if not others … got none') =>
    Where a caption fits all drawings, nothing is left to choose from: raise a
    ValueError before.
each drawing once: random.choice(others) =>
| random.choice([i for i in others if i not in chosen] or others)
    A drawing that was chosen for one caption is left out for the next. Choose evenly
    for each caption by itself.
"""

EXERCISE = Exercise(
    id="choose-negatives",
    chapter=22,
    title="Drawings that a caption does not fit",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=choose_negatives,
    accepted={"rejection": by_rejection},
    run=run,
    cases=cases,
    properties=[
        Property(
            "the caption is false",
            "A drawing was chosen of which the caption is true.",
            never_fits,
        ),
        Property(
            "all others at times",
            "There are drawings that a caption does not fit and that are never chosen.",
            takes_all,
        ),
        Property(
            "evenly",
            "The drawings that a caption does not fit must be chosen equally often.",
            is_even,
        ),
    ],
    mutants=mistakes(MISTAKES),
    hints=(
        "For each caption, first list the drawings that it does not fit.",
        "A caption fits drawing i if claims <= facts[i], which for sets means: is a "
        "part of. Take the others.",
        "others = [i for i, true in enumerate(facts) if not claimed <= true]; then "
        "random.choice(others), and ValueError where others is empty.",
    ),
)
