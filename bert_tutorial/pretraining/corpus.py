"""A corpus of text files as ids: vocabulary, pairs, held-out documents, masked batches.

Batches come for ever, with new pairs and masks in each epoch, and go on where they
stood.

Chapter: 12
"""

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.batches import PretrainingBatches
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.pretraining.pairs import Pair, pair_to_ids, sample_pairs
from bert_tutorial.tokenization.compiled import encode_corpus
from bert_tutorial.tokenization.coverage import count_pieces
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["CorpusBatches", "CorpusData", "unigram_entropy"]

Document = list[list[int]]
Row = tuple[Sequence[int], Sequence[int] | None, int]  # ids, segments, label
MIN_DOCUMENTS = 4
LOOKED_AT = 1_000  # sentences, and pairs, from which a corpus is judged
MIN_PAIRS = 20
LONG_ENOUGH = 5  # pieces; that two texts have "Yes." in common says nothing


def unigram_entropy(ids: Iterable[int]) -> float:
    """Give the loss in nats of who knows only how frequent each piece is."""
    counts = Counter(ids)
    total = counts.total()
    return -sum(n / total * math.log(n / total) for n in counts.values())


class CorpusData:
    """Documents as ids, divided into training and validation.

    Args:
        paths: UTF-8 text files or a folder.
        vocab_size: size of the vocabulary to be trained.
        tokenizer: a tokenizer to use instead of training one.
        do_lower_case: for the vocabulary to be trained.
        max_length: pieces of a pair with its special tokens.
        seed: of pairs, masks and order.

    Raises:
        ValueError: if the corpus is too small to hold anything out.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        *,
        vocab_size: int = 8_000,
        tokenizer: BertTokenizer | None = None,
        do_lower_case: bool = True,
        max_length: int = 128,
        seed: int = 0,
    ) -> None:
        """Read, train the vocabulary, encode, hold out one document in twenty."""
        texts = read_documents(paths)
        if len(texts) < MIN_DOCUMENTS:
            texts = _cut(texts)
        if len(texts) < MIN_DOCUMENTS:
            raise UserError(
                f"the corpus must have at least {MIN_DOCUMENTS} sentences, got "
                f"{sum(map(len, texts))}; give more text"
            )
        if tokenizer is None:
            vocabulary = train_vocabulary(
                chain.from_iterable(texts), vocab_size, do_lower_case=do_lower_case
            )
            tokenizer = BertTokenizer(vocabulary, do_lower_case)
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.seed = seed
        documents = encode_documents(tokenizer, texts)
        del texts
        random.Random(f"split {seed}").shuffle(documents)
        held = max(1, len(documents) // 20)
        self.validation, self.training = documents[:held], documents[held:]
        if len(self.validation) == 1:  # partners for next-sentence pairs
            half = (len(self.validation[0]) + 1) // 2
            only = self.validation[0]
            self.validation = [part for part in (only[:half], only[half:]) if part]
        self.notices = corpus_notices(tokenizer, self.training, max_length)
        flat = chain.from_iterable(chain.from_iterable(self.training))
        self.unigram_entropy = unigram_entropy(flat)
        self.tokens = sum(len(s) for d in self.training for s in d)

    def pairs(self, epoch: int) -> list[Pair]:
        """Draw the training pairs of an epoch."""
        return list(self.draw(epoch))

    def draw(self, epoch: int) -> Iterator[Pair]:
        """Draw the training pairs of an epoch one by one, so that none is kept."""
        rng = random.Random(f"pairs {self.seed} {epoch}")
        return sample_pairs(self.training, max_length=self.max_length, random=rng)

    def validation_pairs(self) -> list[Pair]:
        """Draw the pairs to be judged on: always the same."""
        return held_out_pairs(self.validation, self.max_length)

    def rows(self, pairs: Sequence[Pair]) -> list[Row]:
        """Join pairs to sequences with their next-sentence labels."""
        return list(pair_rows(pairs, self.tokenizer))

    def batches(
        self,
        tokens_per_batch: int,
        mlm_probability: float = 0.15,
        whole_word: bool = False,
    ) -> "CorpusBatches":
        """Give masked batches for ever; new pairs and new masks in each epoch."""
        return CorpusBatches(self, tokens_per_batch, mlm_probability, whole_word)

    def validation_batches(
        self, tokens_per_batch: int = 4_096
    ) -> list[dict[str, Tensor]]:
        """Mask the validation pairs once and for all, so that losses compare."""
        rows = self.rows(self.validation_pairs())
        return mask_once(rows, self.tokenizer, tokens_per_batch)

    def facts(self) -> dict[str, Any]:
        """Say for the report how much was read, and how."""
        return {
            "read": "whole, in memory",
            "training_tokens": self.tokens,
            "documents": len(self.training) + len(self.validation),
            "leaks": {"held-out": self.leaks()},
            "notices": self.notices,
        }

    def leaks(self) -> dict[str, int]:
        """Count the held-out sentences that training has, too, piece by piece.

        The texts are gone by then. Like `shared_texts` of the tasks, pieces overlook
        spacing; they overlook case if the vocabulary does. Sentences of fewer than
        LONG_ENOUGH pieces count on neither side.
        """
        held = [tuple(s) for d in self.validation for s in d if len(s) >= LONG_ENOUGH]
        known = set(held)
        seen = {tuple(s) for d in self.training for s in d if tuple(s) in known}
        return {"texts": len(held), "in_training": sum(s in seen for s in held)}


def corpus_notices(
    tokenizer: BertTokenizer, documents: Sequence[Document], max_length: int
) -> list[str]:
    """Look at the start of a corpus for what makes learning from it worthless.

    Args:
        tokenizer: made the ids.
        documents: of the corpus, or its first ones.
        max_length: pieces of a pair.

    Returns:
        A line for an odd share of [UNK] or many pieces a word; one for next-sentence
        labels that are all of one kind.

    Raises:
        UserError: if nearly all pieces are [UNK].
    """
    known = count_pieces(tokenizer, islice(chain.from_iterable(documents), LOOKED_AT))
    known.check("the corpus")
    found = [known.report()] if known.is_odd else []
    drawn = sample_pairs(documents, max_length=max_length, random=random.Random(0))
    kinds = Counter(pair.is_random for pair in islice(drawn, LOOKED_AT))
    if len(kinds) == 1 and kinds.total() >= MIN_PAIRS:
        kind = "random" if kinds[True] else "the true next one"
        found.append(
            f"notice: of {kinds.total():,} next-sentence pairs each second segment is "
            f"{kind}, so there is nothing to tell apart; documents need several "
            "sentences, one a line, and blank lines between documents"
        )
    return found


def pair_rows(pairs: Iterable[Pair], tokenizer: BertTokenizer) -> Iterator[Row]:
    """Join pairs to sequences with their next-sentence labels, one by one."""
    ends = tokenizer.cls_id, tokenizer.sep_id
    for pair in pairs:
        yield (*pair_to_ids(pair, *ends), int(pair.is_random))


def held_out_pairs(documents: Sequence[Document], max_length: int) -> list[Pair]:
    """Draw the pairs to be judged on: always the same."""
    rng = random.Random("validation")
    return list(sample_pairs(documents, max_length=max_length, random=rng))


def mask_once(
    rows: Iterable[Row], tokenizer: BertTokenizer, tokens_per_batch: int = 4_096
) -> list[dict[str, Tensor]]:
    """Mask held-out rows in the same way each time, so that losses compare."""
    source = PretrainingBatches(
        rows,
        Masker(tokenizer, 0.15, seed=12_345),
        tokens_per_batch=tokens_per_batch,
        seed=0,
        pad_id=tokenizer.pad_id,
        exact_lengths=False,
    )
    return [next(source) for _ in range(source.batches_per_epoch())]


def encode_documents(
    tokenizer: BertTokenizer, texts: Sequence[list[str]]
) -> list[Document]:
    """Encode all documents at once; sentences without any piece are dropped."""
    encoded = iter(encode_corpus(tokenizer, chain.from_iterable(texts)))
    documents = [[ids for ids in (next(encoded) for _ in t) if ids] for t in texts]
    return [document for document in documents if document]


def _cut(texts: list[list[str]], length: int = 100) -> list[list[str]]:
    """Cut few long documents into many, so that pairs have other documents."""
    sentences = list(chain.from_iterable(texts))
    length = min(length, max(1, len(sentences) // MIN_DOCUMENTS))
    return [sentences[i : i + length] for i in range(0, len(sentences), length)]


class CorpusBatches(Iterator[dict[str, Tensor]]):
    """Endless batches of a corpus; `state_dict` says where it is.

    Seed and epoch decide pairs and order; the masks follow one row of random numbers
    through all epochs.

    Args:
        data: the corpus.
        tokens_per_batch: positions in a batch, padding included.
        mlm_probability: share of the tokens to be predicted.
        whole_word: choose all pieces of a word or none.
    """

    def __init__(
        self,
        data: "CorpusData",
        tokens_per_batch: int,
        mlm_probability: float = 0.15,
        whole_word: bool = False,
    ) -> None:
        """Draw the pairs of the first epoch."""
        self.data = data
        self.tokens_per_batch = tokens_per_batch
        self.masker = Masker(
            data.tokenizer, mlm_probability, whole_word=whole_word, seed=data.seed
        )
        self.epoch = 0
        self.source = self._draw(0)

    def __next__(self) -> dict[str, Tensor]:
        """Give the next batch."""
        if self.source.position == self.source.batches_per_epoch():
            self.epoch += 1
            self.source = self._draw(self.epoch)
        return next(self.source)

    def state_dict(self) -> dict[str, int | Tensor]:
        """Give what is needed to go on exactly here: see `load_state_dict`."""
        return self.source.state_dict() | {"epoch": self.epoch}

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Go on where `state_dict` was read; corpus, seed and sizes as then.

        Args:
            state: epoch, position in it, tokens in it, the masker's state.

        Raises:
            ValueError: the state is of other data or of another size of batch.
        """
        self.epoch = int(state["epoch"])
        self.source = self._draw(self.epoch)
        self.source.load_state_dict(state | {"epoch": 0})

    def _draw(self, epoch: int) -> PretrainingBatches:
        """Draw the pairs of an epoch."""
        return PretrainingBatches(
            pair_rows(self.data.draw(epoch), self.data.tokenizer),
            self.masker,
            tokens_per_batch=self.tokens_per_batch,
            seed=self.data.seed + epoch,
            pad_id=self.data.tokenizer.pad_id,
            exact_lengths=False,
        )
