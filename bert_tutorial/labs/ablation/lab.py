"""The ablation lab: its texts, its model, and what is measured after every run.

The world is small, its pairs in or out of order; positions are learned, sinusoids, or
absent. Losses as trained cannot be compared between variants that hide other words, so
one loss is taken with masks that are the same for all.

Chapter: 13
"""

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.labs.ablation.variants import LabRecipe
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.pretraining.pairs import Pair, sample_pairs, stack_pairs
from bert_tutorial.training.optimizer import LBFGS
from bert_tutorial.world import World
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.facts import all_facts
from bert_tutorial.world.knowledge import next_sentence_accuracy
from bert_tutorial.world.pretrain import report

__all__ = [
    "LabData",
    "lab_model",
    "linear_probe",
    "measure",
    "order_pairs",
    "own_word_share",
    "probe_accuracy",
    "same_masks_loss",
    "sine_positions",
    "small_world",
]


def small_world(seed: int) -> World:
    """Make a world of every third country, animal, element and job, with France.

    70 facts instead of 203, so that a run of half a minute learns most of them.
    """
    facts = all_facts()
    subjects = set(list(dict.fromkeys(fact.subject for fact in facts))[::3])
    return World(seed, facts=tuple(f for f in facts if f.subject in subjects))


def order_pairs(
    documents: Sequence[Sequence[Sequence[int]]], *, rng: random.Random
) -> list[Pair]:
    """Cut documents in two, and swap every second pair by a coin.

    Sentence order is the question of ALBERT (Lan et al. 2020, section 3.1): both
    segments are from one document and stand beside each other, so that their subject
    gives nothing away.

    Args:
        documents: each a list of sentences, each a list of ids. One of a single
            sentence has no order and is passed over.
        rng: source of all draws.

    Returns:
        One pair a document; `is_random` (class 1) says that it was swapped.
    """
    pairs = []
    for document in documents:
        if len(document) < 2:
            continue
        cut = rng.randint(1, len(document) - 1)
        first = [piece for sentence in document[:cut] for piece in sentence]
        second = [piece for sentence in document[cut:] for piece in sentence]
        if rng.random() < 0.5:
            pairs.append(Pair(second, first, is_random=True))
        else:
            pairs.append(Pair(first, second, is_random=False))
    return pairs


class LabData(WorldData):
    """The data of a world for a `LabRecipe`.

    `validation_pairs` ask the recipe's own question; `next_pairs` are those of the
    next-sentence question in every case, so that all variants can be compared.
    """

    def __init__(self, world: World, recipe: LabRecipe) -> None:
        """Write and encode the whole text, then keep a share of what trains."""
        self._recipe = recipe
        super().__init__(world, recipe)
        kept = math.ceil(len(self.sentences) * recipe.text_share)
        self.sentences = self.sentences[:kept]
        documents = [self.tokenizer.encode_lines(d) for d in self._held_out]
        rng = random.Random(f"next pairs {recipe.seed}")
        self.next_pairs = list(
            sample_pairs(documents, max_length=recipe.max_length, random=rng)
        )

    def _pairs(  # type: ignore[override]
        self, documents: list[list[list[int]]], recipe: WorldRecipe, epoch: int
    ) -> list[Pair]:
        """Draw pairs; epoch 0 are the held-out documents, which are never cut down."""
        if epoch > 0:
            share = self._recipe.text_share
            documents = documents[: math.ceil(len(documents) * share)]
        if self._recipe.pair_task != "order":
            return super()._pairs(documents, recipe, epoch)
        rng = random.Random(f"order {recipe.seed} {epoch}")
        pairs = order_pairs(documents, rng=rng)
        limit = recipe.max_length - 3
        return [p for p in pairs if len(p.tokens_a) + len(p.tokens_b) <= limit]

    def batches(self, recipe: WorldRecipe) -> Iterator[dict[str, Tensor]]:
        """Mix batches as chapter 12 does; without a pair task no pair is scored.

        The recipe may be another than that of the texts, which variants share.
        """
        for batch in super().batches(recipe):
            if isinstance(recipe, LabRecipe) and recipe.pair_task == "none":
                batch["next_sentence_label"].fill_(-100)
            yield batch


def sine_positions(P: int, H: int) -> Tensor:
    """Compute fixed positions (Vaswani et al. 2017, section 3.5).

    Column 2 i of row p is sin(p / 10000^(2 i / H)), column 2 i + 1 its cosine.

    Args:
        P: number of positions.
        H: their size, even.

    Returns:
        (P, H), values from -1 to 1, mean square 1/2 in each row.

    Raises:
        ValueError: H is odd.
    """
    if H % 2:
        raise ValueError(f"H must be even, a sine and a cosine each, got {H}")
    positions = torch.arange(P, dtype=torch.float64)[:, None]
    slowness = 10_000.0 ** (torch.arange(0, H, 2, dtype=torch.float64) / H)  # (H/2,)
    angles = positions / slowness  # (P, H/2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).float()


