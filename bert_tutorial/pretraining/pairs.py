"""Cut documents into pairs of segments, as BERT's published code does.

A pair is what next-sentence prediction is asked about: does the second segment
follow the first, or is it from elsewhere? `sample_pairs` draws pairs, `pair_to_ids`
joins one to a sequence.

Chapter: 10
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.batches import PretrainingBatches, pad
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["Pair", "PretrainingBatches", "pair_to_ids", "sample_pairs"]

Document = Sequence[Sequence[int]]


class Pair(NamedTuple):
    """Two segments of ids without special tokens.

    `is_random` is the label of next-sentence prediction: False (class 0) if the
    second segment follows the first, True (class 1) if it is from elsewhere.
    """

    tokens_a: list[int]
    tokens_b: list[int]
    is_random: bool


def sample_pairs(
    documents: Sequence[Document],
    *,
    max_length: int,
    short_probability: float = 0.1,
    random: Random,
) -> Iterator[Pair]:
    """Cut documents into pairs (Devlin et al. 2019, appendix A.2, and their code).

    Sentences are gathered until they reach the target: max_length - 3 pieces or, in
    one of ten documents, a random number from 2 up. The first segment is one or more
    of them, the second the rest, or text of another document, from a random sentence
    on; then the sentences that it displaced are used again.

    Paper and code differ, and this follows the code. (1) The paper has the second
    segment random in 50 % of the pairs; the code also where only one sentence was
    gathered, so more than half are random. (2) The paper only says that segments fit
    into 512 pieces; the code shortens one target in ten, drawn once a document. (3) A
    random segment is from another document only if ten tries find one: in a corpus of
    one document all are from the same, and may even be the next sentence. (4) A pair
    too long loses pieces of its longer segment, front or back by a coin each, so
    that segments may begin and end inside a sentence.

    Args:
        documents: each a list of sentences, each a list of ids; empty ones are passed
            over. Draw again for each pass over the corpus.
        max_length: most pieces of a pair, with [CLS] and two [SEP].
        short_probability: share of documents with a short target.
        random: source of all draws.

    Yields:
        Pairs with at least one piece in each segment.

    Raises:
        ValueError: max_length leaves no room for two pieces, or no document has any.
    """
    if max_length < 5:
        raise UserError(
            f"max_length must be at least 5 ([CLS] a [SEP] b [SEP]), got {max_length}"
        )
    kept = [[sentence for sentence in document if sentence] for document in documents]
    kept = [document for document in kept if document]
    if not kept:
        raise UserError("documents must hold at least one sentence, got none")
    limit = max_length - 3
    for index in range(len(kept)):
        is_short = random.random() < short_probability
        target = random.randint(2, limit) if is_short else limit
        yield from _cut_document(kept, index, target, limit, random)


def _cut_document(
    documents: Sequence[Document], index: int, target: int, limit: int, random: Random
) -> Iterator[Pair]:
    """Cut one document into pairs of about `target` and at most `limit` pieces."""
    document = documents[index]
    start = 0
    while start < len(document):
        stop, length = start, 0
        while stop < len(document) and length < target:
            length += len(document[stop])
            stop += 1
        cut = start + (random.randint(1, stop - start - 1) if stop - start > 1 else 1)
        tokens_a = _join(document[start:cut])
        is_random = stop - start == 1 or random.random() < 0.5
        if is_random:
            other = _random_document(documents, index, random)
            tokens_b = _random_text(other, target - len(tokens_a), random)
            start = cut  # the displaced sentences are used again
        else:
            tokens_b = _join(document[cut:stop])
            start = stop
        yield Pair(*_truncate(tokens_a, tokens_b, limit, random), is_random)


def _join(sentences: Document) -> list[int]:
    return [piece for sentence in sentences for piece in sentence]


def _random_document(
    documents: Sequence[Document], index: int, random: Random
) -> Document:
    """Draw a document other than `index`, if ten tries find one."""
    other = index
    for _ in range(10):
        other = random.randrange(len(documents))
        if other != index:
            break
    return documents[other]


def _random_text(document: Document, target: int, random: Random) -> list[int]:
    """Take sentences from a random one on, until they have `target` pieces."""
    tokens: list[int] = []
    for index in range(random.randrange(len(document)), len(document)):
        tokens += document[index]
        if len(tokens) >= target:
            break
    return tokens


def _truncate(
    tokens_a: list[int], tokens_b: list[int], limit: int, random: Random
) -> tuple[list[int], list[int]]:
    """Drop pieces of the longer segment, front or back by a coin, down to `limit`."""
    bounds = [[0, len(tokens_a)], [0, len(tokens_b)]]
    for _ in range(len(tokens_a) + len(tokens_b) - limit):
        a, b = bounds
        longer = a if a[1] - a[0] > b[1] - b[0] else b
        if random.random() < 0.5:
            longer[0] += 1
        else:
            longer[1] -= 1
    return tokens_a[slice(*bounds[0])], tokens_b[slice(*bounds[1])]


def pair_to_ids(pair: Pair, cls_id: int, sep_id: int) -> tuple[list[int], list[int]]:
    """Join a pair to one sequence (Devlin et al. 2019, figure 2).

    Args:
        pair: two segments.
        cls_id: id of [CLS].
        sep_id: id of [SEP].

    Returns:
        The ids of [CLS] A [SEP] B [SEP], and 0 for each up to the first [SEP], 1 for
        the others.

    Example:
        >>> pair_to_ids(Pair([7, 8], [9], is_random=False), cls_id=2, sep_id=3)
        ([2, 7, 8, 3, 9, 3], [0, 0, 0, 0, 1, 1])
    """
    first = [cls_id, *pair.tokens_a, sep_id]
    second = [*pair.tokens_b, sep_id]
    return first + second, [0] * len(first) + [1] * len(second)


def stack_pairs(
    pairs: Sequence[Pair], tokenizer: BertTokenizer
) -> tuple[Tensor, Tensor, Tensor]:
    """Join pairs to padded rows.

    Args:
        pairs: N of them.
        tokenizer: knows [CLS], [SEP] and [PAD].

    Returns:
        Token IDs, segment IDs (0 at padding, too) and the mask, 1 at tokens; each
        (N, T).
    """
    rows = [pair_to_ids(pair, tokenizer.cls_id, tokenizer.sep_id) for pair in pairs]
    ids, mask = pad([ids for ids, _ in rows], tokenizer.pad_id)
    segments, _ = pad([segments for _, segments in rows], 0)
    return ids, segments, mask
