"""The same views on a published sentence encoder, which read real text.

It has no output head for words, so that nothing can be asked of it with [MASK]. Its
answer is a vector for the whole sentence: the mean of its tokens' last states. What
runs the model takes the batch to its device, and brings the result to the CPU.

Chapter: 19
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.labs.inside.interventions import ablate_head, changed_run
from bert_tutorial.labs.inside.probing import (
    continent_task,
    probe_states,
    states_at,
)
from bert_tutorial.labs.inside.views import rounded
from bert_tutorial.model.bert import BertModel
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import World

__all__ = [
    "COUNTRY_SENTENCES",
    "WordBatch",
    "encoder_report",
    "head_targets",
    "sentence_effects",
    "sentence_vectors",
    "word_batch",
]

# They say nothing about a country from which its continent could be guessed.
COUNTRY_SENTENCES = (
    "We talked about {x} at lunch.",
    "{x} was in the news again.",
    "My sister moved to {x} last year.",
    "He wrote a short book about {x}.",
    "Nobody at the table had been to {x}.",
    "They want to see {x} before winter.",
)


class WordBatch(NamedTuple):
    """Sentences with one word each that is looked at.

    Shapes: ids, mask (N, T); at (N,), the position of the word's first piece.
    """

    ids: Tensor
    mask: Tensor
    at: Tensor
    words: tuple[str, ...]

    def to(self, device: torch.device) -> "WordBatch":
        """Move all tensors to a device."""
        ids, mask, at = (one.to(device) for one in self[:3])
        return WordBatch(ids, mask, at, self.words)


def word_batch(tokenizer: BertTokenizer, words: Sequence[str]) -> WordBatch:
    """Put every word into every one of `COUNTRY_SENTENCES`."""
    rows, at = [], []
    for word in words:
        first = tokenizer.encode(word).ids[1]
        for sentence in COUNTRY_SENTENCES:
            rows.append(tokenizer.encode(sentence.format(x=word)).ids)
            at.append(rows[-1].index(first))
    ids, mask = pad(rows, tokenizer.pad_id)
    each = tuple(word for word in words for _ in COUNTRY_SENTENCES)
    return WordBatch(ids, mask, torch.tensor(at), each)


@torch.no_grad()
def head_targets(model: BertModel, batch: WordBatch) -> dict[str, Tensor]:
    """Say what each head gives its weight to, on average over the tokens that ask.

    All tokens ask but [CLS], [SEP] and padding.

    Returns:
        The weight to "[CLS]", to "[SEP]", to the token "before" and the one "after",
        and to the "word" that is looked at: (L, A) each.
    """
    batch = batch.to(model.device)
    output = model(batch.ids, batch.mask, output_attentions=True)
    maps = torch.stack(output.attentions, dim=1)  # (N, L, A, T, T)
    rows = torch.arange(len(maps))
    place = torch.arange(maps.shape[-1], device=maps.device)
    last = batch.mask.sum(dim=1) - 1  # (N,): [SEP]
    asks = (place > 0) & (place < last[:, None])  # (N, T)
    given = {
        "[CLS]": maps[..., 0],  # (N, L, A, T)
        "[SEP]": maps[rows, :, :, :, last],
        "before": F.pad(maps.diagonal(-1, -2, -1), (1, 0)),
        "after": F.pad(maps.diagonal(1, -2, -1), (0, 1)),
        "word": maps[rows, :, :, :, batch.at],
    }
    weights = asks[:, None, None, :] / asks.sum()
    return {name: (one * weights).sum(dim=(0, 3)).cpu() for name, one in given.items()}


@torch.no_grad()
def sentence_vectors(model: BertModel, batch: WordBatch) -> Tensor:
    """Average the last states of the real tokens and scale to length 1: (N, H)."""
    batch = batch.to(model.device)
    hidden = model(batch.ids, batch.mask).last_hidden_state
    is_token = batch.mask[:, :, None]
    mean = (hidden * is_token).sum(dim=1) / is_token.sum(dim=1)
    return F.normalize(mean, dim=-1).cpu()


def sentence_effects(
    model: BertModel, batch: WordBatch, layers: Sequence[int]
) -> Tensor:
    """Mean-ablate each head of some layers and say how far the sentences move.

    Returns:
        (layers, A): 1 minus the cosine between the sentence's vector before and after.
    """
    A = model.config.num_attention_heads
    is_token = batch.mask.bool().to(model.device)
    whole = sentence_vectors(model, batch)
    moved = torch.zeros(len(layers), A)
    for row, layer in enumerate(layers):
        for head in range(A):

            def change(merged: Tensor, head: int = head) -> Tensor:
                return ablate_head(merged, head, A, is_token)

            with changed_run(model, heads={layer: change}):
                changed = sentence_vectors(model, batch)
            moved[row, head] = 1 - (whole * changed).sum(dim=-1).mean()
    return moved


def encoder_report(
    model: BertModel, tokenizer: BertTokenizer, world: World
) -> dict[str, Any]:
    """Look into a published encoder in every way of the chapter that it allows.

    Args:
        model: in eval mode.
        tokenizer: its tokenizer.
        world: names countries and their continents.

    Returns:
        Numbers ready for a file; the untrained twin has the sizes and no training.
    """
    words = [f.subject for f in world.facts if f.relation == "continent"]
    batch = word_batch(tokenizer, words)
    task = continent_task(world, batch.words)
    torch.manual_seed(0)
    twin = BertModel(model.config).to(model.device)
    twins = {"trained": model, "untrained": twin.eval()}
    layers = range(model.config.num_hidden_layers)
    targets = head_targets(model, batch)
    return {
        "sentences": len(batch.ids),
        "even_weight": round((1 / batch.mask.sum(dim=1)).mean().item(), 3),
        "targets": {name: rounded(one) for name, one in targets.items()},
        "effects": rounded(sentence_effects(model, batch, layers), 4),
        "probes": {
            name: probe_states(states_at(one, batch.ids, batch.mask, batch.at), task)
            for name, one in twins.items()
        },
        "largest_class": round(
            (task.labels.bincount().max() / len(task.labels)).item(), 3
        ),
    }
