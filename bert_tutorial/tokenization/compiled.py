"""The same tokenizer through the compiled `tokenizers` package, for whole corpora.

`to_tokenizers` builds a `tokenizers.Tokenizer` with the same vocabulary and rules; it
gives the same ids. Which of the two is faster depends on text and machine. On one core
the compiled one took about 3 times as long as `BertTokenizer.encode_lines`, which
remembers words: 2.6 to 4.3 times on four English texts of 1 MB, 2.6 times on 1 MB of
Chinese, where there are no spaces and whole sentences hardly repeat
(`python tools/experiments/bench_tokenizer.py` measures it). But the compiled one
spreads a batch
over all cores, and `encode_lines` has only one. So `encode_corpus` tries both on the
first lines and stays with the faster.

Chapter: 4
"""

import re
import time
from collections.abc import Iterable
from functools import partial
from itertools import islice

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS
from bert_tutorial.tokenization.wordpiece import MAX_WORD_LENGTH

__all__ = ["encode_compiled", "encode_corpus", "to_tokenizers"]

SURROGATE = re.compile("[\ud800-\udfff]")
TRIAL = 1_000  # lines
BATCH = 10_000  # lines


def to_tokenizers(tokenizer: BertTokenizer) -> Tokenizer:
    """Build the compiled twin of a tokenizer.

    Args:
        tokenizer: gives vocabulary and case.

    Returns:
        A tokenizer with the same ids, types and offsets. It refuses lone surrogates,
        which `BertTokenizer` drops; replace them by U+FFFD first.
    """
    specials = [AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS]
    fast = Tokenizer(
        models.WordPiece(
            vocab=tokenizer.vocab,
            unk_token="[UNK]",
            max_input_chars_per_word=MAX_WORD_LENGTH,
        )
    )
    fast.normalizer = normalizers.BertNormalizer(lowercase=tokenizer.do_lower_case)
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast.post_processor = processors.BertProcessing(
        ("[SEP]", tokenizer.sep_id), ("[CLS]", tokenizer.cls_id)
    )
    fast.decoder = decoders.WordPiece()
    fast.add_special_tokens(specials)
    return fast


def encode_corpus(tokenizer: BertTokenizer, lines: Iterable[str]) -> list[list[int]]:
    """Encode many lines on the road that is faster on this machine.

    Args:
        tokenizer: gives vocabulary and case.
        lines: any texts, read once.

    Returns:
        One list of ids a line, without [CLS] and [SEP]; the same on either road.

    Raises:
        ValueError: a single text was given.
    """
    if isinstance(lines, str):
        raise ValueError("lines must be a list of texts, got one; pass [text]")
    lines = iter(lines)
    # The first lines also fill the tokenizer's memory, without which it is slower.
    ids = tokenizer.encode_lines(islice(lines, TRIAL))
    trial = list(islice(lines, TRIAL))
    start = time.perf_counter()
    ids += tokenizer.encode_lines(trial)
    seconds = time.perf_counter() - start
    encode = tokenizer.encode_lines
    if len(trial) == TRIAL:
        twin = to_tokenizers(tokenizer)
        start = time.perf_counter()
        encode_compiled(twin, trial)
        if time.perf_counter() - start < seconds:
            encode = partial(encode_compiled, twin)
    while batch := list(islice(lines, BATCH)):
        ids += encode(batch)
    return ids


def encode_compiled(fast: Tokenizer, lines: Iterable[str]) -> list[list[int]]:
    """Encode lines with a compiled tokenizer, lone surrogates taken as U+FFFD.

    Args:
        fast: from `to_tokenizers`.
        lines: any texts.

    Returns:
        One list of ids a line, without [CLS] and [SEP].
    """
    texts = [SURROGATE.sub("\ufffd", line) for line in lines]
    batch = fast.encode_batch_fast(texts, add_special_tokens=False)
    return [encoding.ids for encoding in batch]
