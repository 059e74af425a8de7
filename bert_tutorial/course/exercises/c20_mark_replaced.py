"""Exercise: what a discriminator reads, and what it is asked.

Chapter: 20
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.efficiency.replaced import mark_replaced

STUB = '''
def mark_replaced(
    input_ids: Tensor, labels: Tensor, samples: Tensor
) -> tuple[Tensor, Tensor]:
    """Put the generator's words into a text, and say which tokens were replaced.

    All (B, T). labels has the original ID at the chosen positions and -100 elsewhere;
    input_ids is what the generator read, with [MASK] at most chosen positions; samples
    are the generator's words, of which those at chosen positions count. Give the IDs
    that the discriminator reads, and a bool for each: does it differ from the original?
    (7, 4, 4), (-100, 8, 9) and (1, 8, 5) give (7, 8, 5) and (False, False, True).
    """
    raise NotAttempted
'''

Pair = tuple[Tensor, Tensor]


def with_original(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Restore the original first."""
    is_chosen = labels != -100
    original = input_ids.masked_scatter(is_chosen, labels[is_chosen])
    read = original.masked_scatter(is_chosen, samples[is_chosen])
    return read, read != original


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The docstring's row; a batch with hits, misses and unmasked chosen positions."""
    torch.manual_seed(seed)
    row = torch.tensor([[7, 4, 4]]), torch.tensor([[-100, 8, 9]])
    original = torch.randint(5, 99, (3, 11))
    is_chosen = torch.rand(3, 11) < 0.5
    is_chosen[0, :4] = True
    labels = original.masked_fill(~is_chosen, -100)
    shown = original.masked_fill(is_chosen, 4)
    shown[0, [0, 3]] = original[0, [0, 3]]  # chosen and kept
    samples = torch.where(
        torch.rand(3, 11) < 0.4, original, torch.randint(5, 99, (3, 11))
    )
    samples[0, :4] = torch.stack([original[0, 0] % 90 + 6, *original[0, 1:4]])
    return [
        Case((*row, torch.tensor([[1, 8, 5]])), "one hit, one miss"),
        Case((shown, labels, samples), "three rows, some chosen positions kept"),
        Case(
            (
                torch.tensor([[4, 4, 0]]),
                torch.tensor([[0, 0, -100]]),
                torch.tensor([[0, 5, 6]]),
            ),
            "words whose id is 0",
        ),
    ]


MISTAKES = """
chosen means replaced: is_chosen & (samples != labels) => is_chosen
    Where the generator hits the original word, nothing was replaced. Compare the sample
    with the label.
compared with the masked text: is_chosen & (samples != labels) => read != input_ids
    You compared with what the generator read, which has [MASK] there. Compare with the
    original, which labels holds at the chosen positions.
samples at all positions: (read, => (samples,
    The generator's words count at the chosen positions only; elsewhere the text stays.
still masked: (read, => (input_ids,
    The discriminator reads the generator's words, not [MASK].
hits marked: samples != labels => samples == labels
    True stands where the generator hit the original word. Replaced means that it did
    not: the sample differs from the label.
-100 as a word: is_chosen & (samples != labels) => read != labels
    labels is -100 where nothing was chosen. Nothing is replaced there.
the others: is_chosen & (samples != labels) => ~(is_chosen & (samples != labels))
    True means replaced; here it means the original.
numbers: is_chosen & (samples != labels) => (is_chosen & (samples != labels)).long()
    The second result is a bool for each token; compare instead of counting.
samples compared everywhere:
- return … => return samples, samples != torch.where(is_chosen, labels, input_ids)
    The generator's words are used, and compared, at all positions. They count at the
    chosen positions only.
at [MASK] only: labels != -100 => (labels != -100) & (input_ids == 4)
    Only where the generator read [MASK] its word counts. Some chosen positions kept
    their word or have another: go by labels.
id 0 taken for none: labels != -100 => labels > 0
    A word whose id is 0 is taken for not chosen. Only -100 says that.
labels put in: torch.where(is_chosen, samples, input_ids) =>
| torch.where(is_chosen, labels, input_ids)
    The true words are put back. The discriminator reads the generator's.
"""

EXERCISE = Exercise(
    id="mark-replaced",
    chapter=20,
    title="Which token was replaced?",
    difficulty=1,
    minutes=8,
    stub=STUB,
    solution=mark_replaced,
    accepted={"original": with_original},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "Which positions can differ from the original at all?",
        "torch.where puts the samples at the chosen positions. A token is replaced if "
        "it was chosen and its sample is not its label.",
        "(labels != -100) & (samples != labels)",
    ),
)
