"""BERT with named changes: the models that the chapter compares, and what they cost.

Each change is a few lines on a `BertForPreTraining`; several can be made together. The
changed parts get the same kind of initial weights as the others.

Chapter: 23
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from bert_tutorial.labs.descendants.attention import LocalAttention, RotaryAttention
from bert_tutorial.labs.descendants.layers import (
    FactorisedEmbeddings,
    FactorisedHead,
    GatedFeedForward,
    PreNormEncoder,
)
from bert_tutorial.labs.efficiency.cost import forward_operations
from bert_tutorial.model.bert import initialise
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.training.loop import PRETRAINING, Loss

__all__ = ["CHANGES", "WHOLE_LOSS", "descendant", "descendant_operations"]

REACH, EVERY = 4, 2  # of the local layers in the chapter's small models


def _whole_means(
    model: BertForPreTraining, batch: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Compute both losses of pretraining; the last layer works at all positions."""
    part = pretraining_loss(model, batch)
    return {"masked_lm": part.masked_lm, "next_sentence": part.next_sentence}


# The trainer's own loss computes the last layer only where it is read; some of the
# changed parts need all positions.
WHOLE_LOSS = Loss(PRETRAINING.names, _whole_means, PRETRAINING.counts)


def use_pre_norm(model: BertForPreTraining) -> None:
    """Norm before each part, and once after the last layer."""
    model.bert.encoder = PreNormEncoder(model.config).to(model.device)


def use_gate(model: BertForPreTraining) -> None:
    """GeGLU in every layer."""
    for layer in model.bert.encoder.layers:
        layer.feed_forward = GatedFeedForward(model.config).to(model.device)


def use_rotation(model: BertForPreTraining) -> None:
    """Rotated queries and keys in every layer, and no position table."""
    for layer in model.bert.encoder.layers:
        layer.attention = RotaryAttention(model.config).to(model.device)
    _silence_positions(model)


def use_no_positions(model: BertForPreTraining) -> None:
    """No position table, and nothing in its place: the control."""
    _silence_positions(model)


def _silence_positions(model: BertForPreTraining) -> None:
    """Let the position table add nothing, and learn nothing."""
    model.bert.embeddings.position_embeddings.weight.requires_grad_(False)


def use_local_layers(model: BertForPreTraining) -> None:
    """Let every second layer look at neighbours only; layer 0 is global."""
    for number, layer in enumerate(model.bert.encoder.layers):
        layer.attention = LocalAttention(
            layer.get_submodule("attention"), REACH, number, EVERY
        )


def use_one_layer(model: BertForPreTraining) -> None:
    """Use the weights of layer 0 in all layers."""
    layers = model.bert.encoder.layers
    model.bert.encoder.layers = nn.ModuleList([layers[0]] * len(layers))


def use_factors(model: BertForPreTraining) -> None:
    """Tables a quarter as wide, and a matrix behind them."""
    E, device = model.config.hidden_size // 4, model.device
    model.bert.embeddings = FactorisedEmbeddings(model.config, E).to(device)
    model.cls.predictions = FactorisedHead(model.config, E).to(device)
    model.cls.predictions.tie(model.bert.embeddings.word_embeddings)


# In the order in which they are made: a later one may build on an earlier one.
CHANGES: dict[str, Callable[[BertForPreTraining], None]] = {
    "factorised": use_factors,
    "pre-norm": use_pre_norm,
    "gated": use_gate,
    "rotary": use_rotation,
    "no positions": use_no_positions,
    "local": use_local_layers,
    "shared": use_one_layer,
}


def descendant(
    config: BertConfig, changes: Sequence[str] = (), seed: int = 0
) -> BertForPreTraining:
    """Make a BERT with some changes.

    Args:
        config: of the BERT without them.
        changes: names in `CHANGES`.
        seed: decides the initial weights.

    Returns:
        A model whose loss is taken with `lean=False`.

    Raises:
        ValueError: a change is not known.
    """
    for name in changes:
        if name not in CHANGES:
            raise ValueError(f"changes must be among {list(CHANGES)}, got {name!r}")
    model = BertForPreTraining(config)
    for name, change in CHANGES.items():
        if name in changes:
            change(model)
    torch.manual_seed(seed)
    initialise(model, config)
    table = model.bert.embeddings.position_embeddings.weight
    if not table.requires_grad:
        nn.init.zeros_(table)
    return model


def descendant_operations(
    config: BertConfig, changes: Sequence[str], B: int, T: int, M: int
) -> dict[str, int]:
    """Count the operations of a forward pass, as `forward_operations` does for BERT.

    Rotations, norms and gates are no matrix products. A mask hides scores that are
    computed all the same, and a layer that is used twice works twice.

    Args:
        config: of the BERT without changes.
        changes: names in `CHANGES`.
        B: texts.
        T: tokens of each.
        M: positions of the batch that are predicted.

    Returns:
        Operations by part; "projection" (of the factorised tables) is a further one.
    """
    parts = forward_operations(config, B, T, M)
    H, E = config.hidden_size, config.hidden_size // 4
    if "gated" in changes:
        inner = round(config.intermediate_size * 2 / 3)
        parts["feed-forward"] = 3 * 2 * B * T * H * inner * config.num_hidden_layers
    if "factorised" in changes:
        parts["head"] = 2 * M * (H * E + E * config.vocab_size)
        parts["projection"] = 2 * B * T * E * H
    return parts
