"""Write the options on the page of the command line from the parser itself.

    python tools/book/command_page.py    writes the marked parts of the page

The page's prose and its examples of files are written by hand; what stands between
`<!-- options: NAME -->` and the mark that closes it is made here.
"""

import argparse
import re
from html import escape

from bert_tutorial.cli.main import build_parser
from book_files import ROOT

PAGE = ROOT / "book" / "command_line.md"
MARKED = re.compile(r"(<!-- options: (\w+) -->\n).*?(<!-- /options -->)", re.S)
OPTION = re.compile(r"(?<![\w`-])--[a-z][a-z-]*\w")
PREFIX = "python -m bert_tutorial"


def commands() -> dict[str, argparse.ArgumentParser]:
    """Give the parser of each command, in the order of the help."""
    (found,) = [
        action
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    return dict(found.choices)


def summaries() -> dict[str, str]:
    """Give the line that the help has for each command."""
    (found,) = [
        action
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    return {one.dest: str(one.help or "") for one in found._choices_actions}


def written(action: argparse.Action) -> str:
    """Write an option as it is typed: its name and what follows it."""
    if not action.option_strings:
        return str(action.metavar or action.dest)
    name = " / ".join(action.option_strings)
    if action.nargs == 0:
        return name
    if action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        value = str(action.metavar or action.dest.upper())
    if action.nargs in ("+", "*"):
        value += " ..."
    return f"{name} [{value}]" if action.nargs == "?" else f"{name} {value}"


def about(action: argparse.Action, required: bool) -> str:
    """Say what an option is for, and what holds without it."""
    text = str(action.help or "").replace("|", "\\|")
    text = OPTION.sub(r"`\g<0>`", text)  # else typography makes one dash of two
    notes = []
    if required:
        notes.append("required")
    shown = action.default
    is_told = "default" in text or shown is None or isinstance(shown, bool)
    if action.option_strings and not is_told and shown != argparse.SUPPRESS:
        if isinstance(shown, list):
            shown = " ".join(map(str, shown))
        notes.append(f"default {shown}")
    if notes:
        text += f" ({', '.join(notes)})" if text else ", ".join(notes)
    return text


def options_table(parser: argparse.ArgumentParser) -> str:
    """Write the table of a command's options; groups keep their order."""
    rows, alone = [], []
    exclusive = {
        id(action): group
        for group in parser._mutually_exclusive_groups
        for action in group._group_actions
    }
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        is_option = bool(action.option_strings)
        is_required = action.required if is_option else action.nargs not in ("*", "?")
        text = about(action, is_required)
        rows.append(f"| `{escape(written(action), quote=False)}` | {text} |")
    seen = set()
    for group in exclusive.values():
        if id(group) in seen:
            continue
        seen.add(id(group))
        names = [
            f"`{(one.option_strings or [one.dest])[0]}`" for one in group._group_actions
        ]
        kind = "Exactly one of" if group.required else "At most one of"
        alone.append(f"{kind} {', '.join(names)}.")
    if not rows:
        return "No options.\n"
    head = "| option | what it does |\n| --- | --- |\n"
    notes = "\n" + " ".join(alone) + "\n" if alone else ""
    return head + "\n".join(rows) + "\n" + notes


def with_options(text: str) -> str:
    """Return the page with the options of each command up to date.

    Raises:
        KeyError: the page names a command that there is not.
    """
    parsers, told = commands(), summaries()

    def part(match: re.Match[str]) -> str:
        name = match[2]
        line = f"`{PREFIX} {name}`: {told[name]}.\n\n"
        return match[1] + line + options_table(parsers[name]) + match[3]

    return MARKED.sub(part, text)


def main() -> None:
    """Write the page."""
    text = with_options(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
