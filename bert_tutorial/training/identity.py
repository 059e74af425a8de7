"""What makes a run this run: choices, seed, corpus. A resumed run must have the same.

Chapter: 12
"""

import json
from collections.abc import Mapping

from bert_tutorial.files.errors import UserError
from bert_tutorial.files.folder import CheckpointError

__all__ = ["check_identity"]

Identity = Mapping[str, Mapping[str, object]]
"""A run's choices in groups such as "recipe", of JSON types only."""

SHOWN = 6


def check_identity(saved: Identity, now: Identity) -> None:
    """Compare a state's run with the one that wants to go on from it.

    Raises:
        CheckpointError: naming each choice that differs, then and now.
    """
    old, new = _flat(saved), _flat(now)
    differing = [
        f"{key}: {old.get(key, _absent(key))} then, {new.get(key, _absent(key))} now"
        for key in [*old, *(key for key in new if key not in old)]
        if old.get(key) != new.get(key)
    ]
    if not differing:
        return
    more = len(differing) - SHOWN
    raise CheckpointError(
        "the run to be resumed had other settings: "
        + "; ".join(differing[:SHOWN])
        + (f"; and {more} more" if more > 0 else "")
        + "; give those of the first run, or start a new one in another folder"
    )


def without_precision(run: Identity) -> Identity:
    """Give all choices but the precision, which `check_precision` compares."""
    if "recipe" not in run:
        return run
    recipe = {key: one for key, one in run["recipe"].items() if key != "precision"}
    return {**run, "recipe": recipe}


def asked_precision(run: Identity) -> str | None:
    """Give the precision that a run was asked for; None: the default of its device."""
    found = run.get("recipe", {}).get("precision")
    return found if isinstance(found, str) else None


def check_precision(saved: Identity, now: Identity, used: str, uses: str) -> None:
    """Compare the precision of a run with that of the one that wants to go on from it.

    There are several words for the same one, and what counts is what was used. Who
    asks with the same word as before may go on, on another device, too, where the
    default (or auto) may be another one.

    Args:
        saved: the choices of the run to be resumed.
        now: those of the one that wants to go on.
        used: the precision that the first has computed in, as in "float32".
        uses: that of the second.

    Raises:
        CheckpointError: naming both, if it is another word and another precision.
    """
    if asked_precision(saved) != asked_precision(now):
        check_identity({"recipe": {"precision": used}}, {"recipe": {"precision": uses}})


def lengthened(saved: Identity, now: Identity) -> Identity:
    """Give the saved run's choices with the steps of the run that goes on with it.

    Raises:
        UserError: if these are not more.
    """
    old, new = saved["recipe"]["steps"], now["recipe"]["steps"]
    if isinstance(old, int) and isinstance(new, int) and new <= old:
        raise UserError(
            f"steps must be more than the {old:,} of the run that is to be longer, "
            f"got {new:,}"
        )
    return {**saved, "recipe": {**saved["recipe"], "steps": new}}


def _absent(key: str) -> str:
    """Name what is not there: a recipe leaves out what came later, at its default."""
    return "the default" if key.startswith("recipe ") else "nothing"


def _flat(values: Identity) -> dict[str, str]:
    """Name each value by group and key, as in "recipe seed"."""
    return {
        f"{group} {key}": json.dumps(value) if not isinstance(value, str) else value
        for group, entries in values.items()
        for key, value in entries.items()
    }
