"""A chapter begun by one command meets the tests, and is not taken for written."""

import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from new_chapter import TEMPLATE, left_of_template, template_cells, words_of
from sync import quiz_path

from book_files import PACKAGE, ROOT, notebooks

REPLACE = "Replace this line"
# What the tests of the book ask of a chapter as such; others speak of its contents.
STRUCTURE = (
    "book/test_book.py",
    "book/test_notebooks_clean.py",
    "book/test_copies.py",
    "book/test_anywhere.py",
    "course/test_exercises.py",
    "course/test_solutions.py",
)


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_nothing_of_a_chapter_is_left_from_the_template(path):
    assert not left_of_template(path)


def test_no_module_exercise_or_quiz_is_left_from_the_template():
    for path in PACKAGE.rglob("*.py"):
        assert REPLACE not in path.read_text(encoding="utf-8"), path.name
    text = (TEMPLATE / "quiz.txt").read_text(encoding="utf-8")
    given = re.findall(r'"question": "([^"]+)"', text)
    assert len(given) == 5
    for path in quiz_path(0).parent.glob("*.json"):
        quiz = json.loads(path.read_text(encoding="utf-8"))
        assert not set(given) & {one["question"] for one in quiz["questions"]}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Copy what git has or would add, as the book is now."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    folder = tmp_path_factory.mktemp("new") / "book"
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def run(copy, *command):
    """Run Python in the copy, with the copy's package."""
    environment = os.environ | {"PYTHONPATH": str(copy)}
    environment.pop("MPLBACKEND", None)
    return subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.weekly  # copies the book and runs the tests of its structure on the copy
def test_a_new_chapter_meets_every_test_of_its_structure(copy):
    numbers = [int(n) for n in re.findall(r"^\| (\d\d) \|", readme(copy), re.M)]
    number, title = max(numbers) + 1, "A chapter to try"
    done = run(copy, "tools/book/new_chapter.py", str(number))
    assert done.returncode == 2 and "give a title" in done.stderr
    done = run(copy, "tools/book/new_chapter.py", str(number), title)
    assert done.returncode == 0, done.stderr[-2_000:]
    page = copy / "notebooks" / f"{number:02d}_a_chapter_to_try.ipynb"
    assert f"| [{title}](notebooks/{page.name}) |" in readme(copy)
    contents = (copy / "_toc.yml").read_text(encoding="utf-8")
    above = contents[: contents.index(page.stem)]
    part = re.findall(r"^\| \| \*\*(.+?)\*\*", readme(copy), re.M)[-1]
    assert re.findall(r'caption: "?(.+?)"?$', above, re.M)[-1] == part

    for told in (
        "book/references.md",
        "book/teacher.md",
        "book/glossary.md",
        page.name,
    ):
        assert told in done.stdout

    tests = [f"tests/{name}" for name in STRUCTURE]
    parts = (page.stem, "a_chapter_to_try", f"c{number}_", f"kept-mean-{number}")
    chosen = " or ".join([*parts, "up_to_date", "contents"])
    done = run(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *tests
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 40
    assert "skipped" not in done.stdout.splitlines()[-1]

    words = words_of(number, title)
    module = copy / "bert_tutorial" / "labs" / f"{words['module']}.py"
    exercise = next((copy / "bert_tutorial").rglob(f"c{number}_kept_mean_{number}.py"))
    for check in (["check"], ["format", "--check"]):
        files = [str(module), str(exercise), str(page)]
        done = run(copy, "-m", "ruff", *check, *files)
        assert done.returncode == 0, done.stdout

    # and it is known for what it is: a template
    left = left_of_template(page)
    assert {"title", "recap", "build", "first", "look", "figure", "summary"} <= set(
        left
    )
    assert REPLACE in module.read_text(encoding="utf-8")
    done = run(copy, "tools/book/new_chapter.py", str(number), title)
    assert done.returncode == 2 and "is there already" in done.stderr


def readme(copy):
    return (copy / "README.md").read_text(encoding="utf-8")


def test_a_cell_that_was_rewritten_is_not_of_the_template(tmp_path):
    words = words_of(24, "Title")
    book = nbformat.v4.new_notebook(cells=template_cells(words))
    path = tmp_path / "24_title.ipynb"
    nbformat.write(book, path)
    before = left_of_template(path)
    recap = next(cell for cell in book.cells if cell.id == "recap")
    recap.source = "## Recap\n\nOther words."
    nbformat.write(book, path)
    assert set(before) - set(left_of_template(path)) == {"recap"}
