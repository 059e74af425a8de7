"""Exercise: what a decoder may see.

Chapter: 17
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
from bert_tutorial.tasks.summaries.writer import decoder_masks

STUB = '''
def decoder_masks(T: int, source_is_token: Tensor) -> tuple[Tensor, Tensor]:
    """Say what the T positions of the target may see; True is visible.

    A position sees itself and those before it, and all of the source but the padding.

    Args:
        T: positions of the target.
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


def source_turned(T: int, source_is_token: Tensor) -> Masks:
    """Use True for hidden in the source only."""
    own, source = decoder_masks(T, source_is_token)
    return own, ~source


def as_numbers(T: int, source_is_token: Tensor) -> Masks:
    """Give 0 and 1."""
    own, source = decoder_masks(T, source_is_token)
    return own.float(), source.float()


def own_as_numbers(T: int, source_is_token: Tensor) -> Masks:
    """Give 0 and 1 for the target."""
    own, source = decoder_masks(T, source_is_token)
    return own.float(), source


def stretched(T: int, source_is_token: Tensor) -> Masks:
    """Give each position of the target a row of the source's mask."""
    own, source = decoder_masks(T, source_is_token)
    return own, source.expand(-1, -1, T, -1)


def batch_missing(T: int, source_is_token: Tensor) -> Masks:
    """Leave out the axis of the batch."""
    own, source = decoder_masks(T, source_is_token)
    return own[0], source


def square(T: int, source_is_token: Tensor) -> Masks:
    """Leave out both axes in front."""
    own, source = decoder_masks(T, source_is_token)
    return own[0, 0], source


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One position, some, a source with padding."""
    padded = torch.tensor([[True, True, True, False, False], [True] * 4 + [False]])
    return [
        Case((1, torch.tensor([[True, True]])), "one position"),
        Case((3, padded), "three positions, a source with padding"),
        Case((7, padded[:1]), "seven positions"),
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
            "Every position sees the whole target. In training it would copy the next "
            "word instead of learning to find it; in writing there is none to copy.",
        ),
        Mutant(
            "not itself",
            not_itself,
            "A position does not see itself, and the first sees nothing. What stands "
            "at a position is the word already written; the one to find comes after "
            "it.",
        ),
        Mutant(
            "one too far",
            one_too_far,
            "A position sees one word ahead: the very word that it has to find.",
        ),
        Mutant(
            "rows and columns exchanged",
            exchanged,
            "Rows ask and columns answer; in yours a position sees itself and what "
            "comes after it. The True triangle is the lower one.",
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
        Mutant(
            "source turned round",
            source_turned,
            "The source's mask is turned round: True at the padding. True means "
            "visible in both.",
        ),
        Mutant(
            "numbers",
            as_numbers,
            "The masks are numbers. True and False are asked for: dtype=torch.bool.",
        ),
        Mutant(
            "numbers for the target",
            own_as_numbers,
            "The target's mask has numbers. True and False are asked for: "
            "dtype=torch.bool.",
        ),
        Mutant(
            "source stretched",
            stretched,
            "The source's mask has a row for each position of the target. One row "
            "for all is asked for, (B, 1, 1, S): it is broadcast.",
        ),
        Mutant(
            "one axis missing",
            batch_missing,
            "The target's mask has three axes. (1, 1, T, T) has one for the batch "
            "and one for the heads.",
        ),
        Mutant(
            "two axes missing",
            square,
            "The target's mask is (T, T). (1, 1, T, T) has axes for the batch and "
            "the heads, too.",
        ),
    ],
    cases=cases,
    waived={
        "torch.arange(T, device=sourc ... => torch.arange(T)": (
            "the checks run on one device"
        ),
    },
    hints=(
        "Two masks: a triangle for the target, the padding for the source.",
        "Row i of the triangle is True up to and including column i.",
        "torch.ones(T, T, dtype=torch.bool).tril(); new axes with [:, None, None].",
    ),
)
