"""Equal to transformers: outputs, losses, gradients, files; every head."""

import pytest
import torch
from transformers import (
    BertConfig as TheirConfig,
)
from transformers import (
    BertForMaskedLM as TheirMaskedLM,
)
from transformers import (
    BertForPreTraining as TheirPreTraining,
)
from transformers import (
    BertForQuestionAnswering as TheirQuestionAnswering,
)
from transformers import (
    BertForSequenceClassification as TheirSequence,
)
from transformers import (
    BertForTokenClassification as TheirToken,
)
from transformers import (
    BertModel as TheirModel,
)

from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.checkpoint import NAMES, PreTrained, published_name
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import (
    BertForMaskedLM,
    BertForPreTraining,
    pretraining_loss,
)
from bert_tutorial.model.task_heads import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)

# V, H, L, A, I, P, types, activation, eps: all sizes odd or unequal on purpose
CONFIGS = [
    (99, 12, 2, 3, 37, 11, 2, "gelu", 1e-12),
    (53, 20, 1, 5, 9, 13, 3, "gelu_new", 1e-12),
    (31, 7, 3, 1, 41, 17, 2, "gelu", 1e-3),
    (101, 33, 2, 11, 5, 8, 2, "gelu_pytorch_tanh", 1e-12),
    (67, 18, 4, 2, 23, 9, 2, "gelu", 1e-1),
    (29, 24, 1, 4, 96, 19, 5, "gelu", 1e-12),
]
PAIRS = {
    "model": (BertModel, TheirModel),
    "pretraining": (BertForPreTraining, TheirPreTraining),
    "masked_lm": (BertForMaskedLM, TheirMaskedLM),
    "sequence": (BertForSequenceClassification, TheirSequence),
    "token": (BertForTokenClassification, TheirToken),
    "question": (BertForQuestionAnswering, TheirQuestionAnswering),
}


def configs(sizes, labels=2):
    V, H, L, A, I, P, types, act, eps = sizes  # noqa: E741 - the book's letters
    values = {
        "vocab_size": V,
        "hidden_size": H,
        "num_hidden_layers": L,
        "num_attention_heads": A,
        "intermediate_size": I,
        "max_position_embeddings": P,
        "type_vocab_size": types,
        "hidden_act": act,
        "layer_norm_eps": eps,
        "num_labels": labels,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "initializer_range": 0.3,
    }
    return BertConfig.from_dict(values), TheirConfig(**values)


def twins(name, sizes, implementation="eager", dtype=torch.float32, labels=2):
    """Make our model and theirs, with the same random weights."""
    ours, theirs = configs(sizes, labels)
    torch.manual_seed(1)
    our_class, their_class = PAIRS[name]
    theirs._attn_implementation = implementation
    their_model = their_class(theirs).to(dtype).eval()
    for parameter in their_model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    our_model = our_class(ours).to(dtype).eval()
    state = dict(their_model.named_parameters())
    with torch.no_grad():
        for key, parameter in our_model.named_parameters():
            parameter.copy_(state[published_name(key)])
    return our_model, their_model


def batch(name, sizes, labels=2):
    """Make a padded batch with labels for a head."""
    V, P, types = sizes[0], sizes[5], sizes[6]
    B, T = 3, P - 1
    generator = torch.Generator().manual_seed(2)

    def draw(high, *shape):
        return torch.randint(high, shape, generator=generator)

    lengths = torch.tensor([T, T - 3, 2])
    mask = (torch.arange(T) < lengths[:, None]).long()
    inputs = {
        "input_ids": torch.where(mask == 1, draw(V, B, T), 0),
        "attention_mask": mask,
        "token_type_ids": draw(types, B, T),
    }
    words = torch.where((draw(3, B, T) == 0) & (mask == 1), draw(V, B, T), -100)
    words[0, 0] = 3
    targets = {
        "model": {},
        "pretraining": {"labels": words, "next_sentence_label": draw(2, B)},
        "masked_lm": {"labels": words},
        "sequence": {"labels": draw(labels, B)},
        "token": {"labels": words.clamp(max=labels - 1)},
        "question": {
            "start_positions": torch.tensor([1, 0, T + 5]),
            "end_positions": torch.tensor([2, 0, T + 5]),
        },
    }
    return inputs | targets[name]


