"""The solutions behind the toggles run, and pass their own assertions.

Those that an exercise of the engine does not hold (`test_exercises.py` has these).
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
