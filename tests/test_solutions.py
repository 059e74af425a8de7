"""The solutions behind the toggles run, and pass their own assertions.

A notebook's cells and then its solutions are run as one script in a process of its
own; a solution that no longer fits its page fails here.
"""

import os
import re
import subprocess
import sys

import nbformat
import pytest

from book_files import notebooks

SOLUTION = re.compile(
    r"<summary>Solution ([\d.]+)</summary>.*?```python\n(.*?)```.*?</details>", re.S
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


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_solutions_run_after_the_page(path, tmp_path):
    assert solutions(path), "every page has an exercise with a solution"
    done = run(script(path), tmp_path)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout.endswith("all solutions ran\n")


def test_the_solution_of_chapter_0_passes_the_check_of_its_page(tmp_path):
    path = notebooks()[0]
    book = nbformat.read(path, as_version=4)
    cells = [cell.source for cell in book.cells if cell.cell_type == "code"]
    stub = next(i for i, source in enumerate(cells) if "def hide(" in source)
    assert "not attempted yet" in run("\n".join(cells), tmp_path).stdout
    cells[stub] = solutions(path)[0][1]
    assert "passed" in run("\n".join(cells), tmp_path).stdout
    cells[stub] = 'def hide(text, word):\n    return text.replace(word, "[MASK]", 1)'
    failed = run("\n".join(cells), tmp_path)
    assert "a whole word? In the kitc[MASK]" in failed.stderr
