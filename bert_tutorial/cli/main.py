"""The command line: python -m bert_tutorial COMMAND.

A mistake of the user's gets one line and exit code 2, never a traceback: that is a
`UserError`, or a file or folder that the system refuses. A fault of ours keeps its
traceback.

Chapter: 0
"""

import argparse
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any

from bert_tutorial import __version__
from bert_tutorial.cli.card import add_card_command
from bert_tutorial.cli.cost import add_cost_command
from bert_tutorial.cli.evaluate import add_evaluate_command
from bert_tutorial.cli.finetune import add_finetune_command
from bert_tutorial.cli.output import (
    HelpFormatter,
    Onward,
    drop_output,
    print_in_utf8,
)
from bert_tutorial.cli.predict import add_predict_command
from bert_tutorial.cli.pretrain import add_pretrain_command
from bert_tutorial.cli.reading import add_reading_commands
from bert_tutorial.files.errors import Notice, UserError

__all__ = ["main"]


class Parser(argparse.ArgumentParser):
    """Reports a mistake in one line, and shows every default in its help."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take the formatter that shows defaults."""
        super().__init__(*arguments, **({"formatter_class": HelpFormatter} | options))

    def error(self, message: str) -> None:  # type: ignore[override]
        """Print the line and leave with exit code 2."""
        print(f"error: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def build_parser() -> argparse.ArgumentParser:
    """Make the parser with all commands."""
    parser = Parser(
        prog="python -m bert_tutorial",
        description="The companion of the book Build BERT from Scratch.",
    )
    parser.add_argument(
        "--version", action="version", version=f"bert_tutorial {__version__}"
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=Parser
    )
    add_reading_commands(commands)
    add_pretrain_command(commands)
    add_evaluate_command(commands)
    add_finetune_command(commands)
    add_predict_command(commands)
    add_cost_command(commands)
    add_card_command(commands)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the words after the program's name; None takes those given.

    Returns:
        0; 2 for a mistake of the user's; 1 if training failed; 130 after Ctrl-C or
        SIGTERM.
    """
    print_in_utf8()
    options = build_parser().parse_args(arguments)
    with redirect_stderr(Onward(sys.stderr)):  # a notice that nobody reads ends nothing
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Run the command that was asked for; what it returns is that of `main`."""
    try:
        with _ended_by_sigterm(), _notices_on_one_line(), ExitStack() as stack:
            if getattr(options, "output", None):  # its folder is what counts
                stack.enter_context(redirect_stdout(Onward(sys.stdout)))
            refuse_empty(options)
            options.run(options)
    except KeyboardInterrupt as stop:
        print(str(stop) or "stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        drop_output(sys.stdout)
        return 0
    except (FloatingPointError, ConnectionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (UserError, OSError) as error:
        if not isinstance(error, UserError) and error.filename is None:
            raise  # no file or folder of the user's: a fault of ours
        print(f"error: {_one_line(error)}", file=sys.stderr)
        return 2
    return 0


# Texts to read, which may have nothing in them; a name may not.
MAY_BE_EMPTY = ("text", "texts", "pair", "question")
SAID = {"start": "--from", "files": "the name of a file"}


def refuse_empty(options: argparse.Namespace) -> None:
    """Refuse an empty name: that of a variable of the shell which is not set.

    It would be the folder in which the command was given, or the shipped model.

    Raises:
        UserError: naming the option.
    """
    for name, value in vars(options).items():
        if name in MAY_BE_EMPTY:
            continue
        if value == "" or (isinstance(value, list) and "" in value):
            said = SAID.get(name, f"--{name.replace('_', '-')}")
            raise UserError(f"{said} must not be empty; name it, or leave it out")


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, so that locks are given back.

    Training handles both by itself while it goes from step to step.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    kind = getattr(signal, "SIGTERM", None)
    is_main = threading.current_thread() is threading.main_thread()
    if kind is None or not is_main or signal.getsignal(kind) is not signal.SIG_DFL:
        yield
        return
    signal.signal(kind, stop)
    try:
        yield
    finally:
        signal.signal(kind, signal.SIG_DFL)


@contextmanager
def _notices_on_one_line() -> Iterator[None]:
    """Print what the user should know as a line of its own, without a place in code."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(
            message: Warning | str, category: type[Warning], *rest: Any, **named: Any
        ) -> None:
            if issubclass(category, Notice):
                print(f"note: {' '.join(str(message).split())}", file=sys.stderr)
            else:
                usual(message, category, *rest, **named)

        warnings.showwarning = show
        warnings.simplefilter("always", Notice)
        yield


def _one_line(error: Exception) -> str:
    """Give the text of an error in one line."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())
