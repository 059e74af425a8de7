"""Exercise: what a decoder may see.

Chapter: 17
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.tasks.summaries.writer import decoder_masks

STUB = '''
def decoder_masks(T: int, source_is_token: Tensor) -> tuple[Tensor, Tensor]:
    """Say what the T places of the target may see; True is visible.

    A place sees itself and those before it, and all of the source but the padding.

    Args:
        T: places of the target.
        source_is_token: (B, S) bool.

    Returns:
        (1, 1, T, T) for the target and (B, 1, 1, S) for the source, bool: rows ask,
        columns answer.
    """
    raise NotAttempted
'''

Masks = tuple[Tensor, Tensor]


def with_tril(T: int, source_is_token: Tensor) -> Masks:
    """Cut a square of ones."""
    own = torch.ones(T, T, dtype=torch.bool).tril()
    return own.view(1, 1, T, T), source_is_token.bool().unsqueeze(1).unsqueeze(1)


def sees_all(T: int, source_is_token: Tensor) -> Masks:
    """Hide nothing of the target."""
    own, source = decoder_masks(T, source_is_token)
    return torch.ones_like(own), source


def not_itself(T: int, source_is_token: Tensor) -> Masks:
    """Begin one below the diagonal."""
    own, source = decoder_masks(T, source_is_token)
    return own.tril(-1), source


def one_too_far(T: int, source_is_token: Tensor) -> Masks:
    """See one word ahead."""
    own, source = decoder_masks(T, source_is_token)
    return torch.ones_like(own).tril(1), source


def exchanged(T: int, source_is_token: Tensor) -> Masks:
    """Exchange rows and columns."""
    own, source = decoder_masks(T, source_is_token)
    return own.transpose(-1, -2), source


def padding_seen(T: int, source_is_token: Tensor) -> Masks:
    """Hide nothing of the source."""
    own, source = decoder_masks(T, source_is_token)
    return own, torch.ones_like(source)


def turned(T: int, source_is_token: Tensor) -> Masks:
    """Use True for hidden."""
    own, source = decoder_masks(T, source_is_token)
    return ~own, ~source


def source_rows(T: int, source_is_token: Tensor) -> Masks:
    """Let the padding ask instead of answer."""
    own, source = decoder_masks(T, source_is_token)
    return own, source.transpose(-1, -2)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One place, some, a source with padding."""
    padded = torch.tensor([[True, True, True, False, False], [True] * 4 + [False]])
    return [
        Case((1, torch.tensor([[True, True]])), "one place"),
        Case((3, padded), "three places, a source with padding"),
        Case((7, padded[:1]), "seven places"),
    ]


EXERCISE = Exercise(
    id="decoder-masks",
    chapter=17,
    title="What a decoder may see",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=decoder_masks,
    accepted={"tril": with_tril},
    mutants=[
        Mutant(
            "sees the future",
            sees_all,
            "Every place sees the whole target. In training it would copy the next "
            "word instead of learning to find it; in writing there is none to copy.",
        ),
        Mutant(
            "not itself",
            not_itself,
            "A place does not see itself, and the first sees nothing. What stands at a "
            "place is the word already written; the one to find comes after it.",
        ),
        Mutant(
            "one too far",
            one_too_far,
            "A place sees one word ahead: the very word that it has to find.",
        ),
        Mutant(
            "rows and columns exchanged",
            exchanged,
            "Rows ask and columns answer; in yours a place sees itself and what comes "
            "after it. The True triangle is the lower one.",
        ),
        Mutant(
            "padding seen",
            padding_seen,
            "The padding of the source is visible: a summary would depend on what else "
            "is in the batch.",
        ),
        Mutant(
            "turned round",
            turned,
            "True means visible here; in yours it means hidden.",
        ),
        Mutant(
            "padding asks",
            source_rows,
            "The source's mask must lie along the columns, (B, 1, 1, S): the padding "
            "does not answer.",
        ),
    ],
    cases=cases,
    hints=(
        "Two masks: a triangle for the target, the padding for the source.",
        "Row i of the triangle is True up to and including column i.",
        "torch.ones(T, T, dtype=torch.bool).tril(); new axes with [:, None, None].",
    ),
)
