"""What users bring, through finetune, evaluate, predict and Python alike."""

import json
import math
import re
import shutil

import pytest
import torch
from conftest import real_data
from conftest import run_command as run
from safetensors.torch import load_file, save_file

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.tasks import (
    QUESTIONS,
    SENTIMENT,
    TAGGING,
    FineTuningConfig,
    Reading,
    RunOptions,
    evaluate_model,
    fine_tune_model,
    predict_rows,
)
from bert_tutorial.tasks.questions.files import read_squad
from bert_tutorial.tasks.run import plan_line
from bert_tutorial.tokenization.coverage import coverage
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import World

QUICK = ("--threads", "1", "--device", "cpu", "--steps", "2", "--batch-size", "8")
ONE_STEP = {
    "recipe": FineTuningConfig(steps=1, batch_size=4, learning_rate=1e-3),
    "options": RunOptions(device=torch.device("cpu")),
}
pytestmark = pytest.mark.usefixtures("one_thread")


def tune(capsys, task, data, folder, *more):
    """Fine-tune for two steps."""
    command = ("finetune", "--task", task, "--data", data, "--output", folder)
    return run(capsys, *command, *more, *QUICK)


def squad(path, questions, context="The Denver Broncos defeated Carolina in 2016."):
    """Write questions (text, answer or None) about one passage."""
    qas = []
    for number, (text, answer) in enumerate(questions):
        found = (
            [{"text": answer, "answer_start": context.index(answer)}] if answer else []
        )
        qas.append({"id": str(number), "question": text, "answers": found})
    paragraphs = [{"context": context, "qas": qas}]
    path.write_text(
        json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8"
    )
    return path


