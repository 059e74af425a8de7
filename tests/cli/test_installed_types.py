"""Whoever installs the package, editable or not, gets its types."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from book_files import ROOT

SCRIPT = """from bert_tutorial import BertConfig
from bert_tutorial.tasks import evaluate_model

reveal_type(BertConfig().hidden_size)
reveal_type(evaluate_model)
BertConfig(hidden_size="two")
"""
# What mypy would read of torch is nothing to this test, and takes half a minute.
SETTINGS = "[mypy]\n[mypy-torch.*,numpy.*]\nfollow_imports = skip\n"


def test_an_editable_install_is_a_path_and_not_an_import_hook(tmp_path):
    setuptools = pytest.importorskip("setuptools")
    if Version(setuptools.__version__) < Version("77"):
        pytest.skip("older than pyproject.toml asks for")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("bert_tutorial", "tests", "tools", "book", "notebooks"):
        (tmp_path / name).mkdir()
    for name in ("__init__.py", "py.typed"):
        shutil.copy(ROOT / "bert_tutorial" / name, tmp_path / "bert_tutorial")
    build = "from setuptools import build_meta; build_meta.build_editable('wheel')"
    command = [sys.executable, "-c", build]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".pth"))
        line = opened.read(name).decode().strip()
    assert Path(line) == tmp_path, "type checkers follow paths only"


@pytest.mark.slow
def test_mypy_sees_the_types_from_another_folder(tmp_path):
    (tmp_path / "use.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(SETTINGS, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k != "MYPYPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "use.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert 'use.py:4: note: Revealed type is "int"' in done.stdout, (
        f"{done.stdout}{done.stderr}\nis the environment up to date? make venv"
    )
    assert "use.py:5: note" in done.stdout and '"Any"' not in done.stdout
    assert 'use.py:6: error: Argument "hidden_size"' in done.stdout
    assert done.stdout.count("error:") == 1
