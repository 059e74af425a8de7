"""The book runs where its readers are: Colab's versions, any folder, no network.

What is too slow for every run (every notebook, twice, in an environment like Colab's)
is `python tools/book/run_notebooks.py --colab`; these are its quick parts.
"""

import ast
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from run_notebooks import GUARD, build_wheel, package_files, pins, run_twice

from book_files import ROOT, notebooks, repository_url, toc_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
DATA = Path(__file__).parents[1] / "data" / "colab_2026_11.txt"
# Where Colab has it, a page uses it; elsewhere the page says so and goes on.
OPTIONAL = {
    "transformers": "has_package",
    "datasets": "has_package",
    "peft": "has_package",
    "google": "find_spec",
}


def colab():
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def code_of(path):
    book = nbformat.read(path, as_version=4)
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def test_every_floor_is_met_by_what_colab_has():
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains("3.13.15")
    known = colab()
    checked = [one for one in RUNTIME if one.name in known]
    # These come with huggingface_hub and torch; the list does not give their versions.
    assert {one.name for one in RUNTIME} - set(known) == {"filelock", "tqdm"}
    for requirement in checked:
        assert requirement.specifier.contains(known[requirement.name]), requirement
        operators = {part.operator for part in requirement.specifier}
        assert operators == {">="}, requirement


def test_a_job_of_ci_runs_with_the_versions_of_the_list():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["jobs"]["versions"]
    assert {"set": "colab", "python": "3.13"} in job["strategy"]["matrix"]["include"]
    steps = [s for s in job["steps"] if s.get("if") == "matrix.set == 'colab'"]
    assert len(steps) == 1 and f"tests/data/{DATA.name}" in steps[0]["run"]
    assert "torch" in colab()


def test_transformers_of_colab_is_new_enough_for_its_chapter():
    tests = PROJECT["project"]["optional-dependencies"]["test"]
    floor = next(r for r in map(Requirement, tests) if r.name == "transformers")
    assert floor.specifier.contains(colab()["transformers"])


def test_the_simulation_takes_its_versions_from_the_same_list():
    assert pins() and set(pins()) <= {f"{k}=={v}" for k, v in colab().items()}


def test_the_first_cell_is_the_same_everywhere_and_names_no_package():
    firsts = {code_of(path)[0] for path in notebooks()}
    assert len(firsts) == 1
    words = firsts.pop()
    for name in ("torch", "numpy", "transformers", "tokenizers", "matplotlib"):
        assert name not in words
    branch = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["branch"]
    assert f"git+{repository_url()}@{branch}" in words


@pytest.fixture
def first_cell(monkeypatch):
    """Run the first cell as on a machine that has these packages."""
    calls = []
    monkeypatch.setattr(subprocess, "run", lambda c, **kw: calls.append((c, kw)))

    def run(*names):
        find = lambda name: object() if name in names else None  # noqa: E731
        monkeypatch.setattr(importlib.util, "find_spec", find)
        exec(code_of(notebooks()[0])[0], {})
        return calls

    return run


def test_the_first_cell_does_nothing_where_the_package_is(first_cell):
    assert first_cell("bert_tutorial") == []
    assert first_cell("bert_tutorial", "google", "google.colab") == []


def test_the_first_cell_installs_on_colab_one_thing(first_cell, monkeypatch):
    monkeypatch.setenv("BERT_TUTORIAL_SOURCE", "some.whl")
    ((command, options),) = first_cell("google", "google.colab")
    assert command[1:] == ["-m", "pip", "install", "-q", "some.whl"]
    assert options == {"check": True}


def test_the_first_cell_names_the_way_out_elsewhere(first_cell):
    with pytest.raises(ModuleNotFoundError, match="make book"):
        first_cell("google")  # another of Google's packages


