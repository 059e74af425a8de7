"""Values on a scale: what is read, what is learned, what transformers makes of it."""

import json

import numpy
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from bert_tutorial.__main__ import main
from bert_tutorial.files.errors import UserError
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.tasks import (
    REGRESSION,
    SENTIMENT,
    FineTuningConfig,
    RunOptions,
    evaluate_model,
    fine_tune_model,
    predict_rows,
)
from bert_tutorial.tasks.examples import collate
from bert_tutorial.tasks.sentiment.tables import LabelledText
from bert_tutorial.tokenization.tokenizer import BertTokenizer

GOOD, POOR = ("lovely", "elegant"), ("dull", "bland")
QUICK = FineTuningConfig(steps=60, batch_size=8, learning_rate=2e-3)


def ratings(number, pairs=False):
    """Make texts whose value is 1.25 for each good word among four."""
    rows = []
    for line in range(number):
        good = line % 5
        words = [GOOD[(line + i) % 2] for i in range(good)]
        words += [POOR[(line + i) % 2] for i in range(4 - good)]
        pair = " ".join(words[2:]) if pairs else None
        text = "the book was " + " ".join(words[:2] if pairs else words)
        rows.append(LabelledText(text, pair, f"{1.25 * good}", line + 2))
    return rows


def tuned(folder, rows, **more):
    """Learn from rows on one thread of the CPU."""
    options = RunOptions(device=torch.device("cpu"))
    return fine_tune_model(
        REGRESSION,
        more.pop("model", shipped_weights()),
        rows,
        folder,
        recipe=QUICK,
        options=options,
        **more,
    )


@pytest.mark.parametrize("pairs", [False, True])
def test_a_scale_is_learned_and_transformers_gives_the_same_values(tmp_path, pairs):
    rows, folder = ratings(60, pairs), tmp_path / "m"
    (report,) = tuned(folder, rows, dev=rows[:20])
    config = json.loads((folder / "config.json").read_text())
    assert config["problem_type"] == "regression" and len(config["id2label"]) == 1
    said = [one["value"] for one in predict_rows(REGRESSION, folder, rows)]
    theirs = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    assert theirs.config.num_labels == 1
    words = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        for row, value in list(zip(rows, said, strict=True))[:5]:
            logits = theirs(**words(row.text, row.pair, return_tensors="pt")).logits
            assert logits.item() == pytest.approx(value, abs=1e-4)
    scores = evaluate_model(REGRESSION, folder, rows[:20])
    assert round(scores["pearson"], 4) == report["best_dev"]["pearson"] > 0.9
    right = [float(row.label) for row in rows[:20]]
    expected = numpy.corrcoef(right, said[:20])[0, 1]
    assert scores["pearson"] == pytest.approx(expected, abs=1e-4)
    errors = numpy.subtract(right, said[:20])
    assert scores["mse"] == pytest.approx(numpy.mean(errors**2), abs=1e-3)
    assert scores["mean_mse"] == pytest.approx(numpy.var(right))
    assert 3 * scores["mse"] < scores["mean_mse"]


def test_the_loss_is_that_of_transformers(tmp_path):
    rows = ratings(10)
    tuned(tmp_path, rows)
    model = REGRESSION.model.from_pretrained(tmp_path)
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    tokenizer = BertTokenizer.from_pretrained(tmp_path)
    shape = REGRESSION.shape(64, None, None)
    batch = collate(REGRESSION.encode(tokenizer, rows, ["value"], shape, "rows"))
    assert batch["labels"].dtype == torch.float32
    torch.testing.assert_close(model(**batch).loss, theirs(**batch).loss)


def test_a_head_for_classes_is_replaced_and_one_for_values_goes_on(tmp_path):
    poor = [row._replace(label=str(int(float(row.label) > 2))) for row in ratings(20)]
    options = RunOptions(device=torch.device("cpu"))
    given = {"recipe": QUICK, "options": options}
    fine_tune_model(SENTIMENT, shipped_weights(), poor, tmp_path / "a", **given)
    (one,) = tuned(tmp_path / "b", ratings(20), model=tmp_path / "a")
    assert one["labels"] == ["value"]
    (two,) = tuned(tmp_path / "c", ratings(20), model=tmp_path / "b", dev=ratings(20))
    assert two["best_dev"]["pearson"] > 0.9
    fine_tune_model(SENTIMENT, tmp_path / "c", poor, tmp_path / "d", **given)
    config = json.loads((tmp_path / "d" / "config.json").read_text())
    assert "problem_type" not in config, "one class of two again"
    (tmp_path / "a" / "run.json").unlink()
    with pytest.raises(UserError, match="for single_label_classification with 2 lab"):
        evaluate_model(REGRESSION, tmp_path / "a", ratings(5))
    with pytest.raises(UserError, match="for single_label_classification with 2 lab"):
        predict_rows(REGRESSION, tmp_path / "a", ratings(5))
    (tmp_path / "b" / "run.json").unlink()
    with pytest.raises(UserError, match=r"for regression; --task regression \(REGRES"):
        evaluate_model(SENTIMENT, tmp_path / "b", poor)
    (said, *_) = predict_rows(SENTIMENT, tmp_path / "b", poor)
    assert set(said) == {"value", "text"}, "it is no class, and is not called one"


