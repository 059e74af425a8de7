"""Learn a WordPiece vocabulary from text.

Training starts from single characters and joins, again and again, the two neighbouring
pieces with the best score, until the vocabulary is full.

The score is how often a pair occurs. That is byte-pair encoding, and what the trainer
of the `tokenizers` library really does, though its name says WordPiece. The ratio that
courses describe, the frequency of the pair over the product of the frequencies of its
parts, is there as `score="ratio"`. Equal scores are settled by the text of the pair,
left part first, in the order of code points; so the same text always gives the same
vocabulary.

Counting all pairs anew after each merge would take minutes. `PairIndex` touches only
the words that hold the joined pair, and a heap finds the best pair; entries that have
become out of date are noticed when they come up (a lazy heap).

Chapter: 4
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from bert_tutorial.files.errors import UserError
from bert_tutorial.tokenization.normalizer import (
    CharacterTable,
    split_chunks,
    split_words,
)
from bert_tutorial.tokenization.vocabulary import (
    SPECIAL_TOKENS,
    load_vocabulary,
    save_vocabulary,
)
from bert_tutorial.tokenization.wordpiece import MAX_WORD_LENGTH, match_pieces

__all__ = [
    "PairIndex",
    "count_words",
    "load_vocabulary",
    "save_vocabulary",
    "split_characters",
    "train_vocabulary",
]


def train_vocabulary(
    texts: Iterable[str],
    vocab_size: int,
    *,
    do_lower_case: bool = True,
    min_frequency: int = 2,
    drop_unused: bool = False,
    score: str = "frequency",
) -> list[str]:
    """Learn a vocabulary of at most `vocab_size` pieces.

    Args:
        texts: the corpus; read once.
        vocab_size: pieces at most; fewer if no pair is frequent enough.
        do_lower_case: lower the letters and strip their accents (uncased models).
        min_frequency: a pair must occur this often to be joined.
        drop_unused: leave out pieces that were only steps on the way to longer ones.
        score: "frequency" or "ratio".

    Returns:
        [PAD] [UNK] [CLS] [SEP] [MASK], the characters, then the joined pieces in the
        order in which they were found. Piece i has the id i.

    Raises:
        ValueError: the characters alone need more than `vocab_size` pieces.
    """
    words = count_words(texts, do_lower_case)
    vocabulary = dict.fromkeys([*SPECIAL_TOKENS, *alphabet(words)])
    if len(vocabulary) > vocab_size:
        raise UserError(
            f"vocab_size must be at least {len(vocabulary)} for the characters of this "
            f"text, got {vocab_size}; raise it or clean rare characters from the text"
        )
    pairs = PairIndex(words, score)
    while len(vocabulary) < vocab_size and (pair := pairs.pop_best(min_frequency)):
        vocabulary[pairs.join(pair)] = None
    return without_unused(vocabulary, words) if drop_unused else list(vocabulary)


def count_words(texts: Iterable[str], do_lower_case: bool = True) -> Counter[str]:
    """Count the normalized words of a corpus.

    Args:
        texts: the corpus; read once.
        do_lower_case: lower the letters and strip their accents (uncased models).

    Returns:
        How often each word occurs. Special tokens written in the text and words over
        100 characters, which no tokenizer cuts up, are left out.

    Raises:
        ValueError: a single text was given.
    """
    if isinstance(texts, str):
        raise ValueError("texts must be a list of texts, got one; pass [text]")
    chunks: Counter[str] = Counter()
    for text in texts:
        chunks.update(split_chunks(text))
    table = CharacterTable(do_lower_case)
    words: Counter[str] = Counter()
    for chunk, count in chunks.items():
        for token in SPECIAL_TOKENS if "[" in chunk else ():
            chunk = chunk.replace(token, " ")
        for word in split_words(chunk, table):
            if len(word) <= MAX_WORD_LENGTH:
                words[word] += count
    return words


def alphabet(words: Iterable[str]) -> list[str]:
    """List each character as the start of a word, and as "##" where it continues one.

    Returns:
        In the order of code points, first the starts, then the rest.
    """
    pieces = {piece for word in words for piece in split_characters(word)}
    continuing = sorted(piece for piece in pieces if len(piece) == 3)
    return sorted({piece[-1] for piece in pieces}) + continuing


def without_unused(pieces: Iterable[str], words: Iterable[str]) -> list[str]:
    """Drop the pieces of several characters that no word is cut into.

    The other words are cut as before: longest match first never chose these pieces.

    Returns:
        The pieces that are left, in the same order.
    """
    kept = dict.fromkeys(pieces)
    used = {piece for word in words for piece in match_pieces(word, kept)}
    return [
        piece
        for piece in kept
        if piece in used or piece in SPECIAL_TOKENS or len(piece.removeprefix("##")) < 2
    ]


Pair = tuple[str, str]


def split_characters(word: str) -> list[str]:
    """Cut a word into single characters, written as pieces.

    >>> split_characters("tea")
    ['t', '##e', '##a']
    """
    return [word[0], *("##" + char for char in word[1:])]


class PairIndex:
    """All neighbouring pieces of a corpus, counted, with the words that hold them.

    Args:
        words: how often each word occurs.
        score: "frequency" of the pair, or its "ratio" to the product of those of its
            parts.

    Raises:
        ValueError: the score is neither.
    """

    def __init__(self, words: Counter[str], score: str = "frequency") -> None:
        if score not in ("frequency", "ratio"):
            raise ValueError(f'score must be "frequency" or "ratio", got {score!r}')
        self.by_ratio = score == "ratio"
        self.counts = list(words.values())
        self.pieces = [split_characters(word) for word in words]
        self.frequency: Counter[Pair] = Counter()
        self.piece_frequency: Counter[str] = Counter()
        self.holders: defaultdict[Pair, set[int]] = defaultdict(set)
        self.pairs_with: defaultdict[str, set[Pair]] = defaultdict(set)
        for index in range(len(self.pieces)):
            self._count(index, self.counts[index])
        self.heap = [(-self.score(pair), pair) for pair in self.frequency]
        heapq.heapify(self.heap)

    def score(self, pair: Pair) -> float:
        """Score a pair as it stands now.

        Returns:
            The higher, the sooner it is joined; 0 if it does not occur.
        """
        count = self.frequency[pair]
        if self.by_ratio and count:
            left, right = pair
            return count / (self.piece_frequency[left] * self.piece_frequency[right])
        return count

    def pop_best(self, min_frequency: int) -> Pair | None:
        """Take the pair with the best score off the heap.

        Returns:
            The pair, or None if none occurs `min_frequency` times.
        """
        while self.heap:
            negative, pair = heapq.heappop(self.heap)
            if self.frequency[pair] < max(1, min_frequency):
                continue
            if -negative == self.score(pair):
                return pair
            # A frequency only falls; a pair that fell comes back with today's score.
            # (A ratio can also rise: `join` puts those in itself.)
            if not self.by_ratio:
                heapq.heappush(self.heap, (-self.score(pair), pair))
        return None

    def join(self, pair: Pair) -> str:
        """Join a pair into one piece wherever it occurs.

        Returns:
            The new piece.
        """
        left, right = pair
        piece = left + right.removeprefix("##")
        changed: set[Pair] = set()
        for index in sorted(self.holders.pop(pair)):
            self._count(index, -self.counts[index])
            self.pieces[index] = _joined(self.pieces[index], left, right, piece)
            changed |= self._count(index, self.counts[index])
        if self.by_ratio:  # the parts have become rarer, so all their pairs count more
            changed = set[Pair]().union(
                *(self.pairs_with.pop(part, ()) for part in {left, right, piece})
            )
            changed = {p for p in changed if self.frequency[p]}
            self._index_parts(changed)
        else:
            changed = {p for p in changed if piece in p}
        for p in changed:
            heapq.heappush(self.heap, (-self.score(p), p))
        return piece

    def _count(self, index: int, count: int) -> set[Pair]:
        pieces = self.pieces[index]
        pairs = list(pairwise(pieces))
        for pair in pairs:
            self.frequency[pair] += count
            if count > 0:
                self.holders[pair].add(index)
        if self.by_ratio:
            self._index_parts(pairs)
            for piece in pieces:
                self.piece_frequency[piece] += count
        return set(pairs)

    def _index_parts(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            for part in pair:
                self.pairs_with[part].add(pair)


def _joined(pieces: list[str], left: str, right: str, piece: str) -> list[str]:
    joined: list[str] = []
    for part in pieces:
        if joined and joined[-1] == left and part == right:
            joined[-1] = piece
        else:
            joined.append(part)
    return joined
