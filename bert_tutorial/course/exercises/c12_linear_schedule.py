"""Exercise: the learning rate, up and down.

Chapter: 12
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.training.optimizer import linear_schedule

STUB = '''
def linear_schedule(step: int, total: int, warmup: int) -> float:
    """Give the factor on the learning rate: up from 0, then down to 0, in lines.

    At step 0 it is 0, at step warmup 1, at step total 0, and never below. With total
    10 and warmup 2, steps 1, 2 and 6 give 0.5, 1.0 and 0.5. warmup may be 0: then step
    0 gives 1.
    """
    raise NotAttempted
'''


def with_min(step: int, total: int, warmup: int) -> float:
    """Take the lower of the two lines."""
    up = step / warmup if warmup else 1.0
    down = (total - step) / (total - warmup) if total > warmup else 1.0
    return max(0.0, min(up, down))


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Steps before, at and behind the top, at and behind the end."""
    steps = [(1, 10, 2), (2, 10, 2), (6, 10, 2), (0, 10, 2), (10, 10, 2), (12, 10, 2)]
    steps += [(3, 10, 0), (0, 10, 0), (50, 1_000, 100), (700, 1_000, 100)]
    steps += [(9, 10, 9), (5, 10, 9)]
    return [Case(s, f"step {s[0]} of {s[1]}, warm-up {s[2]}") for s in steps]


MISTAKES = """
no way down: … => return min(1.0, step / warmup) if warmup else 1.0
    The rate stays at its top. After the warm-up it falls in a line to 0 at step total.
no warm-up: … => return max(0.0, (total - step) / total)
    The rate begins at its top. From step 0 to step warmup it rises from 0.
the way down from step 0: max(1, total - warmup) => total
    The falling line begins at step 0, so the rate drops when the warm-up ends. The
    original code has this; here the line falls from the top at step warmup: (total -
    step) / (total - warmup).
one late: if step < warmup => step = max(0, step - 1)
|     if step < warmup
    Everything comes one step late. At step warmup the factor is 1.
below zero:
- if step >= total => if False
- max(1, total - warmup) => (total - warmup)
    After the end the factor is negative, and the model would climb. Keep it at 0:
    max(0.0, ...).
cosine: (total - step) / max(1, total - warmup) =>
| (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2
    The way down is a cosine. BERT's is a straight line.
0 warm-up steps:
- … => return max(0.0, min(step / warmup, (total - step) / (total - warmup)))
    A warm-up of 0 divides by zero. Then the rate begins at its top.
0 warm-up steps, at step 0: step < warmup => step <= warmup
    A warm-up of 0 divides by zero at step 0. There the rate begins at its top.
0 at step 0 in any case: … => return right(step, total, warmup) if step else 0.0
    Without a warm-up there is no rise: the factor is at its top from step 0 on.
one early: … => return right(step + 1, total, warmup)
    Everything comes one step early. At step 0 the factor is 0, at step warmup 1.
whole numbers only:
- step / warmup => float(step // warmup)
- (total - step) / max => (total - step) // max
    // gives whole numbers: 0 until the warm-up is over, and 0 after it. Divide with /.
rising one step early: step / warmup => (step + 1) / warmup
    The way up is one step early: at step 0 the factor is 0, at step 1 it is 1 / warmup.
in percent: … => return 100 * right(step, total, warmup)
    The factor is in percent. It is 1 at the end of the warm-up.
warm-up as a fraction: … => return right(step, total, warmup * total)
    warmup is taken for a fraction of all steps. It is a number of steps.
"""

EXERCISE = Exercise(
    id="linear-schedule",
    chapter=12,
    title="The learning rate, up and down",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=linear_schedule,
    accepted={"min": with_min},
    mutants=mistakes(MISTAKES),
    cases=cases,
    waived={
        "step >= total => step > total": (
            "at the end the falling line is at 0 by itself"
        ),
        "1 => 0": ("with a warm-up as long as the run, no step is left for the line"),
    },
    hints=(
        "Two straight lines that meet at step warmup.",
        "Before warmup: first = step / warmup. From then on: what is left over the "
        "length of the way down, second = (total - step) / (total - warmup).",
        "first if step < warmup else max(0.0, second).",
    ),
)
