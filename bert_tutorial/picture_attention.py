"""Where a model looks in a picture, and which patch its answer needs.

The weights of attention say the first, hiding patches the second. They can disagree.

Chapter: 22
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bert_tutorial.picture_bert import PictureBert
from bert_tutorial.picture_probes import (
    PictureAnswers,
    PictureQuestion,
    ask_pictures,
    patch_of,
)
from bert_tutorial.tokenizer import BertTokenizer

__all__ = ["heads_that_point", "hiding_costs", "one_patch"]

N = 6  # patches in a drawing


def one_patch(questions: Sequence[PictureQuestion]) -> Tensor:
    """Mark the patch with the thing that each question is about: (Q, N), 1 there."""
    marked = torch.zeros(len(questions), N, dtype=torch.long)
    marked[torch.arange(len(questions)), [patch_of(one) for one in questions]] = 1
    return marked


def hiding_costs(
    model: PictureBert, tokenizer: BertTokenizer, questions: Sequence[PictureQuestion]
) -> Tensor:
    """Hide each patch in turn; see what that takes from the right answer.

    Returns:
        (Q, N): the probability of the right word with all patches seen, minus that
        without the patch.
    """
    rows = torch.arange(len(questions))
    truth = torch.tensor([tokenizer.vocab[one.answer] for one in questions])
    seen = torch.ones(len(questions), N, dtype=torch.long)
    whole = ask_pictures(model, tokenizer, questions).probabilities[rows, truth]
    costs = []
    for patch in range(N):
        mask = seen.clone()
        mask[:, patch] = 0
        answers = ask_pictures(model, tokenizer, questions, patch_mask=mask)
        costs.append(whole - answers.probabilities[rows, truth])
    return torch.stack(costs, dim=1)


def heads_that_point(
    answers: PictureAnswers, questions: Sequence[PictureQuestion]
) -> Tensor:
    """Say how often each head gives its largest weight to the right patch.

    Returns:
        (L, A): the share of the questions where, of all patches, [MASK] takes most from
        the one with the thing that is asked about.
    """
    right = one_patch(questions).argmax(dim=1)[:, None, None]
    return (answers.attention.argmax(dim=-1) == right).float().mean(dim=0)
