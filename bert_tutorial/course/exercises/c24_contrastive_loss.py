"""Exercise: the contrastive loss with negatives from the batch.

Chapter: 24
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
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


def scores_of(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Divide the cosines by the temperature: (B, B)."""
    return F.normalize(first, dim=-1) @ F.normalize(second, dim=-1).T / temperature


def ask_both(scores: Tensor) -> Tensor:
    """Ask in both directions."""
    labels = torch.arange(len(scores))
    return (F.cross_entropy(scores, labels) + F.cross_entropy(scores.T, labels)) / 2


def not_normalised(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Take products for cosines."""
    return ask_both(first @ second.T / temperature)


def half_normalised(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Bring one side to length 1."""
    return ask_both(F.normalize(first, dim=-1) @ second.T / temperature)


def over_the_batch(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Normalise the columns."""
    scores = F.normalize(first, dim=0) @ F.normalize(second, dim=0).T
    return ask_both(scores / temperature)


def multiplied(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Multiply by the temperature."""
    return ask_both(scores_of(first, second, 1 / temperature))


def no_temperature(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Forget the temperature."""
    return ask_both(scores_of(first, second, 1.0))


def its_own(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Use the usual temperature whatever is given."""
    return ask_both(scores_of(first, second, 0.05))


def one_direction(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Search the second texts only."""
    scores = scores_of(first, second, temperature)
    return F.cross_entropy(scores, torch.arange(len(scores)))


def other_direction(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Search the first texts only."""
    return one_direction(second, first, temperature)


def added_up(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Add the directions."""
    return 2 * contrastive_loss(first, second, temperature)


def summed(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Add the texts."""
    return len(first) * contrastive_loss(first, second, temperature)


def all_zero(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Let the first text be right for all."""
    scores = scores_of(first, second, temperature)
    labels = torch.zeros(len(scores), dtype=torch.long)
    return (F.cross_entropy(scores, labels) + F.cross_entropy(scores.T, labels)) / 2


def shifted(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Let the next row be the right one."""
    return contrastive_loss(first, second.roll(-1, 0), temperature)


def diagonal_masked(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Leave the right text out of the sum below the fraction."""
    scores = scores_of(first, second, temperature)
    others = scores.masked_fill(torch.eye(len(scores)).bool(), -torch.inf)
    right = scores.diagonal()
    there, back = others.logsumexp(dim=1) - right, others.logsumexp(dim=0) - right
    return (there.mean() + back.mean()) / 2


def positive_sign(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Forget the minus."""
    return -contrastive_loss(first, second, temperature)


def pull_only(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Bring pairs together and ask nothing of the others."""
    return -scores_of(first, second, temperature).diagonal().mean()


def own_side(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Compare the first texts with themselves."""
    return ask_both(scores_of(first, first, temperature))


def probability(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Leave out the logarithm."""
    scores = scores_of(first, second, temperature)
    there, back = scores.softmax(dim=1), scores.softmax(dim=0)
    return 1 - (there.diagonal().mean() + back.diagonal().mean()) / 2


def distances(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Take distances for cosines."""
    a, b = F.normalize(first, dim=-1), F.normalize(second, dim=-1)
    return ask_both(torch.cdist(a, b) / temperature)


def detached(first: Tensor, second: Tensor, temperature: float = 0.05) -> Tensor:
    """Give a number that no gradient comes from."""
    return contrastive_loss(first, second, temperature).detach()


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
    ]


def learns(answer: object) -> bool:
    """See whether the gradient moves the vectors."""
    assert callable(answer)
    torch.manual_seed(24)
    first = torch.randn(3, 4, requires_grad=True)
    loss = answer(first, torch.randn(3, 4))
    if not loss.requires_grad:
        return False
    loss.backward()
    return first.grad is not None and bool(first.grad.abs().sum() > 0)


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
            "the loss must have a gradient, so that training can use it.",
            learns,
        ),
    ],
    mutants=[
        Mutant(
            "not normalised",
            not_normalised,
            "The scores are products, so that long vectors win. Divide each vector by "
            "its length first.",
        ),
        Mutant(
            "one side normalised",
            half_normalised,
            "Only the first vectors have length 1. A cosine needs both.",
        ),
        Mutant(
            "columns normalised",
            over_the_batch,
            "You normalised along the batch. Each text's vector gets length 1: dim=-1.",
        ),
        Mutant(
            "temperature multiplied",
            multiplied,
            "The cosines are multiplied by the temperature. Divide: a small "
            "temperature makes differences larger.",
        ),
        Mutant(
            "no temperature",
            no_temperature,
            "The temperature is missing. Divide the cosines by it.",
        ),
        Mutant(
            "a temperature of its own",
            its_own,
            "The temperature is always 0.05. Use the argument.",
        ),
        Mutant(
            "one direction",
            one_direction,
            "You ask which second text belongs to a first one. Ask the other direction "
            "as well, over the columns, and take the mean.",
        ),
        Mutant(
            "the other direction only",
            other_direction,
            "You ask over the columns only. Ask over the rows as well, and take the "
            "mean.",
        ),
        Mutant(
            "directions added",
            added_up,
            "The two directions are added. Take their mean.",
        ),
        Mutant(
            "texts added",
            summed,
            "The texts are added up. Take the mean over the batch, so that the loss "
            "does not grow with it.",
        ),
        Mutant(
            "label 0 for all",
            all_zero,
            "The first text is taken for the right one of all. Row i belongs to row i: "
            "the labels are 0, 1, ... B - 1.",
        ),
        Mutant(
            "labels shifted",
            shifted,
            "The right text is looked for one row further. Row i belongs to row i.",
        ),
        Mutant(
            "diagonal masked",
            diagonal_masked,
            "The right text is missing from the sum over all candidates. It is one of "
            "them: without it, the loss can fall below 0.",
        ),
        Mutant(
            "sign",
            positive_sign,
            "The sign is the wrong way round: the loss would push pairs apart.",
        ),
        Mutant(
            "only pulls",
            pull_only,
            "Pairs are pulled together, and nothing is pushed apart: one vector for "
            "all texts would be best. Compare with the other rows.",
        ),
        Mutant(
            "one side twice",
            own_side,
            "The first texts are compared with themselves; each finds itself. Compare "
            "them with the second texts.",
        ),
        Mutant(
            "no logarithm",
            probability,
            "This is 1 minus the probability. The cross-entropy is minus its "
            "logarithm.",
        ),
        Mutant(
            "distances",
            distances,
            "These are distances, and the farthest text gets the largest score. Use "
            "cosines.",
        ),
        Mutant(
            "no gradient",
            detached,
            "The number is right, and no gradient comes from it: leave out detach(), "
            "item() and torch.no_grad().",
        ),
    ],
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
