"""Write the page of the ledger from what was measured and what is stored."""

import ast
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import nbformat

from book_files import PACKAGE, ROOT, chapter_of_notebook, notebooks

__all__ = [
    "LEDGER",
    "PAGE",
    "chapter_row",
    "command_of",
    "digest_of",
    "ledger_page",
    "machine_of",
    "read_ledger",
    "run_entry",
    "seeds_of",
    "stored_runs",
    "where_measured",
]

LEDGER = ROOT / "book" / "ledger.json"
PAGE = ROOT / "book" / "ledger.md"
SEEDING = {"set_seed", "manual_seed", "Random", "default_rng", "seed"}
HEAD = """# Reproducibility ledger

What it took to run each chapter, and where each stored run comes from. The page is
written by `python tools/book/ledger.py`, which runs the notebooks one by one and
keeps its
numbers in `book/ledger.json`.

## Chapters

*Seeds*: the numbers from which a chapter's code draws; with none named, those of the
package's functions hold, which are arguments with a default. *Seconds*: from the start
of a new kernel to the last cell; *of a core*: what its process computed, which is less
where the machine has other work meanwhile, as it had here. *MB*: the most memory that
it held.

| chapter | seeds | seconds | of a core | MB |
| --- | --- | --- | --- | --- |
"""
RUNS = """
## Stored runs

Runs that take longer than a chapter may are stored in `bert_tutorial/runs`, and the
chapters read them. Command, date and machine are what the file says of itself; where it
does not say when, the date is that of its last commit.

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
        tools = sorted((ROOT / "tools").glob("*.py"))
        writers = [t for t in tools if path.name in t.read_text(encoding="utf-8")]
        command = f"tools/{writers[0].name}" if writers else "not said"
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
    return (
        f"`{path.name}`\n: `{command_of(path, run)}`\n\n"
        f"  {date}. Machine: {machine_of(run)}.\n"
    )


def ledger_page() -> str:
    """Write the page."""
    ledger = read_ledger()
    measured = ledger["notebooks"]
    rows = [chapter_row(path, measured.get(path.stem, {})) for path in notebooks()]
    there = {p.stem: measured[p.stem] for p in notebooks() if p.stem in measured}
    runs = [run_entry(p, ledger["runs"].get(p.name, {})) for p in stored_runs()]
    return "\n".join([HEAD + "\n".join(rows), where_measured(there) + RUNS, *runs])
