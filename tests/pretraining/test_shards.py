"""Streaming: every document once, whatever the cuts; flat memory; exact resume."""

import json
import os
import random
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bert_tutorial.__main__ import main
from bert_tutorial.pretraining import run
from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.pretraining.large_corpus import (
    Block,
    ShardedBatches,
    ShardedCorpus,
    ShardedData,
    read_block,
)
from bert_tutorial.tokenization.tokenizer import BertTokenizer

ROOT = Path(__file__).resolve().parents[2]
TEXT = "a b\nc d\n\ne f\n\n\n\ng h\ni\n\nj\n"


@pytest.fixture
def folder(tmp_path):
    """Make three files of numbered documents of unequal length, 600 in all."""
    number = 0
    for name in ("one", "two", "three"):
        documents = []
        for _ in range(200):
            lines = [f"{number} {k} é" for k in range(1 + number % 4)]
            documents.append("\n".join(lines))
            number += 1
        (tmp_path / f"{name}.txt").write_text("\n\n".join(documents) + "\n")
    return tmp_path


def blocks(file, size):
    end = file.stat().st_size
    return [Block(file, i, min(i + size, end)) for i in range(0, end, size)]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_blocks_cut_anywhere_give_each_document_once(tmp_path, ends):
    file = tmp_path / "text.txt"
    for text in (TEXT, "\n\n" + TEXT + "\n", TEXT.rstrip("\n")):
        file.write_bytes(text.replace("\n", ends).encode())
        whole = read_documents(file, layout="lines")
        for size in range(1, 40):
            found = [d for block in blocks(file, size) for d in read_block(block)]
            assert found == whole, (size, text)


def test_same_documents_as_the_reader_of_small_corpora(folder):
    corpus = ShardedCorpus(folder, block_bytes=500, buffer_documents=20)
    assert len(corpus.blocks) > 9
    found = list(corpus.documents())
    whole = read_documents(folder, layout="lines")
    assert sorted(found) == sorted(whole)
    assert found != whole


def test_seed_and_epoch_decide_the_order(folder):
    def order(seed, epoch):
        corpus = ShardedCorpus(folder, seed=seed, block_bytes=500)
        return list(corpus.documents(epoch))

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(2, 0)
    assert order(1, 0) != order(1, 1)
    assert sorted(order(1, 0)) == sorted(order(1, 1))


