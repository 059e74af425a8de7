"""Give the notebooks what they have in common, and write the generated pages.

    python tools/book/sync.py

The package is the truth: a definition in a notebook whose name the package offers gets
the package's lines. The first code cell is written from the address in `_config.yml`;
`exercise-ID` gets the stub of an exercise, `solution-ID` its solution between two
marks, `quiz` the questions of `notebooks/quiz/NN.json`. The minutes in headings and at
the top are those of `times.py`. The tables of chapters link to the notebooks that are
there; `generated_pages.py` says which pages are written anew. What a tag folds on the
site is folded in Colab and JupyterLab as well (`fold`).
"""

import ast
import json
import re
from pathlib import Path
from typing import Any

import nbformat
from command_page import PAGE as COMMANDS
from command_page import with_options
from conclusions import CLAIMS_PAGE, claims_page
from front_page import INTRO, with_parts
from generated_pages import (
    LEDGER_PAGE,
    TEACHER_PAGE,
    api_pages,
    exercise_page,
    ledger_page,
    read_ledger,
    teacher_page,
)
from outcomes import OUTCOMES_PAGE, outcomes_page
from times import sync_times

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.source import source_of
from book_files import (
    ENGINE,
    LEAVES,
    ROOT,
    chapter_of_notebook,
    drafts,
    modules,
    notebooks,
    public_names,
    repository_url,
    tree_of,
)

LETTERS = "ABCDEF"
CODE = re.compile(r"<!-- code -->.*?<!-- /code -->", re.S)


def quiz_path(chapter: int) -> Path:
    """Return the file of a chapter's questions."""
    return ROOT / "notebooks" / "quiz" / f"{chapter:02d}.json"


def render_quiz(quiz: dict[str, Any]) -> str:
    """Write a quiz as Markdown that reads without any script."""
    blocks = ["## Quiz", "Choose before you open."]
    for number, one in enumerate(quiz["questions"], 1):
        blocks.append(f"**{number}. {one['question']}**")
        options = zip(LETTERS, one["options"], strict=False)
        blocks.append("\n".join(f"- {letter}. {o['text']}" for letter, o in options))
        right = one["answer"]
        why = [f"**{LETTERS[right]}.** {one['options'][right]['why']}"]
        why += [
            f"{LETTERS[i]}: {option['why']}"
            for i, option in enumerate(one["options"])
            if i != right
        ]
        blocks.append(
            '<details class="answer">\n'
            f"<summary>Answer {number}</summary>\n\n"
            + "\n".join(why)
            + "\n\n</details>"
        )
    return "\n\n".join(blocks)


def solution_block(name: str) -> str:
    """Write the code of a solution, between the marks."""
    code = source_of(all_exercises()[name].solution)
    return f"<!-- code -->\n\n```python\n{code}\n```\n\n<!-- /code -->"


def sync_exercises(book: nbformat.NotebookNode) -> None:
    """Write stubs, solutions and quiz into one notebook.

    Raises:
        ValueError: if a cell names an exercise that is not there, or a solution's
            cell has no marks.
    """
    number = re.match(r"# (\d+)\.", book.cells[0].source)
    for cell in book.cells:
        kind, _, name = cell.get("id", "").partition("-")
        if cell.get("id") == "quiz" and number and quiz_path(int(number[1])).exists():
            text = quiz_path(int(number[1])).read_text(encoding="utf-8")
            cell.source = render_quiz(json.loads(text))
        if name not in all_exercises():
            continue
        if kind == "exercise" and cell.cell_type == "code":
            cell.source = all_exercises()[name].stub.strip()
            cell.metadata["tags"] = ["exercise"]
        if kind == "solution":
            if not CODE.search(cell.source):
                raise ValueError(f"solution-{name} needs <!-- code --> <!-- /code -->")
            before, after = CODE.split(cell.source, maxsplit=1)
            cell.source = before + solution_block(name) + after


SETUP = """# Setup: on Google Colab this installs the book's package; elsewhere nothing.
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("bert_tutorial") is None:
    if importlib.util.find_spec("google") and importlib.util.find_spec("google.colab"):
        source = os.environ.get(
            "BERT_TUTORIAL_SOURCE",
            "git+{url}@main",
        )
        command = [sys.executable, "-m", "pip", "install", "-q", source]
        subprocess.run(command, check=True)
        importlib.invalidate_caches()
    else:
        raise ModuleNotFoundError("Run `make book` in the book's folder first.")"""

TABLES = ("README.md", "book/intro.md")
# A folded cell says in its first line what it is; the setup cell has no mark.
TITLE = re.compile(r"# (?:@title (?P<title>.+)|(?P<setup>Setup):)")
FOLDING = ("cellView", "collapsed", "jupyter")
GUESSED = {"code_prompt_show": "I have guessed: show", "code_prompt_hide": "Hide"}


