"""Where the book's files are: the table of contents, the notebooks, the modules."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bert_tutorial"
# What judges exercises, the exercises, the drawings: readers meet them through `check`
# and `show_drawing`.
ENGINE = re.compile(r"bert_tutorial\.course\.(judging|exercises|drawings)(\..*)?")
# The Python side of the command line: what a task is, and runs on files; and what the
# user's mistakes are called. No chapter teaches them; they use what all of them do.
TASK_API = re.compile(
    r"bert_tutorial\.(tasks(\.(task|run|use|registry)|\.\w+\.task)?|files\.errors)"
)
# Modules that may use the whole package: the door, the command line and the
# two helpers that only notebooks import.
LEAVES = re.compile(
    r"bert_tutorial(\.(__main__|cli(\..*)?|course(\.plots(\..*)?|\.notebook)?))?"
)


def read_yaml(name: str) -> dict[str, Any]:
    """Read a YAML file in the root of the book."""
    return dict(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))


def repository_url() -> str:
    """Return the address of the book's repository, from `_config.yml`."""
    return str(read_yaml("_config.yml")["repository"]["url"]).rstrip("/")


def toc_files(node: dict[str, Any] | None = None) -> Iterator[str]:
    """Yield the pages in the order of `_toc.yml`, without their endings."""
    node = read_yaml("_toc.yml") if node is None else node
    yield from (str(node[key]) for key in ("root", "file") if key in node)
    for key in ("parts", "chapters", "sections"):
        for inner in node.get(key) or []:
            yield from toc_files(inner)


def notebooks() -> list[Path]:
    """Return the notebooks of the book in its order."""
    pages = (ROOT / f"{name}.ipynb" for name in toc_files())
    return [page for page in pages if page.exists()]


def drafts() -> list[Path]:
    """Return the notebooks on disk that `_toc.yml` does not list yet."""
    return sorted(set((ROOT / "notebooks").glob("*.ipynb")) - set(notebooks()))


def chapter_of_notebook(path: Path) -> int:
    """Read the chapter's number from a name such as `06_self_attention.ipynb`."""
    return int(path.name.split("_")[0])


def modules() -> dict[str, Path]:
    """Return the file of each module of the package, by its full name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


@functools.cache
def tree_of(source: str) -> ast.Module:
    """Parse a module once, however many ask; nobody changes the tree."""
    return ast.parse(source)


def chapters(source: str) -> tuple[int | None, int | None]:
    """Read `Chapter: N` and `Used from: M` from a module's docstring.

    Returns:
        N, and M where the module says it, else N again; None where there is no N.
    """
    docstring = ast.get_docstring(tree_of(source)) or ""
    lines = dict(re.findall(r"^(Chapter|Used from): (\d+)$", docstring, re.M))
    taught = int(lines["Chapter"]) if "Chapter" in lines else None
    return taught, int(lines["Used from"]) if "Used from" in lines else taught


def public_names(source: str) -> list[str]:
    """Read the module's `__all__` without importing it."""
    for node in tree_of(source).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__"
            for target in node.targets
        ):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []
