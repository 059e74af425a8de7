"""What nbval does not see: notebooks never run, run out of order, or with traces."""

import copy
import re

import nbformat
import pytest
from run_notebooks import KEPT, join_streams

from book_files import notebooks

MYST = re.compile(r"^\s*:::|^```\{|^\([\w-]+\)=$|\{[\w:]+\}`|^\+\+\+", re.M)
MACHINE = re.compile(
    r"/(?:home|root|tmp|Users|content)/|\\Users\\| at 0x[0-9a-f]{6}|[A-Z]:\\\\"
)
MAGIC = re.compile(r"^\s*[%!]\w", re.M)
RELATIVE = re.compile(r"""["']\.\.?/""")


@pytest.fixture(params=notebooks(), ids=lambda path: path.stem)
def notebook(request):
    return request.param, nbformat.read(request.param, nbformat.NO_CONVERT)


def code_of(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def test_the_file_is_valid_small_and_without_traces_of_a_machine(notebook):
    path, book = notebook
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    assert path.stat().st_size < 500_000
    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert book.metadata.kernelspec.name == "python3"
    assert set(book.metadata.language_info) == {"name"}
    for cell in book.cells:
        assert set(cell.metadata) <= set(KEPT), cell.id


def test_it_was_run_from_top_to_bottom(notebook):
    _, book = notebook
    counts = [cell.execution_count for cell in code_of(book)]
    assert counts == list(range(1, len(counts) + 1)), "run `make run`"
    assert not any("nbval-skip" in tags(cell) for cell in code_of(book))


def test_no_cell_speaks_to_the_linter(notebook):
    _, book = notebook
    told = [cell.id for cell in book.cells if "noqa" in cell.source]
    assert told == []


def test_the_prose_is_portable(notebook):
    _, book = notebook
    for cell in book.cells:
        if cell.cell_type != "markdown":
            continue
        assert not MYST.search(cell.source), f"{cell.id}: raw markup outside the site"
        assert r"\$" not in cell.source, f"{cell.id}: write USD"
        assert cell.source.count("```") % 2 == 0, f"{cell.id}: an open code fence"
        for display in re.findall(r"\$\$(.*?)\$\$", cell.source, re.S):
            assert not ("\\tag" in display and "\\\\" in display), cell.id
        for address in re.findall(r"!\[(.*?)\]\(", cell.source):
            assert address.strip(), f"{cell.id}: a picture without a text"


def test_the_code_is_plain_python_and_needs_no_file_beside_it(notebook):
    _, book = notebook
    for cell in code_of(book):
        assert not MAGIC.search(cell.source), f"{cell.id}: no magics, no shell"
        assert not RELATIVE.search(cell.source), f"{cell.id}: no relative path"
        assert "drive.mount" not in cell.source, cell.id


def test_the_outputs_are_clean(notebook):
    _, book = notebook
    for cell in code_of(book):
        for output in cell.outputs:
            is_error = output.output_type == "error"
            assert not is_error or "raises-exception" in tags(cell), cell.id
            assert output.get("name") != "stderr", (cell.id, output.text[:80])
            data = output.get("data", {})
            text = str(output.get("text", "")) + str(data.get("text/plain", ""))
            assert not MACHINE.search(text), (cell.id, text[:80])
            assert not any("widget" in kind or "javascript" in kind for kind in data)
            assert "<script" not in str(data.get("text/html", "")), cell.id


def test_what_was_printed_in_portions_is_stored_in_one(notebook):
    """The site puts an empty line between two outputs of one stream."""
    for cell in code_of(notebook[1]):
        outputs = cell.outputs
        assert join_streams(copy.deepcopy(outputs)) == outputs, cell.id


def test_every_figure_has_a_text_for_those_who_cannot_see_it(notebook):
    _, book = notebook
    for cell in code_of(book):
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        if any(kind.startswith("image/") for kind in kinds):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 20, f'{cell.id}: metadata "mystnb": {{"image": {{"alt"'
