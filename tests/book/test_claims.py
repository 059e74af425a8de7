"""Numbers in the prose of the notebooks are held by something that runs, or sourced.

A number with a decimal point, a percent sign or a thousands comma must stand in the
page's own code or stored outputs, or in a paragraph that names its source, or in
`tests/data/claims.json`, which says what holds it: an expression, a cell with an
assert, a test, or a file of runs. A number in prose that nothing holds fails here.
"""

import ast
import json
import math
import re
import statistics

import nbformat
import pytest

from book_files import PACKAGE, ROOT, notebooks

REGISTER = json.loads((ROOT / "tests/data/claims.json").read_text(encoding="utf-8"))
NUMBER = re.compile(
    r"(?<![\w.$^_{\\-])(\d+\.\d+|\d{1,3}(?:,\d{3})+|\d+(?=\s?%))(?![\w}]|\.\d)"
)
# Names of things, not statements: figures, sections, versions, papers.
NAMES = re.compile(
    r"(?:figures?|exercises?|sections?|solution|appendix|appendices|tables?|chapters?"
    r"|squad|torch|python|version|equations?)\s+[A-Z]?\d+(?:\.\d+)*"
    r"(?:(?:,| and| to) \d+(?:\.\d+)+)*|arXiv:\d+\.\d+|https?://\S+",
    re.IGNORECASE,
)
SOURCE = re.compile(
    r"et al\.?,? \(?(?:19|20)\d\d|\(\w+(?: and \w+)?,? (?:19|20)\d\d|]\(http"
)
HIDDEN = re.compile(r"```.*?```|<details class=.solution.*?</details>", re.DOTALL)
EXTRA = {"NormalDist": statistics.NormalDist}
NO_PROSE = {"quiz", "reading"}  # a quiz asks with wrong numbers, too


def code_of(cells) -> str:
    """Join a page's code and printed outputs, without separators in numbers."""
    parts = []
    for cell in cells:
        if cell.cell_type == "code":
            parts.append(cell.source)
            for output in cell.outputs:
                parts.append(str(output.get("text", "")))
                parts.append(str(output.get("data", {}).get("text/plain", "")))
    return "\n".join(parts).replace("_", "").replace(",", "")


def forms(number: str, is_percent: bool) -> set[str]:
    """Give the ways in which code may write a number."""
    plain = number.replace(",", "")
    found = {plain, plain.rstrip("0").rstrip(".") if "." in plain else plain}
    if is_percent:
        share = f"{float(plain) / 100:.6f}".rstrip("0")
        found |= {share, share.removeprefix("0")}
    return found


def claims(path) -> list[tuple[str, str]]:
    """List cell and number of what a page's prose says without code or source."""
    cells = nbformat.read(path, as_version=4).cells
    code, found = code_of(cells), []
    for cell in cells:
        if cell.cell_type != "markdown" or cell.get("id") in NO_PROSE:
            continue
        for paragraph in HIDDEN.sub("", cell.source).split("\n\n"):
            if SOURCE.search(paragraph):
                continue
            text = NAMES.sub("", paragraph)
            for match in NUMBER.finditer(text):
                is_percent = text[match.end() :].lstrip().startswith("%")
                ways = "|".join(map(re.escape, forms(match[1], is_percent)))
                if not re.search(rf"(?<![\d.])(?:{ways})(?!\d)", code):
                    found.append((cell["id"], match[1]))
    return found


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_every_number_in_prose_is_held_by_something(path):
    known = REGISTER.get(path.stem, {})
    found = claims(path)
    loose = [(cell, number) for cell, number in found if number not in known]
    assert loose == [], (
        "assert the number in a cell, name its source in the paragraph, or say in "
        "tests/data/claims.json what holds it"
    )
    stale = known.keys() - {number for _, number in found}
    assert not stale, f"tests/data/claims.json: {path.stem} no longer needs {stale}"


ENTRIES = [
    (page, number, how) for page in REGISTER for number, how in REGISTER[page].items()
]


@pytest.mark.parametrize(("page", "number", "how"), ENTRIES)
def test_what_holds_a_number_exists(page, number, how):
    kind, _, rest = how.partition(": ")
    value = float(number.replace(",", ""))
    if kind == "expression":
        digits = len(number.partition(".")[2])
        result = eval(rest, {"__builtins__": {}}, vars(math) | EXTRA)
        assert round(result, digits) == value
    elif kind == "cell":
        cells = nbformat.read(ROOT / f"notebooks/{page}.ipynb", as_version=4).cells
        assert "assert" in next(c.source for c in cells if c["id"] == rest)
    elif kind == "test":
        file, _, name = rest.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        names = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        assert name in names
    elif kind == "file":
        file, _, keys = rest.partition("#")
        found = json.loads((PACKAGE / file).read_text("utf-8"))
        for key in keys.split("/"):
            found = found[int(key) if isinstance(found, list) else key]
        zeros = len(str(int(value))) - len(str(int(value)).rstrip("0"))
        assert round(found, -zeros) == value
    else:
        assert kind == "source", how
        assert re.search(r"(19|20)\d\d", rest)


def test_a_number_that_nothing_holds_is_found(tmp_path):
    cell = nbformat.v4.new_markdown_cell("It takes 12.5 s, 37 % or 1,234, not 2.5.")
    cited = nbformat.v4.new_markdown_cell("It is 88.5 (Devlin et al. 2019, table 2).")
    code = nbformat.v4.new_code_cell("assert share > 0.37")
    near = nbformat.v4.new_code_cell("assert spread < 12.55")
    book = nbformat.v4.new_notebook(cells=[cell, cited, code, near])
    nbformat.write(book, tmp_path / "x.ipynb")
    found = [number for _, number in claims(tmp_path / "x.ipynb")]
    assert found == ["12.5", "1,234", "2.5"]
