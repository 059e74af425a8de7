"""Read a corpus that is larger than memory, in an order that a seed decides.

Files are cut into blocks of some megabytes, wherever a cut falls: a block's documents
are those that begin in it. The blocks of an epoch are shuffled and read one after the
other, and the documents are shuffled once more in a small buffer. Only that buffer is
in memory. Of several processes each reads everything and computes its rows of each
batch. `ShardedBatches` makes training batches of what comes out, a chunk of documents
at a time, and `ShardedData` is all that a run needs to know of its corpus.

Chapter: 12
"""

import os
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.texts import find_text_files, refuse_other_marks
from bert_tutorial.pretraining.batches import PretrainingBatches
from bert_tutorial.pretraining.corpus import (
    LONG_ENOUGH,
    corpus_notices,
    encode_documents,
    held_out_pairs,
    mask_once,
    pair_rows,
    unigram_entropy,
)
from bert_tutorial.pretraining.documents import detect_layout
from bert_tutorial.pretraining.masking import Masker
from bert_tutorial.pretraining.pairs import sample_pairs
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["Block", "ShardedBatches", "ShardedCorpus", "ShardedData", "read_block"]

MARK = b"\xef\xbb\xbf"
BLOCK_BYTES = 16_000_000
# Text and ids of a corpus in memory take 6 to 12 times the bytes of its files (see
# runs/corpus_memory.json).
MEMORY_BYTES = 500_000_000
VOCABULARY_CHARACTERS = 20_000_000
LEAK_BYTES = 200_000_000  # of the corpus are compared with held-out sentences


class Block(NamedTuple):
    """A part of a file: the documents that begin from byte `start` to before `stop`."""

    file: Path
    start: int
    stop: int


def read_block(block: Block, lines_per_document: int = 1_000) -> Iterator[list[str]]:
    """Read the documents of a block: a sentence a line, blank lines between them.

    A document belongs to the block that holds the blank line before it, so that the
    blocks of a file together give each document once, wherever they were cut.

    Args:
        block: which part of which file.
        lines_per_document: longer documents are cut, since one must fit in memory.

    Yields:
        Documents, none empty.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a line is not UTF-8 text; the message names the byte.
    """
    document: list[str] = []
    is_inside = block.start == 0
    with open(block.file, "rb") as file:
        if block.start:  # to the first line that begins in the block
            file.seek(block.start - 1)
            file.readline()
        offset = file.tell()
        for line in file:
            text = _decode(line, block.file, offset)
            if not text:
                if document:
                    yield document
                document, is_inside = [], True
            elif is_inside:
                document.append(text)
                if len(document) == lines_per_document:
                    yield document
                    document = []
            if offset >= block.stop and (not text or not is_inside):
                return
            offset += len(line)
    if document:
        yield document


def _decode(line: bytes, file: Path, offset: int) -> str:
    """Turn a line into text without whitespace at its ends."""
    if offset == 0:
        refuse_other_marks(line, file)
        line = line.removeprefix(MARK)
    if (nul := line.find(0)) >= 0:
        raise UserError(
            f"{file}: text must not hold NUL, got one at byte {offset + nul}; is it a "
            "binary file?"
        )
    try:
        return line.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file}: text must be UTF-8, got byte 0x{line[error.start]:02x} at byte "
            f"{offset + error.start}; save the file as UTF-8"
        ) from None


