"""Estimate what a BERT costs before it runs: operations, parameters, memory.

Only matrix products are counted. One of shapes (n, k) and (k, m) takes n m k
multiplications and as many additions: 2 n m k operations. Looking a row up in a table
takes none. Everything else together (GELU, LayerNorm, softmax) takes few operations;
that it takes time all the same is what a measurement shows.

Chapter: 20
Used from: 12
"""

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.config import BertConfig

__all__ = [
    "activation_numbers",
    "forward_operations",
    "kept_bytes",
    "lean_operations",
    "parameter_count",
    "state_bytes",
    "step_operations",
]

Count = TypeVar("Count", int, float)  # float where parts are means over tokens

BERT_TOKENS = 256 * (900_000 * 128 + 100_000 * 512)  # Devlin et al. 2019, A.2


def forward_operations(config: BertConfig, B: int, T: int, M: int) -> dict[str, int]:
    """Count the operations of `pretraining_loss`, forward, by part.

    Args:
        config: the sizes.
        B: texts.
        T: tokens of each, padding included.
        M: positions of the whole batch that are predicted.

    Returns:
        Operations of "projections" (query, key, value, output), "attention" (scores
        and mixture), "feed-forward", "head" (at the M positions) and "pooler" (with the
        scores of the pair).
    """
    H, inner, L = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    return {
        "projections": L * 4 * 2 * B * T * H * H,
        "attention": L * 2 * 2 * B * T * T * H,
        "feed-forward": L * 2 * 2 * B * T * H * inner,
        "head": 2 * M * (H * H + H * config.vocab_size),
        "pooler": 2 * B * (H * H + H * 2),
    }


def lean_operations(
    config: BertConfig, B: int, T: int, M: int, read: int
) -> dict[str, int]:
    """Count the operations of a lean `pretraining_loss`: its last layer does less.

    Args:
        config: the sizes.
        B: texts.
        T: tokens of each.
        M: positions of the batch that are predicted.
        read: positions of each text at which the last layer works, [CLS] among them.

    Returns:
        As `forward_operations`.
    """
    H, inner = config.hidden_size, config.intermediate_size
    below = config.changed(num_hidden_layers=config.num_hidden_layers - 1)
    parts = forward_operations(below, B, T, M)
    parts["projections"] += 2 * 2 * B * T * H * H + 2 * 2 * B * read * H * H
    parts["attention"] += 2 * 2 * B * read * T * H
    parts["feed-forward"] += 2 * 2 * B * read * H * inner
    return parts


def step_operations(parts: Mapping[str, Count]) -> Count:
    """Count a training step's operations: backward has two products for each one.

    One of the two gives the gradient of the input, the other that of the matrix.
    """
    return 3 * sum(parts.values())


def parameter_count(config: BertConfig) -> int:
    """Count the parameters of BertForPreTraining; the tied word table counts once."""
    H, inner, V = config.hidden_size, config.intermediate_size, config.vocab_size
    rows = V + config.max_position_embeddings + config.type_vocab_size
    norm = 2 * H
    layer = 4 * (H * H + H) + (H * inner + inner) + (inner * H + H) + 2 * norm
    pooler, head, pair = H * H + H, H * H + H + norm + V, 2 * H + 2
    layers = config.num_hidden_layers * layer
    return rows * H + norm + layers + pooler + head + pair


def state_bytes(parameters: int, frozen: int = 0) -> int:
    """Give the bytes that training holds all the time, in fp32 with AdamW.

    A weight has 4 bytes, its gradient 4, and AdamW's two moments 4 each. A frozen
    weight has neither gradient nor moments.

    Args:
        parameters: all of them.
        frozen: those of them that do not learn.
    """
    return 4 * parameters + 3 * 4 * (parameters - frozen)


def run_operations(config: BertConfig, tokens: float | None = None) -> float:
    """Count the operations of a whole pretraining run, on BERT's mix of lengths.

    Of 1,000 steps, each with 256 texts, 900 have texts of 128 tokens and 100 texts of
    512; 15 % of the positions are predicted (Devlin et al. 2019, A.2).

    Args:
        config: the sizes.
        tokens: read in the whole run, each time that they are read; BERT's if None.
    """
    total = 0
    for steps, length in ((900_000, 128), (100_000, 512)):
        hidden = 256 * round(0.15 * length)
        parts = forward_operations(config, 256, length, hidden)
        total += steps * step_operations(parts)
    return total * (1.0 if tokens is None else tokens / BERT_TOKENS)


def gpu_hours(operations: float, peak_tflops: float, utilisation: float) -> float:
    """Estimate the hours of one GPU that some operations take.

    Args:
        operations: of the whole run.
        peak_tflops: dense bf16 peak of the GPU, 10^12 FLOPs a second.
        utilisation: share of it that the run reaches, above 0 and at most 1.

    Raises:
        UserError: a number is out of its range.
    """
    if not 0 < utilisation <= 1:
        raise UserError(f"utilisation must be above 0 and at most 1, got {utilisation}")
    for name, value in {"operations": operations, "peak": peak_tflops}.items():
        if not 0 < value < math.inf:
            raise UserError(f"{name} must be above 0, got {value}")
    return operations / (peak_tflops * 1e12 * utilisation) / 3600


def activation_numbers(config: BertConfig, B: int, T: int) -> int:
    """Estimate how many numbers the encoder keeps from forward for backward.

    Without dropout and with `fused_attention`. Of each layer: its input, query, key,
    value, the mixture, what enters the first LayerNorm and what leaves it, what enters
    GELU and what leaves it, and what enters the second LayerNorm.
    """
    H, inner = config.hidden_size, config.intermediate_size
    return config.num_hidden_layers * B * T * (8 * H + 2 * inner)


def kept_bytes(model: nn.Module, forward: Callable[[], Tensor]) -> int:
    """Measure how many bytes a forward pass keeps for the backward pass.

    Args:
        model: its own parameters do not count.
        forward: runs it and gives a loss.

    Returns:
        Bytes of all storages that are kept, each counted once.
    """
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        forward()
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
