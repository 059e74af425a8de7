"""The stored run of a published encoder on real data: whole, and as the pages say."""

import argparse
import json
import statistics

import pytest
import torch
import trainer_tasks
from conftest import REAL_DATA

from bert_tutorial.files.hub import ENCODER_SHA256
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fit import fit
from bert_tutorial.tasks.run import usual_rate
from book_files import ROOT

FILE = ROOT / "bert_tutorial" / "runs" / "published_encoder.json"
STORED = json.loads(FILE.read_text("utf-8"))


def runs(task, kind, labels=None):
    return [
        run
        for run in STORED["runs"]
        if (run["task"], run["kind"]) == (task, kind)
        and labels in (None, run["labels"])
    ]


def test_it_is_of_the_published_file():
    assert STORED["sha256"] == ENCODER_SHA256
    assert STORED["command"].startswith("python tools/experiments/published_encoder.py")


@pytest.mark.parametrize("kind", ["fine-tuned", "scratch", "frozen", "bag of words"])
def test_three_seeds_and_a_whole_confusion(kind):
    found = runs("sentiment", kind, 256)
    assert [run["seed"] for run in found] == [0, 1, 2]
    for run in found:
        cells = [count for row in run["confusion"] for count in row]
        right = run["confusion"][0][0] + run["confusion"][1][1]
        assert sum(cells) == 1_000 and right / 1_000 == run["accuracy"]


def test_pretraining_pays_on_each_seed():
    """At least 10 points over scratch and over words, as chapter 14 says."""
    for tuned, scratch, words in zip(
        *(runs("sentiment", k, 256) for k in ("fine-tuned", "scratch", "bag of words")),
        strict=True,
    ):
        assert tuned["accuracy"] > scratch["accuracy"] + 0.1
        assert tuned["accuracy"] > words["accuracy"] + 0.1


def test_negations_are_hard_and_overlap_explains_nothing():
    found = runs("sentiment", "fine-tuned", 256)
    mean = statistics.mean(run["accuracy"] for run in found)

    def part(name):
        return statistics.mean(run["parts"][name][1] for run in found)

    assert part("with a negation") < mean - 0.09
    assert part("1 to 3 words") > part("4 to 10 words") > part("11 words or more")
    assert abs(part("apart from the labelled ones") - mean) < 0.01


def test_names_are_found_by_the_better_start_and_more_with_each_pass():
    """On each seed; from random weights as many passes give less than our own six."""
    own = json.loads((ROOT / "bert_tutorial" / "runs" / "wnut17.json").read_text())
    best = max(one["f1"][0] for one in own["methods"].values())

    def f1(kind, epochs):
        found = [run for run in runs("tagging", kind) if run["epochs"] == epochs]
        return [run["f1"] for run in sorted(found, key=lambda run: run["seed"])]

    assert len(f1("fine-tuned", 1)) == len(f1("fine-tuned", 2)) == 3
    assert f1("frozen", 1)[0] > 3 * best
    assert f1("frozen", 1)[0] < min(f1("fine-tuned", 1))
    assert max(f1("fine-tuned", 1)) < min(f1("fine-tuned", 2))
    assert max(f1("fine-tuned", 2)) < f1("fine-tuned", 4)[0]
    assert len(f1("scratch", 2)) == 3 and max(f1("scratch", 2)) < best
    for run in runs("tagging", "fine-tuned"):
        whole = [sum(types.values()) for types in run["confusion"].values()]
        assert sum(whole) == own["dev"]["spans"] and run["labels"] == 3_394
        person = run["confusion"]["person"]
        assert person["person"] / sum(person.values()) > (run["epochs"] > 1) * 0.65


