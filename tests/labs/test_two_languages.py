"""The second language and what is measured on it: whole, without leaks, as said."""

import hashlib
import itertools
import re
import unicodedata
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertTokenizer as TheirTokenizer

from bert_tutorial.labs.languages import (
    LanguageData,
    LanguageRecipe,
    continue_on,
    declaration,
    fertility,
    is_unspaced,
    majority,
    merged_words,
    one_form,
    sampling_weights,
    shares,
)
from bert_tutorial.tokenization.learn_vocabulary import train_vocabulary
from bert_tutorial.tokenization.normalizer import CharacterTable, split_words
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world.knowledge import majority_recall
from bert_tutorial.world.second_wordings import SECOND_OPENINGS, SECOND_WORDINGS
from bert_tutorial.world.second_words import MINIMAL_PAIRS, Lexicon
from bert_tutorial.world.two_languages import Language, TwoLanguages

KINDS = [Language(), Language(shared=0.5), Language(1.0), Language(order="english")]
each_kind = pytest.mark.parametrize("language", KINDS, ids=str)


def bare(word: str) -> str:
    """Take the marks off with Unicode's own tables."""
    letters = unicodedata.normalize("NFD", word)
    return "".join(c for c in letters if not unicodedata.combining(c))


def test_no_two_words_are_alike_and_only_the_pairs_without_marks():
    lexicon = TwoLanguages(0).lexicon
    assert len(set(lexicon.values())) == len(lexicon) > 150
    groups = Counter(map(bare, lexicon.values()))
    assert sorted(groups.values())[-len(MINIMAL_PAIRS) :] == [2] * len(MINIMAL_PAIRS)
    assert len(groups) == len(lexicon) - len(MINIMAL_PAIRS)
    for first, second in MINIMAL_PAIRS:
        assert lexicon[first] != lexicon[second]
        assert bare(lexicon[first]) == bare(lexicon[second])


def test_words_are_greek_letters_with_marks_in_the_composed_form():
    for word in TwoLanguages(0).lexicon.values():
        assert unicodedata.is_normalized("NFC", word) and word == word.lower()
        assert all(unicodedata.name(c).startswith("GREEK SMALL") for c in word), word
        assert len(unicodedata.normalize("NFD", word)) > len(word), "every word has one"
        assert len(word) == len(bare(word))  # each letter is one character


def test_a_word_does_not_depend_on_its_neighbours():
    whole = TwoLanguages(0).lexicon
    few = Lexicon(["France", "Senegal", "mouse", "is"])
    assert few["Senegal"] == whole["Senegal"] and few["is"] == whole["is"]
    assert "mouse" not in whole


def test_the_wordings_differ_and_hold_both_names():
    assert all(len(set(ways)) == 8 for ways in SECOND_WORDINGS.values())
    for way in itertools.chain.from_iterable(SECOND_WORDINGS.values()):
        assert "{x}" in way and way.count("{y}") == 1, way
    assert len(set(SECOND_OPENINGS)) == len(SECOND_OPENINGS)


@each_kind
def test_what_only_english_states_is_nowhere_in_the_second_language(language):
    world = TwoLanguages(1, language)
    stated = plain_sentences(world)
    crossing = {say for fact in world.only_first for say in ways_to_say(world, fact)}
    assert len(crossing) >= 120 and not crossing & stated
    held = {world.say(fact, wording) for fact, wording in world.held_second}
    assert len(held) > 150 and not held & stated


def plain_sentences(world):
    """Give what the second text says, without its openings."""
    openings = [world._translate(opening) + " " for opening in SECOND_OPENINGS]
    found = set()
    for line in world.second_text(20_000):
        start = next((o for o in openings if line.startswith(o)), "")
        found.add(line.removeprefix(start))
    return found


def ways_to_say(world, fact):
    return [world.say(fact, wording) for wording in range(len(world.wordings(fact)))]


def test_the_leak_test_can_fail():
    world = TwoLanguages(1)
    fact = min(world.only_first)
    world.only_first = frozenset()
    assert plain_sentences(world) & set(ways_to_say(world, fact))


def test_english_states_what_the_second_language_does_not():
    world = TwoLanguages(1)
    text = set(world.first_text(20_000))
    for fact in world.only_first:
        both = [s for s in text if fact.subject in s and fact.object in s]
        assert both, fact
    assert not text & {p.text.replace("[MASK]", p.answer) for p in world.first_probes()}


