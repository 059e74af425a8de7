"""What the command line prints: in UTF-8, with every default, and what comes next.

Chapter: 0
"""

import argparse
import codecs
import os
import shlex
import subprocess
import sys
from io import TextIOWrapper
from typing import Any

__all__ = [
    "HelpFormatter",
    "Onward",
    "command_line",
    "drop_output",
    "plain_text",
    "print_in_utf8",
]

PROGRAM = ("python", "-m", "bert_tutorial")


class HelpFormatter(argparse.HelpFormatter):
    """Show the default of each option that has one, unless its help already does."""

    def _get_help_string(self, action: argparse.Action) -> str:
        """Add the default to the help of an option."""
        text = action.help or ""
        default = action.default
        is_option = bool(action.option_strings) and action.nargs != 0
        is_told = "default" in text or default in (None, argparse.SUPPRESS)
        if not is_option or is_told:
            return text
        shown = " ".join(map(str, default)) if isinstance(default, list) else default
        return f"{text} (default: {str(shown).replace('%', '%%')})".strip()


def command_line(*words: object) -> str:
    """Write a command so that it can be copied into this system's shell."""
    all_words = [*PROGRAM, *map(str, words)]
    if os.name == "nt":
        return subprocess.list2cmdline(all_words)
    return shlex.join(all_words)


def drop_output(stream: Any) -> None:
    """Send what is printed nowhere: the reader, such as `head`, has enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Onward:
    """A stdout or stderr whose reader may go: a run of hours goes on without.

    Args:
        stream: where to print while somebody reads.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        """Be the stream in everything else."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Print, or not, if nobody reads any more."""
        try:
            return int(self._stream.write(text))
        except BrokenPipeError:
            drop_output(self._stream)
            return len(text)

    def flush(self) -> None:
        """Hand over what was printed, if somebody still reads."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            drop_output(self._stream)


def print_in_utf8() -> None:
    """Let stdout and stderr be UTF-8, whatever code page or locale the system has.

    A file of results is the same on all systems, and no character stops a run halfway.
    Lone surrogates, which UTF-8 has no bytes for, are written as JSON escapes; those
    that stand for the bytes of a file's name become these bytes again.
    """
    codecs.register_error("bert_tutorial.names", _encode_surrogates)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # else a notebook's, or there is none
            stream.reconfigure(encoding="utf-8", errors="bert_tutorial.names")


def _encode_surrogates(error: UnicodeError) -> tuple[str | bytes, int]:
    """Give the bytes of a file's name if they are UTF-8, and escapes for the rest."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    try:
        data = part.encode("utf-8", "surrogateescape")
        data.decode("utf-8")
    except UnicodeError:
        data = "".join(f"\\u{ord(character):04x}" for character in part).encode()
    return data, error.end


def plain_text(word: str) -> str:
    """Read a text from the command line as UTF-8, even if the locale is not.

    Python keeps the bytes that an ASCII locale cannot read as lone surrogates. Names
    of files stay as they are: opening needs them so.
    """
    try:
        return os.fsencode(word).decode("utf-8")
    except UnicodeError:
        return word
