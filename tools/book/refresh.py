"""Run the notebooks from top to bottom and store clean outputs.

python tools/book/refresh.py              all notebooks, in the order of the book
python tools/book/refresh.py 06           those whose name holds 06
"""

import argparse
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from book_files import drafts, notebooks

METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}


def join_streams(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join what was printed without a pause but came in portions."""
    joined: list[nbformat.NotebookNode] = []
    for one in outputs:
        last = joined[-1] if joined else {}
        if one.output_type == "stream" and last.get("name") == one.name:
            joined[-1].text += one.text
        else:
            joined.append(one)
    return joined


def refresh(path: Path) -> None:
    """Run one notebook in its own folder and write it without machine traces."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(
        book,
        timeout=900,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    book.metadata = nbformat.from_dict(METADATA)
    for cell in book.cells:
        kept = {k: v for k, v in cell.metadata.items() if k in ("tags", "mystnb")}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.outputs = join_streams(cell.outputs)
    nbformat.validate(book)
    path.write_text(nbformat.writes(book) + "\n", encoding="utf-8", newline="\n")


def main() -> None:
    """Run the notebooks that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", help="run only names that hold all of these")
    parts = parser.parse_args().part
    for path in [*notebooks(), *drafts()]:
        if all(part in path.name for part in parts):
            start = time.perf_counter()
            refresh(path)
            print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