@each_kind
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_word_of_a_question_was_read_in_its_language(language, seed):
    world = TwoLanguages(seed, language)
    seen = set(" ".join(world.second_text(20_000)).split())
    for probe in [*world.second_probes(), *world.crossing_probes()]:
        asked = probe.text.replace("[MASK]", probe.answer)
        assert set(asked.split()) <= seen, probe
        assert probe.text.count("[MASK]") == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_crossing_fact_has_no_majority_that_gives_it_away(seed):
    world = TwoLanguages(seed)
    assert len(world.only_first) == 15 and len(world.crossing_probes()) == 120
    assert len({fact.subject for fact in world.only_first}) == 15
    assert majority_recall(world.crossing_probes()).share < 0.3
    kept = set(world.facts) - world.only_first
    for fact in world.only_first:
        assert any(f[::2] == fact[::2] for f in kept), "its object stands elsewhere"
        assert any(f.subject == fact.subject for f in kept)


def test_the_scripts_have_nothing_in_common_but_punctuation():
    world = TwoLanguages(0)
    letters = [set("".join(t).lower()) for t in (world.first_text(5_000),)]
    letters.append(set("".join(world.second_text(5_000))))
    assert letters[0] & letters[1] == set(" .,?")
    shared = TwoLanguages(0, Language(shared=1.0))
    assert "France" in " ".join(shared.second_text(500)).split()
    half = TwoLanguages(0, Language(shared=0.5))
    assert half.shared_names < shared.shared_names == set(shared.names())


def test_texts_are_the_same_everywhere():
    world = TwoLanguages(0)
    text = "\n".join([*world.first_text(2_000), *world.second_text(2_000)])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "5d69513d3370835f"
    assert world.second_text(50) == world.second_text(2_000)[:50]
    assert TwoLanguages(1).second_text(50) != world.second_text(50)


@pytest.mark.parametrize("exponent", [0.0, 0.3, 0.7, 1.0])
def test_sampling_weights_are_smoothed_shares(exponent):
    counts = np.array([10_000.0, 700.0, 3.0])
    expected = counts**exponent / (counts**exponent).sum()
    np.testing.assert_allclose(sampling_weights(counts.tolist(), exponent), expected)
    assert sum(sampling_weights([5, 5, 1], exponent)) == pytest.approx(1)


def test_a_thousand_to_one_becomes_126_to_one():
    large, small = sampling_weights([1_000, 1])
    assert large / small == pytest.approx(1000**0.7) and round(large / small) == 126


@pytest.mark.parametrize(("counts", "exponent"), [([], 0.7), ([1, 0], 0.7), ([1], 2)])
def test_sampling_refuses(counts, exponent):
    with pytest.raises(ValueError, match="must"):
        sampling_weights(counts, exponent)


def test_one_form_is_nfc_in_lower_case_around_the_mask():
    text = "Ψοδόδϊ [MASK] ΈΧΕΙ"
    for form in ("NFC", "NFD", "NFKD"):
        assert one_form(unicodedata.normalize(form, text)) == "ψοδόδϊ [MASK] έχει"


def test_merged_words_are_those_without_their_marks():
    words = ["νόμος", "νομός", "Νόμος", unicodedata.normalize("NFD", "νόμος"), "pêche"]
    assert merged_words([*words, "péché", "peche", "dog"]) == [
        ["peche", "péché", "pêche"],
        ["νομός", "νόμος"],
    ]
    found = merged_words(TwoLanguages(0).lexicon.values())
    lexicon = TwoLanguages(0).lexicon
    assert found == sorted(sorted([lexicon[a], lexicon[b]]) for a, b in MINIMAL_PAIRS)


def test_fertility_is_that_of_the_transformers_tokenizer(tmp_path):
    world = TwoLanguages(0)
    english, second = world.first_text(300), world.second_text(300)
    vocabulary = train_vocabulary(english, 300)
    tokenizer = BertTokenizer(vocabulary)
    tokenizer.save(tmp_path)
    theirs = TheirTokenizer(str(tmp_path / "vocab.txt"))
    for texts in (english, second):
        ours = fertility(texts, tokenizer)
        words = [w for t in texts for w in split_words(t, CharacterTable())]
        pieces = [p for t in texts for p in theirs.tokenize(t)]
        assert ours[0] == pytest.approx(len(pieces) / len(words))
        unknown = pieces.count("[UNK]") / len(words)
        assert ours[1] == pytest.approx(unknown)
    assert fertility(second, tokenizer)[1] > 0.7  # the rest is punctuation
    with pytest.raises(ValueError, match="at least one word"):
        fertility([" "], tokenizer)


