"""The same tokenizer through the compiled `tokenizers` package, for whole corpora.

`to_tokenizers` builds a `tokenizers.Tokenizer` with the same vocabulary and rules; it
gives the same ids. Which of the two is faster depends on text and machine. On one core
the compiled one took about 3 times as long as `BertTokenizer.encode_lines`, which
remembers words: 2.6 to 4.3 times on four English texts of 1 MB, 2.6 times on 1 MB of
Chinese, where there are no spaces and whole sentences hardly repeat
(`python tools/experiments/bench_tokenizer.py` measures it). But the compiled one
spreads a batch over all cores, and `encode_lines` has only one. So `encode_corpus`
takes the compiled one where there are cores enough to make up for it.

Chapter: 4
"""

import os
from collections.abc import Iterable
from itertools import islice

from tokenizers import AddedToken, Tokenizer

from bert_tutorial.tokenization.rules import compile_rules, compiled_ids, with_frame
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS

__all__ = ["encode_compiled", "encode_corpus", "to_tokenizers"]

MANY_CORES = 8  # twice what the slowest text above needs: cores share memory
BATCH = 10_000  # lines


def to_tokenizers(tokenizer: BertTokenizer) -> Tokenizer:
    """Build the compiled twin of a tokenizer.

    Args:
        tokenizer: gives vocabulary and case.

    Returns:
        A tokenizer with the same ids, types and offsets. It refuses lone surrogates,
        which `BertTokenizer` drops; replace them by U+FFFD first.
    """
    if tokenizer._compiled is not None:  # the folder's own, with its rules
        return with_frame(tokenizer._compiled)
    fast = compile_rules(tokenizer.vocab, tokenizer.do_lower_case)
    specials = [AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS]
    fast.add_special_tokens(specials)
    return with_frame(fast)


def encode_corpus(tokenizer: BertTokenizer, lines: Iterable[str]) -> list[list[int]]:
    """Encode many lines, with the compiled tokenizer where there are many cores.

    Args:
        tokenizer: gives vocabulary and case.
        lines: any texts, read once.

    Returns:
        One list of ids a line, without [CLS] and [SEP]; the same either way.

    Raises:
        ValueError: a single text was given.
    """
    if isinstance(lines, str):
        raise ValueError("lines must be a list of texts, got one; pass [text]")
    if usable_cores() < MANY_CORES:
        return tokenizer.encode_lines(lines)
    twin, lines = to_tokenizers(tokenizer), iter(lines)
    ids: list[list[int]] = []
    while batch := list(islice(lines, BATCH)):
        ids += encode_compiled(twin, batch)
    return ids


def usable_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def encode_compiled(fast: Tokenizer, lines: Iterable[str]) -> list[list[int]]:
    """Encode lines with a compiled tokenizer, lone surrogates taken as U+FFFD.

    Args:
        fast: from `to_tokenizers`.
        lines: any texts.

    Returns:
        One list of ids a line, without [CLS] and [SEP].
    """
    return compiled_ids(fast, lines)
