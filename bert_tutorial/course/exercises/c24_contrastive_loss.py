"""Exercise: the contrastive loss with negatives from the batch.

Chapter: 24
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.sentences import contrastive_loss

STUB = '''
def contrastive_loss(
    first: Tensor, second: Tensor, temperature: float = 0.05
) -> Tensor:
    """Ask of each text which of the other side's belongs to it: (B, H), (B, H) -> ().

    The scores are cosines divided by the temperature. Row i of `first` belongs to row i
    of `second`; the other rows of the batch are its negatives. The loss is the
    cross-entropy in nats, asked in both directions (which second text belongs to a
    first one, and which first to a second), the mean of the two. If all cosines are
    equal, it is ln B.
    """
    raise NotAttempted
'''


def with_library(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Let the library normalise and compare."""
    scores = F.normalize(first, dim=-1) @ F.normalize(second, dim=-1).T / temperature
    labels = torch.arange(len(scores))
    there, back = F.cross_entropy(scores, labels), F.cross_entropy(scores.T, labels)
    return (there + back) / 2


def with_cosine(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Compute the cosines pair by pair, then logarithms of probabilities."""
    scores = F.cosine_similarity(first[:, None], second[None], dim=-1) / temperature
    both = torch.stack([scores.log_softmax(dim=1), scores.log_softmax(dim=0)])
    return -both.diagonal(dim1=1, dim2=2).mean()


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw sizes that differ, near pairs and far ones, and long vectors."""
    torch.manual_seed(seed)
    first = torch.randn(3, 5, dtype=dtype)
    near = first + 0.7 * torch.randn(3, 5, dtype=dtype)
    long = torch.tensor([3.0, 0.5, 2.0, 1.0], dtype=dtype)[:, None]
    eye = torch.eye(2, dtype=dtype)
    return [
        Case((2 * eye, 3 * eye, 0.5), "two texts, each like its own"),
        Case((first, near, 0.2), "three pairs"),
        Case(
            (
                torch.randn(4, 6, dtype=dtype),
                long * torch.randn(4, 6, dtype=dtype),
                0.3,
            ),
            "four pairs of vectors of any length",
        ),
        Case((first, near), "three pairs, the usual temperature"),
        Case((first, near, 0.005), "three pairs, scores up to 200"),
    ]


def learns(answer: object) -> bool:
    """See whether the gradient moves the vectors."""
    assert callable(answer)
    torch.manual_seed(24)
    sides = torch.randn(2, 3, 4).unbind()
    loss = answer(*(side.requires_grad_() for side in sides))
    if not loss.requires_grad:
        return False
    loss.backward()
    grads = [side.grad for side in sides]
    return all(grad is not None and bool(grad.abs().sum() > 0) for grad in grads)


MISTAKES = """
not normalised:
- first / first.norm(dim=-1, keepdim=True) => first
- second / second.norm(dim=-1, keepdim=True) => second
    The scores are products, so that long vectors win. Divide each vector by its length
    first.
one side normalised: second / second.norm(dim=-1, keepdim=True) => second
    Only the first vectors have length 1. A cosine needs both.
columns normalised:
- first.norm(dim=-1 => first.norm(dim=0
- second.norm(dim=-1 => second.norm(dim=0
    You normalised along the batch. Each text's vector gets length 1: dim=-1.
temperature multiplied: / temperature => * temperature
    The cosines are multiplied by the temperature. Divide: a small temperature makes
    differences larger.
no temperature: / temperature =>
    The temperature is missing. Divide the cosines by it.
a temperature of its own: / temperature => / 0.05
    The temperature is always 0.05. Use the argument.
one direction: (there.mean() + back.mean()) / 2 => there.mean()
    You ask which second text belongs to a first one. Ask the other direction as well,
    over the columns, and take the mean.
the other direction only: (there.mean() + back.mean()) / 2 => back.mean()
    You ask over the columns only. Ask over the rows as well, and take the mean.
directions added: (there.mean() + back.mean()) / 2 => there.mean() + back.mean()
    The two directions are added. Take their mean.
texts added: (there.mean() + back.mean()) / 2 => (there.sum() + back.sum()) / 2
    The texts are added up. Take the mean over the batch, so that the loss does not grow
    with it.
label 0 for all:
- dim=1) - right => dim=1) - scores[:, 0]
- dim=0) - right => dim=0) - scores[0]
    The first text is taken for the right one of all. Row i belongs to row i: the labels
    are 0, 1, ... B - 1.
labels shifted: second = second => second = second.roll(-1, 0)
|     second = second
    The right text is looked for one row further. Row i belongs to row i.
diagonal masked:
- there = => scores = scores.masked_fill(torch.eye(len(scores)).bool(), -torch.inf)
|     there =
    The right text is missing from the sum over all candidates. It is one of them:
    without it, the loss can fall below 0.
sign: return ( => return -(
    The sign is the wrong way round: the loss would push pairs apart.
only pulls: return … => return -right.mean()
    Pairs are pulled together, and nothing is pushed apart: one vector for all texts
    would be best. Compare with the other rows.
one side twice: @ second.T => @ first.T
    The first texts are compared with themselves; each finds itself. Compare them with
    the second texts.
no logarithm:
- … => first, second = F.normalize(first, dim=-1), F.normalize(second, dim=-1)
|     scores = first @ second.T / temperature
|     there, back = scores.softmax(dim=1), scores.softmax(dim=0)
|     return 1 - (there.diagonal().mean() + back.diagonal().mean()) / 2
    This is 1 minus the probability. The cross-entropy is minus its logarithm.
distances: first @ second.T => torch.cdist(first, second)
    These are distances, and the farthest text gets the largest score. Use cosines.
no gradient: return … => return (there.mean() + back.mean()).detach() / 2
    The number is right, but no gradient comes from it, or only for one side: leave out
    detach(), item() and torch.no_grad().
a Python number: return ( => return float(
    The result is a Python number, and no gradient comes from it. Return the tensor:
    leave out item() and float().
exp overflows:
- scores.logsumexp(dim=1) => scores.exp().sum(dim=1).log()
- scores.logsumexp(dim=0) => scores.exp().sum(dim=0).log()
    exp of a large score is infinite in 32 bits. logsumexp and cross_entropy take the
    largest score off first.
pair not among the choices:
- scores.logsumexp(dim=1) => scores.clone().fill_diagonal_(-1e9).logsumexp(dim=1)
- scores.logsumexp(dim=0) => scores.clone().fill_diagonal_(-1e9).logsumexp(dim=0)
    = diagonal masked
pairs overwritten: there = => scores.fill_diagonal_(-1e9)
|     there =
    The scores of the pairs are overwritten before they are used: diagonal() shows the
    same numbers, it is no copy. The pair also belongs to the sum over all candidates.
"""

EXERCISE = Exercise(
    id="contrastive-loss",
    chapter=24,
    title="The contrastive loss",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=contrastive_loss,
    accepted={"library": with_library, "cosines": with_cosine},
    properties=[
        Property(
            "a gradient comes back",
            "the loss must have a gradient for both sides, so that training can use "
            "it.",
            learns,
        ),
    ],
    mutants=mistakes(MISTAKES),
    cases=cases,
    waived={
        "-1 => 1": "the vectors are (B, H): the last axis is axis 1",
        "-1 => 1 (2)": "the vectors are (B, H): the last axis is axis 1",
    },
    hints=(
        "It is a classification with B classes: the texts of the other side.",
        "Divide each vector by its length; first @ second.T / temperature is (B, B). "
        "The right answers are on the diagonal.",
        "scores.logsumexp(dim=1) - scores.diagonal() is the loss of each first text; "
        "dim=0 gives the other direction.",
    ),
)
