"""The mini-world: true, deterministic, without leaks, and fit to be asked."""

import hashlib
import random
import re
from collections import Counter

import pytest

from bert_tutorial.world import FULL, QUICK, Fact, Mix, World
from bert_tutorial.world.facts import REVERSIBLE, all_facts
from bert_tutorial.world.ledger import Probe
from bert_tutorial.world.people import CHARACTERS, RESIDENTS, tell
from bert_tutorial.world.reviews import NEGATIVE, POSITIVE, review
from bert_tutorial.world.tasks import TAGS, change_answer, questions, sentiment
from bert_tutorial.world.wordings import CLOSINGS, OPENINGS, WORDINGS, ask, render

SMALL = Mix(sentences=4_000, documents=800)


def words(text: str) -> list[str]:
    """Split into lower-case words and marks."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


def bare(text: str) -> str:
    """Take openings and endings off a sentence."""
    text = text.lower()
    for opening in (o.lower() for group in OPENINGS for o in group):
        text = text.removeprefix(opening)
    for closing in CLOSINGS:
        text = text.replace(closing.lower() + ".", ".")
    return text


def test_every_fact_has_one_object_and_one_word():
    facts = all_facts()
    assert len(facts) == 203
    assert len({(f.relation, f.subject) for f in facts}) == len(facts)
    assert all(name.isalpha() for f in facts for name in (f.subject, f.object))
    for relation in REVERSIBLE:
        objects = [f.object for f in facts if f.relation == relation]
        assert len(set(objects)) == len(objects)


def test_ten_different_wordings_a_relation():
    for relation, wordings in WORDINGS.items():
        assert len(set(wordings)) == 10, relation
        assert all("{x}" in w and "{y}" in w for w in wordings), relation


def test_wordings_read_as_english():
    assert render("A {x} is a {y}.", "owl", "insect") == "An owl is an insect."
    assert ask("A {x} is a {y}.", "dog", "insect") == "A dog is an [MASK]."
    assert ask("{y} is the capital of {x}.", "Peru", "Lima", hide="x") == (
        "Lima is the capital of [MASK]."
    )


@pytest.mark.parametrize("mix", [SMALL, FULL], ids=["quick", "full"])
def test_no_held_out_pair_is_anywhere_in_the_corpus(mix):
    world = World(1, mix)
    corpus = world.corpus()
    stated = {bare(s) for s in corpus.sentences}
    stated |= {bare(s) for d in corpus.documents for s in d}
    held = {
        bare(render(WORDINGS[f.relation][w], f.subject, f.object))
        for f, w in world.ledger.held_out
    }
    assert not held & stated
    for fact in world.ledger.unstated:
        ways = WORDINGS[fact.relation]
        assert not {bare(render(w, fact.subject, fact.object)) for w in ways} & stated
    assert "the capital of france is paris." in held
    assert "france has its capital in paris." in held


def test_the_leak_test_can_fail():
    world = World(1, SMALL)
    world.ledger.held_out = frozenset()
    stated = {bare(s) for s in world.corpus().sentences}
    assert "the capital of france is paris." in stated


def test_every_word_of_every_probe_occurs():
    world = World(2, QUICK)
    corpus = world.corpus()
    seen = {w for s in corpus.sentences for w in words(s)}
    for probe in world.probes():
        asked = set(words(probe.text.replace("[MASK]", probe.answer)))
        assert asked <= seen, probe
        assert probe.text.count("[MASK]") == 1


def test_every_answer_is_one_word_and_unique():
    answers: dict[str, set[str]] = {}
    for probe in World(0).probes():
        answers.setdefault(probe.text, set()).add(probe.answer)
    assert all(len(found) == 1 for found in answers.values())


def test_two_hop_facts_follow_and_are_not_stated():
    world = World(3, FULL)
    capital_of = {f.object: f.subject for f in all_facts() if f.relation == "capital"}
    lives = {f.subject: f.object for f in world.facts if f.relation == "residence"}
    citizen = {f.subject: f.object for f in world.facts if f.relation == "citizenship"}
    assert {name: capital_of[city] for name, city in lives.items()} == citizen
    assert len(world.ledger.unstated) == 16
    assert not set(RESIDENTS) & set(CHARACTERS)
    assert {p.status for p in world.probes()} == {"stated", "rephrased", "inferable"}


def test_the_ledger_counts_what_the_corpus_says():
    world = World(4, SMALL)
    corpus = world.corpus()
    lines = Counter(bare(s) for s in corpus.sentences)
    lines.update(bare(s) for d in corpus.documents for s in d)
    # "A wolf howls." is said in the words of one fact only: an exact count
    for (fact, wording), count in world.ledger.stated.items():
        text = bare(render(WORDINGS[fact.relation][wording], fact.subject, fact.object))
        assert lines[text] >= 1
        if fact.relation == "capital":
            assert lines[text] == count, text


def test_held_out_share():
    world = World(5)
    held = Counter(fact for fact, _ in world.ledger.held_out)
    assert set(held.values()) == {2, 3}
    assert set(held) == set(world.facts)


def digest(world: World) -> str:
    """Hash all texts of a world."""
    corpus = world.corpus()
    text = "\n".join([*corpus.sentences, *(s for d in corpus.documents for s in d)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_deterministic_across_machines_and_python_versions():
    assert digest(World(0, SMALL)) == "7c22d0f99370590d"
    world = World(0, SMALL)
    assert digest(world) == digest(world)
    assert digest(World(1, SMALL)) != digest(World(0, SMALL))


def test_sentiment_words_of_the_test_are_not_among_the_labels():
    everything = {*POSITIVE, *NEGATIVE}
    train = {w for s in sentiment(300, 0, "train") for w in words(s.text)} & everything
    test = {w for s in sentiment(300, 0, "test") for w in words(s.text)} & everything
    assert len(train) == 20 and not train & test
    labels = [s.label for s in sentiment(2_000, 0, "test")]
    assert 0.45 < sum(labels) / len(labels) < 0.55


def test_reviews_agree_with_their_adjective():
    rng = random.Random(0)
    for _ in range(200):
        item = review(rng, negation_rate=0.5)
        assert item.is_positive == ((item.adjective in POSITIVE) != item.is_negated)
        assert item.is_negated == (" not " in item.sentences[0])


def test_tags_fit_the_words_and_test_entities_are_new():
    world = World(0)
    train, test = world.tagging(300, 0, "train"), world.tagging(300, 0, "test")

    def entities(items):
        return {
            w for i in items for w, t in zip(i.words, i.tags, strict=True) if t != "O"
        }

    assert not entities(train) & entities(test)
    assert {t for i in train + test for t in i.tags} == set(TAGS)
    france = [
        t
        for i in train + test
        for w, t in zip(i.words, i.tags, strict=True)
        if w == "France"
    ]
    assert set(france) == {"COUNTRY"}


@pytest.mark.parametrize("people", [1, 2])
def test_answers_stand_where_they_are_said_to(people):
    for part in ("train", "test"):
        for q in questions(200, 0, part, people):
            end = q.answer_start + len(q.answer)
            assert q.context[q.answer_start : end] == q.answer
            assert q.context.count(f" {q.answer}") >= 1
    train = {q.answer for q in questions(400, 0, "train")}
    assert not train & {q.answer for q in questions(400, 0, "test")}


def test_the_ways_to_tell_are_new_in_the_test():
    def beside(part):
        return {
            tuple(words(q.context[: q.answer_start])[-2:])
            for q in questions(400, 0, part)
            if q.answer_start > 12
        }

    train, test = beside("train"), beside("test")
    shared = train & test  # "on a", "the"-like openings may recur
    assert len(shared) <= 0.2 * len(test)


def test_a_changed_passage_has_another_answer_in_the_same_place():
    for item in questions(100, 0, "test"):
        other = change_answer(item, 0)
        assert other.answer != item.answer and other.question == item.question
        stop = other.answer_start + len(other.answer)
        assert other.context[other.answer_start : stop] == other.answer
        assert item.answer not in other.context.split()


def test_with_one_person_no_two_properties_are_of_one_kind():
    story = tell(random.Random(0), people=1, length=6)
    assert len(story.sentences) == 6
    two = tell(random.Random(0), people=2, length=3)
    assert len(two.sentences) == 4  # the asked property is told of both


def test_summaries_mark_the_sentences_that_state_facts():
    for item in World(0).summaries(50, 0, "test"):
        assert sum(item.labels) == len(item.facts)
        for text, label in zip(item.sentences, item.labels, strict=True):
            said = [f for f in item.facts if render_in(f, text)]
            assert bool(said) == bool(label)


def render_in(fact: Fact, text: str) -> bool:
    """Say whether a sentence states a fact in one of its wordings."""
    return text in {
        render(w, fact.subject, fact.object) for w in WORDINGS[fact.relation]
    }


def test_probe_is_plain_data():
    probe = World(0).probes()[0]
    assert isinstance(probe, Probe) and probe.fact.relation == "capital"
