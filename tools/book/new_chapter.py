"""Begin a chapter: every file that the book's tests ask for, with a tiny example.

    python tools/book/new_chapter.py 21
    python tools/book/new_chapter.py 25 "A title that the tables do not have yet"

Writes a module, an exercise, a quiz and a notebook, adds the line to `_toc.yml` (and
the row to the tables of chapters, where it is new), synchronises and runs the notebook.
Then it prints what to replace and which other pages to touch. All tests hold, except
those that name what is still the template's.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from run_notebooks import METADATA
from sync import TABLES, quiz_path

from book_files import PACKAGE, ROOT, chapter_of_notebook, modules, toc_files

__all__ = ["left_of_template", "template_cells"]

TEMPLATE = Path(__file__).parent / "chapter_template"
ROW = (
    r"^\| {number:02d} \| \[?(?P<title>[^]|]+?)(?:\]\([^)]*\))?"
    r"(?: \(planned\))? \|.*$"
)
# What every chapter has alike, and what is written from elsewhere.
COMMON = {"setup", "imports", "exercises", "quiz"}
# The module begins among those that single chapters build; a better room may be found.
ROOM = "labs"
NEXT = """
Chapter {number} runs. Replace what came from the template, in this order:

1. _toc.yml: does the line stand under the right part?
2. {module}: the module, with `Chapter: {number}`, in the room
   where it belongs, and tests that compare it with something from outside the package.
   `grep -rl "^Chapter: {number}$" bert_tutorial` lists what belongs here already.
3. {exercise}: three exercises or more, one file each, with a hint for
   each known mistake. The notebook has the cells task-ID, exercise-ID, check-ID and
   solution-ID in this order; the first check is followed by hint-ID.
   `pytest tests/course/test_exercises.py -k ID` judges one.
4. {quiz}: five questions or more, and a reason for every option.
5. {notebook}: keep the headings. Each figure needs
   {{"mystnb": {{"image": {{"alt": "..."}}}}}} in its cell's metadata.

Then the other pages:

  tests/data/claims.json  what holds a number in the prose that no cell of the page has
  book/references.md      a heading for each paper cited, with a link to the chapter
  book/teacher.md         the chapter in the plan of fourteen weeks, with any minutes
  book/outcomes.json      three to five outcomes, and the three levels of the rubric
  book/glossary.md        the chapter's terms
  book/paper_map.md       where it redoes a section of the paper

Last: make sync, tools/book/run_notebooks.py {number}, make test, make robust, and
tools/book/ledger.py {number}_ for the seconds and memory in the ledger.
"""


def fill(name: str, words: dict[str, str]) -> str:
    """Read a file of the template and put the words in their places."""
    text = (TEMPLATE / name).read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: words[match[1]], text)


def template_cells(words: dict[str, str]) -> list[nbformat.NotebookNode]:
    """Make the cells of a new notebook."""
    cells = []
    for part in re.split(r"^--- ", fill("notebook.txt", words), flags=re.M)[1:]:
        head, source = part.split("\n", 1)
        kind, name, metadata = [*head.split(" ", 2), "{}"][:3]
        make = getattr(nbformat.v4, f"new_{kind}_cell")
        cells.append(make(source.rstrip("\n"), id=name, metadata=json.loads(metadata)))
    return cells


def left_of_template(path: Path) -> list[str]:
    """Name the cells of a chapter that still say what the template says."""
    book = nbformat.read(path, as_version=4)
    title = re.sub(r"^# \d+\. ", "", book.cells[0].source.split("\n")[0])
    number = chapter_of_notebook(path)
    given = {cell.id: cell.source for cell in template_cells(words_of(number, title))}
    return [
        cell.id
        for cell in book.cells
        if cell.id in given
        and cell.id.partition("-")[0] not in {*COMMON, "check", "hint", "exercise"}
        and cell.source == given[cell.id]
    ]


def words_of(number: int, title: str) -> dict[str, str]:
    """Give what stands in the places of the template."""
    slug = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    return {
        "number": str(number),
        "title": title,
        "module": slug,
        "function": f"kept_mean_{number}",
        "exercise": f"kept-mean-{number}",
        "notebook": f"{number:02d}_{slug}",
    }


def title_of(number: int, title: str | None) -> str:
    """Find the title in the tables of chapters.

    Raises:
        ValueError: if there is none, or another one than is given.
    """
    for page in TABLES:
        text = (ROOT / page).read_text(encoding="utf-8")
        if row := re.search(ROW.format(number=number), text, re.M):
            if title not in (None, row["title"]):
                raise ValueError(f"{page} has chapter {number} as {row['title']!r}")
            title = row["title"]
    if not title:
        raise ValueError(f"the tables have no chapter {number}: give a title")
    return title


def add_rows(number: int, title: str) -> None:
    """Add the chapter to the tables that do not have it."""
    for page in TABLES:
        path = ROOT / page
        text = path.read_text(encoding="utf-8")
        if not re.search(ROW.format(number=number), text, re.M):
            last = list(re.finditer(r"^\| \d\d \|.*\|$", text, re.M))[-1]
            rest = f" {title} |" * (last[0].count("|") - 3)
            row = f"\n| {number:02d} | {title} (planned) |{rest}"
            text = text[: last.end()] + row + text[last.end() :]
            path.write_text(text, encoding="utf-8", newline="\n")


def part_of(number: int) -> str | None:
    """Give the caption of a chapter's part, as the first table of chapters has it."""
    text = (ROOT / TABLES[0]).read_text(encoding="utf-8")
    row = re.search(ROW.format(number=number), text, re.M)
    captions = re.findall(
        r"^\| \| \*\*(.+?)\*\*", text[: row.start() if row else 0], re.M
    )
    return captions[-1] if captions else None


