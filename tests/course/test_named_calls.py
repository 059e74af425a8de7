"""Every call that a hint or a sentence of an exercise names can be made by the reader.

A name in such a call is one that the notebook has imported or defined before the
exercise's cell, a builtin, or a value inside a right answer: the right answers run, and
what they hold at each return is kept. `x.mean(dim=1)` is run as it stands; of a part
such as `clamp(min=1)` some value must have that method; where dots stand for the
arguments, what is called must be there. `tests/data/named_calls.json` waives what is no
call of Python, each with its reason.
"""

import ast
import builtins
import contextlib
import copy
import json
import re
import sys
from functools import cache

import nbformat
import pytest
import torch

from bert_tutorial.course.check import hint
from bert_tutorial.course.exercises import all_exercises
from book_files import ROOT, chapter_of_notebook, notebooks

CHAPTERS = {chapter_of_notebook(path): path for path in notebooks()}
EXERCISES = {k: one for k, one in all_exercises().items() if one.chapter in CHAPTERS}
TOLD = json.loads((ROOT / "tests" / "data" / "named_calls.json").read_text("utf-8"))
FORMULA = re.compile(r"(exp|ln|sqrt|norm|p|f)\(")  # of the text, not of Python
KINDS = ("task", "solution", "exercises")
START = re.compile(r"(?<![\w.%\\])[A-Za-z_][\w.]*\(")
CODE = re.compile(r"```.*?```|<!-- code -->.*?<!-- /code -->", re.S)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
OPEN, CLOSED = "([{", ")]}"


def closing(text, start):
    """Find the end of a bracket that opens at a place; None where it never closes."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in OPEN) - (text[place] in CLOSED)
        if depth == 0:
            return place + 1
    return None


def calls(text):
    """Yield the calls in a text, with what is called on their results."""
    end = 0
    for found in START.finditer(text):
        if found.start() < end or not (stop := closing(text, found.end() - 1)):
            continue
        while more := re.match(r"\.\w+\(|\[", text[stop:]):
            stop = closing(text, stop + more.end() - 1) or len(text)
        end = stop
        yield text[found.start() : end]


def spans(source):
    """Yield the calls in the code spans of a cell."""
    for span in SPAN.findall(CODE.sub("", source)):
        with contextlib.suppress(SyntaxError):
            tree = ast.parse(span.strip())
            if any(isinstance(node, ast.Call) for node in ast.walk(tree)):
                yield span.strip()


def is_free(node):
    """Tell what can be run without the page: imports, definitions, plain values."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
        return True
    if not isinstance(node, ast.Assign):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True


@cache
def names_of(chapter, cell_id):
    """Give what a notebook imported and defined up to a cell."""
    names = {}
    for cell in nbformat.read(CHAPTERS[chapter], as_version=4).cells:
        if cell.cell_type == "code" and cell.id != "setup":
            lines = [
                x for x in cell.source.splitlines() if not x.startswith(("%", "!"))
            ]
            for node in filter(is_free, ast.parse("\n".join(lines)).body):
                with contextlib.suppress(NameError, ImportError):
                    exec(compile(ast.Module([node], []), cell.id, "exec"), names)
        if cell.id == cell_id:
            break
    for one in EXERCISES.values():
        if one.chapter == chapter and one.solution.__name__ in names:
            names[one.solution.__name__] = one.solution
    return names


def codes_of(thing):
    """Give the code of a function, or of each method of a class."""
    if isinstance(thing, type):
        return {v.__code__ for v in vars(thing).values() if hasattr(v, "__code__")}
    return {thing.__code__} if hasattr(thing, "__code__") else set()


@cache
def values_inside(name):
    """Run the right answers of an exercise; give what they hold at each return."""
    exercise, kept = EXERCISES[name], []
    answers = [exercise.solution, *exercise.accepted.values()]
    codes = set().union(*map(codes_of, answers))

    def watch(frame, event, _):
        if event == "return" and frame.f_code in codes and len(kept) < 40:
            kept.append(dict(frame.f_locals))

    sys.setprofile(watch)
    try:
        for answer in answers:
            for case in (exercise.cases or (lambda *_: []))(0, torch.float32)[:3]:
                with contextlib.suppress(Exception):
                    run = exercise.run or (lambda a, c: a(*c.args, **c.kwargs))
                    run(answer, copy.deepcopy(case))
            for one in exercise.properties[:3] if exercise.cases is None else ():
                with contextlib.suppress(Exception):
                    one.holds(answer)
    finally:
        sys.setprofile(None)
    return kept


