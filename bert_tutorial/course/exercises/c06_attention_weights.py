"""Exercise: the weights of attention.

Chapter: 6
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from bert_tutorial.course.judging.compare import assert_close
from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.model.attention import attention_weights

STUB = '''
def attention_weights(query: Tensor, key: Tensor, is_token: Tensor | None) -> Tensor:
    """Say how much each query takes of each key: (B, A, T, D) twice -> (B, A, T, T).

    `is_token` is (B, T), False where a key is to be hidden, or None: nothing hidden.
    A row without any token to see gives all tokens the same weight. The page's
    query 0, (2, 2, 0, 0), gives the row (0.67, 0.24, 0.09).
    """
    raise NotAttempted
'''

Answer = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def raw(query: Tensor, key: Tensor) -> Tensor:
    """Score each pair, unscaled."""
    return query @ key.transpose(-2, -1)


def scaled(query: Tensor, key: Tensor) -> Tensor:
    """Score each pair."""
    return raw(query, key) / math.sqrt(query.shape[-1])


def hide(scores: Tensor, is_token: Tensor | None) -> Tensor:
    """Give hidden keys the lowest score."""
    if is_token is None:
        return scores
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~is_token[:, None, None, :], lowest)


def with_einsum(query: Tensor, key: Tensor, is_token: Tensor | None) -> Tensor:
    """Name the axes."""
    scores = torch.einsum("bhid,bhjd->bhij", query, key) * query.shape[-1] ** -0.5
    return hide(scores, is_token).softmax(dim=-1)


def with_penalty(query: Tensor, key: Tensor, is_token: Tensor | None) -> Tensor:
    """Add the lowest number where a key is hidden."""
    scores = scaled(query, key)
    if is_token is not None:
        hidden = (~is_token)[:, None, None, :].to(scores.dtype)
        scores = scores + hidden * torch.finfo(scores.dtype).min
    return scores.softmax(dim=-1)


def with_maximum(query: Tensor, key: Tensor, is_token: Tensor | None) -> Tensor:
    """Write the softmax out, stably, and fill with minus a billion."""
    scores = raw(query / query.shape[-1] ** 0.5, key)
    if is_token is not None:
        scores = scores.masked_fill(~is_token[:, None, None, :], -1e9)
    exponentials = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


QUERY = [[2.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [2.0, 0.0, 0.0, 4.0]]
KEY = [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]]


def draw(seed: int, dtype: torch.dtype, *shape: int) -> Tensor:
    """Draw a tensor that depends on the seed only."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw the page's tokens, unequal sizes, padding, large scores, an empty row."""

    def pair(number: int, *shape: int) -> tuple[Tensor, Tensor]:
        query, key = draw(10 * seed + number, dtype, 2, *shape)
        return query, key

    lengths = torch.tensor([[5], [3], [1]])
    is_token = torch.arange(5) < lengths  # (B, T)
    empty = torch.arange(3) < torch.tensor([[3], [0]])
    query, key = pair(3, 1, 2, 4, 9)
    large = 1500 * query / query.norm(dim=-1, keepdim=True)
    key = key / key.norm(dim=-1, keepdim=True)
    both = torch.tensor(QUERY, dtype=dtype), torch.tensor(KEY, dtype=dtype)
    return [
        Case((both[0][None, None], both[1][None, None], None), "the page's 3 tokens"),
        Case((*pair(1, 2, 3, 5, 7), None), "2 texts, 3 heads, 5 tokens, D = 7"),
        Case((*pair(2, 3, 2, 5, 16), is_token), "3 texts of 5, 3 and 1 tokens"),
        Case((large, key, None), "scores of some hundreds"),
        Case((*pair(4, 2, 4, 3, 5), empty), "a text of 3 tokens and an empty one"),
    ]


def rows_sum_to_one(answer: Answer) -> bool:
    """Ask for shares, with and without padding."""
    query, key = draw(31, torch.float64, 2, 2, 3, 5, 7)
    is_token = torch.arange(5) < torch.tensor([[5], [2]])
    for mask in (None, is_token):
        weights = answer(query.clone(), key.clone(), mask)
        total = weights.sum(dim=-1)
        assert_close(total, torch.ones_like(total))
        if weights.min() < 0:
            return False
    return True


def padding_changes_nothing(answer: Answer) -> bool:
    """Ask for the same weights when padding is added at the end."""
    query, key = draw(32, torch.float64, 2, 1, 3, 6, 5)
    short = answer(query[:, :, :4].clone(), key[:, :, :4].clone(), None)
    is_token = torch.arange(6)[None] < 4
    padded = answer(query.clone(), key.clone(), is_token)[:, :, :4]
    assert_close(padded[..., :4], short)
    return bool((padded[..., 4:] == 0).all())


