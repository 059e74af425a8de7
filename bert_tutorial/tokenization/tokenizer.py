"""Turn text into WordPieces and ids, and back: what a BERT reads instead of letters.

`normalizer` makes words; `wordpiece` cuts a word into the longest pieces that the
vocabulary has; `BertTokenizer` puts both together, adds [CLS] and [SEP], and remembers
where in the text each piece stood. It agrees with the tokenizer of the `transformers`
library in pieces, ids and offsets.

Chapter: 3
Used from: 1
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bert_tutorial.files.texts import replace_text
from bert_tutorial.tokenization.normalizer import (
    CHUNK,
    CharacterTable,
    split_chunks,
    split_words,
    split_words_with_sources,
)
from bert_tutorial.tokenization.vocabulary import (
    SPECIAL_TOKENS,
    load_vocabulary,
    read_tokenizer_folder,
    save_vocabulary,
    tokens_of,
)
from bert_tutorial.tokenization.wordpiece import Memory, match_pieces

__all__ = ["BertTokenizer", "Encoding", "match_pieces"]


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


SPECIAL = re.compile("(" + "|".join(map(re.escape, SPECIAL_TOKENS)) + ")")


class BertTokenizer:
    """Text to WordPiece ids and back, as the published BERT models expect it.

    A special token written in the text, such as "[MASK]", is kept as that token.

    Args:
        vocabulary: the pieces in the order of their ids, or a map from piece to id.
        do_lower_case: lower the letters and strip their accents (uncased models).

    Raises:
        ValueError: the vocabulary has duplicates or gaps or lacks a special token.
    """

    def __init__(
        self,
        vocabulary: Sequence[str] | Mapping[str, int],
        do_lower_case: bool = True,
    ) -> None:
        self.id_to_token = tokens_of(vocabulary, "vocabulary")
        self.vocab = {token: i for i, token in enumerate(self.id_to_token)}
        self.do_lower_case = do_lower_case
        specials = (self.vocab[token] for token in SPECIAL_TOKENS)
        self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id = specials
        self._table = CharacterTable(do_lower_case)
        self._word_ids = Memory(self._find_word_ids)
        self._chunk_ids = Memory(self._find_chunk_ids)
        self._chunk_pieces = Memory(self._find_chunk_pieces, capacity=50_000)

    @classmethod
    def from_vocab(
        cls, file: str | os.PathLike[str], do_lower_case: bool = True
    ) -> "BertTokenizer":
        """Make a tokenizer from a vocabulary file.

        Args:
            file: vocab.txt, one piece a line.
            do_lower_case: lower the letters and strip their accents (uncased models).

        Returns:
            The tokenizer.
        """
        return cls(load_vocabulary(file), do_lower_case)

    @classmethod
    def from_pretrained(cls, folder: str | os.PathLike[str]) -> "BertTokenizer":
        """Read a tokenizer from a model's folder, as saved here or by transformers.

        Args:
            folder: holds vocab.txt or tokenizer.json, and perhaps
                tokenizer_config.json.

        Returns:
            The tokenizer.
        """
        tokens, do_lower_case = read_tokenizer_folder(folder)
        return cls(tokens, do_lower_case)

    def save(self, folder: str | os.PathLike[str], max_length: int = 512) -> None:
        """Write vocab.txt and tokenizer_config.json, which transformers reads too.

        Args:
            folder: is made if it is not there.
            max_length: tokens that the model can read at most.
        """
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        save_vocabulary(self.id_to_token, path / "vocab.txt")
        config = {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": self.do_lower_case,
            "model_max_length": max_length,
        }
        replace_text(
            path / "tokenizer_config.json", json.dumps(config, indent=2) + "\n"
        )

    def __len__(self) -> int:
        return len(self.id_to_token)

    def tokenize(self, text: str) -> list[str]:
        """Cut a text into WordPieces.

        Args:
            text: any text.

        Returns:
            The pieces, without [CLS] and [SEP].
        """
        ids = chain.from_iterable(map(self._chunk_ids.__getitem__, split_chunks(text)))
        return [self.id_to_token[i] for i in ids]

    def encode_lines(self, lines: Iterable[str]) -> list[list[int]]:
        """Encode many texts, ids only, without [CLS] and [SEP]: the fast way.

        Args:
            lines: any texts.

        Returns:
            One list of ids a text.

        Raises:
            ValueError: a single text was given.
        """
        if isinstance(lines, str):
            raise ValueError("lines must be a list of texts, got one; pass [text]")
        ids_of = self._chunk_ids.__getitem__
        flat = chain.from_iterable
        return [list(flat(map(ids_of, split_chunks(line)))) for line in lines]

    def encode(
        self, text: str, pair: str | None = None, add_special_tokens: bool = True
    ) -> Encoding:
        """Encode a text or a pair as [CLS] text [SEP] pair [SEP].

        Args:
            text: any text.
            pair: a second text; an empty one is taken as none.
            add_special_tokens: put [CLS] and [SEP] around the texts.

        Returns:
            Ids, tokens, types and offsets, T of each.
        """
        pieces = self._find_pieces(text)
        second = self._find_pieces(pair) if pair else []
        if add_special_tokens:
            pieces = [(self.cls_id, 0, 0), *pieces, (self.sep_id, 0, 0)]
            second = [*second, (self.sep_id, 0, 0)] if pair else []
        both = pieces + second
        return Encoding(
            ids=[i for i, _, _ in both],
            tokens=[self.id_to_token[i] for i, _, _ in both],
            type_ids=[0] * len(pieces) + [1] * len(second),
            offsets=[(start, end) for _, start, end in both],
        )

    def decode(self, ids: Iterable[int], skip_special_tokens: bool = False) -> str:
        """Join pieces to text; case, accents and spacing are not brought back.

        Args:
            ids: token ids.
            skip_special_tokens: leave [CLS], [SEP], [PAD], [UNK] and [MASK] out.

        Returns:
            Words with a blank between them, none before . , ? and !
        """
        tokens = [self.id_to_token[i] for i in ids]
        if skip_special_tokens:
            tokens = [token for token in tokens if token not in SPECIAL_TOKENS]
        return join_pieces(tokens)

    def _find_word_ids(self, word: str) -> tuple[int, ...]:
        return tuple(self.vocab[piece] for piece in match_pieces(word, self.vocab))

    def _find_chunk_ids(self, chunk: str) -> tuple[int, ...]:
        ids: list[int] = []
        for part in SPECIAL.split(chunk) if "[" in chunk else [chunk]:
            if part in SPECIAL_TOKENS:
                ids.append(self.vocab[part])
            else:
                for word in split_words(part, self._table):
                    ids += self._word_ids[word]
        return tuple(ids)

    def _find_chunk_pieces(self, chunk: str) -> list[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = []
        start = 0
        for part in SPECIAL.split(chunk):
            if part in SPECIAL_TOKENS:
                found.append((self.vocab[part], start, start + len(part)))
            else:
                found += self._find_part_pieces(part, start)
            start += len(part)
        return found

    def _find_part_pieces(self, part: str, start: int) -> list[tuple[int, int, int]]:
        found = []
        for word in split_words_with_sources(part, self._table):
            first = 0
            ids = self._word_ids[word.text]
            for i in ids:
                token = self.id_to_token[i]
                last = len(word.text)  # [UNK] spans the whole word
                if i != self.unk_id:
                    last = first + len(token) - (2 if first else 0)
                span = word.sources[first], word.sources[last - 1] + 1
                found.append((i, start + span[0], start + span[1]))
                first = last
        return found

    def _find_pieces(self, text: str) -> list[tuple[int, int, int]]:
        return [
            (i, chunk.start() + start, chunk.start() + end)
            for chunk in CHUNK.finditer(text)
            for i, start, end in self._chunk_pieces[chunk.group()]
        ]
