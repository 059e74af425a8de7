"""The ledger: what it finds, what it measures, and that its page is up to date."""

import ast
import json
import os
import re
import shutil
import sys

import nbformat
import pytest
import torch
from generated_pages import (
    LEDGER_PAGE,
    chapter_row,
    command_of,
    digest_of,
    ledger_page,
    machine_of,
    read_ledger,
    seeds_of,
    stored_runs,
    where_measured,
)
from ledger import measure
from nbclient.exceptions import CellExecutionError
from record import command_line, main, origin

from book_files import ROOT, notebooks

MEASURED = read_ledger()["notebooks"]
OTHER = {"commit": "89abcde+"}
PRETRAINS = "12_pretraining_on_the_mini_world"


def test_the_page_is_up_to_date():
    assert LEDGER_PAGE.read_text(encoding="utf-8") == ledger_page(), "run `make sync`"


@pytest.mark.parametrize(
    ("source", "seeds"),
    [
        ("set_seed(7)\ntorch.manual_seed(3)", [3, 7]),
        ("torch.Generator().manual_seed(2)", [2]),
        ("a = make(5, seed=1); b = Random(4)", [1, 4]),
        ("for seed in range(3):\n    run(seed)", [0, 1, 2]),
        ("x = [run(seed) for seed in (2, 5)]", [2, 5]),
        ("SEEDS = [8, 9]", [8, 9]),
        ("manual_seed(recipe.seed)\nrun(seed=seed)\nrange(3)", []),
        ("def draw(seed: int = 6): ...", []),
    ],
)
def test_the_seeds_of_a_source(source, seeds):
    assert seeds_of(source) == seeds


@pytest.mark.parametrize("path", stored_runs(), ids=lambda path: path.name)
def test_each_stored_run_has_a_command_that_is_there(path):
    run = json.loads(path.read_text(encoding="utf-8"))
    tool = re.match(r"python (tools/experiments/\w+\.py)", command_of(path, run))
    assert tool and (ROOT / tool[1]).is_file()


def test_a_machine_in_words_is_what_the_file_says():
    assert machine_of({"runs": []}) == "not said"
    values = {
        "machine": {"processor": "Intel(R) Xeon(R) Processor", "processors": "2"},
        "versions": {"torch": "2.13.0+cpu"},
    }
    assert machine_of(values) == "Intel Xeon, 2 processors, torch 2.13.0"


def test_a_changed_notebook_is_marked():
    path = notebooks()[0]
    entry = {
        "seconds": 9.6,
        "core_seconds": 8.4,
        "memory_mb": 300,
        "commit": "1234567",
        "code": "of another",
        "machine": {"date": "2026-01-02", "processor": "P"},
    }
    row = chapter_row(path, entry)
    assert "its code has changed since" in row
    assert row.endswith("| 10 | 8 | 300 |")
    assert "changed" not in chapter_row(path, entry | {"code": digest_of(path)})
    assert "not measured" in chapter_row(path, {})
    told = where_measured({"00_a": entry, "02_b": entry, "01_c": entry | OTHER})
    assert "- 0, 2: commit `1234567`, 2026-01-02, P." in told
    assert "- 1: commit `89abcde+`" in told and "plus sign" in told


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_a_notebook_is_measured_and_left_alone(tmp_path):
    path = tmp_path / "00_small.ipynb"
    cell = nbformat.v4.new_code_cell("x = bytearray(300_000_000)\nprint(len(x))")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    before = path.read_bytes()
    found = measure(path)
    assert path.read_bytes() == before
    assert 300 < found["memory_mb"] < 900
    assert 0 < found["core_seconds"] < found["seconds"] + 1
    broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(broken, path)
    with pytest.raises(CellExecutionError):
        measure(path)


@pytest.mark.weekly  # chapters change daily; a release must not tell of old ones
def test_each_chapter_was_measured_as_it_is_now():
    old = [
        path.stem
        for path in notebooks()
        if MEASURED.get(path.stem, {}).get("code") != digest_of(path)
    ]
    assert old == [], "run `python tools/book/ledger.py` with a part of each name"


