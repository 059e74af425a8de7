"""Exercise: attention rollout.

Chapter: 19
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from bert_tutorial.course.judging.exercise import Case, Exercise, Mutant, Property
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


def _layers(attentions: Sequence[Tensor]) -> list[Tensor]:
    eye = torch.eye(attentions[0].shape[-1], dtype=attentions[0].dtype)
    return [0.5 * one.mean(dim=1) + 0.5 * eye for one in attentions]


def _chain(layers: Sequence[Tensor]) -> Tensor:
    flow = layers[0]
    for layer in layers[1:]:
        flow = layer @ flow
    return flow


def without_residual(attentions: Sequence[Tensor]) -> Tensor:
    """Chain the weights alone."""
    return _chain([one.mean(dim=1) for one in attentions])


def not_halved(attentions: Sequence[Tensor]) -> Tensor:
    """Add the token itself and leave the sums at two."""
    eye = torch.eye(attentions[0].shape[-1], dtype=attentions[0].dtype)
    return _chain([one.mean(dim=1) + eye for one in attentions])


def other_order(attentions: Sequence[Tensor]) -> Tensor:
    """Multiply from the other side."""
    return _chain(_layers(attentions)[::-1])


def last_layer(attentions: Sequence[Tensor]) -> Tensor:
    """Take the last layer alone."""
    return _layers(attentions)[-1]


def averaged(attentions: Sequence[Tensor]) -> Tensor:
    """Average the layers."""
    return torch.stack(_layers(attentions)).mean(dim=0)


def entry_by_entry(attentions: Sequence[Tensor]) -> Tensor:
    """Multiply entry by entry."""
    flow = _layers(attentions)[0]
    for layer in _layers(attentions)[1:]:
        flow = layer * flow
    return flow


def turned(attentions: Sequence[Tensor]) -> Tensor:
    """Let columns be the output."""
    return rollout(attentions).mT


def first_head(attentions: Sequence[Tensor]) -> Tensor:
    """Look at head 0 only."""
    return rollout([one[:, :1] for one in attentions])


def strongest_head(attentions: Sequence[Tensor]) -> Tensor:
    """Take the largest weight of the heads."""
    return rollout([one.amax(dim=1, keepdim=True) for one in attentions])


def summed_heads(attentions: Sequence[Tensor]) -> Tensor:
    """Add the heads up."""
    return rollout([one.sum(dim=1, keepdim=True) for one in attentions])


def residual_once(attentions: Sequence[Tensor]) -> Tensor:
    """Count the token itself at the end only."""
    eye = torch.eye(attentions[0].shape[-1], dtype=attentions[0].dtype)
    return 0.5 * without_residual(attentions) + 0.5 * eye


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


EXERCISE = Exercise(
    id="rollout",
    chapter=19,
    title="Attention rollout",
    difficulty=2,
    minutes=12,
    stub=STUB,
    solution=rollout,
    accepted={"einsum": by_einsum, "normalised": normalised},
    mutants=[
        Mutant(
            "no residual",
            without_residual,
            "The weights are chained without the residual connection, as if a token "
            "kept nothing of its own. Half of each layer is the identity.",
        ),
        Mutant(
            "rows that do not sum to one",
            not_halved,
            "The identity is added and nothing is halved: rows sum to 2 after one "
            "layer, to 4 after two. Take half of each.",
        ),
        Mutant(
            "order of the layers",
            other_order,
            "The layers are multiplied in the other order. What comes out last reads "
            "what was written before: later @ earlier.",
        ),
        Mutant(
            "last layer only",
            last_layer,
            "This is the last layer. Its columns are tokens of the state below, which "
            "is already a mixture: go on down to the input.",
        ),
        Mutant(
            "layers averaged",
            averaged,
            "The layers are averaged. A value passes through one after the other, "
            "so that their matrices are multiplied.",
        ),
        Mutant(
            "multiplied entry by entry",
            entry_by_entry,
            "* multiplies entry by entry. A path through a token in between is a sum "
            "over that token: a product of matrices, @.",
        ),
        Mutant(
            "transposed",
            turned,
            "Rows and columns have changed places: rows are tokens of the output.",
        ),
        Mutant(
            "first head",
            first_head,
            "Only head 0 is followed. Average over all heads, dim=1.",
        ),
        Mutant(
            "strongest head",
            strongest_head,
            "The largest weight of the heads is taken, so that rows sum to more than "
            "one. Rollout averages the heads.",
        ),
        Mutant(
            "heads added up",
            summed_heads,
            "The heads are added up: with four of them the rows of a layer sum to 4. "
            "Take their mean.",
        ),
        Mutant(
            "residual at the end",
            residual_once,
            "The token itself is counted once, after all layers. Each layer has its "
            "own residual connection.",
        ),
    ],
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
