"""Runs that are stopped in all ways go on as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import at_step, tiny_config, write_corpus

from bert_tutorial.__main__ import main
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.labs.pictures.data import PictureBatches
from bert_tutorial.labs.pictures.drawings import caption_tokenizer
from bert_tutorial.labs.pictures.model import PICTURES, PictureBert
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.pretraining.run import CorpusRecipe, pretrain_corpus
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fine_tuning import FineTuningConfig, fine_tune
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.loop import Loss, TrainingConfig, train

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
STEPS = 24
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Write a corpus and a small configuration; an epoch has about nine batches."""
    return write_corpus(tmp_path_factory.mktemp("corpus"))


def recipe_for(corpus, **changes) -> CorpusRecipe:
    values = {
        "config": str(corpus / "config.json"),
        "vocab_size": 300,
        "steps": STEPS,
        "tokens_per_batch": 600,
        "max_length": 48,
        "dropout": 0.1,
        "accumulation_steps": 2,
    }
    return CorpusRecipe(**(values | changes))


def run(corpus, folder, recipe=None, **options):
    return pretrain_corpus(
        [corpus / "text.txt"],
        recipe or recipe_for(corpus),
        output=folder,
        device=CPU,
        progress=False,
        **options,
    )


def without_seconds(records):
    return [{k: v for k, v in r.items() if k != "seconds"} for r in records]


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory):
    """Train without any stop."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("whole") / "model"
    return run(corpus, folder), (folder / "model.safetensors").read_bytes()


def interrupt_at(monkeypatch, step, kind=signal.SIGINT):
    """Send Ctrl-C, or another signal, in the middle of a step."""
    at_step(monkeypatch, step, lambda: signal.raise_signal(kind))


@pytest.mark.parametrize("step", [1, 7, 17])
def test_ctrl_c_saves_and_the_rest_is_equal_bit_by_bit(
    corpus, whole, tmp_path, monkeypatch, step
):
    # A shell that starts the tests in its background has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        # The signal comes after the step's messages: the next step stops.
        with pytest.raises(KeyboardInterrupt, match=f"after step {step + 1}; .*resume"):
            run(corpus, tmp_path)
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler
    states = [path.name for path in (tmp_path / "states").iterdir()]
    assert states == [f"step-{step + 1:09}.safetensors"]
    assert not (tmp_path / "model.safetensors").exists()
    torch.manual_seed(999)
    resumed = run(corpus, tmp_path, resume=True)
    assert (tmp_path / "model.safetensors").read_bytes() == whole[1]
    assert without_seconds(resumed.records) == without_seconds(whole[0].records)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == resumed.records


def test_saving_changes_nothing_and_keeps_two(corpus, whole, tmp_path):
    run(corpus, tmp_path, save_every=5)
    assert (tmp_path / "model.safetensors").read_bytes() == whole[1]
    states = sorted(path.name for path in (tmp_path / "states").iterdir())
    assert states == ["step-000000020.safetensors", "step-000000024.safetensors"]
    assert not (tmp_path / "run.lock").exists()
    with pytest.raises(ValueError, match=r"finished run or a model \(run.json\)"):
        run(corpus, tmp_path)
    (tmp_path / "states" / states[1]).unlink()
    resumed = run(corpus, tmp_path, resume=True)  # from step 20 to the same end
    assert (tmp_path / "model.safetensors").read_bytes() == whole[1]
    assert without_seconds(resumed.records) == without_seconds(whole[0].records)


def test_another_run_is_refused_with_what_differs(corpus, tmp_path):
    recipe = recipe_for(corpus, steps=2)
    run(corpus, tmp_path, recipe, save_every=1)
    for changes, said in (
        ({"seed": 1}, "recipe seed: 0 then, 1 now"),
        ({"steps": 9}, "recipe steps: 2 then, 9 now"),
        ({"dropout": 0.2}, "model hidden_dropout_prob: 0.1 then, 0.2 now"),
    ):
        with pytest.raises(CheckpointError, match=said):
            run(corpus, tmp_path, replace(recipe, **changes), resume=True)
    other = tmp_path / "other.txt"
    other.write_text((corpus / "text.txt").read_text() + "One more sentence.\n")
    with pytest.raises(CheckpointError, match=r"corpus file 1: \d+ bytes, sha256"):
        pretrain_corpus([other], recipe, output=tmp_path, device=CPU, resume=True)


def test_without_a_state_there_is_nothing_to_resume(corpus, tmp_path):
    with pytest.raises(CheckpointError, match="no training state to resume from"):
        run(corpus, tmp_path / "new", resume=True)
    assert not list(tmp_path.iterdir())


def test_what_is_not_finite_stops_with_the_last_good_state(
    corpus, tmp_path, monkeypatch
):
    from bert_tutorial.training import loop as training

    original = training.Trainer.backward

    def backward(trainer, batches):
        backward.step += 1
        totals = original(trainer, batches)
        return totals * float("nan") if backward.step == 8 else totals

    backward.step = 0
    monkeypatch.setattr(training.Trainer, "backward", backward)
    recipe = recipe_for(corpus, steps=2_000)  # a record every 50 steps
    with pytest.raises(FloatingPointError, match="not finite at step 8"):
        run(corpus, tmp_path, recipe, save_every=3)
    states = sorted(path.name for path in (tmp_path / "states").iterdir())
    assert states == ["step-000000003.safetensors", "step-000000006.safetensors"]


def command(corpus, folder, *more) -> list[str]:
    recipe = recipe_for(corpus)
    return [
        *("pretrain", "--corpus", str(corpus / "text.txt"), "--output", str(folder)),
        *("--config", recipe.config, "--vocab-size", "300", "--steps", str(STEPS)),
        *("--tokens-per-batch", "600", "--max-length", "48", "--dropout", "0.1"),
        *("--accumulation-steps", "2", "--device", "cpu", "--threads", "1", *more),
    ]


LIMITED = """
import resource, sys
from bert_tutorial.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="no limit on the size of files")
def test_a_full_disk_is_one_line_and_leaves_the_old_state(corpus, whole, tmp_path):
    run(corpus, tmp_path, save_every=10)
    for step in (20, STEPS):
        state = tmp_path / "states" / f"step-{step:09}.safetensors"
        state.unlink(missing_ok=True)
    assert not list((tmp_path / "states").iterdir())
    with pytest.MonkeyPatch.context() as patch:
        for name in ("run.json", "model.safetensors"):
            (tmp_path / name).unlink()
        interrupt_at(patch, 9)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        with pytest.raises(KeyboardInterrupt, match="after step 10"):
            run(corpus, tmp_path)
        signal.signal(signal.SIGINT, before)
    half = tmp_path / "states" / ".step-000000009.safetensors.half"
    half.write_text("x")  # as a killed process leaves it
    (tmp_path / ".model.safetensors.abc").write_text("x")
    again = ["--save-every", "10", "--resume"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *command(corpus, tmp_path, *again)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert len(errors) == 1 and "Traceback" not in done.stderr
    assert "step 20 could not be written" in errors[0]
    assert "intact are step-000000010" in errors[0]
    states = [path.name for path in (tmp_path / "states").iterdir()]
    assert states == ["step-000000010.safetensors"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert main([*command(corpus, tmp_path), "--resume"]) == 0
    assert (tmp_path / "model.safetensors").read_bytes() == whole[1]


# --- every kind of training stops and goes on in the same way


def endless(batches):
    """Give the same batches again and again, and tell where one is."""

    class Endless:
        number = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.number += 1
            return batches[(self.number - 1) % len(batches)]

        def state_dict(self):
            return {"number": self.number}

        def load_state_dict(self, state):
            self.number = state["number"]

    return Endless()


def text_batches():
    ids = torch.randint(5, 99, (3, 4, 7), generator=torch.Generator().manual_seed(1))
    labels = torch.full_like(ids, -100)
    labels[:, :, 2] = 7
    relation = torch.tensor([0, 1, -100, 1])
    return endless(
        [
            {"input_ids": one, "labels": two, "next_sentence_label": relation}
            for one, two in zip(ids, labels, strict=True)
        ]
    )


def pretraining(keeper, log_file):
    model = BertForPreTraining(tiny_config(hidden_dropout_prob=0.2))
    plan = TrainingConfig(steps=STEPS, learning_rate=1e-3, log_every=5)
    options = {"device": CPU, "log_file": log_file, "keeper": keeper}
    return model, train(model, text_batches(), plan, **options)


def with_muon(keeper, log_file):
    model = BertForPreTraining(tiny_config(hidden_dropout_prob=0.2))
    plan = TrainingConfig(
        steps=STEPS, learning_rate=3e-3, log_every=5, optimizer="muon"
    )
    options = {"device": CPU, "log_file": log_file, "keeper": keeper}
    records = train(model, text_batches(), plan, **options)
    assert all(record["optimizer"] == "muon" for record in records)
    return model, records


def fine_tuning(keeper, log_file):
    config = tiny_config(hidden_dropout_prob=0.2, num_labels=3)
    model = BertForSequenceClassification(config)
    given = [
        Example([2, 5 + i, 9 + i, 3], [0] * 4, {"labels": i % 3}) for i in range(17)
    ]

    def evaluate(network):
        one = next(network.parameters())
        return {"accuracy": float(one.detach().double().sum().sin())}

    done = fine_tune(
        model,
        given,
        FineTuningConfig(steps=STEPS, batch_size=4, evaluate_every=4),
        evaluate=evaluate,
        device=CPU,
        log_file=log_file,
        keeper=keeper,
    )
    assert {one["step"] for one in done.evaluations} == {4, 8, 12, 16, 20, 24}
    return model, done.records


def pictures(keeper, log_file):
    tokenizer = caption_tokenizer()
    sizes = {"hidden_dropout_prob": 0.2, "vocab_size": len(tokenizer)}
    model = PictureBert(tiny_config(max_position_embeddings=32, **sizes))
    plan = TrainingConfig(steps=STEPS, learning_rate=1e-3, log_every=5)
    options = {"device": CPU, "log_file": log_file, "keeper": keeper}
    batches = PictureBatches(tokenizer, rows=8)
    return model, train(model, batches, plan, loss=PICTURES, **options)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("training", [pretraining, with_muon, fine_tuning, pictures])
def test_a_signal_stops_every_kind_of_training_which_resumes_bit_by_bit(
    training, kind, tmp_path, monkeypatch
):
    def run(name, resume=False, seed=0):
        torch.manual_seed(seed)
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        keeper = StateKeeper(folder, {"run": {}}, 0, resume)
        model, records = training(keeper, folder / "log.jsonl")
        return [p.detach().clone() for p in model.parameters()], records

    weights, records = run("whole")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch:
            interrupt_at(patch, 10, kind)
            with pytest.raises(KeyboardInterrupt, match=r"after step 11; .*resume"):
                run("stopped")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    states = [path.name for path in (tmp_path / "stopped" / "states").iterdir()]
    assert states == ["step-000000011.safetensors"]
    again, more = run("stopped", resume=True, seed=999)
    assert all(map(torch.equal, weights, again))
    assert without_seconds(more) == without_seconds(records)


def test_a_state_of_another_loss_is_refused(tmp_path):
    pretraining(StateKeeper(tmp_path, {}, STEPS), tmp_path / "log.jsonl")
    other = Loss(
        ("loss",),
        lambda model, batch: {"loss": model(batch["input_ids"])[0].sum()},
        lambda batch: {"loss": 1},
    )
    with pytest.raises(CheckpointError, match="sums must be 1, of loss, got 2"):
        train(
            BertForPreTraining(tiny_config()),
            text_batches(),
            TrainingConfig(steps=STEPS),
            loss=other,
            keeper=StateKeeper(tmp_path, {}, resume=True),
            device=CPU,
        )
