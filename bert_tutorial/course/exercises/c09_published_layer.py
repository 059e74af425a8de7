"""Exercise: a layer straight from the published names.

Chapter: 9
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant

STUB = '''
def published_layer(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Run one encoder layer from the tensors of a file: (B, T, H) -> (B, T, H).

    The names, each with .weight and .bias: attention.self.query, attention.self.key,
    attention.self.value, attention.output.dense, attention.output.LayerNorm,
    intermediate.dense, output.dense, output.LayerNorm. No padding, no dropout,
    exact GELU, epsilon 1e-12.
    """
    raise NotAttempted
'''


def published_layer(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Run one encoder layer from the tensors of a file: (B, T, H) -> (B, T, H)."""
    B, T, H = hidden.shape

    def linear(x: Tensor, name: str) -> Tensor:
        return F.linear(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        gain, shift = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
        return F.layer_norm(x, (H,), gain, shift, eps=1e-12)

    query, key, value = (
        linear(hidden, f"attention.self.{part}").view(B, T, heads, -1).transpose(1, 2)
        for part in ("query", "key", "value")
    )
    weights = (query @ key.mT / (H // heads) ** 0.5).softmax(dim=-1)
    mixed = (weights @ value).transpose(1, 2).reshape(B, T, H)
    mixed = linear(mixed, "attention.output.dense")
    hidden = norm(hidden + mixed, "attention.output.LayerNorm")
    worked = linear(F.gelu(linear(hidden, "intermediate.dense")), "output.dense")
    return norm(hidden + worked, "output.LayerNorm")


Layer = Callable[[Tensor, dict[str, Tensor], int], Tensor]


Step = Callable[[Tensor], Tensor]


def variant(
    activation: Step = F.gelu,
    keeps: tuple[bool, bool] = (True, True),
    has_output: bool = True,
    moves_heads: bool = True,
    is_pre: bool = False,
) -> Layer:
    """Make a layer that differs in one step."""

    def answer(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
        B, T, H = hidden.shape

        def linear(x: Tensor, name: str) -> Tensor:
            return F.linear(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"])

        def norm(x: Tensor, name: str) -> Tensor:
            gain, shift = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
            return F.layer_norm(x, (H,), gain, shift, eps=1e-12)

        first, second = "attention.output.LayerNorm", "output.LayerNorm"
        x = norm(hidden, first) if is_pre else hidden
        query, key, value = (
            linear(x, f"attention.self.{part}").view(B, T, heads, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = (query @ key.mT / (H // heads) ** 0.5).softmax(dim=-1) @ value
        mixed = (mixed.transpose(1, 2) if moves_heads else mixed).reshape(B, T, H)
        mixed = linear(mixed, "attention.output.dense") if has_output else mixed
        hidden = hidden * keeps[0] + mixed
        hidden = hidden if is_pre else norm(hidden, first)
        inner = linear(norm(hidden, second) if is_pre else hidden, "intermediate.dense")
        hidden = hidden * keeps[1] + linear(activation(inner), "output.dense")
        return hidden if is_pre else norm(hidden, second)

    return answer


def renamed(*pairs: tuple[str, str]) -> Layer:
    """Read tensors under each other's names."""

    def answer(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
        other = dict(tensors)
        for a, b in pairs:
            other[a], other[b] = tensors[b], tensors[a]
        return published_layer(hidden, other, heads)

    return answer


def swapped(a: str, b: str) -> Layer:
    """Swap two modules."""
    return renamed(*((f"{a}.{kind}", f"{b}.{kind}") for kind in ("weight", "bias")))


def untransposed(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Take square weights the other way round."""
    other = {
        name: t.T if t.dim() == 2 and t.shape[0] == t.shape[1] else t
        for name, t in tensors.items()
    }
    return published_layer(hidden, other, heads)


def unbiased(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Forget the biases of the matrices."""
    other = {
        name: torch.zeros_like(t)
        if name.endswith(".bias") and "LayerNorm" not in name
        else t
        for name, t in tensors.items()
    }
    return published_layer(hidden, other, heads)


def scaled_by_hidden(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Divide by the root of H."""
    part = "attention.self.query."
    other = {n: t / heads**0.5 if part in n else t for n, t in tensors.items()}
    return published_layer(hidden, other, heads)


def one_head(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Use one head."""
    return published_layer(hidden, tensors, 1)


def train_mode(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Leave dropout on."""
    kept = torch.arange(hidden.shape[-1]) % 3 > 0
    return published_layer(hidden, tensors, heads) * kept / 0.9


def wrong_epsilon(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Use torch's epsilon."""
    normal = F.layer_norm

    def other(x: Tensor, shape: tuple[int], w: Tensor, b: Tensor, eps: float) -> Tensor:
        return normal(x, shape, w, b, 1e-5)

    F.layer_norm = other  # type: ignore[assignment]
    try:
        return published_layer(hidden, tensors, heads)
    finally:
        F.layer_norm = normal


def always_three(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Split into three heads, whatever was given."""
    return published_layer(hidden, tensors, 3)


def no_scale(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Leave the scale out."""
    part, root = "attention.self.query.", (hidden.shape[-1] // heads) ** 0.5
    other = {n: t * root if part in n else t for n, t in tensors.items()}
    return published_layer(hidden, other, heads)


def values_unused(hidden: Tensor, tensors: dict[str, Tensor], heads: int) -> Tensor:
    """Mix the keys."""
    other = dict(tensors)
    for kind in ("weight", "bias"):
        other[f"attention.self.value.{kind}"] = tensors[f"attention.self.key.{kind}"]
    return published_layer(hidden, other, heads)


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Small numbers, where epsilon shows, and large ones."""
    torch.manual_seed(seed)
    H, inner = 6, 10
    shapes = {
        "attention.self.query": (H, H),
        "attention.self.key": (H, H),
        "attention.self.value": (H, H),
        "attention.output.dense": (H, H),
        "attention.output.LayerNorm": (H,),
        "intermediate.dense": (inner, H),
        "output.dense": (H, inner),
        "output.LayerNorm": (H,),
    }
    found = []
    for B, T, size in ((1, 3, 0.02), (2, 5, 1.0)):
        tensors = {}
        for name, shape in shapes.items():
            tensors[f"{name}.weight"] = torch.randn(shape, dtype=dtype) * size
            tensors[f"{name}.bias"] = torch.randn(shape[0], dtype=dtype) * size
        hidden = torch.randn(B, T, H, dtype=dtype) * size
        found.append(Case((hidden, tensors, 3), f"{B} texts of {T} tokens"))
    found.append(Case((hidden, tensors, 2), "two heads of three numbers"))
    return found


EXERCISE = Exercise(
    id="published-layer",
    chapter=9,
    title="A layer straight from the published names",
    difficulty=3,
    minutes=25,
    stub=STUB,
    solution=published_layer,
    mutants=[
        Mutant(
            "kernels not transposed",
            untransposed,
            "The weights of a file are (out, in), as F.linear wants them.",
        ),
        Mutant(
            "gain and shift swapped",
            renamed(
                ("output.LayerNorm.weight", "output.LayerNorm.bias"),
                (
                    "attention.output.LayerNorm.weight",
                    "attention.output.LayerNorm.bias",
                ),
            ),
            "The gain of LayerNorm is its weight (gamma), the shift its bias (beta); "
            "here they are swapped.",
        ),
        Mutant(
            "query and key swapped",
            swapped("attention.self.query", "attention.self.key"),
            "Query and key are swapped: rows of the scores belong to queries, columns "
            "to keys.",
        ),
        Mutant(
            "key and value swapped",
            swapped("attention.self.value", "attention.self.key"),
            "Key and value are swapped: keys make the scores, values are mixed.",
        ),
        Mutant(
            "norms swapped",
            swapped("attention.output.LayerNorm", "output.LayerNorm"),
            "The two LayerNorms are swapped: output.LayerNorm is the last step.",
        ),
        Mutant(
            "train mode",
            train_mode,
            "Some entries are zero and the rest is larger: dropout is on. A parity "
            "check runs without it, in eval mode.",
        ),
        Mutant(
            "tanh form of GELU",
            variant(lambda x: F.gelu(x, approximate="tanh")),
            "The GELU is the form with tanh. These weights want the exact one: F.gelu "
            "as it is.",
        ),
        Mutant(
            "ReLU",
            variant(F.relu),
            "Between intermediate.dense and output.dense stands ReLU. It is GELU.",
        ),
        Mutant(
            "first residual missing",
            variant(keeps=(False, True)),
            "The input of the layer is not added to what attention gives, before "
            "attention.output.LayerNorm.",
        ),
        Mutant(
            "second residual missing",
            variant(keeps=(True, False)),
            "The input of the feed-forward part is not added to its output, before "
            "output.LayerNorm.",
        ),
        Mutant(
            "output matrix missing",
            variant(has_output=False),
            "The merged heads go on as they are. They go through "
            "attention.output.dense first.",
        ),
        Mutant(
            "heads not moved back",
            variant(moves_heads=False),
            "The heads are joined without moving them behind the tokens first: "
            "transpose(1, 2), then reshape.",
        ),
        Mutant(
            "pre-LN",
            variant(is_pre=True),
            "The norms stand at the inputs of the halves. In BERT they stand behind "
            "the sums: norm(x + f(x)).",
        ),
        Mutant(
            "wrong epsilon",
            wrong_epsilon,
            "The epsilon of LayerNorm is 1e-12; torch's default of 1e-5 shows where "
            "the variance is small.",
        ),
        Mutant(
            "no biases",
            unbiased,
            "The matrices have biases: add tensors[name + '.bias'].",
        ),
        Mutant(
            "scale of H",
            scaled_by_hidden,
            "Divide the scores by the square root of a head's size, H / heads.",
        ),
        Mutant(
            "one head",
            one_head,
            "The vectors are not split into heads: view as (B, T, heads, -1) first.",
        ),
        Mutant(
            "three heads always",
            always_three,
            "There are three heads whatever was given. Use the argument.",
        ),
        Mutant(
            "no scale",
            no_scale,
            "The scores are not divided by the square root of a head's size, H / "
            "heads.",
        ),
        Mutant(
            "keys mixed",
            values_unused,
            "The weights mix the keys. What they mix are the values.",
        ),
    ],
    cases=cases,
    waived={
        "1e-12 => 2e-12": (
            "vectors of ordinary length do not show so small an epsilon"
        ),
        "H // heads => H / heads": ("the heads divide H without a remainder"),
    },
    hints=(
        "It is the layer of chapter 8 with F.linear and F.layer_norm.",
        "Query, key and value, split into heads; softmax; mix; merge; dense; norm of "
        "the sum; then up, GELU, down; norm of the sum.",
        'F.linear(x, tensors[name + ".weight"], tensors[name + ".bias"])',
    ),
)
