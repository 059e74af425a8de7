"""The lab's records: a file that grows run by run, and what it says.

Chapter: 13
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from bert_tutorial.checkpoint_files import replace_text
from bert_tutorial.intervals import Interval, mean_interval, paired_difference
from bert_tutorial.variants import LabRecipe, Variant

__all__ = ["Comparison", "by_seed", "check_same", "compare", "read_runs", "write_runs"]

Record = dict[str, Any]


def read_runs(file: str | Path | None, base: LabRecipe) -> list[Record]:
    """Read the runs of a file, if it is there and has the same baseline."""
    if file is None or not Path(file).is_file():
        return []
    document = json.loads(Path(file).read_text(encoding="utf-8"))
    if document["base"] != _plain(base):
        raise ValueError(f"{file} was made with another baseline; name another file")
    runs: list[Record] = document["runs"]
    return runs


def _plain(base: LabRecipe) -> dict[str, Any]:
    """Give a recipe as JSON reads it back, without the seed."""
    values: dict[str, Any] = json.loads(json.dumps(vars(base)))
    del values["seed"]
    return values


def check_same(variants: Sequence[Variant], runs: Sequence[Record]) -> None:
    """Refuse a name that stands for another change in the file."""
    for variant in variants:
        change = json.loads(json.dumps(dict(variant.change)))
        for run in runs:
            is_other = run["change"] != change or run["budget"] != variant.budget
            if run["variant"] == variant.name and is_other:
                raise ValueError(
                    f"{variant.name} is {run['change']} in the file and {change} now"
                )


def write_runs(
    file: str | Path | None, base: LabRecipe, runs: Sequence[Record]
) -> None:
    """Write the file anew, whole or not at all."""
    if file is None:
        return
    document = {
        "command": "python tools/ablate.py",
        "torch": torch.__version__.split("+")[0],
        "base": _plain(base),
        "runs": runs,
    }
    text = json.dumps(document, indent=1) + "\n"
    replace_text(Path(file), text)


class Comparison(NamedTuple):
    """A variant's values over its seeds, and their difference to the baseline's."""

    variant: str
    values: Interval
    difference: Interval


def by_seed(runs: Sequence[Record], variant: str, key: str) -> dict[int, float]:
    """Collect one value of a variant's runs by seed; those without it are left out."""
    return {
        run["seed"]: run[key]
        for run in runs
        if run["variant"] == variant and run[key] is not None
    }


def compare(
    runs: Sequence[Record],
    variants: Sequence[str],
    key: str = "recall",
    baseline: str = "baseline",
) -> list[Comparison]:
    """Compare variants with the baseline in one measure.

    Args:
        runs: records of `ablate`.
        variants: their names.
        key: the measure.
        baseline: name of what all are compared with.
    """
    reference = by_seed(runs, baseline, key)
    result = []
    for name in variants:
        values = by_seed(runs, name, key)
        interval = mean_interval(list(values.values()))
        result.append(Comparison(name, interval, paired_difference(values, reference)))
    return result