def imports_of(source):
    """Give each imported package with whether it stands under an `if`."""
    tree = ast.parse(source)
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "has_package" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((a.name.split(".")[0], node in guarded) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).split(".")[0], node in guarded


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_page_imports_what_comes_with_the_package(path):
    names = {one.name for one in RUNTIME} | {"bert_tutorial"} | sys.stdlib_module_names
    for source in code_of(path):
        for name, is_guarded in imports_of(source):
            assert name in names or (name in OPTIONAL and is_guarded), name


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_page_carries_nothing_that_colab_leaves_behind(path):
    book = nbformat.read(path, as_version=4)
    assert "widgets" not in book.metadata and "colab" not in book.metadata
    assert book.metadata.kernelspec.name == "python3"
    for cell in book.cells:
        assert not {"colab", "outputId", "executionInfo"} & set(cell.metadata)
        for output in cell.get("outputs", []):
            assert "colab" not in str(output.get("metadata", "")), cell.id


def test_the_colab_button_of_every_page_leads_to_a_file_of_the_branch():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert config["launch_buttons"]["colab_url"] == "https://colab.research.google.com"
    assert not config["repository"].get("path_to_book")
    # what git has or would add: a page that is about to be committed counts
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        [*command, "notebooks"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    pages = [name for name in toc_files() if name.startswith("notebooks/")]
    assert pages and {f"{name}.ipynb" for name in pages} <= set(listed.stdout.split())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = {n for n in archive.namelist() if ".dist-info/" not in n}
    assert inside == set(package_files())
    assert {"bert_tutorial/py.typed", "bert_tutorial/__main__.py"} <= inside
    assert wheel.stat().st_size < 5_000_000


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    """A fresh environment in a folder with a space and other letters."""
    folder = tmp_path_factory.mktemp("anywhere") / "Bücher und 书"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True
    )
    python = folder / "bin" / "python"
    install = ["install", "-q", "--no-index", "--no-deps", str(wheel)]
    command = [sys.executable, "-m", "pip", "--python", str(python), *install]
    subprocess.run(command, check=True, capture_output=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # the dependencies are those of this environment, the package is not
    (site / "zz.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    package = site / "bert_tutorial"
    for path in [package, *package.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield python, package
    for path in [package, *package.rglob("*")]:
        path.chmod(0o755)


def run_there(elsewhere, folder, *arguments):
    """Run Python in the fresh environment: ASCII only, no network, empty folder."""
    (folder / "guard").mkdir()
    (folder / "guard" / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    python, _ = elsewhere
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "PYTHON"))}
    environment = kept | {
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(folder / "guard"),
        "HF_HUB_OFFLINE": "1",
        "HOME": str(folder),
    }
    return subprocess.run(
        [str(python), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_the_installed_package_is_the_wheels(elsewhere, tmp_path):
    code = "import bert_tutorial, os; print(os.fsencode(bert_tutorial.__file__))"
    done = run_there(elsewhere, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout).startswith(os.fsencode(elsewhere[1]))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--help"], "pretrain"),
        (["doctor"], "torch"),
        (["fill", "The capital of France is [MASK]."], "paris"),
        (["tokenize", "Zürich, 日本"], "[CLS]"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_the_commands_work_from_the_wheel(elsewhere, tmp_path, arguments, expected):
    before = sorted(elsewhere[1].rglob("*"))
    done = run_there(elsewhere, tmp_path, "-m", "bert_tutorial", *arguments)
    assert done.returncode == 0, (done.stdout[-500:], done.stderr[-1_000:])
    assert expected in done.stdout
    assert "Traceback" not in done.stderr
    assert sorted(elsewhere[1].rglob("*")) == before, (
        "the package's folder is as it was"
    )


def test_the_guard_blocks_the_network_and_not_this_machine(elsewhere, tmp_path):
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.socket().connect(server.getsockname())\n"
        "for call in (lambda: socket.socket().connect(('192.0.2.1', 80)),\n"
        "             lambda: socket.create_connection(('example.org', 80))):\n"
        "    try:\n"
        "        call()\n"
        "    except OSError as error:\n"
        "        print(error)\n"
    )
    done = run_there(elsewhere, tmp_path, "-c", code)
    assert done.stdout.count("blocked in this test") == 2, done.stderr


def test_a_page_runs_twice_in_an_empty_folder_without_network(tmp_path, monkeypatch):
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "guard"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("BERT_TUTORIAL_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    fault, memory = run_twice(notebooks()[0], empty, "python3")
    assert fault == "" and 0 < memory < 4
    assert list(empty.iterdir()) == []
