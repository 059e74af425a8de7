"""Run the code of the book's pages and keep the outputs below it true.

    python tools/book/pages.py            write each output below its code

A page with runs has pairs of blocks: one of Python, one of text with what it prints.
All Python blocks of a page share one namespace, from top to bottom.
"""

import contextlib
import io
import re
from pathlib import Path

from book_files import ROOT

__all__ = ["PAGES", "with_outputs"]

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


def main() -> None:
    """Write the outputs of every page."""
    for name in PAGES:
        file = page_file(name)
        file.write_text(with_outputs(file.read_text("utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
