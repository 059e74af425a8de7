"""What finetune, evaluate and predict share: names of tasks, options, checks.

What is large is imported by the function that needs it, so that --help is quick.

Chapter: 0
"""

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bert_tutorial.commands_tasks import Shape, Task

__all__ = ["TASKS", "add_columns", "columns_of", "shape_of"]

TASKS = ("sentiment", "tagging", "qa", "summarize")


def add_columns(command: Any, rows: bool = True) -> None:
    """Declare how a table is read."""
    group = command.add_argument_group("reading")
    if rows:
        group.add_argument(
            "--lenient", action="store_true", help="skip and count bad rows"
        )
        group.add_argument("--label-column", metavar="NAME", help="or a number")
    group.add_argument("--text-column", metavar="NAME", help="or a number")
    group.add_argument("--pair-column", metavar="NAME", help="of a second text")


def columns_of(options: argparse.Namespace) -> dict[str, str]:
    """Gather the named columns."""
    found = {
        key: getattr(options, f"{key}_column", None)
        for key in ("text", "pair", "label")
    }
    return {key: name for key, name in found.items() if name}


def shape_of(
    task: "Task", positions: int, length: int | None, stride: int | None
) -> "Shape":
    """Decide how long a window is.

    Raises:
        ValueError: if it is longer than the model's positions.
    """
    from bert_tutorial.commands_tasks import Shape

    if length is not None and length > positions:
        raise ValueError(
            f"--max-length must be at most {positions}, the positions of the model, "
            f"got {length}"
        )
    length = length or min(positions, task.max_length)
    return Shape(length, stride or task.stride(length))
