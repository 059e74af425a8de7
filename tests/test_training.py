"""The loop: it learns, accumulates exactly, stops at what is not finite."""

import json

import pytest
import torch

from bert_tutorial.config import BertConfig
from bert_tutorial.objectives import BertForPreTraining
from bert_tutorial.training import Trainer, TrainingConfig, train

CPU = torch.device("cpu")


def make_model(seed: int = 0) -> BertForPreTraining:
    torch.manual_seed(seed)
    return BertForPreTraining(
        BertConfig(
            vocab_size=29,
            hidden_size=12,
            num_hidden_layers=1,
            num_attention_heads=3,
            intermediate_size=37,
            max_position_embeddings=11,
            initializer_range=0.2,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )


def make_batch(seed: int, B: int = 4, T: int = 7, masked: int = 2, pairs: bool = True):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 29, (B, T), generator=generator)
    labels = torch.full((B, T), -100)
    labels[:, 1 : 1 + masked] = ids[:, 1 : 1 + masked]
    ids = torch.where(labels != -100, 4, ids)
    relation = torch.randint(2, (B,), generator=generator)
    return {
        "input_ids": ids,
        "token_type_ids": torch.zeros_like(ids),
        "labels": labels,
        "next_sentence_label": relation if pairs else torch.full((B,), -100),
    }


def endless(*batches):
    while True:
        yield from batches


def test_one_batch_is_learned_by_heart(tmp_path):
    model = make_model()
    config = TrainingConfig(
        steps=150, learning_rate=1e-2, log_every=10, warmup_fraction=0.1
    )
    seen = []
    records = train(
        model,
        endless(make_batch(0)),
        config,
        device=CPU,
        log_file=tmp_path / "log.jsonl",
        on_step=lambda step, record: seen.append(step),
    )
    assert records[0]["loss"] > 2 and records[-1]["loss"] < 0.05
    assert seen == list(range(1, 151))
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == records
    assert records[-1]["tokens"] == 150 * 28
    assert records[-1]["step"] == 150
    assert not model.training


def test_two_runs_with_one_seed_are_equal_bit_by_bit():
    runs = []
    for _ in range(2):
        model = make_model()
        config = TrainingConfig(steps=10, learning_rate=1e-2, log_every=1)
        train(model, endless(make_batch(0), make_batch(1)), config, device=CPU)
        runs.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert torch.equal(*runs)


def gradient(batches) -> torch.Tensor:
    trainer = Trainer(make_model(), TrainingConfig(steps=1), CPU)
    trainer.backward(batches)
    return torch.cat([p.grad.flatten() for p in trainer.model.parameters()])


def join(first, second):
    return {key: torch.cat([first[key], second[key]]) for key in first}


def test_accumulated_batches_equal_one_large_batch():
    # different numbers of masked places: a mean of means would differ
    first, second = make_batch(0, B=3, masked=1), make_batch(1, B=5, masked=4)
    together = gradient([join(first, second)])
    torch.testing.assert_close(gradient([first, second]), together, atol=1e-6, rtol=0)
    halves = (gradient([first]) + gradient([second])) / 2
    assert (halves - together).abs().max() > 1e-3


def test_a_batch_without_pairs_trains_masked_words_only():
    first, second = make_batch(0), make_batch(1, pairs=False)
    together = gradient([join(first, second)])
    torch.testing.assert_close(gradient([first, second]), together, atol=1e-6, rtol=0)


def test_gradients_are_clipped():
    trainer = Trainer(
        make_model(), TrainingConfig(steps=1, max_gradient_norm=0.01), CPU
    )
    trainer.backward([make_batch(0)])
    norm = trainer.update(1)
    assert norm > 0.01


def test_the_rate_starts_above_zero_and_peaks_at_the_warm_up():
    trainer = Trainer(
        make_model(),
        TrainingConfig(steps=100, warmup_fraction=0.1, learning_rate=1e-2),
        CPU,
    )
    rates = [trainer.rate(step) for step in range(1, 101)]
    assert max(rates) == rates[9] == pytest.approx(1e-2)
    assert rates[0] == pytest.approx(1e-3) and 0 < rates[-1] < 2e-4


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run(bad):
    model = make_model()
    with torch.no_grad():
        model.bert.pooler.dense.weight.fill_(bad)
    with pytest.raises(FloatingPointError, match="not finite at or shortly before"):
        train(
            model,
            endless(make_batch(0)),
            TrainingConfig(steps=5, log_every=1),
            device=CPU,
        )


@pytest.mark.parametrize(
    "key,value,said",
    [
        ("steps", 0, "steps must be a whole number of at least 1, got 0"),
        ("steps", 2.5, "steps must be a whole number"),
        ("learning_rate", -1e-3, "learning_rate must be from 0.0"),
        ("learning_rate", float("nan"), "learning_rate must be"),
        ("warmup_fraction", 1.5, "warmup_fraction must be"),
        ("betas", (0.9, 1.0), "betas must be"),
        ("accumulation_steps", 0, "accumulation_steps must be"),
        ("max_gradient_norm", -1.0, "max_gradient_norm must be"),
    ],
)
def test_bad_settings_are_named(key, value, said):
    with pytest.raises(ValueError, match=said):
        TrainingConfig(**({"steps": 1} | {key: value}))
