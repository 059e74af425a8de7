"""The loop: it learns, accumulates exactly, stops at what is not finite."""

import json

import pytest
import torch

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.log import Window
from bert_tutorial.training.loop import Trainer, TrainingConfig, train
from bert_tutorial.training.processes import ProcessGroup

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


def test_a_large_batch_is_computed_in_parts_with_the_same_gradient(monkeypatch):
    batch = join(make_batch(0, B=3, masked=1), make_batch(1, B=4, masked=4))
    whole = gradient([batch])
    trainer = Trainer(make_model(), TrainingConfig(steps=1), CPU)
    assert [len(part["labels"]) for part in trainer.parts(batch)] == [7]
    T, wide = batch["labels"].shape[1], trainer.model.config.intermediate_size
    three_rows = 4 * 3 * T * wide
    monkeypatch.setattr("bert_tutorial.training.loop.CPU_BYTES", three_rows)
    assert [len(part["labels"]) for part in trainer.parts(batch)] == [3, 2, 2]
    torch.testing.assert_close(gradient([batch]), whole, atol=1e-6, rtol=0)
    monkeypatch.setattr("bert_tutorial.training.loop.CPU_BYTES", 1)
    assert [len(part["labels"]) for part in trainer.parts(batch)] == [1] * 7
    torch.testing.assert_close(gradient([batch]), whole, atol=1e-6, rtol=0)
    trainer.device = torch.device("cuda")
    assert trainer.parts(batch) == [batch]


def test_a_batch_without_pairs_trains_masked_words_only():
    first, second = make_batch(0), make_batch(1, pairs=False)
    together = gradient([join(first, second)])
    torch.testing.assert_close(gradient([first, second]), together, atol=1e-6, rtol=0)


def test_gradients_are_clipped():
    trainer = Trainer(
        make_model(), TrainingConfig(steps=1, max_gradient_norm=0.01), CPU
    )
    applied = []

    def measure(*_):
        squares = [p.grad.square().sum() for p in trainer.model.parameters()]
        applied.append(torch.stack(squares).sum().sqrt().item())

    trainer.optimizer.register_step_pre_hook(measure)
    trainer.backward([make_batch(0)])
    norm = trainer.update(1)
    assert norm > 0.01  # as it was before
    assert applied == [pytest.approx(0.01, rel=1e-3)]


def test_the_rate_starts_above_zero_and_peaks_at_the_warm_up():
    trainer = Trainer(
        make_model(),
        TrainingConfig(steps=100, warmup_fraction=0.1, learning_rate=1e-2),
        CPU,
    )
    rates = [trainer.rate(step) for step in range(1, 101)]
    assert max(rates) == rates[9] == pytest.approx(1e-2)
    assert rates[0] == pytest.approx(1e-3) and 0 < rates[-1] < 2e-4


def parameters(model) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()]).clone()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run(bad):
    model = make_model()
    with torch.no_grad():
        model.bert.pooler.dense.weight.fill_(bad)
    with pytest.raises(FloatingPointError, match="not finite at step 1, whose update"):
        train(
            model,
            endless(make_batch(0)),
            TrainingConfig(steps=5, log_every=1),
            device=CPU,
        )


class PoisonedModel(BertForPreTraining):
    """A model whose gradient, not its loss, is broken in one of its forwards."""

    forwards, broken = 0, 7

    def watch(self) -> None:
        self.bert.pooler.dense.weight.register_hook(self.poison)

    def poison(self, gradient):
        self.forwards += 1
        return gradient * float("inf") if self.forwards == self.broken else gradient


def poisoned() -> PoisonedModel:
    model = PoisonedModel(make_model().config)
    model.load_state_dict(make_model().state_dict())
    model.watch()
    return model


def test_a_gradient_that_is_not_finite_is_named_and_left_out():
    config = TrainingConfig(steps=20, learning_rate=1e-2, log_every=10)
    model, weights = poisoned(), []
    with pytest.raises(FloatingPointError, match="not finite at step 7, whose update"):
        train(
            model,
            endless(make_batch(0)),
            config,
            device=CPU,
            on_step=lambda step, record: weights.append(parameters(model)),
        )
    assert torch.equal(weights[6], weights[5])  # step 7 changed nothing
    assert not torch.equal(weights[5], weights[4])
    assert parameters(model).isfinite().all()