def write(path, labels):
    """Write a table in the form that its ending names."""
    if path.suffix == ".jsonl":
        lines = [json.dumps({"text": "t", "label": label}) for label in labels]
    else:
        lines = ["text\tlabel", *(f"t\t{label}" for label in labels)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["tsv", "jsonl"])
def test_numbers_of_any_form_are_read(tmp_path, form):
    labels = [0, 3.8, -1, 5.0, 2, 1e-3]
    rows = REGRESSION.read(write(tmp_path / f"a.{form}", labels), True, {})
    assert [float(row.label) for row in rows] == labels


BAD = {
    "a word": ([1.5, "good"], "line 3: the label must be a number such as 3.5, got"),
    "a comma": ([1.5, "3,5"], "must be a number such as 3.5, got '3,5'"),
    "no number": ([1.5, "nan"], "must be a number such as 3.5, got 'nan'"),
    "endless": ([1.5, "inf"], "must be a number such as 3.5, got 'inf'"),
    "a hidden test": ([-1, -1], "got -1, which says hidden"),
    "a hidden test, as pandas has it": ([-1.0, -1.0], "got -1.0, which says hidden"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_label_that_is_no_value_is_named_or_left_out(tmp_path, name):
    labels, said = BAD[name]
    file = write(tmp_path / "a.tsv", labels)
    with pytest.raises(UserError, match=said):
        REGRESSION.read(file, True, {})
    if labels[0] == 1.5:
        rows = REGRESSION.read(file, False, {})
        assert [row.label for row in rows] == ["1.5"] and len(rows.skipped) == 1
    else:
        with pytest.raises(UserError, match="at least one row"):
            REGRESSION.read(file, False, {})


def test_values_that_cannot_be_learned_or_only_slowly_are_told():
    with pytest.raises(UserError, match="values must differ, got only 2"):
        REGRESSION.names([LabelledText("t", None, "2.0", 1)] * 3, "f")
    rows = [LabelledText("t", None, str(k), k) for k in (0, 40, 100)]
    line, notice = REGRESSION.describe(rows)
    assert line == "values from 0 to 100, mean 46.67, standard deviation 41.1"
    assert "divide them by 10 in all files" in notice
    assert len(REGRESSION.describe(rows[:1])) == 1
    bad = LabelledText("t", None, "high", 4)
    assert REGRESSION.describe([*rows, bad]) == [line, notice]
    assert REGRESSION.describe([bad]) == []


def test_the_command_line_learns_judges_and_uses_it(tmp_path, capsys):
    rows = [f"{row.text}\t{row.label}" for row in ratings(40)]
    file = tmp_path / "ratings.tsv"
    file.write_text("\n".join(["text\tlabel", *rows]) + "\n", encoding="utf-8")
    folder = tmp_path / "m"
    words = ["--data", file, "--test", file, "--steps", 60, "--learning-rate", 2e-3]
    words += ["--batch-size", 8, "--device", "cpu", "--output", folder]
    assert main(["finetune", "--task", "regression", *map(str, words)]) == 0
    assert "values from 0 to 5, mean 2.5" in capsys.readouterr().out
    assert main(["evaluate", "--model", str(folder), "--data", str(file)]) == 0
    scores = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert scores == json.loads((folder / "run.json").read_text())["test"]
    assert main(["predict", "--model", str(folder), "the book was dull bland"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] < 2.5
    assert main(["finetune", "--task", "sentiment", *map(str, words), "--resume"]) == 2
    words = ["finetune", "--task", "regression", "--class-weights", *map(str, words)]
    assert main(words) == 2
    assert "--class-weights is for the task sentiment" in capsys.readouterr().err
