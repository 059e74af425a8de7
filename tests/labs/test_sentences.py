"""One vector for a text: pooling, the contrastive loss, searches, stored runs."""

import json
import math
import random

import pytest
import torch
from torch.nn import functional as F
from transformers import BertModel as TheirBert

from bert_tutorial import BertConfig, BertModel, BertTokenizer
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.hub import published_encoder
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.sentences import (
    POOLINGS,
    TextGroup,
    contrastive_loss,
    embed_texts,
    first_hits,
    mean_pool,
    question_groups,
    random_pairs,
    search_score,
    train_by_contrast,
    wording_groups,
)
from bert_tutorial.world import FULL, World
from book_files import PACKAGE

TEXTS = ["The capital of France is Paris.", "Paris.", "A duck lives in the pond."]
WORLD = World(1, FULL)


@pytest.fixture(scope="module")
def shipped():
    folder = shipped_weights()
    model = BertModel.from_pretrained(folder).eval()
    return model, BertTokenizer.from_pretrained(folder)


def test_the_mean_is_that_of_numpy_s_mean_of_the_real_tokens():
    hidden = torch.randn(4, 6, 5, dtype=torch.float64)
    lengths = [6, 1, 3, 4]
    mask = (torch.arange(6) < torch.tensor(lengths)[:, None]).long()
    rows = [hidden[i, :n].numpy().mean(axis=0) for i, n in enumerate(lengths)]
    expected = torch.stack([torch.from_numpy(row) for row in rows])
    torch.testing.assert_close(mean_pool(hidden, mask), expected)


@pytest.mark.parametrize("temperature", [0.02, 0.05, 1.0])
def test_the_loss_is_the_library_s_cross_entropy_on_its_cosines(temperature):
    torch.manual_seed(0)
    first, second = torch.randn(2, 7, 9, dtype=torch.float64).mul(4).unbind()
    first.requires_grad_()
    scores = F.normalize(first, dim=-1) @ F.normalize(second, dim=-1).T / temperature
    labels = torch.arange(7)
    theirs = (F.cross_entropy(scores, labels) + F.cross_entropy(scores.T, labels)) / 2
    ours = contrastive_loss(first, second, temperature)
    torch.testing.assert_close(ours, theirs)
    (a,) = torch.autograd.grad(ours, first, retain_graph=True)
    (b,) = torch.autograd.grad(theirs, first)
    torch.testing.assert_close(a, b)


def test_the_loss_of_equal_cosines_is_ln_of_the_batch():
    same = torch.ones(6, 3)
    assert contrastive_loss(same, same).item() == pytest.approx(math.log(6))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_text_has_one_vector_alone_and_in_any_batch(shipped, pooling):
    model, tokenizer = shipped
    together = embed_texts(model, tokenizer, TEXTS, pooling)
    apart = embed_texts(model, tokenizer, TEXTS, pooling, batch_size=1)
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=0)
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(3))


def test_the_vectors_are_those_of_transformers(shipped):
    model, tokenizer = shipped
    theirs = TheirBert.from_pretrained(shipped_weights()).eval()
    for text in TEXTS:
        ids = torch.tensor([tokenizer.encode(text).ids])
        with torch.no_grad():
            output = theirs(ids)
        parts = (
            output.last_hidden_state[:, 0],
            output.pooler_output,
            output.last_hidden_state.mean(dim=1),
        )
        for pooling, part in zip(POOLINGS, parts, strict=True):
            ours = embed_texts(model, tokenizer, [text], pooling)
            expected = F.normalize(part, dim=-1)
            torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