def test_a_gradient_that_is_not_finite_changes_nothing_without_a_scaler_too():
    """As on Apple's MPS, where torch has none."""
    trainer = Trainer(poisoned(), TrainingConfig(steps=9), CPU)
    trainer.scaler = torch.amp.GradScaler("cpu", enabled=False)
    for step in range(1, 10):
        before = parameters(trainer.model)
        trainer.backward([make_batch(0)])
        trainer.update(step)
        assert torch.equal(before, parameters(trainer.model)) == (step == 7)


class WithoutRows(ProcessGroup):
    """A process that gets no row of the first batch, and others that do."""

    def shard(self, batch):
        return None

    def all_reduce(self, parameters, totals):
        for parameter in parameters:
            parameter.grad = torch.ones_like(parameter)


def test_a_process_whose_first_batch_is_empty_makes_the_update_of_the_others():
    trainer = Trainer(make_model(), TrainingConfig(steps=3), CPU, WithoutRows())
    before = parameters(trainer.model)
    trainer.backward([make_batch(0)])
    trainer.update(1)
    assert not torch.equal(before, parameters(trainer.model))


def scaled(trainer: Trainer) -> Trainer:
    """Give the trainer the scaler of float16."""
    trainer.is_scaled = True
    trainer.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    return trainer


def test_a_scaled_gradient_that_overflows_is_skipped_and_counted():
    trainer = scaled(Trainer(poisoned(), TrainingConfig(steps=9), CPU))
    window = Window(CPU, trainer.loss.names, is_scaled=True)
    for step in range(1, 10):
        before = parameters(trainer.model)
        window.add(step, trainer.backward([make_batch(0)]), trainer.update(step))
        assert torch.equal(before, parameters(trainer.model)) == (step == 7)
    record = window.record(9, 0.0, trainer.scaler.get_scale())
    assert record["skipped_steps"] == 1 and record["gradient_norm"] > 0
    assert trainer.scaler.get_scale() == 2**15
    with pytest.raises(FloatingPointError, match="overflow float16 again and again"):
        window.record(9, 0.0, 0.5)


def test_scaling_does_not_change_the_update():
    trainers = [Trainer(make_model(), TrainingConfig(steps=3), CPU) for _ in range(2)]
    scaled(trainers[0])
    for trainer in trainers:
        trainer.backward([make_batch(0), make_batch(1, B=3, masked=4)])
        trainer.update(1)
    torch.testing.assert_close(
        *(parameters(trainer.model) for trainer in trainers), atol=1e-6, rtol=0
    )


def test_batches_that_end_are_refused():
    config = TrainingConfig(steps=3, accumulation_steps=2)
    with pytest.raises(ValueError, match="must not end, but did at step 2 of 3"):
        train(make_model(), iter([make_batch(0)] * 3), config, device=CPU)


def test_steps_of_warm_up_override_the_share():
    assert TrainingConfig(steps=200).warmup == 20
    assert TrainingConfig(steps=200, warmup_steps=7).warmup == 7
    assert TrainingConfig(steps=3, warmup_fraction=0.0).warmup == 1


@pytest.mark.parametrize(
    "key,value,said",
    [
        ("steps", 0, "steps must be a whole number of at least 1, got 0"),
        ("steps", 2.5, "steps must be a whole number"),
        ("learning_rate", -1e-3, "learning_rate must be above 0 and below 1, got -0"),
        ("learning_rate", 0, "learning_rate must be above 0"),
        ("learning_rate", "1e-3", "learning_rate must be above 0 and below 1, got '1"),
        ("learning_rate", float("nan"), "learning_rate must be"),
        ("warmup_fraction", 1.5, "warmup_fraction must be"),
        ("betas", (0.9, 1.0), "betas must be"),
        ("betas", (0.9,), "betas must be two numbers"),
        ("weight_decay", float("nan"), "weight_decay must be from 0"),
        ("warmup_steps", 2, "warmup_steps must be a whole number from 0 to steps .1."),
        ("log_every", True, "log_every must be a whole number"),
        ("accumulation_steps", 0, "accumulation_steps must be"),
        ("max_gradient_norm", -1.0, "max_gradient_norm must be"),
    ],
)
def test_bad_settings_are_named(key, value, said):
    with pytest.raises(ValueError, match=said):
        TrainingConfig(**({"steps": 1} | {key: value}))
