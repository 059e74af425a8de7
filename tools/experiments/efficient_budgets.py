"""Compare at equal work and several budgets: replaced tokens, a student of a teacher.

    python tools/experiments/efficient_budgets.py                  # what is committed
    python tools/experiments/efficient_budgets.py --budgets 0.1 --seeds 0 --output FILE

The runs of efficient.py show one budget. Here masked LM and replaced tokens get 1, 2
and 3 times as much work, at the learning rate that is best at the first budget on the
first seed; and a student without a teacher gets as much work as one that has to pay for
its teacher's forward passes. Work is counted, not timed. About half an hour of one
core; runs that the file has are not made again.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from efficient import Choices, equal_steps, masked_lm, replaced_tokens, student
from record import RUNS, main

from bert_tutorial.labs.ablation.lab import LabData, small_world
from bert_tutorial.labs.ablation.variants import LabRecipe
from bert_tutorial.model.objectives import BertForPreTraining

RESULTS = RUNS / "efficient_budgets.json"
RATES = (1.5e-3, 3e-3, 6e-3)
BUDGETS = (1.0, 2.0, 3.0)
Run = dict[str, Any]


class Runs:
    """The runs of one document, made when they are asked for.

    Args:
        rows: that the document has; new ones are added.
        steps: of masked LM at budget 1.
    """

    def __init__(self, rows: list[Run], steps: int) -> None:
        """Take the rows that are there."""
        self.rows, self.steps = rows, steps
        self.done = {self._key(row): row for row in rows}
        self._teachers: dict[int, BertForPreTraining] = {}

    @staticmethod
    def _key(row: Run) -> tuple[Any, ...]:
        return tuple(row[name] for name in ("variant", "budget", "rate", "seed"))

    def get(self, variant: str, budget: float, rate: float, seed: int) -> Run:
        """Give a run, making it if it is not there."""
        key = (variant, budget, rate, seed)
        if key not in self.done:
            names = ("variant", "budget", "rate", "seed")
            found = self._make(variant, budget, rate, seed)
            found.pop("cpu_seconds", None)  # others may be running
            row = dict(zip(names, key, strict=True)) | found
            self.rows.append(row)
            self.done[key] = row
            print(json.dumps(row), flush=True)
        return self.done[key]

    def _make(self, variant: str, budget: float, rate: float, seed: int) -> Run:
        steps = round(self.steps * budget)
        recipe = LabRecipe(seed=seed, steps=steps, pair_task="none", learning_rate=rate)
        data = LabData(small_world(seed), recipe)
        if variant == "masked LM":
            return masked_lm(data, recipe)[1]
        choices = Choices(replaced_rate=rate)
        if variant == "replaced tokens":
            fewer = replace(recipe, steps=equal_steps(data, recipe, choices))
            return replaced_tokens(data, fewer, choices)
        if variant == "student with teacher":
            return student(data, recipe, choices, self._teacher(seed), 1.0)
        factor = 1.0
        if variant == "student alone, equal work":
            paid = self.get("student with teacher", budget, rate, seed)
            alone = self.get("student alone", budget, rate, seed)
            factor = paid["operations"] / alone["operations"]
        longer = replace(choices, student_steps=choices.student_steps * factor)
        return student(data, recipe, longer, None)

    def _teacher(self, seed: int) -> BertForPreTraining:
        """Train the teacher of a seed: masked LM at budget 1."""
        if seed not in self._teachers:
            recipe = LabRecipe(seed=seed, steps=self.steps, pair_task="none")
            data = LabData(small_world(seed), recipe)
            self._teachers[seed] = masked_lm(data, recipe)[0]
        return self._teachers[seed]


STUDENTS = ("student with teacher", "student alone", "student alone, equal work")


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Tune both methods on the first seed, run the others, then the students."""
    runs = Runs(document.setdefault("runs", []), options.steps)
    for variant in ("masked LM", "replaced tokens"):
        tried = []
        for rate in RATES:
            tried.append(runs.get(variant, options.budgets[0], rate, options.seeds[0]))
            yield
        best = max(tried, key=lambda row: row["choice"])["rate"]
        for budget in options.budgets:
            for seed in options.seeds:
                runs.get(variant, budget, best, seed)
                yield
    for budget in options.budgets[:2]:
        for seed in options.seeds:
            for variant in STUDENTS:
                runs.get(variant, budget, LabRecipe().learning_rate, seed)
                yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--budgets", type=float, nargs="+", default=list(BUDGETS))


if __name__ == "__main__":
    main(run, RESULTS, options=add_options, goes_on=True)