def lab_model(recipe: LabRecipe, vocab_size: int) -> BertForPreTraining:
    """Make the model; positions that are fixed get no gradient.

    The recipe's seed decides the initial weights.
    """
    torch.manual_seed(recipe.seed)
    model = BertForPreTraining(recipe.config(vocab_size))
    table = model.bert.embeddings.position_embeddings.weight
    if recipe.positions == "learned":
        return model
    table.requires_grad_(False)
    if recipe.positions == "none":
        table.zero_()
    else:
        scale = recipe.position_initializer_range * math.sqrt(2)
        table.copy_(scale * sine_positions(*table.shape))
    return model


def measure(model: BertForPreTraining, data: LabData, pair_task: str) -> dict[str, Any]:
    """Measure a trained model of the lab.

    Returns:
        recall (of facts in held-out wordings), recall_stated, majority, paris (the
        probability of the right answer to "The capital of France is [MASK]."),
        pair_accuracy (of the variant's own pair task, None without one), pair_probe
        (see `linear_probe`), own_word (see `own_word_share`), same_masks_loss.
    """
    known = report(model, data)
    own = next_sentence_accuracy(model, data.tokenizer, data.validation_pairs)
    values = {
        "recall": known["recall_rephrased"],
        "recall_stated": known["recall_stated"],
        "majority": known["majority_answer"],
        "paris": known["france_probability"],
        "pair_accuracy": None if pair_task == "none" else own,
        "pair_probe": linear_probe(model, data),
        "own_word": own_word_share(model, data),
        "same_masks_loss": same_masks_loss(model, data),
    }
    return {k: v if v is None else round(v, 4) for k, v in values.items()}


def _pairs_for(
    model: nn.Module, data: LabData, number: int | None = None
) -> list[Tensor]:
    """Stack the next-sentence pairs on a model's device: ids, segments and mask."""
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    inputs = stack_pairs(data.next_pairs[:number], data.tokenizer)
    return [one.to(device) for one in inputs]


@torch.no_grad()
def own_word_share(
    model: BertForPreTraining, data: LabData, number: int = 200
) -> float:
    """Say how often an unhidden word's own position still names it.

    A model that was only ever scored at [MASK] need not keep the word that it reads.
    """
    ids, segments, mask = _pairs_for(model, data, number)
    hidden = model.bert(ids, mask, segments).last_hidden_state
    is_word = (mask == 1) & (ids != data.tokenizer.cls_id)
    is_word &= ids != data.tokenizer.sep_id
    best = model.cls.predictions(hidden[is_word]).argmax(dim=-1)
    return (best == ids[is_word]).float().mean().item()


@torch.no_grad()
def same_masks_loss(
    model: BertForPreTraining, data: LabData, number: int = 600
) -> float:
    """Compute the masked-LM loss in nats on held-out texts, 15 % of all words hidden.

    The masks depend on the texts alone, so they are the same for all variants.
    """
    ids, segments, mask = stack_pairs(data.next_pairs[:number], data.tokenizer)
    masker = Masker(data.tokenizer, 0.15, split=(1.0, 0.0, 0.0), seed=13)
    input_ids, labels = masker(ids)
    batch = {
        "input_ids": input_ids,
        "attention_mask": mask,
        "token_type_ids": segments,
        "labels": labels,
    }
    on_device = {name: values.to(model.device) for name, values in batch.items()}
    return pretraining_loss(model, on_device).masked_lm.item()


def linear_probe(model: BertForPreTraining, data: LabData) -> float:
    """Ask of [CLS] whether the second segment follows: a linear probe's accuracy.

    The model is frozen, and `probe_accuracy` reads the last layer's [CLS] of the
    held-out next-sentence pairs: what a sentence-pair task would find there, whatever
    the model was trained on.
    """
    ids, segments, mask = _pairs_for(model, data)
    labels = torch.tensor([float(pair.is_random) for pair in data.next_pairs])
    with torch.no_grad():
        hidden = model.bert(ids, mask, segments).last_hidden_state
    return probe_accuracy(hidden[:, 0].cpu(), labels)


def probe_accuracy(features: Tensor, labels: Tensor) -> float:
    """Fit a logistic regression on two thirds of the rows, and score it on the others.

    Args:
        features: (N, H), whatever tells the two classes apart; they are standardised.
        labels: (N), 0.0 or 1.0.

    Returns:
        The accuracy on the last third of the rows.
    """
    cut = 2 * len(labels) // 3
    features = (features - features[:cut].mean(0)) / (features[:cut].std(0) + 1e-6)
    torch.manual_seed(0)
    probe = nn.Linear(features.shape[1], 1)
    optimizer = LBFGS(probe.parameters(), max_iter=100)

    def loss() -> Tensor:
        optimizer.zero_grad()
        scores = probe(features[:cut])[:, 0]
        value = F.binary_cross_entropy_with_logits(scores, labels[:cut])
        value = value + 0.003 * probe.weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        guesses = (probe(features[cut:])[:, 0] > 0).float()
    return (guesses == labels[cut:]).float().mean().item()
