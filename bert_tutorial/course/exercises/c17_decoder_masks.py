"""Exercise: what a decoder may see.

Chapter: 17
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
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


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One position, some, a source with padding."""
    padded = torch.tensor([[True, True, True, False, False], [True] * 4 + [False]])
    return [
        Case((1, torch.tensor([[True, True]])), "one position"),
        Case((3, padded), "three positions, a source with padding"),
        Case((7, padded[:1]), "seven positions"),
    ]


MISTAKES = """
sees the future: <= position[:, None] => < T + position[:, None]
    Every position sees the whole target. In training it would copy the next word
    instead of learning to find it; in writing there is none to copy.
not itself: <= => <
    A position does not see itself, and the first sees nothing. What stands at a
    position is the word already written; the one to find comes after it.
one too far: <= position[:, None] => <= position[:, None] + 1
    A position sees one word ahead: the very word that it has to find.
rows and columns exchanged: <= => >=
    Rows ask and columns answer; in yours a position sees itself and what comes after
    it. The True triangle is the lower one.
padding seen: source_is_token[ => torch.ones_like(source_is_token)[
    The padding of the source is visible: a summary would depend on what else is in the
    batch.
turned round:
- <= => >
- source_is_token[: => ~source_is_token[:
    True means visible here; in yours it means hidden.
padding asks: source_is_token[:, None, None, :] => source_is_token[:, None, :, None]
    The source's mask must lie along the columns, (B, 1, 1, S): the padding does not
    answer.
target turned round: <= => >
    The target's mask is turned round: True at what comes after. True means visible in
    both.
source turned round: source_is_token[: => ~source_is_token[:
    The source's mask is turned round: True at the padding. True means visible in both.
numbers:
- is_past[None, None] => is_past[None, None].float()
- source_is_token[:, None, None, :] => source_is_token[:, None, None, :].float()
    The masks are numbers. True and False are asked for: dtype=torch.bool.
whole numbers:
- is_past[None, None] => is_past[None, None].long()
- source_is_token[:, None, None, :] => source_is_token[:, None, None, :].long()
    = numbers
a mask for each text: is_past[None, None] =>
| is_past.expand(len(source_is_token), 1, T, T)
    The target's mask is there once for each text. One for all is asked for, (1, 1, T,
    T): it is broadcast.
numbers for the target: is_past[None, None] => is_past[None, None].float()
    The target's mask has numbers. True and False are asked for: dtype=torch.bool.
source stretched: source_is_token[:, None, None, :] =>
| source_is_token[:, None, None, :].expand(-1, -1, T, -1)
    The source's mask has a row for each position of the target. One row for all is
    asked for, (B, 1, 1, S): it is broadcast.
one axis missing: is_past[None, None] => is_past[None]
    The target's mask has three axes. (1, 1, T, T) has one for the batch and one for the
    heads.
two axes missing: is_past[None, None] => is_past
    The target's mask is (T, T). (1, 1, T, T) has axes for the batch and the heads, too.
"""

EXERCISE = Exercise(
    id="decoder-masks",
    chapter=17,
    title="What a decoder may see",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=decoder_masks,
    accepted={"tril": with_tril},
    mutants=mistakes(MISTAKES),
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
