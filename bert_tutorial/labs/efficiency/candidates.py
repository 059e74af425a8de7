"""Ask models of different kinds the same questions: which of these words fits?

A masked language model scores words behind a [MASK]; a discriminator cannot name a
word at all, but it can say which of several sentences looks untouched. Both can choose
among candidates.

Chapter: 20
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from bert_tutorial.labs.efficiency.replaced import ReplacedTokenModel
from bert_tutorial.model.objectives import BertForMaskedLM, BertForPreTraining
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world.knowledge import Recall, single_token
from bert_tutorial.world.ledger import Probe

__all__ = ["candidates_of", "choice_recall", "masked_scores", "untouched_scores"]

# ids (N, T) with [MASK], mask (N, T), position (N,), word (N,) -> scores (N,),
# on the CPU wherever the model is
Scores = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def candidates_of(probes: Sequence[Probe]) -> list[list[str]]:
    """List for each probe the answers of all probes that ask for the same thing.

    The same thing: the same relation in the same direction.
    """
    kinds = [(p.fact.relation, p.answer == p.fact.subject) for p in probes]
    answers: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for kind, probe in zip(kinds, probes, strict=True):
        answers[kind].add(probe.answer)
    return [sorted(answers[kind]) for kind in kinds]


def masked_scores(model: BertForPreTraining | BertForMaskedLM) -> Scores:
    """Score words by a masked language model's logits at the [MASK]."""

    def score(ids: Tensor, mask: Tensor, position: Tensor, word: Tensor) -> Tensor:
        ids, mask = ids.to(model.device), mask.to(model.device)
        hidden = model.bert(ids, mask).last_hidden_state
        rows = torch.arange(len(ids))
        logits: Tensor = model.cls.predictions(hidden[rows, position])
        return logits[rows, word].cpu()

    return score


def untouched_scores(model: ReplacedTokenModel) -> Scores:
    """Score words by how untouched they look to a discriminator where they stand."""

    def score(ids: Tensor, mask: Tensor, position: Tensor, word: Tensor) -> Tensor:
        rows = torch.arange(len(ids))
        filled = ids.clone()
        filled[rows, position] = word
        device = model.bert.device
        logits: Tensor = model(filled.to(device), mask.to(device))
        return -logits[rows, position].cpu()

    return score


@torch.no_grad()
def choice_recall(
    score: Scores,
    tokenizer: BertTokenizer,
    probes: Sequence[Probe],
    batch_size: int = 512,
) -> Recall:
    """Say how often the right word has the highest score of its candidates.

    Args:
        score: `masked_scores` or `untouched_scores` of a model in eval mode.
        tokenizer: has one token for each answer.
        probes: questions with one [MASK] each.
        batch_size: sentences at a time.
    """
    rows: list[list[int]] = []
    words: list[int] = []
    groups = candidates_of(probes)
    for probe, group in zip(probes, groups, strict=True):
        rows += [tokenizer.encode(probe.text).ids] * len(group)
        words += [single_token(tokenizer, word) for word in group]
    found = []
    for start in range(0, len(rows), batch_size):
        ids, mask = pad(rows[start : start + batch_size], tokenizer.pad_id)
        position = (ids == tokenizer.mask_id).int().argmax(dim=1)
        word = torch.tensor(words[start : start + batch_size])
        found.append(score(ids, mask, position, word))
    parts = torch.cat(found).split([len(group) for group in groups])
    hits = sum(
        group[int(scores.argmax())] == probe.answer
        for probe, group, scores in zip(probes, groups, parts, strict=True)
    )
    return Recall(hits / max(1, len(probes)), len(probes))
