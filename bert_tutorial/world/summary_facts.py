"""Which facts a text states, and which of them its source does not: exact counts.

The mini-world knows every way in which its facts are told, so a sentence can be read
back: it states a fact, true or false, or none.

Chapter: 17
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bert_tutorial.tasks.summaries.rouge import rouge_words
from bert_tutorial.world.facts import Fact
from bert_tutorial.world.wordings import WORDINGS, render

__all__ = ["FactCount", "FactReader", "count_facts"]


class FactReader:
    """Read facts off sentences.

    It knows each wording with every subject and every object of its relation, in
    any pairing: "The capital of France is Rome." is read as it stands.
    """

    def __init__(self, facts: Iterable[Fact]) -> None:
        """Write down all sentences that state something, right or wrong."""
        values: dict[str, tuple[set[str], set[str]]] = {}
        for fact in facts:
            subjects, objects = values.setdefault(fact.relation, (set(), set()))
            subjects.add(fact.subject)
            objects.add(fact.object)
        self._facts: dict[tuple[str, ...], Fact] = {}
        for relation, (subjects, objects) in values.items():
            for wording in WORDINGS[relation]:
                for x in subjects:
                    for y in objects:
                        words = rouge_words(render(wording, x, y))
                        self._facts[tuple(words)] = Fact(relation, x, y)

    def read(self, sentence: str) -> Fact | None:
        """Give the fact that a sentence states, or None."""
        return self._facts.get(tuple(rouge_words(sentence)))

    def read_all(self, sentences: Iterable[str]) -> list[Fact]:
        """Give the facts of several sentences, each once, in their order."""
        found = (self.read(sentence) for sentence in sentences)
        return list(dict.fromkeys(fact for fact in found if fact is not None))


class FactCount(NamedTuple):
    """What summaries state, summed up.

    `wanted` facts belong in the summaries, `found` of them are there. `stated` are
    all facts in them: `made_up` of these are not in the document, and `false` of
    those are not true in the world either.
    """

    wanted: int
    found: int
    stated: int
    made_up: int
    false: int

    @property
    def recall(self) -> float:
        """Share of the wanted facts that are there."""
        return self.found / max(1, self.wanted)

    @property
    def made_up_share(self) -> float:
        """Share of the stated facts that the document does not state."""
        return self.made_up / max(1, self.stated)


def count_facts(
    reader: FactReader,
    summaries: Sequence[Sequence[str]],
    documents: Sequence[Sequence[str]],
    wanted: Sequence[Iterable[Fact]],
    true: Iterable[Fact],
) -> FactCount:
    """Count the facts of summaries.

    Args:
        reader: reads the facts off sentences.
        summaries: sentences of each.
        documents: sentences of the document of each.
        wanted: the facts that belong in each.
        true: all facts of the world.
    """
    world = set(true)
    total = [0] * len(FactCount._fields)
    for summary, document, asked in zip(summaries, documents, wanted, strict=True):
        stated = set(reader.read_all(summary))
        made_up = stated - set(reader.read_all(document))
        goal = set(asked)
        counts = (goal, goal & stated, stated, made_up, made_up - world)
        total = [one + len(some) for one, some in zip(total, counts, strict=True)]
    return FactCount(*total)
