"""Exercise: the learning rate, up and down.

Chapter: 12
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant
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


def no_decay(step: int, total: int, warmup: int) -> float:
    """Stay at the top."""
    return min(1.0, step / warmup) if warmup else 1.0


def no_warmup(step: int, total: int, warmup: int) -> float:
    """Begin at the top."""
    return max(0.0, (total - step) / total)


def from_zero(step: int, total: int, warmup: int) -> float:
    """Let the way down begin at step 0."""
    return step / warmup if step < warmup else max(0.0, (total - step) / total)


def off_by_one(step: int, total: int, warmup: int) -> float:
    """Begin one step late."""
    return linear_schedule(max(0, step - 1), total, warmup)


def below_zero(step: int, total: int, warmup: int) -> float:
    """Go on below 0."""
    return step / warmup if step < warmup else (total - step) / (total - warmup)


def cosine(step: int, total: int, warmup: int) -> float:
    """Come down in a cosine."""
    if step < warmup:
        return step / warmup
    done = min(1.0, (step - warmup) / (total - warmup))
    return (1 + math.cos(math.pi * done)) / 2


def crashes(step: int, total: int, warmup: int) -> float:
    """Divide by a warm-up of 0."""
    return max(0.0, min(step / warmup, (total - step) / (total - warmup)))


def crashes_at_zero(step: int, total: int, warmup: int) -> float:
    """Divide by a warm-up of 0 at step 0 only."""
    if step <= warmup:
        return step / warmup
    return max(0.0, (total - step) / (total - warmup))


def zero_at_zero(step: int, total: int, warmup: int) -> float:
    """Begin at 0 in any case."""
    return linear_schedule(step, total, warmup) if step else 0.0


def one_early(step: int, total: int, warmup: int) -> float:
    """Begin one step early."""
    return linear_schedule(step + 1, total, warmup)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Steps before, at and behind the top, at and behind the end."""
    steps = [(1, 10, 2), (2, 10, 2), (6, 10, 2), (0, 10, 2), (10, 10, 2), (12, 10, 2)]
    steps += [(3, 10, 0), (0, 10, 0), (50, 1_000, 100), (700, 1_000, 100)]
    steps += [(9, 10, 9), (5, 10, 9)]
    return [Case(s, f"step {s[0]} of {s[1]}, warm-up {s[2]}") for s in steps]


EXERCISE = Exercise(
    id="linear-schedule",
    chapter=12,
    title="The learning rate, up and down",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=linear_schedule,
    accepted={"min": with_min},
    mutants=[
        Mutant(
            "no way down",
            no_decay,
            "The rate stays at its top. After the warm-up it falls in a line to 0 at "
            "step total.",
        ),
        Mutant(
            "no warm-up",
            no_warmup,
            "The rate begins at its top. From step 0 to step warmup it rises from 0.",
        ),
        Mutant(
            "the way down from step 0",
            from_zero,
            "The falling line begins at step 0, so the rate drops when the warm-up "
            "ends. The original code has this; here the line falls from the top at "
            "step warmup: (total - step) / (total - warmup).",
        ),
        Mutant(
            "one late",
            off_by_one,
            "Everything comes one step late. At step warmup the factor is 1.",
        ),
        Mutant(
            "below zero",
            below_zero,
            "After the end the factor is negative, and the model would climb. Keep it "
            "at 0: max(0.0, ...).",
        ),
        Mutant(
            "cosine",
            cosine,
            "The way down is a cosine. BERT's is a straight line.",
        ),
        Mutant(
            "0 warm-up steps",
            crashes,
            "A warm-up of 0 divides by zero. Then the rate begins at its top.",
        ),
        Mutant(
            "0 warm-up steps, at step 0",
            crashes_at_zero,
            "A warm-up of 0 divides by zero at step 0. There the rate begins at "
            "its top.",
        ),
        Mutant(
            "0 at step 0 in any case",
            zero_at_zero,
            "Without a warm-up there is no rise: the factor is at its top from "
            "step 0 on.",
        ),
        Mutant(
            "one early",
            one_early,
            "Everything comes one step early. At step 0 the factor is 0, at step "
            "warmup 1.",
        ),
    ],
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
