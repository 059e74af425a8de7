"""Exercise: attention, the values mixed.

Chapter: 6
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
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


def mean_of_values(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Weigh nothing."""
    return value.mean(dim=-2, keepdim=True).expand_as(value)


def transposed(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Mix with the columns."""
    weights = F.dropout(attention_weights(query, key, is_token), dropout)
    return weights.transpose(-2, -1) @ value


def mixes_keys(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Mix the keys."""
    return attention(query, key, key, is_token, dropout)


def mixes_queries(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Mix the queries."""
    return attention(query, key, query, is_token, dropout)


def values_as_keys(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Compare the queries with the values."""
    return attention(query, value, value, is_token, dropout)


def swapped(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Let the keys ask."""
    return attention(key, query, value, is_token, dropout)


def elementwise(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Multiply number by number."""
    return attention_weights(query, key, is_token) * value


def wrong_order(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Put the values first."""
    return value @ attention_weights(query, key, is_token)


def only_weights(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Forget the values."""
    return attention_weights(query, key, is_token)


def no_softmax(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Mix with the scores."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if is_token is not None:
        scores = scores * is_token[:, None, None, :]
    return scores @ value


def mask_lost(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Do not pass the mask on."""
    return attention(query, key, value, None, dropout)


def mask_on_values(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Set the hidden values to zero instead of their weights."""
    if is_token is not None:
        value = value * is_token[:, None, :, None]
    return attention(query, key, value, None, dropout)


def softmax_twice(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Take the softmax of the weights."""
    weights = attention_weights(query, key, is_token).softmax(dim=-1)
    return F.dropout(weights, dropout) @ value


def one_function(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Leave everything to torch."""
    mask = None if is_token is None else is_token[:, None, None, :]
    return F.scaled_dot_product_attention(query, key, value, mask, dropout)


def with_residual(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Add the values once more."""
    return value + attention(query, key, value, is_token, dropout)


def dropout_ignored(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Drop nothing."""
    return attention(query, key, value, is_token)


def dropout_always(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Drop a tenth, whatever was asked for."""
    return attention(query, key, value, is_token, 0.1)


def dropout_of_result(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Drop numbers of the result."""
    return F.dropout(attention(query, key, value, is_token), dropout)


def dropout_of_values(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Drop numbers of the values."""
    return attention(query, key, F.dropout(value, dropout), is_token)


def dropout_of_tokens(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Drop whole values, for all queries alike."""
    is_kept = F.dropout(torch.ones_like(value[..., :1]), dropout)
    return attention(query, key, value * is_kept, is_token)


def dropout_of_scores(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Drop scores before the softmax."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    scores = F.dropout(scores, dropout)
    if is_token is not None:
        lowest = torch.finfo(scores.dtype).min
        scores = scores.masked_fill(~is_token[:, None, None, :], lowest)
    return scores.softmax(dim=-1) @ value


def not_scaled_up(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Set to zero only."""
    weights = attention_weights(query, key, is_token)
    return F.dropout(weights, dropout) * (1 - dropout) @ value


def normalised_again(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Bring what is left to the sum one."""
    weights = F.dropout(attention_weights(query, key, is_token), dropout)
    total = weights.sum(dim=-1, keepdim=True).clamp(min=1e-30)
    return weights / total @ value


def share_kept(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Take dropout for the share that is kept."""
    return attention(query, key, value, is_token, 1 - dropout if dropout else 0.0)


def in_place(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Write the result into the values."""
    value.copy_(attention(query, key, value.clone(), is_token, dropout))
    return value


def alike_everywhere(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Draw one (T, T) for all texts and heads."""
    weights = attention_weights(query, key, is_token)
    is_kept = torch.rand(weights.shape[-2:]) >= dropout
    return (weights * is_kept / (1 - dropout)) @ value


def alike_in_heads(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Draw one (T, T) for all heads of a text."""
    weights = attention_weights(query, key, is_token)
    is_kept = torch.rand(weights[:, :1].shape) >= dropout
    return (weights * is_kept / (1 - dropout)) @ value


def alike_in_texts(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Draw one (A, T, T) for all texts."""
    weights = attention_weights(query, key, is_token)
    is_kept = torch.rand(weights.shape[1:]) >= dropout
    return (weights * is_kept / (1 - dropout)) @ value


def alike_in_queries(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Draw for each key, and for all queries alike."""
    weights = attention_weights(query, key, is_token)
    is_kept = torch.rand(weights[:, :, :1].shape) >= dropout
    return (weights * is_kept / (1 - dropout)) @ value


def alike_in_columns(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Draw for each key, for all queries and heads alike."""
    weights = attention_weights(query, key, is_token)
    is_kept = torch.rand(weights[:, :1, :1].shape) >= dropout
    return (weights * is_kept / (1 - dropout)) @ value


def alike_each_time(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Draw from a seed of its own."""
    generator = torch.Generator().manual_seed(0)
    weights = attention_weights(query, key, is_token)
    is_kept = torch.rand(weights.shape, generator=generator) >= dropout
    return (weights * is_kept / (1 - dropout)) @ value


def half_always(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Drop half, whatever was asked for."""
    return attention(query, key, value, is_token, 0.5 if dropout else 0.0)


def squeezed(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Drop axes of size 1."""
    return attention(query, key, value, is_token, dropout).squeeze()


def result_divided(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    is_token: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Divide by the number of tokens."""
    return attention(query, key, value, is_token, dropout) / query.shape[-2]


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
    torch.testing.assert_close(padded[:, :, :4], short)
    return True


def order_follows(answer: Answer) -> bool:
    """Ask that the results move with the tokens."""
    query, key, value = draw(42, torch.float64, 3, 2, 3, 5, 7)
    order = torch.tensor([3, 0, 4, 1, 2])
    mixed = answer(query.clone(), key.clone(), value.clone())
    moved = answer(*(x[:, :, order].clone() for x in (query, key, value)))
    torch.testing.assert_close(moved, mixed[:, :, order])
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
    torch.testing.assert_close(found[is_left], weights[is_left] / (1 - SHARE))
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
    torch.testing.assert_close(found, found[..., :1].expand_as(found))
    return True


def dropout_is_random(answer: Answer) -> bool:
    """Ask for another result each time, with dropout."""
    query, key, value = draw(46, torch.float64, 3, 1, 2, 16, 8)
    first = answer(query.clone(), key.clone(), value.clone(), None, SHARE)
    again = answer(query.clone(), key.clone(), value.clone(), None, SHARE)
    return bool((first != again).any())


EXERCISE = Exercise(
    id="attention",
    chapter=6,
    title="Attention",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=attention,
    accepted={"einsum": with_einsum, "own dropout": own_dropout},
    mutants=[
        Mutant(
            "mean of the values",
            mean_of_values,
            "Every token gets the same result, the mean of the values: the weights "
            "are not used. Multiply: weights @ value.",
        ),
        Mutant(
            "weights transposed",
            transposed,
            "The columns of the weights mix the values. A row belongs to a query: "
            "weights @ value, with the weights as they are.",
        ),
        Mutant(
            "mixes the keys",
            mixes_keys,
            "The weights mix the keys. Keys are for being found; what is passed on "
            "is the value: weights @ value.",
        ),
        Mutant(
            "mixes the queries",
            mixes_queries,
            "The weights mix the queries. What is passed on is the value: "
            "weights @ value.",
        ),
        Mutant(
            "values as keys",
            values_as_keys,
            "The queries are compared with the values. Compare them with the keys: "
            "attention_weights(query, key, is_token).",
        ),
        Mutant(
            "query and key swapped",
            swapped,
            "The keys ask and the queries answer. The first argument of "
            "attention_weights is the query.",
        ),
        Mutant(
            "product number by number",
            elementwise,
            "weights * value multiplies number by number. Mixing adds up over the "
            "tokens: a matrix product, weights @ value.",
        ),
        Mutant(
            "values first",
            wrong_order,
            "The values stand on the left. (T, T) times (T, D) gives (T, D): "
            "weights @ value.",
        ),
        Mutant(
            "only the weights",
            only_weights,
            "These are the weights. Multiply them with the values: weights @ value.",
        ),
        Mutant(
            "no softmax",
            no_softmax,
            "The values are mixed with the raw scores, which are no shares. Call "
            "attention_weights first; its rows sum to one.",
        ),
        Mutant(
            "mask not passed on",
            mask_lost,
            "is_token does not reach attention_weights, so padding is mixed in. Pass "
            "it on as the third argument.",
        ),
        Mutant(
            "mask on the values",
            mask_on_values,
            "The hidden values are set to zero, but their weights are still there: "
            "the tokens share less than the whole. Hide keys before the softmax: give "
            "is_token to attention_weights.",
        ),
        Mutant(
            "softmax twice",
            softmax_twice,
            "The weights went through a softmax once more, which makes every row "
            "nearly even. attention_weights has done it already.",
        ),
        Mutant(
            "torch's own function",
            one_function,
            "Right until a text is empty: with a mask of True and False, torch's "
            "function makes zeros of such a row, and this page asks for the mean of "
            "the values. Use attention_weights.",
        ),
        Mutant(
            "values added again",
            with_residual,
            "The values are added to the mixture. The sum around attention is the "
            "encoder layer's (chapter 8), and it adds the input, not the values.",
        ),
        Mutant(
            "dropout ignored",
            dropout_ignored,
            "dropout is not used. If it is not 0, set that share of the weights to "
            "zero before they mix: F.dropout(weights, dropout).",
        ),
        Mutant(
            "dropout always",
            dropout_always,
            "Weights are dropped although dropout is 0. Use the argument: "
            "F.dropout(weights, dropout), which does nothing for 0.",
        ),
        Mutant(
            "dropout of the result",
            dropout_of_result,
            "Numbers of the result are dropped. Drop weights, before they mix: then "
            "a token misses another token as a whole.",
        ),
        Mutant(
            "dropout of the values",
            dropout_of_values,
            "Numbers of the values are dropped, the same for all queries. Drop "
            "weights: each query loses other tokens, and loses them whole.",
        ),
        Mutant(
            "dropout of whole tokens",
            dropout_of_tokens,
            "A dropped token is missing for all queries at once. Drop weights, which "
            "are drawn for each pair of query and key.",
        ),
        Mutant(
            "dropout of the scores",
            dropout_of_scores,
            "Scores are dropped before the softmax: a score of 0 still has a weight, "
            "as exp(0) is 1. Drop the weights, after the softmax.",
        ),
        Mutant(
            "not scaled up",
            not_scaled_up,
            "The weights that are left keep their size, so the results are too small "
            "on average. Divide them by 1 - dropout, as F.dropout does.",
        ),
        Mutant(
            "normalised again",
            normalised_again,
            "After dropout the rows are brought to the sum one again. BERT divides "
            "what is left by 1 - dropout and leaves it at that: rows sum to one only "
            "on average.",
        ),
        Mutant(
            "dropout as the share kept",
            share_kept,
            "dropout is the fraction set to zero, not the fraction that is kept: "
            "F.dropout(weights, dropout).",
        ),
        Mutant(
            "values changed in place",
            in_place,
            "The result is written into the tensor that was given as value. Return a "
            "new one: weights @ value makes it.",
        ),
        Mutant(
            "alike for all texts and heads",
            alike_everywhere,
            "The same weights are dropped in all heads of all texts. Draw for every "
            "weight, (B, A, T, T): F.dropout does, torch.rand_like too.",
        ),
        Mutant(
            "alike for all heads",
            alike_in_heads,
            "The same weights are dropped in all heads of a text. Draw for every "
            "weight, (B, A, T, T).",
        ),
        Mutant(
            "alike for all texts",
            alike_in_texts,
            "The same weights are dropped in all texts. Draw for every weight, "
            "(B, A, T, T).",
        ),
        Mutant(
            "alike for all queries",
            alike_in_queries,
            "All queries lose the same keys. Draw for every weight, each pair of query "
            "and key.",
        ),
        Mutant(
            "alike for all queries and heads",
            alike_in_columns,
            "A dropped key is missing for all queries of all heads. Draw for every "
            "weight, (B, A, T, T): each pair of query and key in each head.",
        ),
        Mutant(
            "alike each time",
            alike_each_time,
            "Each call drops the same weights: the random numbers begin anew from one "
            "seed. Leave the seed to the caller.",
        ),
        Mutant(
            "half always",
            half_always,
            "Weights are dropped, and not the share that was asked for. Use the "
            "argument: F.dropout(weights, dropout).",
        ),
        Mutant(
            "axes of size 1 dropped",
            squeezed,
            "An axis of size 1 is gone where there is one text or one head. Leave "
            "squeeze out: the result is (B, A, T, D) for all sizes.",
        ),
        Mutant(
            "divided by T",
            result_divided,
            "The mixture is divided by the number of tokens. The weights of a row sum "
            "to one already: leave that division out.",
        ),
    ],
    cases=cases,
    properties=[
        Property(
            "padding changes nothing",
            "With padding behind a text, whatever it holds, the results of the text's "
            "tokens must stay.",
            padding_changes_nothing,
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
