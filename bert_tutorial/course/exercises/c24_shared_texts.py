"""Exercise: count what is held out and learned from all the same.

Chapter: 24
"""

from collections.abc import Sequence
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
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


def as_they_are(train: Texts, held_out: Texts) -> int:
    """Compare letter by letter."""
    return sum(text in set(train) for text in held_out)


def spacing_counts(train: Texts, held_out: Texts) -> int:
    """Forget case, keep spacing."""
    known = {text.casefold() for text in train}
    return sum(text.casefold() in known for text in held_out)


def case_counts(train: Texts, held_out: Texts) -> int:
    """Forget spacing, keep case."""
    known = {" ".join(text.split()) for text in train}
    return sum(" ".join(text.split()) in known for text in held_out)


def each_once(train: Texts, held_out: Texts) -> int:
    """Count each different text once."""
    return len({key(text) for text in train} & {key(text) for text in held_out})


def of_training(train: Texts, held_out: Texts) -> int:
    """Count the rows of training."""
    return shared_texts(held_out, train)


def side_by_side(train: Texts, held_out: Texts) -> int:
    """Compare row with row."""
    return sum(key(a) == key(b) for a, b in zip(train, held_out, strict=False))


def contained(train: Texts, held_out: Texts) -> int:
    """Take a part of a text for the text."""
    whole = [" ".join(key(text)) for text in train]
    return sum(any(" ".join(key(text)) in one for one in whole) for text in held_out)


def without_spaces(train: Texts, held_out: Texts) -> int:
    """Join the words."""
    known = {"".join(key(text)) for text in train}
    return sum("".join(key(text)) in known for text in held_out)


def sorted_words(train: Texts, held_out: Texts) -> int:
    """Forget the order of the words."""
    known = {tuple(sorted(key(text))) for text in train}
    return sum(tuple(sorted(key(text))) in known for text in held_out)


def set_of_words(train: Texts, held_out: Texts) -> int:
    """Forget how often a word comes."""
    known = {frozenset(key(text)) for text in train}
    return sum(frozenset(key(text)) in known for text in held_out)


def only_new(train: Texts, held_out: Texts) -> int:
    """Count what is not shared."""
    return len(held_out) - shared_texts(train, held_out)


def as_fraction(train: Texts, held_out: Texts) -> Any:
    """Divide by the number of held-out texts."""
    return shared_texts(train, held_out) / len(held_out)


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
        Case((["straße"], ["STRASSE", "strasse "]), "a capital that is two letters"),
        Case((tuple(drawn[0]), tuple(drawn[1])), "two texts, nine held out"),
    ]


SAME = (
    "Two texts are the same if they differ only in case and spacing: casefold and "
    "split, then compare."
)

EXERCISE = Exercise(
    id="shared-texts",
    chapter=24,
    title="Held out, and learned from all the same",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=shared_texts,
    accepted={"loop": with_loop},
    mutants=[
        Mutant("letter by letter", as_they_are, SAME),
        Mutant(
            "spacing counts",
            spacing_counts,
            "Texts that differ in spacing count as different. Split them into words.",
        ),
        Mutant(
            "case counts",
            case_counts,
            "Texts that differ in case count as different. Use casefold.",
        ),
        Mutant(
            "each text once",
            each_once,
            "A text that is held out twice counts once here. It is scored twice, so it "
            "counts twice.",
        ),
        Mutant(
            "rows of training",
            of_training,
            "You count rows of training. Count held-out texts: their scores are wrong.",
        ),
        Mutant(
            "row by row",
            side_by_side,
            "You compare each row with the one beside it. A text may stand anywhere in "
            "training.",
        ),
        Mutant(
            "parts of texts",
            contained,
            "A text that is only a part of a training text counts here. Compare whole "
            "texts.",
        ),
        Mutant(
            "spaces removed",
            without_spaces,
            "The words run together, so that different words look the same. Keep one "
            "space between them.",
        ),
        Mutant(
            "order forgotten",
            sorted_words,
            "Texts with the same words in another order count as the same. Keep the "
            "order.",
        ),
        Mutant(
            "set of words",
            set_of_words,
            "A set forgets order and repeated words, so that different texts look the "
            "same. Keep the sequence of words.",
        ),
        Mutant(
            "what is new",
            only_new,
            "This is the number of held-out texts that training does not have.",
        ),
        Mutant(
            "a fraction",
            as_fraction,
            "This is the fraction. Return the number of texts.",
        ),
    ],
    cases=cases,
    hints=(
        "Give each text a key that forgets what should not count.",
        'The key is " ".join(text.casefold().split()). Put those of training in a set.',
        "sum(key(text) in known for text in held_out).",
    ),
)
