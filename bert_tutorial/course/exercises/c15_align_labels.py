"""Exercise: labels of words for pieces.

Chapter: 15
"""

from collections.abc import Sequence

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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


MISTAKES = """
every piece labelled: [number] + [-100] * (length - 1) => [number] * length
    Every piece has the word's label, so a word of four pieces counts four times in the
    loss. Only the first piece is scored; the others have -100.
last piece: [number] + [-100] * (length - 1) => [-100] * (length - 1) + [number]
    The label stands at the word's last piece. Prediction reads the first.
[CLS] forgotten: … => return [*right(numbers, lengths)[1:], -100]
    All labels stand one position too early: position 0 is [CLS], with -100.
no place for [CLS] and [SEP]: … => return right(numbers, lengths)[1:-1]
    The row is two short: the model also reads [CLS] and [SEP].
no place for [SEP]: [*labels, -100] => labels
    The row is one short: [SEP] at the end has -100.
O instead of -100:
- … => return [0 if label == -100 else label for label in right(numbers, lengths)]
    Where nothing is to be scored you put 0, which is the label O: the model would learn
    that the rest of each name is outside. Put -100.
[CLS] and [SEP] are O: … => return [0, *right(numbers, lengths)[1:-1], 0]
    [CLS] and [SEP] have label 0, so the loss counts two words that nobody tagged. They
    have -100.
a label a word: … => return [-100, *numbers, -100]
    The row has one position a word. It needs one for each piece: lengths says how many.
later pieces are O: [-100] * ( => [0] * (
    The later pieces of a word have label 0, O: the model would learn that the rest of
    each name is outside. They have -100.
label 0 taken for none: [number] + => [number or -100] +
    A label of 0 becomes -100, since 0 counts as false. 0 is O, a label like any other.
no place for [CLS]: … => return right(numbers, lengths)[1:]
    The row is one short: [CLS] at the start has -100.
"""

EXERCISE = Exercise(
    id="align-labels",
    chapter=15,
    title="Labels of words for pieces",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=align_labels,
    accepted={"a row of -100": into_a_row},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Begin with [CLS], then go through words and lengths together.",
        "A word of n pieces adds its label and n - 1 times -100.",
        "labels += [number] + [-100] * (length - 1); one -100 before, one after.",
    ),
)
