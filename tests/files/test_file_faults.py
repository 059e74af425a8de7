"""Files from outside that are broken in ways that a reader would not think of."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub
import pytest
import torch
from conftest import at_most, tiny_config
from safetensors.torch import load_file, save_file

from bert_tutorial.__main__ import main
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.hub import find_folder
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.task_heads import BertForSequenceClassification
from bert_tutorial.tokenization.rules import read_tokenizer_folder
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.tokenization.vocabulary import SPECIAL_TOKENS, save_vocabulary


@pytest.fixture
def folder(tmp_path):
    BertModel(tiny_config()).save_pretrained(tmp_path)
    return tmp_path


def test_a_flipped_bit_is_found_wherever_it_falls(folder):
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    for place in (header, (header + len(whole)) // 2, len(whole) - 1):
        broken = bytearray(whole)
        broken[place] ^= 1
        path.write_bytes(bytes(broken))
        with pytest.raises(CheckpointError, match=r"model\.safetensors.*digest"):
            BertModel.from_pretrained(folder)
    path.write_bytes(whole)
    BertModel.from_pretrained(folder)


def test_a_file_without_a_digest_is_read(folder):
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    BertModel.from_pretrained(folder)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["x.bin"], "must name .safetensors files, got 'x.bin'"),
        ([7], "must name .safetensors files, got 7"),
        (["../x.safetensors"], "names a file elsewhere"),
        (["a\nb.safetensors"], r"a\nb.safetensors does not exist"),
        (["x" * 400 + ".safetensors"], "does not exist, but the index names it"),
    ],
    ids=["old kind", "number", "elsewhere", "line end", "long"],
)
def test_an_index_names_files_of_numbers_beside_it(folder, names, said):
    (folder / "model.safetensors").rename(folder / "one.safetensors")
    # the old kind is read on request only, not because an index names it
    torch.save({"a": torch.zeros(1)}, folder / "x.bin")
    index = json.dumps({"weight_map": dict(enumerate(names))})
    (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    with pytest.raises(CheckpointError) as error:
        BertModel.from_pretrained(folder)
    assert said in str(error.value) and str(error.value).isprintable()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vocab_size": 2**62}, "no model can have these sizes"),
        ({"hidden_size": 12 * 2**70}, "no model can have these sizes"),
        ({"num_hidden_layers": 10**9}, "as many layers as the files"),
        ({"num_hidden_layers": 10**30}, "as many layers as the files"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_sizes_that_no_model_has_are_refused_at_once(folder, change, said):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with at_most(1), pytest.raises(CheckpointError, match=said):
        BertModel.from_pretrained(folder)


def test_a_tensor_of_whole_numbers_or_without_axes_is_refused(folder):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = next(key for key in tensors if key.endswith("query.bias"))
    whole = tensors[name].to(torch.int64)
    save_file({**tensors, name: whole}, path)
    with pytest.raises(CheckpointError, match=r"query\.bias must have 16, 32 or 64"):
        BertModel.from_pretrained(folder)
    save_file({**tensors, name: torch.tensor(1.0)}, path)
    with pytest.raises(CheckpointError, match=r"query\.bias must have shape \(12,\)"):
        BertModel.from_pretrained(folder)
    save_file({**tensors, "classifier.weight": torch.tensor(1.0)}, path)
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=3)
    assert "classifier.weight" in model.missing_keys
    with pytest.raises(CheckpointError, match=r"classifier\.weight must have shape"):
        BertForSequenceClassification.from_pretrained(folder)


def test_a_flipped_bit_in_a_file_of_the_old_kind_is_found(folder):
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    path = folder / "pytorch_model.bin"
    torch.save(tensors, path)
    BertModel.from_pretrained(folder, allow_bin=True)
    whole = path.read_bytes()
    place = whole.index(next(iter(tensors.values())).numpy().tobytes())
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(CheckpointError, match="does not fit its checksum"):
        BertModel.from_pretrained(folder, allow_bin=True)
    torch.save({1: torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="tensors by name only"):
        BertModel.from_pretrained(folder, allow_bin=True)


def test_two_tensors_for_one_place_are_refused_if_they_differ(folder):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    name = next(key for key in tensors if key.endswith("query.weight"))
    other = name.removeprefix("bert.") if name.startswith("bert.") else f"bert.{name}"
    save_file({**tensors, other: tensors[name].clone()}, path)
    BertModel.from_pretrained(folder)
    save_file({**tensors, other: tensors[name] + 1}, path)
    with pytest.raises(CheckpointError, match=r"query\.weight.*differ"):
        BertModel.from_pretrained(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"model": {"type": "WordPiece"}},
        {"model": {"vocab": 5}},
        {"model": {"vocab": {"[PAD]": "0"}}},
        {"model": {"vocab": {"[PAD]": True}}},
        {"normalizer": ["lowercase"], "model": {"vocab": {"[PAD]": 0}}},
    ],
    ids=str,
)
def test_a_broken_tokenizer_json_is_named(tmp_path, change):
    (tmp_path / "tokenizer.json").write_text(json.dumps(change), encoding="utf-8")
    with pytest.raises(ValueError, match=r"tokenizer\.json"):
        read_tokenizer_folder(tmp_path)
    with pytest.raises(ValueError, match=r"tokenizer\.json"):
        BertTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize("lower", ["false", None, 0, []], ids=repr)
def test_a_case_that_is_neither_true_nor_false_is_refused(tmp_path, lower):
    BertTokenizer([*SPECIAL_TOKENS, "a"]).save(tmp_path)
    text = json.dumps({"do_lower_case": lower})
    (tmp_path / "tokenizer_config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="do_lower_case must be true or false"):
        BertTokenizer.from_pretrained(tmp_path)


@pytest.mark.parametrize("piece", ["a\nb", "\n", "\ud800"], ids=ascii)
def test_a_piece_that_a_file_cannot_hold_on_one_line_is_refused(tmp_path, piece):
    ids = {token: i for i, token in enumerate([*SPECIAL_TOKENS, piece, "c"])}
    text = json.dumps({"model": {"vocab": ids}})
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"tokenizer\.json, line 6: a piece must"):
        BertTokenizer.from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="line 6: a piece must"):
        save_vocabulary(list(ids), tmp_path / "vocab.txt")
    assert not (tmp_path / "vocab.txt").exists()


def test_labels_that_are_no_names_are_refused():
    with pytest.raises(ValueError, match="id2label"):
        BertConfig.strict({"id2label": 5})


def test_an_unknown_key_without_a_near_one_lists_the_known_keys():
    with pytest.raises(ValueError, match=r"zzz.*hidden_size.*vocab_size"):
        BertConfig.strict({"zzz": 1})


@pytest.mark.parametrize("text", ["[" * 100_000, "not json", "[1]"], ids=len)
def test_a_configuration_file_that_is_no_object_gets_one_line(tmp_path, text, capsys):
    (tmp_path / "c.json").write_text(text, encoding="utf-8")
    (tmp_path / "t.txt").write_text("one two three.\n", encoding="utf-8")
    output = tmp_path / "out"
    corpus, config = str(tmp_path / "t.txt"), str(tmp_path / "c.json")
    command = ["pretrain", "--corpus", corpus, "--config", config]
    assert main([*command, "--output", str(output)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert "c.json" in error
    assert not output.exists()


WEIGHTS = b"0123456789" * 5_000


class Hub(BaseHTTPRequestHandler):
    """A hub on this machine with one model and one fault."""

    cut, once, page, hang = 1.0, False, False, 0.0
    length, digest = 0, True  # bytes too many promised; whether the digest is right
    asked: list[str]
    ended = threading.Event()

    def log_message(self, *_):
        """Say nothing."""

    def answer(self, with_body):
        if self.page:
            body = b"<html><body>Please log in to this network</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)
            return
        if not self.path.endswith(("config.json", "model.safetensors")):
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"{}" if self.path.endswith("config.json") else WEIGHTS
        start = 0
        self.asked.append(f"{self.command} {self.path}")
        asked = self.headers.get("Range")
        if asked:
            start = int(asked.removeprefix("bytes=").split("-")[0])
        self.send_response(206 if asked else 200)
        is_weights = body is WEIGHTS
        right = sha256(body) if is_weights else sha1(b"blob 2\0{}")
        name = right.hexdigest()
        self.send_header("ETag", f'"{name if self.digest else name[::-1]}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        promised = len(body) - start + self.length * is_weights
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        if with_body:
            if self.hang:
                self.ended.wait(self.hang)
            stop = int(len(body) * self.cut) if is_weights else len(body)
            again = sum("GET" in x and "model" in x[-17:] for x in self.asked) > 1
            stop = len(body) if self.once and again else stop
            self.wfile.write(body[start:stop])
            if stop < len(body):
                self.close_connection = True

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)


SCRIPT = """
import sys
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.hub import find_folder
try:
    print("folder", find_folder("someone/model"))
