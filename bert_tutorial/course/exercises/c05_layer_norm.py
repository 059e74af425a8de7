"""Exercise: LayerNorm by hand.

Chapter: 5
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
eps outside the root: (variance + eps).sqrt() => (variance.sqrt() + eps)
    eps is added to the standard deviation. It belongs to the variance, inside the root:
    torch.sqrt(variance + eps). With 1e-12 nobody would notice; the check uses 0.1.
eps forgotten: variance + eps => variance
    eps does nothing in yours. Add it to the variance before the root, or a vector of
    equal numbers divides zero by zero.
divided by H - 1:
- centred.square().mean(dim=-1, keepdim=True) => x.var(dim=-1, keepdim=True)
    The variance divides by H - 1, which torch's var and std do unless told otherwise.
    LayerNorm divides by H: correction=0.
no root: .sqrt() =>
    You divide by the variance. Divide by its root, the standard deviation.
over the batch:
- x.mean(dim=-1, keepdim=True) => x.mean(dim=(0, 1))
- square().mean(dim=-1, keepdim=True) => square().mean(dim=(0, 1))
    Each number is normalised over all tokens of the batch: that is batch norm, and a
    text's vectors would depend on its neighbours in the batch. Mean and variance are
    those of one vector: dim=-1.
over the tokens:
- x.mean(dim=-1 => x.mean(dim=1
- square().mean(dim=-1 => square().mean(dim=1
    Mean and variance are taken over the tokens (axis 1). They are those of one vector,
    over its H numbers: dim=-1.
over the whole text:
- x.mean(dim=-1 => x.mean(dim=(1, 2)
- square().mean(dim=-1 => square().mean(dim=(1, 2)
    Mean and variance are taken over all numbers of a text. Each token is normalised
    alone: dim=-1 only.
no gain and bias: * gain + bias =>
    The numbers are normalised and stay so: gain and bias do nothing. Multiply by gain,
    then add bias.
bias before gain: * gain + bias => * gain + bias * gain
    The bias is multiplied by the gain. Scale first, then shift: normalised * gain +
    bias.
mean left in: x - x.mean(dim=-1, keepdim=True) => x
    The mean is not subtracted: that is RMSNorm, of later models. Take the mean off
    first, and the variance of what is left.
std plus eps:
- centred.square().mean(dim=-1, keepdim=True) => x.var(dim=-1, keepdim=True)
- (variance + eps).sqrt() => (variance.sqrt() + eps)
    (x - mean) / (std + eps) has two differences from BERT's: torch's std divides by H -
    1, and eps stands outside the root. Take the mean of the squares, add eps, then the
    root.
no keepdim:
- x.mean(dim=-1, keepdim=True) => x.mean(dim=-1)
- square().mean(dim=-1, keepdim=True) => square().mean(dim=-1)
    The mean (B, T) cannot be subtracted from (B, T, H): keep its axis, keepdim=True.
no bias: + bias =>
    bias does nothing in yours. Add it at the end.
gain forgotten: * gain =>
    gain does nothing in yours. Multiply by it before you add bias.
gain and bias swapped: gain + bias => bias + gain
    gain and bias have changed places: gain multiplies, bias is added.
torch's eps: eps) => 1e-05)
    eps is 1e-5 whatever was given. Use the argument.
mean only: / (variance + eps).sqrt() =>
    The mean is taken off and nothing is divided. Divide by the root of variance + eps.
mean square: centred.square() => x.square()
    You divide by the root of the mean square of x. The variance is the mean square of
    what is left after the mean is taken off.
eps as a floor: (variance + eps).sqrt() => variance.sqrt().clamp(min=eps)
    eps is used as the smallest deviation. It is added to the variance, always.
"""

EXERCISE = Exercise(
    id="layer-norm",
    chapter=5,
    title="LayerNorm by hand",
    difficulty=2,
    minutes=10,
    stub=STUB,
    solution=layer_norm,
    accepted={"torch": with_torch, "var": with_var},
    mutants=mistakes(MISTAKES),
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
