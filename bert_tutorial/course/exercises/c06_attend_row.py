"""Exercise: one row of attention with loops.

Chapter: 6
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def attend_row(
    query: list[float], keys: list[list[float]], values: list[list[float]]
) -> list[float]:
    """Mix the values for one query, with plain numbers and loops.

    `keys` and `values` hold one vector for each token; a key is as long as the query.
    attend_row([2, 2, 0, 0], keys, values) with the page's keys and values gives
    about [7.55, 3.35].
    """
    raise NotAttempted
'''

Row = list[float]
Rows = list[list[float]]


def attend_row(
    query: list[float], keys: list[list[float]], values: list[list[float]]
) -> list[float]:
    """Score each key, take the softmax, and add up the weighted values."""
    scores = []
    for key in keys:
        product = sum(q * k for q, k in zip(query, key, strict=True))
        scores.append(product / math.sqrt(len(query)))
    highest = max(scores)  # exp of a large number overflows; the weights do not change
    exponentials = [math.exp(score - highest) for score in scores]
    total = sum(exponentials)
    mixed = [0.0] * len(values[0])
    for exponential, value in zip(exponentials, values, strict=True):
        for d, number in enumerate(value):
            mixed[d] += exponential / total * number
    return mixed


def with_torch(query: Row, keys: Rows, values: Rows) -> Row:
    """Use matrices already."""
    scores = torch.tensor(keys).double() @ torch.tensor(query).double()
    weights = (scores / math.sqrt(len(query))).softmax(dim=-1)
    found: Row = (weights @ torch.tensor(values).double()).tolist()
    return found


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw the page's tokens, one token, other sizes, and large scores."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> list[list[float]]:
        found: list[list[float]] = torch.randn(shape, generator=generator).tolist()
        return found

    keys = [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]]
    values = [[10.0, 0.0], [0.0, 10.0], [10.0, 10.0]]
    large = [[30.0 * number for number in row] for row in draw(6, 9)]
    return [
        Case((draw(1, 3)[0], draw(1, 3), draw(1, 2)), "a single token"),
        Case(([2.0, 2.0, 0.0, 0.0], keys, values), "the page's query 0"),
        Case(([2.0, 0.0, 0.0, 4.0], keys, values), "the page's query 2"),
        Case((draw(1, 7)[0], draw(5, 7), draw(5, 3)), "5 tokens, D = 7"),
        Case(
            ([30.0 * number for number in draw(1, 9)[0]], large, draw(6, 4)),
            "scores of some hundreds",
        ),
        Case(
            (
                [-100.0, -100.0, 0.0, 1.0],
                [[18.0, 18, 0, 1], [18.0, 18, 0, 0], [18.0, 18, 0, 3]],
                [[1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0, 7, 0, 0], [-8.0, 8, 0, 2, 1]],
            ),
            "scores far below 0, values longer than the query",
        ),
        Case(
            (
                [100.0, 0.0, 0.0, 0.0],
                [[20.0, 1, 0, 0], [-20.0, 0, 0, 0], [20.0, 0, 1, 0]],
                [[2.0], [5.0], [-4.0]],
            ),
            "two keys that fit as well as each other",
        ),
    ]


def stays_inside(answer: object) -> bool:
    """Ask for a mixture: between the smallest and the largest value, per number."""
    found = call(answer, [0.3, -0.4], [[1.0, 2.0], [0.5, 0.0]], [[3.0, 1.0], [4.0, 5]])
    return 3 <= found[0] <= 4 and 1 <= found[1] <= 5


def order_is_free(answer: object) -> bool:
    """Ask for the same mixture when keys and values change places together."""
    query, keys, values = [0.5, 2.0], [[1.0, 0.0], [0.0, 3.0]], [[2.0], [7.0]]
    one = call(answer, query, keys, values)
    other = call(answer, query, keys[::-1], values[::-1])
    return abs(one[0] - other[0]) < 1e-9


def call(answer: object, query: Row, keys: Rows, values: Rows) -> Row:
    """Call the answer."""
    found: Row = answer(query, keys, values) if callable(answer) else []
    return found


MISTAKES = """
no scale: product / math.sqrt(len(query)) => product
    The scores go into the exponential unscaled. Divide each by the root of D =
    len(query) first.
no scale, overflow:
- product / math.sqrt(len(query)) => product
- score - highest => score
    Two slips: the scores go into the exponential unscaled, and math.exp(800) is too
    large for a float. Divide each score by math.sqrt(len(query)), then subtract the
    largest from all of them.
divided by D: math.sqrt(len(query)) => len(query)
    The scores are divided by D = len(query). It is its square root:
    math.sqrt(len(query)).
divided by the root of T: len(query) => len(keys)
    The scores are divided by the root of the number of keys. What counts is the number
    of products in one score: len(query).
no denominator:
- score - highest => score
- / total =>
    The exponentials are never divided by their sum, so the weights do not sum to one
    and the result is no mixture. Divide each by their sum.
