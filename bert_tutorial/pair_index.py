"""The bookkeeping behind vocabulary training: which neighbours occur how often, where.

Counting all pairs anew after each merge would take minutes. Here only the words that
hold the joined pair are touched, and a heap finds the best pair; entries that have
become out of date are noticed when they come up (a lazy heap).

Chapter: 4
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

__all__ = ["PairIndex", "split_characters"]

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
