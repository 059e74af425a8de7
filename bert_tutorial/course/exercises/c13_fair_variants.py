"""Exercise: which recipes may be compared with the baseline.

Chapter: 13
"""

from itertools import pairwise
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def fair_variants(recipes: dict[str, dict[str, Any]], baseline: str) -> list[str]:
    """Name the recipes that differ from the baseline in one setting, in their order.

    Each recipe maps settings to values. The seed is none of them: "seed" may differ.
    "steps" is the budget and must be the same. A setting that only one of the two has
    is a difference. The baseline itself is not named.
    """
    raise NotAttempted
'''

Recipes = dict[str, dict[str, Any]]


def fair_variants(recipes: dict[str, dict[str, Any]], baseline: str) -> list[str]:
    """Count the settings that differ, the seed aside."""
    base = recipes[baseline]
    fair = []
    for name, recipe in recipes.items():
        settings = (set(recipe) | set(base)) - {"seed"}
        missing = object()
        changed = [
            key
            for key in settings
            if recipe.get(key, missing) != base.get(key, missing)
        ]
        if len(changed) == 1 and changed != ["steps"]:
            fair.append(name)
    return fair


def with_symmetric_difference(recipes: Recipes, baseline: str) -> list[str]:
    """Compare items as sets; values are hashable here."""

    def names(recipe: dict[str, Any]) -> set[str]:
        pairs = set(recipe.items()) ^ set(recipes[baseline].items())
        return {key for key, _ in pairs} - {"seed"}

    changes = {name: names(recipe) for name, recipe in recipes.items()}
    return [n for n, c in changes.items() if len(c) == 1 and "steps" not in c]


def _differing(recipe: dict[str, Any], base: dict[str, Any]) -> list[str]:
    """List the settings that differ, the seed and one-sided ones too."""
    keys = list(dict.fromkeys([*base, *recipe]))
    return [key for key in keys if recipe.get(key, ...) != base.get(key, ...)]


def counts_seed(recipes: Recipes, baseline: str) -> list[str]:
    """Take another seed for a change."""
    base = recipes[baseline]
    changes = {n: _differing(r, base) for n, r in recipes.items()}
    return [n for n, c in changes.items() if len(c) == 1 and c != ["steps"]]


def unequal_steps(recipes: Recipes, baseline: str) -> list[str]:
    """Let the budget be the change."""
    base = recipes[baseline]
    changes = {n: set(_differing(r, base)) - {"seed"} for n, r in recipes.items()}
    return [n for n, c in changes.items() if len(c) == 1]


def steps_for_free(recipes: Recipes, baseline: str) -> list[str]:
    """Ignore that the budget differs."""
    base = recipes[baseline]
    aside = {"seed", "steps"}
    changes = {n: set(_differing(r, base)) - aside for n, r in recipes.items()}
    return [n for n, c in changes.items() if len(c) == 1]


def any_change(recipes: Recipes, baseline: str) -> list[str]:
    """Allow several changes at once."""
    base = recipes[baseline]
    changes = {n: set(_differing(r, base)) - {"seed"} for n, r in recipes.items()}
    return [n for n, c in changes.items() if c and "steps" not in c]


def with_baseline(recipes: Recipes, baseline: str) -> list[str]:
    """Name the baseline, too."""
    fair = fair_variants(recipes, baseline)
    return [name for name in recipes if name in fair or name == baseline]


def common_settings(recipes: Recipes, baseline: str) -> list[str]:
    """Look at the settings that both have."""
    base = recipes[baseline]
    fair = []
    for name, recipe in recipes.items():
        keys = (set(recipe) & set(base)) - {"seed"}
        changed = [key for key in keys if recipe[key] != base[key]]
        if len(changed) == 1 and changed != ["steps"]:
            fair.append(name)
    return fair


def to_the_one_before(recipes: Recipes, baseline: str) -> list[str]:
    """Compare each recipe with the one before it."""
    names = list(recipes)
    fair = []
    for before, name in pairwise(names):
        changed = set(_differing(recipes[name], recipes[before])) - {"seed"}
        if len(changed) == 1 and "steps" not in changed:
            fair.append(name)
    return fair


def all_alike(recipes: Recipes, baseline: str) -> list[str]:
    """Count every difference, the seed and the steps too."""
    base = recipes[baseline]
    return [n for n, r in recipes.items() if len(_differing(r, base)) == 1]


def at_most_one(recipes: Recipes, baseline: str) -> list[str]:
    """Let no difference do."""
    base = recipes[baseline]
    changes = {n: set(_differing(r, base)) - {"seed"} for n, r in recipes.items()}
    return [n for n, c in changes.items() if len(c) <= 1 and c != {"steps"}]


def in_order_of_names(recipes: Recipes, baseline: str) -> list[str]:
    """Sort the names."""
    return sorted(fair_variants(recipes, baseline))


def settings_of(side: str) -> Any:
    """Look at the settings of one side only."""

    def answer(recipes: Recipes, baseline: str) -> list[str]:
        base = recipes[baseline]
        fair = []
        for name, recipe in recipes.items():
            keys = set(base if side == "base" else recipe) - {"seed"}
            changed = [k for k in keys if recipe.get(k, ...) != base.get(k, ...)]
            if len(changed) == 1 and changed != ["steps"]:
                fair.append(name)
        return fair

    return answer


def none_is_missing(recipes: Recipes, baseline: str) -> list[str]:
    """Take None for a setting that is not there."""
    base = recipes[baseline]
    fair = []
    for name, recipe in recipes.items():
        keys = (set(recipe) | set(base)) - {"seed"}
        changed = [key for key in keys if recipe.get(key) != base.get(key)]
        if len(changed) == 1 and changed != ["steps"]:
            fair.append(name)
    return fair


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """One recipe for each way to be unfair, and a shuffled order."""
    base = {"steps": 900, "layers": 2, "heads": 4, "rate": 0.4, "seed": 0}
    recipes: Recipes = {
        "base": base,
        "deep": base | {"layers": 3},
        "deep and slow": base | {"layers": 3, "rate": 0.2},
        "long": base | {"steps": 1_800},
        "one head, long": base | {"heads": 1, "steps": 1_800},
        "another seed": base | {"seed": 1},
        "few masks": base | {"rate": 0.1, "seed": 2},
        "dropout": base | {"dropout": 0.1},
        "dropout and few heads": base | {"dropout": 0.1, "heads": 2},
        "no dropout": base | {"dropout": None},
        "no steps": {key: value for key, value in base.items() if key != "steps"},
        "deep, no seed": {"steps": 900, "layers": 4, "heads": 4, "rate": 0.4},
        "no rate": {key: value for key, value in base.items() if key != "rate"},
    }
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(recipes), generator=generator).tolist()
    names = [list(recipes)[position] for position in order]
    few = {name: recipes[name] for name in ("base", "deep", "long")}
    return [
        Case((few, "base"), "a baseline, a deeper one and a longer one"),
        Case((recipes, "base"), "thirteen recipes"),
        Case(({name: recipes[name] for name in names}, "base"), "in another order"),
        Case((recipes, "deep"), "the deeper one as the baseline"),
    ]


EXERCISE = Exercise(
    id="fair-variants",
    chapter=13,
    title="Which recipes may be compared",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=fair_variants,
    accepted={"symmetric difference": with_symmetric_difference},
    mutants=[
        Mutant(
            "the seed is a change",
            counts_seed,
            "A recipe with another seed and one changed setting is missing, or one "
            "with another seed alone is named. The seed is no setting.",
        ),
        Mutant(
            "more steps as the change",
            unequal_steps,
            "You name a recipe that only trains for other steps. That is a larger or "
            "smaller budget, not a variant.",
        ),
        Mutant(
            "unequal steps",
            steps_for_free,
            "You name a recipe with one change and other steps: it was given another "
            "budget, so that the change cannot be seen.",
        ),
        Mutant(
            "several changes",
            any_change,
            "You name a recipe with two changes. If it is better, which of the two "
            "was it?",
        ),
        Mutant(
            "the baseline itself",
            with_baseline,
            "The baseline is named. It has no difference to itself.",
        ),
        Mutant(
            "settings of one side",
            common_settings,
            "A setting that only one of the two recipes has is overlooked. Go through "
            "the settings of both.",
        ),
        Mutant(
            "compared with the one before",
            to_the_one_before,
            "Each recipe is compared with the one before it. All must be compared with "
            "the same baseline, whatever their order.",
        ),
        Mutant(
            "every difference counts",
            all_alike,
            "The seed counts as a change, and other steps as a variant. The seed "
            "may differ, the steps must not.",
        ),
        Mutant(
            "at most one",
            at_most_one,
            "A recipe without any difference is named. One setting must differ: "
            "no fewer, no more.",
        ),
        Mutant(
            "sorted",
            in_order_of_names,
            "The names are sorted. They come in the order of the recipes.",
        ),
        Mutant(
            "the baseline's settings only",
            settings_of("base"),
            "A setting that the baseline does not have is overlooked. Go through "
            "the settings of both.",
        ),
        Mutant(
            "the recipe's settings only",
            settings_of("recipe"),
            "A setting that only the baseline has is overlooked. Go through the "
            "settings of both.",
        ),
        Mutant(
            "None taken for missing",
            none_is_missing,
            "A setting that is None counts as one that is not there. recipe.get(key) "
            "gives None for both: ask with another default, or with `in`.",
        ),
    ],
    cases=cases,
    hints=(
        "For each recipe, list the settings whose values differ from the baseline's.",
        "Go through set(recipe) | set(base), without 'seed'.",
        "Exactly one may differ, and it must not be 'steps'.",
    ),
)
