"""Exercise: what a discriminator reads, and what it is asked.

Chapter: 20
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
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


def all_chosen(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Take what was chosen for replaced."""
    return mark_replaced(input_ids, labels, samples)[0], labels != -100


def against_masked(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Compare with what the generator read."""
    read, _ = mark_replaced(input_ids, labels, samples)
    return read, read != input_ids


def sampled_everywhere(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Use the generator's words at all positions."""
    _, is_replaced = mark_replaced(input_ids, labels, samples)
    return samples, is_replaced


def unmasked(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Give the discriminator the text with its [MASK]."""
    return input_ids, mark_replaced(input_ids, labels, samples)[1]


def everywhere_marked(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Compare with the labels where there are none."""
    read, _ = mark_replaced(input_ids, labels, samples)
    return read, read != labels


def untouched(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Mark the originals."""
    read, is_replaced = mark_replaced(input_ids, labels, samples)
    return read, ~is_replaced


def as_numbers(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Give 0 and 1."""
    read, is_replaced = mark_replaced(input_ids, labels, samples)
    return read, is_replaced.long()


def samples_alone(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Take all samples, and compare all of them."""
    return samples, samples != torch.where(labels != -100, labels, input_ids)


def at_masks(input_ids: Tensor, labels: Tensor, samples: Tensor) -> Pair:
    """Replace only what the generator read as [MASK], id 4."""
    is_mask = (labels != -100) & (input_ids == 4)
    return torch.where(is_mask, samples, input_ids), is_mask & (samples != labels)


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
    ]


EXERCISE = Exercise(
    id="mark-replaced",
    chapter=20,
    title="Which token was replaced?",
    difficulty=1,
    minutes=8,
    stub=STUB,
    solution=mark_replaced,
    accepted={"original": with_original},
    mutants=[
        Mutant(
            "chosen means replaced",
            all_chosen,
            "Where the generator hits the original word, nothing was replaced. Compare "
            "the sample with the label.",
        ),
        Mutant(
            "compared with the masked text",
            against_masked,
            "You compared with what the generator read, which has [MASK] there. "
            "Compare with the original, which labels holds at the chosen positions.",
        ),
        Mutant(
            "samples at all positions",
            sampled_everywhere,
            "The generator's words count at the chosen positions only; elsewhere the "
            "text stays.",
        ),
        Mutant(
            "still masked",
            unmasked,
            "The discriminator reads the generator's words, not [MASK].",
        ),
        Mutant(
            "-100 as a word",
            everywhere_marked,
            "labels is -100 where nothing was chosen. Nothing is replaced there.",
        ),
        Mutant(
            "the others",
            untouched,
            "True means replaced; here it means the original.",
        ),
        Mutant(
            "numbers",
            as_numbers,
            "The second result is a bool for each token; compare instead of counting.",
        ),
        Mutant(
            "samples compared everywhere",
            samples_alone,
            "The generator's words are used, and compared, at all positions. They "
            "count at the chosen positions only.",
        ),
        Mutant(
            "at [MASK] only",
            at_masks,
            "Only where the generator read [MASK] its word counts. Some chosen "
            "positions kept their word or have another: go by labels.",
        ),
    ],
    cases=cases,
    hints=(
        "Which positions can differ from the original at all?",
        "torch.where puts the samples at the chosen positions. A token is replaced if "
        "it was chosen and its sample is not its label.",
        "(labels != -100) & (samples != labels)",
    ),
)
