"""A finished fine-tuning run goes on to more steps, bit by bit as its schedule says."""

import json
import random
import shutil

import pytest
import torch
from conftest import at_step

from bert_tutorial.cli.main import main
from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tasks import fine_tuning
from bert_tutorial.tasks.fine_tuning import FineTuningConfig
from bert_tutorial.tasks.run import RunOptions, fine_tune_model
from bert_tutorial.tasks.sentiment.task import SENTIMENT
from bert_tutorial.tasks.task import Reading
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training import loop

FIRST, ALL = 6, 12


def table(file, rows=40, seed=0):
    rng = random.Random(seed)
    lines = ["text\tlabel"]
    for _ in range(rows):
        words = [rng.choice(["cat", "dog", "man", "good", "bad"]) for _ in range(4)]
        lines.append(f"{' '.join(words)}\t{'good' in words}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def tune(tmp_path):
    """Run into a folder of that name; dropout and two evaluations are part of it."""
    files = [table(tmp_path / f"{seed}.tsv", seed=seed) for seed in range(3)]

    def run(name, steps, say=None, patience=None, **options):
        return fine_tune_model(
            SENTIMENT,
            shipped_weights(),
            files[0],
            tmp_path / name,
            dev=files[1],
            test=files[2],
            recipe=FineTuningConfig(
                steps=steps,
                batch_size=8,
                learning_rate=1e-3,
                evaluate_every=3,
                patience=patience,
            ),
            options=RunOptions(**({"dropout": 0.2, "save_every": 4} | options)),
            say=say,
        )

    return run


def records(folder):
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


def assert_same(one, other):
    for name in ("model.safetensors", "config.json", "vocab.txt"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert records(one) == records(other)


def rates_in_two_parts(monkeypatch):
    """Let a run of ALL steps have, up to FIRST, the learning rates of so many."""
    original = loop.Trainer.rate

    def rate(trainer, step):
        if step > FIRST:
            return original(trainer, step)
        config = trainer.config
        return config.learning_rate * loop.linear_schedule(
            step, FIRST + 1, max(1, round(FIRST * config.warmup_fraction))
        )

    monkeypatch.setattr(loop.Trainer, "rate", rate)


def test_it_goes_on_as_if_it_had_never_ended(tune, tmp_path, monkeypatch):
    tune("two", FIRST)
    said = []
    (report,) = tune("two", ALL, said.append, resume=True)
    (line,) = [line for line in said if line.startswith("going on")]
    assert line.startswith(f"going on from step {FIRST} to {ALL}; the learning rate")
    with monkeypatch.context() as patch:
        rates_in_two_parts(patch)
        (whole,) = tune("one", ALL)
    assert_same(tmp_path / "one", tmp_path / "two")
    shared = [key for key in whole if key not in ("earlier", "identity")]
    assert {key: report[key] for key in shared} == {key: whole[key] for key in shared}


def test_the_line_about_the_learning_rate_is_true(tune, tmp_path, monkeypatch):
    tune("two", FIRST)
    tune("two", ALL, resume=True)
    tune("one", ALL)
    weights = [
        (tmp_path / n / "model.safetensors").read_bytes() for n in ("one", "two")
    ]
    assert weights[0] != weights[1]
    monkeypatch.setattr(loop.Trainer, "rate", lambda trainer, step: 1e-3)
    tune("two flat", FIRST)
    tune("two flat", ALL, resume=True)
    tune("one flat", ALL)
    assert_same(tmp_path / "one flat", tmp_path / "two flat")


def run_out_of_memory():
    raise MemoryError


def test_a_longer_run_that_is_stopped_goes_on_bit_equal(tune, tmp_path, monkeypatch):
    tune("whole", FIRST)
    shutil.copytree(tmp_path / "whole", tmp_path / "broken")
    tune("whole", ALL, resume=True)
    with monkeypatch.context() as patch:
        at_step(patch, 10, run_out_of_memory)
        with pytest.raises(MemoryError):
            tune("broken", ALL, resume=True)
    report = json.loads((tmp_path / "broken" / "run.json").read_text())
    assert report["recipe"]["steps"] == FIRST, "the model that is there is the old one"
    tune("broken", ALL, resume=True)
    assert_same(tmp_path / "whole", tmp_path / "broken")
    whole, broken = (
        json.loads((tmp_path / name / "run.json").read_text())
        for name in ("whole", "broken")
    )
    assert whole == broken


def test_the_report_keeps_what_was_measured_before(tune, tmp_path):
    (first,) = tune("a", FIRST)
    assert "earlier" not in first
    (second,) = tune("a", 8, resume=True)
    (third,) = tune("a", ALL, resume=True)
    kept = [
        {"steps": steps, "best_dev": one["best_dev"], "test": one["test"]}
        for steps, one in ((FIRST, first), (8, second))
    ]
    assert third["earlier"] == kept
    assert tune("a", ALL, resume=True) == [third], "what is over stays as it is"
    states = [state.name for state in (tmp_path / "a" / "states").iterdir()]
    assert states == [f"step-{ALL:09}.safetensors"]


def test_each_seed_goes_on(tune, tmp_path):
    tune("a", FIRST, seeds=(0, 1))
    reports = tune("a", ALL, resume=True, seeds=(0, 1))
    assert [one["recipe"]["steps"] for one in reports] == [ALL, ALL]
    assert [one["earlier"][0]["steps"] for one in reports] == [FIRST, FIRST]
    assert json.loads((tmp_path / "a" / "seeds.json").read_text())["seeds"] == [0, 1]


def test_a_run_that_was_stopped_may_be_longer_if_that_is_said(tune, monkeypatch):
    with monkeypatch.context() as patch:
        at_step(patch, 5, run_out_of_memory)
        with pytest.raises(MemoryError):
            tune("a", FIRST)
    with pytest.raises(CheckpointError, match="recipe steps: 6 then, 12 now"):
        tune("a", ALL, resume=True)
    (report,) = tune("a", ALL, resume=True, longer=True)
    assert report["last_dev"]["step"] == ALL


def test_what_cannot_go_on_says_why(tune, tmp_path):
    tune("a", FIRST)
    with pytest.raises(UserError, match=r"finished run.*more steps \(--resume"):
        tune("a", ALL)
    with pytest.raises(UserError, match="must be more than the 6"):
        tune("a", 4, resume=True)
    with pytest.raises(CheckpointError, match=r"dropout_prob: 0\.2 then, 0\.1 now"):
        tune("a", ALL, resume=True, dropout=0.1)
    shutil.rmtree(tmp_path / "a" / "states")
    with pytest.raises(UserError, match="no training state to go on from"):
        tune("a", ALL, resume=True)
    (report,) = tune("b", 60, patience=1)
    assert report["last_dev"]["step"] < 60
    with pytest.raises(UserError, match=r"patience \(1\) was over"):
        tune("b", 90, resume=True, patience=1)


def test_the_command_line_names_the_way_and_the_number_of_looks(tmp_path, capsys):
    train, test = table(tmp_path / "a.tsv"), table(tmp_path / "b.tsv", seed=1)
    command = ["finetune", "--task", "sentiment", "--data", train, "--test", test]
    command += ["--model", "mini-world", "--output", tmp_path / "m"]
    command = [*map(str, command), "--batch-size", "8", "--device", "cpu"]
    assert main([*command, "--epochs", "1"]) == 0
    assert "judged once" in capsys.readouterr().out
    assert main([*command, "--epochs", "1", "--resume"]) == 0
    assert "judged once" in capsys.readouterr().out
    assert main([*command, "--epochs", "2", "--resume"]) == 0
    out = capsys.readouterr().out
    assert "going on from step 5 to 10" in out
    first = json.loads((tmp_path / "m" / "run.json").read_text())["earlier"][0]["test"]
    assert f"judged 2 times: {first['accuracy']:.4f} after 5 steps before" in out
    assert main([*command, "--epochs", "1", "--resume"]) == 2
    assert "must be more than the 10" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mine", "seed-3", "my-seed-model"])
def test_without_a_state_there_is_nothing_to_go_on_with(tune, name):
    """Whatever the folder is called; only one of several seeds may be new."""
    with pytest.raises(CheckpointError, match=r"no training state|states"):
        tune(name, FIRST, resume=True)


def test_of_several_seeds_one_that_was_not_begun_is_begun(tune, tmp_path):
    tune("both", FIRST, seeds=(0,), longer=False)
    whole = tune("whole", FIRST, seeds=(0, 1))
    shutil.rmtree(tmp_path / "whole" / "seed-1")
    again = tune("whole", FIRST, seeds=(0, 1), resume=True)
    assert [one["test"] for one in again] == [one["test"] for one in whole]


def test_a_patience_that_was_over_with_the_last_step_is_told(tune, monkeypatch):
    """There the run was not cut short, and more steps would change nothing."""
    judge, falling = fine_tuning.DevScores.judge, iter([0.9, 0.5])

    def worse(scores, step, found, model):
        judge(scores, step, found | {"accuracy": next(falling)}, model)

    monkeypatch.setattr(fine_tuning.DevScores, "judge", worse)
    (report,) = tune("c", FIRST, patience=1)
    assert report["last_dev"]["step"] == FIRST
    with pytest.raises(UserError, match=r"patience \(1\) of the run was over with its"):
        tune("c", ALL, resume=True, patience=1)


def test_other_columns_are_another_run(tmp_path):
    file, twice = tmp_path / "a.tsv", "good cat\tbad dog\tyes\nbad cat\tgood dog\tno\n"
    file.write_text("one\ttwo\tlabel\n" + 8 * twice, encoding="utf-8")

    def run(column, resume):
        return fine_tune_model(
            SENTIMENT,
            shipped_weights(),
            file,
            tmp_path / "m",
            recipe=FineTuningConfig(steps=2, batch_size=8, learning_rate=1e-3),
            options=RunOptions(resume=resume),
            reading=Reading(columns={"text": column, "label": "label"}),
        )

    first = run("one", False)
    with pytest.raises(CheckpointError, match=r"data train: .*one.*two"):
        run("two", True)
    assert run("one", True) == first


def test_the_vocabulary_of_somebody_else_is_kept(tune, tmp_path):
    for name in ("vocab.txt", "tokenizer.json"):
        folder = tmp_path / name[:5]
        folder.mkdir()
        (folder / name).write_text("[PAD]\nmine\n", encoding="utf-8")
        with pytest.raises(UserError, match=r"another (vocabulary|tokenizer), which"):
            tune(folder.name, FIRST)
        assert (folder / name).read_text(encoding="utf-8") == "[PAD]\nmine\n"


LABELS = {
    "in another order": (("True", "False"), True),
    "for other things": (("angry", "glad"), False),
}


@pytest.mark.parametrize("name", LABELS)
def test_a_classifier_is_taken_for_the_labels_that_it_has(tune, tmp_path, name):
    """With the labels in its own order; one for others begins from random weights."""
    labels, is_kept = LABELS[name]
    base = BertForSequenceClassification.from_pretrained(
        shipped_weights(), id2label=labels, allow_bin=False
    )
    torch.nn.init.constant_(base.classifier.bias, 7.0)
    base.save_pretrained(tmp_path / "base")
    BertTokenizer.from_pretrained(shipped_weights()).save(tmp_path / "base", 64)
    said = []
    fine_tune_model(
        SENTIMENT,
        tmp_path / "base",
        table(tmp_path / "t.tsv"),
        tmp_path / "m",
        recipe=FineTuningConfig(steps=1, batch_size=8, learning_rate=1e-6),
        options=RunOptions(),
        say=said.append,
    )
    tuned = BertForSequenceClassification.from_pretrained(tmp_path / "m")
    assert bool((tuned.classifier.bias > 6).all()) == is_kept
    expected = labels if is_kept else ("False", "True")
    assert tuple(tuned.config.id2label) == expected
    told = any("its classifier is for angry, glad" in line for line in said)
    assert told != is_kept
