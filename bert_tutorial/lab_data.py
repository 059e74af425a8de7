"""The lab's texts: a small world, pairs in or out of order, a share of the text.

Chapter: 13
"""

import math
import random
from collections.abc import Iterator, Sequence

from torch import Tensor

from bert_tutorial.pretraining_data import Pair, sample_pairs
from bert_tutorial.variants import LabRecipe
from bert_tutorial.world import World
from bert_tutorial.world.facts import all_facts
from bert_tutorial.world_data import WorldData, WorldRecipe

__all__ = ["LabData", "order_pairs", "small_world"]


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
