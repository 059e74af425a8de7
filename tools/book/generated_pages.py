"""Write the pages that come from the package, the notebooks and the stored runs.

`api_pages`: the package, room by room. `exercise_page`: every exercise and the mistakes
that it recognizes. `teacher_page`: the minutes a chapter takes.
`ledger_page`: what each chapter took to run, and where each stored run comes from.
`make sync` writes them all.
"""

import ast
import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from operators import wrong_answers
from times import longest_run, times_of

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.exercise import Exercise
from book_files import (
    ENGINE,
    PACKAGE,
    ROOT,
    chapter_of_notebook,
    chapters,
    modules,
    notebooks,
    public_names,
    tree_of,
)

__all__ = [
    "LEDGER",
    "LEDGER_PAGE",
    "TEACHER_PAGE",
    "api_pages",
    "chapter_row",
    "command_of",
    "digest_of",
    "exercise_page",
    "ledger_page",
    "machine_of",
    "read_ledger",
    "run_entry",
    "seeds_of",
    "stored_runs",
    "teacher_page",
    "where_measured",
]

BOOK = ROOT / "book"


ROOMS = (
    *("files", "tokenization", "model", "training", "pretraining"),
    *("tasks", "world", "labs", "course", "cli"),
)
API_INDEX = """# The package

Every module of `bert_tutorial`, room by room: a room imports only from the rooms above
it. Inside a room, modules come in the order in which the chapters teach them.
"""
API_HEAD = """# Package: {room}

{line}

Modules of [the package](api.md). The names at the top of a module's entry are what it
offers; the text comes from the package's own docstrings. The sizes (B, T, H and so on)
are those of the [notation](notation.md) page.
"""
API_ENTRY = """## {name}

```{{eval-rst}}
.. automodule:: {module}
   :members:
```
"""


class Module(NamedTuple):
    """A module: the chapter that teaches it, its full name, its first line."""

    chapter: int
    name: str
    line: str


def first_line(source: str) -> str:
    """Return the first paragraph of a module's docstring on one line."""
    docstring = ast.get_docstring(tree_of(source)) or ""
    return docstring.split("\n\n")[0].replace("\n", " ")


def listed(room: str) -> list[Module]:
    """Return the modules of a room that the pages list, in their order."""
    found = []
    for name, path in modules().items():
        if not f"{name}.".startswith(f"bert_tutorial.{room}."):
            continue
        source = path.read_text(encoding="utf-8")
        body = tree_of(source).body
        defines = any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in body)
        taught, _ = chapters(source)
        is_door = name.endswith(f".{room}") and "__getattr__" in source
        if is_door or ENGINE.fullmatch(name) or taught is None:
            continue
        if public_names(source) and defines:
            found.append(Module(taught, name, first_line(source)))
    return sorted(found)


def api_pages() -> dict[Path, str]:
    """Return the text of each page about the package, by its file.

    A room has a page for the modules in its folder, and one for each folder inside.
    """
    index, pages = [API_INDEX], {}
    for room in ROOMS:
        index.append(f"## {room}\n\n{line_of(room)}\n")
        folders: dict[str, list[str]] = {}
        for module in listed(room):
            name = module.name.removeprefix("bert_tutorial.")
            inner = ".".join(name.split(".")[:2]) if name.count(".") > 1 else room
            entry = API_ENTRY.format(name=name, module=module.name)
            folders.setdefault(inner, []).append(entry)
            index.append(f"{{py:mod}}`{name} <{module.name}>`\n: {module.line}\n")
        for inner in sorted(folders):
            head = API_HEAD.format(room=inner, line=line_of(inner))
            pages[api_page(inner)] = "\n".join([head, *folders[inner]])
    return {BOOK / "api.md": "\n".join(index), **pages}


def api_page(folder: str) -> Path:
    """Give the file of the page about a folder of the package."""
    return BOOK / f"api_{folder.replace('.', '_')}.md"


def line_of(folder: str) -> str:
    """Give the first line of a folder's own docstring."""
    door = modules()[f"bert_tutorial.{folder}"].read_text(encoding="utf-8")
    return first_line(door)


EXERCISES_HEAD = """# Exercises and recognised mistakes

{exercises} exercises in {chapters} chapters recognise {mistakes} known mistakes.
For each exercise the book's tests show that the untouched stub counts as not attempted;
that the solution and {accepted} other right answers pass, with two seeds and in both
precisions; that every mistake below fails with its own hint; that a constant, the input
itself and random numbers fail; and that two mistakes which do the same share a hint.
This page is written from the exercises that those tests run through.

Nobody thinks of every mistake, so others are made by rule: one thing in the solution is
changed (`<` to `<=`, a step dropped, one more, one less, a configuration's field left
at its default). The checks were tried on {made} such answers and refuse {refused}. The
other {waived} give the right results after all, or differ in something that the task
does not ask for; each is listed with its reason in the exercise's file, and a test
fails when the list is not complete.

| chapter | exercise | difficulty | minutes | right | mistakes | by rule, refused |
| --- | --- | --- | --- | --- | --- | --- |
"""


