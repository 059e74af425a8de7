"""Fine-tune, evaluate and predict from Python: on files and on rows, typed options."""

import ast
import json
import random
import shutil
import subprocess
import sys

import pytest
import torch

import bert_tutorial.tasks as tasks
from bert_tutorial.files.errors import UserError
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.task_heads import BertForTokenClassification
from bert_tutorial.tasks import (
    QUESTIONS,
    REGRESSION,
    SENTIMENT,
    SUMMARIES,
    TAGGING,
    FineTuningConfig,
    Reading,
    RunOptions,
    evaluate_model,
    fine_tune_model,
    predict_rows,
    report_lines,
)
from bert_tutorial.tasks.questions.files import SquadItem
from bert_tutorial.tasks.registry import with_task
from bert_tutorial.tasks.sentiment.tables import LabelledText
from bert_tutorial.tasks.summaries.files import Document
from bert_tutorial.tasks.tagging.files import TaggedWords
from book_files import modules

QUICK = FineTuningConfig(steps=40, batch_size=8, learning_rate=2e-3)
CPU = torch.device("cpu")
ROOMS = ("sentiment", "tagging", "questions", "summaries")
ROOM_TASKS = [f"{name}.task" for name in ROOMS]
ALL = (SENTIMENT, REGRESSION, TAGGING, QUESTIONS, SUMMARIES)
pytestmark = pytest.mark.usefixtures("one_thread")


def reviews(number, seed=0):
    """Make reviews that one word decides."""
    draw = random.Random(seed)
    words = {"good": ("lovely", "elegant"), "poor": ("dull", "bland")}
    rows = []
    for line in range(1, number + 1):
        label = draw.choice(sorted(words))
        text = f"the book was {draw.choice(words[label])} ."
        rows.append(LabelledText(text, None, label, line))
    return rows


