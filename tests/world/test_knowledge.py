"""Measuring knowledge: ranks, null models, next sentences."""

import pytest
import torch

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.pairs import Pair
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import Fact, World
from bert_tutorial.world.knowledge import (
    answer_probes,
    contradict,
    majority_recall,
    next_sentence_accuracy,
    recall,
    recall_by_relation,
)
from bert_tutorial.world.ledger import Probe

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "a",
    "b",
    "c",
    "is",
    "in",
    ".",
    "rome",
    "paris",
    "oslo",
]


@pytest.fixture
def tokenizer() -> BertTokenizer:
    return BertTokenizer(WORDS)


@pytest.fixture
def model() -> BertForPreTraining:
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=12,
        num_hidden_layers=1,
        num_attention_heads=3,
        intermediate_size=37,
        max_position_embeddings=11,
    )
    torch.manual_seed(0)
    return BertForPreTraining(config)


def probe(text: str, answer: str, subject: str = "a", wording: int = 0) -> Probe:
    return Probe(text, answer, Fact("capital", subject, answer), wording, "stated")


def test_the_decoder_bias_decides_what_an_ignorant_model_says(tokenizer, model):
    with torch.no_grad():
        for parameter in model.cls.predictions.parameters():
            parameter.zero_()
        model.bert.embeddings.word_embeddings.weight.zero_()
        bias = dict(model.named_parameters())["cls.predictions.bias"]
        bias[WORDS.index("paris")] = 2.0
        bias[WORDS.index("rome")] = 1.0
    probes = [probe("a is in [MASK].", "rome"), probe("[MASK] is b.", "paris")]
    first, second = answer_probes(model, tokenizer, probes)
    assert (first.word, first.rank) == ("paris", 2)
    assert (second.word, second.rank) == ("paris", 1)
    others = len(WORDS) - 2
    total = torch.tensor([2.0, 1.0]).exp().sum() + others
    assert second.probability == pytest.approx((torch.tensor(2.0).exp() / total).item())
    assert recall([first, second]) == (0.5, 2)
    assert recall_by_relation([first, second]) == {"capital": (0.5, 2)}


def test_dropout_is_off_while_asking_and_the_mode_is_restored(tokenizer, model):
    probes = [probe("a is in [MASK].", "rome")]
    model.train()
    one, two = (answer_probes(model, tokenizer, probes)[0] for _ in range(2))
    assert one == two
    assert model.training


def test_padding_in_the_batch_changes_nothing(tokenizer, model):
    short, long = probe("[MASK].", "rome"), probe("a is in b in c [MASK].", "rome")
    alone = answer_probes(model, tokenizer, [short])[0].probability
    beside = answer_probes(model, tokenizer, [short, long])[0].probability
    assert alone == pytest.approx(beside, abs=1e-6)


def test_an_answer_of_two_tokens_is_refused(tokenizer, model):
    with pytest.raises(ValueError, match="'roma' must be one token"):
        answer_probes(model, tokenizer, [probe("a [MASK]", "roma")])


def test_majority_knows_the_most_frequent_answer_of_each_wording():
    probes = [
        probe("x", "rome", "a"),
        probe("x", "rome", "b"),
        probe("x", "oslo", "c"),
        probe("x", "paris", "a", wording=1),
    ]
    assert majority_recall(probes) == (0.75, 4)


def test_next_sentence_accuracy_follows_the_head(tokenizer, model):
    pairs = [Pair([5], [6], False), Pair([7, 8], [6], True), Pair([5], [9], True)]
    head = model.cls.seq_relationship
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([0.0, 1.0]))  # always "random"
    assert next_sentence_accuracy(model, tokenizer, pairs) == pytest.approx(2 / 3)


def test_a_contradiction_states_another_object_in_the_words_of_the_question():
    world = World(0)
    asked = world.probes("stated")
    pairs = contradict(asked)
    forward = [probe for probe in asked if probe.answer == probe.fact.object]
    assert [pair[0].fact for pair in pairs] == [probe.fact for probe in forward]
    assert len(pairs) < len(asked), "questions for a subject are left out"
    facts = {(f.relation, f.subject, f.object) for f in world.facts}
    for (probe, word), before in zip(pairs, forward, strict=True):
        relation, subject, answer = probe.fact
        assert probe.answer == answer and probe.status == "contradicted"
        assert probe.text.endswith(" " + before.text)
        lie = probe.text.removesuffix(" " + before.text)
        assert word.lower() in lie.lower() and subject.lower() in lie.lower()
        assert "[MASK]" not in lie
        assert (relation, subject, word) not in facts
        assert any(r == relation and o == word for r, _, o in facts)
    texts = {probe.text for probe, _ in pairs}
    assert texts == {probe.text for probe, _ in contradict(asked)}
    assert texts != {probe.text for probe, _ in contradict(asked, seed=1)}


def test_the_article_of_a_contradiction_fits_its_false_word():
    for probe, word in contradict(World(0).probes("stated")):
        lie = probe.text.lower()
        if f" a {word.lower()}" in lie:
            assert word[0].lower() not in "aeiou", probe.text


def test_a_relation_with_one_object_cannot_be_contradicted():
    with pytest.raises(ValueError, match="has no object but 'b'"):
        contradict([probe("a is [MASK] .", "b")])
