"""The normalizer, character by character, against the compiled one of `tokenizers`."""

import unicodedata

import pytest
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from bert_tutorial.tokenization.normalizer import (
    SPACES,
    CharacterTable,
    fold,
    split_chunks,
    split_words,
    split_words_with_sources,
)
from bert_tutorial.tokenization.unicode_tables import (
    AFTER_UNICODE_9,
    IDEOGRAPHS,
    ONLY_UNICODE_9,
    category,
    decompose,
    is_dropped,
    is_ideograph,
    is_punctuation,
    is_space,
)


def assigned_characters():
    """All that this Python's tables know; of the private planes one in a thousand."""
    for code in range(0x110000):
        kind = unicodedata.category(chr(code))
        if kind not in ("Cn", "Cs") and (kind != "Co" or code % 1000 == 7):
            yield chr(code)


@pytest.mark.parametrize("lower", [True, False])
def test_every_assigned_character_as_published(lower):
    normalizer = BertNormalizer(lowercase=lower)
    splitter = BertPreTokenizer()
    table = CharacterTable(lower)
    characters = list(assigned_characters())
    assert len(characters) > 140_000
    for start in range(0, len(characters), 2000):
        group = characters[start : start + 2000]
        text = "\n".join(f"x{char}y" for char in group)
        published = splitter.pre_tokenize_str(normalizer.normalize_str(text))
        expected = [word for word, _ in published]
        if split_words(text, table) == expected:
            continue
        for char in group:  # name the culprit
            folded = normalizer.normalize_str(f"x{char}y")
            words = [word for word, _ in splitter.pre_tokenize_str(folded)]
            assert split_words(f"x{char}y", table) == words, f"U+{ord(char):04X}"


@pytest.mark.parametrize("ranges", [AFTER_UNICODE_9, ONLY_UNICODE_9, IDEOGRAPHS])
def test_ranges_are_sorted_and_apart(ranges):
    edges = [int(edge, 16) for span in ranges.split() for edge in span.split("-")]
    assert edges[0::2] == sorted(set(edges[0::2]))
    assert all(a <= b for a, b in zip(edges[0::2], edges[1::2], strict=True))
    assert all(b < a for b, a in zip(edges[1::2], edges[2::2], strict=False))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", ["hello", ",", "world", "!"]),
        ("Müller's $5.00", ["muller", "'", "s", "$", "5", ".", "00"]),
        ("你好世界", ["你", "好", "世", "界"]),
        ("ひらがな 한글", ["ひらかな", "한글"]),  # kana and Hangul stay together
        ("a\u200bb\u00adc", ["abc"]),  # zero width space and soft hyphen vanish
        ("a\u2028b\u3000c\u00a0d", ["a", "b", "c", "d"]),
        ("a\x1cb\x85c\x0bd", ["abcd"]),  # str.split would part these
        ("İstanbul Ǆ", ["istanbul", "ǆ"]),
        ("≠ ;", ["=", ";"]),  # U+037E decomposes to a semicolon
        ("😀👍🏽!", ["😀👍🏽", "!"]),
        ("\ud83d\ude00x\udfff", ["x"]),  # lone surrogates, even side by side
        ("", []),
        (" \t\n", []),
        ("\u0301", []),
    ],
)
def test_uncased_words(text, words):
    words = [unicodedata.normalize("NFD", word) for word in words]
    assert split_words(text, CharacterTable()) == words


def test_cased_keeps_case_and_accents():
    words = split_words("Été à Noël, ΟΔΟΣ", CharacterTable(False))
    assert words == ["Été", "à", "Noël", ",", "ΟΔΟΣ"]


def test_sources_point_at_the_characters_that_survived():
    text = "\u200bA\u0301\u0302b 한! 中\ud800x"
    words = split_words_with_sources(text, CharacterTable())
    assert words[0] == ("ab", [1, 4])
    assert words[1].sources == [6, 6, 6]  # three jamo of one syllable
    assert [word.sources for word in words[2:]] == [[7], [9], [11]]
    assert [word.text for word in words] == split_words(text, CharacterTable())


def test_kept_marks_are_reordered():
    # Two vowel signs that are not stripped, in the wrong order; U+0323 is stripped.
    text = "x\u302e\u0323\u1b44y"
    published = BertNormalizer().normalize_str(text)
    assert published == "x\u1b44\u302ey"
    assert split_words(text, CharacterTable()) == [published]
    assert split_words_with_sources(text, CharacterTable())[0].text == published


def test_table_remembers_what_fold_finds():
    table = CharacterTable()
    assert not table
    for char in "aÉ中!\n\u200b한":
        assert table[ord(char)] == "".join(part for part, _ in fold(char))
    assert len(table) == 7


def test_chunks_split_at_spaces_only():
    assert split_chunks("\x1c a\x1cb  c\u2028d\u0085e\ud800 ") == [
        "a\x1cb",
        "c",
        "d\u0085e\ud800",
    ]
    assert all(is_space(char) and not is_dropped(char) for char in SPACES)


def test_predicates_by_hand():
    assert is_ideograph("中") and not is_ideograph("か") and not is_ideograph("한")
    assert is_punctuation("$") and is_punctuation("。") and not is_punctuation("€")
    assert is_dropped("\ufffd") and is_dropped("\x00") and is_dropped("\udc80")
    assert not is_dropped("\n")
    assert category("\u08d4") == "Lo"  # newer than Unicode 8
    assert decompose("\U00011938") == "\U00011938"  # newer than Unicode 9
