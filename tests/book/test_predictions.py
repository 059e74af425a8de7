"""What a reader is asked to predict is printed, after the guess and not before.

`DONE` grows: a chapter is added when its pages keep the convention, which is:

- A markdown cell asks with **Predict**, in its last paragraph. The next cell is code
  with the tag `predict` (`make sync` adds what folds the output, and its label) and
  prints, shows or draws what was asked for, from something that it computed.
- A cell that readers see at first has at most one `assert`. Imports, plots, drawings
  and assertions that hold the page together stand in cells tagged `hide-input`, whose
  first line says what they are: `# @title Imports`.
"""

import ast
import re

import nbformat
import pytest
from sync import GUESSED, TITLE, fold

from book_files import chapter_of_notebook, notebooks

DONE: tuple[int, ...] = tuple(range(25))
PATHS = [path for path in notebooks() if chapter_of_notebook(path) in DONE]
each_page = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
PROMPT = re.compile(r"\*\*Predict\b[^*]*\*\*")


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def tags(cell):
    return cell.metadata.get("tags", [])


def prose(cell):
    """A markdown cell without what is folded in it, and without code."""
    text = re.sub(r"<details.*?</details>", "", cell.source, flags=re.S)
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def is_shown(cell):
    return not {"hide-input", "hide-cell", "exercise"} & set(tags(cell))


def faults(cells):
    """Say what is wrong with the prompts of a page."""
    found = []
    for index, cell in enumerate(cells):
        if cell.cell_type != "markdown":
            if "predict" in tags(cell):
                before = cells[index - 1]
                if before.cell_type != "markdown" or not PROMPT.search(prose(before)):
                    found.append(f"{cell.id}: answers no prompt")
            continue
        asked = PROMPT.findall(prose(cell))
        if not asked:
            continue
        if len(asked) > 1:
            found.append(f"{cell.id}: {len(asked)} prompts, one answer")
        if not PROMPT.search(prose(cell).strip().split("\n\n")[-1]):
            found.append(f"{cell.id}: text after the prompt, before the answer")
        after = cells[index + 1] if index + 1 < len(cells) else None
        if after is None or after.cell_type != "code" or "predict" not in tags(after):
            found.append(f"{cell.id}: no cell that answers")
            continue
        if not any(
            output.get("text") or output.get("data") for output in after.outputs
        ):
            found.append(f"{after.id}: prints nothing")
        if prints_only_constants(after.source):
            found.append(f"{after.id}: prints what it did not compute")
        kept = {key: after.metadata.get("mystnb", {}).get(key) for key in GUESSED}
        if "hide-output" not in tags(after) or kept != GUESSED:
            found.append(f"{after.id}: the answer is not folded: `make sync`")
    return found


def prints_only_constants(source):
    """Whether a cell has prints and none of them has a value that was computed."""
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    values = [
        inner
        for call in calls
        for argument in call.args
        for inner in ast.walk(argument)
        if isinstance(inner, ast.Name | ast.Attribute | ast.Call)
    ]
    return bool(calls) and not values


@each_page
def test_each_prompt_is_answered_by_a_folded_output(path):
    assert faults(cells_of(path)) == []


@each_page
def test_a_page_has_predictions(path):
    asked = sum(
        bool(PROMPT.search(prose(cell)))
        for cell in cells_of(path)
        if cell.cell_type == "markdown"
    )
    assert asked >= 3


@each_page
def test_a_cell_that_readers_see_asserts_once_at_most(path):
    for cell in cells_of(path):
        if cell.cell_type == "code" and is_shown(cell):
            tree = ast.parse(cell.source)
            count = sum(isinstance(node, ast.Assert) for node in ast.walk(tree))
            assert count <= 1, f"{cell.id}: {count} assertions in view"


@each_page
def test_what_is_folded_says_what_it_is(path):
    for cell in cells_of(path):
        if cell.cell_type == "code" and "hide-input" in tags(cell):
            assert TITLE.match(cell.source), f"{cell.id}: begin with # @title NAME"


@each_page
def test_imports_plots_and_drawings_are_folded(path):
    for cell in cells_of(path):
        if cell.cell_type == "code" and is_shown(cell):
            is_plot = "plt.show()" in cell.source
            is_setup = "set_style()" in cell.source or "show_drawing(" in cell.source
            assert not is_plot and not is_setup, f"{cell.id}: tag hide-input"


def made(kind, source, *marks, printed=""):
    if kind == "markdown":
        return nbformat.v4.new_markdown_cell(source, id="asks")
    cell = nbformat.v4.new_code_cell(source, id="answers")
    cell.metadata["tags"] = list(marks)
    if printed:
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)]
    fold(cell)
    return cell


def test_each_fault_of_a_prompt_is_found():
    asks = made("markdown", "Two and two. **Predict** the sum.")
    good = made("code", "print(2 + two)", "predict", printed="4\n")
    assert faults([asks, good]) == []
    for cells, words in (
        ([asks], "no cell that answers"),
        ([asks, made("code", "print(x)", printed="4")], "no cell that answers"),
        ([asks, made("code", "assert x == 4", "predict")], "prints nothing"),
        ([asks, made("code", 'print("4")', "predict", printed="4")], "did not compute"),
        ([made("markdown", "No question."), good], "answers no prompt"),
        ([made("markdown", "**Predict** it.\n\nIt is 4."), good], "text after"),
        ([made("markdown", "**Predict** a. **Predict** b."), good], "one answer"),
    ):
        assert any(words in fault for fault in faults(cells)), words
    bare = made("code", "print(x)", "predict", printed="4")
    bare.metadata["mystnb"] = {}
    assert "not folded" in faults([asks, bare])[0]


def test_what_the_site_folds_is_folded_in_colab_and_jupyterlab():
    cell = made("code", "# @title Imports\nimport torch", "hide-input")
    assert cell.metadata["cellView"] == "form"
    assert cell.metadata["jupyter"] == {"source_hidden": True}
    assert cell.metadata["mystnb"]["code_prompt_show"] == "Imports: show"
    answer = made("code", "print(x)", "predict")
    assert answer.metadata["collapsed"] is True
    assert answer.metadata["jupyter"] == {"outputs_hidden": True}
    assert "hide-output" in answer.metadata["tags"]