def test_merged_words_says_nothing_about_case():
    assert merged_words(["Weg", "weg", "schön", "Schön"]) == []


def test_fertility_is_refused_where_there_are_no_words_to_count():
    article = declaration()
    tokenizer = BertTokenizer(train_vocabulary([article["English"]], 120))
    assert len(article) == 9 and next(iter(article)) == "English"
    unspaced = {name for name, text in article.items() if is_unspaced(text)}
    assert unspaced == {"Thai", "Chinese", "Japanese"}
    for name, text in article.items():
        if name in unspaced:
            with pytest.raises(ValueError, match="spaces between words"):
                fertility([text], tokenizer)
        else:
            assert fertility([text], tokenizer)[0] >= 1


@pytest.fixture(scope="module")
def data():
    return LanguageData(TwoLanguages(0), sentences=3_000)


@pytest.fixture
def recipe():
    return LanguageRecipe(
        first=400, second=100, steps=4, tokens_per_batch=256, hidden_size=16
    )


def test_too_few_sentences_for_all_names_are_refused():
    with pytest.raises(ValueError, match="every name"):
        LanguageData(TwoLanguages(0), sentences=50)


def test_every_answer_is_one_piece_of_the_joint_vocabulary(data):
    for probes in data.questions.values():
        assert all(len(data.tokenizer.tokenize(p.answer)) == 1 for p in probes)
        assert not any("[UNK]" in data.tokenizer.tokenize(p.text) for p in probes)


def test_batches_hold_one_language_and_come_as_often_as_their_weight(data, recipe):
    greek = torch.tensor(
        [bool(re.search("[\u0370-\u03ff]", t)) for t in data.tokenizer.id_to_token]
    )
    batches = data.batches(recipe)
    second = 0
    for batch in itertools.islice(batches, 600):
        unmasked = batch["input_ids"][batch["labels"] == -100]
        second += bool(greek[unmasked].any())
        latin = ~greek[unmasked] & (unmasked >= 5)
        words = {data.tokenizer.id_to_token[i] for i in unmasked[latin].tolist()}
        if greek[unmasked].any():
            assert not any(w.isalpha() for w in words)
    weight = sampling_weights([400, 100])[1]
    spread = (weight * (1 - weight) / 600) ** 0.5
    assert abs(second / 600 - weight) < 5 * spread


def test_names_of_both_languages_are_hidden_more_often(data, recipe):
    rates = data.rates(recipe)
    lexicon = data.world.lexicon
    for word in ("france", lexicon["France"], "barks", lexicon["euro"]):
        assert rates[data.tokenizer.vocab[word]] == pytest.approx(0.4)
    assert rates[data.tokenizer.vocab[lexicon["is"]]] == pytest.approx(0.05)


def test_training_is_repeatable_and_goes_on_from_where_it_is(data, recipe):
    models = [data.new_model(recipe) for _ in range(2)]
    for model in models:
        continue_on(model, data, recipe)
    for one, other in zip(*(m.parameters() for m in models), strict=True):
        assert torch.equal(one, other)
    before = models[0].bert.embeddings.word_embeddings.weight.clone()
    continue_on(models[0], data, replace(recipe, first=0))
    after = models[0].bert.embeddings.word_embeddings.weight
    assert 0 < (after - before).abs().max() < 0.2


def test_shares_and_majority_are_of_the_same_questions(data, recipe):
    found = shares(data.new_model(recipe), data)
    most = majority(data)
    assert found.keys() == most.keys() == {"first", "second", "crossing"}
    assert all(0 <= share < 0.1 for share in found.values())
    assert 0.25 < most["crossing"] < 0.3 < most["second"] < 0.5


@pytest.mark.parametrize("wrong", [{"first": 0, "second": 0}, {"first": -1}])
def test_a_recipe_without_text_is_refused(wrong):
    with pytest.raises(ValueError, match="first and second"):
        LanguageRecipe(**wrong)


def test_more_text_than_there_is_is_refused(data, recipe):
    with pytest.raises(ValueError, match="at most 3000"):
        next(data.batches(replace(recipe, second=5_000)))