def _row(exercise: Exercise, pages: dict[int, str]) -> str:
    """Write one line of the table."""
    page = pages.get(exercise.chapter)
    chapter = str(exercise.chapter)
    if page:
        chapter = f"[{chapter}](../notebooks/{page}.ipynb)"
    right = 1 + len(exercise.accepted)
    made = len(wrong_answers(exercise.solution))
    refused = f"{made - len(exercise.waived)} of {made}"
    return (
        f"| {chapter} | {exercise.title} (`{exercise.id}`) | {exercise.difficulty} "
        f"| {exercise.minutes} | {right} | {len(exercise.mutants)} "
        f"| {refused} |"
    )


def _mistakes(exercise: Exercise) -> str:
    """List the mistakes of an exercise."""
    names = "; ".join(mutant.name for mutant in exercise.mutants)
    return f"**{exercise.title}** (`{exercise.id}`): {names}."


def exercise_page() -> str:
    """Write the page from the exercises."""
    exercises = sorted(all_exercises().values(), key=lambda e: (e.chapter, e.id))
    pages = {chapter_of_notebook(path): path.stem for path in notebooks()}
    chapters = Counter(exercise.chapter for exercise in exercises)
    made = sum(len(wrong_answers(exercise.solution)) for exercise in exercises)
    waived = sum(len(exercise.waived) for exercise in exercises)
    text = EXERCISES_HEAD.format(
        exercises=len(exercises),
        chapters=len(chapters),
        mistakes=sum(len(exercise.mutants) for exercise in exercises),
        accepted=sum(len(exercise.accepted) for exercise in exercises),
        made=made,
        refused=made - waived,
        waived=waived,
    )
    text += "\n".join(_row(exercise, pages) for exercise in exercises) + "\n"
    for chapter in chapters:
        own = [exercise for exercise in exercises if exercise.chapter == chapter]
        text += f"\n## Chapter {chapter}\n\n"
        text += "\n\n".join(_mistakes(exercise) for exercise in own) + "\n"
    return text


TEACHER_PAGE = ROOT / "book" / "teacher.md"
MARKED = re.compile(r"(<!-- times -->\n).*?(<!-- /times -->)", re.S)
WEEK = re.compile(r"^(\| \d+ \| ([\d, ]+) \|) \d+ \|", re.M)
RUNS = re.compile(r"(A chapter runs in at most )\w+ \w+")
TIMES_HEAD = """
| chapter | reading | exercises | together |
| --- | --- | --- | --- |
"""


def teacher_page() -> str:
    """Return the page with its times up to date."""
    found, rows = {}, []
    for path in notebooks():
        book = nbformat.read(path, as_version=4)
        chapter = chapter_of_notebook(path)
        found[chapter] = times_of(book)
        title = book.cells[0].source.split("\n")[0].removeprefix("# ")
        numbers = " | ".join(map(str, found[chapter]))
        rows.append(f"| [{title}](../notebooks/{path.name}) | {numbers} |")
    sums = map(sum, zip(*found.values(), strict=True))
    rows.append(f"| all | {' | '.join(map(str, sums))} |")
    table = TIMES_HEAD + "\n".join(rows) + "\n\n"

    def week(match: re.Match[str]) -> str:
        minutes = sum(found[int(one)].together for one in match[2].split(","))
        return f"{match[1]} {minutes} |"

    text = WEEK.sub(week, TEACHER_PAGE.read_text(encoding="utf-8"))
    text = RUNS.sub(rf"\g<1>{longest_run(read_ledger())}", text)
    return MARKED.sub(lambda match: match[1] + table + match[2], text)


LEDGER = ROOT / "book" / "ledger.json"
LEDGER_PAGE = ROOT / "book" / "ledger.md"
SEEDING = {"set_seed", "manual_seed", "Random", "default_rng", "seed"}
LEDGER_HEAD = """# Reproducibility ledger

What it took to run each chapter, and where each stored run comes from. This page is
written by `python tools/book/ledger.py`, which runs the notebooks one by one and keeps
its numbers in `book/ledger.json`.

## Chapters

*Seeds*: the numbers a chapter draws from; where none is listed, the functions' default
seeds apply. *Seconds*: from the start of a new kernel to the last cell. *Core seconds*:
what its process computed, which is less when the machine has other work, as it had
here. *MB*: the most memory it held.

| chapter | seeds | seconds | core seconds | MB |
| --- | --- | --- | --- | --- |
"""
RUNS_HEAD = """
## Stored runs

Runs that take longer than a chapter may are stored in `bert_tutorial/runs`, and the
chapters read them. Command, date and machine are what the file says about itself; if it
has no date, the date is that of its last commit.

"""


def code_of(path: Path) -> str:
    """Join the code of a notebook, without outputs."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")


def digest_of(path: Path) -> str:
    """Give a short digest of a notebook's code."""
    return hashlib.sha256(code_of(path).encode()).hexdigest()[:16]


def read_ledger() -> dict[str, Any]:
    """Read what was measured."""
    if not LEDGER.exists():
        return {"notebooks": {}, "runs": {}}
    return dict(json.loads(LEDGER.read_text(encoding="utf-8")))


