"""Run the notebooks and the code on the pages, and store what they print.

    python tools/book/run_notebooks.py              all, in the order of the book
    python tools/book/run_notebooks.py 06 14        those whose names hold 06 or 14
    python tools/book/run_notebooks.py --pages      the code on the pages
    python tools/book/run_notebooks.py --colab 06   as a reader on Google Colab would

A page with runs has pairs of blocks: one of Python, one of text with what it prints.
All Python blocks of a page share one namespace, from top to bottom.

With `--colab` nothing is stored. An environment of its own gets the versions of
`tests/data/colab_2026_11.txt`, except for Python and torch, which come from this one
(the real torch build for CUDA has gigabytes), and a stub of `google.colab`. The package
is built as a wheel. Each notebook then runs in an empty folder: its first cell installs
the wheel, with the network blocked, and may add no other package; all cells run twice
in one kernel and must print the same. The exit code is 1 if one failed.
"""

import argparse
import base64
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from figure_svg import small
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

from book_files import ROOT, drafts, notebooks

METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
# What a cell may say about itself: the tags and labels of the site, and what Colab and
# JupyterLab fold.
KEPT = ("tags", "mystnb", "cellView", "collapsed", "jupyter")


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


# Plots are stored as SVG, which the site turns in the dark; who runs a notebook gets
# what Jupyter gives, and the `conftest.py` of the root lets neither be compared.
PLOTS_AS_SVG = "--InlineBackend.figure_formats={'svg'}"


def with_small_pictures(outputs: list[nbformat.NotebookNode]) -> None:
    """Store plots without what no picture shows, and pixels with 256 colours.

    A page with eight plots would otherwise be heavier than all the rest of a first
    visit.
    """
    for one in outputs:
        if plot := one.get("data", {}).get("image/svg+xml"):
            one.data["image/svg+xml"] = small(plot)
        picture = one.get("data", {}).get("image/png")
        if not picture:
            continue
        image = Image.open(io.BytesIO(base64.b64decode(picture)))
        if image.mode == "P":
            continue
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.getchannel("A") if "A" in image.mode else None)
        colours = flat.quantize(256, dither=Image.Dither.NONE)
        written = io.BytesIO()
        colours.save(written, "PNG", optimize=True)
        one.data["image/png"] = base64.b64encode(written.getvalue()).decode() + "\n"


def refresh(path: Path) -> None:
    """Run one notebook in its own folder and write it without machine traces."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(
        book,
        timeout=900,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=[PLOTS_AS_SVG],
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    book.metadata = nbformat.from_dict(METADATA)
    for cell in book.cells:
        kept = {k: v for k, v in cell.metadata.items() if k in KEPT}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.outputs = join_streams(cell.outputs)
            with_small_pictures(cell.outputs)
    nbformat.validate(book)
    path.write_text(nbformat.writes(book) + "\n", encoding="utf-8", newline="\n")


PAGES = ("faq", "bug_museum", "teacher")
BLOCKS = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```\n", re.DOTALL)


def with_outputs(text: str) -> str:
    """Run the code of a page; return the page with the outputs that it gives."""
    names: dict[str, object] = {}

    def run(match: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(match[1], "page", "exec"), names)
        return f"```python\n{match[1]}```\n\n```text\n{printed.getvalue()}```\n"

    return BLOCKS.sub(run, text)


def page_file(name: str) -> Path:
    """Give the file of a page."""
    return ROOT / "book" / f"{name}.md"


VERSIONS = ROOT / "tests" / "data" / "colab_2026_11.txt"
# Not asked for: far too large, or of no use without a browser.
LEFT_OUT = ("torch", "datasets", "ipywidgets")
BORROWED = ("torch", "torchgen", "functorch", "torch-*.dist-info")
# The last of IPython 7 goes with this kernel; torch needs the others.
EXTRA = [
    "ipykernel<7",
    "tqdm",
    "sympy",
    "networkx",
    "jinja2",
    "filelock",
    "fsspec",
    "setuptools>=77.0.3",
]
GUARD = """
import socket


def _refuse(*arguments, **named):
    raise OSError("the network is blocked in this test")


_connect = socket.socket.connect


def _connect_here(self, address):
    host = address[0] if isinstance(address, tuple) else "127.0.0.1"
    if host not in ("127.0.0.1", "::1", "localhost"):
        _refuse()
    return _connect(self, address)


socket.socket.connect = _connect_here
socket.getaddrinfo = _refuse
"""


def call(*command: str | Path) -> str:
    """Run a command and give what it printed."""
    done = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    )
    return done.stdout


def pins() -> list[str]:
    """List the versions that the environment is to have."""
    lines = VERSIONS.read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line and not line.startswith("#")]
    return [line for line in found if line.split("==")[0] not in LEFT_OUT]


def site_of(python: Path) -> Path:
    """Find an environment's folder of packages."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(call(python, "-c", code).strip())


