"""The tokenizer against the one of the transformers library: equal, always."""

import copy
import json
import random
import unicodedata
from itertools import chain

import pytest
from conftest import REAL_DATA
from test_vocabulary import TEXT, made_up_lines
from transformers import BertTokenizer as PublishedTokenizer

from bert_tutorial.tokenization import compiled
from bert_tutorial.tokenization.compiled import (
    MANY_CORES,
    encode_compiled,
    encode_corpus,
    to_tokenizers,
)
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.normalizer import CharacterTable, split_words
from bert_tutorial.tokenization.rules import SURROGATE
from bert_tutorial.tokenization.tokenizer import BertTokenizer, match_pieces
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS
from bert_tutorial.tokenization.wordpiece import Memory

WORDS = ["the", "un", "##aff", "##able", "##s", "cat", "sat", "a", "b", "##b", ".", ","]
SMALL = [*SPECIAL_TOKENS, *WORDS]
BOTH_CASES = pytest.mark.parametrize("lower", [True, False], ids=["uncased", "cased"])


@pytest.fixture
def real_data():
    if not (REAL_DATA / "vocab").exists():
        pytest.skip("needs the real data, see REAL_DATA in conftest.py")
    return REAL_DATA


POOLS = [
    "abcdeXYZ .,'-[]!?",
    "éèüñçÅØßİıſẞŒĳÀỆᾼΣς",
    "中文字豈\U0002b820\U0002b920\U00020000、。「」",
    "😀👍🏽\u200d🇩🇪❤\ufe0f",
    "\x00\x01\x0b\x0c\x1c\x1f\x85\u200b\u200c\u200e\u2028\ufeff\xad\ufffd \t\n\r\xa0",
    "\u0301\u0323\u0307\u034f\u302e\u1b44\u0338\u20e3",
    "שלוםمرحباּً\u202e",
    "한국어조합",
    "\ue000\U0010fffd\U0001e000\u08d4\u0898\U0001d15e\u1734\u166d\U000111c9≠≮\u2126",
    "\ud800\udbff\udc00\udfff",
]
TYPED = [*SPECIAL_TOKENS, "[mask]", "[ MASK]"]


def random_strings(n, seed=0):
    """Accents, scripts, emoji, marks, control characters, long words, surrogates."""
    rng = random.Random(seed)
    codes = [c for c in range(0x110000) if unicodedata.category(chr(c)) != "Cn"]
    strings = []
    for _ in range(n):
        if rng.random() < 0.03:
            strings.append(rng.choice("abé中") * rng.randint(90, 300) + " a")
            continue
        parts = []
        for _ in range(rng.randint(0, 30)):
            draw = rng.random()
            if draw < 0.08:
                parts.append(rng.choice(TYPED))
            elif draw < 0.3:
                parts.append(chr(rng.choice(codes)))
            else:
                parts.append(rng.choice(rng.choice(POOLS)))
        strings.append("".join(parts))
    return strings


def assert_equal_to_published(vocabulary, lower, lines):
    """Pieces, ids, types and offsets; and the ids of the other two roads."""
    ours = BertTokenizer(vocabulary, lower)
    published = PublishedTokenizer(vocab=dict(ours.vocab), do_lower_case=lower)
    texts = [SURROGATE.sub("\ufffd", line) for line in lines]
    encodings = published(texts, return_offsets_mapping=True)
    ids = encodings["input_ids"]
    wrong = []
    for line, theirs in zip(lines, encodings.encodings, strict=True):
        got = ours.encode(line)
        same = got.ids == theirs.ids and got.tokens == theirs.tokens
        same = same and got.offsets == theirs.offsets
        if not (same and got.type_ids == theirs.type_ids):
            wrong.append((ascii(line), got.tokens, theirs.tokens))
    assert wrong == []
    inner = [line[1:-1] for line in ids]
    assert ours.encode_lines(lines) == inner
    assert encode_compiled(to_tokenizers(ours), lines) == inner
    return ours, published, ids


@BOTH_CASES
def test_equal_on_random_strings(lower):
    lines = made_up_lines(100) + random_strings(5_000, seed=int(lower))
    # Train on the odd strings too, so that not everything is [UNK].
    chunks = lines[:2000]
    vocabulary = train_vocabulary(chunks, 30_000, do_lower_case=lower, min_frequency=1)
    ours, published, ids = assert_equal_to_published(vocabulary, lower, lines)
    flat = list(chain.from_iterable(ids))
    assert flat.count(ours.unk_id) < 0.5 * len(flat)
    for line in ids[::20]:
        assert ours.decode(line) == published.decode(line)
        assert ours.decode(line, skip_special_tokens=True) == published.decode(
            line, skip_special_tokens=True
        )


