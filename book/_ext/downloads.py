"""Offer each chapter for downloading, with and without solutions, and all in one.

The folder `downloads` of the site gets `NAME_student.ipynb` for each notebook,
`notebooks.zip` and `notebooks_student.zip`. The buttons join the theme's.
"""

import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "book"))

from book_files import notebooks
from copies import make_copy

FOLDER = "downloads"
BUTTONS = (
    ("{page}_student.ipynb", "without solutions", "Download without solutions"),
    ("notebooks.zip", "all notebooks", "Download all notebooks"),
    ("notebooks_student.zip", "all, without solutions", "All without solutions"),
)


def pack(target: Path, files: dict[str, bytes]) -> None:
    """Write an archive that is the same bytes for the same files."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


def write_downloads(app: Sphinx, error: Exception | None) -> None:
    """Write the students' copies and the two archives into the site."""
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    student = {}
    for path in notebooks():
        name = f"{path.stem}_student.ipynb"
        text = nbformat.writes(make_copy(path, "student")) + "\n"
        student[name] = text.encode("utf-8")
        (folder / name).write_bytes(student[name])
    pack(folder / "notebooks_student.zip", student)
    whole = {path.name: path.read_bytes() for path in notebooks()}
    pack(folder / "notebooks.zip", whole)


def add_buttons(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the downloads below the theme's own, on the pages of notebooks."""
    if not page.startswith("notebooks/"):
        return
    for group in context.get("header_buttons", []):
        if group.get("label") != "download-buttons":
            continue
        for file, text, tooltip in BUTTONS:
            name = file.format(page=page.rpartition("/")[2])
            group["buttons"].append(
                {
                    "type": "link",
                    "url": f"{context['pathto'](FOLDER, 1)}/{name}",
                    "text": text,
                    "icon": "fas fa-download",
                    "tooltip": tooltip,
                    "label": "download-copy-button",
                }
            )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the files at the end of the build and the buttons after the theme's."""
    app.connect("build-finished", write_downloads)
    app.connect("html-page-context", add_buttons, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