def outputs(model, inputs):
    """Collect all floating outputs of a model, and its loss."""
    out = model(**inputs)
    names = (
        "last_hidden_state",
        "pooler_output",
        "prediction_logits",
        "seq_relationship_logits",
        "logits",
        "start_logits",
        "end_logits",
        "loss",
    )
    return {n: getattr(out, n) for n in names if getattr(out, n, None) is not None}


@pytest.mark.parametrize("dtype,bound", [(torch.float32, 1e-6), (torch.float64, 1e-14)])
@pytest.mark.parametrize("sizes", CONFIGS, ids=lambda s: f"H{s[1]}L{s[2]}A{s[3]}")
@pytest.mark.parametrize("name", list(PAIRS))
def test_outputs_losses_and_gradients(name, sizes, dtype, bound):
    for implementation in ("eager", "sdpa"):
        labels = 2 if name == "question" else 4
        ours, theirs = twins(name, sizes, implementation, dtype, labels)
        inputs = batch(name, sizes, labels)
        mine, other = outputs(ours, inputs), outputs(theirs, inputs)
        assert mine.keys() == other.keys()
        for key in mine:
            scale = max(1.0, other[key].abs().max().item())
            torch.testing.assert_close(
                mine[key], other[key], atol=bound * scale, rtol=0
            )
        for values in (mine, other):
            total = values.get("loss")
            if total is None:
                total = values["last_hidden_state"].square().mean()
                total = total + values["pooler_output"].sum()
            total.backward()
        grads = {k: p.grad for k, p in theirs.named_parameters()}
        for key, parameter in ours.named_parameters():
            expected = grads[published_name(key)]
            assert parameter.grad is not None and expected is not None, key
            scale = max(1.0, expected.abs().max().item())
            torch.testing.assert_close(
                parameter.grad, expected, atol=bound * scale, rtol=0
            )


def test_every_parameter_has_its_twin():
    for name in PAIRS:
        ours, theirs = twins(name, CONFIGS[0])
        mine = {published_name(key) for key, _ in ours.named_parameters()}
        assert mine == {key for key, _ in theirs.named_parameters()}, name


def test_every_row_of_the_name_table_is_used():
    model = BertForPreTraining(configs(CONFIGS[0])[0])
    rows = {
        key.removeprefix("bert.").rsplit(".", 1)[0].replace(".0.", ".*.", 1)
        for key, _ in model.named_parameters()
    }
    assert set(NAMES) <= rows


def test_bfloat16_errs_no_more_than_theirs():
    sizes = (99, 48, 3, 4, 192, 33, 2, "gelu", 1e-12)
    ours, theirs = twins("model", sizes)
    inputs = batch("model", sizes)
    real = inputs["attention_mask"].bool()
    exact = theirs(**inputs).last_hidden_state[real]
    errors = []
    for model in (ours, theirs):
        rough = model.bfloat16()(**inputs).last_hidden_state[real].float()
        errors.append((rough - exact).square().mean().sqrt().item())
    assert errors[0] <= 1.5 * errors[1]
    assert errors[0] < 0.1


@pytest.mark.parametrize("name", list(PAIRS))
def test_files_open_both_ways(name, tmp_path):
    labels = 2 if name == "question" else 5
    ours, theirs = twins(name, CONFIGS[1], labels=labels)
    inputs = batch(name, CONFIGS[1], labels=labels)
    theirs.save_pretrained(tmp_path / "theirs")
    ours.save_pretrained(tmp_path / "ours")
    our_class, their_class = PAIRS[name]
    loaded = our_class.from_pretrained(tmp_path / "theirs")
    opened, info = their_class.from_pretrained(
        tmp_path / "ours", output_loading_info=True
    )
    assert not info["missing_keys"] and not info["unexpected_keys"]
    assert not loaded.missing_keys and not loaded.unexpected_keys
    expected = outputs(theirs, inputs)
    for model in (loaded, opened.eval()):
        for key, value in outputs(model, inputs).items():
            torch.testing.assert_close(value, expected[key], atol=1e-5, rtol=1e-5)


