"""Masked batches of a corpus for ever: new pairs and masks in each epoch, resumable.

Chapter: 12
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torch import Tensor

from bert_tutorial.masking import Masker
from bert_tutorial.pretraining_batches import PretrainingBatches

if TYPE_CHECKING:
    from bert_tutorial.corpus_data import CorpusData

__all__ = ["CorpusBatches"]


class CorpusBatches(Iterator[dict[str, Tensor]]):
    """Endless batches of a corpus; `state_dict` says where it is.

    Seed and epoch decide pairs and order; the masks follow one row of random numbers
    through all epochs.

    Args:
        data: the corpus.
        tokens_per_batch: places in a batch, padding included.
        mlm_probability: share of the tokens to be predicted.
    """

    def __init__(
        self, data: "CorpusData", tokens_per_batch: int, mlm_probability: float = 0.15
    ) -> None:
        """Draw the pairs of the first epoch."""
        self.data = data
        self.tokens_per_batch = tokens_per_batch
        self.masker = Masker(data.tokenizer, mlm_probability, seed=data.seed)
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
            self.data.rows(self.data.pairs(epoch)),
            self.masker,
            tokens_per_batch=self.tokens_per_batch,
            seed=self.data.seed + epoch,
            pad_id=self.data.tokenizer.pad_id,
            exact_lengths=False,
        )
