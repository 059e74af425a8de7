"""Exercise: hide padding, and for a causal model the future.

Chapter: 7
"""

from collections.abc import Callable

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

STUB = '''
def masked_weights(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Turn scores into weights of what may be seen: (B, A, T, T) -> the same shape.

    Padding (False in is_token, (B, T) bool) is hidden from every query; if is_causal,
    so is every key to the right of its query. A query that may see nothing gives all
    keys the same weight. Any dtype works, and none is changed, half precision too.
    With scores of 0, two tokens and one padding, a row is (0.5, 0.5, 0); if causal,
    the first row is (1, 0, 0).
    """
    raise NotAttempted
'''

Answer = Callable[[Tensor, Tensor, bool], Tensor]


def masked_weights(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Hide padding and, if causal, what stands to the right."""
    T = scores.shape[-1]
    is_visible = is_token[:, None, None, :]  # (B, 1, 1, T): every query, same keys
    if is_causal:
        is_visible = is_visible & torch.ones(T, T, dtype=torch.bool).tril()
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~is_visible, lowest).softmax(dim=-1)


def visible(is_token: Tensor, is_causal: bool) -> Tensor:
    """Say which key each query sees: (B, 1, T, T)."""
    T = is_token.shape[-1]
    keys = is_token[:, None, None, :].expand(-1, 1, T, T)
    return keys & torch.ones(T, T, dtype=torch.bool).tril() if is_causal else keys


def fill(scores: Tensor, is_visible: Tensor, value: float) -> Tensor:
    """Fill what may not be seen, and share out."""
    return scores.masked_fill(~is_visible, value).softmax(dim=-1)


def low(scores: Tensor) -> float:
    """Give the lowest number of the dtype."""
    return torch.finfo(scores.dtype).min


def with_positions(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Compare the numbers of the positions."""
    position = torch.arange(scores.shape[-1])
    hidden = ~is_token[:, None, None, :]
    if is_causal:
        hidden = hidden | (position[None, :] > position[:, None])
    return scores.masked_fill(hidden, low(scores)).softmax(dim=-1)


def with_where(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Choose between score and lowest number, at all heads."""
    keep = visible(is_token, is_causal).expand_as(scores)
    return torch.where(keep, scores, torch.full_like(scores, low(scores))).softmax(-1)


def in_single(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Subtract in at least 32 bits, then go back to the dtype."""
    wide = scores if scores.dtype == torch.float64 else scores.float()
    return fill(wide, visible(is_token, is_causal), -1e9).to(scores.dtype)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Padding right, left and everywhere; scores to 80; half precision."""
    torch.manual_seed(seed)
    small = torch.randn(1, 1, 3, 3, dtype=dtype)
    two = torch.tensor([[True, True, False]])
    wide = torch.randn(3, 2, 5, 5, dtype=dtype) * 5
    lengths = torch.arange(5) < torch.tensor([[5], [4], [1]])  # (3, 5)
    strong = torch.randn(1, 2, 4, 4, dtype=dtype).sign() * 80
    strong[..., :2] = -80
    ends = torch.tensor([[True, True, False, False]])
    left = torch.tensor([[False, True, True, True]])
    nothing = torch.zeros(1, 4, dtype=torch.bool)
    half = torch.randn(1, 2, 4, 4).half()
    far = torch.full((1, 2, 4, 4), 60_000.0).half()
    far[..., :2] = -60_000  # still above the lowest number of 16 bits
    return [
        Case((small, two, False), "two tokens and one padding"),
        Case((small, two, True), "two tokens and one padding, causal"),
        Case((wide, lengths, False), "texts of 5, 4 and 1 tokens"),
        Case((wide, lengths, True), "texts of 5, 4 and 1 tokens, causal"),
        Case((strong, ends, False), "scores of 80 and -80"),
        Case((strong.roll(1, -1), left, False), "padding on the left"),
        Case((strong.roll(1, -1), left, True), "padding on the left, causal"),
        Case((strong, nothing, False), "a text without any token"),
        Case((half, ends, False), "scores in half precision"),
        Case((half, ends, True), "scores in half precision, causal"),
        Case((far, ends, False), "scores of 60000 in half precision"),
    ]


def rows_sum_to_one(answer: Answer) -> bool:
    """Every row holds shares."""
    scores = torch.randn(2, 3, 5, 5, dtype=torch.float64)
    is_token = torch.arange(5) < torch.tensor([[5], [2]])
    for is_causal in (False, True):
        weights = answer(scores, is_token, is_causal)
        if not torch.allclose(weights.sum(dim=-1), torch.ones(2, 3, 5).double()):
            return False
    return True


def padding_changes_nothing(answer: Answer) -> bool:
    """Two more positions of padding leave the tokens' weights as they were."""
    scores = torch.randn(1, 2, 5, 5, dtype=torch.float64)
    is_token = torch.tensor([[True] * 3 + [False] * 2])
    for is_causal in (False, True):
        alone = answer(scores[:, :, :3, :3].clone(), is_token[:, :3], is_causal)
        padded = answer(scores.clone(), is_token, is_causal)[:, :, :3]
        if not torch.allclose(alone, padded[..., :3]) or bool(padded[..., 3:].any()):
            return False
    return True


def future_changes_nothing(answer: Answer) -> bool:
    """What stands to the right has no say in a causal row."""
    scores = torch.randn(1, 2, 4, 4, dtype=torch.float64)
    other = scores + torch.randn_like(scores).triu(1) * 9
    everything = torch.ones(1, 4, dtype=torch.bool)
    one = answer(scores, everything, True)
    return bool(torch.allclose(one, answer(other, everything, True)))


MISTAKES = """
-1e9 overflows in half precision: ~is_visible, lowest => ~is_visible, -1e9
    Right in 32 bits, and half precision stops: its lowest number is -65504, and yours
    is lower. Fill with torch.finfo(scores.dtype).min, which is the lowest number of
    whatever dtype comes in.
-1e9 added: scores.masked_fill(~is_visible, lowest) =>
| (scores + (~is_visible).to(scores.dtype) * -1e9)
    A penalty of -1e9 is added. In half precision it is minus infinity, and 0 times
    infinity is NaN; and a text without tokens is mixed by its scores. Replace:
    masked_fill with torch.finfo(scores.dtype).min.
minus infinity: ~is_visible, lowest => ~is_visible, -torch.inf
    A query that may see nothing becomes NaN: a row of minus infinities has no softmax.
    Fill with torch.finfo(scores.dtype).min; such a row is then even.
-50 as the lowest: ~is_visible, lowest => ~is_visible, -50
    Hidden keys get -50, and a real score can be lower: then the padding wins. Fill with
    torch.finfo(scores.dtype).min.
-1e-9 for -1e9: ~is_visible, lowest => ~is_visible, -1e-9
    Hidden scores become 0, or as good as 0 (-1e-9 is no -1e9), and 0 is an ordinary
    score: exp(0) is 1. Fill with torch.finfo(scores.dtype).min.
polarity of is_token: is_token[ => ~is_token[
    The tokens are hidden and the padding is seen. is_token is True for a real token,
    and masked_fill fills where its mask is True: give it ~is_token.
polarity of everything: ~is_visible => is_visible
    What may be seen is hidden, and the rest is seen: both masks are upside down.
    masked_fill fills where its mask is True.
queries hidden: [:, None, None, :] => [:, None, :, None]
    The rows of the padding are hidden, not its columns: real tokens still take from
    padding. The last axis is that of the keys: is_token[:, None, None, :].
queries and keys hidden: ~is_visible => ~(is_visible & is_token[:, None, :, None])
    The rows of the padding are hidden too. Nobody reads them, and here they became even
    rows that look at padding. Hide keys only.
mask after the softmax: lowest = … => return scores.softmax(dim=-1) * is_visible
    Weights are set to zero after the softmax, so the rows no longer sum to one: what
    hidden keys had is lost. Hide the scores before the softmax.
shared out twice: lowest = … => weights = scores.softmax(dim=-1) * is_visible
|     return weights / weights.sum(dim=-1, keepdim=True)
    Weights are set to zero after the softmax and divided by what is left. Where nothing
    is left, that is 0 / 0, NaN. Hide the scores before the softmax; then once is
    enough.
softmax over the queries: softmax(dim=-1) => softmax(dim=-2)
    The columns sum to one: the softmax runs over the queries. It runs over the keys,
    the last axis: dim=-1.
no softmax: .softmax(dim=-1) =>
    The hidden scores are low, and the rest are still scores. The last step is missing:
    softmax(dim=-1).
32 bits: … => return right(scores.float(), is_token, is_causal)
    The weights have another dtype than the scores. Leave out .float(): all steps work
    in the dtype that comes in.
through 32 bits: … => return right(scores.float(), is_token, is_causal).to(scores.dtype)
    The scores are turned into 32 bits and the weights back again, which loses digits of
    64. Leave the dtype alone.
scaled again: … => return right(scores / scores.shape[-1] ** 0.5, is_token, is_causal)
    The scores are divided by a root. They come in scaled: hide, then take the softmax,
    nothing else.
mask without axes: [:, None, None, :] =>
    is_token is (B, T), the scores are (B, A, T, T). Give the mask axes of size 1 for
    heads and queries: is_token[:, None, None, :].
scores times the mask: scores.masked_fill(~is_visible, lowest) => (scores * is_visible)
    = -1e-9 for -1e9
only the future: tril() => triu()
    The causal mask shows the right side and hides the left. Row i may see the keys 0 to
    i: the lower triangle, tril.
without itself: tril() => tril(-1)
    A causal query may see itself: keep the diagonal, tril() and not tril(-1). As it is,
    the first row can see nothing.
one mask or the other: is_visible & torch => torch
    When is_causal is set, the padding is seen again. A key must pass both masks: join
    them with &.
or for and: & => |
    The two masks are joined with |, so a key that one of them hides is seen. A key must
    pass both: &.
always causal: if is_causal => if True
    The right side is hidden even if is_causal is False. BERT looks to both sides: ask
    `if is_causal`.
never causal: if is_causal => if False
    is_causal is not used. If it is set, row i may see the keys 0 to i only.
padding seen: is_token[ => torch.ones_like(is_token)[
    is_token is not used: real tokens take from padding. Hide every key where it is
    False.
scores changed in place: scores.masked_fill( => scores.masked_fill_(
    masked_fill_ writes into the caller's scores. Without the last underscore it makes a
    new tensor.
-10000 as the lowest: ~is_visible, lowest => ~is_visible, -1e4
    Hidden keys get -10000, and a real score can be lower: then the padding wins. Fill
    with torch.finfo(scores.dtype).min.
zero rows:
- ~is_visible, lowest => ~is_visible, -torch.inf
- softmax(dim=-1) => softmax(dim=-1).nan_to_num()
    A query that may see nothing gets a row of zeros, which does not sum to one. Fill
    with torch.finfo(scores.dtype).min instead of minus infinity; then the row is even,
    and nothing needs mending.
the highest number: (scores.dtype).min => (scores.dtype).max
    The hidden keys get the highest number of the dtype, and with it the whole row. Fill
    with the lowest: torch.finfo(scores.dtype).min.
the smallest positive number: (scores.dtype).min => (scores.dtype).tiny
    = -1e-9 for -1e9
the lowest of 32 bits: scores.dtype => torch.float32
    = -1e9 overflows in half precision
mask of the first text: is_token[ => is_token[:1].expand_as(is_token)[
    All texts have the mask of the first one. Row b of is_token belongs to text b.
the next token seen: tril() => tril(1)
    A causal query sees one token to its right. Row i may see the keys 0 to i: tril(),
    without an argument.
"""

EXERCISE = Exercise(
    id="masked-weights",
    chapter=7,
    title="Hide padding, and the future",
    difficulty=2,
    minutes=15,
    stub=STUB,
    solution=masked_weights,
    accepted={
        "positions": with_positions,
        "where": with_where,
        "in 32 bits": in_single,
    },
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "rows sum to one",
            "Each row must sum to one, with and without the causal mask.",
            rows_sum_to_one,
        ),
        Property(
            "padding changes nothing",
            "With padding behind a text, the weights between its tokens must stay as "
            "they were, and the padding must get exactly zero.",
            padding_changes_nothing,
        ),
        Property(
            "future changes nothing",
            "In a causal row, scores to the right of the query must have no effect.",
            future_changes_nothing,
        ),
    ],
    waived={
        "-1 => -2": ("scores are square: both axes have T entries"),
    },
    hints=(
        "First make one bool tensor that says which key each query may see; then use "
        "it once, before the softmax.",
        "is_token[:, None, None, :] is the same for every query. The causal mask is "
        "the lower triangle of a (T, T) of True. Both must hold. Where they do not, "
        "the score becomes the lowest number of its dtype.",
        "is_visible & torch.ones(T, T, dtype=torch.bool).tril(), then masked_fill of "
        "the opposite with torch.finfo(scores.dtype).min, then the softmax over keys.",
    ),
)