def write(path, rows):
    """Write reviews as a table."""
    lines = ["sentence\tlabel", *(f"{row.text}\t{row.label}" for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_rows_and_the_file_that_holds_them_give_the_same_model(tmp_path, capsys):
    train, dev = reviews(48), reviews(24, seed=1)
    told = []
    given = {"recipe": QUICK, "options": RunOptions(device=CPU)}
    rows = fine_tune_model(
        SENTIMENT, shipped_weights(), train, tmp_path / "rows", dev=dev, **given
    )
    files = fine_tune_model(
        SENTIMENT,
        shipped_weights(),
        write(tmp_path / "train.tsv", train),
        tmp_path / "files",
        dev=str(write(tmp_path / "dev.tsv", dev)),
        say=told.append,
        **given,
    )
    for one, other in zip(rows, files, strict=True):
        assert one["identity"].pop("data") != other["identity"].pop("data")
        assert one == other
    weights = [tmp_path / name / "model.safetensors" for name in ("rows", "files")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert [line for line in told if line.startswith("dev: ")] == [
        line for line in told if "texts" in line and "stand in" in line
    ]
    assert sum("48 rows read" in line for line in told) == 1
    scores = evaluate_model(SENTIMENT, tmp_path / "rows", dev)
    assert (
        scores["accuracy"]
        == evaluate_model(SENTIMENT, tmp_path / "files", tmp_path / "dev.tsv")[
            "accuracy"
        ]
    )
    assert round(scores["accuracy"], 4) == rows[0]["best_dev"]["accuracy"] > 0.6
    found = predict_rows(SENTIMENT, tmp_path / "rows", dev)
    right = sum(one["label"] == row.label for one, row in zip(found, dev, strict=True))
    assert right / len(dev) == scores["accuracy"]
    texts = SENTIMENT.from_words([row.text for row in dev], None)
    assert predict_rows(SENTIMENT, tmp_path / "files", texts) == found
    assert report_lines(rows)[0].startswith("seed 0: dev accuracy ")
    assert capsys.readouterr().out == "", "only the command line prints"


ROWS = {
    "tagging": (
        TAGGING,
        [TaggedWords(["anna", "ran"], ["B-person", "O"], 1)] * 8,
        lambda said: said["words"] == ["anna", "ran"] and len(said["tags"]) == 2,
    ),
    "qa": (
        QUESTIONS,
        [SquadItem("1", "who ran ?", "anna ran .", [("anna", 0)], False)] * 8,
        lambda said: said["id"] == "1" and said["answer"] in "anna ran .",
    ),
    "summarize": (
        SUMMARIES,
        [Document(["anna ran .", "it was red ."], ["anna ran ."], 1)] * 8,
        lambda said: said["summary"] == ["anna ran .", "it was red ."],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_other_task_takes_rows(tmp_path, name):
    task, rows, is_right = ROWS[name]
    recipe = FineTuningConfig(steps=2, batch_size=4, learning_rate=1e-3)
    (report,) = fine_tune_model(
        task,
        shipped_weights(),
        rows,
        tmp_path / "m",
        recipe=recipe,
        options=RunOptions(device=CPU, seeds=[3]),
    )
    assert report["task"] == name and report["recipe"]["seed"] == 3
    assert report["best_dev"] is None and report["rows"] == 8
    assert json.loads((tmp_path / "m" / "run.json").read_text()) == report
    assert evaluate_model(task, tmp_path / "m", rows[:1])[task.metric] >= 0
    (said,) = predict_rows(task, tmp_path / "m", rows[:1])
    assert is_right(said), said


def test_what_cannot_be_used_is_a_user_error_and_leaves_nothing(tmp_path):
    rows, output = reviews(12), tmp_path / "m"
    cases = {
        "at least one row": {"train": []},
        "two different labels": {"train": [row for row in rows if row.label == "good"]},
        "no such file": {"train": tmp_path / "none.tsv"},
        "neither a folder nor": {"model": "no/such/model"},
        "the label must be one of": {"dev": [rows[0]._replace(label="odd")]},
        "must be at most": {"options": RunOptions(max_length=100_000)},
        "column": {
            "train": write(tmp_path / "a.tsv", rows),
            "reading": Reading(columns={"text": "nowhere"}),
        },
    }
    for said, change in cases.items():
        given = {"model": shipped_weights(), "train": rows, **change}
        with pytest.raises(UserError, match=said):
            fine_tune_model(SENTIMENT, output=output, recipe=QUICK, **given)
        assert not output.exists()
    for seeds in ([1, 1], [-1], []):
        with pytest.raises(UserError, match="seeds must be different"):
            RunOptions(seeds=seeds)
    weighted = RunOptions(is_weighted=True)
    with pytest.raises(UserError, match="no classes to be weighed"):
        fine_tune_model(
            TAGGING, shipped_weights(), ROWS["tagging"][1], output, options=weighted
        )
    with pytest.raises(UserError, match="no head for sentiment"):
        predict_rows(SENTIMENT, shipped_weights(), rows)


def test_a_damaged_run_json_is_a_user_error(tmp_path):
    rows, output = reviews(12), tmp_path / "m"
    recipe = FineTuningConfig(steps=1, batch_size=4, learning_rate=1e-3)
    given = (SENTIMENT, shipped_weights(), rows, output)
    fine_tune_model(*given, recipe=recipe, options=RunOptions(device=CPU))
    again = RunOptions(device=CPU, resume=True)
    (report,) = fine_tune_model(*given, recipe=recipe, options=again)
    assert report["recipe"]["steps"] == 1, "a finished run is not done again"
    whole = json.loads((output / "run.json").read_text())
    wrong = ({"rows": "12"}, {"evaluations": True}, {"recipe": {"seed": []}})
    wrong += ({"best_dev": {"step": "1"}}, {"earlier": [{"steps": 1}]})
    damaged = [whole | changes for changes in wrong]
    for gone in ("metric", "last_dev", "identity"):
        damaged.append({key: value for key, value in whole.items() if key != gone})
    for text in ("{", "[]", "{}", '{"identity": 3}', *map(json.dumps, damaged)):
        (output / "run.json").write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match=r"run\.json"):
            fine_tune_model(*given, recipe=recipe, options=again)
    (output / "run.json").write_text('{"max_length": "x"}', encoding="utf-8")
    with pytest.raises(UserError, match="lengths must be whole numbers"):
        evaluate_model(SENTIMENT, output, rows)


def test_a_name_gives_its_task():
    for task in ALL:
        assert with_task(task.name, lambda found: found) is task
    with pytest.raises(UserError, match=r"sentiment, regression, tagging, qa, s.*'no'"):
        with_task("no", lambda found: found)


def test_the_public_names_are_there_and_fetched_late():
    assert set(tasks.__all__) == set(tasks._HOME) == set(dir(tasks))
    for name in tasks.__all__:
        assert getattr(tasks, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        tasks.nothing  # noqa: B018
    code = "import sys, bert_tutorial.tasks; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_the_room_knows_no_command_line_and_its_seams_no_any():
    for name, path in modules().items():
        if not f"{name}.".startswith("bert_tutorial.tasks."):
            continue
        source = path.read_text(encoding="utf-8")
        called = [
            node.func.id
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "print" not in called and "argparse" not in source, name
    for name in ("task", "registry", "use", "sentiment.values", *ROOM_TASKS):
        source = modules()[f"bert_tutorial.tasks.{name}"].read_text(encoding="utf-8")
        assert not any(
            isinstance(node, ast.Name) and node.id == "Any"
            for node in ast.walk(ast.parse(source))
        ), name


def test_a_model_whose_labels_are_no_spans_is_not_scored_by_spans(tmp_path):
    rows = ROWS["tagging"][1]
    model = BertForTokenClassification.from_pretrained(
        shipped_weights(), id2label=["NOUN", "VERB"]
    )
    model.save_pretrained(tmp_path)
    shutil.copy(shipped_weights() / "vocab.txt", tmp_path)
    with pytest.raises(UserError, match="labels must be O, B-type or I-type"):
        evaluate_model(TAGGING, tmp_path, rows)
    (said,) = predict_rows(TAGGING, tmp_path, rows[:1])
    assert set(said["tags"]) <= {"NOUN", "VERB"}