def test_files_in_which_documents_do_not_end_are_cut(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("\n".join(map(str, range(2_500))))
    found = [d for block in blocks(file, 1_000) for d in read_block(block)]
    assert [len(d) for d in found] == [1_000, 1_000, 500]
    assert [int(x) for d in found for x in d] == list(range(2_500))


FAULTS = {
    "Latin-1": (b"a\n\ncaf\xe9 b\n", "byte 0xe9 at byte 6"),
    "UTF-16": ("a\n".encode("utf-16"), "byte order mark of UTF-16"),
    "NUL": (b"a\nb\0c\n", "NUL, got one at byte 3"),
    "empty": (b"", "only empty files"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_files_are_named_with_the_byte(tmp_path, name):
    data, message = FAULTS[name]
    (tmp_path / "text.txt").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        list(ShardedCorpus(tmp_path).documents())


def test_bad_numbers(folder):
    for wrong in ({"block_bytes": 0}, {"buffer_documents": 0}):
        with pytest.raises(ValueError, match="must be"):
            ShardedCorpus(folder, **wrong)
    with pytest.raises(FileNotFoundError):
        ShardedCorpus(folder / "none")


def test_a_byte_order_mark_goes(tmp_path):
    (tmp_path / "text.txt").write_text("a\n", encoding="utf-8-sig")
    assert list(ShardedCorpus(tmp_path).documents()) == [["a"]]


def make_batches(folder, **changes):
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    digits = [str(i) for i in range(10)]
    tokenizer = BertTokenizer([*specials, *digits, *(f"##{d}" for d in digits), "e"])
    corpus = ShardedCorpus(folder, block_bytes=500, buffer_documents=20)
    sizes = {"tokens_per_batch": 256, "max_length": 32, "chunk_documents": 70}
    return ShardedBatches(corpus, tokenizer, **(sizes | changes))


def test_batches_go_on_exactly_from_a_state(folder):
    first = make_batches(folder)
    expected = list(islice(first, 150))
    assert first.epoch > 0
    for stop in (0, 1, 37, 120):
        before = make_batches(folder)
        for _ in range(stop):
            next(before)
        after = make_batches(folder)
        after.load_state_dict(before.state_dict())
        for there, here in zip(expected[stop:], islice(after, 20), strict=False):
            assert there.keys() == here.keys()
            assert all(torch.equal(there[key], here[key]) for key in there)


def write_large(folder: Path, size: int) -> int:
    """Write files of documents of 3 to 30 made-up sentences; count the sentences."""
    rng = random.Random(0)
    words = ["the", "of", "is", *(f"w{n}" for n in range(5_000))]
    sentences = [
        " ".join(rng.choices(words, k=rng.randint(5, 30))) + "." for _ in range(20_000)
    ]
    rows = written = number = 0
    while written < size:
        target = min(size, written + 200_000_000)
        with open(folder / f"part-{number:04}.txt", "w", encoding="utf-8") as file:
            while written < target:
                document = rng.choices(sentences, k=rng.randint(3, 30))
                written += file.write("\n".join(document) + "\n\n")
                rows += len(document)
        number += 1
    return rows


READ = """
import sys
from pathlib import Path
from bert_tutorial.pretraining.large_corpus import ShardedCorpus

def resident(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) // 1024 for x in lines if x.startswith(key))

corpus = ShardedCorpus(sys.argv[1])
Path("/proc/self/clear_refs").write_text("5")  # the peak begins at what is in use
before = resident("VmRSS")
print(sum(map(len, corpus.documents())), resident("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
@pytest.mark.parametrize(
    "megabytes", [30, pytest.param(2_000, marks=pytest.mark.weekly)]
)
def test_memory_does_not_grow_with_the_corpus(tmp_path, megabytes):
    rows = write_large(tmp_path, megabytes * 1_000_000)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found, peak_mib = map(int, done.stdout.split())
    assert found == rows > 50_000
    assert peak_mib < 25


def test_the_held_out_documents_are_never_read_in_training(folder):
    corpus = ShardedCorpus(folder, seed=3, block_bytes=500)
    number = len(corpus.blocks)
    held_out = corpus.hold_out()
    assert len(corpus.blocks) == number - 1 and len(held_out) > 1
    whole = read_documents(folder, layout="lines")
    for epoch in (0, 1):
        assert sorted([*corpus.documents(epoch), *held_out]) == sorted(whole)
    again = ShardedCorpus(folder, seed=3, block_bytes=500)
    assert again.hold_out() == held_out
    with pytest.raises(ValueError, match="none to hold out"):
        ShardedCorpus(folder / "one.txt").hold_out()


def test_paragraphs_are_refused_before_anything_is_written(tmp_path, capsys):
    text = "One came home. Two went away. Three slept well.\n" * 200
    (tmp_path / "text.txt").write_text(text)
    words = ["pretrain", "--shards", "--corpus", tmp_path / "text.txt"]
    output = tmp_path / "run"
    assert main([*map(str, words), "--output", str(output), "--steps", "1"]) == 2
    assert "looks like paragraphs" in capsys.readouterr().err
    assert not output.exists()


def test_a_large_corpus_stays_on_disk_unless_told_otherwise(folder, monkeypatch):
    size = sum(file.stat().st_size for file in folder.iterdir())
    monkeypatch.setattr(run, "MEMORY_BYTES", size + 1)
    assert not run.reads_shards([folder])
    assert run.reads_shards([folder], shards=True)
    monkeypatch.setattr(run, "MEMORY_BYTES", size)
    assert run.reads_shards([folder])
    assert not run.reads_shards([folder], shards=False)


def test_large_paragraphs_are_read_whole_unless_shards_are_asked_for(
    tmp_path, monkeypatch
):
    file = tmp_path / "paragraphs.txt"
    line = "The first sentence of a paragraph is here. The second one follows it.\n"
    file.write_text((line * 3 + "\n") * 20, encoding="utf-8")
    monkeypatch.setattr(run, "MEMORY_BYTES", 1)
    assert not run.reads_shards([file])
    assert run.reads_shards([file], shards=True)


def command(folder: Path, output: Path, *more: str) -> list[str]:
    """Give the words that pretrain a very small BERT on a corpus in shards."""
    sizes = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 3}
    config = output.parent / "config.json"
    config.write_text(json.dumps(sizes | {"intermediate_size": 37}))
    return [
        *("pretrain", "--corpus", str(folder), "--output", str(output), "--shards"),
        *("--config", str(config), "--vocab-size", "60", "--steps", "30"),
        *("--tokens-per-batch", "256", "--max-length", "32", "--dropout", "0.1"),
        *("--device", "cpu", "--threads", "1", "--save-every", "13", *more),
    ]


@pytest.fixture
def whole(folder, tmp_path_factory):
    """Train with one process, without a stop."""
    output = tmp_path_factory.mktemp("elsewhere") / "run"
    assert main(command(folder, output, "--resume", "auto")) == 0
    return output


def test_a_sharded_run_goes_on_where_it_stopped(folder, whole, capsys):
    report = json.loads((whole / "run.json").read_text())
    assert report["read"].startswith("in shards of")
    assert report["validation"]["masked_places"] > 0
    model = whole / "model.safetensors"
    expected = model.read_bytes()
    (whole / "states" / "step-000000026.safetensors").unlink()
    model.unlink()
    assert main([*command(folder, whole), "--resume", "auto"]) == 0
    assert model.read_bytes() == expected
    capsys.readouterr()
    # What was read in shards cannot go on in memory: its batches are others.
    other = [word for word in command(folder, whole) if word != "--shards"]
    assert main([*other, "--resume"]) == 2
    assert "had other settings: corpus file 1" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_read_the_same_shards_as_one(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")  # not vocab.txt into the corpus
    alone, together = elsewhere / "alone", elsewhere / "together"
    without_chance = ["--dropout", "0"]
    assert main(command(folder, alone, *without_chance)) == 0
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launcher += ["--nproc-per-node=2", "-m", "bert_tutorial"]
    done = subprocess.run(
        [*launcher, *command(folder, together, *without_chance)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    tensors = [load_file(folder / "model.safetensors") for folder in (alone, together)]
    for name in tensors[0]:
        torch.testing.assert_close(*(t[name] for t in tensors), atol=1e-6, rtol=0)


def test_held_out_sentences_are_compared_with_all_of_training(tmp_path):
    lines = [f"sentence {i} of this corpus is here" for i in range(400)]
    documents = ["\n".join(lines[i : i + 4]) for i in range(0, 400, 4)]
    file = tmp_path / "c.txt"
    file.write_text("\n\n".join(documents) + "\n", encoding="utf-8")
    data = ShardedData(file, vocab_size=60, max_length=32, seed=1)
    held = [line for document in data.held_out for line in document]
    assert len(held) > 8
    assert data.leaks() == data.facts()["leaks"]["held-out"]
    assert data.leaks() == {"texts": len(held), "in_training": 0}
    known = next(line for line in lines if line not in held)
    data.held_out = [
        [known.upper(), f"  {known}".replace(" is ", "  is\t"), known],
        [f"{known} too", "here", known[:-1]],  # "here" is too short to say anything
    ]
    assert data.leaks() == {"texts": 5, "in_training": 3}
    part = data.leaks(most=3 * data.block_bytes)
    assert part["share_read"] == round(3 / len(data.corpus.blocks), 4)
    assert data.leaks(most=1)["share_read"] == round(1 / len(data.corpus.blocks), 4)
