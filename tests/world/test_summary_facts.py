"""Facts are read back as they were written, right or wrong; counts by hand."""

from bert_tutorial.world import World
from bert_tutorial.world.facts import Fact
from bert_tutorial.world.summary_facts import FactCount, FactReader, count_facts
from bert_tutorial.world.wordings import WORDINGS, render

WORLD = World(1)
READER = FactReader(WORLD.facts)


def test_every_wording_of_every_fact_is_read_back():
    for fact in WORLD.facts:
        for wording in WORDINGS[fact.relation]:
            assert READER.read(render(wording, fact.subject, fact.object)) == fact


def test_no_sentence_stands_for_two_facts():
    """Each pairing of a wording, a subject and an object has words of its own."""
    sizes = {}
    for fact in WORLD.facts:
        x, y = sizes.setdefault(fact.relation, (set(), set()))
        x.add(fact.subject)
        y.add(fact.object)
    pairs = sum(
        len(WORDINGS[relation]) * len(x) * len(y) for relation, (x, y) in sizes.items()
    )
    assert len(READER._facts) == pairs


def test_a_false_sentence_is_read_as_it_stands():
    assert READER.read("the capital of france is rome .") == Fact(
        "capital", "France", "Rome"
    )
    assert READER.read("Anna has a dog at home.") is None
    assert READER.read("The capital of dog is barks.") is None


def test_every_document_of_the_world_states_its_facts_and_no_other():
    for part in ("train", "test"):
        for item in WORLD.summaries(300, 0, part):
            assert READER.read_all(item.sentences) == list(item.facts)


def test_counts_by_hand():
    document = ["The capital of France is Paris.", "Tom wears a red hat."]
    summary = [
        "Paris is the capital of France.",
        "The language of France is French.",
        "The currency of France is the yen.",
        "France is the.",
    ]
    wanted = [Fact("capital", "France", "Paris"), Fact("capital", "Italy", "Rome")]
    got = count_facts(READER, [summary], [document], [wanted], WORLD.facts)
    assert got == FactCount(wanted=2, found=1, stated=3, made_up=2, false=1)
    assert (got.recall, got.made_up_share) == (0.5, 2 / 3)
    assert FactCount(0, 0, 0, 0, 0).recall == 0