@pytest.mark.parametrize("name", MEASURED)
def test_a_chapter_keeps_within_its_budget(name):
    entry = MEASURED[name]
    assert entry["core_seconds"] <= (180 if name == PRETRAINS else 120)
    assert entry["memory_mb"] <= 4_000
    assert re.fullmatch(r"[0-9a-f]{7,}\+?", entry["commit"])


def test_a_run_notes_its_command_without_the_places_of_one_machine(tmp_path):
    (tmp_path / "questions.json").write_text("{}", encoding="utf-8")
    given = [
        "/some/where/tools/experiments/bench.py",
        "--rounds",
        "3",
        "--cases",
        "tiny",
    ]
    assert (
        command_line(given)
        == "python tools/experiments/bench.py --rounds 3 --cases tiny"
    )
    given = [
        "tools/experiments/x.py",
        str(tmp_path),
        "--train",
        str(tmp_path / "questions.json"),
    ]
    assert command_line(given) == "python tools/experiments/x.py FOLDER --train FILE"
    given = ["x.py", f"--out={tmp_path}/new.json", "--share=0.5", "sub/later.json"]
    assert (
        command_line(given)
        == "python tools/experiments/x.py --out=FILE --share=0.5 FILE"
    )


def test_a_run_says_when_and_on_what_it_was_made():
    made = origin()
    assert made["command"].startswith("python tools/experiments/")
    told = made["machine"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["date"])
    assert told["torch"] == torch.__version__
    assert int(told["processors"]) == os.cpu_count()
    assert all(told.values())


def count(options, document):
    """Count up to each seed, for the test below."""
    document.setdefault("runs", [])
    for seed in options.seeds:
        if seed not in document["runs"]:
            document["runs"].append(seed)
            yield


def test_an_experiment_stores_each_step_and_goes_on_where_it_stopped(
    tmp_path, monkeypatch
):
    def stops_at_two(options, document):
        for _ in count(options, document):
            yield
            if document["runs"][-1] == 2:
                raise KeyboardInterrupt

    file = tmp_path / "run.json"
    monkeypatch.setattr(sys, "argv", ["try.py", "--seeds", "1", "2", "3"])
    with pytest.raises(KeyboardInterrupt):
        main(stops_at_two, file)
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert list(stored) == ["command", "machine", "runs"]
    assert stored["runs"] == [1, 2]
    main(count, file, goes_on=True)
    assert json.loads(file.read_text(encoding="utf-8"))["runs"] == [1, 2, 3]
    monkeypatch.setattr(sys, "argv", ["try.py", "--output", str(file)])
    main(count, None, seeds=(5,))
    assert json.loads(file.read_text(encoding="utf-8"))["runs"] == [5]


def test_a_run_that_goes_on_elsewhere_names_that_machine_once(tmp_path, monkeypatch):
    file = tmp_path / "run.json"
    for seeds in (["1"], ["1", "2"], ["1", "2", "3"]):
        monkeypatch.setattr(sys, "argv", ["try.py", "--seeds", *seeds])
        main(count, file, goes_on=True)
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert "continued" not in stored
    stored["machine"] |= {"processor": "an older one", "date": "2020-01-02"}
    file.write_text(json.dumps(stored), encoding="utf-8")
    for seeds in (["4"], ["5"]):
        monkeypatch.setattr(sys, "argv", ["try.py", "--seeds", *seeds])
        main(count, file, goes_on=True)
    (elsewhere,) = json.loads(file.read_text(encoding="utf-8"))["continued"]
    assert elsewhere == origin()["machine"]


def imported(path):
    """Name the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_a_tool_started_from_a_shell_finds_what_it_imports():
    """Tests have both folders on their path; a script has its own alone."""
    folders = [ROOT / "tools" / name for name in ("book", "experiments")]
    for here, other in (folders, folders[::-1]):
        beside = {path.stem for path in here.glob("*.py")}
        away = {path.stem for path in other.glob("*.py")} - beside
        for path in here.glob("*.py"):
            if away.intersection(imported(path)):
                assert f'sys.path.append(str(ROOT / "tools" / "{other.name}"))' in (
                    path.read_text(encoding="utf-8")
                ), path