def test_the_published_encoder_gives_its_known_similarities():
    """Of its model card's example; the values are those of sentence-transformers."""
    try:
        folder = published_encoder()
    except CheckpointError as error:
        pytest.skip(str(error))
    model, tokenizer = BertModel.from_pretrained(folder), None
    tokenizer = BertTokenizer.from_pretrained(folder)
    told = [
        "The weather is lovely today.",
        "It's so sunny outside!",
        "He drove to the stadium.",
    ]
    vectors = embed_texts(model, tokenizer, told)
    expected = torch.tensor([0.6660, 0.1046, 0.1411])
    cosines = (vectors @ vectors.T)[[0, 0, 1], [1, 2, 2]]
    torch.testing.assert_close(cosines, expected, atol=2e-3, rtol=0)


def test_an_unknown_pooling_is_refused(shipped):
    model, tokenizer = shipped
    with pytest.raises(ValueError, match="pooling must be one of"):
        embed_texts(model, tokenizer, TEXTS, "max")
    assert not model.training


def test_hits_are_counted_by_hand():
    queries = F.normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), dim=-1)
    candidates = queries[[0, 2, 1]]
    assert first_hits(queries, candidates) == pytest.approx(1 / 3)


def test_a_search_asks_each_pair_of_different_wordings():
    asked = []

    def embed(texts):
        asked.append(list(texts))
        return F.normalize(torch.tensor([[float(len(t)), 1.0] for t in texts]), dim=-1)

    groups = [TextGroup(["a", "b"], ["c", "d"]), TextGroup(["aa"] * 2, ["aaaa"] * 2)]
    assert search_score(embed, groups) == 1.0
    assert asked == [["a", "aa"], ["b", "aa"], ["c", "aaaa"], ["d", "aaaa"]]


def test_question_and_answer_share_no_name():
    groups = question_groups(WORLD)
    assert len(groups) > 100
    facts = {(f.relation, f.object): f for f in WORLD.facts}
    names = {name.lower() for f in facts.values() for name in (f.subject, f.object)}
    for group in groups:
        assert len(group.first) == len(group.second) == 10
        for one in (*group.first, *group.second):
            assert one.count("[MASK]") == 1
        first, second = (
            {word.strip(".,?") for word in " ".join(side).lower().split()}
            for side in group
        )
        assert not first & second & names


def test_no_two_answers_have_the_same_text():
    answers = [group.second[0] for group in question_groups(WORLD)]
    assert len(set(answers)) == len(answers)


def test_a_batch_has_each_fact_once_and_two_wordings():
    groups = wording_groups(WORLD)
    of = {text: i for i, group in enumerate(groups) for text in group.first}
    first, second = random_pairs(groups, 20, random.Random(0))
    assert [of[text] for text in first] == [of[text] for text in second]
    assert len({of[text] for text in first}) == 20
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_training_brings_pairs_together_and_shuffled_pairs_do_not(shipped):
    _, tokenizer = shipped
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    ends = {}
    for shuffled in (False, True):
        torch.manual_seed(0)
        losses = train_by_contrast(
            BertModel(config),
            tokenizer,
            wording_groups(WORLD)[:24],
            steps=40,
            batch_size=12,
            learning_rate=3e-3,
            shuffled=shuffled,
        )
        ends[shuffled] = sum(losses[-5:]) / 5
    assert ends[False] < math.log(12) / 2 < ends[True]


def test_the_stored_runs_show_what_the_chapter_says():
    record = json.loads((PACKAGE / "runs/sentences.json").read_text(encoding="utf-8"))
    found = {}
    for one in record["runs"]:
        found.setdefault((one["kind"], one["encoder"]), []).append(one)
    assert {len(ones) for ones in found.values()} == {3}

    def held(kind, encoder):
        return [one["held-out facts"] for one in found[kind, encoder]]

    assert min(held("questions", "pretrained")) > 0.95
    assert max(held("questions", "untrained")) < 0.25
    assert max(held("questions", "shuffled")) < 0.5
    assert max(one["TF-IDF"] for one in found["questions", "pretrained"]) < 0.06
    for one in found["questions", "untrained"]:
        assert one["facts trained on"] > 0.95, "it did learn its pairs"
