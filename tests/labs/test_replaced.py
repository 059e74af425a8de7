"""Replaced-token detection, and questions with candidates."""

import doctest

import pytest
import torch
from torch.nn import functional as F

from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.efficiency import replaced
from bert_tutorial.labs.efficiency.candidates import (
    candidates_of,
    choice_recall,
    masked_scores,
    untouched_scores,
)
from bert_tutorial.labs.efficiency.replaced import (
    ReplacedTokenModel,
    mark_replaced,
    replaced_token_loss,
)
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import World

B, T, V = 3, 8, 41
CONFIG = BertConfig(
    vocab_size=V,
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=20,
    max_position_embeddings=T,
    initializer_range=0.4,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)


def make():
    torch.manual_seed(0)
    model = ReplacedTokenModel(CONFIG, generator_layers=1)
    ids = torch.randint(5, V, (B, T))
    labels = torch.full_like(ids, -100)
    labels[0, 2], labels[1, 3], labels[1, 5], labels[2, 1] = 7, 8, 9, 10
    mask = (torch.arange(T) < torch.tensor([[8], [7], [5]])).long()
    read = ids.masked_fill(labels != -100, 4)
    return model, {"input_ids": read, "attention_mask": mask, "labels": labels}


def test_the_example_holds():
    assert doctest.testmod(replaced).failed == 0


def test_a_token_is_replaced_if_it_differs_from_the_original():
    torch.manual_seed(1)
    ids = torch.randint(5, V, (B, T))
    is_chosen = torch.rand(B, T) < 0.4
    masked = ids.masked_fill(is_chosen, 4)
    labels = ids.masked_fill(~is_chosen, -100)
    samples = torch.where(torch.rand(B, T) < 0.5, ids, torch.randint(5, V, (B, T)))
    read, is_replaced = mark_replaced(masked, labels, samples)
    assert torch.equal(is_replaced, read != ids)
    assert torch.equal(read, torch.where(is_chosen, samples, ids))
    assert is_replaced.any() and (is_chosen & ~is_replaced).any()


def test_the_loss_is_that_of_the_two_networks_written_out():
    model, batch = make()
    found = replaced_token_loss(model, batch, 50.0, torch.Generator().manual_seed(3))
    ids, mask, labels = batch["input_ids"], batch["attention_mask"], batch["labels"]
    logits = model.generator(ids, mask).logits
    masked_lm = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
    torch.testing.assert_close(found.masked_lm, masked_lm)
    random = torch.Generator().manual_seed(3)
    words = torch.multinomial(logits[labels != -100].softmax(-1), 1, generator=random)
    read, truth = ids.clone(), ids.clone()
    read[labels != -100] = words[:, 0]
    truth[labels != -100] = labels[labels != -100]
    wrong = (read != truth).float()
    apart = F.binary_cross_entropy_with_logits(
        model(read, mask), wrong, reduction="none"
    )
    expected = (apart * mask).sum() / mask.sum()
    torch.testing.assert_close(found.replaced, expected)
    torch.testing.assert_close(found.loss, masked_lm + 50 * expected)
    assert found.share == pytest.approx(float((wrong * mask).sum() / mask.sum()))


def test_the_discriminators_loss_does_not_reach_the_generator():
    model, batch = make()
    random = torch.Generator().manual_seed(3)
    replaced_token_loss(model, batch, 1.0, random).replaced.backward()
    own = dict(model.generator.bert.encoder.named_parameters())
    assert all(p.grad is None for p in own.values())
    assert model.bert.embeddings.word_embeddings.weight.grad is not None
    assert model.output.weight.grad is not None


def test_both_networks_share_their_tables():
    model, _ = make()
    assert model.generator.bert.embeddings is model.bert.embeddings
    names = [name for name, _ in model.named_parameters()]
    assert sum("word_embeddings" in name for name in names) == 1


def test_a_batch_without_labels_is_refused():
    model, batch = make()
    batch["labels"] = torch.full_like(batch["labels"], -100)
    with pytest.raises(ValueError, match="got none"):
        replaced_token_loss(model, batch, 1.0, torch.Generator())


def shipped():
    folder = shipped_weights()
    model = BertForPreTraining.from_pretrained(folder).eval()
    return model, BertTokenizer.from_pretrained(folder), World(0).probes("rephrased")


def test_the_shipped_model_chooses_rightly_and_an_untrained_one_does_not():
    model, tokenizer, probes = shipped()
    probes = probes[::5]
    groups = candidates_of(probes)
    chance = sum(1 / len(group) for group in groups) / len(groups)
    assert choice_recall(masked_scores(model), tokenizer, probes).share > 0.97
    torch.manual_seed(0)
    blank = ReplacedTokenModel(model.config, 1).eval()
    found = choice_recall(untouched_scores(blank), tokenizer, probes)
    assert found.asked == len(probes)
    assert found.share < chance + 0.15


def test_candidates_are_the_answers_to_the_same_question():
    _, _, probes = shipped()
    for probe, group in zip(probes, candidates_of(probes), strict=True):
        assert probe.answer in group and len(group) > 1
        if probe.fact.relation == "capital" and probe.answer == probe.fact.object:
            assert "Paris" in group and "France" not in group


def test_a_discriminator_is_asked_about_the_word_where_it_stands():
    model, _ = make()
    model.eval()
    ids = torch.tensor([[2, 4, 9, 3], [2, 9, 4, 3]])
    place, word = torch.tensor([1, 2]), torch.tensor([11, 12])
    with torch.no_grad():
        scores = untouched_scores(model)(ids, torch.ones_like(ids), place, word)
        filled = torch.tensor([[2, 11, 9, 3], [2, 9, 12, 3]])
        expected = -model(filled)[torch.arange(2), place]
    torch.testing.assert_close(scores, expected)
    assert ids[0, 1] == 4
