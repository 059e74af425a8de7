"""Make wrong answers from a solution by rule, to find what its checks do not see.

An operator takes the text of a solution and changes one thing in it: `<` becomes `<=`,
a clone is dropped, a keyword is left to its default, a configuration's field is
replaced by its default value, the first is taken for the best. Each change is named by
the code before and after it, so a waiver in an exercise's file still fits when lines
move. The idea is mutation testing (DeMillo, Lipton and Sayward, 1978).
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, NamedTuple

from bert_tutorial.course.judging.behaviour import observe
from bert_tutorial.course.judging.exercise import Exercise
from bert_tutorial.course.judging.source import source_of
from bert_tutorial.model.config import BertConfig

__all__ = ["Wrong", "survivors", "wrong_answers"]

COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "amax": "amin",
    "argmax": "argmin",
    "any": "all",
    "all": "any",
    "softmax": "log_softmax",
    "ones": "zeros",
    "zeros": "ones",
    "tril": "triu",
    "triu": "tril",
    "append": "extend",
    "find": "rfind",
    "lstrip": "strip",
    "rstrip": "strip",
    "startswith": "endswith",
    "endswith": "startswith",
}
DROPPED = {
    "clone",
    "detach",
    "masked_fill",
    "transpose",
    "permute",
    "float",
    "double",
    "to",
    "long",
    "clamp",
    "lower",
    "strip",
    "unsqueeze",
    "copy",
    "abs",
    "flip",
    "flatten",
    "log",
    "exp",
    "sqrt",
    "softmax",
    "sorted",
    "list",
    "set",
}
WIDTH = 32  # of each side of a change's name
# No result depends on it: zip's `strict` tells a caller of arguments that do not fit.
ONLY_TELLS = ("strict",)
DEFAULTS: dict[str, Any] = {one.name: one.default for one in fields(BertConfig)}


class Wrong(NamedTuple):
    """A wrong answer: what was changed, and the text that came of it."""

    name: str
    source: str

    def answer(self, solution: Any) -> Any:
        """Run the text where the solution stands: a function or a class.

        Raises:
            Exception: whatever the text raises when it is run.
        """
        names = dict(vars(__import__(solution.__module__, fromlist=["_"])))
        exec(compile(self.source, f"<{self.name}>", "exec"), names)
        return names[solution.__name__]


def wrong_answers(solution: Any) -> list[Wrong]:
    """Make every wrong answer that one change gives, without doubles."""
    tree = ast.parse(source_of(solution))
    right = ast.unparse(tree)
    found: dict[str, Wrong] = {}
    count: dict[str, int] = {}
    for path in _paths(tree):
        for before, after in _changes(_at(tree, path)):
            changed = copy.deepcopy(tree)
            _put(changed, path, after)
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text == right or text in found:
                continue
            name = f"{_short(before)} => {_short(after)}"
            count[name] = count.get(name, 0) + 1
            if count[name] > 1:
                name += f" ({count[name]})"
            found[text] = Wrong(name, text)
    return list(found.values())


def _short(node: ast.AST) -> str:
    """Write one side of a change in a short line: of a block, its condition."""
    text = " ".join(ast.unparse(node).split())
    if isinstance(node, ast.If | ast.While):
        text = f"if {ast.unparse(node.test)}: ..."
    return text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."


Path = tuple[tuple[str, int | None], ...]


def _paths(tree: ast.AST, path: Path = ()) -> Iterator[Path]:
    """List every node but annotations, docstrings and decorators."""
    if isinstance(tree, ast.keyword) and tree.arg in ONLY_TELLS:
        return
    if _negative(tree) is not None:
        return
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "bases"):
            continue
        if isinstance(value, ast.AST):
            yield (*path, (field, None))
            yield from _paths(value, (*path, (field, None)))
        elif isinstance(value, list):
            for i, one in enumerate(value):
                is_text = isinstance(one, ast.Expr) and isinstance(
                    one.value, ast.Constant
                )
                if isinstance(one, ast.AST) and not is_text:
                    yield (*path, (field, i))
                    yield from _paths(one, (*path, (field, i)))


def _at(tree: ast.AST, path: Path) -> Any:
    node: Any = tree
    for field, i in path:
        node = getattr(node, field)
        node = node if i is None else node[i]
    return node


def _put(tree: ast.AST, path: Path, new: ast.AST | None) -> None:
    parent = _at(tree, path[:-1])
    field, i = path[-1]
    if i is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[i] = ast.Pass() if new is None else new


def _changes(node: Any) -> Iterator[tuple[Any, Any]]:
    """Give each change of a node: before, after."""
    for operator in OPERATORS:
        for after in operator(node):
            yield node, after


def _with(node: Any, **values: Any) -> Any:
    """Copy a node with other fields."""
    new = copy.deepcopy(node)
    for name, value in values.items():
        setattr(new, name, value)
    return new


def _negative(node: Any) -> int | None:
    """Read a number below 0, which is two nodes: a minus and a number."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = node.operand
        if isinstance(inner, ast.Constant) and type(inner.value) is int:
            return -inner.value
    return None


