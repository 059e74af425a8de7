"""The published encoder in our code: parity, and what chapter 9 shows of it."""

import hashlib
import json
import os
import subprocess
import sys

import nbformat
import pytest
import torch
from transformers import AutoModel

from bert_tutorial import BertModel, BertTokenizer
from bert_tutorial.files.hub import ENCODER_SHA256, INSTALL, published_encoder
from bert_tutorial.labs import real_encoder
from bert_tutorial.labs.real_encoder import (
    ASKED,
    MONEY,
    NOTES,
    RIVER,
    head_weights,
    mean_cosines,
    mean_vectors,
    nearest_words,
    tf_idf,
    word_vectors,
)
from book_files import ROOT

STORED = json.loads((ROOT / "bert_tutorial" / "runs" / "real_bert.json").read_text())
TEXTS = [
    "The river rose over its bank after three days of rain.",
    "naïve café, 12 $ a cup!",
    "She asked the bank for a loan; it refused.",
]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def folder():
    return published_encoder()


@pytest.fixture(scope="module")
def ours(folder):
    return BertModel.from_pretrained(folder)


@pytest.fixture(scope="module")
def theirs(folder):
    return AutoModel.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def tokenizer(folder):
    return BertTokenizer.from_pretrained(folder)


def batch_of(tokenizer):
    rows = [tokenizer.encode(text).ids for text in TEXTS]
    T = max(map(len, rows))
    ids = torch.tensor([row + [0] * (T - len(row)) for row in rows])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


@pytest.mark.parametrize(
    ("dtype", "bound"), [(torch.float32, 1e-6), (torch.float64, 1e-14)]
)
def test_every_state_is_transformers_in_scale(ours, theirs, tokenizer, dtype, bound):
    batch = batch_of(tokenizer)
    is_token = batch["attention_mask"].bool()
    try:
        with torch.no_grad():
            mine = ours.to(dtype)(**batch, output_hidden_states=True).hidden_states
            other = theirs.to(dtype)(**batch, output_hidden_states=True).hidden_states
    finally:
        ours.float(), theirs.float()
    assert len(mine) == len(other) == 7
    for a, b in zip(mine, other, strict=True):
        a, b = a[is_token], b[is_token]
        assert (a - b).abs().max() / b.abs().max() < bound


def test_the_stored_slices_are_of_the_published_file(folder, theirs, tokenizer):
    file = (folder / "model.safetensors").read_bytes()
    assert hashlib.sha256(file).hexdigest() == STORED["sha256"] == ENCODER_SHA256
    parity = STORED["parity"]
    ids = tokenizer.encode(parity["sentence"]).ids
    assert ids == parity["ids"]
    try:
        with torch.no_grad():
            out = theirs.double()(torch.tensor([ids]), output_hidden_states=True)
    finally:
        theirs.float()
    for state, slices, scale in zip(
        out.hidden_states, parity["slices"], parity["scales"], strict=True
    ):
        assert abs(state.abs().max().item() - scale) < 1e-5
        found = state[0, parity["positions"], : len(slices[0])]
        assert (found - torch.tensor(slices, dtype=torch.float64)).abs().max() < 1e-8


def test_the_stored_page_is_of_the_published_file(ours, tokenizer):
    page = STORED["page"]
    contexts = [*RIVER, *MONEY]
    for word, stored in page["cosines"].items():
        found = [mean_cosines(v) for v in word_vectors(ours, tokenizer, contexts, word)]
        assert torch.tensor(found).allclose(torch.tensor(stored), atol=1e-4), word
    table = ours.embeddings.word_embeddings.weight
    for word, stored in page["neighbours"].items():
        found = [piece for piece, _ in nearest_words(table, tokenizer, word)]
        assert found == [piece for piece, _ in stored]
    texts = [context.format("bank") for context in contexts]
    for name, weights in head_weights(ours, tokenizer, texts).items():
        stored = torch.tensor(page["heads"]["published"][name])
        assert weights.allclose(stored, atol=1e-3), name


def outputs():
    (path,) = (ROOT / "notebooks").glob("09_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return {
        cell.id: "".join(out.get("text", "") for out in cell.outputs)
        for cell in cells
        if cell.cell_type == "code"
    }


def test_the_stored_outputs_of_the_chapter_are_of_the_real_file():
    printed = outputs()
    assert printed["encoder"].split() == [
        "sentence-transformers/all-MiniLM-L6-v2",
        "SHA-256",
        ENCODER_SHA256[:16],
    ]
    assert "encoder.layer.0.attention.self.query" in printed["file"]
    assert "second pass: all 7 states within" in printed["real-parity"]
    for text in printed.values():
        assert "stored run" not in text and "pip install" not in text


def test_a_control_word_separates_as_much_at_the_top_and_not_below():
    """What the page concludes of "bank", on the stored cosines."""
    gap = {
        word: [same - other for same, other in both]
        for word, both in STORED["page"]["cosines"].items()
    }
    controls = [word for word in gap if word != "bank"]
    for state in (1, 2):
        assert gap["bank"][state] > 2 * max(gap[word][state] for word in controls)
    assert max(gap[word][6] for word in controls) > gap["bank"][6]


def test_meaning_finds_what_shared_words_do_not(ours, tokenizer):
    right = torch.arange(len(NOTES))
    by_count = tf_idf(ASKED, NOTES) @ tf_idf(NOTES, NOTES).T
    by_vector = (
        mean_vectors(ours, tokenizer, ASKED) @ mean_vectors(ours, tokenizer, NOTES).T
    )
    assert (by_vector.argmax(-1) == right).all()
    assert (by_count.argmax(-1) == right).sum() <= 2


def test_mean_cosines_by_hand():
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    same, other = mean_cosines(vectors)
    assert same == pytest.approx((1 + 0.8) / 2)
    assert other == pytest.approx((0 + 0 + 0.6 + 0.6) / 4)


def test_tf_idf_by_hand():
    known = ["a b", "a c"]  # a is in both, so it weighs nothing
    table = tf_idf(["a b b", "c x"], known)
    assert table.tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def test_each_question_has_its_note_and_shares_hardly_a_word():
    assert len(ASKED) == len(NOTES) == len(set(ASKED)) == len(set(NOTES))
    for asked, note in zip(ASKED, NOTES, strict=True):
        words = [set(real_encoder.re.findall(r"\w+", t.lower())) for t in (asked, note)]
        shared = (words[0] & words[1]) - {"the", "a", "of", "in", "on", "to"}
        assert not shared, (asked, note)


def test_the_chapter_runs_without_the_encoder_and_says_what_brings_it(tmp_path):
    page = next((ROOT / "notebooks").glob("09_*.ipynb"))
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    absent = "from bert_tutorial.files import hub\nhub._installed = lambda name: None\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", absent + "\n\n".join(code)],
        cwd=tmp_path,
        env=os.environ
        | {"MPLBACKEND": "Agg", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert INSTALL in done.stdout
    assert "What follows was measured on that file" in done.stdout
