"""The package is a house of ten rooms: each imports only from those to its left."""

import ast
from pathlib import Path

import pytest

from book_files import ROOT, modules

ROOMS = (
    "files",
    "tokenization",
    "model",
    "training",
    "pretraining",
    "tasks",
    "world",
    "labs",
    "course",
    "cli",
)
ROOT_FILES = {"__init__.py", "__main__.py", "py.typed", "runs", "weights", "data"}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in modules().items()}
INSIDE = [name for name in TREES if name.count(".")]


def room(name: str) -> str:
    return name.split(".")[1]


def targets(name: str, trees: dict[str, ast.Module]) -> dict[str, int]:
    """Full names of the modules that a module imports, each with its line."""
    found = {}
    for node in ast.walk(trees[name]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.name] = node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found[inner if inner in trees else node.module] = node.lineno
    return {other: line for other, line in found.items() if other in trees}


def faults(trees: dict[str, ast.Module]) -> list[str]:
    """Name each import that goes up the house."""
    found = []
    for name in trees:
        if not name.count(".") or name == "bert_tutorial.__main__":
            continue
        for other, line in targets(name, trees).items():
            if not other.count("."):
                continue
            mine, theirs = ROOMS.index(room(name)), ROOMS.index(room(other))
            if theirs > mine:
                found.append(f"{name}, line {line}, imports {other}: that is above it")
    return found


def circles(trees: dict[str, ast.Module]) -> list[str]:
    """Name the circles of imports, those inside functions and for types too."""
    arrows = {name: set(targets(name, trees)) - {name} for name in trees}
    done: set[str] = set()
    found: list[str] = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            found.append(" -> ".join([*way[way.index(name) :], name]))
        elif name not in done:
            for other in sorted(arrows[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in sorted(arrows):
        if name != "bert_tutorial":  # the door names its rooms' public classes
            visit(name, ())
    return found


def test_the_root_holds_ten_rooms_and_nothing_else():
    there = {p.name for p in (ROOT / "bert_tutorial").iterdir()} - {"__pycache__"}
    assert there == {*ROOMS, *ROOT_FILES}


def test_a_room_imports_only_from_those_to_its_left():
    assert not faults(TREES)


def test_there_are_no_circles():
    assert not circles(TREES)


@pytest.mark.parametrize("name", INSIDE)
def test_only_the_command_line_imports_inside_functions(name):
    if room(name) in ("cli", "__main__"):
        return
    for function in ast.walk(TREES[name]):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            text = ast.unparse(node) if hasattr(node, "names") else ""
            inner = text.startswith(("from bert_tutorial", "import bert_tutorial"))
            assert not inner, f"{name}, line {node.lineno}: {text}"


def test_each_room_says_what_it_is_for():
    for name in ROOMS:
        doc = ast.get_docstring(TREES[f"bert_tutorial.{name}"])
        assert doc and len(doc.splitlines()[0]) > 20, name


def test_an_import_that_goes_up_and_a_circle_are_named():
    up = {
        "bert_tutorial.files.a": ast.parse("from bert_tutorial.cli.b import x"),
        "bert_tutorial.cli.b": ast.parse("def f():\n    import bert_tutorial.files.a"),
    }
    assert faults(up) == [
        "bert_tutorial.files.a, line 1, imports bert_tutorial.cli.b: that is above it"
    ]
    assert circles(up) == [
        "bert_tutorial.cli.b -> bert_tutorial.files.a -> bert_tutorial.cli.b"
    ]


def test_a_file_under_the_root_is_a_module():
    files = {path for path in Path(ROOT / "bert_tutorial").rglob("*.py")}
    assert files == set(modules().values())