class ShardedCorpus:
    """Documents of files that need not fit in memory.

    Args:
        paths: a file, a folder or several: one sentence a line, blank lines between
            documents.
        seed: decides the order, together with the epoch.
        block_bytes: about how much of a file is read in one piece.
        buffer_documents: how many documents wait to be shuffled.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: a number is out of its range, or there is no text.
    """

    def __init__(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        seed: int = 0,
        block_bytes: int = BLOCK_BYTES,
        buffer_documents: int = 1_000,
    ) -> None:
        for name, value in (("block_bytes", block_bytes), ("buffer", buffer_documents)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        self.seed = seed
        self.buffer_documents = buffer_documents
        self.blocks = [
            Block(file, start, min(start + block_bytes, size))
            for file in find_text_files(paths)
            for size in [file.stat().st_size]
            for start in range(0, size, block_bytes)
        ]
        if not self.blocks:
            raise UserError("a corpus must hold text, got only empty files")

    def hold_out(self, most: int = 1_000) -> list[list[str]]:
        """Take one block out of all epochs; the seed decides which.

        Args:
            most: documents of it at most.

        Returns:
            Its documents, at least two, so that pairs have partners.

        Raises:
            UserError: if no block can be spared.
        """
        blocks = list(self.blocks)
        Random(f"held out {self.seed}").shuffle(blocks)
        for block in blocks[: len(blocks) - 1]:
            documents = list(islice(read_block(block), most))
            if len(documents) > 1:
                self.blocks.remove(block)
                return documents
        raise UserError(
            "a corpus read in shards must have several blocks of two documents or "
            "more, got none to hold out; put blank lines between documents"
        )

    def blocks_of(self, epoch: int) -> list[Block]:
        """Give the blocks of an epoch in their order."""
        blocks = list(self.blocks)
        Random(f"blocks {self.seed} {epoch}").shuffle(blocks)
        return blocks

    def documents(self, epoch: int = 0) -> Iterator[list[str]]:
        """Read the documents of an epoch, each once, in shuffled order."""
        # The last two numbers are in the draws of runs that are to go on.
        rng = Random(f"documents {self.seed} {epoch} 0 1")
        waiting: list[list[str]] = []
        for block in self.blocks_of(epoch):
            for document in read_block(block):
                if len(waiting) < self.buffer_documents:
                    waiting.append(document)
                    continue
                index = rng.randrange(len(waiting))
                yield waiting[index]
                waiting[index] = document
        rng.shuffle(waiting)
        yield from waiting


class ShardedBatches(Iterator[dict[str, Tensor]]):
    """Masked batches of pairs for ever, made from a chunk of documents at a time.

    Partners of random pairs come from the same chunk. Seed, epoch and chunk decide all
    draws, so that a run goes on exactly from `state_dict`.

    Args:
        corpus: gives the documents.
        tokenizer: gives the ids.
        tokens_per_batch: positions in a batch, padding included.
        max_length: pieces of a pair with its special tokens.
        mlm_probability: share of the pieces to be predicted.
        whole_word: choose all pieces of a word or none.
        chunk_documents: documents in memory as ids.
    """

    def __init__(
        self,
        corpus: ShardedCorpus,
        tokenizer: BertTokenizer,
        *,
        tokens_per_batch: int = 4_096,
        max_length: int = 128,
        mlm_probability: float = 0.15,
        whole_word: bool = False,
        chunk_documents: int = 2_000,
    ) -> None:
        self.corpus, self.tokenizer = corpus, tokenizer
        self.tokens_per_batch, self.max_length = tokens_per_batch, max_length
        self.mlm_probability, self.whole_word = mlm_probability, whole_word
        self.chunk_documents = chunk_documents
        self.epoch, self.chunk, self.position = 0, 0, 0
        self._documents = corpus.documents(0)
        self._batches: PretrainingBatches | None = None

    def __next__(self) -> dict[str, Tensor]:
        """Give the next batch; read on where the chunk is used up."""
        if self._batches and self.position == self._batches.batches_per_epoch():
            self._batches = None
            self.chunk, self.position = self.chunk + 1, 0
        if self._batches is None:
            self._batches = self._next_chunk()
        self.position += 1
        return next(self._batches)

    def _next_chunk(self) -> PretrainingBatches:
        """Read, encode and pair the next documents; begin anew at the end.

        Raises:
            UserError: if there are no documents at all.
        """
        texts = list(islice(self._documents, self.chunk_documents))
        if not texts:
            if self.chunk == 0:
                raise UserError("a corpus must hold documents, got none")
            self.epoch, self.chunk = self.epoch + 1, 0
            self._documents = self.corpus.documents(self.epoch)
            return self._next_chunk()
        name = f"{self.corpus.seed} 0 {self.epoch} {self.chunk}"
        rng = Random(f"chunk {name}")
        documents = [self.tokenizer.encode_lines(text) for text in texts]
        pairs = sample_pairs(documents, max_length=self.max_length, random=rng)
        seed = rng.randrange(2**31)
        return PretrainingBatches(
            pair_rows(pairs, self.tokenizer),
            Masker(
                self.tokenizer,
                self.mlm_probability,
                whole_word=self.whole_word,
                seed=seed,
            ),
            tokens_per_batch=self.tokens_per_batch,
            seed=seed,
            pad_id=self.tokenizer.pad_id,
            exact_lengths=False,
        )

    def state_dict(self) -> dict[str, int]:
        """Give what is needed to go on exactly here: see `load_state_dict`."""
        return {"epoch": self.epoch, "chunk": self.chunk, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where `state_dict` was read; corpus, seed and sizes as then.

        The documents of the epoch before that point are read again, but not encoded.
        """
        self.epoch, self.chunk = int(state["epoch"]), int(state["chunk"])
        self._documents = self.corpus.documents(self.epoch)
        for _ in islice(self._documents, self.chunk * self.chunk_documents):
            pass
        self._batches, self.position = None, 0
        for _ in range(int(state["position"])):
            next(self)


class ShardedData:
    """A corpus that stays on disk: what `CorpusData` gives, a part of it in memory.

    Args:
        paths: files or folders, a sentence a line and blank lines between documents.
        vocab_size: size of the vocabulary to be trained, on the first documents.
        tokenizer: a tokenizer to use instead of training one.
        do_lower_case: for the vocabulary to be trained.
        max_length: pieces of a pair with its special tokens.
        seed: of held-out documents, order, pairs and masks.

    Raises:
        UserError: the files hold paragraphs, or there is nothing to hold out.
    """

    def __init__(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        vocab_size: int = 8_000,
        tokenizer: BertTokenizer | None = None,
        do_lower_case: bool = True,
        max_length: int = 128,
        seed: int = 0,
    ) -> None:
        self.bytes = corpus_bytes(paths)
        self.block_bytes = min(BLOCK_BYTES, max(1, self.bytes // 20))
        self.corpus = ShardedCorpus(paths, seed=seed, block_bytes=self.block_bytes)
        if (file := paragraph_file(paths)) is not None:
            raise UserError(
                f"{file}: a corpus read in shards must have a sentence a line, blank "
                "lines between documents, but this looks like paragraphs; split them "
                "(split_sentences), or hold the corpus in memory (--no-shards)"
            )
        self.held_out = held_out = self.corpus.hold_out()
        if tokenizer is None:
            vocabulary = train_vocabulary(
                _first_lines(self.corpus), vocab_size, do_lower_case=do_lower_case
            )
            tokenizer = BertTokenizer(vocabulary, do_lower_case)
        self.tokenizer, self.max_length = tokenizer, max_length
        self.validation = encode_documents(tokenizer, held_out)
        sample = encode_documents(
            tokenizer, list(islice(self.corpus.documents(), 2_000))
        )
        self.notices = corpus_notices(tokenizer, sample, max_length)
        flat = chain.from_iterable(chain.from_iterable(sample))
        self.unigram_entropy = unigram_entropy(flat)

    def batches(
        self,
        tokens_per_batch: int,
        mlm_probability: float = 0.15,
        whole_word: bool = False,
    ) -> ShardedBatches:
        """Give masked batches for ever; new pairs and new masks in each epoch."""
        return ShardedBatches(
            self.corpus,
            self.tokenizer,
            tokens_per_batch=tokens_per_batch,
            max_length=self.max_length,
            mlm_probability=mlm_probability,
            whole_word=whole_word,
        )

    def validation_batches(
        self, tokens_per_batch: int = 4_096
    ) -> list[dict[str, Tensor]]:
        """Mask the held-out pairs once and for all, so that losses compare."""
        pairs = held_out_pairs(self.validation, self.max_length)
        rows = pair_rows(pairs, self.tokenizer)
        return mask_once(rows, self.tokenizer, tokens_per_batch)

    def facts(self) -> dict[str, Any]:
        """Say for the report how much was read, and how."""
        return {
            "read": f"in shards of {self.block_bytes} bytes",
            "bytes": self.bytes,
            "leaks": {"held-out": self.leaks()},
            "notices": self.notices,
        }

    def leaks(self, most: int = LEAK_BYTES) -> dict[str, float]:
        """Count the held-out sentences that training has, too, but for case and spaces.

        Args:
            most: bytes of the corpus that are read for it, about.

        Returns:
            "texts" and how many of them are "in_training"; and "share_read", the part
            of the blocks that was looked at, if not all were: then there may be more.
        """
        lines = list(chain.from_iterable(self.held_out))
        ids = self.tokenizer.encode_lines(lines)
        held = [
            plain(line)
            for line, pieces in zip(lines, ids, strict=True)
            if len(pieces) >= LONG_ENOUGH
        ]
        known, seen = set(held), set[str]()
        blocks = list(self.corpus.blocks)  # those of all processes
        Random(f"leaks {self.corpus.seed}").shuffle(blocks)
        looked_at = blocks[: max(1, most // self.block_bytes)]
        for document in chain.from_iterable(map(read_block, looked_at)):
            seen.update(known.intersection(map(plain, document)))
        number = sum(line in seen for line in held)
        found: dict[str, float] = {"texts": len(held), "in_training": number}
        if len(looked_at) < len(blocks):
            found["share_read"] = round(len(looked_at) / len(blocks), 4)
        return found


def plain(line: str) -> str:
    """Make lines alike that differ only in case and spaces."""
    return " ".join(line.casefold().split())


def corpus_bytes(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
) -> int:
    """Give the size of all files of a corpus."""
    return sum(file.stat().st_size for file in find_text_files(paths))


def _first_lines(corpus: ShardedCorpus) -> Iterator[str]:
    """Give lines of the first documents, enough for a vocabulary."""
    characters = 0
    for line in chain.from_iterable(corpus.documents()):
        yield line
        characters += len(line)
        if characters > VOCABULARY_CHARACTERS:
            return


def paragraph_file(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
) -> Path | None:
    """Look at the beginnings of some files for one that has paragraphs.

    Args:
        paths: files or a folder.

    Returns:
        The first of the first twenty files that is not a sentence a line, or None.
    """
    for path in find_text_files(paths)[:20]:
        with open(path, "rb") as file:
            beginning = file.read(100_000).decode("utf-8", errors="replace")
        lines = [line.strip() for line in beginning.split("\n")]
        # Short lines, as of records, are not wrapped at a width nor several sentences.
        is_long = max(map(len, lines)) >= 40
        if is_long and detect_layout(lines) == "paragraphs":
            return path
    return None