def make_environment(folder: Path) -> Path:
    """Make the environment; give its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        call(sys.executable, "-m", "venv", folder)
        call(python, "-m", "pip", "install", "-q", *pins(), *EXTRA)
    site, own = site_of(python), site_of(Path(sys.executable))
    for pattern in BORROWED:
        for source in own.glob(pattern):
            if not (site / source.name).exists():
                (site / source.name).symlink_to(source)
    stub = site / "google" / "colab"
    stub.mkdir(parents=True, exist_ok=True)
    for place in (stub.parent, stub):
        (place / "__init__.py").write_text("", encoding="utf-8")
    return python


def package_files() -> list[str]:
    """List the package's files: what git has or would add."""
    command = ("git", "-C", ROOT, "ls-files", "-z", "--cached", "--others")
    listed = call(*command, "--exclude-standard", "bert_tutorial").split("\0")
    return sorted({name for name in listed if name and (ROOT / name).is_file()})


def build_wheel(folder: Path) -> Path:
    """Build the package's wheel from a copy of its files."""
    copy = folder / "source"
    extra = ("pyproject.toml", "README.md", "LICENSE")
    for name in [*package_files(), *extra]:
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    command = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    call(sys.executable, *command, "--no-index", "-w", folder, copy)
    return next(folder.glob("*.whl"))


def versions(python: Path) -> set[str]:
    """List what an environment has, but for the book's own package."""
    listed = call(python, "-m", "pip", "list", "--format", "freeze").splitlines()
    return {line for line in listed if not line.startswith("bert-tutorial")}


def text_of(cell: Any) -> str:
    """Join what a cell printed and returned; a kernel may send it in any portions."""
    return "".join(
        str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        for output in cell.get("outputs", [])
    )


def peak_memory(pid: int) -> float:
    """Read the largest memory of a process so far, in GB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e6


def run_twice(path: Path, folder: Path, kernel: str = "colab") -> tuple[str, float]:
    """Run all cells twice in one kernel; give what is wrong ("" if nothing) and GB."""
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(
        book,
        timeout=600,
        kernel_name=kernel,
        resources={"metadata": {"path": str(folder)}},
    )
    prints: list[list[str]] = []
    with client.setup_kernel():
        for _ in range(2):
            for index, cell in enumerate(book.cells):
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    last = str(error).strip().splitlines()[-1]
                    turn = f"run {len(prints) + 1}, cell {cell.id}: {last}"
                    return turn, 0.0
            prints.append([text_of(cell) for cell in book.cells])
        memory = peak_memory(client.km.provisioner.pid)  # type: ignore[union-attr]
    for cell, one, other in zip(book.cells, *prints, strict=True):
        if one != other:
            return f"cell {cell.id} prints something else when run again", memory
    return "", memory


def prepare(folder: Path, python: Path, wheel: Path) -> None:
    """Set what kernels inherit: the guard, the wheel, no progress of a reader's."""
    (folder / "guard").mkdir()
    (folder / "guard" / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    spec = folder / "kernels" / "colab"
    spec.mkdir(parents=True)
    launch = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    value = {"argv": launch, "display_name": "colab", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(value), encoding="utf-8")
    os.environ["JUPYTER_PATH"] = str(folder)
    os.environ["PYTHONPATH"] = str(folder / "guard")
    os.environ["BERT_TUTORIAL_SOURCE"] = str(wheel)
    os.environ["BERT_TUTORIAL_PROGRESS"] = str(folder / "progress.json")
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["PIP_NO_INDEX"] = "1"
    os.environ.pop("MPLBACKEND", None)


def write_pages() -> None:
    """Write the outputs of every page that has code."""
    for name in PAGES:
        file = page_file(name)
        file.write_text(with_outputs(file.read_text("utf-8")), encoding="utf-8")


def simulate_colab(paths: list[Path], environment: Path | None) -> int:
    """Run notebooks as on Colab and print a table; return how many failed."""
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = make_environment(environment or folder / "environment")
        wheel = build_wheel(folder)
        prepare(folder, python, wheel)
        before = versions(python)
        for path in paths:
            call(python, "-m", "pip", "uninstall", "-q", "-y", "bert-tutorial")
            empty = folder / path.stem
            empty.mkdir()
            start = time.perf_counter()
            fault, memory = run_twice(path, empty)
            seconds = time.perf_counter() - start
            if not fault and versions(python) != before:
                fault = "its first cell changed what was installed"
            failed += bool(fault)
            state = f"failed: {fault}" if fault else "passed"
            print(f"{path.stem:<36} {seconds:4.0f} s {memory:4.1f} GB  {state}")
            sys.stdout.flush()
    print(f"{failed} failed" if failed else "all passed")
    return failed


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("part", nargs="*", help="run only names that hold one of these")
    parser.add_argument("--pages", action="store_true", help="the code on the pages")
    parser.add_argument("--colab", action="store_true", help="as on Google Colab")
    parser.add_argument("--environment", type=Path, help="folder that --colab keeps")
    options = parser.parse_args()
    paths = [
        path
        for path in [*notebooks(), *([] if options.colab else drafts())]
        if not options.part or any(part in path.name for part in options.part)
    ]
    if options.pages:
        write_pages()
    elif options.colab:
        return int(simulate_colab(paths, options.environment) > 0)
    else:
        for path in paths:
            start = time.perf_counter()
            refresh(path)
            print(f"{path.name}: {time.perf_counter() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
