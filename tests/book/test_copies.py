"""The student's copy gives nothing away; the teacher's copy passes every check."""

import os
import re
import subprocess
import sys

import nbformat
import pytest

from bert_tutorial.course.exercises import all_exercises
from book_files import ROOT, chapter_of_notebook, notebooks
from copies import make_copy

each = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)


@each
def test_the_students_copy_has_stubs_and_no_solution(path):
    book = make_copy(path, "student")
    nbformat.validate(book)
    text = "\n".join(cell.source for cell in book.cells)
    assert 'class="solution"' not in text
    assert "<summary>Solution" not in text
    whole = nbformat.read(path, as_version=4)
    code = [cell.source for cell in whole.cells if cell.cell_type == "code"]
    # the same code cells, so that what runs the page has run the copy
    assert [c.source for c in book.cells if c.cell_type == "code"] == code


@pytest.mark.weekly  # test_solutions hands each printed solution to its check
@each
def test_the_teachers_copy_passes_every_check(path, tmp_path):
    chapter = chapter_of_notebook(path)
    names = [one.id for one in all_exercises().values() if one.chapter == chapter]
    if not names:
        pytest.skip("its exercises are checked by plain assertions")
    book = make_copy(path, "teacher")
    nbformat.validate(book)
    code = [cell.source for cell in book.cells if cell.cell_type == "code"]
    script = "\n\n".join(code)
    environment = os.environ | {
        "MPLBACKEND": "Agg",
        "BERT_TUTORIAL_PROGRESS": str(tmp_path / "progress.json"),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    passed = re.findall(r"^([\w-]+): passed$", done.stdout, re.M)
    assert sorted(passed) == sorted(names), done.stdout[-2_000:]
