"""Train on two languages of one world in several ways, and ask in both.

    python tools/experiments/few_data.py                  # the committed run: seeds
        0 1 2
    python tools/experiments/few_data.py --seeds 0 --steps 20 --output try.json

An arm says how much text each language has, how the languages are drawn, how many of
the names both write alike, and whether the second language comes after the first.
Each arm is run on each seed; the file grows with each run, and what it has is not run
again. About seven minutes of one core for a seed.
"""

import argparse
import copy
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from record import RUNS, main

from bert_tutorial.labs.languages import (
    LanguageData,
    LanguageRecipe,
    continue_on,
    majority,
    shares,
)
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.world.knowledge import answer_probes, recall
from bert_tutorial.world.two_languages import Language, TwoLanguages

RESULTS = RUNS / "few_data.json"
AMOUNTS = (300, 1_000, 5_000)
MUCH = 20_000
LONGER = 1.5  # times the steps, where both languages are to be learned well


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to train.

    `way`: "joint" (both languages drawn in turn), "alone" (no English) or "after"
    (English first, then the second language alone for as many steps).
    """

    way: str
    second: int
    shared: float = 0.0
    order: str = "own"
    exponent: float = 0.7
    length: float = 1.0

    @property
    def language(self) -> Language:
        """Give the choices of the second language."""
        return Language(self.shared, self.order)

    def recipe(self, base: LanguageRecipe) -> LanguageRecipe:
        """Give the recipe of the training that sees the second language."""
        return replace(
            base,
            first=MUCH if self.way == "joint" else 0,
            second=self.second,
            exponent=self.exponent,
            steps=round(base.steps * self.length),
        )


def all_arms() -> list[Arm]:
    """List the arms: first the crossing of facts, then amounts, then exponents."""
    arms = [
        Arm(way="joint", second=MUCH, shared=shared, length=LONGER)
        for shared in (0.0, 0.5, 1.0)
    ]
    arms.append(Arm(way="joint", second=MUCH, order="english", length=LONGER))
    for way, shared in (
        ("alone", 0.0),
        ("joint", 0.0),
        ("after", 0.0),
        ("joint", 1.0),
        ("after", 1.0),
    ):
        arms += [Arm(way=way, second=n, shared=shared) for n in AMOUNTS]
    arms += [Arm(way="joint", second=1_000, exponent=e) for e in (1.0, 0.3)]
    return arms


class Lab:
    """One seed: the data of each language, and models that know English only."""

    def __init__(self, base: LanguageRecipe) -> None:
        """Start without any."""
        self.base = base
        self.data: dict[Language, LanguageData] = {}
        self.after_first: dict[Language, BertForPreTraining] = {}

    def data_for(self, language: Language) -> LanguageData:
        """Write the texts of a language, or take those that are there."""
        if language not in self.data:
            world = TwoLanguages(self.base.seed, language)
            self.data[language] = LanguageData(world, MUCH)
        return self.data[language]

    def start(self, arm: Arm) -> BertForPreTraining:
        """Make the model that an arm starts from."""
        data = self.data_for(arm.language)
        if arm.way != "after":
            return data.new_model(self.base)
        if arm.language not in self.after_first:
            model = data.new_model(self.base)
            continue_on(model, data, replace(self.base, first=MUCH, second=0))
            self.after_first[arm.language] = model
        return copy.deepcopy(self.after_first[arm.language])

    def run(self, arm: Arm) -> dict[str, Any]:
        """Train and ask."""
        data = self.data_for(arm.language)
        model = self.start(arm)
        before = shares(model, data)
        started = time.process_time()
        continue_on(model, data, arm.recipe(self.base))
        return {
            "arm": asdict(arm),
            "seed": self.base.seed,
            "steps": arm.recipe(self.base).steps,
            "before": before,
            "trained": shares(model, data),
            "crossing_by_shared_names": by_shared_names(model, data),
            "majority": majority(data),
            "vocabulary": len(data.tokenizer),
            "questions": {kind: len(some) for kind, some in data.questions.items()},
            "cpu_seconds": round(time.process_time() - started, 1),
        }


def by_shared_names(model: BertForPreTraining, data: LanguageData) -> dict[str, Any]:
    """Give recall of the crossing facts by how many of their two names are shared.

    Returns:
        For "0", "1" and "2" shared names: the share of right answers, the questions.
    """
    answers = answer_probes(model, data.tokenizer, data.questions["crossing"])
    found = {}
    for number in range(3):
        some = [
            answer
            for answer in answers
            if sum(n in data.world.shared_names for n in answer.probe.fact[1:])
            == number
        ]
        if some:
            found[str(number)] = [round(recall(some).share, 4), len(some)]
    return found


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run every arm on every seed that the file does not have."""
    runs = document.setdefault("runs", [])
    done = [(run["arm"], run["seed"]) for run in runs]
    for seed in options.seeds:
        base = LanguageRecipe(seed=seed, steps=options.steps)
        document["recipe"] = asdict(replace(base, seed=0))
        lab = Lab(base)
        for arm in all_arms():
            if (asdict(arm), seed) in done:
                continue
            runs.append(lab.run(arm))
            print(json.dumps(runs[-1]), flush=True)
            yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--steps", type=int, default=LanguageRecipe().steps)


if __name__ == "__main__":
    main(run, RESULTS, options=add_options, goes_on=True)
