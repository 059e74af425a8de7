"""A run gets more seeds, and its summary is of all that are in the folder."""

import json
import random
import re
import shutil
import statistics

import pytest
from conftest import at_step
from conftest import run_command as run

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.tasks.fine_tuning import FineTuningConfig
from bert_tutorial.tasks.run import RunOptions, fine_tune_model
from bert_tutorial.tasks.sentiment.task import SENTIMENT

STEPS = 4


def table(file, seed=0):
    draw = random.Random(seed)
    lines = ["text\tlabel"]
    for _ in range(30):
        words = [draw.choice(["cat", "dog", "man", "good", "bad"]) for _ in range(4)]
        lines.append(f"{' '.join(words)}\t{'good' in words}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def tune(tmp_path):
    """Run so many seeds into a folder; give the reports and what was said."""
    files = [table(tmp_path / f"{seed}.tsv", seed) for seed in range(3)]

    def go(seeds, steps=STEPS, resume=True, train=0, **options):
        said = []
        reports = fine_tune_model(
            SENTIMENT,
            shipped_weights(),
            files[train],
            tmp_path / "m",
            dev=files[1],
            test=files[2],
            recipe=FineTuningConfig(steps=steps, batch_size=8, learning_rate=1e-3),
            options=RunOptions(seeds=seeds, resume=resume, save_every=1, **options),
            say=said.append,
        )
        return reports, said

    return go


def summary(folder):
    return json.loads((folder / "seeds.json").read_text())


def assert_sums_up(folder, seeds):
    """The numbers are those of the reports in the folders, computed anew."""
    found = summary(folder)
    assert found["seeds"] == seeds
    reports = [
        json.loads((folder / f"seed-{seed}" / "run.json").read_text()) for seed in seeds
    ]
    for part in ("best_dev", "last_dev", "test"):
        values = [report[part]["macro_f1"] for report in reports]
        mean, deviation = found[part]["macro_f1"]
        assert mean == pytest.approx(statistics.mean(values), abs=1e-4)
        assert deviation == pytest.approx(statistics.stdev(values), abs=1e-4)


@pytest.mark.parametrize("more", [(3, 4), (3,), (4, 0)], ids=str)
def test_seeds_that_come_later_are_summed_up_with_those_of_before(tune, tmp_path, more):
    tune((0, 1, 2), resume=False)
    reports, said = tune(more)
    assert [one["recipe"]["seed"] for one in reports] == list(more)
    seeds = sorted({0, 1, 2, *more})
    assert_sums_up(tmp_path / "m", seeds)
    told = ", ".join(map(str, seeds))
    assert f"{tmp_path / 'm' / 'seeds.json'} is of seeds {told}" in said
    assert any(
        line.startswith(f"all {len(seeds)} seeds: test accuracy") for line in said
    )
    assert not (tmp_path / "m" / "run.json").exists()


def test_some_of_the_seeds_again_forget_none(tune, tmp_path):
    tune((0, 1, 2), resume=False)
    before = summary(tmp_path / "m")
    reports, _ = tune((1, 2))
    assert [one["recipe"]["seed"] for one in reports] == [1, 2]
    assert summary(tmp_path / "m") == before
    tune((1,))
    assert summary(tmp_path / "m") == before


def test_all_seeds_at_once_say_nothing_of_before(tune, tmp_path):
    _, first = tune((0, 1), resume=False)
    _, again = tune((1, 0))
    assert_sums_up(tmp_path / "m", [0, 1])
    assert not any("seeds.json" in line for line in first + again)


def test_a_seed_of_a_run_that_was_stopped_goes_on_by_itself(
    tune, tmp_path, monkeypatch
):
    def stop():
        raise MemoryError

    with monkeypatch.context() as patch:
        at_step(patch, STEPS - 1, stop)
        with pytest.raises(MemoryError):
            tune((0, 1), resume=False)
    assert not (tmp_path / "m" / "seeds.json").exists()
    _, said = tune((1,))
    left_out = f"{tmp_path / 'm' / 'seed-0'}: the run is not finished, so seeds.json"
    assert any(line.startswith(left_out) for line in said)
    assert summary(tmp_path / "m")["seeds"] == [1]
    tune((0,))
    assert_sums_up(tmp_path / "m", [0, 1])
    state = tmp_path / "m" / "states"
    assert not state.exists(), "no run of its own beside the seeds"


def test_seeds_of_other_steps_are_left_out_and_that_is_said_before_the_work(
    tune, tmp_path, monkeypatch
):
    tune((0, 1), resume=False)
    _, said = tune((0, 2), steps=2 * STEPS)
    left_out = (
        f"{tmp_path / 'm' / 'seed-1'}: the run had {STEPS} steps, not {2 * STEPS}, so "
        "seeds.json is without this seed"
    )
    going_on = next(line for line in said if line.startswith("going on"))
    assert said.index(left_out) < said.index(going_on)
    assert_sums_up(tmp_path / "m", [0, 2])
    tune((1,), steps=2 * STEPS)
    assert_sums_up(tmp_path / "m", [0, 1, 2])


def test_seeds_of_another_run_are_refused_before_anything_is_replaced(tune, tmp_path):
    tune((0, 1), resume=False)
    before = summary(tmp_path / "m")
    folder = re.escape(str(tmp_path / "m" / "seed-0"))
    with pytest.raises(CheckpointError, match=f"^{folder}: .* data train: .* then, "):
        tune((2, 3), train=2)
    with pytest.raises(CheckpointError, match=f"^{folder}: .*class_weights"):
        tune((2,), is_weighted=True)
    assert summary(tmp_path / "m") == before
    assert not list((tmp_path / "m").glob("seed-[23]"))


def test_a_folder_that_only_looks_like_a_seeds_is_left_out(tune, tmp_path):
    tune((0, 1), resume=False)
    home = tmp_path / "m"
    (home / "seed-old").mkdir()
    (home / "seed-7").mkdir()
    (home / "seed-07").mkdir()
    shutil.copytree(home / "seed-0", home / "seed-8")
    (home / "seed-8" / "run.json").write_text("{}")
    (home / "seed-9").mkdir()
    (home / "seed-9" / "run.json").write_text("{")
    _, said = tune((2,))
    assert_sums_up(home, [0, 1, 2])
    told = [line for line in said if line.endswith("seeds.json is without this seed")]
    assert [re.search(r"seed-\d+", line)[0] for line in told] == [
        "seed-7",
        "seed-8",
        "seed-9",
    ]


def test_the_folder_of_a_single_run_stays_that_of_one(tune, tmp_path):
    tune((0,), resume=False)
    (tmp_path / "m" / "seed-1").mkdir()
    (report,), _ = tune((0,), steps=2 * STEPS)
    assert report["recipe"]["steps"] == 2 * STEPS
    assert not (tmp_path / "m" / "seeds.json").exists()
    with pytest.raises(UserError, match=r"\(run.json\), which would be replaced"):
        tune((0, 1))


def test_the_commands_that_are_told_next_have_a_model(tmp_path, capsys):
    file, folder = table(tmp_path / "a.tsv"), tmp_path / "m"
    command = ["finetune", "--task", "sentiment", "--data", file, "--steps", "2"]
    command += ["--output", folder, "--threads", "1", "--device", "cpu", "--seeds"]
    for seeds in (["0", "1"], ["2", "--resume"], ["1", "--resume"]):
        code, out, err = run(capsys, *command, *seeds)
        assert code == 0, err
        assert f"predict --input FILE --model {folder / f'seed-{seeds[0]}'}\n" in out
        assert (folder / f"seed-{seeds[0]}" / "model.safetensors").is_file()
    assert "seeds.json is of seeds 0, 1, 2\n" in out
    assert summary(folder) == {"seeds": [0, 1, 2]}  # without dev or test: no scores
