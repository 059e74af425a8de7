"""Exercise: a fair count of right answers.

Chapter: 12
"""

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
at [CLS]: logits[input_ids == mask_id] => logits[:, 0]
    You read the scores at [CLS]. The question is at [MASK].
the first text's position:
- logits[input_ids == mask_id] => logits[:, (input_ids[0] == mask_id).int().argmax()]
    The position of [MASK] in the first text is used for all. Each text has its own.
best of all positions: at_mask.argmax(dim=-1) == answers =>
| logits.flatten(1).argmax(dim=-1) % logits.shape[-1] == answers
    You take the best score of the whole text, wherever it is. A common slip; only the
    scores at [MASK] answer the question.
right somewhere: (at_mask.argmax(dim=-1) == answers) =>
| (logits.argmax(dim=-1) == answers[:, None]).any(dim=1)
    You count the answer if it is the first choice anywhere. It must be that of [MASK].
second choice accepted: (at_mask.argmax(dim=-1) == answers) =>
| (at_mask.topk(2, dim=-1).indices == answers[:, None]).any(dim=1)
    The second choice counts as right. Recall here asks for the first.
chosen among the answers: at_mask.argmax(dim=-1) =>
| answers.unique()[at_mask[:, answers.unique()].argmax(dim=-1)]
    The choice is made among the right answers of the texts only, so that all other
    words cannot win. The first choice is one of all V.
probability: (at_mask.argmax(dim=-1) == answers).float() =>
| at_mask.softmax(dim=-1).gather(1, answers[:, None])
    This is the mean probability of the right word. Count first choices.
not divided: .float().mean().item() => .float().sum().item()
    This is the number of hits. Divide by the texts.
[MASK] forbidden: return => at_mask[:, mask_id] = -torch.inf
|     return
    The id of [MASK] cannot win in yours. The first choice is the best of all V ids,
    that one too.
special tokens forbidden: return => at_mask[:, :mask_id + 1] = -torch.inf
|     return
    The ids of special tokens cannot win in yours. The first choice is the best of all V
    ids.
compared with what is read:
- … => return (logits.argmax(dim=-1) == input_ids).float().mean().item()
    The first choices of all positions are compared with the ids that are read. Compare
    those at [MASK] with answers.
all positions asked: (at_mask.argmax(dim=-1) == answers) =>
| (logits.argmax(dim=-1) == answers[:, None])
    The first choices at all positions are compared with the answer. One position of
    each text counts, that of [MASK].
at the end: logits[input_ids == mask_id] => logits[:, -1]
    The last position of each text is read. Read where input_ids is mask_id.
five choices: (at_mask.argmax(dim=-1) == answers).float() => (at_mask.topk(min(5,
|     at_mask.shape[-1])).indices == answers[:, None]).any(dim=1).float()
    An answer among the best five counts as right. Only the first choice does.
in percent: .mean().item() => .mean().item() * 100
    The result is in percent. 3 of 4 right gives 0.75.
the lowest: .argmax( => .argmin(
    The id with the lowest logit is taken. The first choice has the highest.
without the sign: at_mask.argmax => at_mask.abs().argmax
    abs takes the sign off, so that a word the model rules out is chosen. Compare the
    logits as they are.
divided by all tokens: .mean().item() => .sum().item() / input_ids.numel()
    The hits are divided by the number of all tokens. Each text has one question: divide
    by the number of texts.
a tensor: .mean().item() => .mean()
    The result is a tensor. A number is asked for: .item().
"""

EXERCISE = Exercise(
    id="recall-at-mask",
    chapter=12,
    title="A fair count of right answers",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=recall_at_mask,
    accepted={"loop": with_loop},
    mutants=mistakes(MISTAKES),
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
