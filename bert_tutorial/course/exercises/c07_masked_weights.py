"""Exercise: hide padding, and for a causal model the future.

Chapter: 7
"""

from collections.abc import Callable

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property

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

NOT_LOW = (
    "Hidden scores become 0, or as good as 0 (-1e-9 is no -1e9), and 0 is an ordinary "
    "score: exp(0) is 1. Fill with torch.finfo(scores.dtype).min."
)
OVERFLOWS = (
    "Right in 32 bits, and half precision stops: its lowest number is -65504, and "
    "yours is lower. Fill with torch.finfo(scores.dtype).min, which is the lowest "
    "number of whatever dtype comes in."
)
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


def over_queries(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Take the softmax down the columns."""
    hidden = scores.masked_fill(~visible(is_token, is_causal), low(scores))
    return hidden.softmax(dim=-2)


def no_softmax(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Stop before the softmax."""
    return scores.masked_fill(~visible(is_token, is_causal), low(scores))


def single_precision(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Return 32 bits whatever came in."""
    return masked_weights(scores.float(), is_token, is_causal)


def through_single(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Compute in 32 bits whatever came in."""
    weights = masked_weights(scores.float(), is_token, is_causal)
    return weights.to(scores.dtype)


def scaled_again(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Divide by a root."""
    return masked_weights(scores / scores.shape[-1] ** 0.5, is_token, is_causal)


def without_axes(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Use the (B, T) mask as it is."""
    T = scores.shape[-1]
    is_visible = is_token
    if is_causal:
        is_visible = is_visible & torch.ones(T, T, dtype=torch.bool).tril()
    return fill(scores, is_visible, low(scores))


def shared_again(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Set weights to zero, and share out once more."""
    weights = scores.softmax(dim=-1) * visible(is_token, is_causal)
    return weights / weights.sum(dim=-1, keepdim=True)


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


def half_overflow(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Fill with minus a billion, which 16 bits cannot hold."""
    return fill(scores, visible(is_token, is_causal), -1e9)


def subtracted(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Add a penalty of minus a billion, made as a tensor of the dtype."""
    hidden = (~visible(is_token, is_causal)).to(scores.dtype)
    return (scores + hidden * -1e9).softmax(dim=-1)


def infinite(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Fill with minus infinity."""
    return fill(scores, visible(is_token, is_causal), -torch.inf)


def too_small(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Fill with a number that a score can reach."""
    return fill(scores, visible(is_token, is_causal), -50.0)


def tiny(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Type -1e-9 for -1e9."""
    return fill(scores, visible(is_token, is_causal), -1e-9)


def inverted(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Hide the tokens and show the padding."""
    T = scores.shape[-1]
    keep = (~is_token)[:, None, None, :].expand(-1, 1, T, T)
    if is_causal:
        keep = keep & torch.ones(T, T, dtype=torch.bool).tril()
    return fill(scores, keep, low(scores))


def all_inverted(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Hide what may be seen."""
    return fill(scores, ~visible(is_token, is_causal), low(scores))


def queries_hidden(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Hide the rows of the padding."""
    T = scores.shape[-1]
    keep = is_token[:, None, :, None].expand(-1, 1, T, T)
    if is_causal:
        keep = keep & torch.ones(T, T, dtype=torch.bool).tril()
    return fill(scores, keep, low(scores))


def both_hidden(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Hide rows and columns of the padding."""
    keep = visible(is_token, is_causal) & is_token[:, None, :, None]
    return fill(scores, keep, low(scores))


def after(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Set weights to zero after the softmax."""
    return scores.softmax(dim=-1) * visible(is_token, is_causal)


def before(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Set scores to zero before the softmax."""
    return (scores * visible(is_token, is_causal)).softmax(dim=-1)


def future_only(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Show what stands to the right."""
    T = scores.shape[-1]
    keep = visible(is_token, False)
    if is_causal:
        keep = keep & torch.ones(T, T, dtype=torch.bool).triu()
    return fill(scores, keep, low(scores))


def without_itself(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Hide the token itself too."""
    T = scores.shape[-1]
    keep = visible(is_token, False)
    if is_causal:
        keep = keep & torch.ones(T, T, dtype=torch.bool).tril(-1)
    return fill(scores, keep, low(scores))


def one_or_other(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Forget the padding when causal."""
    everything = torch.ones_like(is_token)
    keep = visible(everything, True) if is_causal else visible(is_token, False)
    return fill(scores, keep, low(scores))


def or_for_and(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Show what one of the two masks shows."""
    T = scores.shape[-1]
    keep = visible(is_token, False)
    if is_causal:
        keep = keep | torch.ones(T, T, dtype=torch.bool).tril()
    return fill(scores, keep, low(scores))


def always_causal(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Hide the right side from everyone."""
    return fill(scores, visible(is_token, True), low(scores))


def never_causal(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Forget the causal mask."""
    return fill(scores, visible(is_token, False), low(scores))


def padding_seen(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Forget the padding."""
    return fill(scores, visible(torch.ones_like(is_token), is_causal), low(scores))


def in_place(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Fill the caller's scores."""
    scores.masked_fill_(~visible(is_token, is_causal), low(scores))
    return scores.softmax(dim=-1)


def ten_thousand(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Fill with minus ten thousand, which 16 bits can hold."""
    return fill(scores, visible(is_token, is_causal), -1e4)


def zero_rows(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Replace what is no number by zero."""
    return infinite(scores, is_token, is_causal).nan_to_num()


def highest(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Fill with the wrong end of the dtype."""
    is_visible = visible(is_token, is_causal)
    return fill(scores, is_visible, torch.finfo(scores.dtype).max)


def smallest_positive(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Fill with the smallest positive number."""
    is_visible = visible(is_token, is_causal)
    return fill(scores, is_visible, torch.finfo(scores.dtype).tiny)


def lowest_of_32(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Fill with the lowest number of 32 bits."""
    is_visible = visible(is_token, is_causal)
    return fill(scores, is_visible, torch.finfo(torch.float32).min)


def first_mask(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Use the first text's mask for all."""
    return masked_weights(scores, is_token[:1].expand_as(is_token), is_causal)


def next_one_seen(scores: Tensor, is_token: Tensor, is_causal: bool) -> Tensor:
    """Show the next token too."""
    T = scores.shape[-1]
    keep = visible(is_token, False)
    if is_causal:
        keep = keep & torch.ones(T, T, dtype=torch.bool).tril(1)
    return fill(scores, keep, low(scores))


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
    mutants=[
        Mutant(
            "-1e9 overflows in half precision",
            half_overflow,
            OVERFLOWS,
        ),
        Mutant(
            "-1e9 added",
            subtracted,
            "A penalty of -1e9 is added. In half precision it is minus infinity, and "
            "0 times infinity is NaN; and a text without tokens is mixed by its "
            "scores. Replace: masked_fill with torch.finfo(scores.dtype).min.",
        ),
        Mutant(
            "minus infinity",
            infinite,
            "A query that may see nothing becomes NaN: a row of minus infinities has "
            "no softmax. Fill with torch.finfo(scores.dtype).min; such a row is then "
            "even.",
        ),
        Mutant(
            "-50 as the lowest",
            too_small,
            "Hidden keys get -50, and a real score can be lower: then the padding "
            "wins. Fill with torch.finfo(scores.dtype).min.",
        ),
        Mutant(
            "-1e-9 for -1e9",
            tiny,
            NOT_LOW,
        ),
        Mutant(
            "polarity of is_token",
            inverted,
            "The tokens are hidden and the padding is seen. is_token is True for a "
            "real token, and masked_fill fills where its mask is True: give it "
            "~is_token.",
        ),
        Mutant(
            "polarity of everything",
            all_inverted,
            "What may be seen is hidden, and the rest is seen: both masks are upside "
            "down. masked_fill fills where its mask is True.",
        ),
        Mutant(
            "queries hidden",
            queries_hidden,
            "The rows of the padding are hidden, not its columns: real tokens still "
            "take from padding. The last axis is that of the keys: "
            "is_token[:, None, None, :].",
        ),
        Mutant(
            "queries and keys hidden",
            both_hidden,
            "The rows of the padding are hidden too. Nobody reads them, and here they "
            "became even rows that look at padding. Hide keys only.",
        ),
        Mutant(
            "mask after the softmax",
            after,
            "Weights are set to zero after the softmax, so the rows no longer sum to "
            "one: what hidden keys had is lost. Hide the scores before the softmax.",
        ),
        Mutant(
            "shared out twice",
            shared_again,
            "Weights are set to zero after the softmax and divided by what is left. "
            "Where nothing is left, that is 0 / 0, NaN. Hide the scores before the "
            "softmax; then once is enough.",
        ),
        Mutant(
            "softmax over the queries",
            over_queries,
            "The columns sum to one: the softmax runs over the queries. It runs over "
            "the keys, the last axis: dim=-1.",
        ),
        Mutant(
            "no softmax",
            no_softmax,
            "The hidden scores are low, and the rest are still scores. The last step "
            "is missing: softmax(dim=-1).",
        ),
        Mutant(
            "32 bits",
            single_precision,
            "The weights have another dtype than the scores. Leave out .float(): all "
            "steps work in the dtype that comes in.",
        ),
        Mutant(
            "through 32 bits",
            through_single,
            "The scores are turned into 32 bits and the weights back again, which "
            "loses digits of 64. Leave the dtype alone.",
        ),
        Mutant(
            "scaled again",
            scaled_again,
            "The scores are divided by a root. They come in scaled: hide, then take "
            "the softmax, nothing else.",
        ),
        Mutant(
            "mask without axes",
            without_axes,
            "is_token is (B, T), the scores are (B, A, T, T). Give the mask axes of "
            "size 1 for heads and queries: is_token[:, None, None, :].",
        ),
        Mutant(
            "scores times the mask",
            before,
            NOT_LOW,
        ),
        Mutant(
            "only the future",
            future_only,
            "The causal mask shows the right side and hides the left. Row i may see "
            "the keys 0 to i: the lower triangle, tril.",
        ),
        Mutant(
            "without itself",
            without_itself,
            "A causal query may see itself: keep the diagonal, tril() and not "
            "tril(-1). As it is, the first row can see nothing.",
        ),
        Mutant(
            "one mask or the other",
            one_or_other,
            "When is_causal is set, the padding is seen again. A key must pass both "
            "masks: join them with &.",
        ),
        Mutant(
            "or for and",
            or_for_and,
            "The two masks are joined with |, so a key that one of them hides is seen. "
            "A key must pass both: &.",
        ),
        Mutant(
            "always causal",
            always_causal,
            "The right side is hidden even if is_causal is False. BERT looks to both "
            "sides: ask `if is_causal`.",
        ),
        Mutant(
            "never causal",
            never_causal,
            "is_causal is not used. If it is set, row i may see the keys 0 to i only.",
        ),
        Mutant(
            "padding seen",
            padding_seen,
            "is_token is not used: real tokens take from padding. Hide every key "
            "where it is False.",
        ),
        Mutant(
            "scores changed in place",
            in_place,
            "masked_fill_ writes into the caller's scores. Without the last "
            "underscore it makes a new tensor.",
        ),
        Mutant(
            "-10000 as the lowest",
            ten_thousand,
            "Hidden keys get -10000, and a real score can be lower: then the padding "
            "wins. Fill with torch.finfo(scores.dtype).min.",
        ),
        Mutant(
            "zero rows",
            zero_rows,
            "A query that may see nothing gets a row of zeros, which does not sum to "
            "one. Fill with torch.finfo(scores.dtype).min instead of minus infinity; "
            "then the row is even, and nothing needs mending.",
        ),
        Mutant(
            "the highest number",
            highest,
            "The hidden keys get the highest number of the dtype, and with it the "
            "whole row. Fill with the lowest: torch.finfo(scores.dtype).min.",
        ),
        Mutant("the smallest positive number", smallest_positive, NOT_LOW),
        Mutant("the lowest of 32 bits", lowest_of_32, OVERFLOWS),
        Mutant(
            "mask of the first text",
            first_mask,
            "All texts have the mask of the first one. Row b of is_token belongs to "
            "text b.",
        ),
        Mutant(
            "the next token seen",
            next_one_seen,
            "A causal query sees one token to its right. Row i may see the keys 0 to "
            "i: tril(), without an argument.",
        ),
    ],
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
