"""Learn a WordPiece vocabulary from text, and read and write vocabulary files.

Training starts from single characters and joins, again and again, the two neighbouring
pieces with the best score, until the vocabulary is full. `pair_index` keeps the scores.

The score is how often a pair occurs. That is byte-pair encoding, and what the trainer
of the `tokenizers` library really does, though its name says WordPiece. The ratio that
courses describe, the frequency of the pair over the product of the frequencies of its
parts, is there as `score="ratio"`. Equal scores are settled by the text of the pair,
left part first, in the order of code points; so the same text always gives the same
vocabulary.

Chapter: 4
"""

from collections import Counter
from collections.abc import Iterable

from bert_tutorial.normalizer import CharacterTable, split_chunks, split_words
from bert_tutorial.pair_index import PairIndex, split_characters
from bert_tutorial.vocabulary_file import (
    SPECIAL_TOKENS,
    load_vocabulary,
    save_vocabulary,
)
from bert_tutorial.wordpiece import MAX_WORD_LENGTH, match_pieces

__all__ = ["count_words", "load_vocabulary", "save_vocabulary", "train_vocabulary"]


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
        raise ValueError(
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
