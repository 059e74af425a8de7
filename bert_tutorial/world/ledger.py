"""The ledger: which fact is stated where and in which wording, and which is not.

A pair (fact, wording) is either free to occur in the corpus or held out. A
held-out pair never occurs, neither alone nor with an opening or an ending nor in
a document; its fact occurs in other wordings and its wording with other facts.

Chapter: 12
Used from: 1
"""

import random
from collections import Counter
from typing import NamedTuple

from bert_tutorial.world.facts import REVERSIBLE, Fact
from bert_tutorial.world.wordings import WORDINGS, ask

__all__ = ["Ledger", "Probe", "hold_out"]


class Probe(NamedTuple):
    """A sentence with one [MASK] and the only right answer.

    `status` says how the corpus treats it: "stated" (this fact in this wording),
    "rephrased" (the fact in other wordings only) or "inferable" (the fact nowhere,
    but it follows from others).
    """

    text: str
    answer: str
    fact: Fact
    wording: int
    status: str


def hold_out(
    facts: tuple[Fact, ...], rng: random.Random, forced: set[tuple[Fact, int]]
) -> frozenset[tuple[Fact, int]]:
    """Choose two or three of the ten wordings of each fact to be withheld."""
    held = set(forced)
    for fact in facts:
        taken = {wording for other, wording in forced if other == fact}
        free = [w for w in range(len(WORDINGS[fact.relation])) if w not in taken]
        wanted = max(0, rng.choice((2, 3)) - len(taken))
        held.update((fact, wording) for wording in rng.sample(free, wanted))
    return frozenset(held)


class Ledger:
    """Who knows what the corpus says: pairs held out, pairs stated and how often."""

    def __init__(
        self,
        facts: tuple[Fact, ...],
        held_out: frozenset[tuple[Fact, int]],
        unstated: frozenset[Fact] = frozenset(),
    ) -> None:
        """Open a ledger; `unstated` facts follow from others and are never said."""
        self.facts = facts
        self.held_out = held_out
        self.unstated = unstated
        self.stated: Counter[tuple[Fact, int]] = Counter()

    def allowed(self, fact: Fact) -> list[int]:
        """List the wordings in which a fact may be stated."""
        if fact in self.unstated:
            return []
        wordings = range(len(WORDINGS[fact.relation]))
        return [w for w in wordings if (fact, w) not in self.held_out]

    def status(self, fact: Fact, wording: int) -> str:
        """Say how the corpus treats a pair: stated, rephrased or inferable."""
        if fact in self.unstated:
            return "inferable"
        return "rephrased" if (fact, wording) in self.held_out else "stated"

    def probes(self) -> list[Probe]:
        """Ask for every fact in every wording, and backwards where that is fair."""
        result = []
        for fact in self.facts:
            for index, wording in enumerate(WORDINGS[fact.relation]):
                status = self.status(fact, index)
                text = ask(wording, fact.subject, fact.object)
                result.append(Probe(text, fact.object, fact, index, status))
                if fact.relation in REVERSIBLE:
                    text = ask(wording, fact.subject, fact.object, hide="x")
                    result.append(Probe(text, fact.subject, fact, index, status))
        return result
