"""What one run of a model shows: its attention, and its answer after each layer.

Nothing here changes the run. `FactBatch` holds questions as one batch, with the
positions that matter: of [MASK], and of the word that the question is about. What runs
a model takes the batch to the model's device, and brings its result to the CPU.

Chapter: 19
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world.knowledge import single_token
from bert_tutorial.world.ledger import Probe

__all__ = [
    "FactBatch",
    "answer_ranks",
    "fact_batch",
    "mask_weights",
    "rollout",
    "rounded",
]


class FactBatch(NamedTuple):
    """Questions with one [MASK] each, as a batch.

    Shapes: ids, mask (N, T); at (N,), the position of [MASK]; subject (N,), the
    position of the word that the question is about; answers (N,), the right token IDs.
    """

    ids: Tensor
    mask: Tensor
    at: Tensor
    subject: Tensor
    answers: Tensor
    relations: tuple[str, ...]

    @property
    def rows(self) -> Tensor:
        """Number the questions, as (N,)."""
        return torch.arange(len(self.ids))

    @property
    def is_token(self) -> Tensor:
        """Mark real tokens, as (N, T) bool."""
        return self.mask.bool()

    def to(self, device: torch.device) -> "FactBatch":
        """Move all tensors to a device."""
        ids, mask, at, subject, answers = (one.to(device) for one in self[:5])
        return FactBatch(ids, mask, at, subject, answers, self.relations)


def fact_batch(tokenizer: BertTokenizer, probes: Sequence[Probe]) -> FactBatch:
    """Encode questions and find the positions of [MASK] and of what they are about.

    A question for an object is about its subject, one for a subject about its object.

    Raises:
        ValueError: if an answer is not one token, or the word that a question is
            about is not one token of its text.
    """
    rows = [tokenizer.encode(probe.text).ids for probe in probes]
    ids, mask = pad(rows, tokenizer.pad_id)
    subjects = []
    for row, probe in zip(rows, probes, strict=True):
        backwards = probe.answer == probe.fact.subject
        word = probe.fact.object if backwards else probe.fact.subject
        token = single_token(tokenizer, word)
        if token not in row:
            raise UserError(f"{probe.text!r} must name {word!r}; it does not")
        subjects.append(row.index(token))
    return FactBatch(
        ids,
        mask,
        (ids == tokenizer.mask_id).int().argmax(dim=1),
        torch.tensor(subjects),
        torch.tensor([single_token(tokenizer, probe.answer) for probe in probes]),
        tuple(probe.fact.relation for probe in probes),
    )


def rollout(attentions: Sequence[Tensor]) -> Tensor:
    """Follow attention through all layers (Abnar and Zuidema 2020, section 3).

    The heads of a layer are averaged. Half of each token's vector is counted as its
    own, for the residual connection, and half as what attention brings.

    Args:
        attentions: L tensors (B, A, T, T), the first layer first; rows sum to one.

    Returns:
        (B, T, T): how much of each token of the input (columns) is in each token of
        the output (rows), if weights were all that counted. Rows sum to one.
    """
    T = attentions[0].shape[-1]
    own = torch.eye(T).to(attentions[0])
    flow = own
    for weights in attentions:
        layer = 0.5 * weights.mean(dim=1) + 0.5 * own  # (B, T, T)
        flow = layer @ flow  # the later layer reads what the earlier ones wrote
    return flow


@torch.no_grad()
def mask_weights(model: BertForPreTraining, batch: FactBatch) -> Tensor:
    """Give the weight from [MASK] to the subject in every head: (N, L, A)."""
    batch = batch.to(model.device)
    output = model.bert(batch.ids, batch.mask, output_attentions=True)
    maps = torch.stack(output.attentions, dim=1)  # (N, L, A, T, T)
    return maps[batch.rows, :, :, batch.at, batch.subject].cpu()


@torch.no_grad()
def answer_ranks(model: BertForPreTraining, batch: FactBatch) -> Tensor:
    """Read the answer after every layer with the output head: the logit lens.

    The head was trained for the last state only; at the others it is asked for
    something that it has never seen (nostalgebraist, 2020).

    Returns:
        (L + 1, N): the rank of the right word at [MASK], 1 for the first choice.
    """
    batch = batch.to(model.device)
    output = model.bert(batch.ids, batch.mask, output_hidden_states=True)
    ranks = []
    for state in output.hidden_states:
        logits = model.cls.predictions(state[batch.rows, batch.at])  # (N, V)
        of_right = logits.gather(1, batch.answers[:, None])
        ranks.append((logits > of_right).sum(dim=1) + 1)
    return torch.stack(ranks).cpu()


def rounded(values: Tensor, digits: int = 3) -> Any:
    """Turn a tensor into nested lists of rounded numbers, for a file of results."""
    if values.dim() == 0:
        return round(values.item(), digits)
    return [rounded(row, digits) for row in values]
