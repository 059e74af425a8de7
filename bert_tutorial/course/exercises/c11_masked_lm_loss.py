"""Exercise: the loss of the hidden words.

Chapter: 11
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def masked_lm_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Average -ln p(true word) over the hidden positions: (B, T, V), (B, T) -> ().

    Labels are the true IDs at hidden positions (ID 0 may be one), and -100 elsewhere.
    Without a hidden position the loss is 0. If all logits are equal, it is ln V.
    """
    raise NotAttempted
'''


def masked_lm_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Average over the hidden positions."""
    is_hidden = labels != -100
    if not is_hidden.any():
        return logits.sum() * 0
    log_p = logits[is_hidden].log_softmax(dim=-1)  # (M, V)
    return -log_p.gather(1, labels[is_hidden][:, None]).mean()


def with_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Let torch leave out the labels of -100."""
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Equal logits, uneven texts, huge logits, nothing hidden."""
    torch.manual_seed(seed)
    even = torch.zeros(1, 2, 4, dtype=dtype)
    labels = torch.full((3, 5), -100)
    labels[0, :4] = torch.tensor([3, 0, 6, 1])
    labels[1, 2] = 5
    logits = torch.randn(3, 5, 7, dtype=dtype)
    huge = logits.clone()
    huge[0, 0, 0] = 800
    return [
        Case((even, torch.tensor([[-100, 2]])), "equal logits, V=4: the loss is ln 4"),
        Case((logits, labels), "texts with four, one and no hidden positions"),
        Case((huge, labels), "the same with one logit of 800"),
        Case((logits, torch.full((3, 5), -100)), "nothing hidden"),
    ]


def only_hidden_positions_learn(answer: object) -> bool:
    """Look at which logits get a gradient."""
    assert callable(answer)
    logits = torch.randn(2, 4, 5, requires_grad=True)
    labels = torch.tensor([[-100, 2, -100, -100], [0, -100, -100, 4]])
    answer(logits, labels).backward()
    assert logits.grad is not None
    reached = logits.grad.abs().sum(dim=-1) > 0
    return torch.equal(reached, labels != -100)


MISTAKES = """
divided by all positions: .mean() => .sum() / labels.numel()
    The sum is right and is divided by all B * T positions, padding too. Divide by the
    number of hidden positions.
0 ignored: labels != -100 => (labels != -100) & (labels != 0)
    Label 0 is left out. What is not scored has the label -100; 0 is an ID like any
    other. (In next-sentence prediction, 0 is one of two answers.)
all positions scored:
- … => return F.cross_entropy(logits.flatten(0, 1), labels.flatten().clamp(min=0))
    Positions that were not hidden are scored as well. The model sees those words: it
    would learn to copy. Leave out the labels of -100.
softmax twice: .log_softmax => .softmax(dim=-1).log_softmax
    Probabilities went into a function that takes logits, so the softmax is applied
    twice and the loss can hardly fall. Pass the logits.
mean of means:
- … => losses = F.cross_entropy(logits.mT, labels, reduction='none').sum(dim=1)
|     counts = (labels != -100).sum(dim=1)
|     return (losses / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)
    Each text is averaged first, so a text with one hidden word weighs as much as one
    with four. Average all hidden positions at once.
summed: .mean() => .sum()
    The losses are added up. Divide by the number of hidden positions.
sign: -log_p => log_p
    The sign is wrong: ln p is negative, and the loss is -ln p.
no logarithm:
- log_softmax => softmax
- -log_p => 1 - log_p
    This is one minus the probability. The loss is -ln p, which punishes a confident
    mistake far more.
0 by 0: … => return F.cross_entropy(logits.flatten(0, 1), labels.flatten())
    A batch without any hidden position gives nan, and one nan ends a training run. It
    costs 0, with a gradient of zeros.
exp overflows: logits[is_hidden].log_softmax(dim=-1) =>
| (logits[is_hidden].exp() / logits[is_hidden].exp().sum(dim=-1, keepdim=True)).log()
    exp of a large logit is infinite. log_softmax takes the largest logit off first: use
    it instead of exp and log.
logarithm to the base 2: … => return right(logits, labels) / math.log(2)
    The logarithm is to the base 2. ln is to the base e: equal logits cost ln V.
a small number added: .log_softmax(dim=-1) => .softmax(dim=-1).add(1e-9).log()
    A small number was added to the probability, so the loss of an unlikely word is too
    small. log_softmax needs no such help.
divided by the texts: .mean() => .sum() / len(labels)
    The sum was divided by the number of texts. Divide by the number of hidden
    positions.
perplexity: return -log_p.gather(1, labels[is_hidden][:, None]).mean() =>
| return (-log_p.gather(1, labels[is_hidden][:, None]).mean()).exp()
    This is the perplexity, e to the power of the loss. The loss itself is asked for.
a number of Python: … => return right(logits, labels).item()
    The result is a number of Python, through which no gradient comes back. Leave
    .item() to whoever prints it.
a loss a position: … => p = logits.log_softmax(dim=-1)
|     return -p.gather(2, labels.clamp(min=0)[..., None])[..., 0] * (labels != -100)
    There is a number for each position. Their mean over the hidden ones is the loss.
over the positions:
- logits[is_hidden].log_softmax(dim=-1) => logits.log_softmax(dim=1)[is_hidden]
    The probabilities sum to one over the positions of a text. They must over the
    words of the vocabulary, the last axis.
cut off: logits[is_hidden] => logits.detach()[is_hidden]
    The logits are detached, so no gradient comes back and nothing learns.
labels smoothed: return -log_p.gather(1, labels[is_hidden][:, None]).mean() =>
| return -0.9 * log_p.gather(1, labels[is_hidden][:, None]).mean() - 0.1 * log_p.mean()
    A part of the probability is asked of the other words (label smoothing). Here the
    true word alone counts.
"""

EXERCISE = Exercise(
    id="masked-lm-loss",
    chapter=11,
    title="The loss of the hidden words",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=masked_lm_loss,
    accepted={"cross entropy": with_cross_entropy},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "only hidden positions learn",
            "A gradient must reach the logits of the hidden positions, and no others.",
            only_hidden_positions_learn,
        ),
    ],
    waived={
        "logits.sum() => logits.mean()": ("both are 0 once multiplied by 0"),
        "-1 => 1": ("two axes are left, so -1 is 1"),
    },
    hints=(
        "Select the hidden positions first; the rest is then a plain mean.",
        "logits[labels != -100] is (M, V). Its log_softmax, at the true ids, is ln p.",
        "gather(1, ids[:, None]) picks one number of each row; minus their mean.",
    ),
)
