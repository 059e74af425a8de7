"""Read the known mistakes of an exercise from a text.

Chapter: 0

    divided by D: math.sqrt(query.shape[-1]) => query.shape[-1]
        The scores are divided by D. It is the square root of D.
    no scale and no mask:
    - / math.sqrt(query.shape[-1]) =>
    - scores = scores.masked_fill(hidden, lowest) => if False:
    |         pass
        Two steps are missing.
    divided by two (of einsum): D ** -0.5 => / 2
        = divided by D
    product of single numbers: def by_hand
        The matrices are multiplied number by number.

A mistake has a name, what it changes in the solution (see `edits`) and a hint, which is
indented. `(of NAME)` is the accepted answer that is changed instead. `| ` goes on
with an edit, `= NAME` takes the hint of a mistake above, `def NAME` is code that is
handed over: for what cannot be said as a change.
"""

import re
from typing import Any

from bert_tutorial.course.judging.exercise import Mutant

__all__ = ["mistakes"]

HEAD = re.compile(r"(?P<name>[^:]+?)(?: \(of (?P<of>[^)]+)\))?:(?: (?P<edit>.+))?$")


def mistakes(text: str, *codes: Any) -> list[Mutant]:
    """List the mistakes of a text.

    Args:
        text: in the form above.
        codes: the functions and classes that it names after `def `.

    Raises:
        ValueError: a mistake has no change or no hint, or its name is there twice; the
            text names code that is not handed over, or code is never named.
    """
    by_name = {code.__name__: code for code in codes}
    found: dict[str, Mutant] = {}
    for entry in re.split(r"\n(?!- |\| |    )", text.strip("\n")):
        mutant = one_mistake(entry, found, by_name)
        if mutant.name in found:
            raise ValueError(f"the mistake {mutant.name!r} is listed twice")
        found[mutant.name] = mutant
    used = {id(one.answer) for one in found.values()}
    unused = [name for name, code in by_name.items() if id(code) not in used]
    if unused:
        raise ValueError(f"no mistake is the code {unused[0]}")
    return list(found.values())


def one_mistake(entry: str, above: dict[str, Mutant], codes: dict[str, Any]) -> Mutant:
    """Read one mistake."""
    first, *lines = entry.split("\n")
    head = HEAD.match(first)
    if head is None:
        raise ValueError(f"{first!r} is not `name: change`")
    edits = [head["edit"]] if head["edit"] else []
    edits += [line.removeprefix("| ") for line in lines if line[:2] in ("- ", "| ")]
    hint = " ".join(line.strip() for line in lines if line.startswith("    "))
    if hint.startswith("= "):
        hint = above[hint[2:]].hint if hint[2:] in above else ""
    if not edits or not hint:
        raise ValueError(f"{first!r} has no {'hint' if edits else 'change'}")
    answer: Any = "\n".join(edits)
    if answer.startswith("def "):
        name = answer.removeprefix("def ")
        if name not in codes:
            raise ValueError(f"the code {name} is not handed over")
        answer = codes[name]
    return Mutant(head["name"], answer, hint, head["of"] or "")
