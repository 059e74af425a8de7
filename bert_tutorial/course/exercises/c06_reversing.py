"""Exercise: queries and keys that reverse a sequence.

Chapter: 6
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.model.attention import attention_weights

STUB = '''
def reversing(T: int) -> tuple[Tensor, Tensor]:
    """Design queries and keys with which attention turns T values round.

    Position 0 takes from position T - 1, position 1 from T - 2, and so on, with a
    weight of at least 0.99. Both results have the shape (1, 1, T, D); D is your choice.
    For T = 2 the weights are about [[0, 1], [1, 0]].
    """
    raise NotAttempted
'''

LENGTHS = (1, 2, 3, 6, 7, 11)  # for the test of other lengths
MANY = (130, 700)
Answer = Callable[[int], Any]


def reversing(T: int) -> tuple[Tensor, Tensor]:
    """Give each position its own axis; the queries are the keys upside down."""
    key = torch.eye(T)[None, None]  # (1, 1, T, T)
    query = 20 * math.sqrt(T) * key.flip(dims=[-2])
    return query, key


def on_a_circle(T: int) -> tuple[Tensor, Tensor]:
    """Put the positions on a circle: two numbers are enough for any length."""
    angle = 2 * math.pi * torch.arange(T) / T
    key = torch.stack([angle.cos(), angle.sin()], dim=-1)[None, None]
    return 20 * T * T * key.flip(dims=[-2]), key


def flipped_keys(T: int) -> tuple[Tensor, Tensor]:
    """Turn the keys round instead of the queries."""
    query = 1000 * torch.eye(T, dtype=torch.float64)[None, None]
    return query, query.flip(dims=[-2]) / 10


def weights_of(answer: Answer, T: int) -> Tensor:
    """Get the (T, T) weights that an answer makes."""
    query, key = answer(T)
    found = attention_weights(query, key, None)
    return found.reshape(found.shape[-2:])


def right_shape(answer: Answer) -> bool:
    """Ask for (1, 1, T, D) twice."""
    query, key = answer(5)
    return bool(query.shape == key.shape and tuple(query.shape[:3]) == (1, 1, 5))


def finite(answer: Answer) -> bool:
    """Ask for weights that are numbers."""
    return bool(weights_of(answer, 5).isfinite().all())


def sharp(answer: Answer) -> bool:
    """Ask for one position in each row that has nearly all the weight."""
    return bool((weights_of(answer, 5).max(dim=-1).values >= 0.99).all())


def is_no_copy(answer: Answer) -> bool:
    """Ask that not every position finds itself."""
    return weights_of(answer, 5).argmax(dim=-1).tolist() != [0, 1, 2, 3, 4]


def queries_differ(answer: Answer) -> bool:
    """Ask that the rows are not all alike."""
    weights = weights_of(answer, 5)
    return bool((weights - weights[:1]).abs().max() > 1e-6)


def not_avoided(answer: Answer) -> bool:
    """Ask for at least an even share at the mirrored position."""
    weights = weights_of(answer, 5)
    return bool((weights.flip(dims=[-1]).diagonal() >= 0.2 - 1e-6).all())


def first_moves(answer: Answer) -> bool:
    """Ask that the first position does not take from itself."""
    return bool(weights_of(answer, 5)[0].argmax() != 0)


def twice_is_nothing(answer: Answer) -> bool:
    """Ask for the old order after two turns."""
    order = weights_of(answer, 5).argmax(dim=-1)
    return bool((order[order] == torch.arange(5)).all())


def ends_meet(answer: Answer) -> bool:
    """Ask that the two ends take from each other."""
    weights = weights_of(answer, 5)
    return bool(weights[0].argmax() == 4 and weights[4].argmax() == 0)


def mirrored(answer: Answer) -> bool:
    """Ask for the right position in each row."""
    weights = weights_of(answer, 5)
    best = weights.amax(dim=-1)  # a draw is no right position
    others = weights.flip(dims=[-1]).diagonal()
    is_alone = (weights > best[:, None] - 1e-6).sum(dim=-1) == 1
    return bool(((best == others) & is_alone).all())


def any_length(answer: Answer) -> bool:
    """Ask for the right number of positions, whatever T is."""
    return all(weights_of(answer, T).shape == (T, T) for T in LENGTHS)


def any_many(answer: Answer) -> bool:
    """Ask for the right number of positions, for many of them."""
    return all(weights_of(answer, T).shape == (T, T) for T in MANY)


def reverses_many(answer: Answer) -> bool:
    """Ask for at least 0.99 at the mirrored position, for many positions."""
    return all(
        bool((weights_of(answer, T).flip(dims=[-1]).diagonal() >= 0.99).all())
        for T in MANY
    )


def reverses_any_length(answer: Answer) -> bool:
    """Ask for at least 0.99 at the mirrored position, for several lengths."""
    return all(
        bool((weights_of(answer, T).flip(dims=[-1]).diagonal() >= 0.99).all())
        for T in LENGTHS
    )


MISTAKES = """
copies: key.flip(dims=[-2]) => key
    Every position finds itself: query i fits key i best, so the values come back as
    they were. Turn round the rows of one of the two, and only of one.
flips both: return (query, key) => return (query, key.flip(dims=[-2]))
    = copies
too soft: 20 * math.sqrt(T) * =>
    The right position has the largest weight of its row, but less than 0.99: the scores
    are too close to each other. Multiply the queries by a number that grows with the
    root of D, such as 20 times the root.
