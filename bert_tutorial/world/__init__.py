"""The mini-world: a small truthful world as English text, with a ledger.

`World(seed)` draws everything else from the seed: which (fact, wording) pairs are
held out, who lives where, the corpus, the labelled sets. The facts themselves
are those of the real world and the same for every seed.

Chapter: 12
Used from: 1
"""

import random

from bert_tutorial.world import tasks
from bert_tutorial.world.corpus import FULL, QUICK, Corpus, Mix, write
from bert_tutorial.world.facts import RELATIONS, Fact, all_facts
from bert_tutorial.world.ledger import Ledger, Probe, hold_out
from bert_tutorial.world.people import PROPERTIES, RESIDENTS
from bert_tutorial.world.reviews import MOODS, NEGATIVE, POSITIVE, REACTIONS

__all__ = ["FULL", "QUICK", "RELATIONS", "Corpus", "Fact", "Mix", "Probe", "World"]

# Held out in every world: the book asks these two of every model.
FRANCE = Fact("capital", "France", "Paris")
ALWAYS_HELD_OUT = {(FRANCE, 0), (FRANCE, 3)}


class World:
    """One mini-world.

    Args:
        seed: decides held-out pairs, residents and all texts.
        mix: what the corpus is made of.
        facts: None for all of the tables; some of them make a smaller world.
    """

    def __init__(
        self, seed: int = 0, mix: Mix = QUICK, facts: tuple[Fact, ...] | None = None
    ) -> None:
        """Draw the residents and the held-out pairs; the corpus comes on request."""
        self.seed = seed
        self.mix = mix
        facts = all_facts() if facts is None else facts
        rng = random.Random(f"world {seed}")
        unstated: list[Fact] = []
        if mix.residents:
            people, unstated = self._settle(facts, rng)
            facts += people
        held_out = hold_out(facts, rng, ALWAYS_HELD_OUT)
        self.facts = facts
        self.ledger = Ledger(facts, held_out, frozenset(unstated))

    @staticmethod
    def _settle(
        facts: tuple[Fact, ...], rng: random.Random
    ) -> tuple[tuple[Fact, ...], list[Fact]]:
        """Give each resident a city; state the country of three in five of them."""
        capitals = [fact for fact in facts if fact.relation == "capital"]
        people: list[Fact] = []
        unstated: list[Fact] = []
        for index, name in enumerate(rng.sample(RESIDENTS, len(RESIDENTS))):
            country = capitals[index % len(capitals)]
            people.append(Fact("residence", name, country.object))
            people.append(Fact("citizenship", name, country.subject))
            if index % 5 >= 3:
                unstated.append(people[-1])
        return tuple(people), unstated

    def corpus(self) -> Corpus:
        """Write the corpus (the same at every call) and fill the ledger's counts."""
        self.ledger.stated.clear()
        return write(self.mix, self.ledger, random.Random(f"corpus {self.seed}"))

    def probes(self, status: str | None = None) -> list[Probe]:
        """List the questions with one [MASK]; `status` keeps one kind of them."""
        probes = self.ledger.probes()
        return [p for p in probes if status in (None, p.status)]

    def content_words(self) -> set[str]:
        """Collect the words that carry content: entities, values, opinions."""
        words = {name for fact in self.facts for name in (fact.subject, fact.object)}
        words.update(value for prop in PROPERTIES for value in prop.values)
        words.update(POSITIVE, NEGATIVE)
        words.update(word for pair in REACTIONS + MOODS for word in pair)
        return words

    def sentiment(
        self,
        number: int,
        seed: int = 0,
        part: str = "train",
        negation_rate: float = 0.3,
    ) -> list[tasks.Sentiment]:
        """Draw labelled reviews; see `tasks.sentiment`."""
        return tasks.sentiment(number, seed, part, negation_rate)

    def tagging(
        self, number: int, seed: int = 0, part: str = "train"
    ) -> list[tasks.Tagged]:
        """Draw sentences with tagged entities; see `tasks.tagging`."""
        return tasks.tagging(self.facts, number, seed, part)

    def questions(
        self, number: int, seed: int = 0, part: str = "train", people: int = 1
    ) -> list[tasks.Question]:
        """Draw passages with a question; see `tasks.questions`."""
        return tasks.questions(number, seed, part, people)

    def summaries(
        self, number: int, seed: int = 0, part: str = "train"
    ) -> list[tasks.Summary]:
        """Draw texts with the sentences of their summary; see `tasks.summaries`."""
        return tasks.summaries(self.facts, number, seed, part)