def test_a_saved_model_is_still_tied(tmp_path):
    ours, _ = twins("pretraining", CONFIGS[0])
    ours.save_pretrained(tmp_path)
    loaded = BertForPreTraining.from_pretrained(tmp_path)
    with torch.no_grad():
        loaded.bert.embeddings.word_embeddings.weight.zero_()
        loaded.cls.predictions.bias.zero_()
    logits = loaded(torch.tensor([[1, 2, 3]])).prediction_logits
    assert not logits.any()


@pytest.mark.parametrize(
    "name,expected",
    [
        ("tiny", 4_385_920),
        ("mini", 11_170_560),
        ("small", 28_763_648),
        ("medium", 41_373_184),
        ("base", 109_482_240),
        ("large", 335_141_888),
    ],
)
def test_parameter_counts_of_the_published_sizes(name, expected):
    with torch.device("meta"):
        model = BertModel(BertConfig.named(name))
    assert sum(p.numel() for p in model.parameters()) == expected


def test_loss_at_masked_places_equals_the_loss_over_all():
    ours, _ = twins("pretraining", CONFIGS[0], dtype=torch.float64)
    inputs = batch("pretraining", CONFIGS[0])
    full = ours(**inputs).loss
    part = pretraining_loss(ours, inputs)
    torch.testing.assert_close(part.loss, full, atol=1e-12, rtol=0)
    assert part.num_masked == int((inputs["labels"] != -100).sum())


def test_nothing_to_predict_costs_nothing_and_breaks_nothing():
    ours, _ = twins("pretraining", CONFIGS[0])
    inputs = batch("pretraining", CONFIGS[0])
    inputs["labels"] = torch.full_like(inputs["labels"], -100)
    inputs["next_sentence_label"] = torch.full((3,), -100)
    loss = pretraining_loss(ours, inputs)
    loss.loss.backward()
    assert loss.loss.item() == 0 and loss.num_masked == 0
    grads = [p.grad for p in ours.parameters() if p.grad is not None]
    assert all(torch.isfinite(g).all() and not g.any() for g in grads)


def test_attention_maps_and_hidden_states_are_theirs():
    ours, theirs = twins("model", CONFIGS[0])
    inputs = batch("model", CONFIGS[0])
    mine = ours(**inputs, output_attentions=True, output_hidden_states=True)
    other = theirs(**inputs, output_attentions=True, output_hidden_states=True)
    assert len(mine.attentions) == 2 and len(mine.hidden_states) == 3
    for a, b in zip(mine.attentions, other.attentions, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)
    for a, b in zip(mine.hidden_states, other.hidden_states, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_too_many_tokens_are_refused_by_a_clear_line():
    ours, _ = twins("model", CONFIGS[0])
    with pytest.raises(ValueError, match="at most 11 tokens, got 12"):
        ours(torch.zeros(1, 12, dtype=torch.long))


def test_initial_values_are_truncated_normal():
    config = BertConfig.named("tiny", vocab_size=3_000, position_initializer_range=0.1)
    torch.manual_seed(0)
    model = BertModel(config)
    words = model.embeddings.word_embeddings.weight
    assert words.abs().max() <= 0.04
    assert words[1:].std().item() == pytest.approx(0.0176, rel=0.01)
    assert not words[0].any()
    positions = model.embeddings.position_embeddings.weight
    assert positions.std().item() == pytest.approx(0.088, rel=0.02)
    assert isinstance(model, PreTrained)
