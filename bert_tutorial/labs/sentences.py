"""One vector for a text: pool the hidden states, train by contrast, search.

Chapter: 24
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.model.bert import BertModel
from bert_tutorial.pretraining.batches import pad
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.optimizer import AdamW
from bert_tutorial.world import World
from bert_tutorial.world.wordings import WORDINGS, ask, render

__all__ = [
    "POOLINGS",
    "TextGroup",
    "contrastive_loss",
    "embed_texts",
    "first_hits",
    "mean_pool",
    "question_groups",
    "random_pairs",
    "search_score",
    "train_by_contrast",
    "wording_groups",
]

POOLINGS = ("[CLS]", "pooler", "mean")
RESIDENTS = ("residence", "citizenship")


class TextGroup(NamedTuple):
    """Texts about one fact: each of `first` belongs to each of `second`.

    Both have one text a wording, in the same order.
    """

    first: list[str]
    second: list[str]


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Average the hidden states of each text's tokens; padding does not count.

    This is the pooling of Sentence-BERT (Reimers and Gurevych 2019, section 3).

    Args:
        hidden: (B, T, H)
        mask: (B, T), 1 for real tokens, 0 for padding; one token or more in each row.

    Returns:
        (B, H)
    """
    weights = mask[:, :, None]  # (B, T, 1)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def contrastive_loss(
    first: Tensor, second: Tensor, temperature: float = 0.05
) -> Tensor:
    """Ask of each text which of the other side's belongs to it; the rest is wrong.

    The scores are cosines divided by the temperature. Row i of one side belongs to row
    i of the other, and the other B - 1 rows are its negatives. SimCSE asks in one
    direction (Gao et al. 2021, section 2), here both are asked.

    Args:
        first: (B, H), of any length.
        second: (B, H), what belongs to each row.
        temperature: above 0; the smaller, the more the hardest negatives count.

    Returns:
        The cross-entropy in nats, the mean of both directions; a scalar.
    """
    first = first / first.norm(dim=-1, keepdim=True)
    second = second / second.norm(dim=-1, keepdim=True)
    scores = first @ second.T / temperature  # (B, B): the right ones on the diagonal
    right = scores.diagonal()  # (B,)
    there = scores.logsumexp(dim=1) - right
    back = scores.logsumexp(dim=0) - right
    return (there.mean() + back.mean()) / 2