def order_follows(answer: Answer) -> bool:
    """Ask that rows and columns move with the tokens."""
    query, key = draw(33, torch.float64, 2, 2, 3, 5, 7)
    order = torch.tensor([3, 0, 4, 1, 2])
    weights = answer(query.clone(), key.clone(), None)
    moved = answer(query[:, :, order].clone(), key[:, :, order].clone(), None)
    assert_close(moved, weights[:, :, order][..., order])
    return True


def texts_are_apart(answer: Answer) -> bool:
    """Ask for the same weights of a text, alone and in a batch."""
    query, key = draw(34, torch.float64, 2, 3, 2, 5, 7)
    is_token = torch.arange(5) < torch.tensor([[4], [2], [5]])
    together = answer(query.clone(), key.clone(), is_token)
    for b in range(3):
        alone = answer(query[b, None].clone(), key[b, None].clone(), is_token[b, None])
        assert_close(alone[0], together[b])
    return True


def queries_are_apart(answer: Answer) -> bool:
    """Ask that a row stays when another query changes."""
    query, key = draw(35, torch.float64, 2, 1, 2, 4, 6)
    other = query.clone()
    other[:, :, 2] += 1
    before = answer(query.clone(), key.clone(), None)
    after = answer(other, key.clone(), None)
    rest = [0, 1, 3]
    assert_close(after[:, :, rest], before[:, :, rest])
    return True