def definitions(source: str) -> dict[str, tuple[int, int]]:
    """Find the top-level functions and classes: name -> first line, end line."""
    found = {}
    for node in tree_of(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            start = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            found[node.name] = (start - 1, node.end_lineno or node.lineno)
    return found


def package_definitions() -> dict[str, str]:
    """Read the text of each public definition of the package.

    Raises:
        ValueError: if two modules offer the same name.
    """
    found: dict[str, str] = {}
    for name, path in modules().items():
        source = path.read_text(encoding="utf-8")
        public = set(public_names(source))
        for thing, (start, stop) in definitions(source).items():
            hidden = thing == "main" and LEAVES.fullmatch(name)
            if thing not in public or hidden or ENGINE.fullmatch(name):
                continue
            if thing in found:
                raise ValueError(f"{thing} is offered by two modules, one is {name}")
            found[thing] = "\n".join(source.splitlines()[start:stop])
    return found


def sync(cell: str, package: dict[str, str]) -> str:
    """Give each definition in the cell the package's text."""
    lines = cell.splitlines()
    # The last one first, so that the line numbers of the others hold.
    for name, (start, stop) in sorted(
        definitions(cell).items(), key=lambda item: -item[1][0]
    ):
        if name in package:
            lines[start:stop] = package[name].splitlines()
    return "\n".join(lines)


def setup_cell() -> str:
    """Return the first code cell of every notebook."""
    return SETUP.replace("{url}", repository_url())


def fold(cell: nbformat.NotebookNode) -> None:
    """Fold in Colab and JupyterLab, too, what the site folds by a cell's tags.

    A cell tagged `hide-input` is folded under the title in its first line,
    `# @title Imports`; of a cell tagged `predict` the output is folded.
    """
    tags = cell.metadata.get("tags", [])
    for key in FOLDING:
        cell.metadata.pop(key, None)
    if "hide-input" in tags:
        title = TITLE.match(cell.source)
        cell.metadata["cellView"] = "form"
        cell.metadata["jupyter"] = {"source_hidden": True}
        if title:
            name = title["title"] or title["setup"]
            said = {
                f"code_prompt_{verb}": f"{name}: {verb}" for verb in ("show", "hide")
            }
            cell.metadata.setdefault("mystnb", {}).update(said)
    if "predict" in tags:
        cell.metadata["collapsed"] = True
        cell.metadata["jupyter"] = {"outputs_hidden": True}
        cell.metadata["tags"] = [
            *(t for t in tags if t != "hide-output"),
            "hide-output",
        ]
        cell.metadata.setdefault("mystnb", {}).update(GUESSED)


def sync_notebook(book: nbformat.NotebookNode, package: dict[str, str]) -> None:
    """Write the setup cell and the package's text into one notebook."""
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    if not code or not code[0].source.startswith("# Setup"):
        place = book.cells.index(code[0]) if code else len(book.cells)
        first = nbformat.v4.new_code_cell(setup_cell(), id="setup")
        book.cells.insert(place, first)
        code.insert(0, first)
    code[0].source = setup_cell()
    code[0].metadata["tags"] = ["hide-input"]
    sync_exercises(book)
    for cell in code[1:]:
        if "exercise" not in cell.metadata.get("tags", []):
            cell.source = sync(cell.source, package)
    for cell in code:
        fold(cell)


def chapter_table(page: str) -> str:
    """Return a page with its table of chapters telling which notebooks are there.

    Args:
        page: `README.md` or `book/intro.md`, rows `| 06 | title | ...`. A chapter that
            is not written yet gets "(planned)" behind its title.
    """
    there = {chapter_of_notebook(path): path.name for path in notebooks()}
    folder = "../" * page.count("/") + "notebooks"

    def row(match: re.Match[str]) -> str:
        name = there.get(int(match["number"]))
        title = match["title"]
        title = f"[{title}]({folder}/{name})" if name else f"{title} (planned)"
        return f"| {match['number']} | {title} |{match['rest']}"

    pattern = (
        r"^\| (?P<number>\d\d) \| \[?(?P<title>[^]|]+?)(?:\]\([^)]*\))?"
        r"(?: \(planned\))? \|(?P<rest>.*)$"
    )
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.sub(pattern, row, text, flags=re.M)


def write_if_new(path: Path, text: str) -> None:
    """Write a file only when its text changes, and say so."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"written: {path.relative_to(ROOT)}")


def main() -> None:
    """Bring the notebooks and the generated parts of the pages up to date."""
    package, ledger = package_definitions(), read_ledger()
    for path in [*notebooks(), *drafts()]:
        book = nbformat.read(path, as_version=4)
        sync_notebook(book, package)
        sync_times(book, path, ledger)
        write_if_new(path, nbformat.writes(book) + "\n")
    for path, text in api_pages().items():
        write_if_new(path, text)
    write_if_new(ROOT / "book" / "exercises.md", exercise_page())
    write_if_new(TEACHER_PAGE, teacher_page())
    write_if_new(OUTCOMES_PAGE, outcomes_page())
    write_if_new(LEDGER_PAGE, ledger_page())
    write_if_new(CLAIMS_PAGE, claims_page())
    write_if_new(INTRO, with_parts(INTRO.read_text(encoding="utf-8")))
    write_if_new(COMMANDS, with_options(COMMANDS.read_text(encoding="utf-8")))
    for page in TABLES:
        write_if_new(ROOT / page, chapter_table(page))


if __name__ == "__main__":
    main()
