"""Exercise: one row of attention with loops.

Chapter: 6
"""

import math

import torch

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property

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


def products(query: Row, keys: Rows) -> Row:
    """Score each key, unscaled."""
    return [sum(q * k for q, k in zip(query, key, strict=True)) for key in keys]


def shares(scores: Row) -> Row:
    """Take a softmax that does not overflow."""
    exponentials = [math.exp(score - max(scores)) for score in scores]
    return [one / sum(exponentials) for one in exponentials]


def mix(weights: Row, values: Rows) -> Row:
    """Add up the values in these shares."""
    return [
        sum(weight * value[d] for weight, value in zip(weights, values, strict=True))
        for d in range(len(values[0]))
    ]


def scaled(query: Row, keys: Rows) -> Row:
    """Score each key."""
    return [one / math.sqrt(len(query)) for one in products(query, keys)]


def with_torch(query: Row, keys: Rows, values: Rows) -> Row:
    """Use matrices already."""
    scores = torch.tensor(keys).double() @ torch.tensor(query).double()
    weights = (scores / math.sqrt(len(query))).softmax(dim=-1)
    found: Row = (weights @ torch.tensor(values).double()).tolist()
    return found


def no_scale(query: Row, keys: Rows, values: Rows) -> Row:
    """Leave the scale out."""
    return mix(shares(products(query, keys)), values)


def by_size(query: Row, keys: Rows, values: Rows) -> Row:
    """Divide by D."""
    return mix(shares([one / len(query) for one in products(query, keys)]), values)


def by_root_of_tokens(query: Row, keys: Rows, values: Rows) -> Row:
    """Divide by the root of T."""
    scores = [one / math.sqrt(len(keys)) for one in products(query, keys)]
    return mix(shares(scores), values)


def no_denominator(query: Row, keys: Rows, values: Rows) -> Row:
    """Leave the sum out."""
    return mix([math.exp(one) for one in scaled(query, keys)], values)


def scale_outside(query: Row, keys: Rows, values: Rows) -> Row:
    """Put the scale where the denominator belongs."""
    root = math.sqrt(len(query))
    return mix([math.exp(one) / root for one in products(query, keys)], values)


def overflow(query: Row, keys: Rows, values: Rows) -> Row:
    """Take the exponential of numbers of any size."""
    exponentials = [math.exp(one) for one in scaled(query, keys)]
    return mix([one / sum(exponentials) for one in exponentials], values)


def no_exponential(query: Row, keys: Rows, values: Rows) -> Row:
    """Divide the scores themselves by their sum."""
    scores = scaled(query, keys)
    return mix([one / (sum(scores) or 1.0) for one in scores], values)


def mixes_scores(query: Row, keys: Rows, values: Rows) -> Row:
    """Leave the softmax out."""
    return mix(scaled(query, keys), values)


def best_only(query: Row, keys: Rows, values: Rows) -> Row:
    """Take the value of the best key."""
    scores = scaled(query, keys)
    return [float(number) for number in values[scores.index(max(scores))]]


def mixes_keys(query: Row, keys: Rows, values: Rows) -> Row:
    """Mix the keys."""
    return mix(shares(scaled(query, keys)), keys)


def weights_only(query: Row, keys: Rows, values: Rows) -> Row:
    """Stop at the weights."""
    return shares(scaled(query, keys))


def last_only(query: Row, keys: Rows, values: Rows) -> Row:
    """Overwrite the result at each token."""
    weights = shares(scaled(query, keys))
    return [weights[-1] * number for number in values[-1]]


def one_number(query: Row, keys: Rows, values: Rows) -> float:
    """Add up the numbers inside each value too."""
    return sum(mix(shares(scaled(query, keys)), values))


def not_added_up(query: Row, keys: Rows, values: Rows) -> Rows:
    """Keep the part of each token."""
    weights = shares(scaled(query, keys))
    return [
        [weight * number for number in value]
        for weight, value in zip(weights, values, strict=True)
    ]


