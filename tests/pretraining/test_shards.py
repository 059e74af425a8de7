"""Streaming: every document once, whatever the cuts; flat memory; exact resume."""

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import torch
from cost import BERT_TOKENS, gpu_hours

from bert_tutorial.pretraining.documents import read_documents
from bert_tutorial.pretraining.large_corpus import (
    Block,
    ShardedBatches,
    ShardedCorpus,
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


@pytest.mark.parametrize("world_size", [2, 3, 7])
def test_processes_share_all_documents(folder, world_size):
    parts = [
        list(
            ShardedCorpus(
                folder, rank=rank, world_size=world_size, block_bytes=300
            ).documents(3)
        )
        for rank in range(world_size)
    ]
    whole = read_documents(folder, layout="lines")
    assert sorted(d for part in parts for d in part) == sorted(whole)
    assert min(map(len, parts)) > 0.6 * len(whole) / world_size


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
    for wrong in ({"rank": 2, "world_size": 2}, {"rank": -1}, {"block_bytes": 0}):
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


def test_memory_does_not_grow_with_the_corpus(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "tools/experiments/big_corpus.py",
            "--megabytes",
            "30",
            "--json",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["rows"] > 50_000
    assert result["peak_mib_above_start"] < 25
    assert not list(tmp_path.iterdir())


def test_the_costs_in_the_book_are_computed():
    page = (ROOT / "book" / "scaling.md").read_text(encoding="utf-8")
    rows = [
        line.strip("| ").split(" | ") for line in page.splitlines() if "00 " in line
    ]
    rows = [row for row in rows if len(row) == 6 and row[1].isdigit()]
    assert len(rows) == 6
    for _, peak, share, hours, price, dollars in rows:
        exact = gpu_hours(110e6, BERT_TOKENS, float(peak), float(share[:-2]) / 100)
        assert round(exact) == int(hours)
        assert round(exact * float(price)) == int(dollars)
    assert round(BERT_TOKENS / 1e9, 1) == 42.6
    with pytest.raises(ValueError, match="utilisation"):
        gpu_hours(1, 1, 1, 0)


def test_a_streamed_run_goes_on_where_it_stopped(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    make_batches(folder).tokenizer.save(elsewhere)
    vocabulary = elsewhere / "vocab.txt"

    sizes = "--size tiny --steps 4 --save-every 2 --device cpu"
    sizes += " --tokens-per-batch 256 --max-length 32"

    def start(output):
        places = [folder, vocabulary, output]
        done = subprocess.run(
            [
                sys.executable,
                "tools/experiments/pretrain_sharded.py",
                *places,
                *sizes.split(),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr
        return (output / "model.safetensors").read_bytes()

    whole = start(elsewhere / "run")
    for state in (elsewhere / "run" / "states").glob("*4*"):
        state.unlink()
    assert start(elsewhere / "run") == whole
