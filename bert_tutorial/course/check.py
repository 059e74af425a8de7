"""Exercises that check themselves: `check`, `hint`, `solution`, `progress`.

Chapter: 0

    attention = check("attention", attention)

gives back the reader's function if it is right, else the book's with a notice, so
that the rest of a page always runs. What was passed is kept in a file on this machine
(`~/.bert_tutorial/progress.json`, or where BERT_TUTORIAL_PROGRESS says); nothing is
ever sent anywhere.
"""

import contextlib
import difflib
import json
import os
from pathlib import Path
from typing import Any

from bert_tutorial.course.exercises import all_exercises
from bert_tutorial.course.judging.exercise import Case as Case
from bert_tutorial.course.judging.exercise import Exercise as Exercise
from bert_tutorial.course.judging.exercise import Mutant as Mutant
from bert_tutorial.course.judging.exercise import NotAttempted
from bert_tutorial.course.judging.exercise import Property as Property
from bert_tutorial.course.judging.owner import is_the_books
from bert_tutorial.course.judging.source import source_of
from bert_tutorial.course.judging.verdict import Verdict, judge

__all__ = ["NotAttempted", "check", "hint", "progress", "solution"]

_STEPS: dict[str, int] = {}  # how many hints were given since the start


def find(name: str) -> Exercise:
    """Find an exercise by its id.

    Raises:
        ValueError: if there is none; the message names the nearest ids.
    """
    known = all_exercises()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 3) or list(known)[:3]
    raise ValueError(f"there is no exercise {name!r}; did you mean {', '.join(near)}?")


def check(name: str, answer: Any) -> Any:
    """Judge an answer and say what is wrong with it.

    Args:
        name: the exercise's id.
        answer: the reader's function or class.

    Returns:
        The answer if it is right, else the book's solution. The book's own version,
        which an earlier check may have put under the reader's name, is not judged.

    Raises:
        ValueError: if there is no such exercise.
    """
    exercise = find(name)
    if is_the_books(answer, exercise.solution):
        verdict = Verdict("the book's")
    else:
        verdict = judge(exercise, answer)
    print(message(exercise, verdict))
    if verdict.kind not in ("not attempted", "the book's"):
        record(name, verdict.passed)
    return answer if verdict.passed else exercise.solution


def message(exercise: Exercise, verdict: Verdict) -> str:
    """Put a verdict in words."""
    name = exercise.id
    if verdict.passed:
        return f"{name}: passed"
    if verdict.kind == "not attempted":
        return (
            f"{name}: not attempted yet; the page goes on with the book's version. "
            f'hint("{name}") helps.'
        )
    if verdict.kind == "the book's":
        return (
            f"{name}: this is the book's version, which an earlier check put under "
            "the name, so nothing of yours was judged. Run the cell with your own "
            "version again, then this one."
        )
    lines = [f"{name}: not right yet ({verdict.kind}). {verdict.seen}"]
    lines += [verdict.picture] if verdict.picture else []
    lines.append(verdict.hint or f'hint("{name}") gives a hint.')
    lines.append("The page goes on with the book's version.")
    return "\n".join(lines)


def hint(name: str, step: int | None = None) -> None:
    """Print the next hint of an exercise, or the one that is asked for.

    Args:
        name: the exercise's id.
        step: 1 for the first; None for the next one since the kernel's start.

    Raises:
        ValueError: if there is no such exercise or no such hint.
    """
    hints = find(name).hints
    if step is None:
        step = min(_STEPS.get(name, 0) + 1, len(hints))
    if not 1 <= step <= len(hints):
        raise ValueError(
            f"step must be 1 to {len(hints)}, got {step}; "
            "leave it out to get the next hint"
        )
    _STEPS[name] = step
    after = f'solution("{name}") shows the solution.' if step == len(hints) else ""
    print(f"Hint {step} of {len(hints)}: {hints[step - 1]} {after}".rstrip())


def solution(name: str) -> None:
    """Print the solution of an exercise.

    Raises:
        ValueError: if there is no such exercise.
    """
    print(source_of(find(name).solution))


def progress_file() -> Path:
    """Say where the progress is kept."""
    named = os.environ.get("BERT_TUTORIAL_PROGRESS")
    return Path(named) if named else Path.home() / ".bert_tutorial" / "progress.json"


def read_progress() -> dict[str, dict[str, Any]]:
    """Read the progress; a missing or broken file counts as none."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(progress_file().read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {k: v for k, v in found.items() if isinstance(v, dict)}
    return {}


def record(name: str, has_passed: bool) -> None:
    """Note a try. Where nothing can be written, nothing is kept."""
    known = read_progress()
    entry = known.setdefault(name, {})
    entry["tries"] = int(entry.get("tries", 0)) + 1
    entry["passed"] = bool(entry.get("passed")) or has_passed
    path = progress_file()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        hidden = path.with_name(f".{path.name}.{os.getpid()}")
        hidden.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        os.replace(hidden, path)


def progress() -> None:
    """Print a table of the exercises: chapter, id, minutes, and how far you are."""
    known = read_progress()
    exercises = all_exercises().values()
    width = max((len(one.id) for one in exercises), default=8)
    print(f"chapter  {'exercise':<{width}}  minutes  state")
    for one in exercises:
        entry = known.get(one.id, {})
        state = "passed" if entry.get("passed") else "tried" if entry else "-"
        print(f"{one.chapter:>7}  {one.id:<{width}}  {one.minutes:>7}  {state}")
    done = sum(bool(known.get(one.id, {}).get("passed")) for one in exercises)
    print(f"{done} of {len(exercises)} passed")