def comparisons(node: Any) -> Iterator[Any]:
    """Include or leave out the border; turn equality and membership round."""
    if isinstance(node, ast.Compare):
        for i, one in enumerate(node.ops):
            if type(one) in COMPARED:
                ops = list(node.ops)
                ops[i] = COMPARED[type(one)]()
                yield _with(node, ops=ops)


def arithmetic(node: Any) -> Iterator[Any]:
    """Take another operation, or one side only."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in COMPUTED:
            yield _with(node, op=COMPUTED[type(node.op)]())
        yield node.left
        yield node.right
    if isinstance(node, ast.AugAssign) and type(node.op) in COMPUTED:
        yield _with(node, op=COMPUTED[type(node.op)]())


def logic(node: Any) -> Iterator[Any]:
    """Turn and into or, drop a not, a minus and one of two conditions."""
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _with(node, op=other)
        yield from node.values
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        if not isinstance(node, ast.While):
            yield _with(node, test=ast.Constant(True))
        yield _with(node, test=ast.Constant(False))


def numbers(node: Any) -> Iterator[Any]:
    """Take one more, one less, twice a number, the other truth."""
    below = _negative(node)
    if below is not None:
        yield ast.Constant(below + 1)
        yield ast.UnaryOp(ast.USub(), ast.Constant(1 - below))
        return
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    elif isinstance(node.value, float):
        yield ast.Constant(node.value * 2 if node.value else 1.0)
    elif node.value is None:
        yield ast.Constant(0)


def calls(node: Any) -> Iterator[Any]:
    """Drop a step or a keyword, take the mean for the sum, leave a field's default."""
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute):
            if called.attr in NAMES:
                yield _with(node, func=_with(called, attr=NAMES[called.attr]))
            is_module = isinstance(called.value, ast.Name) and called.value.id in (
                "torch",
                "math",
                "F",
                "nn",
                "re",
            )
            if called.attr in DROPPED:
                yield node.args[0] if is_module and node.args else called.value
        elif isinstance(called, ast.Name):
            if called.id in NAMES:
                yield _with(node, func=ast.Name(NAMES[called.id]))
            if called.id in DROPPED and node.args:
                yield node.args[0]
        for i, keyword in enumerate(node.keywords):
            if keyword.arg in ONLY_TELLS:
                continue
            rest = node.keywords[:i] + node.keywords[i + 1 :]
            yield _with(node, keywords=rest)
    is_field = isinstance(node, ast.Attribute) and node.attr in DEFAULTS
    if is_field and isinstance(node.value, ast.Name) and node.value.id == "config":
        yield ast.Constant(DEFAULTS[node.attr])


def pieces(node: Any) -> Iterator[Any]:
    """Let a slice begin or end where the whole does."""
    if isinstance(node, ast.Slice):
        for side in ("lower", "upper", "step"):
            if getattr(node, side) is not None:
                yield _with(node, **{side: None})


def statements(node: Any) -> Iterator[Any]:
    """Leave a statement out."""
    if isinstance(
        node, ast.AugAssign | ast.Expr | ast.Raise | ast.Continue | ast.Break
    ):
        yield ast.Pass()
    if isinstance(node, ast.If) and not node.orelse:
        yield ast.Pass()


OPERATORS: tuple[Callable[[Any], Iterator[Any]], ...] = (
    comparisons,
    arithmetic,
    logic,
    numbers,
    calls,
    pieces,
    statements,
)


def survivors(exercise: Exercise) -> list[str]:
    """Name the wrong answers that the exercise's checks do not tell from its solution.

    An answer that does not run, or that does not come back in time, is refused.

    Raises:
        TimeoutError: if the solution itself does not come back in time.
    """
    cases = exercise.inputs()
    right = [observe(exercise, exercise.solution, cases, rounds) for rounds in (1, 2)]
    if any(one.late for one in right):
        raise TimeoutError(f"{exercise.id}: the solution was too slow: {right}")
    found = []
    for wrong in wrong_answers(exercise.solution):
        try:
            answer = wrong.answer(exercise.solution)
        except Exception:  # the changed text does not even run
            continue
        # One by one: most are told apart in the first round, or do not come back.
        seen = (
            (observe(exercise, answer, cases, rounds, like=one), one)
            for rounds, one in zip((1, 2), right, strict=True)
        )
        if all(
            one.attempted and not one.late and one.replaced == two.replaced
            for one, two in seen
        ):
            found.append(wrong.name)
    return found
