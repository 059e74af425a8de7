"""The command card: write a model's card, and check what it needs to be believed.

Chapter: 0
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_tutorial.files.errors import UserError

if TYPE_CHECKING:
    from bert_tutorial.labs.card import Line

__all__ = ["add_card_command"]

FIRST = "# Model card"


def add_card_command(commands: Any) -> None:
    """Declare the command and its options."""
    card = commands.add_parser("card", help="write the card of a model, and check it")
    card.add_argument(
        "folder", help="of a model or of several seeds, or mini-world or english"
    )
    card.add_argument(
        "--beside",
        nargs="+",
        metavar="FOLDER",
        help="runs on the same data: with other seeds, or controls (default: none)",
    )
    card.add_argument("--output", metavar="FILE", help="write the card there")
    card.add_argument(
        "--strict", action="store_true", help="exit code 1 if something is missing"
    )
    card.set_defaults(run=run_card)


def run_card(options: argparse.Namespace) -> None:
    """Print or write the card; 1 if it is strict and something is missing."""
    from bert_tutorial.files.texts import replace_text
    from bert_tutorial.labs.card import model_card, read_run, rubric

    run = read_run(options.folder)
    beside = [read_run(folder) for folder in options.beside or ()]
    text, lines = model_card(run, beside), rubric(run, beside)
    if options.output:
        refuse_other_file(Path(options.output))
        replace_text(Path(options.output), text)
        print_rubric(lines)
    else:
        print(text)
    missing = sum(bool(line.remedy) for line in lines)
    print(f"{missing} missing" if missing else "nothing is missing")
    if missing and options.strict:
        raise SystemExit(1)


def print_rubric(lines: "list[Line]") -> None:
    """Print a line for each check and, below what is missing, its remedy."""
    for name, seen, remedy in lines:
        print(f"{'missing' if remedy else 'pass':<9}{name:<15}{seen}")
        if remedy:
            print(f"{'':<9}remedy: {remedy}")


def refuse_other_file(file: Path) -> None:
    """Refuse to write over what is not a card.

    Raises:
        UserError: if the file is there and does not begin as a card does.
    """
    if not file.parent.is_dir():
        raise UserError(f"{file.parent} is not a folder; make it first")
    if file.is_dir():
        raise UserError(f"{file} is a folder; name a file in it, such as MODEL_CARD.md")
    if file.exists() and not file.read_bytes().startswith(FIRST.encode()):
        raise UserError(f"{file} is there already and no card; give another --output")
