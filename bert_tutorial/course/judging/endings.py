"""Let an answer raise an error where it would end Python, or make a second one.

Chapter: 0

`os._exit` in an answer would end the notebook's kernel with all that the reader has
computed; `os.fork` would go on with the page twice. While an answer runs, such a
function raises instead. The answer's own names for it (`from os import _exit`) are
changed too, for as long as the answer runs.
"""

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["nothing_ends"]

END, TWICE = "would end Python, and the page with it", "would start a second Python"
# Module, names in it, effect. What is not there (another system) is passed over.
ENDINGS = (
    ("os", "_exit abort kill killpg execv execve", END),
    ("os", "fork forkpty", TWICE),
    ("signal", "raise_signal pthread_kill", END),
    ("_thread", "interrupt_main", END),
    ("multiprocessing.process", "BaseProcess.start", TWICE),
    ("IPython.core.autocall", "ExitAutocall.__call__ ZMQExitAutocall.__call__", END),
)


def _found() -> Iterator[tuple[Any, str, Any, str]]:
    """List what there is of it: holder, name, function, and what to say."""
    for module, paths, effect in ENDINGS:
        for path in paths.split():
            holder: Any = sys.modules.get(module)
            *classes, name = path.split(".")
            for part in classes:
                holder = getattr(holder, part, None)
            function = getattr(holder, "__dict__", {}).get(name)
            if function is not None:
                said = "exit()" if "Exit" in path else f"{module.split('.')[0]}.{name}"
                yield holder, name, function, f"{said} {effect}"


def _refusing(function: Any, said: str) -> Callable[..., Any]:
    """Make what stands in for a function."""

    @functools.wraps(function)
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"{said}. An answer gives something back, or raises")

    return refuse


@contextlib.contextmanager
def nothing_ends(answer: Any = None) -> Iterator[None]:
    """Replace what would end Python, and put it back.

    Args:
        answer: whose global names may stand for such a function: a function or a
            class.
    """
    members = [answer, *vars(answer).values()] if isinstance(answer, type) else [answer]
    known = (getattr(one, "__globals__", None) for one in members)
    names: dict[str, Any] = next((one for one in known if one is not None), {})
    there = list(_found())
    instead = {id(one): _refusing(one, said) for _, _, one, said in there}
    own = {name: value for name, value in names.items() if id(value) in instead}
    try:
        for holder, name, function, _ in there:
            setattr(holder, name, instead[id(function)])
        names.update({name: instead[id(value)] for name, value in own.items()})
        yield
    finally:
        for holder, name, function, _ in there:
            setattr(holder, name, function)
        names.update(own)