def add_to_contents(number: int, notebook: str) -> None:
    """Put a line behind the last chapter before this one, in its part.

    A part that `_toc.yml` does not have yet begins behind that of the last chapter.
    """
    path = ROOT / "_toc.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    before = [
        place
        for place, line in enumerate(lines)
        if (match := re.match(r" *- file: notebooks/(\d\d)_", line))
        and int(match[1]) < number
    ]
    captions = {
        place: match[1]
        for place, line in enumerate(lines)
        if (match := re.match(r" *- caption: \"?(.+?)\"?$", line))
    }
    place, part = before[-1] + 1, part_of(number)
    new = [f"      - file: notebooks/{notebook}"]
    here = [name for at, name in captions.items() if at < place][-1]
    if part is not None and part != here:
        there = [at for at, name in captions.items() if name == part]
        if there:
            place = there[0] + 2  # behind the caption and its line "chapters:"
        else:
            new = [f'  - caption: "{part}"', "    chapters:", *new]
            place = min((at for at in captions if at >= place), default=len(lines))
    lines[place:place] = new
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def begin(number: int, given: str | None, module: str | None) -> dict[str, str]:
    """Check what is asked for; give what stands in the places of the template.

    Raises:
        ValueError: if the number cannot be, the title is not clear, or the chapter or
            its module is there already.
    """
    if not 3 <= number <= 99:
        raise ValueError(f"a new chapter must have a number from 3 to 99, got {number}")
    start = f"notebooks/{number:02d}_"
    if there := [name for name in toc_files() if name.startswith(start)]:
        raise ValueError(f"chapter {number} is there already: {there[0]}")
    words = words_of(number, title_of(number, given))
    words["module"] = module or words["module"]
    if not re.fullmatch("[a-z][a-z0-9_]*", words["module"]):
        raise ValueError(f"{words['module']!r} cannot name a module: give --module")
    if f"bert_tutorial.{ROOM}.{words['module']}" in modules():
        raise ValueError(f"there is a module {words['module']} already: give --module")
    return words


def exercise_path(number: int, words: dict[str, str]) -> Path:
    """Return the file of the chapter's first exercise."""
    name = words["exercise"].replace("-", "_")
    return PACKAGE / "course" / "exercises" / f"c{number:02d}_{name}.py"


def write_files(number: int, words: dict[str, str]) -> None:
    """Write module, exercise, quiz and notebook."""
    book = nbformat.v4.new_notebook(cells=template_cells(words), metadata=METADATA)
    files = {
        PACKAGE / ROOM / f"{words['module']}.py": fill("module.txt", words),
        exercise_path(number, words): fill("exercise.txt", words),
        quiz_path(number): fill("quiz.txt", words),
        ROOT / "notebooks" / f"{words['notebook']}.ipynb": nbformat.writes(book) + "\n",
    }
    for path, text in files.items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"written: {path.relative_to(ROOT)}")


def main() -> None:
    """Write the files of a chapter, and bring the book up to date."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("number", type=int)
    parser.add_argument("title", nargs="?", help="where the tables do not have it")
    parser.add_argument("--module", help="its module's name, by default the title's")
    arguments = parser.parse_args()
    number = arguments.number
    try:
        words = begin(number, arguments.title, arguments.module)
    except ValueError as error:
        parser.error(str(error))
    write_files(number, words)
    add_rows(number, words["title"])
    add_to_contents(number, words["notebook"])
    for tool, *more in (("sync.py",), ("run_notebooks.py", words["notebook"])):
        command = [sys.executable, str(Path(__file__).parent / tool), *more]
        subprocess.run(command, check=True, cwd=ROOT)
    print(
        NEXT.format(
            number=number,
            module=f"bert_tutorial/{ROOM}/{words['module']}.py",
            exercise=exercise_path(number, words).relative_to(ROOT),
            quiz=quiz_path(number).relative_to(ROOT),
            notebook=f"notebooks/{words['notebook']}.ipynb",
        )
    )


if __name__ == "__main__":
    main()
