"""What a release holds beside its tag: archives, books, their sums, and its notes.

    python tools/book/publish.py pack     after `make pdf epub dist`: put the site as a
                                          zip file, PDF and EPUB into dist, and write
                                          SHA256SUMS there
    python tools/book/publish.py notes v0.1.0    print the changes of that version

The zip file is the same bytes for the same site.
"""

import hashlib
import re
import shutil
import sys
import zipfile
from pathlib import Path

from book_files import ROOT

NAME = "build-bert-from-scratch"
DIST, SITE = ROOT / "dist", ROOT / "_build" / "html"
BOOKS = (f"{NAME}.pdf", f"{NAME}.epub")
SUMS = "SHA256SUMS"


def zip_folder(folder: Path, target: Path) -> None:
    """Pack a folder under the book's name, without dates."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = f"{NAME}/{path.relative_to(folder).as_posix()}"
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def sums(folder: Path) -> str:
    """List the SHA-256 of each file of a folder, as `sha256sum --check` reads it."""
    lines = []
    for path in sorted(folder.iterdir()):
        if path.name != SUMS:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f"{digest}  {path.name}\n")
    return "".join(lines)


def pack(site: Path, dist: Path) -> None:
    """Gather a release.

    Raises:
        SystemExit: if the wheel or one of the books is not made yet.
    """
    books = [site / "downloads" / name for name in BOOKS]
    if not all(book.exists() for book in books) or not list(dist.glob("*.whl")):
        raise SystemExit("`make pdf epub dist` comes first")
    zip_folder(site, dist / f"{NAME}-site.zip")
    for book in books:
        shutil.copyfile(book, dist / book.name)
    (dist / SUMS).write_text(sums(dist), encoding="utf-8", newline="\n")


def notes(tag: str, changes: str, version: str) -> str:
    """Give what CHANGELOG.md says of a version.

    Args:
        tag: the release's, "v" and the version.
        changes: the text of CHANGELOG.md.
        version: the package's.

    Raises:
        SystemExit: if the tag is not the package's version, or nothing is said of it.
    """
    if tag != f"v{version}":
        raise SystemExit(f"the tag is {tag}, the package says {version}")
    found = re.search(
        rf"^## {re.escape(version)}\n(.*?)(?=^## |\Z)", changes, re.M | re.S
    )
    if found is None or not found[1].strip():
        raise SystemExit(f"CHANGELOG.md says nothing of {version}")
    return found[1].strip() + "\n"


def main() -> None:
    """Do what the command line asks for."""
    match sys.argv[1:]:
        case ["pack"]:
            pack(SITE, DIST)
        case ["notes", tag]:
            from bert_tutorial import __version__

            changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
            print(notes(tag, changes, __version__), end="")
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
