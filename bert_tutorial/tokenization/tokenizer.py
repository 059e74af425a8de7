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
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from bert_tutorial.files.errors import Notice
from bert_tutorial.files.shipped import named_folder
from bert_tutorial.files.texts import read_object, replace_text
from bert_tutorial.tokenization.batch import Batch, encode_batch
from bert_tutorial.tokenization.normalizer import (
    CHUNK,
    CharacterTable,
    split_chunks,
    split_words,
    split_words_with_sources,
)
from bert_tutorial.tokenization.rules import (
    FILES,
    compiled_ids,
    compiled_pieces,
    read_tokenizer_folder,
    with_frame,
)
from bert_tutorial.tokenization.vocabulary import (
    SPECIAL_TOKENS,
    is_cased,
    load_vocabulary,
    save_vocabulary,
    tokens_of,
)
from bert_tutorial.tokenization.wordpiece import Memory, match_pieces

__all__ = ["BertTokenizer", "Encoding", "match_pieces"]


@dataclass(frozen=True)
class Encoding:
    """One text, or a pair of texts, as BERT reads it; five lists of the same length T.

    Attributes:
        ids: the token ID of each token, its index in the vocabulary.
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
    """Join pieces to words with a space between them, none before . , ? and !"""
    text = "".join(
        token[2:] if token.startswith("##") else _space_before(token) + token
        for token in tokens[1:]
    )
    return "".join(tokens[:1]) + text


def _space_before(token: str) -> str:
    return "" if token in {".", ",", "?", "!"} else " "


def _tell_of_capitals(place: str | os.PathLike[str]) -> None:
    warnings.warn(
        f"{place}: many pieces have capital letters, but nothing says that the model "
        "is cased, so texts are lower-cased and no word will match them; if it is, "
        "say do_lower_case=False (--cased), or put "
        '{"do_lower_case": false} into tokenizer_config.json',
        Notice,
        stacklevel=3,
    )


# Names of transformers' tokenizers, and what does the same here.
ELSEWHERE = {
    **{
        f"{name}_token_id": f"{name}_id"
        for name in ("pad", "unk", "cls", "sep", "mask")
    },
    **{f"{token[1:-1].lower()}_token": repr(token) for token in SPECIAL_TOKENS},
    "vocab_size": "len(tokenizer)",
    "get_vocab": "vocab, or id_to_token",
    "all_special_tokens": "special_tokens",
    "model_max_length": "max_length",
    "encode_plus": "tokenizer(text), or encode(text) for tokens and offsets too",
    "batch_encode_plus": "tokenizer(texts)",
    "pad": "tokenizer(texts, padding=True)",
    "add_tokens": "a folder whose tokenizer has them (transformers' save_pretrained), "
    "and model.resize_token_embeddings(len(tokenizer))",
    "add_special_tokens": "a folder whose tokenizer has them (transformers' "
    "save_pretrained), and model.resize_token_embeddings(len(tokenizer))",
}

SPECIAL = re.compile("(" + "|".join(map(re.escape, SPECIAL_TOKENS)) + ")")


class BertTokenizer:
    """Text to WordPiece ids and back, as the published BERT models expect it.

    A special token written in the text, such as "[MASK]", is kept as that token.

    Args:
        vocabulary: the pieces in the order of their ids, or a map from piece to id.
        do_lower_case: lower the letters and strip their accents (uncased models).

    Attributes:
        max_length: tokens that the model reads at most, if its files say so.
        special_tokens: what `decode` leaves out if asked to.

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
        self.max_length: int | None = None
        self.special_tokens = {*SPECIAL_TOKENS}
        self._compiled: Tokenizer | None = None  # where a folder has rules of its own
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
        tokens = load_vocabulary(file)
        if do_lower_case and is_cased(tokens):
            _tell_of_capitals(file)
        return cls(tokens, do_lower_case)

    @classmethod
    def from_pretrained(
        cls, folder: str | os.PathLike[str], do_lower_case: bool | None = None
    ) -> "BertTokenizer":
        """Read a tokenizer from a model's folder, as saved here or by transformers.

        Added tokens and rules other than BERT's are obeyed, by the `tokenizers`
        library; what cannot be is refused.

        Args:
            folder: holds vocab.txt or tokenizer.json, and perhaps
                tokenizer_config.json, added_tokens.json, special_tokens_map.json;
                or the name of a shipped model, `mini-world` or `english`.
            do_lower_case: in place of what the files say; None takes that.

        Returns:
            The tokenizer.

        Raises:
            ValueError: an entry cannot be obeyed, or two contradict each other.
        """
        folder = named_folder(folder)
        found = read_tokenizer_folder(folder, do_lower_case)
        if found.do_lower_case and not found.is_stated and is_cased(found.tokens):
            _tell_of_capitals(folder)
        tokenizer = cls(found.tokens, found.do_lower_case)
        tokenizer.max_length = found.max_length
        if found.compiled is not None:
            tokenizer._follow(found.compiled)
        return tokenizer

    if not TYPE_CHECKING:  # to mypy, names that are not there stay unknown

        def __getattr__(self, name: str) -> Any:
            """Say of a name that transformers has what to take here instead."""
            hint = f"; take {ELSEWHERE[name]}" if name in ELSEWHERE else ""
            raise AttributeError(f"BertTokenizer has no {name}{hint}")

    def _follow(self, compiled: Tokenizer) -> None:
        """Let a compiled tokenizer cut texts from now on, and take its added tokens."""
        self._compiled = compiled
        added = compiled.get_added_tokens_decoder()
        size = compiled.get_vocab_size(with_added_tokens=True)
        for i in range(len(self.id_to_token), size):
            # as it is found in text, so lower-cased
            token = compiled.id_to_token(i) or added[i].content
            self.id_to_token.append(token)
            self.vocab |= {token: i, added[i].content: i}
        self.special_tokens |= {t.content for t in added.values() if t.special}

    def save(
        self, folder: str | os.PathLike[str], max_length: int | None = None
    ) -> None:
        """Write the tokenizer so that this package and transformers read it again.

        vocab.txt and tokenizer_config.json; with rules other than BERT's or added
        tokens, tokenizer.json in place of vocab.txt. Files of another tokenizer in the
        folder are removed: they would contradict.

        Args:
            folder: is made if it is not there.
            max_length: tokens that the model can read at most; None: as many as
                config.json in the folder says, else as the tokenizer was read with.
        """
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        if max_length is None and (path / "config.json").exists():
            values = read_object(path / "config.json")
            max_length = values.get("max_position_embeddings")
        max_length = max_length or self.max_length
        config: dict[str, Any] = {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": self.do_lower_case,
        }
        stale = {"vocab.txt", *FILES} - {"tokenizer_config.json"}
        if self._compiled is None:
            save_vocabulary(self.id_to_token, path / "vocab.txt")
            stale.remove("vocab.txt")
        else:
            # transformers' BertTokenizer has BERT's rules whatever the file says
            config["tokenizer_class"] = "PreTrainedTokenizerFast"
            names = ("pad", "unk", "cls", "sep", "mask")
            for name, token in zip(names, SPECIAL_TOKENS, strict=True):
                config[f"{name}_token"] = token
            whole = with_frame(self._compiled).to_str(pretty=True)
            replace_text(path / "tokenizer.json", whole + "\n")
            stale.remove("tokenizer.json")
        if max_length is not None:
            config["model_max_length"] = max_length
        replace_text(
            path / "tokenizer_config.json", json.dumps(config, indent=2) + "\n"
        )
        for name in stale:
            (path / name).unlink(missing_ok=True)

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write the tokenizer, as `save` does, under the name of transformers."""
        self.save(folder)

    def __len__(self) -> int:
        return len(self.id_to_token)

    def __call__(
        self,
        text: str | Sequence[str] | Sequence[tuple[str, str]],
        text_pair: str | Sequence[str] | None = None,
        **options: Any,
    ) -> Batch:
        """Encode a text or a list of texts as transformers does, ready for a model.

        `model(**tokenizer(texts, padding=True, return_tensors="pt"))`

        Args:
            text: a text, a list of texts, or a list of (text, second text).
            text_pair: the second text of each.
            options: those of `bert_tutorial.tokenization.batch.encode_batch`: padding,
                truncation, max_length, return_tensors, add_special_tokens and more.

        Returns:
            input_ids, token_type_ids and attention_mask: lists, or tensors (B, T).

        Raises:
            ValueError: an option is unknown or its value is.
        """
        return encode_batch(self, text, text_pair, **options)

    def tokenize(self, text: str) -> list[str]:
        """Cut a text into WordPieces.

        Args:
            text: any text.

        Returns:
            The pieces, without [CLS] and [SEP].
        """
        if self._compiled is not None:
            return [self.id_to_token[i] for i, _, _ in self._find_pieces(text)]
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
        if self._compiled is not None:
            return compiled_ids(self._compiled, lines)
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
            Words with a space between them, none before . , ? and !
        """
        tokens = self.convert_ids_to_tokens(ids)
        if skip_special_tokens:
            tokens = [token for token in tokens if token not in self.special_tokens]
        if self._compiled is not None and self._compiled.decoder is not None:
            joined: str = self._compiled.decoder.decode(tokens)
            return joined
        return join_pieces(tokens)

    def batch_decode(
        self, batch: Iterable[Iterable[int]], skip_special_tokens: bool = False
    ) -> list[str]:
        """Join the pieces of several texts, as `decode` does for one.

        Args:
            batch: one sequence of token ids a text, or a tensor (B, T).
            skip_special_tokens: leave [CLS], [SEP], [PAD], [UNK] and [MASK] out.

        Returns:
            One text each.
        """
        return [self.decode(ids, skip_special_tokens) for ids in batch]

    def convert_ids_to_tokens(self, ids: Iterable[int]) -> list[str]:
        """Give the piece of each id.

        Raises:
            ValueError: the vocabulary has no such id.
        """
        tokens = []
        for i in map(int, ids):
            if not 0 <= i < len(self.id_to_token):
                raise ValueError(
                    f"ids must be from 0 to {len(self) - 1}, the ids of the "
                    f"vocabulary, got {i}"
                )
            tokens.append(self.id_to_token[i])
        return tokens

    def convert_tokens_to_ids(self, tokens: Iterable[str]) -> list[int]:
        """Give the id of each piece, that of [UNK] for what is no piece."""
        return [self.vocab.get(token, self.unk_id) for token in tokens]

    def _find_word_ids(self, word: str) -> tuple[int, ...]:
        return tuple(self.vocab[piece] for piece in match_pieces(word, self.vocab))

    def _find_chunk_ids(self, chunk: str) -> tuple[int, ...]:
        """Give the ids of what stands between two spaces: the fast way, no offsets."""
        ids: list[int] = []
        for part in SPECIAL.split(chunk) if "[" in chunk else [chunk]:
            if part in SPECIAL_TOKENS:
                ids.append(self.vocab[part])
            else:
                for word in split_words(part, self._table):
                    ids += self._word_ids[word]
        return tuple(ids)

    def _find_chunk_pieces(self, chunk: str) -> list[tuple[int, int, int]]:
        """Give (id, start, end) of each piece of a chunk, from the chunk's start."""
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
        """Give (id, start, end) of each piece; the part begins at `start`."""
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
        """Give (id, start, end) of each piece of a text, without special tokens."""
        if self._compiled is not None:
            return compiled_pieces(self._compiled, text)
        return [
            (i, chunk.start() + start, chunk.start() + end)
            for chunk in CHUNK.finditer(text)
            for i, start, end in self._chunk_pieces[chunk.group()]
        ]