turned sign: return (query => return (-query
    Each row avoids the one position that it should take from: the sign is turned. The
    right pair needs the largest score, not the smallest.
one off: return (query => return (query.roll(1, dims=-2)
    The order runs backwards, but it is shifted by one: position i takes from T - i. The
    mirror image of i is T - 1 - i, because counting starts at 0.
the position before: key.flip(dims=[-2]) => key.roll(1, dims=-2)
    Each position takes from its neighbour: the sequence is shifted, not turned round.
    Position i needs T - 1 - i; turn the rows round with flip.
positions as numbers: … => position = torch.arange(T).float()[None, None, :, None]
|     return 20 * position.flip(dims=[-2]), position
    With the position's number as its key, the largest number wins every product: nearly
    all rows take from the last position. Keys must differ in direction, not in size:
    give each position an axis, or an angle, of its own.
factor that does not grow: … => query, key = on_a_circle(T)
|     return query / T ** 2, key
    Right for few positions. With more of them the scores come closer to each other, and
    rows are no longer sharp: let the factor grow with T.
so many positions only:
- torch.eye(T) => torch.eye(64)[:T]
- 20 * math.sqrt(T) => 1000
    Right for a few positions and not for many: the number of positions is limited
    somewhere. Build both tensors from T, for example from torch.eye(T).
factor for some positions: 20 * math.sqrt(T) => 120
    Right for a dozen positions. With hundreds of them the rows are no longer sharp: let
    the factor grow with T.
turned round both ways: dims=[-2] => dims=[-2, -1]
    = copies
one tensor: return (query, key) => return [query]
    Return two tensors, query and key.
infinite scores: return (query, key) => return (query * 1e25, key * 1e25)
    The scores are too large for the numbers of the machine: infinite, and inf - inf has
    no value. A lead of 20 in the scaled scores is plenty, since exp(-20) is two
    billionths.
infinity: 20 * math.sqrt(T) => torch.inf
    = infinite scores
no batch and head: return (query, key) => return (query[0, 0], key[0, 0])
    The weights are right, but the tensors lack the axes of batch and head. Add two axes
    of size 1 in front: query[None, None].
one length only: … => return right(5)
    Right for five positions, whatever T is. Build both tensors from T, for example from
    torch.eye(T).
neighbours change places:
- key.flip(dims=[-2]) => key[:, :, [min(i ^ 1, T - 1) for i in range(T)]]
    Neighbours change places in pairs. The whole sequence must be turned round: the
    first position takes from the last.
all queries alike: … => return torch.ones(1, 1, T, T), torch.eye(T)[None, None]
    All rows of the weights are alike, and even: the queries do not differ. Query i must
    single out the key of position T - 1 - i.
itself as well: key.flip(dims=[-2]) => (key + key.flip(dims=[-2]))
    Each position takes half from itself and half from its mirror image. The query must
    fit one key only.
"""

EXERCISE = Exercise(
    id="reversing",
    chapter=6,
    title="Queries and keys that reverse a sequence",
    difficulty=3,
    minutes=15,
    stub=STUB,
    solution=reversing,
    accepted={"circle": on_a_circle, "flipped keys": flipped_keys},
    mutants=mistakes(MISTAKES),
    properties=[
        Property(
            "the shape",
            "Return two tensors of the shape (1, 1, T, D), query and key.",
            right_shape,
        ),
        Property(
            "as many positions as asked for",
            "For T positions the weights must be (T, T), for every T.",
            any_length,
        ),
        Property(
            "many positions",
            "For T positions the weights must be (T, T), for many positions too.",
            any_many,
        ),
        Property("finite weights", "The weights hold values that are NaN.", finite),
        Property(
            "nothing is copied",
            "The values come back in their old order.",
            is_no_copy,
        ),
        Property(
            "queries differ",
            "All rows of the weights are alike.",
            queries_differ,
        ),
        Property(
            "the mirrored position is not avoided",
            "Position T - 1 - i has less than an even share of row i.",
            not_avoided,
        ),
        Property(
            "the first position moves",
            "The first position takes most from itself.",
            first_moves,
        ),
        Property(
            "two turns cancel",
            "Turned round twice, the positions must be in their old order.",
            twice_is_nothing,
        ),
        Property(
            "the ends take from each other",
            "The first position must take most from the last, and the last from the "
            "first.",
            ends_meet,
        ),
        Property(
            "the mirrored position is first",
            "Position i must take most from position T - 1 - i.",
            mirrored,
        ),
        Property(
            "sharp rows",
            "One position in each row must have at least 0.99 of the weight.",
            sharp,
        ),
        Property(
            "every length is turned round",
            "Position T - 1 - i must have at least 0.99 of row i, for every T.",
            reverses_any_length,
        ),
        Property(
            "many positions are turned round",
            "Position T - 1 - i must have at least 0.99 of row i, for many positions "
            "too.",
            reverses_many,
        ),
    ],
    judged_by="properties",
    waived={
        "20 => 21": ("free design: every scale that sharpens the row is right"),
        "20 => 19": ("free design: every scale that sharpens the row is right"),
        "math.sqrt(T) => T": (
            "free design: every scale that sharpens the row is right"
        ),
        "-2 => 2": ("free design: on either axis this flips the identity"),
        "-2 => -1": ("free design: on either axis this flips the identity"),
    },
    hints=(
        "First make every position recognisable: keys that differ as much as they "
        "can. What must the query of position 0 look like to find the last key?",
        "With key = the unit matrix, position j is the j-th axis. A query that is the "
        "key of position T - 1 - i, times a large number, finds exactly that one.",
        "key = torch.eye(T)[None, None], and query is key.flip(dims=[-2]) times "
        "20 * math.sqrt(T).",
    ),
)
