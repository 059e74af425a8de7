"""The committed run on SST-2 phrases: whole, and what chapter 14 says of it."""

import json

import nbformat

from book_files import ROOT

RUN = json.loads((ROOT / "bert_tutorial" / "runs" / "sst2.json").read_text("utf-8"))


def values(method, number):
    runs = RUN["runs"]
    return [
        r["accuracy"] for r in runs if r["method"] == method and r["labels"] == number
    ]


def test_three_seeds_of_each_method_at_two_sizes():
    for method in ("bag of words", "scratch", "pretrained"):
        for number in (256, 2_048):
            assert len(values(method, number)) == 3, (method, number)


def test_what_the_page_says_holds():
    berts = values("scratch", 256) + values("pretrained", 256)
    assert min(values("bag of words", 256)) > max(berts)
    assert round(RUN["majority"], 2) == 0.56 and max(berts) < 0.6
    assert RUN["pretraining"]["steps"] == 1_600
    assert 550 < RUN["pretraining"]["validation"]["perplexity"] < 650
    path = ROOT / "notebooks" / "14_sentiment.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    text = next(cell.source for cell in cells if cell.id == "sst2-after")
    assert "slightly *behind* scratch" in text and "all six pairs of runs" in text
    assert "`sst2.json`" in text
    for number in (256, 2_048):
        pairs = zip(
            values("pretrained", number), values("scratch", number), strict=True
        )
        assert all(
            scratch - 0.03 < pretrained < scratch for pretrained, scratch in pairs
        )
    every = [run["accuracy"] for run in RUN["runs"] if run["labels"] == 2_048]
    assert min(every) > 0.69 and max(every) < 0.74


def test_the_overlap_of_the_split_adds_up():
    seen = RUN["dev phrases"]
    assert RUN["dev"] == 6_735 and RUN["train"] == 60_614
    assert seen["in training, too"] == 75
    assert seen["part of a training phrase"] / RUN["dev"] > 0.85
    assert 0 < seen["apart"] < RUN["dev"] - seen["part of a training phrase"]
