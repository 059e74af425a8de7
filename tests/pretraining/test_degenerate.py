"""Text that nothing can be learned from is refused, or told in one line."""

import random

import pytest

from bert_tutorial.files.errors import UserError
from bert_tutorial.pretraining.corpus import CorpusData
from bert_tutorial.pretraining.large_corpus import ShardedData
from bert_tutorial.tokenization.coverage import coverage
from bert_tutorial.tokenization.tokenizer import BertTokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LATIN = BertTokenizer([*SPECIALS, *LETTERS, *(f"##{c}" for c in LETTERS), "the", "."])


def corpus(folder, documents):
    """Write documents of sentences."""
    file = folder / "a.txt"
    text = "\n\n".join("\n".join(document) for document in documents)
    file.write_text(text + "\n", encoding="utf-8")
    return file


def sentences(words, number, seed=0, join=" ", length=30):
    """Make sentences of random words."""
    draw = random.Random(seed)
    return [join.join(draw.choices(words, k=length)) for _ in range(number)]


HOPELESS = {
    "Thai without spaces": (["สวัสดี", "ครับ", "ผม", "โรงเรียน"], "", None, 60),
    "Chinese by an English vocabulary": (["酒店", "环境", "不错"], "", LATIN, 12),
    "Hindi by an English vocabulary": (["हिन्दी", "किताब"], " ", LATIN, 6),
    "endless words": (["x" * 120], " ", LATIN, 12),
}


CASES = [(CorpusData, name) for name in HOPELESS]
CASES += [(ShardedData, "Thai without spaces"), (ShardedData, "endless words")]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_corpus_of_unknown_words_is_refused(tmp_path, name, kind):
    words, join, tokenizer, length = HOPELESS[name]
    lines = sentences(words, 240, join=join, length=length)
    file = corpus(tmp_path, [lines[i : i + 3] for i in range(0, 240, 3)])
    with pytest.raises(UserError, match=r"the corpus: \d+% of the pieces are \[UNK\]"):
        kind([file], tokenizer=tokenizer, max_length=32)


def test_a_plain_corpus_gets_no_notice_and_one_sentence_a_document_does(tmp_path):
    lines = sentences(["the", "a", "b", "."], 120, length=8)
    data = CorpusData(
        [corpus(tmp_path, [lines[i : i + 6] for i in range(0, 120, 6)])],
        tokenizer=LATIN,
        max_length=32,
    )
    assert data.notices == data.facts()["notices"] == []
    single = CorpusData(
        [corpus(tmp_path, [[line] for line in lines])], tokenizer=LATIN, max_length=32
    )
    (notice,) = single.notices
    assert "each second segment is random" in notice
    assert {pair.is_random for pair in single.pairs(0)} == {True}


def test_pieces_a_word_are_counted_by_hand_and_noticed():
    seen = coverage(LATIN, ["the cat .", "the β ."])
    assert seen == (6, 4, 8, 1)  # the c##a##t . the [UNK] .
    assert seen.pieces_per_word == 8 / 6 and seen.unknown_share == 1 / 8
    assert seen.is_odd and seen.report().startswith("notice: ")
    assert coverage(LATIN, ["letters"] * 9).is_odd, "seven pieces a word"
    assert not coverage(LATIN, ["the the . a b"] * 9).is_odd
    assert coverage(LATIN, []) == (0, 0, 0, 0)
    halves = ["\u03b2"] * 1_900 + ["the"] * 1_900  # sorted by script
    assert coverage(LATIN, halves).unknown_share == 0.5
    assert coverage(LATIN, halves).words <= 2_000
    coverage(LATIN, ["β β"]).check("a")  # so few say nothing
