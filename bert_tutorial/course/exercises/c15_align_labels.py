"""Exercise: labels of words for pieces.

Chapter: 15
"""

from collections.abc import Sequence

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.tasks.tagging.windows import align_labels

STUB = '''
def align_labels(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Give each piece of [CLS] words [SEP] its label.

    numbers has the label of each word, lengths how many pieces it has. The first piece
    of a word has its label; its other pieces, [CLS] and [SEP] have -100, which the loss
    passes over: align_labels([3, 0], [2, 1]) gives [-100, 3, -100, 0, -100].
    """
    raise NotAttempted
'''


def into_a_row(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Put the labels into a row of -100."""
    labels = [-100] * (2 + sum(lengths))
    position = 1
    for number, length in zip(numbers, lengths, strict=True):
        labels[position] = number
        position += length
    return labels


def every_piece(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Label every piece."""
    pairs = zip(numbers, lengths, strict=True)
    return [-100, *(number for number, n in pairs for _ in range(n)), -100]


def last_piece(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Label the last piece."""
    labels = [-100]
    for number, length in zip(numbers, lengths, strict=True):
        labels += [-100] * (length - 1) + [number]
    return [*labels, -100]


def no_cls(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Forget that [CLS] stands first."""
    return [*align_labels(numbers, lengths)[1:], -100]


def specials_missing(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Leave [CLS] and [SEP] out."""
    return align_labels(numbers, lengths)[1:-1]


def no_sep(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Leave [SEP] out."""
    return align_labels(numbers, lengths)[:-1]


def outside_everywhere(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Call everything else O."""
    return [0 if label == -100 else label for label in align_labels(numbers, lengths)]


def specials_outside(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Call [CLS] and [SEP] O."""
    return [0, *align_labels(numbers, lengths)[1:-1], 0]


def a_label_a_word(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Forget the pieces."""
    return [-100, *numbers, -100]


def pieces_outside(numbers: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Call the later pieces O."""
    row = [0 if label == -100 else label for label in align_labels(numbers, lengths)]
    return [-100, *row[1:-1], -100]


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One word of several pieces, the worked one, some words."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 5, (7,), generator=generator).tolist()
    numbers = torch.randint(0, 6, (7,), generator=generator).tolist()
    return [
        Case(([4], [3]), "one word of three pieces"),
        Case(([3, 0], [2, 1]), "the worked example"),
        Case(([2, 1, 5], [1, 4, 2]), "three words"),
        Case((numbers, lengths), "seven words"),
        Case(([], []), "no word"),
    ]


EXERCISE = Exercise(
    id="align-labels",
    chapter=15,
    title="Labels of words for pieces",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=align_labels,
    accepted={"a row of -100": into_a_row},
    mutants=[
        Mutant(
            "every piece labelled",
            every_piece,
            "Every piece has the word's label, so a word of four pieces counts four "
            "times in the loss. Only the first piece is scored; the others have -100.",
        ),
        Mutant(
            "last piece",
            last_piece,
            "The label stands at the word's last piece. Prediction reads the first.",
        ),
        Mutant(
            "[CLS] forgotten",
            no_cls,
            "All labels stand one position too early: position 0 is [CLS], with -100.",
        ),
        Mutant(
            "no place for [CLS] and [SEP]",
            specials_missing,
            "The row is two short: the model also reads [CLS] and [SEP].",
        ),
        Mutant(
            "no place for [SEP]",
            no_sep,
            "The row is one short: [SEP] at the end has -100.",
        ),
        Mutant(
            "O instead of -100",
            outside_everywhere,
            "Where nothing is to be scored you put 0, which is the label O: the model "
            "would learn that the rest of each name is outside. Put -100.",
        ),
        Mutant(
            "[CLS] and [SEP] are O",
            specials_outside,
            "[CLS] and [SEP] have label 0, so the loss counts two words that nobody "
            "tagged. They have -100.",
        ),
        Mutant(
            "a label a word",
            a_label_a_word,
            "The row has one position a word. It needs one for each piece: lengths "
            "says how many.",
        ),
        Mutant(
            "later pieces are O",
            pieces_outside,
            "The later pieces of a word have label 0, O: the model would learn "
            "that the rest of each name is outside. They have -100.",
        ),
    ],
    cases=cases,
    hints=(
        "Begin with [CLS], then go through words and lengths together.",
        "A word of n pieces adds its label and n - 1 times -100.",
        "labels += [number] + [-100] * (length - 1); one -100 before, one after.",
    ),
)
