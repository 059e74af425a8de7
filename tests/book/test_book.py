"""The book holds together: same name same code, the ladder, the fixed frame."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from generated_pages import api_pages, exercise_page
from sync import (
    TABLES,
    chapter_table,
    package_definitions,
    setup_cell,
    sync,
    sync_notebook,
)

import bert_tutorial
from book_files import (
    ENGINE,
    LEAVES,
    ROOT,
    TASK_API,
    chapter_of_notebook,
    chapters,
    modules,
    notebooks,
    public_names,
    toc_files,
)

FRAME = (
    "Recap",
    "Build",
    "Check",
    "Look",
    "Exercises",
    "Quiz",
    "Summary",
    "Further reading",
)
# The two opening chapters have a frame of their own: one greets, one shows the whole.
OPENING = {0: ("Summary",), 1: ("Exercises", "Quiz", "Summary", "Further reading")}

README = (ROOT / "README.md").read_text(encoding="utf-8")
LAST = max(int(number) for number in re.findall(r"^\| (\d\d) \|", README, re.M))
MODULES = {name: path.read_text(encoding="utf-8") for name, path in modules().items()}
NOTEBOOKS = notebooks()
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_module = pytest.mark.parametrize("name", MODULES)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def imported(source: str) -> set[str]:
    """Full names of the package's modules that a source imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports name the package"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if node.module == "bert_tutorial" and alias.name in bert_tutorial._HOME:
                    inner = f"bert_tutorial.{bert_tutorial._HOME[alias.name]}"
                found.add(inner if inner in MODULES else node.module)
    return {name for name in found if name in MODULES and name != "bert_tutorial"}


def test_every_page_of_the_contents_exists():
    for name in toc_files():
        files = [ROOT / f"{name}.md", ROOT / f"{name}.ipynb"]
        assert any(file.exists() for file in files), f"_toc.yml lists {name}"
    listed = [name for name in toc_files() if name.startswith("notebooks/")]
    assert len(NOTEBOOKS) == len(listed)
    on_disk = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert on_disk == {path.name for path in NOTEBOOKS}, "_toc.yml lists every notebook"


@pytest.mark.parametrize("page", TABLES)
def test_the_tables_of_chapters_are_up_to_date(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text == chapter_table(page), "run `make sync`"
    for path in NOTEBOOKS:
        assert f"notebooks/{path.name}" in text, path.name


def test_the_pages_about_the_package_are_up_to_date():
    there = {path.name for path in (ROOT / "book").glob("api*.md")}
    assert there == {path.name for path in api_pages()}
    for path, text in api_pages().items():
        assert path.read_text(encoding="utf-8") == text, "run `make sync`"


def test_each_module_stands_on_one_page_about_the_package_and_in_the_index():
    index, *pages = api_pages().values()
    entries = [name for page in pages for name in re.findall("automodule:: (.*)", page)]
    listed = re.findall(r"<(bert_tutorial\.[\w.]+)>", index)
    assert sorted(listed) == sorted(entries)
    assert len(entries) == len(set(entries)) > 50
    rooms = re.findall(r"^## (\w+)$", index, re.M)
    titles = [re.match(r"# Package: (\w+)", page)[1] for page in pages]
    assert rooms == list(dict.fromkeys(titles))
    assert max(page.count("automodule::") for page in pages) < 20, "a page too long"
    doors = {name.split(".")[1] for name in MODULES if name.count(".") > 1}
    assert set(rooms) == doors, "one heading a room"
    for name in set(MODULES) - set(entries):
        source = MODULES[name]
        if public_names(source) and not ENGINE.fullmatch(name):
            # What is left out only hands on names, or holds nothing but values.
            assert not re.search("^(def|class) [a-z]", source, re.I | re.M) or (
                "def __getattr__" in source  # fetches them on first use
            ), name


def test_the_page_of_exercises_is_up_to_date():
    page = (ROOT / "book" / "exercises.md").read_text(encoding="utf-8")
    assert page == exercise_page(), "run `make sync`"


@each_module
def test_a_module_names_its_chapter(name):
    taught, used_from = chapters(MODULES[name])
    assert taught is not None, f"{name}: no line `Chapter: N` in the docstring"
    assert 0 <= used_from <= taught <= LAST


@each_module
def test_a_module_stands_on_earlier_chapters_only(name):
    if LEAVES.fullmatch(name) or TASK_API.fullmatch(name):
        return
    taught, _ = chapters(MODULES[name])
    for other in imported(MODULES[name]):
        _, used_from = chapters(MODULES[other])
        assert used_from <= taught, f"{name} ({taught}) imports {other} ({used_from})"
        assert not LEAVES.fullmatch(other), f"{name} imports {other}"


@each_module
def test_no_module_of_the_package_is_imported_inside_a_function(name):
    if LEAVES.fullmatch(name):
        return
    tree = ast.parse(MODULES[name])
    inner = [
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not any(imported(ast.unparse(node)) for node in inner)


@each_module
def test_what_a_module_offers_is_taught_in_its_chapter(name):
    taught, _ = chapters(MODULES[name])
    path = next((p for p in NOTEBOOKS if chapter_of_notebook(p) == taught), None)
    if path is None or any(kind.fullmatch(name) for kind in (LEAVES, ENGINE, TASK_API)):
        return
    text = "\n".join(cell.source for cell in read(path).cells)
    missing = [
        thing
        for thing in public_names(MODULES[name])
        if not re.search(rf"\b{re.escape(thing)}\b", text)
    ]
    assert not missing, f"{path.name} does not mention {missing} of {name}"


@each_module
def test_the_public_names_exist(name):
    if ENGINE.fullmatch(name):
        return
    tree = ast.parse(MODULES[name])
    if len(tree.body) == 1 and ast.get_docstring(tree):
        return  # the door of a room: it says what is in it
    assert public_names(MODULES[name]) or name.endswith("__main__"), "no __all__"
    own = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.name]
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            else [alias.asname or alias.name for alias in node.names]
            if isinstance(node, ast.Import | ast.ImportFrom)
            else [node.id]
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            else []
        )
    }
    assert set(public_names(MODULES[name])) <= own


