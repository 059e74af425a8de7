"""What comes with the package: two models and the definitions, as they were made."""

import hashlib
import json
import random
import statistics
from pathlib import Path

import pytest
import torch
from english_text import PARTS, read_synsets
from real_english import read_rows, split_definitions
from torch.nn import functional as F

from bert_tutorial import BertForPreTraining, BertTokenizer
from bert_tutorial.cli.main import main
from bert_tutorial.files.errors import MissingFileError
from bert_tutorial.files.folder import read_tensors
from bert_tutorial.files.shipped import named_folder, shipped_data, shipped_weights
from bert_tutorial.model.fill import fill_masks
from bert_tutorial.tasks.sentiment.definitions import Definitions, read_definitions
from book_files import ROOT

DATA = shipped_data("definitions")
DIGESTS = {
    "train": "44944c33d530f2e9",
    "dev": "592ed55bc188d5fe",
    "test": "9a1cb1a632e50440",
}
KINDS = {
    *("act", "animal", "artifact", "attribute", "cognition", "communication"),
    *("food", "group", "location", "person", "plant", "state"),
}


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("part", DIGESTS)
def test_the_definitions_are_those_that_were_measured(part):
    assert digest(DATA / f"{part}.tsv").startswith(DIGESTS[part])


def test_each_definition_stands_in_one_part_with_one_of_twelve_kinds():
    parts = read_definitions()
    assert Definitions._fields == ("train", "dev", "test")
    assert [len(part) for part in parts] == [2_048, 500, 1_500]
    texts = [row.text.lower() for part in parts for row in part]
    assert len(set(texts)) == len(texts)
    for part in parts:
        assert {row.label for row in part} == KINDS
    total = sum(file.stat().st_size for file in DATA.iterdir())
    assert total < 400_000


def test_the_definitions_carry_their_licence():
    text = (DATA / "LICENSE.txt").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University." in text
    assert "without fee or" in text and "AS IS" in text
    notice = (ROOT / "NOTICE.md").read_text(encoding="utf-8")
    assert "`data/definitions`" in notice and "`weights/english`" in notice


def test_the_split_is_remade_from_wordnet(tmp_path):
    if not Path("/usr/share/wordnet/data.noun").is_file():
        pytest.skip("wordnet-base is not installed")
    split_definitions(Path("/"), tmp_path)
    for part in DIGESTS:
        assert read_rows(tmp_path / "definitions" / f"{part}.tsv") == read_rows(
            DATA / f"{part}.tsv"
        )
    known = [s.definition for part in PARTS for s in read_synsets(Path("/"), part)]
    assert {row.text for row in read_definitions().test} <= set(known)


def test_names_of_models_are_folders_unless_one_is_here(tmp_path, monkeypatch):
    assert named_folder("english") == shipped_weights("english")
    assert named_folder("mini-world") == shipped_weights()
    assert named_folder("owner/name") == "owner/name"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "english").mkdir()
    assert named_folder("english") == "english"
    with pytest.raises(MissingFileError, match="no weights named latin"):
        shipped_weights("latin")
    with pytest.raises(MissingFileError, match="no data set named latin"):
        shipped_data("latin")


ENGLISH = shipped_weights("english")
REPORT = json.loads((ENGLISH / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def english():
    return BertForPreTraining.from_pretrained("english"), BertTokenizer.from_pretrained(
        "english"
    )


def test_the_english_model_is_the_one_of_its_report(english):
    model, tokenizer = english
    assert digest(ENGLISH / "model.safetensors") == REPORT["sha256"]
    assert sum(p.numel() for p in model.parameters()) == REPORT["parameters"]
    assert len(tokenizer) == REPORT["vocabulary"] == model.config.vocab_size
    stored = json.loads((ROOT / "bert_tutorial/runs/real_english.json").read_text())
    assert stored["ship"]["sha256"] == REPORT["sha256"]
    ends = stored["language"]["models"][str(REPORT["recipe"]["steps"])]
    assert REPORT["in fp32"] in ends
    losses = [one["masked_lm"] for one in ends]
    assert REPORT["in fp32"]["masked_lm"] == min(losses), "the best of the seeds"


def test_half_precision_on_disk_is_fp32_in_memory(english):
    kinds = {t.dtype for t in read_tensors(ENGLISH / "model.safetensors").values()}
    assert kinds == {torch.float16}
    assert (ENGLISH / "model.safetensors").stat().st_size < 4_000_000
    assert {p.dtype for p in english[0].parameters()} == {torch.float32}
    assert (
        abs(REPORT["validation"]["masked_lm"] - REPORT["in fp32"]["masked_lm"]) < 0.002
    )


def test_the_report_is_honest_about_definitions_that_no_model_has_read(english):
    """Masks are put on 300 of the test definitions, one piece at a time."""
    model, tokenizer = english
    rows = random.Random(0).sample(list(read_definitions().test), 300)
    losses = []
    for ids in tokenizer.encode_lines([row.text for row in rows]):
        row = torch.tensor([tokenizer.cls_id, *ids, tokenizer.sep_id])
        places = torch.arange(1, len(row) - 1)
        masked = row.repeat(len(places), 1)
        masked[places - 1, places] = tokenizer.mask_id
        with torch.no_grad():
            hidden = model.bert(masked).last_hidden_state[places - 1, places]
            logits = model.cls.predictions(hidden)
        losses += F.cross_entropy(logits, row[places], reduction="none").tolist()
    told = REPORT["in fp32"]["on the definitions"]
    assert abs(statistics.mean(losses) - told) < 0.2


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a person [MASK] works in a shop.", "who"),
        ("United [MASK] writer (1850-1910).", "states"),
        ("a fish of the [MASK] ocean.", "atlantic"),
    ],
)
def test_the_english_model_has_learned_phrases(english, text, word):
    assert fill_masks(*english, text, 3)[0][0].token == word


def test_the_english_model_fills_a_mask_from_the_command_line(capsys):
    text = "Mr. [MASK] was very glad to see her."
    main(["fill", "--model", "english", "--top", "3", text])
    words = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    assert len(words) == 3
    assert set(words) & {"elton", "darcy", "weston", "crawford", "knightley"}


def test_the_report_says_that_it_knows_no_capitals(english):
    (told,) = REPORT["facts"]["capital"]
    assert told["first"] < 0.03, "chance is 1 in 203"
    (guesses,) = fill_masks(*english, "The capital of France is [MASK].", 50)
    assert "paris" not in [guess.token for guess in guesses]


def test_the_mini_world_is_still_what_is_loaded_without_a_name(capsys):
    main(["fill", "The capital of France is [MASK]."])
    assert "paris" in capsys.readouterr().out.splitlines()[0]
