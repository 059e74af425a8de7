"""Vocabulary training against a naive trainer, and vocabulary files gone wrong."""

import os
import random
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import REAL_DATA, at_most
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from bert_tutorial.tokenization.learn_vocabulary import (
    count_words,
    load_vocabulary,
    save_vocabulary,
    train_vocabulary,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS


@pytest.fixture
def real_data():
    if not (REAL_DATA / "vocab").exists():
        pytest.skip("needs the real data, see REAL_DATA in conftest.py")
    return REAL_DATA


TEXT = """
Low lower lowest; new newer newest. Wide, wider, widest!
The slower the newer, the wider the lower: slow slower slowest.
""".strip().split("\n")


def made_up_lines(n=300, seed=0):
    rng = random.Random(seed)
    stems = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 6))) for _ in range(80)]
    ends = ["", "s", "ed", "ing", "er"]
    return [
        " ".join(rng.choice(stems) + rng.choice(ends) for _ in range(12)) + "."
        for _ in range(n)
    ]


def naive_vocabulary(texts, vocab_size, min_frequency=2, ratio=False):
    """Count all pairs anew after each merge: slow, and easy to believe."""
    counts = count_words(texts)
    cut = {w: [w[0], *("##" + c for c in w[1:])] for w in counts}
    pieces = {p for parts in cut.values() for p in parts}
    vocabulary = [*SPECIAL_TOKENS, *sorted({p[-1] for p in pieces})]
    vocabulary += sorted(p for p in pieces if p.startswith("##") and len(p) == 3)
    while len(vocabulary) < vocab_size:
        pairs, singles = Counter(), Counter()
        for word, parts in cut.items():
            for part in parts:
                singles[part] += counts[word]
            for pair in pairwise(parts):
                pairs[pair] += counts[word]
        pairs = {pair: n for pair, n in pairs.items() if n >= min_frequency}
        if not pairs:
            break

        def rank(pair, pairs=pairs, singles=singles):
            n = pairs[pair]
            return -(n / (singles[pair[0]] * singles[pair[1]]) if ratio else n), pair

        left, right = min(pairs, key=rank)
        piece = left + right.removeprefix("##")
        for parts in cut.values():
            i = 0
            while i < len(parts) - 1:
                if parts[i] == left and parts[i + 1] == right:
                    parts[i : i + 2] = [piece]
                i += 1
        if piece not in vocabulary:
            vocabulary.append(piece)
    return vocabulary


@pytest.mark.parametrize("ratio", [False, True])
@pytest.mark.parametrize("texts", [TEXT, made_up_lines()], ids=["words", "made up"])
def test_incremental_equals_naive(texts, ratio):
    score = "ratio" if ratio else "frequency"
    for vocab_size in (60, 150, 400):
        ours = train_vocabulary(texts, vocab_size, score=score)
        assert ours == naive_vocabulary(texts, vocab_size, ratio=ratio)


def test_repeated_characters_join_without_overlap():
    texts = ["aaaa aaa aaaaaaa aa"] * 3
    assert train_vocabulary(texts, 30) == naive_vocabulary(texts, 30)


