"""Exercise: how many steps the same work buys.

Chapter: 13
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def equal_work_steps(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Say how many steps a model with other layers gets for the baseline's work.

    The baseline has `layers` layers and trains for `steps`. A step costs `layer`
    operations for each layer, and `rest` for what does not depend on their number.
    Give the most whole steps that do not cost more: with steps 100, layers 2, other 3,
    layer 10 and rest 5 the budget is 2,500, a step costs 35, and 71 fit.
    """
    raise NotAttempted
'''


def equal_work_steps(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Divide the baseline's work by the cost of one of the other's steps."""
    budget = steps * (layers * layer + rest)
    return budget // (other * layer + rest)


def by_counting(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Spend step by step."""
    left, done = steps * (layers * layer + rest), 0
    while left >= other * layer + rest:
        left -= other * layer + rest
        done += 1
    return done


def same_steps(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Give as many steps."""
    return steps


def layers_only(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Forget what every step costs."""
    return steps * layers // other


def inverted(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Turn the ratio round."""
    return steps * (other * layer + rest) // (layers * layer + rest)


def rounded_up(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Begin a step that the budget does not pay for."""
    return -(-steps * (layers * layer + rest) // (other * layer + rest))


def rest_each_layer(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Count the rest once a layer in the other model."""
    return steps * (layers * layer + rest) // (other * (layer + rest))


def one_step(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Take the work of one step for the budget."""
    return (layers * layer + rest) // (other * layer + rest)


def to_nearest(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Round to the nearest."""
    return round(steps * (layers * layer + rest) / (other * layer + rest))


def rest_once(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Pay the rest once in the budget."""
    return (steps * layers * layer + rest) // (other * layer + rest)


def rest_forgotten(steps: int, layers: int, other: int, layer: int, rest: int) -> int:
    """Leave the rest out of the other's step."""
    return steps * (layers * layer + rest) // (other * layer)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The docstring's numbers, the lab's, and drawn ones."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(7, 60, (2,), generator=generator).tolist()
    return [
        Case((100, 2, 3, 10, 5), "100 steps, 2 layers against 3"),
        Case((900, 2, 1, 103, 7), "900 steps, 2 layers against 1"),
        Case((900, 2, 3, 103, 7), "900 steps, 2 layers against 3"),
        Case((41, 4, 5, drawn[0], drawn[1]), "41 steps, 4 layers against 5"),
    ]


EXERCISE = Exercise(
    id="equal-work-steps",
    chapter=13,
    title="Steps for equal work",
    difficulty=1,
    minutes=8,
    stub=STUB,
    solution=equal_work_steps,
    accepted={"step by step": by_counting},
    mutants=[
        Mutant(
            "equal steps",
            same_steps,
            "You give both as many steps. The deeper one then does more work: a "
            "comparison of budgets, not of depth.",
        ),
        Mutant(
            "layers only",
            layers_only,
            "You scale by the number of layers alone. Each step also pays `rest`, "
            "whatever the depth.",
        ),
        Mutant(
            "ratio turned round",
            inverted,
            "The deeper model gets more steps in yours. Its step costs more, so the "
            "budget buys fewer.",
        ),
        Mutant(
            "rounded up",
            rounded_up,
            "Your last step is not paid for: it goes beyond the budget. Round down.",
        ),
        Mutant(
            "rest once a layer",
            rest_each_layer,
            "You count `rest` once for each layer. A step pays it once.",
        ),
        Mutant(
            "one step's budget",
            one_step,
            "The budget is that of a single step. The baseline made `steps` of them.",
        ),
        Mutant(
            "rounded to the nearest",
            to_nearest,
            "You round to the nearest, so that the last step may go beyond the "
            "budget. Round down.",
        ),
        Mutant(
            "rest once a run",
            rest_once,
            "The budget pays `rest` once for the whole run. Each of its steps "
            "costs it.",
        ),
        Mutant(
            "rest left out",
            rest_forgotten,
            "`rest` is in the budget and not in the cost of the other's step. "
            "Every step pays it.",
        ),
    ],
    cases=cases,
    hints=(
        "First the budget: what does the whole baseline run cost?",
        "A step of the baseline costs layers * layer + rest.",
        "Divide the budget by the cost of the other model's step, rounded down: //.",
    ),
)
