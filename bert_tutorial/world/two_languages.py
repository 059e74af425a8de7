"""One world told in two languages: who states what, and what only the first one states.

The texts of the two languages are drawn apart: no sentence of one is made from a
sentence of the other. Some facts, `only_first`, are never stated in the second
language, in no wording; all their words occur there with other facts. To answer such
a question in the second language, a model must carry a fact across.

Chapter: 21
"""

import random
from collections import defaultdict
from collections.abc import Container
from typing import NamedTuple

from bert_tutorial.world.facts import Fact, all_facts
from bert_tutorial.world.ledger import Probe, hold_out
from bert_tutorial.world.rendering import ask, render, words
from bert_tutorial.world.second_wordings import SECOND_OPENINGS, SECOND_WORDINGS
from bert_tutorial.world.second_words import Lexicon
from bert_tutorial.world.wordings import WORDINGS, decorate

__all__ = ["Language", "TwoLanguages"]

SUBJECTS = words(
    """
    France Germany Spain Greece Portugal Austria Sweden Japan Mongolia China Egypt
    Kenya Senegal Morocco Angola Ghana Peru Canada Cuba Brazil
    dog cat cow lion wolf hen duck owl bee cricket frog snake
    """
)
SHARED_OBJECTS = ("continent", "language", "class")
QUESTION = "[MASK]"
LETTERS = ".,?"


class Language(NamedTuple):
    """Choices of the second language.

    `shared`: share of the names (countries, animals and what is said of them) that are
    written as in English; the others have a word of their own. `order`: "own" (verb
    last) or "english" (English sentences word for word).
    """

    shared: float = 0.0
    order: str = "own"


OWN = Language()


class TwoLanguages:
    """A small world and its texts in English and in the second language.

    Args:
        seed: decides which facts and wordings are held out, and all texts.
        language: choices of the second language.
    """

    def __init__(self, seed: int = 0, language: Language = OWN) -> None:
        """Draw what is held out."""
        self.seed, self.language = seed, language
        self.facts = tuple(
            fact
            for fact in all_facts()
            if fact.subject in SUBJECTS and fact.relation in SECOND_WORDINGS
        )
        rng = random.Random(f"two languages {seed}")
        self.only_first = _draw_only_first(self.facts, rng)
        self.held_first = hold_out(self.facts, rng, set())
        self.held_second = {
            (fact, wording)
            for fact in self.facts
            for wording in rng.sample(range(len(self.wordings(fact))), 2)
        }
        self.lexicon = Lexicon(self._english_words())
        names = random.Random(f"shared {seed}").sample(self.names(), len(self.names()))
        self.shared_names = frozenset(names[: round(language.shared * len(names))])

    def wordings(self, fact: Fact) -> tuple[str, ...]:
        """Give the second language's wordings of a fact, in English words."""
        own = self.language.order == "own"
        return (SECOND_WORDINGS if own else WORDINGS)[fact.relation]

    def _english_words(self) -> set[str]:
        """Collect every word that the second language needs."""
        needed = set(self.names()) | _plain_words(" ".join(SECOND_OPENINGS))
        for fact in self.facts:
            needed |= _plain_words(" ".join(self.wordings(fact)))
        return needed

    def names(self) -> tuple[str, ...]:
        """List the words that facts are made of, each once, in English."""
        return tuple(dict.fromkeys(name for fact in self.facts for name in fact[1:]))

    def second_name(self, name: str) -> str:
        """Give a name as the second language writes it."""
        return name if name in self.shared_names else self.lexicon[name]

    def first_text(self, sentences: int) -> list[str]:
        """Write English sentences, each a fact in one of its free wordings."""
        rng = random.Random(f"first {self.seed}")
        ways = {
            f: _free(f, len(WORDINGS[f.relation]), self.held_first) for f in self.facts
        }
        texts = []
        for fact in rng.choices(self.facts, k=sentences):
            wording = WORDINGS[fact.relation][rng.choice(ways[fact])]
            texts.append(render(decorate(wording, rng), fact.subject, fact.object))
        return texts

    def second_text(self, sentences: int) -> list[str]:
        """Write sentences of the second language, without the facts of the first only.

        Fewer sentences are the beginning of more.
        """
        rng = random.Random(f"second {self.seed}")
        facts = [fact for fact in self.facts if fact not in self.only_first]
        ways = {f: _free(f, len(self.wordings(f)), self.held_second) for f in facts}
        texts = []
        for _ in range(sentences):
            fact = rng.choice(facts)
            text = self.say(fact, rng.choice(ways[fact]))
            if rng.random() < 0.4:
                text = f"{self._translate(rng.choice(SECOND_OPENINGS))} {text}"
            texts.append(text)
        return texts

    def say(self, fact: Fact, wording: int, hide: bool = False) -> str:
        """State a fact in the second language, or ask for its object."""
        text = self._translate(self.wordings(fact)[wording])
        answer = QUESTION if hide else self.second_name(fact.object)
        return text.format(x=self.second_name(fact.subject), y=answer)

    def _translate(self, wording: str) -> str:
        """Put the second language's word for each English word; names stay open."""
        text = wording
        for mark in LETTERS:
            text = text.replace(mark, f" {mark} ")
        return " ".join(
            word if word in LETTERS or "{" in word else self.lexicon[word.lower()]
            for word in text.split()
        )

    def first_probes(self) -> list[Probe]:
        """Ask in English for facts in wordings that were held out."""
        return [
            Probe(
                ask(WORDINGS[fact.relation][wording], fact.subject, fact.object),
                fact.object,
                fact,
                wording,
                "rephrased",
            )
            for fact, wording in sorted(self.held_first)
        ]

    def second_probes(self) -> list[Probe]:
        """Ask in the second language for its own facts, in held-out wordings."""
        return [
            self._second_probe(fact, wording, "rephrased")
            for fact, wording in sorted(self.held_second)
            if fact not in self.only_first
        ]

    def crossing_probes(self) -> list[Probe]:
        """Ask in the second language, in all wordings, for what only English states."""
        return [
            self._second_probe(fact, wording, "crossing")
            for fact in sorted(self.only_first)
            for wording in range(len(self.wordings(fact)))
        ]

    def _second_probe(self, fact: Fact, wording: int, status: str) -> Probe:
        text = self.say(fact, wording, hide=True)
        return Probe(text, self.second_name(fact.object), fact, wording, status)


def _plain_words(text: str) -> set[str]:
    """Collect the words of wordings, without marks and names."""
    for mark in LETTERS:
        text = text.replace(mark, " ")
    return {word.lower() for word in text.split() if "{" not in word}


def _free(fact: Fact, count: int, held: Container[tuple[Fact, int]]) -> list[int]:
    """List the wordings of a fact that are not held out."""
    return [wording for wording in range(count) if (fact, wording) not in held]


def _draw_only_first(facts: tuple[Fact, ...], rng: random.Random) -> frozenset[Fact]:
    """Choose facts for the first language only: one or two of each shared object.

    No two have the same subject, and another subject keeps each object: all their
    words occur in the second language.
    """
    groups: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.relation in SHARED_OBJECTS:
            groups[fact.relation, fact.object].append(fact)
    chosen: list[Fact] = []
    for group in sorted(groups.values(), key=len):  # small ones have least choice
        wanted = 2 if len(group) >= 6 else 1
        taken = {fact.subject for fact in chosen}
        free = [fact for fact in group if fact.subject not in taken]
        if len(group) > 1:
            chosen += rng.sample(free, min(wanted, len(free)))
    return frozenset(chosen)