scale outside, no denominator:
- product / math.sqrt(len(query)) => product
- math.exp(score - highest) => math.exp(score) / math.sqrt(len(query))
- / total =>
    The exponential of the raw score is divided by the root of D. The scale belongs
    inside the exponent, math.exp(score / root), and what stands below the fraction is
    the sum of the exponentials.
overflow: score - highest => score
    Right for small scores. math.exp(800) is too large for a float: subtract the largest
    score from all scores first. The shares stay the same, because the common factor
    cancels.
no exponential:
- math.exp(score - highest) => score
- sum(exponentials) => sum(exponentials) or 1.0
    The weights are the scores over their sum. Scores may be negative or sum to zero;
    take math.exp of each first.
no softmax:
- math.exp(score - highest) => score
- / total =>
    The values are added up with the scores as weights. Turn the scores into shares
    first: exponentials over their sum.
only the best:
- exponentials = … => return [float(number) for number in values[scores.index(highest)]]
    The result is the value of the best key alone. Attention takes a share of every
    value; add them all up, each times its weight.
mixes the keys: return mixed => return right(query, keys, keys)
    The weights are right, but they mix the keys. A key is what a token is found by;
    what it gives is its value.
only the weights: mixed = … => return [one / total for one in exponentials]
    These are the weights, one for each token. One step is left: add up the values, each
    times its weight.
only the last token: mixed[d] += => mixed[d] =
    The result holds the last token's part only: each token overwrites the one before.
    Start with zeros and add with +=.
a single number: return mixed => return sum(mixed)
    The result is one number: the sum also ran over the numbers inside the values. Keep
    them apart; the result is as long as a value.
not added up:
- mixed = … => return [[one / total * number for number in value] for one, value in
|     zip(exponentials, values)]
    The result holds one vector for each token: its value times its weight. Add these
    vectors up, number by number, into a single one.
sum without the shift: sum(exponentials) => sum(math.exp(score) for score in scores)
    The largest score is subtracted above the fraction and not below. Take the sum of
    the same exponentials that stand above it.
root of 4: math.sqrt(len(query)) => 2
    Right for D = 4 only: the scores are divided by 2 whatever the length of the query.
    Use math.sqrt(len(query)).
values of two numbers:
- [0.0] * len(values[0]) => [0.0] * 2
- for d, number in enumerate(value): => for d in range(2):
|             number = value[d]
    Right for values of two numbers only. A value may have any length: len(values[0]).
divided by the number of tokens:
- return mixed => return [number / len(keys) for number in mixed]
    The mixture is divided by the number of tokens. The weights sum to one already:
    leave that division out.
largest without sign: max(scores) => max(abs(score) for score in scores)
    Where all scores are far below 0, every exponential is 0, and so is their sum: what
    is subtracted is larger than each score. Subtract the largest score itself,
    max(scores), with its sign.
largest from 0: max(scores) => max(0.0, *scores)
    = largest without sign
clipped: product / math.sqrt(len(query)) =>
| max(-700.0, min(product / math.sqrt(len(query)), 700.0))
    The scores are cut at a limit, so keys beyond it count alike. Subtract the largest
    score from all of them instead: nothing is lost.
as long as the query:
- [0.0] * len(values[0]) => [0.0] * len(query)
- in enumerate(value): => in enumerate(value[i] for i in range(len(query))):
    The loop over the numbers of a value runs as far as the query is long. A value has a
    length of its own: len(values[0]).
first key left out: scores = [] => keys, values = keys[1:], values[1:]
|     mixed = [0.0] * len(values[0])
|     scores = []
    The first key has no share. Begin at the first key, number 0.
root of the value's length: len(query) => len(values[0])
    The scores are divided by the root of the length of a value. What counts is the
    number of products in one score: len(query).
multiplied by the root: / math.sqrt => * math.sqrt
    The scores are multiplied by the root of D. Divide.
a draw for the first: highest = =>
| scores = [one - 1000 * (one in scores[:i]) for i, one in enumerate(scores)]
|     highest =
    Of two keys with the same score only the first has a share. Each has its own, and
    equal scores make equal shares.
a tensor: return mixed => return torch.tensor(mixed)
    The result is a tensor. Return a list: .tolist().
"""

EXERCISE = Exercise(
    id="attend-row",
    chapter=6,
    title="One row with loops",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=attend_row,
    accepted={"matrices": with_torch},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "a mixture stays inside",
            "Shares that sum to one cannot leave the range of the values; yours does.",
            stays_inside,
        ),
        Property(
            "the order of the tokens is free",
            "When keys and values change places together, the mixture must stay.",
            order_is_free,
        ),
    ],
    waived={
        "0 => -1": ("all values have the same length, so the last one serves as well"),
    },
    hints=(
        "Three steps: a score for each key, weights from the scores, a sum of values.",
        "A score is the sum of the products of query and key, divided by the root of "
        "len(query). Exponentials over their sum are weights. Then, for each token, "
        "add its weight times its value to the result.",
        "scores.append(sum(q * k for q, k in zip(query, key)) / math.sqrt(len(query))) "
        "and, before math.exp, subtract max(scores).",
    ),
)
