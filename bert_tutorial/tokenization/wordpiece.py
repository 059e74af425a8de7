"""From words to WordPieces: the second half of BERT's tokenizer.

Words repeat, so their pieces are worked out once and looked up afterwards: that makes
plain Python faster than a compiled tokenizer without such a memory.

Chapter: 3
Used from: 1
"""

from collections.abc import Callable, Container
from typing import TypeVar

__all__ = ["Memory", "match_pieces"]

MAX_WORD_LENGTH = 100  # characters; a longer word is [UNK]

V = TypeVar("V")


def match_pieces(word: str, vocabulary: Container[str]) -> list[str]:
    """Cut a word into the longest pieces there are, from left to right.

    As the code published with Devlin et al. 2019 does; the WordPieces themselves are
    those of Wu et al. 2016.

    Args:
        word: a normalized word.
        vocabulary: the pieces; those that do not begin a word are written "##piece".

    Returns:
        The pieces, or ["[UNK]"] if some part of the word has none or if the word is
        longer than 100 characters.

    >>> match_pieces("unhappy", {"un", "##hap", "##happ", "##y"})
    ['un', '##happ', '##y']
    """
    if len(word) > MAX_WORD_LENGTH:
        return ["[UNK]"]
    pieces = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            piece = prefix + word[start:end]
            if piece in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces


class Memory(dict[str, V]):
    """A dict that works out what it lacks; emptied when full, so that it stays small.

    Args:
        work_out: gives the value for a key.
        capacity: entries at most.
    """

    def __init__(self, work_out: Callable[[str], V], capacity: int = 200_000) -> None:
        super().__init__()
        self.work_out = work_out
        self.capacity = capacity

    def __missing__(self, key: str) -> V:
        """Work a value out.

        Returns:
            The value. It is kept if the key is short enough to come again.
        """
        value = self.work_out(key)
        if len(key) <= MAX_WORD_LENGTH:
            if len(self) >= self.capacity:
                self.clear()
            self[key] = value
        return value