def sum_not_lowered(query: Row, keys: Rows, values: Rows) -> Row:
    """Subtract the largest score above the fraction only."""
    scores = scaled(query, keys)
    total = sum(math.exp(one) for one in scores)
    return mix([math.exp(one - max(scores)) / total for one in scores], values)


def root_of_four(query: Row, keys: Rows, values: Rows) -> Row:
    """Divide by 2, as on the page."""
    return mix(shares([one / 2 for one in products(query, keys)]), values)


def two_numbers(query: Row, keys: Rows, values: Rows) -> Row:
    """Mix two numbers, as on the page."""
    weights = shares(scaled(query, keys))
    pairs = list(zip(weights, values, strict=True))
    return [sum(weight * value[d] for weight, value in pairs) for d in range(2)]


def divided_by_tokens(query: Row, keys: Rows, values: Rows) -> Row:
    """Divide by T at the end."""
    mixed = mix(shares(scaled(query, keys)), values)
    return [number / len(keys) for number in mixed]


def largest_in_size(query: Row, keys: Rows, values: Rows) -> Row:
    """Subtract the largest score without its sign."""
    scores = scaled(query, keys)
    top = max(abs(one) for one in scores)
    exponentials = [math.exp(one - top) for one in scores]
    return mix([one / sum(exponentials) for one in exponentials], values)


def at_least_zero(query: Row, keys: Rows, values: Rows) -> Row:
    """Begin the search for the largest score at 0."""
    scores = scaled(query, keys)
    top = 0.0
    for one in scores:
        top = max(top, one)
    exponentials = [math.exp(one - top) for one in scores]
    return mix([one / sum(exponentials) for one in exponentials], values)


def clipped(query: Row, keys: Rows, values: Rows) -> Row:
    """Keep the scores small."""
    return mix(
        shares([max(-700.0, min(one, 700.0)) for one in scaled(query, keys)]), values
    )


def as_long_as_the_query(query: Row, keys: Rows, values: Rows) -> Row:
    """Take the length of a value from the query."""
    weights = shares(scaled(query, keys))
    return [
        sum(weights[i] * values[i][d] for i in range(len(weights)))
        for d in range(len(query))
    ]


def first_score_lost(query: Row, keys: Rows, values: Rows) -> Row:
    """Leave the first key out."""
    return mix(shares(scaled(query, keys[1:])), values[1:])


def root_of_value(query: Row, keys: Rows, values: Rows) -> Row:
    """Divide by the root of the length of a value."""
    scores = [one / math.sqrt(len(values[0])) for one in products(query, keys)]
    return mix(shares(scores), values)


def times_root(query: Row, keys: Rows, values: Rows) -> Row:
    """Multiply by the root of D."""
    scores = [one * math.sqrt(len(query)) for one in products(query, keys)]
    return mix(shares(scores), values)


def first_of_the_best(query: Row, keys: Rows, values: Rows) -> Row:
    """Give a draw to the first key."""
    scores = scaled(query, keys)
    for i, one in enumerate(scores):
        if one in scores[:i]:
            scores[i] = one - 1000
    return mix(shares(scores), values)


def a_tensor(query: Row, keys: Rows, values: Rows) -> torch.Tensor:
    """Return a tensor."""
    return torch.tensor(mix(shares(scaled(query, keys)), values))


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


NOT_THE_LARGEST = (
    "Where all scores are far below 0, every exponential is 0, and so is their sum: "
    "what is subtracted is larger than each score. Subtract the largest score itself, "
    "max(scores), with its sign."
)

