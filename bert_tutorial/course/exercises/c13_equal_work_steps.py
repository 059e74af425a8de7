"""Exercise: how many steps the same work buys.

Chapter: 13
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """The docstring's numbers, the lab's, and drawn ones."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(7, 60, (2,), generator=generator).tolist()
    return [
        Case((100, 2, 3, 10, 5), "100 steps, 2 layers against 3"),
        Case((900, 2, 1, 103, 7), "900 steps, 2 layers against 1"),
        Case((900, 2, 3, 103, 7), "900 steps, 2 layers against 3"),
        Case((41, 4, 5, drawn[0], drawn[1]), "41 steps, 4 layers against 5"),
        Case((49, 1, 73, 2, 1), "a budget that pays for one step exactly"),
        Case((3, 1, 40, 10, 1), "a budget below one step of the other"),
        Case(
            (100, 2, 3, 33 * 10**13 + 1, 10**13),
            "a step of 10^15 operations, and a budget that lacks one operation",
        ),
    ]


MISTAKES = """
equal steps: … => return steps
    You give both as many steps. The deeper one then does more work: a comparison of
    budgets, not of depth.
layers only: … => return steps * layers // other
    You scale by the number of layers alone. Each step also pays `rest`, whatever the
    depth.
ratio turned round:
- … => return steps * (other * layer + rest) // (layers * layer + rest)
    The deeper model gets more steps in yours. Its step costs more, so the budget buys
    fewer.
rounded up: budget // (other * layer + rest) => -(-budget // (other * layer + rest))
    Your last step is not paid for: it goes beyond the budget. Round down.
rest once a layer: other * layer + rest => other * (layer + rest)
    You count `rest` once for each layer. A step pays it once.
one step's budget: steps * =>
    The budget is that of a single step. The baseline made `steps` of them.
rounded to the nearest:
- budget // (other * layer + rest) => round(budget / (other * layer + rest))
    You round to the nearest, so that the last step may go beyond the budget. Round
    down.
rest once a run: steps * (layers * layer + rest) => steps * layers * layer + rest
    The budget pays `rest` once for the whole run. Each of its steps costs it.
rest left out: other * layer + rest => other * layer
    `rest` is in the budget and not in the cost of the other's step. Every step pays it.
divided before multiplied: return budget // (other * layer + rest) =>
| return int(steps * ((layers * layer + rest) / (other * layer + rest)))
    The costs of a step are divided first, and the fraction is rounded: a step that fits
    exactly may be lost. Stay with whole numbers: multiply first, then //.
a fraction cut off:
- return budget // (other * layer + rest) => return int(budget / (other * layer + rest))
    / gives a number of some 16 digits, which large costs exceed: it may be rounded up.
    // stays with whole numbers.
below the budget: return budget // (other * layer + rest) =>
| return (budget - 1) // (other * layer + rest)
    Where the steps cost exactly the budget, yours has one too few. They must not cost
    more; the same is allowed.
one in any case:
- return budget // => return max(1, budget // (other * layer + rest)) or budget //
    A budget that does not pay for one step buys none: 0.
"""

EXERCISE = Exercise(
    id="equal-work-steps",
    chapter=13,
    title="Steps for equal work",
    difficulty=1,
    minutes=8,
    stub=STUB,
    solution=equal_work_steps,
    accepted={"step by step": by_counting},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "First the budget: what does the whole baseline run cost?",
        "A step of the baseline costs layers * layer + rest.",
        "Divide the budget by the cost of the other model's step, rounded down: //.",
    ),
)
