"""Exercise: attention, the values mixed.

Chapter: 6
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.compare import assert_close
from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.model.attention import attention, attention_weights

STUB = '''
def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Mix the values by how well each query matches each key -> (B, A, T, D).

    `attention_weights` is yours to use. `dropout` is the fraction of *weights* that
    is set to zero at random, the others scaled up; with 0.0 nothing is dropped. The
    page's query 0, (2, 2, 0, 0), gives (7.55, 3.35).
    """
    raise NotAttempted
'''

Answer = Callable[..., Tensor]


def with_einsum(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Name the axes, and always call dropout."""
    weights = F.dropout(attention_weights(query, key, is_token), dropout)
    return torch.einsum("bhij,bhjd->bhid", weights, value)


def own_dropout(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Draw the zeros by hand."""
    weights = attention_weights(query, key, is_token)
    is_kept = torch.rand(weights.shape) >= dropout
    return (weights * is_kept / (1 - dropout)) @ value


QUERY = [[2.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [2.0, 0.0, 0.0, 4.0]]
KEY = [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]]
VALUE = [[10.0, 0.0], [0.0, 10.0], [10.0, 10.0]]
SHARE = 0.75  # dropped in the tests of dropout


def draw(seed: int, dtype: torch.dtype, *shape: int) -> Tensor:
    """Draw a tensor that depends on the seed only."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw the page's tokens, unequal sizes, padding and an empty text."""

    def three(number: int, *shape: int) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = draw(10 * seed + number, dtype, 3, *shape)
        return query, key, value

    page = [torch.tensor(rows, dtype=dtype)[None, None] for rows in (QUERY, KEY, VALUE)]
    is_token = torch.arange(5) < torch.tensor([[5], [3], [1]])
    empty = torch.arange(3) < torch.tensor([[3], [0]])
    return [
        Case(tuple(page), "the page's 3 tokens"),
        Case(three(1, 2, 3, 5, 7), "2 texts, 3 heads, 5 tokens, D = 7"),
        Case((*three(2, 3, 2, 5, 16), is_token), "3 texts of 5, 3 and 1 tokens"),
        Case((*three(3, 2, 4, 3, 5), empty), "a text of 3 tokens and an empty one"),
    ]


def padding_changes_nothing(answer: Answer) -> bool:
    """Ask for the same result when padding of any content is added."""
    query, key, value = draw(41, torch.float64, 3, 1, 3, 6, 5)
    short = answer(*(x[:, :, :4].clone() for x in (query, key, value)))
    is_token = torch.arange(6)[None] < 4
    value = value.clone()
    value[:, :, 4:] = 1e6
    padded = answer(query.clone(), key.clone(), value, is_token)
    assert_close(padded[:, :, :4], short)
    return True


def order_follows(answer: Answer) -> bool:
    """Ask that the results move with the tokens."""
    query, key, value = draw(42, torch.float64, 3, 2, 3, 5, 7)
    order = torch.tensor([3, 0, 4, 1, 2])
    mixed = answer(query.clone(), key.clone(), value.clone())
    moved = answer(*(x[:, :, order].clone() for x in (query, key, value)))
    assert_close(moved, mixed[:, :, order])
    return True


def twice_the_same(answer: Answer) -> bool:
    """Ask for no chance without dropout."""
    query, key, value = draw(43, torch.float64, 3, 2, 3, 5, 7)
    first = answer(query.clone(), key.clone(), value.clone())
    again = answer(query.clone(), key.clone(), value.clone())
    return bool((first == again).all())


def dropped_weights(answer: Answer) -> tuple[Tensor, Tensor]:
    """Read the weights after dropout, and those before, with unit vectors as values."""
    query, key = draw(44, torch.float64, 2, 2, 2, 64, 64) / 2
    value = torch.eye(64, dtype=torch.float64).expand(2, 2, 64, 64)
    found = answer(query.clone(), key.clone(), value.clone(), None, SHARE)
    return found, attention_weights(query, key, None)


def some_are_zero(answer: Answer) -> bool:
    """Ask for the right share of zeros; by chance it is this far off once in 10^20."""
    found, _ = dropped_weights(answer)
    share = (found == 0).double().mean().item()
    return abs(share - SHARE) < 0.045


def the_rest_is_kept(answer: Answer) -> bool:
    """Ask that the share of zeros is not the share to be kept."""
    found, _ = dropped_weights(answer)
    share = (found == 0).double().mean().item()
    return abs(share - (1 - SHARE)) > 0.045


def others_scaled_up(answer: Answer) -> bool:
    """Ask that each weight which is left is divided by the share that is kept."""
    found, weights = dropped_weights(answer)
    is_left = found != 0
    assert_close(found[is_left], weights[is_left] / (1 - SHARE))
    return bool(is_left.any())


def sums_vary(answer: Answer) -> bool:
    """Ask that nothing brings the rows back to the sum one."""
    found, _ = dropped_weights(answer)
    return bool(((found.sum(dim=-1) - 1).abs() > 0.01).any())


def rows_drop_apart(answer: Answer) -> bool:
    """Ask that each query loses other weights."""
    found, _ = dropped_weights(answer)
    is_zero = found == 0
    return bool((is_zero[:, :, 0] != is_zero[:, :, 1]).any())


def columns_drop_apart(answer: Answer) -> bool:
    """Ask that no query loses all tokens at once: 64 draws of SHARE never do that."""
    found, _ = dropped_weights(answer)
    return not bool((found == 0).all(dim=-1).any())


def heads_drop_apart(answer: Answer) -> bool:
    """Ask that each head loses other weights."""
    found, _ = dropped_weights(answer)
    is_zero = found == 0
    return bool((is_zero[:, 0] != is_zero[:, 1]).any())


def texts_drop_apart(answer: Answer) -> bool:
    """Ask that each text loses other weights."""
    found, _ = dropped_weights(answer)
    is_zero = found == 0
    return bool((is_zero[0] != is_zero[1]).any())


def a_weight_drops_whole(answer: Answer) -> bool:
    """Ask that a dropped weight takes its whole value with it."""
    query, key = draw(45, torch.float64, 2, 1, 2, 16, 8)
    value = torch.ones_like(query)
    found = answer(query.clone(), key.clone(), value, None, SHARE)
    assert_close(found, found[..., :1].expand_as(found))
    return True


def dropout_is_random(answer: Answer) -> bool:
    """Ask for another result each time, with dropout."""
    query, key, value = draw(46, torch.float64, 3, 1, 2, 16, 8)
    first = answer(query.clone(), key.clone(), value.clone(), None, SHARE)
    again = answer(query.clone(), key.clone(), value.clone(), None, SHARE)
    return bool((first != again).any())


MISTAKES = """
mean of the values: … => return value.mean(dim=-2, keepdim=True).expand_as(value)
    Every token gets the same result, the mean of the values: the weights are not used.
    Multiply: weights @ value.
weights transposed: weights @ value => weights.transpose(-2, -1) @ value
    The columns of the weights mix the values. A row belongs to a query: weights @
    value, with the weights as they are.
mixes the keys: @ value => @ key
    The weights mix the keys. Keys are for being found; what is passed on is the value:
    weights @ value.
mixes the queries: @ value => @ query
    The weights mix the queries. What is passed on is the value: weights @ value.
values as keys: (query, key, is_token) => (query, value, is_token)
    The queries are compared with the values. Compare them with the keys:
    attention_weights(query, key, is_token).
query and key swapped: (query, key, is_token) => (key, query, is_token)
    The keys ask and the queries answer. The first argument of attention_weights is the
    query.
product number by number: … => return attention_weights(query, key, is_token) * value
    weights * value multiplies number by number. Mixing adds up over the tokens: a
    matrix product, weights @ value.
values first: … => return value @ attention_weights(query, key, is_token)
    The values stand on the left. (T, T) times (T, D) gives (T, D): weights @ value.
only the weights: … => return attention_weights(query, key, is_token)
    These are the weights. Multiply them with the values: weights @ value.
no softmax: … => scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
|     if is_token is not None:
|         scores = scores * is_token[:, None, None, :]
|     return scores @ value
    The values are mixed with the raw scores, which are no shares. Call
    attention_weights first; its rows sum to one.
mask not passed on: key, is_token) => key, None)
    is_token does not reach attention_weights, so padding is mixed in. Pass it on as the
    third argument.
mask on the values: weights = attention_weights(query, key, is_token) =>
| weights = attention_weights(query, key, None)
|     if is_token is not None:
|         value = value * is_token[:, None, :, None]
    The hidden values are set to zero, but their weights are still there: the tokens
    share less than the whole. Hide keys before the softmax: give is_token to
    attention_weights.
softmax twice: is_token) => is_token).softmax(dim=-1)
    The weights went through a softmax once more, which makes every row nearly even.
    attention_weights has done it already.
torch's own function:
- … => mask = None if is_token is None else is_token[:, None, None, :]
|     return F.scaled_dot_product_attention(query, key, value, mask, dropout)
    Right until a text is empty: with a mask of True and False, torch's function makes
    zeros of such a row, and this page asks for the mean of the values. Use
    attention_weights.
values added again: return => return value +
    The values are added to the mixture. The sum around attention is the encoder layer's
    (chapter 8), and it adds the input, not the values.
dropout ignored: if dropout: => if False:
    dropout is not used. If it is not 0, set that share of the weights to zero before
    they mix: F.dropout(weights, dropout).
dropout always: if dropout: … dropout) => weights = F.dropout(weights, 0.1)
    Weights are dropped although dropout is 0. Use the argument: F.dropout(weights,
    dropout), which does nothing for 0.
dropout of the result:
- … => return F.dropout(right(query, key, value, is_token), dropout)
    Numbers of the result are dropped. Drop weights, before they mix: then a token
    misses another token as a whole.
dropout of the values:
- weights = F.dropout(weights, dropout) => value = F.dropout(value, dropout)
    Numbers of the values are dropped, the same for all queries. Drop weights: each
    query loses other tokens, and loses them whole.
dropout of whole tokens: weights = F.dropout(weights, dropout) =>
| weights = weights * F.dropout(torch.ones_like(value[..., :1]), dropout).mT
    A dropped token is missing for all queries at once. Drop weights, which are drawn
    for each pair of query and key.
dropout of the scores:
- … => scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
|     scores = F.dropout(scores, dropout)
|     if is_token is not None:
|         lowest = torch.finfo(scores.dtype).min
|         scores = scores.masked_fill(~is_token[:, None, None, :], lowest)
|     return scores.softmax(dim=-1) @ value
    Scores are dropped before the softmax: a score of 0 still has a weight, as exp(0) is
    1. Drop the weights, after the softmax.
not scaled up:
- F.dropout(weights, dropout) => F.dropout(weights, dropout) * (1 - dropout)
    The weights that are left keep their size, so the results are too small on average.
    Divide them by 1 - dropout, as F.dropout does.
normalised again: F.dropout(weights, dropout) => F.dropout(weights, dropout)
|         weights = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-30)
    After dropout the rows are brought to the sum one again. BERT divides what is left
    by 1 - dropout and leaves it at that: rows sum to one only on average.
dropout as the share kept: weights, dropout) => weights, 1 - dropout)
    dropout is the fraction set to zero, not the fraction that is kept:
    F.dropout(weights, dropout).
values changed in place:
- return weights @ value => return value.copy_(weights @ value.clone())
    The result is written into the tensor that was given as value. Return a new one:
    weights @ value makes it.
alike for all texts and heads (of own dropout): shape => shape[-2:]
    The same weights are dropped in all heads of all texts. Draw for every weight, (B,
    A, T, T): F.dropout does, torch.rand_like too.
alike for all heads (of own dropout): weights. => weights[:, :1].
    The same weights are dropped in all heads of a text. Draw for every weight, (B, A,
    T, T).
alike for all texts (of own dropout): shape => shape[1:]
    The same weights are dropped in all texts. Draw for every weight, (B, A, T, T).
alike for all queries (of own dropout): weights. => weights[:, :, :1].
    All queries lose the same keys. Draw for every weight, each pair of query and key.
alike for all queries and heads (of own dropout): weights. => weights[:, :1, :1].
    A dropped key is missing for all queries of all heads. Draw for every weight, (B, A,
    T, T): each pair of query and key in each head.
alike each time (of own dropout):
- weights = => generator = torch.Generator().manual_seed(0)
|     weights =
- shape => shape, generator=generator
    Each call drops the same weights: the random numbers begin anew from one seed. Leave
    the seed to the caller.
half always: weights, dropout) => weights, 0.5)
    Weights are dropped, and not the share that was asked for. Use the argument:
    F.dropout(weights, dropout).
axes of size 1 dropped:
- … => return right(query, key, value, is_token, dropout).squeeze()
    An axis of size 1 is gone where there is one text or one head. Leave squeeze out:
    the result is (B, A, T, D) for all sizes.
divided by T: return => return 1 / query.shape[-2] *
    The mixture is divided by the number of tokens. The weights of a row sum to one
    already: leave that division out.
whole rows dropped: weights = F.dropout(weights, dropout) =>
| weights = weights * F.dropout(torch.ones_like(weights[..., :1]), dropout)
    A query loses all tokens at once or none, so that its result is zero. Draw for every
    weight, each pair of query and key: F.dropout(weights, dropout).
"""

EXERCISE = Exercise(
    id="attention",
    chapter=6,
    title="Attention",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=attention,
    accepted={"einsum": with_einsum, "own dropout": own_dropout},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "padding changes nothing",
            "With padding behind a text, whatever it holds, the results of the text's "
            "tokens must stay.",
            padding_changes_nothing,
        ),
        Property(
            "weights are dropped one by one",
            "With dropout, a query that loses one token must not lose all of them.",
            columns_drop_apart,
        ),
        Property(
            "order follows the tokens",
            "When tokens change places, the results must change places with them.",
            order_follows,
        ),
        Property(
            "the same twice",
            "Without dropout, two calls must give the same numbers.",
            twice_the_same,
        ),
        Property(
            "dropout is random",
            "With dropout, two calls must give different numbers.",
            dropout_is_random,
        ),
        Property(
            "the share of zeros",
            "With dropout = 0.75, three quarters of the weights must be zero.",
            some_are_zero,
        ),
        Property(
            "zeros and the rest",
            "With dropout = 0.75, a quarter of the weights is zero: that is the share "
            "that stays.",
            the_rest_is_kept,
        ),
        Property(
            "the others scaled up",
            "A weight that is not dropped must be divided by 1 - dropout.",
            others_scaled_up,
        ),
        Property(
            "not normalised again",
            "After dropout a row sums to one only on average; yours always does.",
            sums_vary,
        ),
        Property(
            "each query drops its own",
            "Two queries must not lose the same tokens.",
            rows_drop_apart,
        ),
        Property(
            "each head drops its own",
            "Two heads must not lose the same weights.",
            heads_drop_apart,
        ),
        Property(
            "each text drops its own",
            "Two texts must not lose the same weights.",
            texts_drop_apart,
        ),
        Property(
            "a weight drops whole",
            "A dropped weight must take the whole value with it: with values of ones, "
            "all numbers of a result are equal.",
            a_weight_drops_whole,
        ),
    ],
    waived={
        "if dropout: ... => if True: ...": (
            "dropout with a probability of 0 changes nothing"
        ),
    },
    hints=(
        "The weights are (B, A, T, T), the values (B, A, T, D). Which product gives "
        "(B, A, T, D), and over what does it sum?",
        "Get the weights from attention_weights, with the mask. If dropout is not 0, "
        "send them through F.dropout. Then multiply with the values.",
        "weights = attention_weights(query, key, is_token); weights = "
        "F.dropout(weights, dropout); return weights @ value.",
    ),
)
