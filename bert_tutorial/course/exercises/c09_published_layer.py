"""Exercise: a layer straight from the published names.

Chapter: 9
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.judging.exercise import Case, Exercise
from bert_tutorial.course.judging.listed import mistakes

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


MISTAKES = """
kernels not transposed:
- F.linear(x, tensors[f'{name}.weight'] => F.linear(x, tensors[f'{name}.weight'].T if
|     tensors[f'{name}.weight'].shape == (H, H) else tensors[f'{name}.weight']
    The weights of a file are (out, in), as F.linear wants them.
gain and shift swapped: (H,), gain, shift => (H,), shift, gain
    The gain of LayerNorm is its weight (gamma), the shift its bias (beta); here they
    are swapped.
query and key swapped: ('query', 'key', 'value') => ('key', 'query', 'value')
    Query and key are swapped: rows of the scores belong to queries, columns to keys.
key and value swapped: ('query', 'key', 'value') => ('query', 'value', 'key')
    Key and value are swapped: keys make the scores, values are mixed.
norms swapped:
- hidden + mixed, 'attention.output.LayerNorm' => hidden + mixed, 'output.LayerNorm'
- hidden + worked, 'output.LayerNorm' => hidden + worked, 'attention.output.LayerNorm'
    The two LayerNorms are swapped: output.LayerNorm is the last step.
train mode: return norm(hidden + worked, 'output.LayerNorm') =>
| return norm(hidden + worked, 'output.LayerNorm') * (torch.arange(H) % 3 > 0) / 0.9
    Some entries are zero and the rest is larger: dropout is on. A parity check runs
    without it, in eval mode.
tanh form of GELU: linear(hidden, 'intermediate.dense') =>
| linear(hidden, 'intermediate.dense'), approximate='tanh'
    The GELU is the form with tanh. These weights want the exact one: F.gelu as it is.
ReLU: F.gelu => F.relu
    Between intermediate.dense and output.dense stands ReLU. It is GELU.
first residual missing: hidden + mixed => mixed
    The input of the layer is not added to what attention gives, before
    attention.output.LayerNorm.
second residual missing: hidden + worked => worked
    The input of the feed-forward part is not added to its output, before
    output.LayerNorm.
output matrix missing: linear(mixed, 'attention.output.dense') => mixed
    The merged heads go on as they are. They go through attention.output.dense first.
heads not moved back: (weights @ value).transpose(1, 2) => (weights @ value)
    The heads are joined without moving them behind the tokens first: transpose(1, 2),
    then reshape.
pre-LN:
- query, key => x = norm(hidden, 'attention.output.LayerNorm')
|     query, key
- linear(hidden, f'attention => linear(x, f'attention
- norm(hidden + mixed, 'attention.output.LayerNorm') => hidden + mixed
- linear(hidden, 'intermediate.dense') =>
| linear(norm(hidden, 'output.LayerNorm'), 'intermediate.dense')
- norm(hidden + worked, 'output.LayerNorm') => hidden + worked
    The norms stand at the inputs of the halves. In BERT they stand behind the sums:
    norm(x + f(x)).
norm before the sum:
- norm(hidden + mixed, 'attention.output.LayerNorm') =>
| hidden + norm(mixed, 'attention.output.LayerNorm')
- norm(hidden + worked, 'output.LayerNorm') =>
| hidden + norm(worked, 'output.LayerNorm')
    The norms are applied to what is added. They stand behind the sums: norm(x + f(x)).
wrong epsilon: 1e-12 => 1e-5
    The epsilon of LayerNorm is 1e-12; torch's default of 1e-5 shows where the variance
    is small.
no biases:
- x, tensors[f'{name}.weight'], tensors[f'{name}.bias'] => x, tensors[f'{name}.weight']
    The matrices have biases: add tensors[name + '.bias'].
scale of H: H // heads => H
    Divide the scores by the square root of a head's size, H / heads.
one head: B, T, H = hidden.shape => B, T, H = hidden.shape
|     heads = 1
    The vectors are not split into heads: view as (B, T, heads, -1) first.
three heads always: B, T, H = hidden.shape => B, T, H = hidden.shape
|     heads = 3
    There are three heads whatever was given. Use the argument.
no scale: / (H // heads) ** 0.5 =>
    The scores are not divided by the square root of a head's size, H / heads.
keys mixed: ('query', 'key', 'value') => ('query', 'key', 'key')
    The weights mix the keys. What they mix are the values.
"""

EXERCISE = Exercise(
    id="published-layer",
    chapter=9,
    title="A layer straight from the published names",
    difficulty=3,
    minutes=25,
    stub=STUB,
    solution=published_layer,
    mutants=mistakes(MISTAKES),
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
