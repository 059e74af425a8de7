"""Exercise: which recipes may be compared with the baseline.

Chapter: 13
"""

from itertools import pairwise
from typing import Any

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


def to_the_one_before(recipes: Recipes, baseline: str) -> list[str]:
    """Compare each recipe with the one before it."""
    names = list(recipes)
    fair = []
    for before, name in pairwise(names):
        changed = set(_differing(recipes[name], recipes[before])) - {"seed"}
        if len(changed) == 1 and "steps" not in changed:
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
        "one head, the same rate": base | {"heads": 1, "rate": float("0.4")},
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
        Case((recipes, "base"), "fourteen recipes"),
        Case(({name: recipes[name] for name in names}, "base"), "in another order"),
        Case((recipes, "deep"), "the deeper one as the baseline"),
    ]


MISTAKES = """
the seed is a change:
- - {'seed'} =>
    A recipe with another seed and one changed setting is missing, or one with another
    seed alone is named. The seed is no setting.
more steps as the change:
- len(changed) == 1 and changed != ['steps'] => len(changed) == 1
    You name a recipe that only trains for other steps. That is a larger or smaller
    budget, not a variant.
unequal steps:
- {'seed'} => {'seed', 'steps'}
- and changed != ['steps'] =>
    You name a recipe with one change and other steps: it was given another budget, so
    that the change cannot be seen.
several changes:
- len(changed) == 1 and changed != ['steps'] => changed and 'steps' not in changed
    You name a recipe with two changes. If it is better, which of the two was it?
the baseline itself: if len(changed) => if name == baseline or len(changed)
    The baseline is named. It has no difference to itself.
settings of one side: set(recipe) | set(base) => set(recipe) & set(base)
    A setting that only one of the two recipes has is overlooked. Go through the
    settings of both.
compared with the one before: def to_the_one_before
    Each recipe is compared with the one before it. All must be compared with the same
    baseline, whatever their order.
every difference counts:
- - {'seed'} =>
- and changed != ['steps'] =>
    The seed counts as a change, and other steps as a variant. The seed may differ, the
    steps must not.
at most one: == 1 => <= 1
    A recipe without any difference is named. One setting must differ: no fewer, no
    more.
sorted: return fair => return sorted(fair)
    The names are sorted. They come in the order of the recipes.
the baseline's settings only: set(recipe) | set(base) => set(base)
    A setting that the baseline does not have is overlooked. Go through the settings of
    both.
the recipe's settings only: set(recipe) | set(base) => set(recipe)
    A setting that only the baseline has is overlooked. Go through the settings of both.
None taken for missing: object() => None
    A setting that is None counts as one that is not there. recipe.get(key) gives None
    for both: ask with another default, or with `in`.
compared with is: recipe.get(key, missing) != base.get(key, missing) =>
| recipe.get(key, missing) is not base.get(key, missing)
    `is not` asks whether two values are one object; equal numbers may be two. Compare
    with !=.
the baseline's keys only, by force:
- recipe.get(key, missing) != base.get(key, missing) => recipe[key] != base[key]
    A setting that only one of the two has makes yours fail. It is a difference like
    another: ask with .get and a value that no setting has.
"""

EXERCISE = Exercise(
    id="fair-variants",
    chapter=13,
    title="Which recipes may be compared",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=fair_variants,
    accepted={"symmetric difference": with_symmetric_difference},
    mutants=mistakes(MISTAKES, to_the_one_before),
    cases=cases,
    hints=(
        "For each recipe, list the settings whose values differ from the baseline's.",
        "Go through set(recipe) | set(base), without 'seed'.",
        "Exactly one may differ, and it must not be 'steps'.",
    ),
)
