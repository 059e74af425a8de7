"""A run goes on in the precision that it was begun in, by whatever word it is asked."""

import json
import random

import pytest
import torch
from conftest import at_step, tiny_config
from conftest import run_command as run

from bert_tutorial.model.bert import BertModel
from bert_tutorial.training import device as device_module
from bert_tutorial.training import keeper as keeper_module
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.keeper import StateKeeper
from bert_tutorial.training.loop import Trainer
from bert_tutorial.training.states import State, newest_state, write_state

STEPS = 3
# On a processor with instructions for bfloat16 or without: the first word, the second
# (None is the default), and what is said where the second is another precision.
WORDS = [
    (False, None, "float32", ""),
    (False, "float32", None, ""),
    (False, None, "auto", ""),
    (False, "auto", "float32", ""),
    (True, None, "float32", ""),
    (True, "auto", "bfloat16", ""),
    (True, None, "auto", "recipe precision: float32 then, bfloat16 now"),
    (True, "auto", "float32", "recipe precision: bfloat16 then, float32 now"),
    (True, "bfloat16", None, "recipe precision: bfloat16 then, float32 now"),
]


@pytest.fixture(params=["finetune", "pretrain"])
def command(request, tmp_path):
    """Give a short run of each command that trains and takes a precision."""
    draw = random.Random(0)
    if request.param == "finetune":
        file = tmp_path / "a.tsv"
        lines = [f"a {draw.choice(['cat', 'dog'])}\t{i % 2}" for i in range(20)]
        file.write_text("\n".join(["text\tlabel", *lines]) + "\n")
        words = ["finetune", "--task", "sentiment", "--data", file, "--batch-size", "4"]
    else:
        file = tmp_path / "a.txt"
        file.write_text("a b.\nb c.\n\nc d.\nd a.\n\na c.\nb d.\n\na d.\n" * 9)
        words = ["pretrain", "--corpus", file, "--vocab-size", "30"]
        words += ["--max-length", "16", "--tokens-per-batch", "64"]
    words += ["--device", "cpu", "--threads", "1", "--steps", str(STEPS)]
    return [*words, "--output", tmp_path / "model"]


def asked(precision):
    return [] if precision is None else ["--precision", precision]


@pytest.fixture
def multiplies(monkeypatch):
    """Say whether the processor has instructions for bfloat16."""

    def say(is_so):
        monkeypatch.setattr(device_module, "has_bfloat16", lambda device: is_so)

    return say


@pytest.mark.parametrize("is_stopped", [False, True], ids=["finished", "stopped"])
@pytest.mark.parametrize(("has_bfloat16", "first", "second", "said"), WORDS)
def test_what_was_used_is_compared_and_not_the_word_for_it(
    command,
    multiplies,
    monkeypatch,
    capsys,
    has_bfloat16,
    first,
    second,
    said,
    is_stopped,
):
    multiplies(has_bfloat16)

    def stop():
        raise MemoryError

    begin = [*command, "--save-every", "1", *asked(first)]
    if is_stopped:
        with monkeypatch.context() as patch, pytest.raises(MemoryError):
            at_step(patch, STEPS, stop)
            run(capsys, *begin)
    else:
        assert run(capsys, *begin)[0] == 0
    code, _, err = run(capsys, *command, "--resume", *asked(second))
    if said:
        assert code == 2 and said in err and err.count("error") == 1
    else:
        assert code == 0, err


def test_a_finished_run_gets_more_steps_by_another_word(command, multiplies, capsys):
    multiplies(False)
    assert run(capsys, *command)[0] == 0
    more = ["--steps", str(2 * STEPS), "--precision", "float32"]
    how = ["--resume", "longer"] if command[0] == "pretrain" else ["--resume"]
    code, _, err = run(capsys, *command, *more, *how)
    assert code == 0, err
    report = json.loads((command[-1] / "run.json").read_text())
    assert report["precision"] == "float32" and report["recipe"]["steps"] == 2 * STEPS


def test_a_run_may_go_on_elsewhere_by_the_same_word(command, multiplies, capsys):
    """The default of a device is its own, and so is what auto comes to."""
    multiplies(True)
    assert run(capsys, *command, "--precision", "auto")[0] == 0
    multiplies(False)
    code, _, err = run(capsys, *command, "--precision", "auto", "--resume")
    assert code == 0, err
    multiplies(True)
    code, _, err = run(capsys, *command, "--precision", "float32", "--resume")
    assert code == 2 and "bfloat16 then, float32 now" in err


def test_a_state_and_a_report_that_do_not_say_it_are_of_this_device(
    command, multiplies, capsys
):
    """So are those that were written before it was compared."""
    multiplies(False)
    assert run(capsys, *command)[0] == 0
    folder = command[-1]
    state = newest_state(folder / "states")
    values = {key: one for key, one in state.values.items() if key != "precision"}
    assert values != state.values
    write_state(folder / "states", values["step"], State(state.tensors, values))
    if command[0] == "finetune":
        report = json.loads((folder / "run.json").read_text())
        assert report.pop("precision") == "float32"
        (folder / "run.json").write_text(json.dumps(report))
    code, _, err = run(capsys, *command, "--resume", "--precision", "float32")
    assert code == 0, err


def test_the_other_choices_are_compared_before_any_work(command, capsys, monkeypatch):
    assert run(capsys, *command)[0] == 0

    def restored(*_):
        raise AssertionError

    monkeypatch.setattr(keeper_module.StateKeeper, "restore", restored)
    other = ["--learning-rate", "0.01", "--precision", "float32"]
    code, _, err = run(capsys, *command, "--resume", *other)
    assert code == 2 and "recipe learning_rate: " in err and "precision:" not in err


def test_a_state_says_what_it_was_computed_in(tmp_path):
    """Not what its recipe says, which may be of another device, or not there."""
    plan = TrainingConfig(steps=1, precision="float32")
    trainer = Trainer(BertModel(tiny_config()), plan, torch.device("cpu"))
    keeper = StateKeeper(tmp_path, {"recipe": {"precision": "auto"}})
    trainer.dtype = torch.float16

    class Batches:
        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    class Window:
        def check(self):
            pass

        def state(self):
            return {}, {}

    keeper.save(1, trainer, Window(), Batches())
    assert newest_state(tmp_path / "states").values["precision"] == "float16"
