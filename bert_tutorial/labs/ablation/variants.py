"""What the ablation lab compares: a recipe with switches, and named changes of it.

A `LabRecipe` is a `WorldRecipe` with three more choices: which question the pairs
ask, what kind of positions the model has, and how much of the text it gets. A
`Variant` names one change and its budget. What is left at its default is done as in
chapter 12.

Chapter: 13
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bert_tutorial.labs.efficiency.cost import forward_operations, step_operations
from bert_tutorial.world.data import WorldRecipe

__all__ = ["BASELINE", "LabRecipe", "Variant", "training_operations"]

PAIR_TASKS = ("next", "order", "none")
POSITIONS = ("learned", "sinusoidal", "none")


@dataclass(frozen=True, kw_only=True)
class LabRecipe(WorldRecipe):
    """A recipe with the lab's switches; the defaults are the lab's baseline.

    `pair_task`: "next" (does the second segment follow?), "order" (are the two in
    their order?) or "none" (the same pairs, and nothing asked). `positions`: "learned",
    "sinusoidal" (fixed, as large as the learned ones are at the start) or "none".
    `text_share`: share of the training text that is used, above 0.
    """

    steps: int = 900
    pair_task: str = "next"
    positions: str = "learned"
    text_share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what the run could not honour."""
        super().__post_init__()
        for name, known in (("pair_task", PAIR_TASKS), ("positions", POSITIONS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, "
                    f"got {getattr(self, name)!r}"
                )
        if not 0 < self.text_share <= 1:
            raise ValueError(
                f"text_share must be above 0 and at most 1, got {self.text_share}"
            )


def training_operations(
    recipe: WorldRecipe, vocab_size: int, length: float, masked_share: float
) -> float:
    """Count the multiplications and additions of training on one token.

    As `forward_operations` counts, without the pooler and the pair head: one position
    a text, they are less than 1 % here. Every layer is counted at all positions,
    though the trainer spares itself a part of the last one.

    Args:
        recipe: gives the sizes.
        vocab_size: V, the number of pieces.
        length: tokens of the text around a token, on average; only attention's two
            products feel it.
        masked_share: share of the tokens that are predicted.
    """
    parts = forward_operations(recipe.config(vocab_size), B=1, T=1, M=1)
    of_token = {
        "projections": parts["projections"],
        "attention": length * parts["attention"],  # one query meets `length` keys
        "feed-forward": parts["feed-forward"],
        "head": masked_share * parts["head"],
    }
    return step_operations(of_token)


def typical_operations(recipe: LabRecipe) -> float:
    """Count the operations for a token with the lab's sizes of texts and vocabulary."""
    return training_operations(recipe, vocab_size=480, length=19.5, masked_share=0.1)


@dataclass(frozen=True)
class Variant:
    """A baseline with one change.

    Args:
        name: unique in a file.
        change: fields of the recipe and their values; empty for the baseline. All of
            them belong to one decision.
        budget: "steps" (as many as the baseline) or "operations" (as many
            multiplications and additions as the baseline, so more or fewer steps).

    Raises:
        ValueError: the budget is unknown, or the change sets it or the seed.
    """

    name: str
    change: Mapping[str, Any] = field(default_factory=dict)
    budget: str = "steps"

    def __post_init__(self) -> None:
        """Refuse what would make the comparison unfair."""
        if self.budget not in ("steps", "operations"):
            raise ValueError(f"budget must be steps or operations, got {self.budget!r}")
        for name in ("seed", "steps", "tokens_per_batch"):
            if name in self.change:
                raise ValueError(
                    f"{self.name}: a change must not set {name}; seeds and the budget "
                    "are the same for all variants"
                )

    def recipe(self, base: LabRecipe, seed: int) -> LabRecipe:
        """Give the recipe for a seed; the step's cost decides equal operations."""
        changed = replace(base, seed=seed, **self.change)
        if self.budget == "steps":
            return changed
        ratio = typical_operations(base) / typical_operations(changed)
        return replace(changed, steps=round(base.steps * ratio))


BASELINE = Variant("baseline")