def _whole_numbers(node: ast.AST) -> set[int]:
    """Give the seeds that an expression stands for: 3, (0, 1, 2) or range(3)."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return {node.value}
    if isinstance(node, ast.Tuple | ast.List):
        return set().union(*map(_whole_numbers, node.elts))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "range":
        values = [_whole_numbers(argument) for argument in node.args]
        if all(len(value) == 1 for value in values):
            return set(range(*(next(iter(value)) for value in values)))
    return set()


def seeds_of(source: str) -> list[int]:
    """Find the seeds that a source names: in calls, loops and assignments."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in SEEDING and node.args:
                found |= _whole_numbers(node.args[0])
            for keyword in node.keywords:
                if keyword.arg in ("seed", "seeds"):
                    found |= _whole_numbers(keyword.value)
        elif isinstance(node, ast.For | ast.comprehension):
            if ast.unparse(node.target).lower() in ("seed", "seeds"):
                found |= _whole_numbers(node.iter)
        elif isinstance(node, ast.Assign):
            names = {ast.unparse(target).lower() for target in node.targets}
            if names & {"seed", "seeds"}:
                found |= _whole_numbers(node.value)
    return sorted(found)


def stored_runs() -> list[Path]:
    """List the files of stored runs."""
    return sorted((PACKAGE / "runs").glob("*.json"))


def _first(node: Any, name: str) -> Any:
    """Find the first value of a key, the outermost first; None where it is not."""
    if not isinstance(node, dict):
        return None
    if isinstance(node.get(name), str | int | float):
        return node[name]
    found = (_first(value, name) for value in node.values())
    return next((value for value in found if value is not None), None)


def command_of(path: Path, run: dict[str, Any]) -> str:
    """Give the command that makes a run: its own word, else the tool that writes it."""
    command = str(run.get("command", ""))
    if not command:
        tools = sorted((ROOT / "tools" / "experiments").glob("*.py"))
        writers = [t for t in tools if path.name in t.read_text(encoding="utf-8")]
        command = writers[0].relative_to(ROOT).as_posix() if writers else "not said"
    return command if command.startswith(("python", "not")) else f"python {command}"


def machine_of(values: Any) -> str:
    """Put a machine in words, as far as it is told."""
    parts = []
    if name := _first(values, "processor"):
        parts.append(re.sub(r"\(R\)|\(TM\)| +Processor$| CPU", "", str(name)).strip())
    if count := _first(values, "processors"):
        parts.append(f"{count} processors")
    for key, name in (("python", "Python"), ("torch", "torch")):
        if version := _first(values, key):
            parts.append(f"{name} {str(version).split('+')[0]}")
    return ", ".join(parts) or "not said"


def chapter_row(path: Path, entry: dict[str, Any]) -> str:
    """Write the row of a chapter."""
    seeds = ", ".join(map(str, seeds_of(code_of(path)))) or "none named"
    link = f"[{chapter_of_notebook(path)}](../notebooks/{path.name})"
    if not entry:
        return f"| {link} | {seeds} | not measured | | |"
    if digest_of(path) != entry["code"]:
        link += " (its code has changed since)"
    numbers = (
        f"{entry['seconds']:.0f} | {entry['core_seconds']:.0f} | {entry['memory_mb']}"
    )
    return f"| {link} | {seeds} | {numbers} |"


def where_measured(entries: dict[str, dict[str, Any]]) -> str:
    """Say at which commit and on which machine the chapters were measured."""
    groups: dict[str, list[str]] = {}
    for name, entry in sorted(entries.items()):
        told = (
            f"commit `{entry['commit']}`, {entry['machine']['date']}, "
            f"{machine_of(entry['machine'])}"
        )
        groups.setdefault(told, []).append(str(int(name.split("_")[0])))
    lines = [f"- {', '.join(names)}: {told}." for told, names in groups.items()]
    if not lines:
        return ""
    note = ""
    if any("+" in entry["commit"] for entry in entries.values()):
        note = " (a plus sign: files had changed since)"
    return f"\nMeasured at{note}\n\n" + "\n".join(lines) + "\n"


def run_entry(path: Path, noted: dict[str, Any]) -> str:
    """Write what is known of a stored run."""
    run = json.loads(path.read_text(encoding="utf-8"))
    date = _first(run, "date")
    if date is None:
        date = f"committed {noted['committed']}" if noted else "not said"
    machines = "; continued on ".join(map(machine_of, [run, *run.get("continued", [])]))
    return (
        f"`{path.name}`\n: `{command_of(path, run)}`\n\n"
        f"  {date}. Machine: {machines}.\n"
    )


def ledger_page() -> str:
    """Write the page."""
    ledger = read_ledger()
    measured = ledger["notebooks"]
    rows = [chapter_row(path, measured.get(path.stem, {})) for path in notebooks()]
    there = {p.stem: measured[p.stem] for p in notebooks() if p.stem in measured}
    runs = [run_entry(p, ledger["runs"].get(p.name, {})) for p in stored_runs()]
    return "\n".join(
        [LEDGER_HEAD + "\n".join(rows), where_measured(there) + RUNS_HEAD, *runs]
    )
