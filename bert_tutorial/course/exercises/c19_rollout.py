"""Exercise: attention rollout.

Chapter: 19
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Property
from bert_tutorial.course.judging.listed import mistakes
from bert_tutorial.labs.inside.views import rollout

STUB = '''
def rollout(attentions: Sequence[Tensor]) -> Tensor:
    """Follow attention through all layers: L tensors (B, A, T, T) -> (B, T, T).

    Average the heads of each layer. Half of each token's vector counts as its own, for
    the residual connection, the other half as what attention brings. Then chain the
    layers, the first of the list being the first to run. Rows are tokens of the output,
    columns tokens of the input; rows sum to one. One layer with one head and the
    weights [[0.2, 0.8], [0.6, 0.4]] gives [[0.6, 0.4], [0.3, 0.7]].
    """
    raise NotAttempted
'''


def by_einsum(attentions: Sequence[Tensor]) -> Tensor:
    """Start from the first layer."""
    T = attentions[0].shape[-1]
    eye = torch.eye(T, dtype=attentions[0].dtype)
    flow = (attentions[0].mean(dim=1) + eye) / 2
    for weights in attentions[1:]:
        flow = torch.einsum("bij,bjk->bik", (weights.mean(dim=1) + eye) / 2, flow)
    return flow


def normalised(attentions: Sequence[Tensor]) -> Tensor:
    """Add the token itself and divide by the sums of the rows."""
    result = None
    for weights in attentions:
        layer = weights.mean(dim=1) + torch.eye(weights.shape[-1], dtype=weights.dtype)
        layer = layer / layer.sum(dim=-1, keepdim=True)
        result = layer if result is None else torch.bmm(layer, result)
    assert result is not None
    return result


def cases(seed: int, dtype: torch.dtype) -> list[Case]:
    """Draw weights whose rows sum to one, with one, two and three layers."""
    torch.manual_seed(seed)

    def maps(L: int, B: int, A: int, T: int) -> list[Tensor]:
        return [
            (2 * torch.randn(B, A, T, T, dtype=dtype)).softmax(dim=-1) for _ in range(L)
        ]

    small = torch.tensor([[[[0.2, 0.8], [0.6, 0.4]]]], dtype=dtype)
    return [
        Case(([small],), "one layer, one head, two tokens"),
        Case((maps(2, 1, 1, 3),), "two layers, one head, three tokens"),
        Case((maps(3, 2, 4, 5),), "three layers, four heads, five tokens"),
    ]


def sums_to_one(answer: object) -> bool:
    """Ask for the rows' sums."""
    maps = cases(5, torch.float64)[2].args[0]
    sums = answer(maps).sum(dim=-1)  # type: ignore[operator]
    return torch.allclose(sums, torch.ones_like(sums))


MISTAKES = """
no residual: 0.5 * weights.mean(dim=1) + 0.5 * own => weights.mean(dim=1)
    The weights are chained without the residual connection, as if a token kept nothing
    of its own. Half of each layer is the identity.
rows that do not sum to one:
- 0.5 * weights.mean(dim=1) + 0.5 * own => weights.mean(dim=1) + own
    The identity is added and nothing is halved: rows sum to 2 after one layer, to 4
    after two. Take half of each.
order of the layers: layer @ flow => flow @ layer
    The layers are multiplied in the other order. What comes out last reads what was
    written before: later @ earlier.
last layer only: flow = layer @ flow => flow = layer
    This is the last layer. Its columns are tokens of the state below, which is already
    a mixture: go on down to the input.
layers averaged:
- flow = own => flow = 0
- flow = layer @ flow => flow = flow + layer / len(attentions)
    The layers are averaged. A value passes through one after the other, so that their
    matrices are multiplied.
multiplied entry by entry:
- flow = own => flow = 1
- layer @ flow => layer * flow
    * multiplies entry by entry. A path through a token in between is a sum over that
    token: a product of matrices, @.
transposed: return flow => return flow.mT
    Rows and columns have changed places: rows are tokens of the output.
first head: weights.mean(dim=1) => weights[:, 0]
    Only head 0 is followed. Average over all heads, dim=1.
strongest head: weights.mean(dim=1) => weights.amax(dim=1)
    The largest weight of the heads is taken, so that rows sum to more than one. Rollout
    averages the heads.
heads added up: weights.mean(dim=1) => weights.sum(dim=1)
    The heads are added up, so that with four of them the weights of a row sum to 4 and
    outweigh the token itself. Take their mean.
residual at the end:
- 0.5 * weights.mean(dim=1) + 0.5 * own => weights.mean(dim=1)
- return flow => return 0.5 * flow + 0.5 * own
    The token itself is counted once, after all layers. Each layer has its own residual
    connection.
"""

EXERCISE = Exercise(
    id="rollout",
    chapter=19,
    title="Attention rollout",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=rollout,
    accepted={"einsum": by_einsum, "normalised": normalised},
    mutants=mistakes(MISTAKES),
    cases=cases,
    properties=[
        Property(
            "rows sum to one",
            "each row says where one token's vector comes from, in parts of 1.",
            sums_to_one,
        )
    ],
    waived={
        "0 => -1": ("all layers have the same number of tokens"),
        "-1 => -2": ("attention maps are square"),
        "0 => -1 (2)": ("all layers have the same dtype"),
    },
    hints=(
        "One matrix a layer comes first: the heads' mean, and what the residual adds.",
        "0.5 * weights.mean(dim=1) + 0.5 * torch.eye(T); then a product of matrices.",
        "flow = layer @ flow, layer by layer, beginning with the first one.",
    ),
)
