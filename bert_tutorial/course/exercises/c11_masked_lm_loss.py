"""Exercise: the loss of the hidden words.

Chapter: 11
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property

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


def by_position(logits: Tensor, labels: Tensor) -> Tensor:
    """Give the loss of every position, 0 where nothing is hidden: (B, T)."""
    return F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")


def over_all(logits: Tensor, labels: Tensor) -> Tensor:
    """Divide by all positions."""
    return by_position(logits, labels).mean()


def ignores_zero(logits: Tensor, labels: Tensor) -> Tensor:
    """Take label 0 for padding."""
    is_hidden = (labels != -100) & (labels != 0)
    return by_position(logits, labels)[is_hidden].sum() / is_hidden.sum().clamp(min=1)


def of_everything(logits: Tensor, labels: Tensor) -> Tensor:
    """Score the other positions, too, as if id 0 were hidden there."""
    return by_position(logits, labels.clamp(min=0)).mean()


def softmax_twice(logits: Tensor, labels: Tensor) -> Tensor:
    """Give probabilities to a function that wants logits."""
    return with_cross_entropy(logits.softmax(dim=-1), labels)


def mean_of_means(logits: Tensor, labels: Tensor) -> Tensor:
    """Average each text, then the texts."""
    counts = (labels != -100).sum(dim=1)
    means = by_position(logits, labels).sum(dim=1) / counts.clamp(min=1)
    return means.sum() / (counts > 0).sum().clamp(min=1)


def summed(logits: Tensor, labels: Tensor) -> Tensor:
    """Add up."""
    return by_position(logits, labels).sum()


def no_sign(logits: Tensor, labels: Tensor) -> Tensor:
    """Forget the minus."""
    return -with_cross_entropy(logits, labels)


def probability(logits: Tensor, labels: Tensor) -> Tensor:
    """Forget the logarithm."""
    is_hidden = labels != -100
    if not is_hidden.any():
        return logits.sum() * 0
    p = logits[is_hidden].softmax(dim=-1)
    return 1 - p.gather(1, labels[is_hidden][:, None]).mean()


def not_a_number(logits: Tensor, labels: Tensor) -> Tensor:
    """Divide by zero where nothing is hidden."""
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def unstable(logits: Tensor, labels: Tensor) -> Tensor:
    """Take exp and log one after the other."""
    is_hidden = labels != -100
    if not is_hidden.any():
        return logits.sum() * 0
    e = logits[is_hidden].exp()
    p = e / e.sum(dim=-1, keepdim=True)
    return -p.gather(1, labels[is_hidden][:, None]).log().mean()


def base_two(logits: Tensor, labels: Tensor) -> Tensor:
    """Take the logarithm to the base 2."""
    return masked_lm_loss(logits, labels) / math.log(2)


def with_epsilon(logits: Tensor, labels: Tensor) -> Tensor:
    """Add a small number before the logarithm."""
    is_hidden = labels != -100
    if not is_hidden.any():
        return logits.sum() * 0
    p = logits[is_hidden].softmax(dim=-1)
    return -(p.gather(1, labels[is_hidden][:, None]) + 1e-9).log().mean()


def by_texts(logits: Tensor, labels: Tensor) -> Tensor:
    """Divide by the number of texts."""
    return by_position(logits, labels).sum() / len(labels)


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


EXERCISE = Exercise(
    id="masked-lm-loss",
    chapter=11,
    title="The loss of the hidden words",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=masked_lm_loss,
    accepted={"cross entropy": with_cross_entropy},
    mutants=[
        Mutant(
            "divided by all positions",
            over_all,
            "The sum is right and is divided by all B * T positions, padding too. "
            "Divide by the number of hidden positions.",
        ),
        Mutant(
            "0 ignored",
            ignores_zero,
            "Label 0 is left out. What is not scored has the label -100; 0 is an ID "
            "like any other. (In next-sentence prediction, 0 is one of two answers.)",
        ),
        Mutant(
            "all positions scored",
            of_everything,
            "Positions that were not hidden are scored as well. The model sees those "
            "words: it would learn to copy. Leave out the labels of -100.",
        ),
        Mutant(
            "softmax twice",
            softmax_twice,
            "Probabilities went into a function that takes logits, so the softmax is "
            "applied twice and the loss can hardly fall. Pass the logits.",
        ),
        Mutant(
            "mean of means",
            mean_of_means,
            "Each text is averaged first, so a text with one hidden word weighs as "
            "much as one with four. Average all hidden positions at once.",
        ),
        Mutant(
            "summed",
            summed,
            "The losses are added up. Divide by the number of hidden positions.",
        ),
        Mutant(
            "sign",
            no_sign,
            "The sign is wrong: ln p is negative, and the loss is -ln p.",
        ),
        Mutant(
            "no logarithm",
            probability,
            "This is one minus the probability. The loss is -ln p, which punishes a "
            "confident mistake far more.",
        ),
        Mutant(
            "0 by 0",
            not_a_number,
            "A batch without any hidden position gives nan, and one nan ends a "
            "training run. It costs 0, with a gradient of zeros.",
        ),
        Mutant(
            "exp overflows",
            unstable,
            "exp of a large logit is infinite. log_softmax takes the largest logit "
            "off first: use it instead of exp and log.",
        ),
        Mutant(
            "logarithm to the base 2",
            base_two,
            "The logarithm is to the base 2. ln is to the base e: equal logits "
            "cost ln V.",
        ),
        Mutant(
            "a small number added",
            with_epsilon,
            "A small number was added to the probability, so the loss of an "
            "unlikely word is too small. log_softmax needs no such help.",
        ),
        Mutant(
            "divided by the texts",
            by_texts,
            "The sum was divided by the number of texts. Divide by the number of "
            "hidden positions.",
        ),
    ],
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
