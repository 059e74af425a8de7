"""Run the notebooks, note seconds and memory, and write the ledger of the book.

    python tools/book/ledger.py                all notebooks, one after the other
    python tools/book/ledger.py 06 14          those whose names hold 06 or 14
    python tools/book/ledger.py --page         run nothing, only write the page

`book/ledger.json` keeps what was measured, and the commit and machine of each run.
The page `book/ledger.md` is written from it, from the notebooks' code and from the
stored runs in `bert_tutorial/runs`. Nothing else should compute meanwhile.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from generated_pages import (
    LEDGER,
    LEDGER_PAGE,
    digest_of,
    ledger_page,
    read_ledger,
    stored_runs,
)
from nbclient import NotebookClient
from run_notebooks import peak_memory

from book_files import ROOT, notebooks

sys.path.append(str(ROOT / "tools" / "experiments"))
from record import machine

__all__ = ["commit", "core_seconds", "measure"]


def git(*arguments: str) -> str:
    """Ask git; "" where it does not answer, as in an unpacked archive."""
    command = ["git", "-C", str(ROOT), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def commit(path: Path) -> str:
    """Give the commit of a run, with a + where its notebook or the package differs."""
    changed = git("status", "--porcelain", "--", str(path), "bert_tutorial")
    return git("rev-parse", "--short=7", "HEAD") + ("+" if changed else "")


def core_seconds(pid: int) -> float:
    """Read the seconds that a process and its ended children computed (Linux)."""
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    ticks = sum(int(one) for one in parts.split()[11:15])
    return ticks / 100  # the kernel tells hundredths, whatever its own clock


def measure(path: Path) -> dict[str, Any]:
    """Run a notebook in a new kernel; its file stays as it is.

    Returns:
        seconds from the kernel's start, core_seconds of computing, memory_mb at the
        most, the commit, and a digest of the code.

    Raises:
        CellExecutionError: a cell fails.
    """
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(
        book,
        timeout=900,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    start = time.perf_counter()
    with client.setup_kernel():
        for index, cell in enumerate(book.cells):
            client.execute_cell(cell, index)
        seconds = time.perf_counter() - start
        pid = client.km.provisioner.pid  # type: ignore[union-attr]
        memory, computed = peak_memory(pid), core_seconds(pid)
    return {
        "seconds": round(seconds, 1),
        "core_seconds": round(computed, 1),
        "memory_mb": round(memory * 1000),
        "commit": commit(path),
        "code": digest_of(path),
        "machine": machine(),
    }


def note_dates(ledger: dict[str, Any]) -> None:
    """Note when each stored run was committed; many do not say when they were made."""
    for path in stored_runs():
        if date := git("log", "-1", "--format=%cs", "--", str(path)):
            ledger["runs"][path.name] = {"committed": date}


def write(ledger: dict[str, Any]) -> None:
    """Write the ledger and its page."""
    note_dates(ledger)
    text = json.dumps(ledger, indent=1, sort_keys=True) + "\n"
    LEDGER.write_text(text, encoding="utf-8", newline="\n")
    LEDGER_PAGE.write_text(ledger_page(), encoding="utf-8", newline="\n")


def main() -> None:
    """Measure what the command line names; the ledger grows with each notebook."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("part", nargs="*", help="only names that hold one of these")
    parser.add_argument("--page", action="store_true", help="run nothing")
    options = parser.parse_args()
    ledger = read_ledger()
    for path in [] if options.page else notebooks():
        if not options.part or any(part in path.name for part in options.part):
            found = ledger["notebooks"][path.stem] = measure(path)
            write(ledger)
            print(path.stem, found["seconds"], "s,", found["memory_mb"], "MB")
    write(ledger)


if __name__ == "__main__":
    main()
