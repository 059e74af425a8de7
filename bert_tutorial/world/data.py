"""What a run on the mini-world is made of: its recipe, its texts as ids.

Two things differ from BERT's own recipe, and a small model on a small corpus needs
both: content words are masked more often than function words (BERT masks 15 % of
all alike; `masking="uniform"` does that here), and the tables start at scales that
fit 64 dimensions instead of 768.

Chapter: 12
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.config import BertConfig
from bert_tutorial.pretraining.batches import PretrainingBatches
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.pretraining.pairs import Pair, pair_to_ids, sample_pairs
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.config import ABOVE_ZERO, TrainingConfig, check_ranges
from bert_tutorial.training.states import under
from bert_tutorial.world import World

__all__ = ["WorldData", "WorldRecipe"]

# ids, segment ids (None: all 0), next-sentence label (-100: none)
Row = tuple[Sequence[int], Sequence[int] | None, int]


@dataclass(frozen=True, kw_only=True)
class WorldRecipe:
    """All choices of a run; the defaults are the recipe of the book.

    Rates are probabilities of being chosen for prediction; `split` says what happens
    to a chosen piece: [MASK], random, kept.
    """

    steps: int = 3_000
    seed: int = 0
    masking: str = "content"
    content_rate: float = 0.40
    other_rate: float = 0.05
    uniform_rate: float = 0.15
    split: tuple[float, float, float] = (0.8, 0.1, 0.1)
    document_share: float = 0.3
    passes: int = 4  # over the documents, each with new pairs
    tokens_per_batch: int = 2_048
    max_length: int = 64
    hidden_size: int = 64
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    learning_rate: float = 3e-3
    optimizer: str = "adamw"
    initializer_range: float = 0.125
    position_initializer_range: float = 0.03

    def __post_init__(self) -> None:
        """Refuse what the run could not honour."""
        if self.masking not in ("content", "uniform"):
            raise UserError(
                f"masking must be 'content' or 'uniform', got {self.masking!r}"
            )
        check_ranges(self, {"steps": ABOVE_ZERO})
        self.training_config()  # which refuses what it cannot honour

    def config(self, vocab_size: int) -> BertConfig:
        """Describe the model: no dropout, since no sentence is seen often enough."""
        return BertConfig(
            vocab_size=vocab_size,
            hidden_size=self.hidden_size,
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.num_attention_heads,
            intermediate_size=4 * self.hidden_size,
            max_position_embeddings=self.max_length,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=self.initializer_range,
            position_initializer_range=self.position_initializer_range,
        )

    def training_config(self) -> TrainingConfig:
        """Describe the training: a shorter memory of squares, and a warm-up."""
        return TrainingConfig(
            steps=self.steps,
            learning_rate=self.learning_rate,
            betas=(0.9, 0.95 if self.optimizer == "muon" else 0.98),
            warmup_fraction=0.06,
            optimizer=self.optimizer,
        )


class WorldData:
    """A world as ids: tokenizer, training sequences, held-out document pairs."""

    def __init__(self, world: World, recipe: WorldRecipe) -> None:
        """Write the corpus, train the vocabulary, encode, draw the pairs."""
        corpus = world.corpus()
        lines = [*corpus.sentences, *(s for d in corpus.documents for s in d)]
        # Large enough for every word: then each answer is one token.
        vocabulary = train_vocabulary(lines, 6_000, min_frequency=1, drop_unused=True)
        self.world = world
        self.tokenizer = tokenizer = BertTokenizer(vocabulary)
        self.sentences: list[Row] = [
            ([tokenizer.cls_id, *ids, tokenizer.sep_id], None, -100)
            for ids in tokenizer.encode_lines(corpus.sentences)
        ]
        documents = [tokenizer.encode_lines(d) for d in corpus.documents]
        held = len(documents) // 12
        self._held_out = corpus.documents[:held]
        self.validation_pairs = self.pairs_for(tokenizer, recipe)
        self.pairs = [
            pair
            for epoch in range(1, 1 + recipe.passes)
            for pair in self._pairs(documents[held:], recipe, epoch)
        ]

    def pairs_for(self, tokenizer: BertTokenizer, recipe: WorldRecipe) -> list[Pair]:
        """Draw the pairs of the held-out documents in a tokenizer's ids."""
        documents = [tokenizer.encode_lines(d) for d in self._held_out]
        return self._pairs(documents, recipe, 0)

    @staticmethod
    def _pairs(
        documents: list[list[list[int]]], recipe: WorldRecipe, epoch: int
    ) -> list[Pair]:
        rng = random.Random(f"pairs {recipe.seed} {epoch}")
        return list(sample_pairs(documents, max_length=recipe.max_length, random=rng))

    def rates(self, recipe: WorldRecipe) -> Tensor | float:
        """Give each token id its chance of being predicted: (V,), or one for all."""
        if recipe.masking == "uniform":
            return recipe.uniform_rate
        rates = torch.full((len(self.tokenizer),), recipe.other_rate)
        for word in self.world.content_words():
            for piece in self.tokenizer.tokenize(word):
                rates[self.tokenizer.vocab[piece]] = recipe.content_rate
        return rates

    def batches(self, recipe: WorldRecipe) -> Iterator[dict[str, Tensor]]:
        """Mix batches of single sentences with batches of sentence pairs, for ever."""
        tokenizer = self.tokenizer
        pairs: list[Row] = []
        for pair in self.pairs:
            ids, types = pair_to_ids(pair, tokenizer.cls_id, tokenizer.sep_id)
            pairs.append((ids, types, int(pair.is_random)))
        sources = []
        kinds: tuple[list[Row], list[Row]] = (self.sentences, pairs)
        for number, sequences in enumerate(kinds):
            masker = Masker(
                tokenizer,
                rates=self.rates(recipe),
                split=recipe.split,
                seed=recipe.seed * 2 + number,
            )
            sources.append(
                PretrainingBatches(
                    sequences,
                    masker,
                    tokens_per_batch=recipe.tokens_per_batch,
                    seed=recipe.seed,
                )
            )
        return WorldBatches(sources, recipe.document_share, recipe.seed)


class WorldBatches(Iterator[dict[str, Tensor]]):
    """Batches of single sentences and of pairs, mixed for ever.

    Args:
        sources: of the sentences and of the pairs.
        document_share: how often a batch is one of pairs.
        seed: decides which batch is one.
    """

    def __init__(
        self, sources: Sequence[PretrainingBatches], document_share: float, seed: int
    ) -> None:
        """Start before the first batch."""
        self.sources = list(sources)
        self.document_share = document_share
        self.rng = random.Random(f"batches {seed}")

    def __next__(self) -> dict[str, Tensor]:
        """Give the next batch."""
        return next(self.sources[self.rng.random() < self.document_share])

    def state_dict(self) -> dict[str, int | Tensor]:
        """Give what is needed to go on exactly here: see `load_state_dict`."""
        _, numbers, _ = self.rng.getstate()
        state: dict[str, int | Tensor] = {"rng": torch.tensor(numbers)}
        for number, source in enumerate(self.sources):
            values = source.state_dict()
            state |= {f"{number}.{key}": value for key, value in values.items()}
        return state

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Go on where `state_dict` was read; world and recipe as then.

        Args:
            state: the generator's state, and that of each source.

        Raises:
            ValueError: the state is of other data or of another size of batch.
        """
        version, _, gauss = self.rng.getstate()
        numbers = torch.as_tensor(state["rng"]).tolist()
        self.rng.setstate((version, tuple(numbers), gauss))
        for number, source in enumerate(self.sources):
            source.load_state_dict(under(str(number), state))