EXERCISE = Exercise(
    id="attend-row",
    chapter=6,
    title="One row with loops",
    difficulty=1,
    minutes=10,
    stub=STUB,
    solution=attend_row,
    accepted={"matrices": with_torch},
    mutants=[
        Mutant(
            "no scale",
            no_scale,
            "The scores go into the exponential unscaled. Divide each by the root of "
            "D = len(query) first.",
        ),
        Mutant(
            "divided by D",
            by_size,
            "The scores are divided by D = len(query). It is its square root: "
            "math.sqrt(len(query)).",
        ),
        Mutant(
            "divided by the root of T",
            by_root_of_tokens,
            "The scores are divided by the root of the number of keys. What counts is "
            "the number of products in one score: len(query).",
        ),
        Mutant(
            "no denominator",
            no_denominator,
            "The exponentials are never divided by their sum, so the weights do not "
            "sum to one and the result is no mixture. Divide each by their sum.",
        ),
        Mutant(
            "scale outside, no denominator",
            scale_outside,
            "The exponential of the raw score is divided by the root of D. The scale "
            "belongs inside the exponent, math.exp(score / root), and what stands "
            "below the fraction is the sum of the exponentials.",
        ),
        Mutant(
            "overflow",
            overflow,
            "Right for small scores. math.exp(800) is too large for a float: subtract "
            "the largest score from all scores first. The shares stay the same, "
            "because the common factor cancels.",
        ),
        Mutant(
            "no exponential",
            no_exponential,
            "The weights are the scores over their sum. Scores may be negative or sum "
            "to zero; take math.exp of each first.",
        ),
        Mutant(
            "no softmax",
            mixes_scores,
            "The values are added up with the scores as weights. Turn the scores into "
            "shares first: exponentials over their sum.",
        ),
        Mutant(
            "only the best",
            best_only,
            "The result is the value of the best key alone. Attention takes a share "
            "of every value; add them all up, each times its weight.",
        ),
        Mutant(
            "mixes the keys",
            mixes_keys,
            "The weights are right, but they mix the keys. A key is what a token is "
            "found by; what it gives is its value.",
        ),
        Mutant(
            "only the weights",
            weights_only,
            "These are the weights, one for each token. One step is left: add up the "
            "values, each times its weight.",
        ),
        Mutant(
            "only the last token",
            last_only,
            "The result holds the last token's part only: each token overwrites the "
            "one before. Start with zeros and add with +=.",
        ),
        Mutant(
            "a single number",
            one_number,
            "The result is one number: the sum also ran over the numbers inside the "
            "values. Keep them apart; the result is as long as a value.",
        ),
        Mutant(
            "not added up",
            not_added_up,
            "The result holds one vector for each token: its value times its weight. "
            "Add these vectors up, number by number, into a single one.",
        ),
        Mutant(
            "sum without the shift",
            sum_not_lowered,
            "The largest score is subtracted above the fraction and not below. Take "
            "the sum of the same exponentials that stand above it.",
        ),
        Mutant(
            "root of 4",
            root_of_four,
            "Right for D = 4 only: the scores are divided by 2 whatever the length of "
            "the query. Use math.sqrt(len(query)).",
        ),
        Mutant(
            "values of two numbers",
            two_numbers,
            "Right for values of two numbers only. A value may have any length: "
            "len(values[0]).",
        ),
        Mutant(
            "divided by the number of tokens",
            divided_by_tokens,
            "The mixture is divided by the number of tokens. The weights sum to one "
            "already: leave that division out.",
        ),
        Mutant("largest without sign", largest_in_size, NOT_THE_LARGEST),
        Mutant("largest from 0", at_least_zero, NOT_THE_LARGEST),
        Mutant(
            "clipped",
            clipped,
            "The scores are cut at a limit, so keys beyond it count alike. Subtract "
            "the largest score from all of them instead: nothing is lost.",
        ),
        Mutant(
            "as long as the query",
            as_long_as_the_query,
            "The loop over the numbers of a value runs as far as the query is long. A "
            "value has a length of its own: len(values[0]).",
        ),
        Mutant(
            "first key left out",
            first_score_lost,
            "The first key has no share. Begin at the first key, number 0.",
        ),
        Mutant(
            "root of the value's length",
            root_of_value,
            "The scores are divided by the root of the length of a value. What counts "
            "is the number of products in one score: len(query).",
        ),
        Mutant(
            "multiplied by the root",
            times_root,
            "The scores are multiplied by the root of D. Divide.",
        ),
        Mutant(
            "a draw for the first",
            first_of_the_best,
            "Of two keys with the same score only the first has a share. Each has its "
            "own, and equal scores make equal shares.",
        ),
        Mutant(
            "a tensor", a_tensor, "The result is a tensor. Return a list: .tolist()."
        ),
    ],
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