def pool(model: BertModel, ids: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """Run the encoder on its device, one vector a text: (B, T) -> (B, H)."""
    ids, mask = ids.to(model.device), mask.to(model.device)
    output = model(ids, mask)
    if pooling == "mean":
        return mean_pool(output.last_hidden_state, mask)
    if pooling == "[CLS]":
        return output.last_hidden_state[:, 0]
    if pooling == "pooler" and output.pooler_output is not None:
        return output.pooler_output
    raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")


@torch.no_grad()
def embed_texts(
    model: BertModel,
    tokenizer: BertTokenizer,
    texts: Sequence[str],
    pooling: str = "mean",
    batch_size: int = 64,
) -> Tensor:
    """Give each text a vector of length 1, so that a product of two is a cosine.

    Args:
        model: the encoder; it is run in eval mode.
        tokenizer: its own. Texts are cut to the model's positions.
        texts: one or more.
        pooling: "mean", "[CLS]" or "pooler".
        batch_size: texts at a time.

    Returns:
        (N, H), on the CPU wherever the model is.

    Raises:
        ValueError: if there is no such pooling.
    """
    was_training = model.training
    model.eval()
    most = model.config.max_position_embeddings
    rows = [tokenizer.encode(text).ids[:most] for text in texts]
    found = []
    for start in range(0, len(rows), batch_size):
        ids, mask = pad(rows[start : start + batch_size], tokenizer.pad_id)
        found.append(pool(model, ids, mask, pooling))
    model.train(was_training)
    return F.normalize(torch.cat(found), dim=-1).cpu()


def first_hits(queries: Tensor, candidates: Tensor) -> float:
    """Search each query's own row among all candidates.

    Args:
        queries: (N, H), of length 1.
        candidates: (N, H), of length 1; row i is the right answer to query i.

    Returns:
        The fraction of queries whose nearest candidate is their own.
    """
    nearest = (queries @ candidates.T).argmax(dim=1)
    own = torch.arange(len(queries), device=queries.device)
    return (nearest == own).float().mean().item()


def search_score(
    embed: Callable[[Sequence[str]], Tensor], groups: Sequence[TextGroup]
) -> float:
    """Search every first text among the second texts of all groups in another wording.

    Args:
        embed: texts -> (N, H), of length 1.
        groups: with equally many texts each.

    Returns:
        `first_hits`, the mean over all pairs of two different wordings.
    """
    number = len(groups[0].first)
    first = [embed([group.first[i] for group in groups]) for i in range(number)]
    second = [embed([group.second[i] for group in groups]) for i in range(number)]
    hits = [first_hits(first[i], second[j]) for i, j in permutations(range(number), 2)]
    return sum(hits) / len(hits)


def wording_groups(world: World) -> list[TextGroup]:
    """Write each fact of a world in its ten wordings; facts about residents are out.

    Both sides name the same subject and object, so that words alone tell what belongs
    together.
    """
    facts = [fact for fact in world.facts if fact.relation not in RESIDENTS]
    both = [
        [render(text, fact.subject, fact.object) for text in WORDINGS[fact.relation]]
        for fact in facts
    ]
    return [TextGroup(one, one) for one in both]


def question_groups(world: World) -> list[TextGroup]:
    """Hide the object in the first texts and the subject in the second ones.

    The two sides have no name in common: only who knows the fact can tell that they
    belong together. Facts whose object has several subjects are out, and so are those
    about residents.
    """
    facts = [fact for fact in world.facts if fact.relation not in RESIDENTS]
    subjects = Counter((fact.relation, fact.object) for fact in facts)
    return [
        TextGroup(
            [ask(text, fact.subject, fact.object) for text in WORDINGS[fact.relation]],
            [
                ask(text, fact.subject, fact.object, hide="x")
                for text in WORDINGS[fact.relation]
            ],
        )
        for fact in facts
        if subjects[fact.relation, fact.object] == 1
    ]


def random_pairs(
    groups: Sequence[TextGroup], size: int, rng: random.Random
) -> tuple[list[str], list[str]]:
    """Draw a batch: from each of `size` groups two texts in different wordings.

    Returns:
        The first texts and the second ones; row i of both is from one group.
    """
    first, second = [], []
    for group in rng.sample(groups, size):
        i, j = rng.sample(range(len(group.first)), 2)
        first.append(group.first[i])
        second.append(group.second[j])
    return first, second


def train_by_contrast(
    model: BertModel,
    tokenizer: BertTokenizer,
    groups: Sequence[TextGroup],
    *,
    steps: int = 150,
    batch_size: int = 48,
    learning_rate: float = 1e-3,
    temperature: float = 0.05,
    seed: int = 0,
    shuffled: bool = False,
) -> list[float]:
    """Train an encoder: texts of one group get near vectors, others far ones.

    Args:
        model: changed in place; its vectors are mean-pooled.
        tokenizer: its own.
        groups: at least `batch_size`; two of one batch are never of one fact.
        steps: updates.
        batch_size: pairs in a batch, each of another group.
        learning_rate: of AdamW; it falls to zero along a line.
        temperature: of the loss.
        seed: of the batches.
        shuffled: the control: the second texts are dealt out to other rows, so that
            nothing can be learned about which belong together.

    Returns:
        The loss of each step.
    """
    rng = random.Random(f"contrast {seed}")
    optimizer = AdamW(model.parameters(), lr=learning_rate)
    losses = []
    model.train()
    for step in range(steps):
        first, second = random_pairs(groups, batch_size, rng)
        if shuffled:
            rng.shuffle(second)
        rows = [tokenizer.encode(text).ids for text in (*first, *second)]
        ids, mask = pad(rows, tokenizer.pad_id)
        left, right = pool(model, ids, mask, "mean").chunk(2)
        loss = contrastive_loss(left, right, temperature)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * (1 - step / steps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    return losses
