"""Task heads: shapes, losses as transformers chooses them, what is not scored."""

import pytest
import torch
from conftest import B, C, T, V, tiny_config
from torch.nn import functional as F
from transformers import BertConfig as TheirConfig
from transformers import BertForSequenceClassification as TheirSequence
from transformers import BertForTokenClassification as TheirToken

from bert_tutorial.model.checkpoint import published_name
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    sequence_loss,
)

IDS = torch.arange(1, 1 + B * T).view(B, T)


@pytest.mark.parametrize(
    "labels,C,problem_type",
    [
        (torch.tensor([0, 4]), 5, None),
        (torch.tensor([0, 1]), 2, "single_label_classification"),
        (torch.tensor([0.5, -2.0]), 1, None),
        (torch.tensor([[0.5], [-2.0]]), 1, None),
        (torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]), 3, None),
        (torch.tensor([[0.3, 1.0, 9.0], [1.0, -4.0, 0.0]]), 3, "regression"),
        (torch.tensor([[1.0], [0.0]]), 1, "multi_label_classification"),
    ],
)
def test_the_loss_is_the_one_that_transformers_chooses(labels, C, problem_type):
    config = tiny_config(num_labels=C, problem_type=problem_type)
    values = config.to_dict() | {"num_labels": C}
    theirs = TheirSequence(TheirConfig(**values)).eval()
    ours = BertForSequenceClassification(config).eval()
    state = dict(theirs.named_parameters())
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            parameter.copy_(state[published_name(name)])
    mine, other = ours(IDS, labels=labels), theirs(IDS, labels=labels)
    torch.testing.assert_close(mine.loss, other.loss)
    torch.testing.assert_close(mine.logits, other.logits)


def test_regression_takes_whole_numbers_and_a_batch_of_one():
    loss = sequence_loss(torch.tensor([[1.5]]), torch.tensor([2]))
    assert loss.item() == pytest.approx(0.25)


@pytest.mark.parametrize("rate,expected", [(None, 0.4), (0.7, 0.7), (0.0, 0.0)])
def test_the_classifiers_dropout_has_a_rate_of_its_own(rate, expected):
    config = tiny_config(hidden_dropout_prob=0.4, classifier_dropout=rate)
    for head in (BertForSequenceClassification, BertForTokenClassification):
        assert head(config).dropout.p == expected


@pytest.mark.parametrize(
    "head,their_head",
    [
        (BertForSequenceClassification, TheirSequence),
        (BertForTokenClassification, TheirToken),
    ],
)
def test_dropout_is_in_the_published_places(head, their_head):
    config = tiny_config(
        hidden_dropout_prob=0.2,
        attention_probs_dropout_prob=0.1,
        classifier_dropout=0.5,
    )
    values = config.to_dict() | {"attn_implementation": "eager"}
    ours, theirs = head(config).train(), their_head(TheirConfig(**values)).train()
    state = dict(theirs.named_parameters())
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            parameter.copy_(state[published_name(name)])
    results = []
    for model in (ours, theirs):
        torch.manual_seed(5)
        results.append(model(input_ids=IDS).logits)
    torch.testing.assert_close(*results, atol=1e-5, rtol=1e-5)


def test_only_the_sequence_head_has_a_pooler():
    config = tiny_config()
    assert BertForSequenceClassification(config).bert.pooler is not None
    assert BertForTokenClassification(config).bert.pooler is None
    assert BertForQuestionAnswering(config).bert.pooler is None


def test_tokens_without_label_do_not_count():
    model = BertForTokenClassification(tiny_config(num_labels=C)).eval()
    labels = torch.full((B, T), -100)
    labels[0, 2], labels[1, 5] = 3, 1
    out = model(IDS, labels=labels)
    assert out.logits.shape == (B, T, C)
    scores = torch.stack([out.logits[0, 2], out.logits[1, 5]])
    torch.testing.assert_close(out.loss, F.cross_entropy(scores, torch.tensor([3, 1])))


def test_the_span_loss_is_the_mean_of_both_ends():
    model = BertForQuestionAnswering(tiny_config()).eval()
    start, end = torch.tensor([1, 0]), torch.tensor([4, 6])
    out = model(IDS, start_positions=start, end_positions=end)
    assert out.start_logits.shape == out.end_logits.shape == (B, T)
    first = F.cross_entropy(out.start_logits, start)
    last = F.cross_entropy(out.end_logits, end)
    torch.testing.assert_close(out.loss, (first + last) / 2)


@pytest.mark.parametrize("outside", [T, T + 9, -1, -100])
def test_answers_outside_the_text_do_not_count(outside):
    model = BertForQuestionAnswering(tiny_config()).eval()
    both = model(
        IDS,
        start_positions=torch.tensor([1, outside]),
        end_positions=torch.tensor([4, outside]),
    )
    alone = model(
        IDS[:1], start_positions=torch.tensor([1]), end_positions=torch.tensor([4])
    )
    torch.testing.assert_close(both.loss, alone.loss)


@pytest.mark.parametrize(
    "head",
    [
        BertForSequenceClassification,
        BertForTokenClassification,
        BertForQuestionAnswering,
    ],
)
def test_without_labels_there_is_no_loss_and_maps_come_on_request(head):
    model = head(tiny_config()).eval()
    out = model(IDS, output_attentions=True, output_hidden_states=True)
    assert out.loss is None
    assert len(out.attentions) == 2 and len(out.hidden_states) == 3
    assert model(IDS).attentions is None


def test_padding_changes_no_decision():
    padded = F.pad(IDS, (0, 3))
    mask = (padded != 0).long()
    assert int(padded.max()) < V
    for head in (BertForSequenceClassification, BertForTokenClassification):
        model = head(tiny_config(num_labels=C)).eval()
        alone, beside = model(IDS).logits, model(padded, mask).logits
        if beside.dim() == 3:
            beside = beside[:, :T]
        torch.testing.assert_close(beside, alone, atol=1e-5, rtol=1e-5)
