"""Exercise: a fair count of right answers.

Chapter: 12
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def recall_at_mask(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Say how often the first choice at [MASK] is right: (B, T, V), (B, T), (B).

    Each text has exactly one [MASK]; answers holds the one right id. First choice: the
    id with the highest logit of all V. 3 of 4 right gives 0.75.
    """
    raise NotAttempted
'''


def recall_at_mask(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Choose the rows of the masks, then their best ids."""
    at_mask = logits[input_ids == mask_id]  # (B, V)
    return (at_mask.argmax(dim=-1) == answers).float().mean().item()


def with_loop(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Go text by text."""
    hits = 0
    for row, ids in enumerate(input_ids.tolist()):
        position = ids.index(mask_id)
        hits += int(logits[row, position].argmax()) == int(answers[row])
    return hits / len(input_ids)


def at_cls(logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int) -> float:
    """Read [CLS]."""
    return (logits[:, 0].argmax(dim=-1) == answers).float().mean().item()


def first_position(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Use the position of the first text for all."""
    position = int((input_ids[0] == mask_id).int().argmax())
    return (logits[:, position].argmax(dim=-1) == answers).float().mean().item()


def over_positions(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Take the best word of any position."""
    best = logits.flatten(1).argmax(dim=-1) % logits.shape[-1]
    return (best == answers).float().mean().item()


def anywhere(logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int) -> float:
    """Be content with the answer at any position."""
    best = logits.argmax(dim=-1)  # (B, T)
    return (best == answers[:, None]).any(dim=1).float().mean().item()


def top_two(logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int) -> float:
    """Accept the second choice."""
    best = logits[input_ids == mask_id].topk(2, dim=-1).indices
    return (best == answers[:, None]).any(dim=1).float().mean().item()


def among_answers(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Choose among the right answers of all texts only."""
    at_mask = logits[input_ids == mask_id]
    allowed = torch.zeros(logits.shape[-1], dtype=torch.bool)
    allowed[answers] = True
    best = at_mask.masked_fill(~allowed, -torch.inf).argmax(dim=-1)
    return (best == answers).float().mean().item()


def mean_probability(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Average the probability of the right answer."""
    p = logits[input_ids == mask_id].softmax(dim=-1)
    return p.gather(1, answers[:, None]).mean().item()


def count(logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int) -> float:
    """Give the number."""
    at_mask = logits[input_ids == mask_id]
    return float((at_mask.argmax(dim=-1) == answers).sum())


def without_mask_id(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Forbid [MASK] as an answer."""
    at_mask = logits[input_ids == mask_id].clone()
    at_mask[:, mask_id] = -torch.inf
    return (at_mask.argmax(dim=-1) == answers).float().mean().item()


def ordinary_words(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Forbid the ids up to [MASK]."""
    at_mask = logits[input_ids == mask_id].clone()
    at_mask[:, : mask_id + 1] = -torch.inf
    return (at_mask.argmax(dim=-1) == answers).float().mean().item()


def against_input(
    logits: Tensor, input_ids: Tensor, answers: Tensor, mask_id: int
) -> float:
    """Compare with what is read."""
    return (logits.argmax(dim=-1) == input_ids).float().mean().item()


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Masks at different positions; some first choices are no answer."""
    generator = torch.Generator().manual_seed(seed)
    made = []
    for B, T, V in ((4, 5, 8), (24, 7, 11)):
        ids = torch.randint(5, V, (B, T), generator=generator)
        positions = torch.arange(B) % (T - 1) + 1
        rows = torch.arange(B)
        ids[rows, positions] = 4
        answers = torch.randint(5, 8, (B,), generator=generator)
        logits = torch.randn(B, T, V, generator=generator).to(dtype)
        logits[rows, positions, answers] += 3.0
        logits[rows[::4], positions[::4], 2] += 8.0  # a special token wins here
        logits[rows[3::8], positions[3::8], 4] += 12.0  # or [MASK] itself
        logits[rows[1::4], positions[1::4], 5 + (answers[1::4] - 4) % 3] += 6.0
        logits[rows[::2], 0, answers[::2]] += 9.0  # and [CLS] says the right word
        made.append(Case((logits, ids, answers, 4), f"{B} texts, V={V}"))
    logits = torch.randn(1, 4, 6, generator=generator).to(dtype)
    logits[0, 2, 5] += 20.0
    one = logits, torch.tensor([[2, 5, 4, 3]]), torch.tensor([5]), 4
    return [*made, Case(one, "one text")]


EXERCISE = Exercise(
    id="recall-at-mask",
    chapter=12,
    title="A fair count of right answers",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=recall_at_mask,
    accepted={"loop": with_loop},
    mutants=[
        Mutant(
            "at [CLS]",
            at_cls,
            "You read the scores at [CLS]. The question is at [MASK].",
        ),
        Mutant(
            "the first text's position",
            first_position,
            "The position of [MASK] in the first text is used for all. Each "
            "text has its own.",
        ),
        Mutant(
            "best of all positions",
            over_positions,
            "You take the best score of the whole text, wherever it is. A common "
            "slip; only the scores at [MASK] answer the question.",
        ),
        Mutant(
            "right somewhere",
            anywhere,
            "You count the answer if it is the first choice anywhere. It must be "
            "that of [MASK].",
        ),
        Mutant(
            "second choice accepted",
            top_two,
            "The second choice counts as right. Recall here asks for the first.",
        ),
        Mutant(
            "chosen among the answers",
            among_answers,
            "The choice is made among the right answers of the texts only, so that "
            "all other words cannot win. The first choice is one of all V.",
        ),
        Mutant(
            "probability",
            mean_probability,
            "This is the mean probability of the right word. Count first choices.",
        ),
        Mutant(
            "not divided", count, "This is the number of hits. Divide by the texts."
        ),
        Mutant(
            "[MASK] forbidden",
            without_mask_id,
            "The id of [MASK] cannot win in yours. The first choice is the best "
            "of all V ids, that one too.",
        ),
        Mutant(
            "special tokens forbidden",
            ordinary_words,
            "The ids of special tokens cannot win in yours. The first choice is "
            "the best of all V ids.",
        ),
        Mutant(
            "compared with what is read",
            against_input,
            "The first choices of all positions are compared with the ids that are "
            "read. Compare those at [MASK] with answers.",
        ),
    ],
    cases=cases,
    waived={
        "-1 => 1": ("two axes are left, so -1 is 1"),
    },
    hints=(
        "At which position of each text is the question?",
        "logits[input_ids == mask_id] has one row of V scores for each text.",
        "argmax over the last axis, compared with answers, averaged.",
    ),
)
