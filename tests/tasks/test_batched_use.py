"""Rows of a file are read in batches of like length: the same answers, in order."""

import json
import random

import pytest
import torch

from bert_tutorial.cli.main import main
from bert_tutorial.files.errors import UserError
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.model.fill import fill_masks
from bert_tutorial.model.objectives import BertForMaskedLM
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tasks.examples import Example
from bert_tutorial.tasks.fill import fill_texts
from bert_tutorial.tasks.fit import CPU_TOKENS, OTHER_TOKENS, length_batches
from bert_tutorial.tasks.sentiment.classify import classify
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training import device as device_module

CPU = torch.device("cpu")
TEXTS = [
    "The capital of France is [MASK].",
    "[MASK] is the capital of [MASK].",
    "The [MASK] is an animal .",
    "[MASK]",
    "The capital of Peru is [MASK], and that of Kenya is [MASK] .",
]


def examples(count, longest=60):
    rng = random.Random(0)
    lengths = [rng.randint(1, longest) for _ in range(count)]
    return [Example([5] * n, [0] * n, {"labels": 1}) for n in lengths]


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_each_example_comes_once_in_a_batch_of_like_length(device):
    made = examples(300)
    device = torch.device(device)
    most = CPU_TOKENS if device.type == "cpu" else OTHER_TOKENS
    seen, longest = [], 0
    for numbers, batch in length_batches(made, 64, device):
        rows, width = batch["input_ids"].shape
        lengths = [len(made[i].input_ids) for i in numbers]
        assert rows == len(numbers) <= 64 and rows * width <= most
        assert width == max(lengths) and min(lengths) >= longest
        assert ("attention_mask" in batch) == (min(lengths) < width)
        assert "labels" not in batch and batch["input_ids"].device == device
        seen, longest = seen + numbers, width
    assert sorted(seen) == list(range(300)) and seen != sorted(seen)


def test_what_is_longer_than_a_batch_is_one_and_nothing_is_none():
    long = [Example([5] * (CPU_TOKENS + 1), [0] * (CPU_TOKENS + 1), {})] * 2
    assert [numbers for numbers, _ in length_batches(long, 64, CPU)] == [[0], [1]]
    assert list(length_batches([], 64, CPU)) == []


@pytest.fixture(scope="module")
def filler():
    folder = shipped_weights()
    model = BertForMaskedLM.from_pretrained(folder)
    return model, BertTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_many_texts_are_filled_as_one_by_one(filler, batch_size):
    alone = [fill_masks(*filler, text) for text in TEXTS]
    together = fill_texts(*filler, TEXTS, batch_size=batch_size)
    assert [len(masks) for masks in together] == [1, 2, 1, 1, 2]
    for here, there in zip(together, alone, strict=True):
        for one, other in zip(here, there, strict=True):
            assert [g.token for g in one] == [g.token for g in other]
            found = [g.probability for g in one]
            assert found == pytest.approx([g.probability for g in other], abs=1e-5)


def test_a_text_without_a_mask_is_named(filler):
    with pytest.raises(UserError, match=r"text 2: the text must contain \[MASK\]"):
        fill_texts(*filler, [TEXTS[0], "Nothing is hidden ."])


def test_fill_reads_a_file_and_answers_in_its_order(tmp_path, capsys):
    file = tmp_path / "texts.txt"
    file.write_text("\n\n".join(TEXTS) + "\n", encoding="utf-8")
    assert main(["fill", "--input", str(file), "--top", "2"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["text"] for line in lines] == TEXTS
    assert lines[0]["guesses"][0][0][0] == "paris"
    assert [len(line["guesses"]) for line in lines] == [1, 2, 1, 1, 2]
    assert main(["fill", TEXTS[0], "--input", str(file)]) == 2
    assert main(["fill"]) == 2
    assert "either a text or --input" in capsys.readouterr().err


def test_answers_in_bfloat16_stay_beside_those_in_float32(monkeypatch, capsys):
    def first(*options):
        assert main(["fill", TEXTS[0], "--top", "1", *options]) == 0
        return capsys.readouterr().out.split()

    monkeypatch.setattr(device_module, "has_bfloat16", lambda device: True)
    usual, half = first(), first("--precision", "bfloat16")
    assert half[1] == usual[1] == "paris"
    assert abs(float(half[0][:-1]) - float(usual[0][:-1])) < 2
    monkeypatch.setattr(device_module, "has_bfloat16", lambda device: False)
    assert first("--precision", "auto") == usual == first("--precision", "float32")
    assert main(["fill", TEXTS[0], "--precision", "bfloat16"]) == 2


def test_classes_do_not_depend_on_who_shares_a_batch(filler):
    config = filler[0].config.changed(num_labels=3)
    torch.manual_seed(0)
    model = BertForSequenceClassification(config).eval()
    rng = random.Random(1)
    rows = []
    for _ in range(40):
        windows = [rng.choices(range(5, 300), k=rng.randint(2, 60)) for _ in range(2)]
        rows.append([Example(ids, [0] * len(ids), {}) for ids in windows])
    alone = torch.cat([classify(model, [row], batch_size=1) for row in rows])
    assert torch.allclose(classify(model, rows), alone, atol=1e-5)
    torch.testing.assert_close(classify(model, rows[::-1]).flip(0), alone)
