"""What the page of differences says of Transformers and of our defaults holds."""

from dataclasses import fields

import pytest
import torch
import transformers
from conftest import B, H, T, V
from torch import nn
from transformers import BertConfig as TheirConfig
from transformers import BertForMaskedLM as TheirMaskedLM
from transformers import BertForPreTraining as TheirPreTraining
from transformers import BertForQuestionAnswering as TheirAnswers
from transformers import BertForSequenceClassification as TheirSequence
from transformers import BertForTokenClassification as TheirTokens
from transformers import BertModel as TheirModel
from transformers import BertTokenizer as TheirTokenizer
from transformers import (
    DataCollatorForLanguageModeling,
    TrainingArguments,
    get_linear_schedule_with_warmup,
)
from transformers.models.bert.modeling_bert import BertPooler

from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.optimizer import build_optimizer, linear_schedule

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "play", "##ing", "##s"]
UNK, CLS, SEP, MASK = 1, 2, 3, 4
WORDS = [f"word{i}" for i in range(40)]


def their_config(**changes):
    sizes = {
        "vocab_size": V,
        "hidden_size": H,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 37,
        "max_position_embeddings": 11,
    }
    return TheirConfig(**(sizes | changes))


def their_tokenizer():
    return TheirTokenizer(vocab={piece: i for i, piece in enumerate(PIECES + WORDS)})


def hide(rows, seed=0, **options):
    """Let their collator hide tokens of rows of one length."""
    torch.manual_seed(seed)
    collator = DataCollatorForLanguageModeling(their_tokenizer(), **options)
    return collator([{"input_ids": row} for row in rows])


def test_their_collator_never_hides_an_unknown_token():
    row = [CLS, *[UNK, MASK, 9] * 20, SEP]
    labels = hide([row] * 200)["labels"]
    assert set(labels.flatten().tolist()) == {-100, 9}


def test_their_collator_leaves_some_short_sequences_without_a_prediction():
    row = [CLS, *range(5, 15), SEP]
    n = 4_000
    none = (hide([row] * n)["labels"] == -100).all(dim=1).sum().item()
    expected = 0.85**10
    assert none / n == pytest.approx(expected, abs=5 * (expected / n) ** 0.5)


def test_their_collator_draws_new_masks_each_time():
    rows = [[CLS, *range(5, 25), SEP]] * 50
    collator = DataCollatorForLanguageModeling(their_tokenizer())
    one, two = (collator([{"input_ids": r} for r in rows]) for _ in range(2))
    assert not torch.equal(one["labels"], two["labels"])


@pytest.mark.filterwarnings("ignore:Random token replacement")
def test_their_whole_words_become_nothing_but_masks():
    tokenizer = their_tokenizer()
    torch.manual_seed(0)
    collator = DataCollatorForLanguageModeling(tokenizer, whole_word_mask=True)
    text = "playing word1 plays word2 playing word3 plays"
    encoded = tokenizer([text] * 200, return_offsets_mapping=True)
    rows = [
        dict(zip(encoded, values, strict=True))
        for values in zip(*encoded.values(), strict=True)
    ]
    batch = collator(rows)
    is_chosen = batch["labels"] != -100
    assert is_chosen.any()
    assert (batch["input_ids"][is_chosen] == MASK).all()


def test_they_have_nothing_that_makes_pairs():
    if tuple(map(int, transformers.__version__.split(".")[:2])) < (5, 23):
        pytest.skip("the page speaks of transformers 5.23")
    for name in ("TextDatasetForNextSentencePrediction", "DataCollatorForSOP"):
        assert not hasattr(transformers, name)
    assert hasattr(transformers, "BertForNextSentencePrediction")


def test_their_initial_values_have_ends():
    torch.manual_seed(0)
    model = TheirModel(their_config(vocab_size=9_000))
    table = model.embeddings.word_embeddings.weight
    assert table.abs().max() > 3 * 0.02
    assert table[1:].std().item() == pytest.approx(0.02, rel=0.01)


def test_their_row_of_padding_is_zero():
    embeddings = TheirModel(their_config()).embeddings
    assert not embeddings.word_embeddings.weight[0].any()
    embeddings(torch.tensor([[0, 3]]))[..., 0].sum().backward()
    gradient = embeddings.word_embeddings.weight.grad
    assert not gradient[0].any() and gradient[3].any()


def test_the_small_numbers_of_the_norms():
    norms = [m for m in TheirModel(their_config()).modules() if type(m) is nn.LayerNorm]
    assert {norm.eps for norm in norms} == {1e-12}
    assert nn.LayerNorm(H).eps == 1e-5