except CheckpointError as error:
    print("refused", error)
"""


def fetch(tmp_path, **fault):
    """Fetch a model from the faulty hub in a process of its own."""
    handler = type("Faulty", (Hub,), {"asked": [], **fault, "ended": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        **os.environ,
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(tmp_path / "hub"),
        "HF_HUB_DOWNLOAD_TIMEOUT": "1",
        "HF_HUB_ETAG_TIMEOUT": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONWARNINGS": "ignore",
    }
    environment.pop("HF_HUB_OFFLINE", None)
    try:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            capture_output=True,
            text=True,
            timeout=50,
        )
    finally:
        handler.ended.set()
        server.shutdown()
        server.server_close()
    assert "Traceback" not in done.stderr, done.stderr[-2_000:]
    names = [
        path for path in (tmp_path / "hub").rglob("model.safetensors") if path.is_file()
    ]
    return done.stdout, names


def test_a_whole_file_is_fetched(tmp_path):
    said, names = fetch(tmp_path)
    assert said.startswith("folder ")
    assert [name.read_bytes() for name in names] == [WEIGHTS]


def test_a_download_that_breaks_once_is_whole_in_the_end(tmp_path):
    said, names = fetch(tmp_path, cut=0.5, once=True)
    assert said.startswith("folder ")
    assert [name.read_bytes() for name in names] == [WEIGHTS]


def test_all_files_come_from_the_commit_of_the_first(tmp_path):
    asked = []
    fetch(tmp_path, asked=asked)
    first, *others = [path for path in asked if "model.safetensors" in path]
    assert all("a" * 40 in path for path in [first, *others])


FAULTS = {
    "an error page": {"page": True},
    "a hang": {"hang": 30.0},
    "10 %": {"cut": 0.1},
    "50 %": {"cut": 0.5},
    "99 %": {"cut": 0.99},
    "a wrong length": {"length": 7},
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """Fetch from these hubs, two at once: more would be late on two slow cores."""
    with ThreadPoolExecutor(2) as pool:
        begun = {
            name: pool.submit(fetch, tmp_path_factory.mktemp("hub"), **fault)
            for name, fault in FAULTS.items()
        }
        return {name: one.result() for name, one in begun.items()}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_download_leaves_no_file_and_says_what_to_do(failed, fault):
    said, names = failed[fault]
    assert said.startswith("refused someone/model ")
    assert "check the name and the network, or give a folder" in said
    assert not names


def test_other_bytes_than_the_digest_says_are_deleted(tmp_path):
    said, names = fetch(tmp_path, digest=False)
    assert said.startswith("refused someone/model: ")
    assert "was deleted; fetch it again" in said
    assert not names
    assert not [path for path in (tmp_path / "hub").rglob("blobs/*") if path.is_file()]


def test_any_error_of_the_hubs_client_is_one_of_ours(monkeypatch):
    class StrangeError(Exception):
        pass

    def fail(*_, **__):
        raise StrangeError("connection reset")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    with pytest.raises(CheckpointError, match="connection reset"):
        find_folder("someone/model")


def test_the_digest_does_not_depend_on_the_order_of_the_tensors(tmp_path):
    model = BertModel(tiny_config())
    model.save_pretrained(tmp_path / "a")
    model.save_pretrained(tmp_path / "b")
    first, second = (tmp_path / n / "model.safetensors" for n in "ab")
    assert first.read_bytes() == second.read_bytes()
    again = BertModel.from_pretrained(tmp_path / "a")
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
