"""Exercise: what training keeps in memory all the time.

Chapter: 20
"""

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.efficiency.cost import state_bytes

STUB = '''
def state_bytes(parameters: int, frozen: int = 0) -> int:
    """Give the bytes that training holds from step to step, in fp32 with AdamW.

    Each weight takes 4 bytes; one that learns has a gradient and AdamW's two moments
    as well, 4 bytes each. `frozen` of the `parameters` do not learn.
    10 parameters, 4 of them frozen: 112 bytes.
    """
    raise NotAttempted
'''


def by_kind(parameters: int, frozen: int = 0) -> int:
    """Add up what learns and what does not."""
    return 16 * (parameters - frozen) + 4 * frozen


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Nothing frozen, some, all."""
    return [
        Case((10, 4), "10 parameters, 4 frozen"),
        Case((1_000 + seed,), "nothing frozen"),
        Case((110_106_428, 23_837_184), "BERT base with its embeddings frozen"),
        Case((70, 70), "all frozen"),
    ]


MISTAKES = """
weights alone: … => return 4 * parameters
    This is what the model needs to answer. Training also holds a gradient and two
    moments for what learns.
one moment: 3 * 4 => 2 * 4
    AdamW keeps two moments: a mean of gradients and a mean of their squares.
frozen ones learn: parameters - frozen => parameters
    A frozen weight has no gradient and no moments, just its own 4 bytes.
frozen ones are gone: 4 * parameters + 3 * 4 * => 16 *
    Frozen weights do not learn, but the forward pass needs them: 4 bytes each.
only what is frozen: … => return 16 * frozen + 4 * (parameters - frozen)
    The two kinds are swapped: what is frozen costs 4 bytes, what learns 16.
numbers, not bytes: … => return parameters + 3 * (parameters - frozen)
    This counts numbers. In fp32 each of them takes 4 bytes.
half precision: … => return 2 * parameters + 6 * (parameters - frozen)
    That is 2 bytes a number. In fp32 a number takes 4.
frozen ones keep moments: … => return 16 * parameters - 4 * frozen
    A frozen weight still has two moments in yours. AdamW keeps them for what has a
    gradient.
frozen ones keep a gradient: … => return 16 * parameters - 8 * frozen
    A frozen weight still has a gradient in yours. It has its own 4 bytes alone.
one gradient, no moments: 3 * 4 * => 4 *
    The two moments of AdamW are missing: 8 bytes more for each weight that learns.
"""

EXERCISE = Exercise(
    id="state-bytes",
    chapter=20,
    title="What training holds",
    difficulty=1,
    minutes=5,
    stub=STUB,
    solution=state_bytes,
    accepted={"by kind": by_kind},
    mutants=mistakes(MISTAKES),
    cases=cases,
    hints=(
        "How many numbers belong to a weight that learns, and to one that does not?",
        "Four for one that learns, one for one that does not, 4 bytes each.",
        "4 * parameters for the weights, and 12 * (parameters - frozen) for the rest.",
    ),
)