def without_dots(call):
    """Where a call has dots for arguments, give what is called."""
    node = ast.parse(call, mode="eval").body
    while isinstance(node, ast.Call):
        parts = [*node.args, *(one.value for one in node.keywords)]
        if not any("..." in ast.unparse(one) for one in parts):
            break
        node = node.func
    return ast.unparse(node)


def stopped_by(call, names, frames, told=None):
    """Make a call somewhere: None where it works, else what stopped the first try.

    Args:
        call: the call.
        names: those of the notebook.
        frames: names and values inside right answers.
        told: names that the sentence makes up, and the code that they stand for.
    """
    try:
        call = without_dots(call)
    except SyntaxError as error:
        return error
    head = re.match(r"\w+", call)[0]
    stopped = None
    for frame in [*frames, {}]:
        scope = {**names, **frame}
        with contextlib.suppress(Exception):
            for name, code in (told or {}).items():
                scope[name] = eval(code, scope)
        tries = [call]
        if head not in scope and not hasattr(builtins, head):
            scope |= {f"_{i}": value for i, value in enumerate(frame.values())}
            tries = [f"_{i}.{call}" for i in range(len(frame))]
        for one in tries:
            try:
                with torch.no_grad():
                    eval(one, copy.copy(scope))
            except Exception as error:
                stopped = stopped or error
            else:
                return None
    return stopped or NameError(head)


def texts_of(exercise):
    """Yield what the reader may be told."""
    yield from exercise.hints
    yield from (one.hint for one in exercise.mutants)
    yield from (one.message for one in exercise.properties)
    yield from re.findall(r'"""(.*?)"""', exercise.stub, re.S)


def failures(said, told, names, frames):
    """Give the calls that cannot be made: call -> why."""
    failed = {}
    for call in sorted(said):
        about = told.get(call, {})
        if isinstance(about, str):  # a reason
            continue
        if error := stopped_by(call, names, frames, about):
            failed[call] = repr(error)
    return failed


def test_calls_are_found_and_tried():
    text = "Leave out detach(), not x.sum(dim=-1).clamp(min=1)[0] (or f(x)) and print."
    assert list(calls(text)) == ["detach()", "x.sum(dim=-1).clamp(min=1)[0]", "f(x)"]
    assert list(spans("`a(b)` and `b`, ```x(1)```")) == ["a(b)"]
    frames = [{"x": torch.ones(2, 3)}]
    for right in ("x.sum(dim=-1).clamp(min=1)[0]", "detach()", "max(...)", "len(x)"):
        assert stopped_by(right, {}, frames) is None, right
    for wrong in ("x.sum(7)", "F.relu(x)", "f(x)", "no_grad()", "x.nothing(...)"):
        assert stopped_by(wrong, {}, frames), wrong
    assert stopped_by("len(y)", {}, frames, {"y": "x[0]"}) is None


@pytest.mark.parametrize("name", EXERCISES)
def test_calls_in_hints_and_messages_can_be_made(name):
    exercise = EXERCISES[name]
    said = {call for text in texts_of(exercise) for call in calls(text)}
    said = {call for call in said if not FORMULA.match(call)}
    told = TOLD.get(name, {})
    assert set(told) <= said, "told of what is not said"
    names = names_of(exercise.chapter, f"exercise-{name}")
    assert failures(said, told, names, values_inside(name)) == {}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_calls_in_the_sentences_of_exercises_can_be_made(chapter):
    cells = nbformat.read(CHAPTERS[chapter], as_version=4).cells
    told, seen = TOLD.get(CHAPTERS[chapter].stem, {}), set()
    for cell in cells:
        kind, _, name = cell.id.partition("-")
        if cell.cell_type != "markdown" or kind not in KINDS:
            continue
        said, frames, until = set(spans(cell.source)), [], cells[-1].id
        if name in EXERCISES:
            frames, until = values_inside(name), f"exercise-{name}"
        seen |= said
        assert failures(said, told, names_of(chapter, until), frames) == {}, cell.id
    assert set(told) <= seen, "told of what is not said"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_what_the_messages_of_a_check_name_is_imported(chapter):
    """A check names `hint`, and the last hint `solution`."""
    cells = nbformat.read(CHAPTERS[chapter], as_version=4).cells
    if any('= check("' in cell.source for cell in cells if cell.cell_type == "code"):
        assert {"check", "hint", "solution"} <= set(names_of(chapter, cells[-1].id))


def test_a_hint_that_is_not_there_names_a_way_that_works(capsys):
    with pytest.raises(ValueError, match="leave it out to get the next hint"):
        hint("hide", 7)
    hint("hide")
    assert " of 3: " in capsys.readouterr().out