def real_lines(folder, share):
    """Take one line in `share` of the long files, and every paragraph of XQuAD."""
    names = [
        "sst2-glue/dev.tsv",
        "lm/wikitext-2-valid.txt",
        "lm/tinyshakespeare.txt",
        "chnsenticorp/dev.tsv",
    ]
    lines = []
    for name in names:
        text = (folder / name).read_bytes().decode("utf-8")
        lines += [line for line in text.split("\n") if line.strip()][::share]
    squad = json.loads((folder / "squad/xquad.en.json").read_text(encoding="utf-8"))
    for article in squad["data"]:
        lines += [paragraph["context"] for paragraph in article["paragraphs"]]
    return lines


@pytest.mark.parametrize(
    ("name", "lower", "share"),
    [
        ("uncased", True, 2),
        ("uncased", False, 6),
        ("chinese", True, 6),
        ("chinese", False, 6),
    ],
)
def test_equal_on_real_lines(name, lower, share, real_data):
    lines = real_lines(real_data, share)
    lines += random_strings(1_250, seed=share + 10 * lower)
    assert share != 2 or len(lines) > 20_000
    file = real_data / f"vocab/bert-base-{name}-vocab.txt"
    vocabulary = BertTokenizer.from_vocab(file).id_to_token
    ours, published, ids = assert_equal_to_published(vocabulary, lower, lines)
    for line in ids[::50]:
        assert ours.decode(line) == published.decode(line)


def test_known_ids(real_data):
    file = real_data / "vocab/bert-base-uncased-vocab.txt"
    tokenizer = BertTokenizer.from_vocab(file)
    assert tokenizer.encode("Hello, world!").ids == [101, 7592, 1010, 2088, 999, 102]
    assert tokenizer.tokenize("unaffable") == ["una", "##ffa", "##ble"]
    assert len(tokenizer) == 30_522


# Where Google's first code and the transformers library disagree: the text, the words
# of each. This tokenizer sides with transformers, to the letter. Letters that came
# after Unicode 14 are lowered only if Python's own tables know them.
KNOWN_DIFFERENCES = [
    ("private use", "x\ue000y", ["x\ue000y"], ["xy"]),
    ("U+2B820 to 2B91F", "x\U0002b820y", ["x", "\U0002b820", "y"], ["x\U0002b820y"]),
    ("marks after Unicode 8", "x\u08d4y", ["xy"], ["x\u08d4y"]),
    ("punctuation after it", "x\u2e43y", ["x", "\u2e43", "y"], ["x\u2e43y"]),
    ("format signs after it", "x\u08e2y", ["xy"], ["x\u08e2y"]),
    ("U+166D", "x\u166dy", ["x\u166dy"], ["x", "\u166d", "y"]),
    ("U+111C9", "x\U000111c9y", ["xy"], ["x", "\U000111c9", "y"]),
    ("U+1734", "x\u1734y", ["x\u1734y"], ["xy"]),
    ("U+11938", "x\U00011938y", ["x\U00011935\U00011930y"], ["x\U00011938y"]),
    ("final sigma", "ΟΔΟΣ", ["οδος"], ["οδοσ"]),
    ("special token in text", "a[MASK]", ["a", "[", "mask", "]"], ["a", "[MASK]"]),
    ("101 to 200 letters", "b" * 101, ["b"] + ["##b"] * 100, ["[UNK]"]),
]


def google_words(text):
    """Follow the first code's rules for uncased models, with Python's tables."""
    kept = [c for c in text if c not in "\0\ufffd"]
    kept = [c for c in kept if unicodedata.category(c) not in ("Cc", "Cf")]
    spaced = [f" {c} " if 0x2B820 <= ord(c) <= 0x2CEAF else c for c in kept]
    words = []
    for word in "".join(spaced).split():
        marked = unicodedata.normalize("NFD", word.lower())
        plain = [c for c in marked if unicodedata.category(c) != "Mn"]
        signs = {c for c in plain if unicodedata.category(c)[0] == "P"}
        words += "".join(f" {c} " if c in signs else c for c in plain).split()
    return words


