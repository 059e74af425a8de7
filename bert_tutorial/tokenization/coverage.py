"""How much of a text a vocabulary knows: pieces a word, and the share of [UNK].

A model learns little from a text whose words fall into letters, and nothing from one
whose words are all [UNK].

Chapter: 21
Used from: 3
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from bert_tutorial.files.errors import UserError
from bert_tutorial.tokenization.tokenizer import BertTokenizer

__all__ = ["Coverage", "coverage"]

ODD_SHARE = 0.05  # of [UNK], from which it is worth a notice
ODD_PIECES = 3.0  # a word; English has about 1.2 with the published vocabulary
HOPELESS = 0.9  # of [UNK]
FEW = 20  # pieces, of which no share says anything


class Coverage(NamedTuple):
    """Counts of words, of words that are one known piece, of pieces and of [UNK]."""

    words: int
    whole: int
    pieces: int
    unknown: int

    @property
    def unknown_share(self) -> float:
        """Give the share of the pieces that are [UNK]; 0 without any piece."""
        return self.unknown / self.pieces if self.pieces else 0.0

    @property
    def pieces_per_word(self) -> float:
        """Give the mean number of pieces of a word; 0 without any word."""
        return self.pieces / self.words if self.words else 0.0

    @property
    def whole_share(self) -> float:
        """Give the share of the words that are one known piece; 0 without any word."""
        return self.whole / self.words if self.words else 0.0

    @property
    def is_odd(self) -> bool:
        """Tell whether the text is of another kind than the vocabulary's."""
        is_unknown = self.unknown_share > ODD_SHARE
        return is_unknown or self.pieces_per_word > ODD_PIECES

    def report(self) -> str:
        """Say it in one line, as a notice if it is bad."""
        line = (
            f"the vocabulary: {self.pieces_per_word:.1f} pieces a word, "
            f"{self.whole_share:.0%} of the words are one piece, "
            f"{self.unknown_share:.1%} of the pieces are [UNK]"
        )
        if self.unknown_share > ODD_SHARE:
            return f"notice: {line}; words that are [UNK] look alike to the model"
        if self.pieces_per_word > ODD_PIECES:
            return f"notice: {line}; a model of this kind of text would have fewer"
        return line

    def check(self, source: str) -> None:
        """Refuse a text of which nothing is known.

        Raises:
            UserError: if nearly all pieces are [UNK].
        """
        if self.pieces >= FEW and self.unknown_share >= HOPELESS:
            raise UserError(
                f"{source}: {self.unknown_share:.0%} of the pieces are [UNK], so the "
                "vocabulary does not know this script or these words; use a model or a "
                "vocabulary of this language (words of more than 100 characters, as in "
                "text without spaces, are [UNK], too)"
            )


def coverage(
    tokenizer: BertTokenizer, texts: Sequence[str], most: int = 2_000
) -> Coverage:
    """Count what a tokenizer makes of texts.

    Args:
        tokenizer: cuts them.
        texts: any texts.
        most: look at so many of them, evenly spread.
    """
    step = max(1, -(-len(texts) // most))
    return count_pieces(tokenizer, tokenizer.encode_lines(list(texts[::step])))


def count_pieces(tokenizer: BertTokenizer, lines: Iterable[Sequence[int]]) -> Coverage:
    """Count words and pieces of texts that are ids already, without special tokens."""
    goes_on = {i for i, t in enumerate(tokenizer.id_to_token) if t.startswith("##")}
    words = whole = pieces = unknown = 0
    for ids in lines:
        pieces += len(ids)
        for here, after in pairwise([*ids, -1]):
            unknown += here == tokenizer.unk_id
            if here not in goes_on:
                words += 1
                whole += after not in goes_on and here != tokenizer.unk_id
    return Coverage(words, whole, pieces, unknown)
