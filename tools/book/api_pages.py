"""Write the pages about the package: an index, and a page for each part of the book."""

import ast
from pathlib import Path
from typing import NamedTuple

from book_files import ENGINE, LEAVES, ROOT, chapters, modules, public_names

__all__ = ["api_pages"]

BOOK = ROOT / "book"


class Part(NamedTuple):
    """A page: its file, its heading, and the first chapter after its modules'."""

    file: str
    title: str
    end: int


PARTS = (
    Part("api_model", "Text and model", 10),
    Part("api_pretraining", "Pretraining", 14),
    Part("api_tasks", "Tasks and what follows", 99),
    Part("api_tools", "Command line, figures, helpers", 100),
)
INDEX = """# The package

Every module of `bert_tutorial`, in the order in which the chapters teach it; its name
leads to its entry.
"""
HEAD = """# {title}

Modules of [the package](api.md). The names at the top of a module's entry are what it
offers; the text comes from the package's own docstrings. The sizes (B, T, H and so on)
are those of the [notation](notation.md) page.
"""
ENTRY = """## {name}

```{{eval-rst}}
.. automodule:: {module}
   :members:
```
"""


class Module(NamedTuple):
    """A module: the chapter that teaches it (99: none), its name, its first line."""

    chapter: int
    name: str
    line: str


def listed() -> list[Module]:
    """Give the modules that the pages list, in their order."""
    found = []
    for name, path in modules().items():
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        defines = any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in tree.body)
        taught, _ = chapters(source)
        if name == "bert_tutorial" or ENGINE.fullmatch(name) or taught is None:
            continue
        if public_names(source) and defines:
            line = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
            found.append(Module(99 if LEAVES.fullmatch(name) else taught, name, line))
    return sorted(found)


def api_pages() -> dict[Path, str]:
    """Return the text of each page about the package, by its file."""
    index, pages = [INDEX], {}
    start, rest = 0, listed()
    for part in PARTS:
        mine = [module for module in rest if start <= module.chapter < part.end]
        start = part.end
        if not mine:
            continue
        names = [module.name.removeprefix("bert_tutorial.") for module in mine]
        entries = [
            ENTRY.format(name=name, module=module.name)
            for name, module in zip(names, mine, strict=True)
        ]
        text = "\n".join([HEAD.format(title=f"Package: {part.title}"), *entries])
        pages[BOOK / f"{part.file}.md"] = text
        rows = [
            f"{{py:mod}}`{name} <{module.name}>`\n: {module.line}\n"
            for name, module in zip(names, mine, strict=True)
        ]
        index.append("\n".join([f"## {part.title}\n", *rows]))
    return {BOOK / "api.md": "\n".join(index), **pages}