@pytest.mark.parametrize(
    "row", KNOWN_DIFFERENCES, ids=[r[0] for r in KNOWN_DIFFERENCES]
)
def test_known_differences(row):
    what, text, google, transformers = row
    parts = [p for p in google + transformers if p not in SMALL]
    vocabulary = SMALL + list(dict.fromkeys(parts))
    tokenizer = BertTokenizer(vocabulary)
    published = PublishedTokenizer(vocab=dict(tokenizer.vocab), do_lower_case=True)
    assert tokenizer.tokenize(text) == published.tokenize(text) == transformers
    words = google_words(text)
    if what.startswith("101"):  # its limit has been 200 since November 2018
        assert max(map(len, words)) <= 200
        words = [p for p in ["b", *["##b"] * 100] if p in tokenizer.vocab]
    assert words == google != transformers


def test_an_empty_second_text_is_none():
    """Google's code would write [SEP] twice."""
    tokenizer = BertTokenizer(SMALL)
    published = PublishedTokenizer(vocab=dict(tokenizer.vocab), do_lower_case=True)
    for text, pair in [("the cat", ""), ("", ""), ("", "cat"), ("a", "\u200b")]:
        theirs = published(text, pair)
        got = tokenizer.encode(text, pair)
        assert (got.ids, got.type_ids) == (theirs.input_ids, theirs.token_type_ids)
    assert tokenizer.encode("the cat", "").tokens == ["[CLS]", "the", "cat", "[SEP]"]


