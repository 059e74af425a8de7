"""The solutions behind the toggles run, and pass their own assertions.

Those that an exercise of the engine does not hold (`test_exercises.py` has these).
A notebook's cells and then its solutions are run as one script in a process of its
own; a solution that no longer fits its page fails here.
"""

import ast
import contextlib
import os
import re
import subprocess
import sys

import nbformat
import pytest

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.verdict import judge
from book_files import notebooks

SOLUTION = re.compile(
    r"<summary>Solution ([\d.]+)</summary>\s+```python\n(.*?)```.*?</details>", re.S
)


def solutions(path) -> list[tuple[str, str]]:
    """List number and code of the solutions of a notebook."""
    book = nbformat.read(path, as_version=4)
    text = "\n".join(c.source for c in book.cells if c.cell_type == "markdown")
    return SOLUTION.findall(text)


def script(path) -> str:
    """Join the code of a notebook and then its solutions."""
    book = nbformat.read(path, as_version=4)
    cells = [cell.source for cell in book.cells if cell.cell_type == "code"]
    parts = cells + [f"# solution {n}\n{code}" for n, code in solutions(path)]
    return "\n\n".join([*parts, 'print("all solutions ran")'])


def run(code: str, folder) -> subprocess.CompletedProcess[str]:
    """Run a script without a display, away from the repository."""
    environment = os.environ | {"MPLBACKEND": "Agg"}
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "path", [p for p in notebooks() if solutions(p)], ids=lambda path: path.stem
)
def test_solutions_run_after_the_page(path, tmp_path):
    done = run(script(path), tmp_path)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout.endswith("all solutions ran\n")


# Solutions of the engine, as the page prints them.
PRINTED = re.compile(r"<!-- code -->\s+```python\n(.*?)```\s+<!-- /code -->", re.DOTALL)


def names_before(cells, exercise_id: str) -> dict[str, object]:
    """Run what a page imports and defines above a solution, without its long cells.

    Imports, functions, classes and constants are run; an exercise's name stands for
    the book's answer, as after its check cell.
    """
    names: dict[str, object] = {}
    for cell in cells:
        if cell["id"] == f"solution-{exercise_id}":
            return names
        if cell.cell_type != "code" or cell["id"] == "setup":
            continue
        earlier = cell["id"].removeprefix("check-")
        if earlier in all_exercises() and earlier != exercise_id:
            answer = all_exercises()[earlier].solution
            names[answer.__name__] = answer
        for node in ast.parse(cell.source).body:
            is_constant = isinstance(node, ast.Assign) and isinstance(
                node.value, ast.Constant
            )
            kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
            if is_constant or isinstance(node, kinds):
                # a default may be a number that only the whole run has
                with contextlib.suppress(NameError):
                    exec(compile(ast.Module([node], []), cell["id"], "exec"), names)
    raise AssertionError(f"no solution-{exercise_id}")


def printed_solutions():
    """List page and exercise of every solution that a page prints."""
    for path in notebooks():
        for cell in nbformat.read(path, as_version=4).cells:
            name = cell.get("id", "").removeprefix("solution-")
            if name in all_exercises() and cell.cell_type == "markdown":
                yield pytest.param(path, name, id=name)


@pytest.mark.parametrize(("path", "name"), list(printed_solutions()))
def test_a_printed_solution_pasted_into_its_page_passes_the_check(path, name):
    cells = nbformat.read(path, as_version=4).cells
    names = names_before(cells, name)
    shown = next(c.source for c in cells if c.get("id") == f"solution-{name}")
    exec(PRINTED.search(shown)[1], names)
    exercise = all_exercises()[name]
    assert judge(exercise, names[exercise.solution.__name__]).passed
