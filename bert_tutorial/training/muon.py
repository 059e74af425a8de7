"""Muon: updates of matrices whose directions all count alike.

AdamW scales each number of a matrix by itself. Muon (Jordan et al. 2024,
kellerjordan.github.io/posts/muon) takes the matrix as a whole: it moves along U V^T
where the mean gradient is U S V^T, so that rare directions move as far as frequent
ones. Five rounds of Newton and Schulz, three matrix products each, come close to U V^T
without an SVD.

Chapter: 20
Used from: 12
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bert_tutorial.training.optimizer import AdamW

__all__ = ["Muon", "build_muon", "encoder_matrices", "late_fall", "orthogonalise"]

LEARNING_RATE = 7e-3  # of the matrices, where AdamW's for the rest is 3e-3
MOMENTUM = 0.95
WARMUP = 20
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of Jordan et al., as in torch.optim.Muon
ROUNDS = 5
EPSILON = 1e-7


def orthogonalise(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Bring all singular values near 1 (0.7 to 1.2), of many matrices at once.

    Args:
        matrices: (N, A, B) with A <= B.
        dtype: of the products.

    Returns:
        (N, A, B): about U V^T of each matrix U S V^T.
    """
    a, b, c = COEFFICIENTS
    found = matrices.to(dtype)
    sizes = found.flatten(1).norm(dim=1).clamp(min=EPSILON)
    found = found / sizes[:, None, None]
    for _ in range(ROUNDS):
        gram = found @ found.mT
        found = torch.baddbmm(
            found, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), found, beta=a
        )
    return found


def encoder_matrices(model: nn.Module) -> list[nn.Parameter]:
    """List what Muon is for: the matrices of an encoder's layers, without tables."""
    return [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.ndim == 2 and ".layers." in f".{name}"
    ]


class Muon(AdamW):
    """Muon for the first group of parameters, AdamW for the others.

    Matrices of one shape, or of its transpose, are orthogonalised in one batched
    product: alone, each is too small to keep a processor busy.

    Args:
        groups: the first one of matrices, with its own "lr"; the others as AdamW's.
        momentum: share of the mean gradient that a step keeps.
        options: of AdamW.
    """

    def __init__(
        self,
        groups: Sequence[dict[str, Any]],
        momentum: float = MOMENTUM,
        **options: Any,
    ) -> None:
        """Take the groups; a gradient that is not finite is left to the scaler."""
        super().__init__(list(groups), **options)
        self.momentum = momentum
        self._step_supports_amp_scaling = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a state that was saved; AdamW's way wants a count of steps of each."""
        torch.optim.Optimizer.__setstate__(self, state)

    @torch.no_grad()
    def step(  # type: ignore[override]
        self, closure: Callable[[], float] | None = None
    ) -> None:
        """Update all parameters that have a gradient."""
        groups = self.param_groups
        self._step_matrices(groups[0])
        self.param_groups = groups[1:]
        try:
            super().step(closure)
        finally:
            self.param_groups = groups

    def _step_matrices(self, group: dict[str, Any]) -> None:
        """Update the matrices, those of one shape together."""
        alike: dict[tuple[int, int], list[tuple[nn.Parameter, Tensor]]]
        alike = defaultdict(list)
        for parameter in group["params"]:
            if parameter.grad is not None:
                A, B = sorted(parameter.shape)
                alike[A, B].append((parameter, parameter.grad))
        for pairs in alike.values():
            updates = [self._mean_gradient(*pair) for pair in pairs]
            on_gpu = updates[0].is_cuda
            stacked = orthogonalise(
                torch.stack([u if len(u) <= len(u.T) else u.T for u in updates]),
                torch.bfloat16 if on_gpu else torch.float32,
            )
            for (parameter, _), found in zip(pairs, stacked, strict=True):
                A, B = parameter.shape
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                rate = group["lr"] * math.sqrt(max(1, A / B))
                update = found if A <= B else found.T
                parameter.add_(update.to(parameter.dtype), alpha=-rate)

    def _mean_gradient(self, parameter: nn.Parameter, gradient: Tensor) -> Tensor:
        """Move the mean towards the gradient, and look a step ahead (Nesterov)."""
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["step"] = torch.zeros(())  # AdamW looks for it when it is restored
            state["momentum_buffer"] = torch.zeros_like(gradient)
        state["step"] += 1
        mean: Tensor = state["momentum_buffer"]
        mean.lerp_(gradient, 1 - self.momentum)
        return gradient.lerp(mean, self.momentum)


def late_fall(step: int, total: int, warmup: int) -> float:
    """Give the factor on the rates: up in a line, level, down over the last half.

    Other texts call such a schedule trapezoidal, or warmup-stable-decay.

    Args:
        step: from 0 (rate 0) to total (rate 0).
        total: number of steps.
        warmup: steps of the rise.
    """
    rise = step / warmup if warmup else 1.0
    return max(0.0, min(1.0, rise, 2 * (total - step) / total))


def build_muon(
    model: nn.Module,
    groups: Sequence[dict[str, Any]],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
) -> Muon:
    """Make Muon for a model's encoder, AdamW for what is not in its layers.

    Args:
        model: the model.
        groups: as for AdamW alone.
        learning_rate: of AdamW's part; the matrices have 7/3 of it.
        betas: of AdamW.
        epsilon: of AdamW.
    """
    matrices = encoder_matrices(model)
    chosen = set(map(id, matrices))
    first = {
        "params": matrices,
        "weight_decay": groups[0]["weight_decay"],
        "lr": learning_rate * LEARNING_RATE / 3e-3,
        "factor": LEARNING_RATE / 3e-3,
    }
    rest = [
        {**group, "params": [p for p in group["params"] if id(p) not in chosen]}
        for group in groups
    ]
    return Muon([first, *rest], lr=learning_rate, betas=betas, eps=epsilon, fused=True)
