"""The corpus of a mini-world: single sentences and short documents.

A `Mix` says how much of what; `write` draws sentences and documents and enters
every stated fact in the ledger.

Chapter: 12
Used from: 1
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from bert_tutorial.world.facts import Fact
from bert_tutorial.world.ledger import Ledger
from bert_tutorial.world.people import tell
from bert_tutorial.world.reviews import joined, review
from bert_tutorial.world.wordings import WORDINGS, decorate, render

__all__ = ["FULL", "QUICK", "Corpus", "Mix", "write"]


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How a corpus is put together; shares add up to 1 within each of the two kinds.

    `residents` says whether the fixed homes of people (two-hop questions) are
    among the facts; `two_people` is the share of stories about two people.
    """

    sentences: int = 50_000
    documents: int = 8_000
    fact_sentences: float = 0.75
    review_sentences: float = 0.15
    fact_documents: float = 0.4
    review_documents: float = 0.25
    negation: float = 0.2
    two_people: float = 0.0
    residents: bool = False


QUICK = Mix()  # two minutes: facts first
FULL = Mix(  # the shipped weights: facts, opinions, stories and people
    sentences=60_000,
    documents=40_000,
    fact_sentences=0.7,
    review_sentences=0.25,
    fact_documents=0.2,
    review_documents=0.35,
    negation=0.3,
    two_people=0.2,
    residents=True,
)


class Corpus(NamedTuple):
    """Text: `sentences` stand alone, `documents` are lists of sentences."""

    sentences: list[str]
    documents: list[list[str]]


def state(fact: Fact, ledger: Ledger, rng: random.Random, bare: bool = False) -> str:
    """Say a fact in one of its free wordings, and note that in the ledger."""
    wording = rng.choice(ledger.allowed(fact))
    ledger.stated[fact, wording] += 1
    text = WORDINGS[fact.relation][wording]
    return render(text if bare else decorate(text, rng), fact.subject, fact.object)


def sentence(mix: Mix, facts: list[Fact], ledger: Ledger, rng: random.Random) -> str:
    """Draw one single sentence."""
    kind = rng.random()
    if kind < mix.fact_sentences:
        return state(rng.choice(facts), ledger, rng)
    if kind < mix.fact_sentences + mix.review_sentences:
        return joined(rng, negation_rate=mix.negation)
    return rng.choice(tell(rng, length=1).sentences)


def story_document(mix: Mix, rng: random.Random) -> list[str]:
    """Tell a story; the question stands first or last, the answer after the story."""
    people = 2 if rng.random() < mix.two_people else 1
    story = tell(rng, people=people, length=rng.choice((2, 3, 4)))
    question_first = rng.random() < 0.5
    start = [story.question] if question_first else []
    end = [story.restated] if question_first else [story.question, story.restated]
    return [*start, *story.sentences, *end]


def document(
    mix: Mix, subjects: list[list[Fact]], ledger: Ledger, rng: random.Random
) -> list[str]:
    """Draw one document: facts of one subject, a review or a story."""
    kind = rng.random()
    if kind < mix.fact_documents:
        facts = list(rng.choice(subjects))
        rng.shuffle(facts)
        if len(facts) < 3:
            facts += facts  # said twice, in wordings drawn anew
        return [state(fact, ledger, rng) for fact in facts]
    if kind < mix.fact_documents + mix.review_documents:
        number = rng.choice((2, 3))
        return list(review(rng, negation_rate=mix.negation, reactions=number).sentences)
    return story_document(mix, rng)


def write(mix: Mix, ledger: Ledger, rng: random.Random) -> Corpus:
    """Write a corpus and enter what it states in the ledger."""
    facts = [fact for fact in ledger.facts if ledger.allowed(fact)]
    if not mix.residents:
        facts = [f for f in facts if f.relation not in ("residence", "citizenship")]
    by_subject: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_subject[fact.subject].append(fact)
    subjects = list(by_subject.values())
    sentences = [sentence(mix, facts, ledger, rng) for _ in range(mix.sentences)]
    documents = [document(mix, subjects, ledger, rng) for _ in range(mix.documents)]
    return Corpus(sentences, documents)
