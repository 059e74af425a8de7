"""Say whose work a built site holds, and put the licences' texts beside it.

    python tools/book/licences.py _build/html

`NOTICE.md` has a table of the files that others made. A file of the site that is
neither in it nor the book's own is a fault, and so is a line of the table without a
file. The texts come from the packages that brought the files.
"""

import importlib.metadata
import re
import shutil
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from book_files import ROOT

__all__ = ["Work", "faults", "licence_texts", "works", "write_texts"]

STATIC = ROOT / "book" / "_static"
# What the builder makes of the book's own pages, pictures and notebooks.
OWN = (
    *("*.html", "objects.inv", "searchindex.js", ".nojekyll", ".buildinfo"),
    *("_images/*", "_sources/*", "downloads/*", "licences/*"),
)


class Work(NamedTuple):
    """A row of the table: the files, the work, who holds it, under which licence."""

    patterns: list[str]
    name: str
    holders: str
    licence: str


def works(text: str) -> list[Work]:
    """Read the table of `NOTICE.md`."""
    rows = re.findall(r"^\| (`.*`) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.M)
    return [Work(re.findall("`([^`]+)`", files), *rest) for files, *rest in rows]


def is_own(name: str) -> bool:
    """Tell whether a file of the site is the book's own."""
    inside = name.removeprefix("_static/")
    if inside != name:
        return (STATIC / inside).is_file()
    return any(fnmatchcase(name, pattern) for pattern in OWN)


def faults(names: list[str], table: list[Work]) -> list[str]:
    """Compare the files of a site with the table.

    Args:
        names: of all files, from the site's folder.
        table: from `works`.
    """
    patterns = [f"_static/{one}" for work in table for one in work.patterns]
    found = [
        f"{name} is neither the book's own nor in NOTICE.md"
        for name in names
        if not is_own(name) and not any(fnmatchcase(name, one) for one in patterns)
    ]
    found += [
        f"NOTICE.md lists {one}, which the site does not have"
        for one in patterns
        if not any(fnmatchcase(name, one) for name in names)
    ]
    return found


def licence_file(name: str) -> Path | None:
    """Find the text of a licence in the package of a work, if it is one."""
    try:
        files = importlib.metadata.files(name) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    texts = [file for file in files if re.match("LICEN[CS]E", file.name)]
    return Path(str(texts[0].locate())) if texts else None


def licence_texts() -> dict[str, Path]:
    """Find the texts that go with a site: the book's own, then those of the works."""
    texts = {f"{name}.txt": ROOT / name for name in ("LICENSE", "LICENSE-prose")}
    for work in works((ROOT / "NOTICE.md").read_text(encoding="utf-8")):
        if source := licence_file(work.name):
            texts[f"{work.name}.txt"] = source
    return texts


def write_texts(site: Path) -> None:
    """Write the folder of licences into a site."""
    target = site / "licences"
    target.mkdir(exist_ok=True)
    for name, source in {"NOTICE.md": ROOT / "NOTICE.md", **licence_texts()}.items():
        shutil.copyfile(source, target / name)


def main() -> int:
    """Check a site and write its folder of licences."""
    site = Path(sys.argv[1])
    write_texts(site)
    table = works((ROOT / "NOTICE.md").read_text(encoding="utf-8"))
    names = [
        path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()
    ]
    found = faults(sorted(names), table)
    print(*found or [f"{len(table)} works of others, no fault"], sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