MISTAKES = """
no scale: / math.sqrt(query.shape[-1]) =>
    These are the numbers of a softmax of the raw scores. Either the scores are not
    divided by the root of D, or the division stands outside the exponent, where it
    cancels as soon as each row is divided by its sum. Divide the scores, before the
    softmax.
scale outside, normalised: / math.sqrt(query.shape[-1]) =>
    = no scale
softmax divided by the root:
- / math.sqrt(query.shape[-1]) =>
- .softmax(dim=-1) => .softmax(dim=-1) / math.sqrt(query.shape[-1])
    The weights, and not the scores, are divided by the root of D: each row sums to one
    over that root. Divide before the softmax.
divided twice: .softmax(dim=-1) => .softmax(dim=-1) / math.sqrt(query.shape[-1])
    The scores are divided by the root of D, and the weights once more. Leave out the
    second division; after the softmax a row sums to one.
scale outside, no denominator:
- / math.sqrt(query.shape[-1]) =>
- .softmax(dim=-1) => .exp() / math.sqrt(query.shape[-1])
    This is exp(Q K^T) over the root of D. Two things are wrong: the scale belongs
    inside the exponent, and the denominator, the sum of the row's exponentials, is
    missing. Divide the scores, then take the softmax.
no denominator: softmax(dim=-1) => exp()
    These are exponentials without their denominator: divide each by the sum of its row,
    or use softmax(dim=-1), which does both.
overflow:
- scores.softmax(dim=-1) => scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
    Right for small scores, but exp(100) is too large for 32 bits, and inf / inf is NaN.
    Subtract each row's largest score before exp, or use scores.softmax(dim=-1), which
    does that.
divided by D: math.sqrt(query.shape[-1]) => query.shape[-1]
    The scores are divided by D. It is the square root of D: math.sqrt(query.shape[-1]).
divided by the root of H: query.shape[-1] => query.shape[1] * query.shape[-1]
    The scores are divided by the root of A times D, the size of the whole model. A
    score is a sum of D products, one head's: use the root of query.shape[-1].
divided by the root of T: query.shape[-1] => query.shape[-2]
    The scores are divided by the root of the number of tokens. The last axis of query
    has D numbers; axis -2 counts the tokens.
divided by the root of A: query.shape[-1] => query.shape[1]
    The scores are divided by the root of the number of heads, axis 1. A score is a sum
    of D products, and D is the last axis: query.shape[-1].
multiplied by the root: / math.sqrt => * math.sqrt
    The scores are multiplied by the root of D, which makes the rows sharper still.
    Divide.
softmax over the queries: softmax(dim=-1) => softmax(dim=-2)
    The columns sum to one: the softmax runs over the queries. Each query shares out its
    attention among the keys, the last axis: dim=-1.
softmax over the heads: softmax(dim=-1) => softmax(dim=1)
    The softmax runs over the heads, axis 1. That is also what F.softmax does with four
    axes when dim is not given. Say dim=-1.
softmax over the whole table:
- .softmax(dim=-1) => .flatten(-2).softmax(dim=-1).view_as(scores)
    All pairs of a head together sum to one. Each query has a whole to share out of its
    own: divide each row by its own sum, softmax(dim=-1).
divided by the largest:
- scores.softmax(dim=-1) => (scores - scores.amax(dim=-1, keepdim=True)).exp()
    The largest weight of each row is 1: subtracting the largest score was right, but
    the division by the row's sum is missing.
no softmax: .softmax(dim=-1) =>
    These are the scores. The last step is missing: softmax(dim=-1).
log_softmax: softmax => log_softmax
    These are the logarithms of the weights. Use softmax, not log_softmax.
mask after the softmax:
- scores = scores.masked_fill(~is_token, torch.finfo(scores.dtype).min) =>
| return scores.softmax(dim=-1) * is_token
    The hidden keys are set to zero after the softmax, so rows with padding no longer
    sum to one. Hide the scores before the softmax.
mask inverted: ~is_token => is_token
    The tokens are hidden and the padding is seen. is_token is True for a real token:
    fill where it is False, ~is_token.
scores times 0:
- scores.masked_fill(~is_token, torch.finfo(scores.dtype).min) => scores * is_token
    A hidden key gets a score of about 0, and exp(0) is 1: that hides nothing. Put the
    lowest number of the dtype in its place, torch.finfo(scores.dtype).min, before the
    softmax. (-1e-9 is nearly zero; -1e9 is minus a billion.)
-1e-9 for -1e9: torch.finfo(scores.dtype).min => -1e-9
    = scores times 0
query and key swapped: query @ key => key @ query
    The keys ask and the queries answer: the scores are transposed. Rows are queries:
    query @ key.transpose(-2, -1).
keys not transposed: .transpose(-2, -1) =>
    The keys go into the product as (T, D). For all pairs of tokens, turn their last two
    axes: key.transpose(-2, -1) is (D, T).
all axes turned: transpose(-2, -1) => permute(3, 2, 1, 0)
    All four axes of key are turned, as key.T would do. Batch and head must stay where
    they are: turn the last two only, key.transpose(-2, -1).
heads and tokens turned: transpose(-2, -1) => transpose(1, 2)
    Axes 1 and 2 of key are turned, heads and tokens. Turn the last two, tokens and
    numbers: key.transpose(-2, -1).
product number by number:
- … => return (query * key / math.sqrt(query.shape[-1])).softmax(dim=-1)
    query * key multiplies number by number, each token with itself only. All pairs of
    tokens need a matrix product: @.
rows hidden: [:, None, None, :] => [:, None, :, None]
    The rows of the padding are hidden, not its columns: real tokens still take from
    padding. The mask belongs on the last axis, that of the keys: is_token[:, None,
    None, :].
rows and columns hidden:
- [:, None, None, :] => [:, None, :, None] & is_token[:, None, None, :]
    The columns of the padding are hidden, and its rows too. That is one mask too many:
    what padding itself takes is never used, and its rows should be like the others.
    Only keys are hidden: is_token[:, None, None, :].
the highest number: .min => .max
    The hidden keys get the highest number of the dtype, and with it the whole row. Fill
    with the lowest: torch.finfo(scores.dtype).min.
mask ignored: is_token is not None => False
    is_token is not used: real tokens take from padding. Fill the scores of hidden keys
    with a very low number before the softmax.
mask without axes: [:, None, None, :] =>
    is_token is (B, T), the scores are (B, A, T, T). Give the mask axes of size 1 for
    heads and queries: is_token[:, None, None, :].
mask as a condition: is_token is not None => is_token
    `if is_token` asks a whole tensor for one yes or no. Ask `if is_token is not None`.
no mask is a mask:
- is_token is not None => True
- is_token.dim() == 2 => True
    is_token may be None: then nothing is hidden. Ask `if is_token is not None` before
    you use it.
minus infinity: torch.finfo(scores.dtype).min => -torch.inf
    Right until a text is empty: its rows are NaN, which then spreads. A row of minus
    infinities has no softmax, and weights that are set to zero and divided by what is
    left are 0 / 0. Fill the scores with torch.finfo(scores.dtype).min before the
    softmax, which leaves such a row even.
zero rows:
- torch.finfo(scores.dtype).min => -torch.inf
- softmax(dim=-1) => softmax(dim=-1).nan_to_num()
    A text without tokens gets rows of zeros, which do not sum to one. Fill with
    torch.finfo(scores.dtype).min instead of minus infinity; then the row is even, and
    nothing needs mending.
a billion subtracted: scores.masked_fill(~is_token, torch.finfo(scores.dtype).min) =>
| scores - 1e9 * ~is_token
    Right until a text is empty: there every score is a billion lower, and the softmax
    sees only differences, so the padding is mixed by its scores. Replace the scores
    with masked_fill instead of adding to them.
-100 as the lowest: torch.finfo(scores.dtype).min => -100
    Hidden keys get -100, which is not low enough: real scores can be as low, and then
    padding is seen. Fill with torch.finfo(scores.dtype).min.
query changed in place: scores = query => query /= math.sqrt(query.shape[-1])
|     return right(query * math.sqrt(query.shape[-1]), key, is_token)
|     scores = query
    The function changes the tensor that it was given: query /= ... writes into it, and
    the next call sees other queries. Make a new tensor: scores = ... / ...
dropout: … => return F.dropout(right(query, key, is_token), 0.1)
    Some weights are dropped at random. Dropout is for training, and a matter of the
    next function; leave it out here.
only to the left: return => later = torch.ones_like(scores).triu(1).bool()
|     scores = scores.masked_fill(later, torch.finfo(scores.dtype).min)
|     return
    Each token sees only itself and what stands before it. That is how a model that
    writes text attends; BERT looks to both sides.
cosine: query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]) =>
| F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).transpose(-2, -1)
    The vectors are brought to length one first, so only their directions count.
    Attention uses the plain product, divided by the root of D.
32 bits: … => return right(query, key, is_token).float()
    The result has another dtype than the queries. Leave out .float(); the dtype of the
    inputs is kept by itself.
ten thousand subtracted: scores.masked_fill(~is_token, torch.finfo(scores.dtype).min) =>
| scores - 1e4 * ~is_token
    Right until a text is empty: there every score is ten thousand lower, and the
    softmax sees only differences, so the padding is mixed by its scores. Replace the
    scores with masked_fill instead of adding to them.
penalty in 32 bits: scores.masked_fill(~is_token, torch.finfo(scores.dtype).min) =>
| scores + ~is_token * torch.finfo(scores.dtype).min
    A bool tensor times a number has torch's default dtype, 32 bits, in which the lowest
    number of 64 bits is minus infinity, and 0 times infinity is NaN. Use masked_fill,
    or give the mask the dtype of the scores first.
shared out twice:
- scores = scores.masked_fill(~is_token, torch.finfo(scores.dtype).min) =>
| weights = scores.softmax(dim=-1) * is_token
|         return weights / weights.sum(dim=-1, keepdim=True)
    = minus infinity
mask inverted, no scale:
- / math.sqrt(query.shape[-1]) =>
- ~is_token => is_token
    Two slips: the tokens are hidden and the padding is seen (fill where is_token is
    False, ~is_token), and the scores are not divided by the root of D.
axes of size 1 dropped: … => return right(query, key, is_token).squeeze()
    An axis of size 1 is gone where there is one text or one head. Leave squeeze out:
    the weights are (B, A, T, T) for all sizes.
sign of the scores lost:
- query @ key.transpose(-2, -1) => (query @ key.transpose(-2, -1)).abs()
    The sign of the scores is lost, so a key that points the other way is taken for one
    that fits. Leave abs out.
mask of the first text: is_token = is_token[ => is_token = is_token[:1][
    All texts have the mask of the first one. Row b of is_token belongs to text b.
"""