def test_pairs_types_and_offsets():
    tokenizer = BertTokenizer(SMALL)
    got = tokenizer.encode("The cat", "sat.")
    assert got.tokens == ["[CLS]", "the", "cat", "[SEP]", "sat", ".", "[SEP]"]
    assert got.type_ids == [0, 0, 0, 0, 1, 1, 1]
    assert got.attention_mask == [1] * len(got) == [1] * 7
    assert got.offsets == [(0, 0), (0, 3), (4, 7), (0, 0), (0, 3), (3, 4), (0, 0)]
    bare = tokenizer.encode("The cat", "sat.", add_special_tokens=False)
    assert bare.tokens == ["the", "cat", "sat", "."]
    assert bare.type_ids == [0, 0, 1, 1]
    fast = to_tokenizers(tokenizer).encode("The cat", "sat.")
    assert (fast.ids, fast.type_ids) == (got.ids, got.type_ids)
    assert fast.offsets == got.offsets


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("unaffable", ["un", "##aff", "##able"]),
        ("cats", ["cat", "##s"]),
        ("catx", ["[UNK]"]),  # one part without a piece spoils the word
        ("b" * 100, ["b"] + ["##b"] * 99),
        ("b" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_match_pieces(word, pieces):
    assert match_pieces(word, set(SMALL)) == pieces


def test_unknown_word_spans_the_whole_word():
    got = BertTokenizer(SMALL).encode(" Zebrás. ", add_special_tokens=False)
    assert got.tokens == ["[UNK]", "."]
    assert got.offsets == [(1, 7), (7, 8)]


def test_special_tokens_in_text_are_kept():
    tokenizer = BertTokenizer(SMALL)
    assert tokenizer.tokenize("the [MASK].") == ["the", "[MASK]", "."]
    assert tokenizer.tokenize("a[SEP]b") == ["a", "[SEP]", "b"]
    assert "[MASK]" not in tokenizer.tokenize("[mask] [ MASK ] [MA\x1cSK]")


def test_lone_surrogates_count_as_replacement_characters():
    """No file can hold them, so they vanish as U+FFFD does, and do not crash."""
    tokenizer = BertTokenizer(SMALL)
    text = "\ud83dthe c\udc00at [MA\udfffSK]"
    clean = SURROGATE.sub("\ufffd", text)
    assert tokenizer.encode(text) == tokenizer.encode(clean)
    without = tokenizer.encode(SURROGATE.sub("", "\ud83dthe c\udc00at"))
    assert tokenizer.encode("\ud83dthe c\udc00at").ids == without.ids
    assert tokenizer.encode("\ud83d\ude00").tokens == ["[CLS]", "[SEP]"]
    assert encode_corpus(tokenizer, [text]) == tokenizer.encode_lines([text])


def test_decode_joins_pieces():
    tokenizer = BertTokenizer(SMALL)
    ids = tokenizer.encode("The cats, sat.").ids
    assert tokenizer.decode(ids) == "[CLS] the cats, sat. [SEP]"
    assert tokenizer.decode(ids, skip_special_tokens=True) == "the cats, sat."


@BOTH_CASES
def test_saved_and_read_again(lower, tmp_path):
    tokenizer = BertTokenizer(SMALL, lower)
    tokenizer.save(tmp_path / "ours", max_length=128)
    again = BertTokenizer.from_pretrained(tmp_path / "ours")
    assert again.id_to_token == SMALL
    assert again.do_lower_case is lower
    published = PublishedTokenizer.from_pretrained(tmp_path / "ours")
    assert published.model_max_length == 128
    assert published("The cat").input_ids == tokenizer.encode("The cat").ids
    published.save_pretrained(tmp_path / "theirs")  # writes tokenizer.json only
    assert not (tmp_path / "theirs" / "vocab.txt").exists()
    again = BertTokenizer.from_pretrained(tmp_path / "theirs")
    assert again.id_to_token == SMALL
    assert again.do_lower_case is lower


def test_folders_that_cannot_be_honoured(tmp_path):
    with pytest.raises(ValueError, match=r"must hold vocab\.txt or tokenizer.json"):
        BertTokenizer.from_pretrained(tmp_path)
    BertTokenizer(SMALL).save(tmp_path)
    config = tmp_path / "tokenizer_config.json"
    for text, message in [
        ('{"strip_accents": "no"}', "strip_accents must be true or false"),
        ('{"tokenize_chinese_chars": 0}', "tokenize_chinese_chars must be"),
        ("[1]", "must be a JSON object"),
        ("{", "must be JSON"),
    ]:
        config.write_text(text)
        with pytest.raises(ValueError, match=message):
            BertTokenizer.from_pretrained(tmp_path)


def test_vocabularies_that_cannot_serve():
    with pytest.raises(ValueError, match="unique"):
        BertTokenizer([*SMALL, "the"])
    with pytest.raises(ValueError, match="without gaps"):
        BertTokenizer({**{t: i for i, t in enumerate(SMALL)}, "dog": 99})
    with pytest.raises(ValueError, match=r"no \[CLS\]"):
        BertTokenizer([token for token in SMALL if token != "[CLS]"])
    shuffled = dict(reversed([(t, i) for i, t in enumerate(SMALL)]))
    assert BertTokenizer(shuffled).id_to_token == SMALL


def test_one_text_is_not_lines():
    tokenizer = BertTokenizer(SMALL)
    for encode in (tokenizer.encode_lines, lambda t: encode_corpus(tokenizer, t)):
        with pytest.raises(ValueError, match=r"pass \[text\]"):
            encode("the cat")


def test_ids_have_names():
    tokenizer = BertTokenizer(SMALL)
    ids = [tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id]
    assert [*ids, tokenizer.sep_id, tokenizer.mask_id] == [0, 1, 2, 3, 4]


def test_memory_is_bounded_and_correct():
    memory = Memory(str.upper, capacity=3)
    for word in ["a", "b", "c", "d", "a", "b"]:
        assert memory[word] == word.upper()
        assert len(memory) <= 3
    long = "x" * 1000
    assert memory[long] == long.upper()
    assert long not in memory


def test_copies_work():
    tokenizer = BertTokenizer(SMALL)
    before = tokenizer.encode("Unaffable cats.")
    assert copy.deepcopy(tokenizer).encode("Unaffable cats.") == before


def test_the_number_of_cores_alone_chooses_how_a_corpus_is_encoded(monkeypatch):
    lines = made_up_lines(2_500)
    tokenizer = BertTokenizer(train_vocabulary(lines, 200))
    expected = tokenizer.encode_lines(lines)
    calls = []
    monkeypatch.setattr(compiled, "BATCH", 1_000)
    monkeypatch.setattr(
        compiled,
        "encode_compiled",
        lambda twin, part: calls.append(len(part)) or encode_compiled(twin, part),
    )
    for cores, found in ((MANY_CORES - 1, []), (MANY_CORES, [1_000, 1_000, 500])):
        monkeypatch.setattr(compiled, "usable_cores", lambda cores=cores: cores)
        assert encode_corpus(tokenizer, iter(lines)) == expected
        assert calls == found
    monkeypatch.undo()
    assert encode_corpus(tokenizer, TEXT) == tokenizer.encode_lines(TEXT)


def test_words_and_pieces_agree():
    table = CharacterTable()
    for line in TEXT:
        words = split_words(line, table)
        joined = BertTokenizer(train_vocabulary(TEXT, 99)).tokenize(line)
        assert "".join(p.removeprefix("##") for p in joined) == "".join(words)