def test_worked_by_hand():
    # hug 10, pug 5, hugs 5: (##u, ##g) stands 20 times, (h, ##ug) 15, (p, ##ug) and
    # (hug, ##s) 5 each; of those two "hug" comes first.
    texts = ["hug " * 10, "pug " * 5, "hugs " * 5]
    vocabulary = train_vocabulary(texts, 15)
    assert vocabulary[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert vocabulary[5:13] == ["g", "h", "p", "s", "u", "##g", "##s", "##u"]
    assert vocabulary[13:] == ["##ug", "hug"]
    assert train_vocabulary(texts, 99)[15:] == ["hugs", "pug"]


def test_special_tokens_and_overlong_words_are_not_learned():
    words = count_words(["a [MASK] b[SEP]c " + "z" * 101, "A"])
    assert words == {"a": 2, "b": 1, "c": 1}


def test_cased_training_keeps_case():
    assert "Ab" in train_vocabulary(["Ab Ab"], 20, do_lower_case=False)
    assert "ab" in train_vocabulary(["Ab Ab"], 20)


def test_drop_unused_changes_no_encoding():
    lines = made_up_lines()
    full = train_vocabulary(lines, 300)
    lean = train_vocabulary(lines, 300, drop_unused=True)
    assert len(lean) < len(full)
    assert set(lean) < set(full)
    singles = [piece for piece in full if len(piece.removeprefix("##")) == 1]
    assert set(singles) <= set(lean)
    before, after = BertTokenizer(full), BertTokenizer(lean)
    used = set()
    for line in lines:
        assert after.tokenize(line) == before.tokenize(line)
        used.update(after.tokenize(line))
    assert set(lean) - set(singles) - set(SPECIAL_TOKENS) <= used


def test_same_vocabulary_whatever_the_hash_seed():
    code = (
        "import sys\n"
        "from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary\n"
        "lines = sys.stdin.read().split('.')\n"
        "for score in ('frequency', 'ratio'):\n"
        "    print(train_vocabulary(lines, 200, score=score))\n"
    )
    root = str(Path(__file__).parents[2])
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": root, "PYTHONHASHSEED": seed},
            input="".join(made_up_lines()),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def published_training(lines, vocab_size):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=list(SPECIAL_TOKENS),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer.get_vocab()


def test_the_published_trainer_goes_by_frequency_too():
    lines = made_up_lines(2000)
    theirs = set(published_training(lines, 200))
    by_frequency = set(train_vocabulary(lines, 200))
    by_ratio = set(train_vocabulary(lines, 200, score="ratio"))
    assert len(theirs & by_frequency) > 0.8 * len(theirs)  # ties differ
    assert len(theirs & by_ratio) < 0.7 * len(theirs)


def test_one_megabyte_in_five_seconds(real_data):
    text = (real_data / "lm/wikitext-2-valid.txt").read_text(encoding="utf-8")
    lines = text[:1_000_000].split("\n")
    with at_most(5):
        vocabulary = train_vocabulary(lines, 8_000)
    assert len(vocabulary) == len(set(vocabulary)) == 8_000
    theirs = published_training(lines, 8_000)
    assert len(theirs.keys() & set(vocabulary)) > 0.9 * 8_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocab_size": 10}, "vocab_size must be at least"),
        ({"score": "likelihood"}, "score must be"),
        ({"texts": "one text"}, r"pass \[text\]"),
    ],
)
def test_training_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        train_vocabulary(**{"texts": TEXT, "vocab_size": 100, **change})


GOOD = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n##s\n"
BROKEN = {
    "duplicate": (GOOD + b"cat\nthe\n", 9, "'the' again .first on line 6"),
    "blank line": (GOOD.replace(b"the", b"\nthe"), 6, "blank"),
    "blank line at the end": (GOOD + b"\n", 8, "blank"),
    "missing special": (GOOD.replace(b"[MASK]\n", b""), 6, r"no \[MASK\]"),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, 1, "byte order mark"),
    "windows line ends": (GOOD.replace(b"\n", b"\r\n"), 1, "CR LF"),
    "not utf-8": (GOOD + "café\n".encode("latin-1"), 8, "UTF-8, got byte 0xe9"),
    "utf-16": (GOOD.decode().encode("utf-16"), 1, "UTF-8"),
    "empty": (b"", 1, "got none"),
    "only line ends": (b"\n\n", 1, "got none"),
    "counts": (GOOD + b"cat 12\n", 8, "spaces"),
    "tabs": (GOOD + b"cat\t12\n", 8, "spaces"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_refused_with_file_and_line(kind, tmp_path):
    data, line, message = BROKEN[kind]
    file = tmp_path / "vocab.txt"
    file.write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        load_vocabulary(file)
    assert f"{file}, line {line}" in str(error.value)


def test_odd_line_separators_within_a_piece_are_no_line_ends(tmp_path):
    tokens = [*SPECIAL_TOKENS, "a", "\u2028", "##\u2028", "\u0085", "b"]
    file = tmp_path / "vocab.txt"
    save_vocabulary(tokens, file)
    assert load_vocabulary(file) == tokens
    file.write_bytes(file.read_bytes().removesuffix(b"\n"))  # a last line without end
    assert load_vocabulary(file) == tokens


def test_a_broken_vocabulary_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="unique"):
        save_vocabulary([*SPECIAL_TOKENS, "a", "a"], tmp_path / "vocab.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "size"), [("uncased", 30_522), ("chinese", 21_128)])
def test_published_vocabularies_are_accepted(name, size, real_data):
    tokens = load_vocabulary(real_data / f"vocab/bert-base-{name}-vocab.txt")
    assert len(tokens) == size
    assert tokens.index("[PAD]") == 0
    assert tokens.index("[MASK]") == 103