def test_a_thousand_questions_teach_the_published_start_only():
    """On each seed; a sliding window is between the two."""
    (window,) = runs("questions", "sliding window")
    tuned, scratch = (runs("questions", kind) for kind in ("fine-tuned", "scratch"))
    assert [run["seed"] for run in tuned] == [run["seed"] for run in scratch]
    assert len(tuned) == 3
    for one, other in zip(tuned, scratch, strict=True):
        assert one["steps"] == other["steps"] and one["total"] == 201
        assert one["exact_match"] > 4 * window["exact_match"]
        assert other["exact_match"] < window["exact_match"]
        counted = sum(part["total"] for part in one["by_word"].values())
        assert counted == one["total"]


def test_counting_words_is_not_passed_by_the_encoder_on_pairs_of_a_passage():
    (words,), (cosine,) = runs("pairs", "common words"), runs("pairs", "cosine")
    assert words["accuracy"] > cosine["accuracy"] > 0.7
    tuned = [run["accuracy"] for run in runs("pairs", "fine-tuned")]
    assert len(tuned) == 3
    assert cosine["accuracy"] < min(tuned)
    assert statistics.mean(tuned) < words["accuracy"] and max(tuned) < 0.85


def test_a_cast_that_is_cached_over_steps_would_stop_learning():
    """Why the experiment casts without a cache: each step must see new weights."""
    config = BertConfig(
        vocab_size=8,
        hidden_size=16,
        num_attention_heads=2,
        num_hidden_layers=1,
        intermediate_size=16,
        max_position_embeddings=8,
        hidden_dropout_prob=0.0,
    )
    examples = [Example([1, i, i], [0] * 3, {"labels": i % 2}) for i in (2, 3)] * 8
    last = {}
    for is_cached in (True, False):
        torch.manual_seed(0)
        model = BertForSequenceClassification(config)
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=is_cached):
            losses = fit(model, examples, steps=60, learning_rate=1e-2)
        last[is_cached] = statistics.mean(losses[-5:])
    assert last[False] < 0.1 < last[True]


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"no {REAL_DATA}")
def test_pairs_have_the_answer_in_one_sentence_and_not_in_the_other():
    import sys

    sys.path.insert(0, str(ROOT / "tools" / "experiments"))
    import published_encoder
    from squad_small import divide

    train, test = divide(REAL_DATA / "squad" / "xquad.en.json")
    answer = {item.question: item.answers[0][0].lower() for item in [*train, *test]}
    rows = published_encoder.answer_pairs(test, 0)
    assert len(rows) > 300
    for row in rows:
        assert (answer[row.text] in row.pair.lower()) == (row.label == "1")


@pytest.mark.parametrize(
    ("task", "name"),
    [("sentiment", "sentiment"), ("tagging", "tagging"), ("questions", "qa")],
)
def test_the_usual_rate_at_this_size_is_the_better_of_those_tried(task, name, tmp_path):
    sizes = {"hidden_size": 384, "num_attention_heads": 12, "vocab_size": 30_522}
    (tmp_path / "config.json").write_text(json.dumps(sizes), encoding="utf-8")
    assert (
        usual_rate(tmp_path, name) == STORED["rates"][f"{task}, fine-tuned"]["chosen"]
    )


def test_a_run_of_the_library_is_stored_with_what_its_command_knows(monkeypatch):
    """A real command's options: the journal is another tool's, and asks for its own."""

    def part(journal):
        for seed in journal.options.seeds:
            key = {"task": "sentiment", "kind": "Trainer", "seed": seed}
            yield from journal.add(key, lambda: {"accuracy": 0.5})

    for name in ("sentiment", "tagging", "questions"):
        monkeypatch.setattr(trainer_tasks, name, part)
    parser = argparse.ArgumentParser()
    trainer_tasks.add_options(parser)
    options = parser.parse_args(["--data", "."])
    options.seeds = [0, 1]
    document = {}
    for _ in trainer_tasks.run(options, document):
        pass
    assert [(run["seed"], run["bf16"]) for run in document["runs"]] == [
        (0, False),
        (1, False),
    ]
    assert document["rates"]["tagging"]["chosen"] > 0
