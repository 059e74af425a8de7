"""Make the student's and the teacher's copy of chapters.

    python tools/book/copies.py student 06 --output copies
    python tools/book/copies.py teacher --output copies      all chapters

The student's copy has the stubs and no solutions, neither in the text nor in a stored
output; the teacher's copy has the solution in place of each stub. Both are notebooks
without outputs that run from top to bottom.
"""

import argparse
import re
from pathlib import Path

import nbformat

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.source import imports_of, source_of
from book_files import notebooks

DETAILS = re.compile(r'<details class="solution">.*?</details>\n*', re.S)


def solved(name: str) -> str:
    """Write the cell that solves an exercise, with the imports it needs."""
    answer = all_exercises()[name].solution
    lines = imports_of(answer)
    return "\n".join([*lines, *([""] * 2 if lines else []), source_of(answer)])


def student_copy(book: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take the solutions out."""
    cells = []
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = DETAILS.sub("", cell.source).strip()
        if cell.source:
            cells.append(cell)
    book.cells = cells
    return book


def teacher_copy(book: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Put the solutions in place of the stubs."""
    for cell in book.cells:
        kind, _, name = cell.get("id", "").partition("-")
        if cell.cell_type == "code" and kind == "exercise" and name in all_exercises():
            cell.source = solved(name)
    return book


KINDS = {"student": student_copy, "teacher": teacher_copy}


def make_copy(path: Path, kind: str) -> nbformat.NotebookNode:
    """Read a chapter and make a copy of a kind, without outputs."""
    book = KINDS[kind](nbformat.read(path, as_version=4))
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return book


def main() -> None:
    """Write the copies that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument("chapters", nargs="*", help="such as 06; all where none is")
    parser.add_argument("--output", type=Path, required=True, help="a folder")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for path in notebooks():
        if not arguments.chapters or path.name[:2] in arguments.chapters:
            target = arguments.output / f"{path.stem}_{arguments.kind}.ipynb"
            nbformat.write(make_copy(path, arguments.kind), target)
            print(target)


if __name__ == "__main__":
    main()
