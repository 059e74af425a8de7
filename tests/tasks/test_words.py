"""Words of other scripts: whole in tagging and in ROUGE, in either normal form."""

import unicodedata

import pytest
import regex

from bert_tutorial.tasks.summaries.rouge import rouge, rouge_n, rouge_words
from bert_tutorial.tasks.words import text_words, words_and_marks

TEXTS = {
    "Hindi": "हिन्दी में लिखी किताब, और क़लम।",
    "Thai": "ฉันชื่อจอห์น ที่นี่",
    "Arabic": "العَرَبِيَّة لُغَةٌ",
    "Hebrew": "שָׁלוֹם עוֹלָם!",
    "Tamil": "தமிழ் மொழி",
    "Persian": "می\u200cخواهم بروم",
    "Vietnamese": "Tiếng Việt rất đẹp.",
    "Polish": "zażółć gęślą jaźń",
}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("name", TEXTS)
def test_words_are_those_of_unicode(name, form):
    text = unicodedata.normalize(form, TEXTS[name])
    # WB4: a word goes on over marks (Extend) and format characters
    by_rule = regex.findall(r"[\p{L}\p{N}][\p{L}\p{N}\p{M}\p{Cf}]*", text)
    assert [w for w in words_and_marks(text) if w[0].isalnum()] == by_rule
    assert text_words(text) == [unicodedata.normalize("NFC", w) for w in by_rule]
    assert "".join(words_and_marks(text)) == "".join(text.split())


@pytest.mark.parametrize("name", TEXTS)
def test_rouge_is_the_same_in_both_forms_and_tells_words_apart(name):
    nfc, nfd = (unicodedata.normalize(f, TEXTS[name]) for f in ("NFC", "NFD"))
    assert {score.f1 for score in rouge(nfc, nfd).values()} <= {1.0}
    first, second = rouge_words(nfc)[:2]
    assert rouge_n(first, second, 1).f1 == 0.0
    assert rouge_n(f"{first} {second}", first, 1).recall == 1.0


def test_words_that_differ_by_a_vowel_sign_are_two():
    assert rouge_n("किताब", "किताबें", 1).f1 == 0.0
    assert rouge_n("की", "का", 1).f1 == 0.0
    assert rouge_n("บ้าน", "บาน", 1).f1 == 0.0


def test_every_ascii_text_is_cut_as_before():
    text = "".join(map(chr, range(32, 127))) + " it's a_b 3.14 U.S."
    assert text_words(text) == regex.findall(r"[a-zA-Z0-9]+", text)
