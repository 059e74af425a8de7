"""Fine-tuning from the command line: each task end to end, mistakes, kill -9."""

import json
import random
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from conftest import run_command as run
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training import device as device_module

QUICK = ("--threads", "1", "--device", "cpu", "--batch-size", "8")


def reviews(path, number=60, seed=0):
    """Write reviews that one word decides."""
    draw = random.Random(seed)
    words = {"good": ("lovely", "elegant"), "poor": ("dull", "bland")}
    rows = ["sentence\tlabel"]
    for _ in range(number):
        label = draw.choice(sorted(words))
        thing = draw.choice(("room", "meal", "book"))
        rows.append(f"the {thing} was {draw.choice(words[label])} .\t{label}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def sentences(path, number=40, seed=0):
    """Write sentences of people and cities as CoNLL."""
    draw = random.Random(seed)
    blocks = []
    for _ in range(number):
        who, where = draw.choice(("anna", "paul")), draw.choice(("paris", "rome"))
        rows = ((who, "B-person"), ("lives", "O"), ("in", "O"), (where, "B-city"))
        blocks.append("\n".join(f"{word}\t{tag}" for word, tag in rows))
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


def questions(path, number=40, seed=0):
    """Write questions whose answer is the city of the passage."""
    draw = random.Random(seed)
    found = []
    for number_ in range(number):
        city = draw.choice(("paris", "rome", "lima"))
        context = f"the man lives in {city} ."
        answer = {"text": city, "answer_start": context.index(city)}
        asked = {"id": str(number_), "question": "where is he ?", "answers": [answer]}
        found.append({"context": context, "qas": [asked]})
    data = {"version": "1.1", "data": [{"title": "t", "paragraphs": found}]}
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def documents(path, number=12, seed=0):
    """Write documents whose summary is their sentence about a city."""
    draw = random.Random(seed)
    lines = []
    for _ in range(number):
        city = draw.choice(("paris", "rome", "lima"))
        source = ["the dog ran .", "a bird sang .", "it was red .", "we ate ."]
        source.insert(draw.randrange(5), f"the capital is {city} .")
        lines.append(json.dumps({"src": source, "tgt": [f"the capital is {city} ."]}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


TASKS = {
    "sentiment": (reviews, "train.tsv", ["the book was lovely ."], "accuracy"),
    "tagging": (sentences, "train.conll", ["anna lives in rome"], "f1"),
    "qa": (questions, "train.json", ["the man lives in rome ."], "exact_match"),
    "summarize": (documents, "train.jsonl", ["The dog ran. It was red."], "rouge1"),
}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_from_training_to_predicting(capsys, tmp_path, task):
    write, name, texts, metric = TASKS[task]
    train = write(tmp_path / name)
    dev = write(tmp_path / f"dev-{name}", seed=1)
    folder = tmp_path / "model"
    command = ["finetune", "--task", task, "--data", train, "--dev", dev]
    command += ["--test", dev, "--output", folder, "--steps", "60", *QUICK]
    code, out, err = run(capsys, *command, "--evaluate-every", "30")
    assert code == 0, err
    assert "the best of 2 evaluations and so optimistic" in out
    assert "judged once" in out
    report = json.loads((folder / "run.json").read_text())
    assert report["task"] == task and report["best_dev"]["step"] in (30, 60)
    code, out, err = run(capsys, "evaluate", "--data", dev, "--model", folder)
    assert code == 0, err
    scores = json.loads(out.splitlines()[-1])
    assert scores == report["test"], "the saved model is the chosen one"
    assert 0.6 < scores[metric] <= 1, "every score is a fraction"
    if task == "summarize":
        assert scores["rouge1"] >= scores["lead_rouge1"] - 0.2
    extra = ["--question", "where is he ?"] if task == "qa" else []
    code, out, err = run(capsys, "predict", "--model", folder, *texts, *extra)
    assert code == 0, err
    said = json.loads(out)
    expected = {
        "sentiment": ("label", "good"),
        "tagging": ("tags", ["B-person", "O", "O", "B-city"]),
        "qa": ("answer", "rome"),
        "summarize": ("summary", ["The dog ran.", "It was red."]),
    }
    key, value = expected[task]
    assert said[key] == value
    states = [state.name for state in (folder / "states").iterdir()]
    assert states == ["step-000000060.safetensors"], "for --resume with more steps"
    code, _, err = run(capsys, *command)
    assert code == 2 and "finished run" in err


def test_transformers_opens_the_folder_with_equal_logits(capsys, tmp_path):
    folder = tmp_path / "model"
    train = reviews(tmp_path / "a.tsv")
    command = ["finetune", "--task", "sentiment", "--data", train, "--steps", "10"]
    code, _, err = run(capsys, *command, "--output", folder, *QUICK)
    assert code == 0, err
    text = "the meal was elegant ."
    theirs = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    given = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    ours = BertForSequenceClassification.from_pretrained(folder)
    ids = BertTokenizer.from_pretrained(folder).encode(text).ids
    assert given["input_ids"][0].tolist() == ids
    assert theirs.config.id2label == {0: "good", 1: "poor"}
    with torch.no_grad():
        logits = ours(torch.tensor([ids])).logits
        assert torch.allclose(theirs(**given).logits, logits, atol=1e-5)


def test_several_seeds_give_mean_and_spread(capsys, tmp_path):
    train, dev = reviews(tmp_path / "a.tsv"), reviews(tmp_path / "b.tsv", seed=1)
    folder = tmp_path / "models"
    command = ["finetune", "--task", "sentiment", "--data", train, "--dev", dev]
    command += ["--output", folder, "--steps", "6", "--seeds", "0", "1", "2", *QUICK]
    code, out, err = run(capsys, *command)
    assert code == 0, err
    best = [
        json.loads((folder / f"seed-{s}" / "run.json").read_text())["best_dev"]
        for s in range(3)
    ]
    values = [one["accuracy"] for one in best]
    mean, spread = json.loads((folder / "seeds.json").read_text())["best_dev"][
        "accuracy"
    ]
    assert mean == pytest.approx(sum(values) / 3, abs=1e-4)
    by_hand = (sum((v - sum(values) / 3) ** 2 for v in values) / 2) ** 0.5
    assert spread == pytest.approx(by_hand, abs=1e-4)
    assert "3 seeds: best dev accuracy" in out
    code, _, err = run(capsys, "predict", "--model", folder, "a film")
    assert code == 2 and f"name one of them, such as {folder / 'seed-0'}" in err
    assert len({(folder / f"seed-{s}/model.safetensors").read_bytes() for s in range(3)}) == 3  # fmt: skip  # noqa: E501


def launch(train, dev, folder, *more):
    """Start a run in a process of its own."""
    command = [sys.executable, "-m", "bert_tutorial", "finetune", "--task", "sentiment"]
    command += ["--data", train, "--dev", dev, "--output", folder, "--steps", "45"]
    command += ["--dropout", "0.2", "--evaluate-every", "9", "--save-every", "5"]
    return subprocess.Popen(
        [str(part) for part in [*command, *QUICK, *more]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_run_goes_on_bit_equal(tmp_path):
    train, dev = reviews(tmp_path / "a.tsv", 200), reviews(tmp_path / "b.tsv", 20, 1)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    process = launch(train, dev, whole)
    assert process.wait(120) == 0, process.stderr.read()
    process = launch(train, dev, broken)
    states = broken / "states"
    end = time.monotonic() + 120
    while not list(states.glob("step-*[1-9]?.safetensors")):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (broken / "model.safetensors").exists()
    process = launch(train, dev, broken)
    assert process.wait(120) == 2 and "--resume" in process.stderr.read()
    process = launch(train, reviews(tmp_path / "c.tsv", 20, 2), broken, "--resume")
    assert process.wait(120) == 2 and "data dev" in process.stderr.read()
    process = launch(train, dev, broken, "--resume")
    assert process.wait(120) == 0, process.stderr.read()
    for name in ("model.safetensors", "run.json", "config.json"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name

    def log(folder):
        lines = (folder / "log.jsonl").read_text().splitlines()
        records = map(json.loads, lines)
        return [{k: v for k, v in r.items() if k != "seconds"} for r in records]

    assert log(whole) == log(broken)


def test_a_signal_stops_a_run_which_saves_its_state_and_says_how_to_go_on(tmp_path):
    train, dev = reviews(tmp_path / "a.tsv", 200), reviews(tmp_path / "b.tsv", 20, 1)
    folder = tmp_path / "model"
    process = launch(train, dev, folder)
    end = time.monotonic() + 120
    while not list((folder / "states").glob("step-*.safetensors")):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    (step,) = re.findall(r"^stopped after step (\d+); .* --resume", said, re.MULTILINE)
    assert (folder / "states" / f"step-{int(step):09}.safetensors").is_file()
    assert not (folder / "model.safetensors").exists()


TRAIN = "sentence\tlabel\na good day\t1\na bad day\t0\n"
MISTAKES = {
    "label out of range": ("", "sentence\tlabel\nx\t9\n", [], "line 2: the label must"),
    "string label": ("", "sentence\tlabel\nx\tgood\n", [], "one of 0, 1, got 'good'"),
    "missing column": ("words\tlabel\nx\t1\n", "", [], "line 1 must name a column"),
    "empty text": ("sentence\tlabel\n\t1\n", "", [], "line 2: a row must have a text"),
    "one label": ("sentence\tlabel\nx\t1\n", "", [], "two different labels"),
    "window": ("", "", ["--max-length", "513"], "at most 64, the positions of the mod"),
    "stride": ("", "", ["--stride", "99"], "line 2: stride must be from 1 to 62"),
    "patience": ("", None, ["--patience", "1"], "does nothing without --dev"),
    "both": ("", "", ["--steps", "2", "--epochs", "1"], "leave one out"),
    "rate": ("", "", ["--learning-rate", "7"], "learning_rate must be above 0"),
    "dropout": ("", "", ["--dropout", "1"], "hidden_dropout_prob must be a number"),
    "seeds": ("", "", ["--seeds", "1", "1"], "--seeds must be different"),
    "nothing to resume": ("", "", ["--resume"], "no training state to resume"),
    "no model": ("", "", ["--model", "no/such/one"], "neither a folder nor a hub id"),
    "task": ("", "", ["--task", "poetry"], "invalid choice"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_line_and_leaves_nothing(capsys, tmp_path, name):
    train, dev, more, said = MISTAKES[name]
    (tmp_path / "train.tsv").write_text(train or TRAIN, encoding="utf-8")
    command = ["finetune", "--task", "sentiment", "--data", tmp_path / "train.tsv"]
    if dev is not None:
        (tmp_path / "dev.tsv").write_text(dev or TRAIN, encoding="utf-8")
        command += ["--dev", tmp_path / "dev.tsv"]
    output = tmp_path / "model"
    code, _, err = run(capsys, *command, "--output", output, *more)
    assert code == 2, err
    assert err.startswith("error: ") and err.count("\n") == 1
    assert said in err
    assert not output.exists()


def test_lenient_reading_skips_and_says_so(capsys, tmp_path):
    file = tmp_path / "train.tsv"
    file.write_text(TRAIN + "half a row\n", encoding="utf-8")
    command = ["finetune", "--task", "sentiment", "--data", file, "--steps", "1"]
    code, _, err = run(capsys, *command, "--output", tmp_path / "m", *QUICK)
    assert code == 2 and "line 4: a row must have 2 fields, got 1" in err
    code, out, _ = run(
        capsys, *command, "--output", tmp_path / "m", "--lenient", *QUICK
    )
    assert code == 0 and "2 rows read, 1 skipped (line 4" in out


def test_a_long_text_loses_nothing_in_predicting(capsys, tmp_path):
    folder = tmp_path / "model"
    train = reviews(tmp_path / "a.tsv")
    command = ["finetune", "--task", "sentiment", "--data", train, "--steps", "60"]
    run(capsys, *command, "--output", folder, *QUICK)
    # the word that decides stands behind the model's 64 positions
    texts = [". " * 80 + f"the book was {word} ." for word in ("lovely", "dull")]
    code, out, err = run(capsys, "predict", "--model", folder, *texts)
    assert code == 0, err
    shares = [json.loads(line) for line in out.splitlines()]
    assert shares[0]["probability"] != shares[1]["probability"]


TUNE = ("finetune", "--task", "sentiment", "--data", "a.tsv", "--output", "o")
USES = {
    "no text": (["predict", "--model", "M"], "either TEXT or --input"),
    "both": (["predict", "--model", "M", "a", "--input", "b"], "either TEXT or"),
    "empty": (["predict", "--model", "M", "a", " "], "text 2 must not be empty"),
    "no task": (["predict", "--model", "SHIPPED", "a"], "give --task"),
    "no head": (
        ["predict", "--model", "SHIPPED", "--task", "sentiment", "a"],
        "has no head for sentiment",
    ),
    "other task": (
        ["predict", "--model", "M", "--task", "qa", "a"],
        "was fine-tuned for sentiment, not for qa",
    ),
    "question": (["predict", "--model", "M", "a", "--question", "b"], "task qa only"),
    "task of no data": (["evaluate", "--world", "--task", "qa"], "goes with --data"),
    "bad rows of no data": (["evaluate", "--world", "--lenient"], "goes with --data"),
    "a column of no data": (
        ["evaluate", "--corpus", "a.txt", "--text-column", "b"],
        "--text-column goes with --data",
    ),
    "a seed of no world": (
        ["evaluate", "--model", "M", "--data", "a.tsv", "--seed", "1"],
        "--seed goes with --world",
    ),
    "a rate of 0": (
        [*TUNE, "--learning-rate", "0"],
        "learning_rate must be above 0",
    ),
    "missing": (["evaluate", "--model", "M", "--data", "no.tsv"], "no such file"),
}


def test_mistakes_in_using_a_model(capsys, tmp_path):
    folder = tmp_path / "model"
    train = reviews(tmp_path / "a.tsv", 8)
    command = ["finetune", "--task", "sentiment", "--data", train, "--steps", "1"]
    assert run(capsys, *command, "--output", folder, *QUICK)[0] == 0
    names = {"M": str(folder), "SHIPPED": str(shipped_weights())}
    for arguments, said in USES.values():
        code, out, err = run(capsys, *(names.get(word, word) for word in arguments))
        assert code == 2 and said in err and err.count("\n") == 1, (arguments, err)
        assert out == ""


def test_the_precision_is_chosen_named_in_the_log_and_part_of_the_run(
    capsys, tmp_path, monkeypatch
):
    rows, folder = reviews(tmp_path / "a.tsv"), tmp_path / "model"
    command = ["finetune", "--task", "sentiment", "--data", rows, "--output", folder]
    command += ["--steps", "3", "--precision"]
    monkeypatch.setattr(device_module, "has_bfloat16", lambda device: False)
    code, _, err = run(capsys, *command, "bfloat16")
    assert code == 2 and "precision must be auto or float32 here" in err
    assert not (folder / "model.safetensors").exists()
    monkeypatch.setattr(device_module, "has_bfloat16", lambda device: True)
    code, _, err = run(capsys, *command, "bfloat16")
    assert code == 0, err
    (line,) = (folder / "log.jsonl").read_text().splitlines()[-1:]
    assert json.loads(line)["precision"] == "bfloat16"
    recipe = json.loads((folder / "run.json").read_text())["recipe"]
    assert recipe["precision"] == "bfloat16"
    code, _, err = run(capsys, *command, "float32", "--resume")
    assert code == 2 and "recipe precision: bfloat16 then, float32 now" in err
