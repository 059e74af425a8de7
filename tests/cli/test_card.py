"""The card of a model: what it says, what its rubric finds, remedies that work."""

import hashlib
import itertools
import json
import shutil

import pytest

from bert_tutorial.cli.main import main
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.card import Line, model_card, read_run, rubric

LINES = ("data card", "leak test", "baselines", "several seeds", "control run")
TOLD = "# Source\n\nours\n\n# Licence\n\nnone needed\n\n# Gaps\n\nletters only\n"


def run(*words):
    assert main([str(word) for word in words]) == 0


def passed(folder, *beside):
    lines = rubric(read_run(folder), [read_run(one) for one in beside])
    assert tuple(line.name for line in lines) == LINES
    return {line.name for line in lines if not line.remedy}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Runs on a corpus: three seeds and a control; and a task with a control."""
    folder = tmp_path_factory.mktemp("card")
    letters = list(itertools.permutations("abcdefg", 3))
    documents = [f"{x} {y} {z} and {x}.\n{y} {z} then {x} {y}." for x, y, z in letters]
    (folder / "text.txt").write_text("\n\n".join(documents), encoding="utf-8")
    for name, rows in {"train": letters[:40], "test": letters[30:60]}.items():
        lines = [f"{' '.join(row)}\t{row[0] < row[1]}" for row in rows]
        text = "\n".join(["text\tlabel", *lines])
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8")
    common = ["pretrain", "--corpus", folder / "text.txt", "--vocab-size", 40]
    common += ["--max-length", 16, "--tokens-per-batch", 128, "--device", "cpu"]
    for seed in (0, 1, 2):
        run(*common, "--steps", 2, "--seed", seed, "--output", folder / f"p{seed}")
    run(*common, "--steps", 1, "--output", folder / "p-control")
    tune = ["finetune", "--task", "sentiment", "--data", folder / "train.tsv"]
    tune += ["--test", folder / "test.tsv", "--steps", 2, "--device", "cpu"]
    tune += ["--seeds", 0, 1, 2, "--model"]
    run(*tune, folder / "p0", "--output", folder / "t")
    run(*tune, folder / "p-control", "--output", folder / "t-control")
    return folder


@pytest.fixture
def task(home, tmp_path):
    """A copy of the fine-tuned folder, to write into."""
    return shutil.copytree(home / "t", tmp_path / "task")


def test_the_remedies_for_a_corpus_make_each_line_pass(home):
    folder = home / "p0"
    assert passed(folder) == {"leak test", "baselines"}
    assert passed(folder, home / "p-control") == {
        "leak test",
        "baselines",
        "control run",
    }
    seeds = [home / "p1", home / "p2"]
    assert "several seeds" in passed(folder, *seeds)
    assert "several seeds" not in passed(folder, home / "p1", home / "p1")
    (folder / "DATA.md").write_text(TOLD, encoding="utf-8")
    assert passed(folder, *seeds, home / "p-control") == set(LINES)
    (folder / "DATA.md").unlink()


def test_the_remedies_for_a_task_make_each_line_pass(home, task):
    assert passed(task) == {"leak test", "several seeds", "baselines"}
    file = task / "seed-0" / "run.json"
    report = json.loads(file.read_text())
    majority = report["test"].pop("majority")
    assert f"majority: {majority:.4f}\n" in model_card(read_run(task))
    file.write_text(json.dumps(report))
    assert passed(task) == {"leak test", "several seeds"}
    (task / "baselines.json").write_text('{"most frequent label": 0.5}')
    assert "baselines" in passed(task)
    assert "control run" in passed(task, home / "t-control")
    (task / "DATA.md").write_text(TOLD.replace("none needed", ""), encoding="utf-8")
    (line,) = [one for one in rubric(read_run(task)) if one.name == "data card"]
    assert "# Licence" in line.remedy and "# Source" not in line.remedy
    (task / "DATA.md").write_text(TOLD, encoding="utf-8")
    assert passed(task, home / "t-control") == set(LINES)


def test_a_seed_alone_of_a_task_has_one_seed(home):
    assert "several seeds" not in passed(home / "t" / "seed-0")
    assert "1 seed with a figure, of" in model_card(read_run(home / "t" / "seed-0"))
    others = [home / "t" / f"seed-{seed}" for seed in (1, 2)]
    assert "several seeds" in passed(home / "t" / "seed-0", *others)


def test_other_data_is_no_control_and_no_seed(home):
    found = passed(home / "p0", home / "t", shipped_weights(), home / "p0")
    assert found == {"leak test", "baselines"}


def test_the_leaks_are_those_of_the_files(home):
    report = json.loads((home / "t" / "seed-0" / "run.json").read_text())
    assert report["leaks"] == {"test": {"texts": 30, "in_training": 10}}
    text = model_card(read_run(home / "t"))
    assert "test: 10 of 30 texts in training, too" in text


def test_held_out_sentences_of_a_corpus_are_compared(home):
    report = json.loads((home / "p0" / "run.json").read_text())
    assert report["leaks"]["held-out"]["texts"] > 0
    digest = hashlib.sha256((home / "text.txt").read_bytes()).hexdigest()
    assert digest in report["corpus"]["file 1"]
    assert digest in model_card(read_run(home / "p0"))


def test_the_card_of_a_task_says_what_was_measured(home, task):
    (task / "baselines.json").write_text('{"most frequent label": 0.5}')
    text = model_card(read_run(task), [read_run(home / "t-control")])
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "What it is",
        "Data",
        "Recipe",
        "Results",
        "Rubric",
        "Limits",
    ]
    seeds = json.loads((task / "seeds.json").read_text())
    mean, deviation = seeds["test"]["accuracy"]
    found = f"3 seeds: mean {mean:.4f}, standard deviation {deviation:.4f}"
    assert found in text
    assert "most frequent label: 0.5000" in text
    control = json.loads((home / "t-control" / "seeds.json").read_text())
    mean = control["test"]["accuracy"][0]
    assert f"t-control (control, other model): {mean:.4f}, the mean of 3" in text
    weights = task / "seed-0" / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in text
    assert "BertForSequenceClassification" in text


def test_what_is_missing_is_among_the_limits(home):
    limits = model_card(read_run(home / "p0")).split("## Limits")[1]
    assert "another seed may give another figure" in limits
    assert "a simpler method may do as well" not in limits


def test_the_shipped_models_have_cards():
    run = read_run("mini-world")
    lines = {line.name: line for line in rubric(run)}
    assert lines["leak test"].seen == "0 of 718 held-out wordings in the corpus"
    assert not lines["data card"].remedy
    assert "untrained 0.5%, majority 28.4%" in model_card(run)
    english = model_card(read_run("english"))
    assert "report.json is there, in a form of its own" in english
    assert "the figures may come from texts that were trained on" in english


def test_strict_returns_1_until_nothing_is_missing(home, task, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["card", str(task), "--strict"])
    assert stop.value.code == 1
    assert capsys.readouterr().out.splitlines()[-1] == "2 missing"
    assert main(["card", str(task)]) == 0
    (task / "DATA.md").write_text(TOLD, encoding="utf-8")
    command = ["card", str(task), "--beside", str(home / "t-control"), "--strict"]
    capsys.readouterr()
    assert main([*command, "--output", str(tmp_path / "CARD.md")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "nothing is missing"
    assert [line.split("  ")[0] for line in printed[:5]] == ["pass"] * 5
    assert (tmp_path / "CARD.md").read_text(encoding="utf-8").startswith("# Model card")
    assert main([*command, "--output", str(tmp_path / "CARD.md")]) == 0  # its own card


def test_each_missing_line_has_its_remedy_below(task, tmp_path, capsys):
    assert main(["card", str(task), "--output", str(tmp_path / "CARD.md")]) == 0
    printed = capsys.readouterr().out.splitlines()
    for i, line in enumerate(printed):
        if line.startswith("missing"):
            assert printed[i + 1].strip().startswith("remedy: ")
    assert sum(line.startswith("missing") for line in printed) == 2


def refused(capsys, *words):
    assert main(["card", *map(str, words)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1
    return told


def test_what_is_no_model_folder_is_refused_in_one_line(home, tmp_path, capsys):
    assert "not a folder" in refused(capsys, tmp_path / "nothing")
    assert "no config.json" in refused(capsys, tmp_path)
    assert "not a folder" in refused(capsys, home / "p0", "--beside", tmp_path / "no")
    (tmp_path / "seeds.json").write_text('{"seeds": []}')
    assert "must list the seeds" in refused(capsys, tmp_path)
    (tmp_path / "seeds.json").write_text('{"seeds": [4]}')
    assert "seed-4" in refused(capsys, tmp_path)


def test_a_run_in_shards_has_a_card_and_a_leak_test(home, tmp_path):
    command = ["pretrain", "--corpus", home / "text.txt", "--vocab-size", 40]
    command += ["--max-length", 16, "--tokens-per-batch", 128, "--device", "cpu"]
    run(*command, "--steps", 1, "--shards", "--output", tmp_path / "m")
    assert passed(tmp_path / "m") == {"leak test", "baselines"}
    size = (home / "text.txt").stat().st_size
    card = model_card(read_run(tmp_path / "m"))
    assert f"{size:,} bytes of text, read in shards of {size // 20} bytes; one" in card
    report = json.loads((tmp_path / "m" / "run.json").read_text())
    found = report["leaks"]["held-out"]
    assert found["texts"] > 0
    counts = f"{found['in_training']} of {found['texts']} texts in training, too"
    assert f"held-out: {counts}\n" in card
    found["share_read"] = 0.25
    (tmp_path / "m" / "run.json").write_text(json.dumps(report))
    card = model_card(read_run(tmp_path / "m"))
    assert f"{counts} (in the 25.0% of it that was compared)\n" in card


def test_a_test_that_was_judged_again_is_said(task):
    file = task / "seed-0" / "run.json"
    report = json.loads(file.read_text())
    assert "was judged" not in model_card(read_run(task))
    report["earlier"] = [{"steps": 1, "best_dev": None, "test": report["test"]}]
    file.write_text(json.dumps(report))
    assert "the test was judged 2 times" in model_card(read_run(task))


DAMAGED = (
    '{"task": "sentiment"}',
    '{"task": "sentiment", "recipe": 3}',
    '{"task": "s", "metric": "a", "recipe": {"seed": 0}, "test": {"a": "x"}}',
    '{"task": "s", "metric": "accuracy", "recipe": {"seed": 0}, "rows": 1,'
    '"skipped": 0, "test": {"accuracy": 1, "majority": "x"}}',
    '{"task": "s", "metric": "a", "recipe": {"seed": 0}, "rows": 1, "skipped": 0,'
    '"test": {"a": 1}, "earlier": [3]}',
    '{"unigram_entropy": 1, "recipe": {"seed": 0}, "validation": []}',
    '{"unigram_entropy": 1, "recipe": {"seed": 0}, "leaks": 3, "documents": 1,'
    '"training_tokens": 1, "uniform": 1, "validation": {"masked_lm": 1,'
    '"masked_places": 1}}',
    "[]",
    "{",
)


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_report_is_refused_in_one_line(home, tmp_path, capsys, text):
    folder = shutil.copytree(home / "p0", tmp_path / "m")
    (folder / "run.json").write_text(text)
    refused(capsys, folder)


@pytest.mark.parametrize("key", ["recipe", "mix", "trained", "untrained"])
def test_a_damaged_report_of_a_world_is_refused_in_one_line(tmp_path, capsys, key):
    folder = shutil.copytree(shipped_weights(), tmp_path / "m")
    report = json.loads((folder / "report.json").read_text())
    report[key] = [0]
    (folder / "report.json").write_text(json.dumps(report))
    refused(capsys, folder)


@pytest.mark.parametrize("text", ['{"majority": "half"}', '{"majority": true}', "3"])
def test_damaged_baselines_are_refused_in_one_line(task, capsys, text):
    (task / "baselines.json").write_text(text)
    refused(capsys, task)


def test_no_other_file_is_written_over(task, tmp_path, capsys):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    assert "no card" in refused(capsys, task, "--output", file)
    assert file.read_text() == "mine"
    assert "is a folder" in refused(capsys, task, "--output", tmp_path)
    assert "make it first" in refused(capsys, task, "--output", tmp_path / "x" / "y")


def test_a_line_without_remedy_passes():
    assert Line("seeds", "three").remedy == ""
