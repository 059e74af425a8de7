"""The repository itself: no secrets, no machine paths, right sizes, honest metadata."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import bert_tutorial

ROOT = Path(__file__).resolve().parents[2]
BINARY = {".png", ".safetensors", ".ico", ".woff2"}
SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|hf_[A-Za-z]{30,}|sk-[\w-]{20,}"
    r"|xox[abp]-\w{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
# Split, so that this line does not find itself.
MACHINE = re.compile(r"(?<![\w.:/])/(?:" + "home|root|Users|tmp|work" + r")/\w")
# What Google Colab preinstalled when the floors were chosen (November 2026).
COLAB = {
    "torch": "2.11.0",
    "numpy": "2.1.3",
    "matplotlib": "3.10.0",
    "tokenizers": "0.22.2",
    "safetensors": "0.8.0",
    "huggingface_hub": "1.27.0",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]


FUNCTION_LINES = 40
# One file an exercise, and most of it a table: wrong answers, each with its hint.
TABLES = "bert_tutorial/course/exercises/"


def tracked() -> list[Path]:
    """Files of the repository; an unpacked copy without git is judged as it lies."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [file for file in files if file.is_file()]


PICTURE = re.compile(r'"image/png": "[^"]*"|base64,[\w+/=\\]*')


def texts() -> dict[str, str]:
    return {
        str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
        for file in tracked()
        if file.suffix not in BINARY
    }


def test_no_secret_and_no_path_of_a_machine_is_tracked():
    for name, text in texts().items():
        for pattern in (SECRET, MACHINE):
            # An embedded picture is base64 text, in which any letters can meet.
            found = pattern.search(re.sub(PICTURE, "", text))
            assert not found, f"{name}: {found.group()}"


def test_no_work_is_left_marked_in_the_sources():
    mark = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")
    for name, text in texts().items():
        if name.endswith((".py", ".ipynb", ".md")):
            assert not mark.search(text), name


def test_sizes():
    total = 0
    for file in tracked():
        size = file.stat().st_size
        total += size
        is_model = file.suffix == ".safetensors"
        assert size <= (8_000_000 if is_model else 1_000_000), file.name
    assert total <= 30_000_000


def code() -> dict[str, str]:
    places = ("bert_tutorial/", "tools/")
    found = texts().items()
    return {n: t for n, t in found if n.startswith(places) and n.endswith(".py")}


def function_lengths(text: str) -> dict[str, int]:
    """Count the lines of each function, the docstring aside: it has no logic."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            is_text = ast.get_docstring(node, clean=False) is not None
            told = first.end_lineno - first.lineno + 1 if is_text else 0
            found[f"{node.name}:{node.lineno}"] = (
                node.end_lineno - node.lineno + 1 - told
            )
    return found


def test_functions_are_short():
    for name, text in code().items():
        for function, lines in function_lengths(text).items():
            assert lines <= FUNCTION_LINES, f"{name}: {function} has {lines} lines"


def test_a_long_function_is_seen():
    text = 'def f():\n    """Say.\n\n    More.\n    """\n' + "    x = 1\n" * 40
    assert function_lengths(text) == {"f:1": 41}
    inner = "class C:\n    async def f(self):\n" + "        x = 1\n" * 40
    assert function_lengths(inner) == {"f:2": 41}


def test_nothing_is_unpickled():
    for name, text in texts().items():
        if not name.endswith((".py", ".ipynb")) or name.startswith("tests/"):
            continue
        assert not re.search(r"^\s*(?:import|from) (?:pickle|joblib|dill)", text, re.M)
        assert "torch.save(" not in text, name
        for call in re.findall(r"torch\.load\((.*?)\)", text, re.S):
            assert "weights_only=True" in call, name


def test_licences_and_citation():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    prose = (ROOT / "LICENSE-prose").read_text(encoding="utf-8")
    assert prose.startswith("Attribution 4.0 International")
    assert "ShareAlike" not in prose
    assert prose.count("\nSection ") == 8
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "type", "authors", "license"} <= set(citation)
    assert citation["version"] == bert_tutorial.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {bert_tutorial.__version__}" in changes


def test_installing_changes_nothing_that_colab_has():
    for requirement in RUNTIME:
        assert "==" not in str(requirement)
        assert "<" not in str(requirement.specifier)
        if requirement.name in COLAB:
            assert requirement.specifier.contains(COLAB[requirement.name])


def test_the_tested_set_meets_every_requirement():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, version = line.split("==")
            assert not Version(version).local, f"{line}: no local build"
            pins[name.lower().replace("_", "-")] = version
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = RUNTIME + [Requirement(x) for extra in extras.values() for x in extra]
    for requirement in wanted:
        name = requirement.name.lower().replace("_", "-")
        assert requirement.specifier.contains(pins[name]), str(requirement)


def test_the_address_stands_in_one_place():
    url = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    holders = {name for name, text in texts().items() if url in text}
    # The notebooks' copies are written by `make sync`.
    assert {name for name in holders if not name.endswith(".ipynb")} == {"_config.yml"}


def modules_after(statement: str) -> set[str]:
    report = "import sys; print(*{name.split('.')[0] for name in sys.modules})"
    code = f"{statement}\n{report}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_the_package_loads_little():
    loaded = modules_after("import bert_tutorial")
    assert not loaded & {"torch", "numpy", "matplotlib", "tokenizers", "transformers"}


def test_using_the_models_loads_no_optional_package():
    names = [name for name in bert_tutorial.__all__ if name != "__version__"]
    loaded = modules_after(f"from bert_tutorial import {', '.join(names)}")
    unwanted = {"transformers", "datasets", "sklearn", "pandas", "tensorboard"}
    assert not loaded & (unwanted | {"matplotlib", "IPython"})


def test_the_door_names_what_it_does_not_have():
    with pytest.raises(AttributeError, match="BertForPoetry"):
        _ = bert_tutorial.BertForPoetry
