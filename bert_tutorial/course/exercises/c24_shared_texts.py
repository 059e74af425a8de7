"""Exercise: count what is held out and learned from all the same.

Chapter: 24
"""

from collections.abc import Sequence

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.tasks.leaks import shared_texts

STUB = '''
def shared_texts(train: Sequence[str], held_out: Sequence[str]) -> int:
    """Count the held-out texts that stand in training, too.

    Two texts are the same if they differ only in case and spacing. A text that is held
    out twice counts twice. With ["A red fox.", "It ran."] for training, of
    ["a red  fox.", "A fox.", "a red fox."] two are shared.
    """
    raise NotAttempted
'''

Texts = Sequence[str]


def key(text: str) -> tuple[str, ...]:
    """Forget case and spacing."""
    return tuple(text.casefold().split())


def with_loop(train: Texts, held_out: Texts) -> int:
    """Go through the held-out texts."""
    known, found = {key(text) for text in train}, 0
    for text in held_out:
        if key(text) in known:
            found += 1
    return found


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Take the texts of the stub, then those on which known mistakes differ."""
    train = ["A red fox.", "It ran.", "Anna saw it ran", "cat", "the the end"]
    held = ["a red  fox.", "A fox.", "a red fox.", "IT RAN.", "ran it.", "It ran.\n"]
    more = ["itran.", "saw it", "the end", "the end the", "Cat", "cat", "dog", " cat"]
    mixed = ["end the the", "the END the", "the end"]
    generator = torch.Generator().manual_seed(seed)
    drawn = [
        [
            "ab"[i] + " " + "cd"[j]
            for i, j in torch.randint(2, (n, 2), generator=generator)
        ]
        for n in (2, 9)
    ]
    return [
        Case(
            (["A red fox.", "It ran."], ["a red  fox.", "A fox.", "a red fox."]),
            "a fox",
        ),
        Case((train, held), "case, spacing, order"),
        Case((train[:1] * 3 + train[1:], held[:1] + more), "parts and repeated texts"),
        Case((train, mixed), "the same words in another order, and fewer of them"),
        Case((tuple(drawn[0]), tuple(drawn[1])), "two texts, nine held out"),
    ]


MISTAKES = r"""
letter by letter: … => return sum(text in set(train) for text in held_out)
    Two texts are the same if they differ only in case and spacing: casefold and split,
    then compare.
spacing counts: … => known = {text.casefold() for text in train}
|     return sum(text.casefold() in known for text in held_out)
    Texts that differ in spacing count as different. Split them into words.
case counts: … => known = {' '.join(text.split()) for text in train}
|     return sum(' '.join(text.split()) in known for text in held_out)
    Texts that differ in case count as different. Use casefold.
each text once:
- sum((' '.join(text.casefold().split()) in known for text in held_out)) =>
| len(known & {' '.join(text.casefold().split()) for text in held_out})
    A text that is held out twice counts once here. It is scored twice, so it counts
    twice.
rows of training: … => return right(held_out, train)
    You count rows of training. Count held-out texts: their scores are wrong.
row by row: … => return sum(right([a], [b]) for a, b in zip(train, held_out))
    You compare each row with the one beside it. A text may stand anywhere in training.
parts of texts: in known for text => in '\n'.join(known) for text
    A text that is only a part of a training text counts here. Compare whole texts.
spaces removed:
- {' '.join(text.casefold().split()) for text in train} =>
| {''.join(text.casefold().split()) for text in train}
- ' '.join(text.casefold().split()) in known =>
| ''.join(text.casefold().split()) in known
    The words run together, so that different words look the same. Keep one space
    between them.
order forgotten:
- {' '.join(text.casefold().split()) for text in train} =>
| {' '.join(sorted(text.casefold().split())) for text in train}
- ' '.join(text.casefold().split()) in known =>
| ' '.join(sorted(text.casefold().split())) in known
    Texts with the same words in another order count as the same. Keep the order.
set of words:
- {' '.join(text.casefold().split()) for text in train} =>
| {frozenset(text.casefold().split()) for text in train}
- ' '.join(text.casefold().split()) in known =>
| frozenset(text.casefold().split()) in known
    A set forgets order and repeated words, so that different texts look the same. Keep
    the sequence of words.
what is new: return sum( => return len(held_out) - sum(
    This is the number of held-out texts that training does not have.
a fraction: … => return right(train, held_out) / len(held_out)
    This is the fraction. Return the number of texts.
"""

EXERCISE = Exercise(
    id="shared-texts",
    chapter=24,
    title="Held out, and learned from all the same",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=shared_texts,
    accepted={"loop": with_loop},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Give each text a key that forgets what should not count.",
        'The key is " ".join(text.casefold().split()). Put those of training in a set.',
        "sum(key(text) in known for text in held_out).",
    ),
)