@pytest.mark.parametrize("form", ["eager", "sdpa"])
def test_their_row_without_any_token_is_finite(form):
    model = TheirModel(their_config(attn_implementation=form)).eval()
    mask = torch.ones(B, T, dtype=torch.long)
    mask[0] = 0
    output = model(torch.randint(1, V, (B, T)), attention_mask=mask)
    assert torch.isfinite(output.last_hidden_state).all()


def test_their_positions_can_be_given():
    model = TheirModel(their_config()).eval()
    ids = torch.randint(1, V, (1, T))
    plain = model(ids).last_hidden_state
    from_zero = model(ids, position_ids=torch.arange(T)[None]).last_hidden_state
    from_two = model(ids, position_ids=torch.arange(2, T + 2)[None]).last_hidden_state
    torch.testing.assert_close(plain, from_zero)
    assert not torch.allclose(plain, from_two, atol=0.01)


def test_their_error_for_a_long_text_does_not_name_the_limit():
    model = TheirModel(their_config()).eval()
    with pytest.raises((IndexError, RuntimeError)) as caught:
        model(torch.ones(1, 12, dtype=torch.long))
    assert "max_position" not in str(caught.value)
    assert "too long" not in str(caught.value)


def test_their_models_with_and_without_pooler():
    def has_pooler(model):
        return any(isinstance(part, BertPooler) for part in model.modules())

    config = their_config()
    assert all(has_pooler(m(config)) for m in (TheirPreTraining, TheirSequence))
    without = (TheirMaskedLM, TheirTokens, TheirAnswers)
    assert not any(has_pooler(model(config)) for model in without)


def test_their_loss_of_nothing_is_not_a_number():
    model = TheirMaskedLM(their_config()).eval()
    ids = torch.randint(1, V, (B, T))
    assert model(ids, labels=torch.full((B, T), -100)).loss.isnan()


def test_their_pretraining_loss_needs_both_labels():
    model = TheirPreTraining(their_config()).eval()
    ids = torch.randint(1, V, (B, T))
    assert model(ids, labels=ids).loss is None
    zeros = torch.zeros(B, dtype=torch.long)
    assert model(ids, next_sentence_label=zeros).loss is None
    assert model(ids, labels=ids, next_sentence_label=zeros).loss > 0


def test_the_first_step_with_and_without_correction():
    """A first gradient g: with the correction the step is the rate, whatever g is.

    Without it, it is rate * 0.1 g / sqrt(0.001 g^2), 3.16 times as far.
    """
    layer = nn.Linear(1, 1, bias=False)
    before = layer.weight.item()
    optimizer = build_optimizer(layer, 1e-3, (0.9, 0.999), 1e-6, 0.0)
    layer.weight.grad = torch.tensor([[0.5]])
    optimizer.step()
    assert before - layer.weight.item() == pytest.approx(1e-3, rel=1e-3)
    original = 1e-3 * (0.1 * 0.5) / ((0.001 * 0.5**2) ** 0.5 + 1e-6)
    assert original == pytest.approx(3.16e-3, rel=1e-3)


def test_our_training_starts_from_the_papers_choices():
    ours = TrainingConfig(steps=1)
    assert (ours.learning_rate, ours.betas) == (1e-4, (0.9, 0.999))
    assert (ours.weight_decay, ours.epsilon) == (0.01, 1e-6)
    assert ours.max_gradient_norm == 1.0


def test_the_choices_of_their_trainer():
    theirs = {field.name: field.default for field in fields(TrainingArguments)}
    assert (theirs["weight_decay"], theirs["adam_epsilon"]) == (0.0, 1e-8)
    assert theirs["max_grad_norm"] == 1.0
    assert "adamw_torch" in str(TrainingArguments.default_optim)


def test_three_schedules():
    total, warmup = 20, 4
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    schedule = get_linear_schedule_with_warmup(optimizer, warmup, total)
    theirs = []
    for _ in range(total):
        theirs.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    # As written in optimization.py: a line from 1 to 0, and warm-up in its place.
    original = [
        step / warmup if step < warmup else 1 - step / total for step in range(total)
    ]
    assert theirs == pytest.approx(
        [linear_schedule(s, total, warmup) for s in range(total)]
    )
    assert theirs[0] == original[0] == 0.0
    assert theirs[warmup] == 1.0
    assert original[warmup] == pytest.approx(1 - warmup / total)
