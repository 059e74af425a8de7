"""Fill masks: the words that a model finds likely behind each [MASK].

Chapter: 11
Used from: 1
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.objectives import BertForMaskedLM, BertForPreTraining
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["Guess", "fill_masks"]


class Guess(NamedTuple):
    """A piece and its probability."""

    token: str
    probability: float


@torch.no_grad()
def fill_masks(
    model: BertForPreTraining | BertForMaskedLM,
    tokenizer: BertTokenizer,
    text: str,
    top: int = 5,
) -> list[list[Guess]]:
    """Find the likeliest pieces for each [MASK] of a text.

    The logits are read at the positions of [MASK] only, and turned to probabilities.
    Several masks are filled each for itself.

    Args:
        model: the model; dropout is off whatever its mode.
        tokenizer: its tokenizer.
        text: with at least one [MASK].
        top: number of guesses for each.

    Returns:
        For each [MASK], in order, its guesses, the likeliest first.

    Raises:
        ValueError: if there is no [MASK], or the text is longer than the model reads.
    """
    ids = tokenizer.encode(text).ids
    positions = mask_positions(model, tokenizer, ids)
    was_training = model.training
    model.eval()
    on_device = torch.tensor([ids], device=model.device)
    hidden = model.bert(on_device).last_hidden_state  # (1, T, H)
    found = best_guesses(model, tokenizer, hidden[0, positions], top)
    model.train(was_training)
    return found


def mask_positions(
    model: BertForPreTraining | BertForMaskedLM,
    tokenizer: BertTokenizer,
    ids: Sequence[int],
) -> list[int]:
    """Find each [MASK] of an encoded text.

    Raises:
        UserError: if there is none, or the text is longer than the model reads.
    """
    positions = [i for i, token in enumerate(ids) if token == tokenizer.mask_id]
    if not positions:
        raise UserError("the text must contain [MASK], got none; write [MASK] in it")
    longest = model.config.max_position_embeddings
    if len(ids) > longest:
        raise UserError(
            f"the text must have at most {longest} tokens with [CLS] and [SEP], got "
            f"{len(ids)}; shorten it"
        )
    return positions


def best_guesses(
    model: BertForPreTraining | BertForMaskedLM,
    tokenizer: BertTokenizer,
    hidden: Tensor,
    top: int,
) -> list[list[Guess]]:
    """Read the likeliest pieces off the vectors (M, H) of M masks."""
    # (M, V), without the rows that only fill the table up to a round number
    logits = model.cls.predictions(hidden)[:, : len(tokenizer)].float()
    found = logits.softmax(dim=-1).topk(min(top, logits.shape[-1]))
    return [
        [
            Guess(tokenizer.id_to_token[i], p)
            for p, i in zip(row.tolist(), indices.tolist(), strict=True)
        ]
        for row, indices in zip(found.values, found.indices, strict=True)
    ]
