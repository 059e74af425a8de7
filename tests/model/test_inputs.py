"""Numbers that a model has no row for: each is named, with what to do."""

import pytest
import torch

from bert_tutorial import (
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
)

CONFIG = BertConfig(
    vocab_size=20,
    hidden_size=8,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=12,
    max_position_embeddings=7,
    num_labels=3,
)
KINDS = (
    BertModel,
    BertForMaskedLM,
    BertForPreTraining,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertForQuestionAnswering,
)
IDS = torch.tensor([[1, 5, 6, 2]])
OTHER = {
    "one text alone": ({"input_ids": IDS[0]}, r"\(B, T\), a row a text, got \(4,\)"),
    "another tokenizer": (
        {"input_ids": torch.tensor([[1, 20]])},
        "input_ids must be from 0 to 19, got 20; take the tokenizer of the model",
    ),
    "-100 as an id": (
        {"input_ids": torch.tensor([[1, -100]])},
        "input_ids must be from 0 to 19, got -100",
    ),
    "a third text": (
        {"input_ids": IDS, "token_type_ids": torch.tensor([[0, 1, 2, 2]])},
        "token_type_ids must be from 0 to 1, got 2; 0 is the first text",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OTHER)
def test_what_the_tables_have_no_row_for_is_named(kind, name):
    torch.manual_seed(0)
    inputs, said = OTHER[name]
    with pytest.raises(ValueError, match=said):
        kind(CONFIG)(**inputs)
    if set(inputs) == {"input_ids"}:
        with pytest.raises(ValueError, match=said):
            kind(CONFIG)(inputs["input_ids"])


@pytest.mark.parametrize(
    ("kind", "labels", "said"),
    [
        (BertForSequenceClassification, [3], "labels must be from 0 to 2, got 3"),
        (BertForSequenceClassification, [-1], "labels must be from 0 to 2, got -1"),
        (BertForTokenClassification, [[0, 1, 4, -100]], "from 0 to 2, got 4; -100 is"),
        (BertForMaskedLM, [[-100, 20, 3, 1]], "labels must be from 0 to 19, got 20"),
    ],
)
def test_a_label_that_is_no_class_is_named(kind, labels, said):
    torch.manual_seed(0)
    with pytest.raises(ValueError, match=said):
        kind(CONFIG)(IDS, labels=torch.tensor(labels))


def test_other_index_errors_stay_what_they_are(monkeypatch):
    model = BertModel(CONFIG)

    def fail(*_):
        raise IndexError("ours")

    monkeypatch.setattr(model.encoder, "forward", fail)
    with pytest.raises(IndexError, match="ours"):
        model(IDS)
    assert model.config.vocab_size == 20


def test_a_compiled_model_gives_the_same():
    torch.manual_seed(0)
    model = BertForMaskedLM(CONFIG).eval()
    compiled = torch.compile(model, backend="eager")
    with torch.no_grad():
        assert torch.equal(compiled(IDS).logits, model(IDS).logits)