@each_notebook
def test_a_notebook_imports_from_earlier_chapters_only(path):
    chapter = chapter_of_notebook(path)
    for cell in code_cells(path):
        for other in imported(cell.source):
            _, used_from = chapters(MODULES[other])
            assert used_from <= chapter, f"{path.name} imports {other} ({used_from})"


@pytest.fixture(scope="module")
def definitions():
    return package_definitions()


@each_notebook
def test_a_notebook_has_the_text_of_the_package(path, definitions):
    before, after = read(path), read(path)
    sync_notebook(after, definitions)
    for old, new in zip(before.cells, after.cells, strict=True):
        assert old.source == new.source, "edit the package, then run `make sync`"


@each_notebook
def test_a_notebook_opens_with_its_number_and_the_setup_cell(path):
    book = read(path)
    chapter = chapter_of_notebook(path)
    assert re.match(rf"# {chapter}\. \S", book.cells[0].source), "# N. Title"
    first = code_cells(path)[0]
    assert first.source == setup_cell()
    assert first.metadata["tags"] == ["hide-input"]
    assert not first.outputs


@each_notebook
def test_a_notebook_has_the_fixed_headings_in_order(path):
    frame = OPENING.get(chapter_of_notebook(path), FRAME)
    text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    assert len(re.findall(r"^# ", text, re.M)) == 1, "one title"
    found = [name for name in re.findall(r"^## (.+?)\s*$", text, re.M) if name in frame]
    assert found == list(frame)


@each_notebook
def test_the_cells_of_a_notebook_are_short(path):
    for cell in code_cells(path):
        assert cell.source.count("\n") < 40, f"{path.name}, cell {cell.id}"


def test_sync_repairs_a_changed_definition_and_nothing_else():
    package = {"double": "def double(x: int) -> int:\n    return 2 * x"}
    cell = "a = 1\n\n\n@cache\ndef double(x):\n    return x + x\n\n\nprint(double(a))"
    fixed = sync(cell, package)
    assert fixed == f"a = 1\n\n\n{package['double']}\n\n\nprint(double(a))"
    assert sync(fixed, package) == fixed
    sketch = "def double_with_loops(x):\n    return x + x"
    assert sync(sketch, package) == sketch


def test_an_exercise_cell_keeps_the_readers_stub():
    stub = nbformat.v4.new_code_cell("def double(x):\n    raise NotImplementedError")
    stub.metadata["tags"] = ["exercise"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a = 1"), stub])
    sync_notebook(book, {"double": "def double(x):\n    return 2 * x"})
    assert book.cells[0].source == setup_cell()
    assert "NotImplementedError" in book.cells[-1].source