EXERCISE = Exercise(
    id="attention-weights",
    chapter=6,
    title="The weights of attention",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=attention_weights,
    accepted={
        "einsum": with_einsum,
        "added penalty": with_penalty,
        "softmax written out": with_maximum,
    },
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "rows sum to one",
            "Each row must hold weights: not negative, and with the sum one.",
            rows_sum_to_one,
        ),
        Property(
            "padding changes nothing",
            "With padding behind a text, the weights between its tokens must stay as "
            "they were, and the padding must get exactly zero.",
            padding_changes_nothing,
        ),
        Property(
            "order follows the tokens",
            "When tokens change places, rows and columns must change places with "
            "them, and nothing else may happen.",
            order_follows,
        ),
        Property(
            "texts are apart",
            "A text must get the same weights alone and in a batch.",
            texts_are_apart,
        ),
        Property(
            "queries are apart",
            "When one query changes, the rows of the others must stay.",
            queries_are_apart,
        ),
    ],
    waived={
        "-2 => 2": ("with four axes, axis -2 is axis 2"),
        "if is_token.dim() == 2: ... => if True: ...": (
            "the task hands over masks of two axes only"
        ),
    },
    hints=(
        "Four steps: scores of all pairs, the scale, hide the padding, the softmax. "
        "Write the shape of each result beside its line.",
        "The product of (T, D) and (D, T) is (T, T): turn the last two axes of key. "
        "Divide by the root of the last size of query. Where is_token is False, the "
        "score becomes the lowest number of the dtype. The softmax runs over keys.",
        "scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]); then, "
        "if there is a mask, scores.masked_fill(~is_token[:, None, None, :], "
        "torch.finfo(scores.dtype).min); then softmax(dim=-1).",
    ),
)
