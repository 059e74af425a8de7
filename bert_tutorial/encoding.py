"""What a tokenizer gives for a text: ids, tokens, types and offsets; and the way back.

Chapter: 3
Used from: 1
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Encoding"]


@dataclass(frozen=True)
class Encoding:
    """One text, or a pair of texts, as BERT reads it; five lists of the same length T.

    Attributes:
        ids: the number of each token in the vocabulary.
        tokens: the tokens as text.
        type_ids: 0 for the first text, 1 for the second.
        offsets: (start, end) of each token in its text; (0, 0) for added tokens.
    """

    ids: list[int]
    tokens: list[str]
    type_ids: list[int]
    offsets: list[tuple[int, int]]

    @property
    def attention_mask(self) -> list[int]:
        """Give a 1 for each token, since nothing is padded yet."""
        return [1] * len(self.ids)

    def __len__(self) -> int:
        return len(self.ids)


def join_pieces(tokens: Sequence[str]) -> str:
    """Join pieces to words with a blank between them, none before . , ? and !"""
    text = "".join(
        token[2:] if token.startswith("##") else _blank_before(token) + token
        for token in tokens[1:]
    )
    return "".join(tokens[:1]) + text


def _blank_before(token: str) -> str:
    return "" if token in {".", ",", "?", "!"} else " "
