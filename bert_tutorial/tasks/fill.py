"""Fill the masks of many texts: those of like length are read together.

Chapter: 20
"""

from collections.abc import Sequence

import torch

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.fill import Guess, best_guesses, mask_positions
from bert_tutorial.model.objectives import BertForMaskedLM, BertForPreTraining
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import length_batches
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["fill_texts"]


@torch.no_grad()
def fill_texts(
    model: BertForPreTraining | BertForMaskedLM,
    tokenizer: BertTokenizer,
    texts: Sequence[str],
    top: int = 5,
    *,
    batch_size: int = 64,
) -> list[list[list[Guess]]]:
    """Do for each of many texts what `fill_masks` does for one.

    Args:
        model: the model; it is left in eval mode.
        tokenizer: its tokenizer.
        texts: each with at least one [MASK].
        top: number of guesses for each [MASK].
        batch_size: texts at a time, at most.

    Returns:
        For each text, in the given order, the guesses of each [MASK].

    Raises:
        UserError: naming the first text that has no [MASK] or is too long.
    """
    model.eval()
    examples = []
    for number, text in enumerate(texts, start=1):
        encoding = tokenizer.encode(text)
        try:
            mask_positions(model, tokenizer, encoding.ids)
        except UserError as error:
            raise UserError(f"text {number}: {error}") from error
        examples.append(Example(encoding.ids, encoding.type_ids, {}))
    found: list[list[list[Guess]]] = [[] for _ in texts]
    device = next(model.parameters()).device
    dealt = length_batches(examples, batch_size, device, tokenizer.pad_id)
    for numbers, batch in dealt:
        hidden = model.bert(**batch).last_hidden_state  # (B, T, H)
        is_mask = batch["input_ids"] == tokenizer.mask_id  # (B, T)
        guesses = best_guesses(model, tokenizer, hidden[is_mask], top)
        for row, guess in zip(is_mask.nonzero()[:, 0].tolist(), guesses, strict=True):
            found[numbers[row]].append(guess)
    return found