REAL = {
    "sst2-glue/dev.tsv": ("sentiment", [], "'1' 3,7"),
    "sst5/sst-train.txt": ("sentiment", [], "'3' 2,322"),
    "pairs/mrpc-sample-dev.tsv": ("sentiment", [], "6 of 6 pairs are cut"),
    "pairs/mrpc-sample-dev.csv": ("sentiment", [], "'equivalent' 3"),
    "ner/wnut17dev.conll": ("tagging", [], "person 470"),
    "ner/sec-fin5-train.txt": ("tagging", [], "PER 747"),
    "samples/conll.json": ("tagging", [], "10 rows read"),
    "squad/squad-small.json": ("qa", [], "51 questions with an answer, 0 without"),
    "squad/squad-v2-list-sample.json": ("qa", [], "8 questions with an answer, 6 wit"),
    "samples/xsum.json": ("summarize", [], "a summary"),
    "summarization/cnndm_presumm_sample.json": ("summarize", [], "6 rows read"),
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_read_by_all_commands(capsys, tmp_path, name):
    task, more, said = REAL[name]
    file = real_data(name)
    if file.stat().st_size > 100_000 and file.suffix != ".json":  # a part does
        lines = file.read_text(encoding="utf-8").split("\n")
        assert run(capsys, "predict", "--model", tmp_path, "a")[0] == 2
        whole = {"sentiment": SENTIMENT, "tagging": TAGGING}[task]
        counts = whole.describe(whole.read(file, True, {}))
        assert any(said in line for line in counts), counts
        end = 60 if task == "sentiment" else 400
        while task == "tagging" and lines[end].strip():
            end += 1
        file = tmp_path / file.name
        file.write_text("\n".join(lines[:end]) + "\n", encoding="utf-8")
        said = "rows read"
    code, out, err = tune(capsys, task, file, tmp_path / "m", *more)
    assert code == 0, err
    assert said in out and "nothing says: give --dev or --test" in out
    code, out, err = run(capsys, "evaluate", "--data", file, "--model", tmp_path / "m")
    assert code == 0, err
    assert all(-1 <= value <= 1 for value in json.loads(out.split("\n")[-2]).values())
    code, out, err = run(capsys, "predict", "--input", file, "--model", tmp_path / "m")
    assert code == 0, err
    assert all(json.loads(line) for line in out.splitlines())


def test_chinese_is_refused_by_a_model_that_has_no_chinese(capsys, tmp_path):
    lines = real_data("chnsenticorp/dev.tsv").read_text(encoding="utf-8").split("\n")
    file = tmp_path / "a.tsv"
    file.write_text("\n".join(lines[:60]) + "\n", encoding="utf-8")
    code, _, err = tune(capsys, "sentiment", file, tmp_path / "m")
    assert code == 2 and "of the pieces are [UNK]" in err and err.count("\n") == 1
    assert not (tmp_path / "m").exists()
    rows = SENTIMENT.read(file, True, {})
    with pytest.raises(UserError, match=r"\[UNK\]"):
        fine_tune_model(SENTIMENT, shipped_weights(), rows, tmp_path / "m", **ONE_STEP)
    chinese = BertTokenizer.from_vocab(real_data("vocab/bert-base-chinese-vocab.txt"))
    assert not coverage(chinese, SENTIMENT.texts(rows)).is_odd


REFUSED = {
    "samples/swag.json": ("sentiment", "a key for the text", []),
    "squad/cmrc2018_trial.json": ("qa", "must stand at answer_start", ["--lenient"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_real_file_that_is_refused_says_why_in_one_line(capsys, tmp_path, name):
    task, said, remedy = REFUSED[name]
    code, _, err = tune(capsys, task, real_data(name), tmp_path / "m")
    assert code == 2 and said in err and err.count("\n") == 1, err
    assert not remedy or remedy[0] in err
    assert not (tmp_path / "m").exists()
    if remedy:
        read = QUESTIONS.read(real_data(name), False, {})
        assert len(read.skipped) == 7, "5 answers elsewhere, 2 empty questions"
    columns = {"text": "sent1", "pair": "sent2", "label": "label"}
    if task == "sentiment":
        assert len(SENTIMENT.read(real_data(name), True, columns)) > 0


THRESHOLDS = {None: 0, -1e9: 5, 1e9: 0}


def test_predict_answers_as_evaluate_counts(capsys, tmp_path):
    asked = [(f"Who is king {n}?", None) for n in range(4)] + [("Who won?", "Denver")]
    silent = squad(tmp_path / "v2.json", asked)
    spoken = squad(tmp_path / "v1.json", [("Who won?", "Denver"), ("When?", "2016")])
    for file, own in ((silent, 0.0), (spoken, None)):
        folder = tmp_path / file.stem
        assert tune(capsys, "qa", file, folder)[0] == 0
        assert json.loads((folder / "run.json").read_text())["threshold"] == own
        for given in (None, -1e9, 1e9):
            more = [] if given is None else [f"--threshold={given}"]
            use = ("--model", folder, *more)
            code, out, _ = run(capsys, "evaluate", "--data", silent, *use)
            scores = json.loads(out.split("\n")[-2])
            assert code == 0 and ("always answers" in out) == (
                own is None and given is None
            )
            code, out, _ = run(capsys, "predict", "--input", silent, *use)
            answers = [json.loads(line)["answer"] for line in out.splitlines()]
            hits = [answer == "" for answer in answers[:4]]
            assert sum(hits) / 4 == scores["unanswerable_f1"]
            if given is not None:
                assert all(hits) == (given < 0) and any(hits) == (given < 0)
            rows = read_squad(silent)
            assert predict_rows(QUESTIONS, folder, rows, threshold=given) == [
                json.loads(line) for line in out.splitlines()
            ]
    assert run(capsys, "predict", "a", "--model", folder, "--threshold", "nan")[0] == 2


def test_questions_without_answers_or_ids_are_asked(capsys, tmp_path):
    file = squad(tmp_path / "a.json", [("Who won?", "Denver")])
    assert tune(capsys, "qa", file, tmp_path / "m")[0] == 0
    for text in (
        '{"question": "Who?", "context": "Ann ran."}\n',
        '[{"id": 7, "question": "Who?", "context": "Ann ran.", "answers": "?"}]',
    ):
        asked = tmp_path / "b.jsonl"
        asked.write_text(text, encoding="utf-8")
        use = ("--input", asked, "--model", tmp_path / "m")
        code, out, err = run(capsys, "predict", *use)
        assert code == 0, err
        assert json.loads(out)["id"] in ("1", "7")


def test_long_questions_are_cut_and_counted_everywhere(capsys, tmp_path):
    asked = [("Who?", "Denver"), ("Who " * 80, "Denver"), ("When " * 50, "2016")]
    file, folder = squad(tmp_path / "a.json", asked), tmp_path / "m"
    code, out, err = tune(capsys, "qa", file, folder)
    said = "2 of 3 questions are cut to 32 pieces"
    assert code == 0 and said in out, err
    code, out, _ = run(capsys, "evaluate", "--data", file, "--model", folder)
    assert code == 0 and said in out
    code, out, err = run(capsys, "predict", "--input", file, "--model", folder)
    assert code == 0 and said in err and len(out.splitlines()) == 3
    told = []
    predict_rows(QUESTIONS, folder, read_squad(file), say=told.append)
    assert sum(said in line for line in told) == 1


def test_lost_answers_are_counted(capsys, tmp_path):
    context = "x " * 40 + "the long answer of " * 10 + "end " * 40
    answer = context[80 : 80 + 19 * 10]
    file = squad(tmp_path / "a.json", [("Who?", answer.strip())], context)
    code, out, err = tune(capsys, "qa", file, tmp_path / "m")
    assert code == 0 and "1 of 1 answers are lost" in out, err


def pairs(path, rows):
    """Write pairs with a label."""
    lines = ["sentence1\tsentence2\tlabel", *("\t".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_lenient_covers_labels_that_the_model_does_not_know(capsys, tmp_path):
    good = [("short", "other", "1"), ("fine", "other", "0")]
    train = pairs(tmp_path / "a.tsv", [*good, ("word " * 80, "other", "0")])
    dev = pairs(tmp_path / "b.tsv", [*good, ("odd", "other", "maybe")])
    code, _, err = tune(capsys, "sentiment", train, tmp_path / "n", "--dev", dev)
    assert code == 2 and "b.tsv: line 4: the label must be one of 0, 1" in err
    more = ("--dev", dev, "--lenient")
    code, out, err = tune(capsys, "sentiment", train, tmp_path / "m", *more)
    assert code == 0 and "1 of 3 pairs are cut to 64 tokens" in out, err
    use = ("evaluate", "--data", dev, "--model", tmp_path / "m")
    code, _, err = run(capsys, *use)
    assert code == 2 and "line 4: the label must be" in err
    code, out, _ = run(capsys, *use, "--lenient")
    assert code == 0 and "2 rows read, 1 skipped (line 4: the label" in out
    scores = evaluate_model(
        SENTIMENT, tmp_path / "m", dev, reading=Reading(is_strict=False)
    )
    assert round(scores["accuracy"], 4) == json.loads(out.split("\n")[-2])["accuracy"]
    bad = tmp_path / "c.tsv"
    bad.write_text(dev.read_text() + "half a row\n", encoding="utf-8")
    use = ("predict", "--input", bad, "--model", tmp_path / "m")
    assert run(capsys, *use)[0] == 2
    code, out, err = run(capsys, *use, "--lenient")
    assert code == 0 and len(out.splitlines()) == 3 and "1 skipped (line 5" in err


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_result_that_is_no_number_is_never_printed(capsys, tmp_path, value):
    train = pairs(tmp_path / "a.tsv", [("a", "b", "1"), ("c", "d", "0")])
    folder = tmp_path / "m"
    assert tune(capsys, "sentiment", train, folder)[0] == 0
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = value
    save_file(weights, folder / "model.safetensors")
    for command in (
        ("predict", "a", "--model", folder),
        ("evaluate", "--data", train, "--model", folder),
    ):
        code, out, err = run(capsys, *command)
        assert code == 1 and "NaN" not in out and "must be numbers" in err


@pytest.mark.parametrize("task", [TAGGING, QUESTIONS], ids=lambda task: task.name)
def test_other_heads_refuse_scores_that_are_no_numbers(tmp_path, task):
    model = task.model.from_pretrained(shipped_weights(), num_labels=3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(math.nan)
    model.save_pretrained(tmp_path)
    shutil.copy(shipped_weights() / "vocab.txt", tmp_path)
    rows = task.from_words(["ann ran"], "who ?" if task is QUESTIONS else None)
    with pytest.raises(FloatingPointError, match="must be numbers"):
        predict_rows(task, tmp_path, rows)


def test_few_examples_get_more_epochs_and_it_is_said():
    plans = {
        FineTuningConfig(min_steps=200): (200, "too short"),
        FineTuningConfig(epochs=1): (8, "8 steps"),
        FineTuningConfig(steps=5, min_steps=200): (5, "5 steps"),
        FineTuningConfig(min_steps=10): (24, "24 steps"),
    }
    for recipe, (steps, said) in plans.items():
        assert recipe.training(256).steps == steps
        line = plan_line(recipe, 256)
        assert said in line and (("too short" in line) == (steps == 200))


def test_the_command_line_says_what_it_starts_from_and_what_is_next(capsys, tmp_path):
    train = pairs(tmp_path / "a.tsv", [("a", "b", "1"), ("c", "d", "0")] * 4)
    command = ("finetune", "--task", "sentiment", "--data", train)
    command += ("--output", tmp_path / "m", "--threads", "1", "--min-steps", "3")
    code, out, err = run(capsys, *command)
    assert code == 0, err
    for said in (
        "no --model: this starts from",
        "pieces a word",
        "rows of each label: '1' 4, '0' 4",
        "training: 3 steps of 32 examples",
        f"evaluate --data FILE --model {tmp_path / 'm'}",
    ):
        assert said in out
    code, out, _ = run(capsys, "evaluate", "--data", train, "--model", tmp_path / "m")
    assert out.count("accuracy") == 1, "the figure once"


ENGLISH = [
    "the committee said that it would publish the report before the end of the year",
    "a long time ago people believed that the earth was flat",
    "the company reported higher earnings in the third quarter",
    "she opened the window because the room was too warm",
]
GERMAN = [
    "die Regierung will das Gesetz noch vor dem Ende des Jahres beschließen",
    "vor langer Zeit glaubten die Menschen, dass die Erde eine Scheibe sei",
    "das Unternehmen meldete im dritten Quartal höhere Gewinne",
    "sie öffnete das Fenster, weil es im Zimmer zu warm war",
]
WORLD = World(0).corpus().sentences[:40]


@pytest.mark.parametrize(
    ("texts", "model", "is_named"),
    [
        (ENGLISH, None, True),
        (GERMAN, None, False),
        (WORLD, None, False),
        (ENGLISH, "english", False),
    ],
    ids=["English", "German", "mini-world", "chosen"],
)
def test_the_model_of_english_is_named_for_english(
    capsys, tmp_path, texts, model, is_named
):
    rows = [(text, str(i % 2)) for i, text in enumerate(texts)]
    lines = "\n".join("\t".join(row) for row in [("text", "label"), *rows])
    (tmp_path / "a.tsv").write_text(lines + "\n", encoding="utf-8")
    command = ["finetune", "--task", "sentiment", "--data", tmp_path / "a.tsv"]
    command += ["--steps", "1", "--output", tmp_path / "m", "--device", "cpu"]
    code, out, err = run(capsys, *command, *(["--model", model] if model else []))
    assert code == 0, err
    named = re.search(r"mini-world knows (\d+)%, english, .*, (\d+)%; --model eng", out)
    assert bool(named) == is_named
    if named:
        shares = []
        for name in ("mini-world", "english"):
            folder = shipped_weights(name)
            tokenizer = BertTokenizer.from_pretrained(folder)
            words = " ".join(texts).split()
            whole = sum(len(tokenizer.tokenize(word)) == 1 for word in words)
            shares.append(f"{whole / len(words):.0%}")
        assert [f"{number}%" for number in named.groups()] == shares
