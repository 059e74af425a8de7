"""Ids under the real vocabularies equal the published ones (digests are facts)."""

import hashlib
import os
from pathlib import Path

import pytest

from bert_tutorial import BertTokenizer

NASTY = (
    "Hello, World!",
    "The capital of France is [MASK].",
    "Ünïcödé naïve café",
    "$5.99 ^ ` | ~ a_b",
    "日本語 と 中文",
    "한국어",
    "tab\tnew\nline\u00a0space\u2028end",
    "zero\u200bwidth\ufffd\x00gone",
    "unaffable antidisestablishmentarianism",
    "x" * 100,
    "x" * 101,
    "🙂 é e\u0301 ﬁ ß İ",
    "don't can’t “quotes” …",
    "",
)
DIGESTS = {
    "bert-base-uncased-vocab.txt": (
        "207779ffe8199e95d70b2073f8657e0b4af2cbfdffecb893785b709d07fcc0f2"
    ),
}


def digest(tokenizer: BertTokenizer) -> str:
    """Hash the ids of all strings, one string a line."""
    lines = (" ".join(map(str, tokenizer.encode(text).ids)) for text in NASTY)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("name", DIGESTS)
def test_ids_under_a_real_vocabulary_are_the_published_ones(name):
    place = os.environ.get("BERT_TUTORIAL_DATA")
    if not place or not (file := Path(place) / "vocab" / name).is_file():
        pytest.skip("BERT_TUTORIAL_DATA names no folder with the vocabularies")
    assert digest(BertTokenizer.from_vocab(file)) == DIGESTS[name]
