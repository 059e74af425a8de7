"""Exercise: LayerNorm by hand.

Chapter: 5
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property

STUB = '''
def layer_norm(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Bring each vector to mean 0 and variance 1, then scale and shift its numbers.

    (B, T, H), (H), (H) -> (B, T, H). The variance divides by H, and eps is added to it
    before the root: with gain 1, bias 0 and eps 0, the vector (1, 3) becomes (-1, 1).
    """
    raise NotAttempted
'''


def layer_norm(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Normalise each vector, scale and shift."""
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / (variance + eps).sqrt() * gain + bias


def with_torch(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Let torch do it."""
    return F.layer_norm(x, (x.shape[-1],), gain, bias, eps)


def with_var(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Use the variance of torch, without its correction."""
    variance = x.var(dim=-1, keepdim=True, correction=0)
    return gain * (x - x.mean(-1, keepdim=True)) * (variance + eps).rsqrt() + bias


def eps_outside(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Add eps to the deviation."""
    deviation = x.std(dim=-1, keepdim=True, correction=0)
    return (x - x.mean(-1, keepdim=True)) / (deviation + eps) * gain + bias


def no_eps(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Forget eps."""
    return layer_norm(x, gain, bias, 0.0)


def unbiased(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Divide by H - 1."""
    variance = x.var(dim=-1, keepdim=True)
    return (x - x.mean(-1, keepdim=True)) / (variance + eps).sqrt() * gain + bias


def no_root(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Divide by the variance."""
    variance = x.var(dim=-1, keepdim=True, correction=0)
    return (x - x.mean(-1, keepdim=True)) / (variance + eps) * gain + bias


def over_batch(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Normalise each number over all tokens of the batch, as batch norm does."""
    centred = x - x.mean(dim=(0, 1))
    return centred / (centred.square().mean(dim=(0, 1)) + eps).sqrt() * gain + bias


def over_tokens(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Normalise each number over the tokens of its text."""
    centred = x - x.mean(dim=1, keepdim=True)
    variance = centred.square().mean(dim=1, keepdim=True)
    return centred / (variance + eps).sqrt() * gain + bias


def over_text(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Normalise a text as a whole."""
    centred = x - x.mean(dim=(1, 2), keepdim=True)
    variance = centred.square().mean(dim=(1, 2), keepdim=True)
    return centred / (variance + eps).sqrt() * gain + bias


def no_gain(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Forget gain and bias."""
    return layer_norm(x, torch.ones_like(gain), torch.zeros_like(bias), eps)


def bias_first(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Shift before scaling."""
    return (
        layer_norm(x, torch.ones_like(gain), torch.zeros_like(bias), eps) + bias
    ) * (gain)


def not_centred(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Divide by the root of the mean square."""
    return x / (x.square().mean(dim=-1, keepdim=True) + eps).sqrt() * gain + bias


def by_std(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Divide by torch's deviation plus eps."""
    mean, deviation = x.mean(-1, keepdim=True), x.std(-1, keepdim=True)
    return (x - mean) / (deviation + eps) * gain + bias


def no_keepdim(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Lose the axis of the mean."""
    centred = x - x.mean(dim=-1)
    return centred / (centred.square().mean(dim=-1) + eps).sqrt() * gain + bias


def no_bias(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Forget the bias."""
    return layer_norm(x, gain, torch.zeros_like(bias), eps)


def gain_forgotten(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Forget the gain."""
    return layer_norm(x, torch.ones_like(gain), bias, eps)


def swapped(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Take the gain for the bias."""
    return layer_norm(x, bias, gain, eps)


def usual_eps(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Take torch's eps."""
    return layer_norm(x, gain, bias, 1e-5)


def centred_only(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Take the mean off only."""
    return (x - x.mean(-1, keepdim=True)) * gain + bias


def spread_not_centred(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Take the mean square for the variance."""
    square = x.square().mean(dim=-1, keepdim=True)
    return (x - x.mean(-1, keepdim=True)) / (square + eps).sqrt() * gain + bias


def eps_after_root(x: Tensor, gain: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Use eps as the smallest deviation."""
    deviation = x.std(dim=-1, keepdim=True, correction=0).clamp(min=eps)
    return (x - x.mean(-1, keepdim=True)) / deviation * gain + bias


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """A vector to do by hand, then a large eps, then vectors far from zero."""
    torch.manual_seed(seed)
    one = torch.tensor([[[1.0, 3.0, 8.0]]], dtype=dtype)
    gain, bias = torch.randn(2, 5, dtype=dtype)
    x = torch.randn(2, 3, 5, dtype=dtype)
    plain = torch.ones(3, dtype=dtype), torch.zeros(3, dtype=dtype)
    return [
        Case((one, *plain, 0.0), "one vector (1, 3, 8), eps 0"),
        Case((x, gain, bias, 0.1), "B=2, T=3, H=5, eps 0.1"),
        Case((3 * x + 7, gain, bias, 1e-12), "the same, further from zero, eps 1e-12"),
        Case((torch.full_like(x, -2.0), gain, bias, 0.1), "vectors of equal numbers"),
        Case((x[:1, :1] - 20, gain, bias, 1.0), "one text, one token, eps 1"),
    ]


def does_not_mix_tokens(answer: object) -> bool:
    """Change one token: the others stay."""
    assert callable(answer)
    x = torch.randn(2, 3, 5, dtype=torch.float64)
    other = x.clone()
    other[0, 1] += 1 + x[0, 1].abs()
    rest = torch.ones(5, dtype=torch.float64), torch.zeros(5, dtype=torch.float64)
    changed = (answer(x, *rest, 0.1) != answer(other, *rest, 0.1)).any(dim=-1)
    return int(changed.sum()) == 1


EXERCISE = Exercise(
    id="layer-norm",
    chapter=5,
    title="LayerNorm by hand",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=layer_norm,
    accepted={"torch": with_torch, "var": with_var},
    mutants=[
        Mutant(
            "eps outside the root",
            eps_outside,
            "eps is added to the standard deviation. It belongs to the variance, "
            "inside the root: torch.sqrt(variance + eps). With 1e-12 nobody would "
            "notice; the check uses 0.1.",
        ),
        Mutant(
            "eps forgotten",
            no_eps,
            "eps does nothing in yours. Add it to the variance before the root, or a "
            "vector of equal numbers divides zero by zero.",
        ),
        Mutant(
            "divided by H - 1",
            unbiased,
            "The variance divides by H - 1, which torch's var and std do unless told "
            "otherwise. LayerNorm divides by H: correction=0.",
        ),
        Mutant(
            "no root",
            no_root,
            "You divide by the variance. Divide by its root, the standard deviation.",
        ),
        Mutant(
            "over the batch",
            over_batch,
            "Each number is normalised over all tokens of the batch: that is batch "
            "norm, and a text's vectors would depend on its neighbours in the batch. "
            "Mean and variance are those of one vector: dim=-1.",
        ),
        Mutant(
            "over the tokens",
            over_tokens,
            "Mean and variance are taken over the tokens (axis 1). They are those of "
            "one vector, over its H numbers: dim=-1.",
        ),
        Mutant(
            "over the whole text",
            over_text,
            "Mean and variance are taken over all numbers of a text. Each token is "
            "normalised alone: dim=-1 only.",
        ),
        Mutant(
            "no gain and bias",
            no_gain,
            "The numbers are normalised and stay so: gain and bias do nothing. "
            "Multiply by gain, then add bias.",
        ),
        Mutant(
            "bias before gain",
            bias_first,
            "The bias is multiplied by the gain. Scale first, then shift: "
            "normalised * gain + bias.",
        ),
        Mutant(
            "mean left in",
            not_centred,
            "The mean is not subtracted: that is RMSNorm, of later models. Take the "
            "mean off first, and the variance of what is left.",
        ),
        Mutant(
            "std plus eps",
            by_std,
            "(x - mean) / (std + eps) has two differences from BERT's: torch's std "
            "divides by H - 1, and eps stands outside the root. Take the mean of the "
            "squares, add eps, then the root.",
        ),
        Mutant(
            "no keepdim",
            no_keepdim,
            "The mean (B, T) cannot be subtracted from (B, T, H): keep its axis, "
            "keepdim=True.",
        ),
        Mutant(
            "no bias",
            no_bias,
            "bias does nothing in yours. Add it at the end.",
        ),
        Mutant(
            "gain forgotten",
            gain_forgotten,
            "gain does nothing in yours. Multiply by it before you add bias.",
        ),
        Mutant(
            "gain and bias swapped",
            swapped,
            "gain and bias have changed places: gain multiplies, bias is added.",
        ),
        Mutant(
            "torch's eps",
            usual_eps,
            "eps is 1e-5 whatever was given. Use the argument.",
        ),
        Mutant(
            "mean only",
            centred_only,
            "The mean is taken off and nothing is divided. Divide by the root of "
            "variance + eps.",
        ),
        Mutant(
            "mean square",
            spread_not_centred,
            "You divide by the root of the mean square of x. The variance is the mean "
            "square of what is left after the mean is taken off.",
        ),
        Mutant(
            "eps as a floor",
            eps_after_root,
            "eps is used as the smallest deviation. It is added to the variance, "
            "always.",
        ),
    ],
    cases=cases,
    properties=[
        Property(
            "tokens are apart",
            "When one token's vector changes, no other token's result may change: "
            "mean and variance are taken over the last axis only.",
            does_not_mix_tokens,
        ),
    ],
    hints=(
        "Which axis does a mean over one vector remove, and how does it stay to be "
        "subtracted?",
        "keepdim=True keeps an axis of size 1: (B, T, 1) is subtracted from every one "
        "of the H numbers. The variance is the mean of the squares of what is left.",
        "centred / (variance + eps).sqrt(), then * gain + bias.",
    ),
)
