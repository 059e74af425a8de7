"""The optimizer: which parameters decay, and how the learning rate moves.

Chapter: 12
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = [
    "AdamW",
    "build_optimizer",
    "linear_schedule",
    "load_moments",
    "moments",
    "parameter_groups",
]

KINDS = ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")


class Uncompiled(torch.optim.Optimizer):
    """torch's methods without the wrappers that keep torch.compile away from them.

    On their first call these load torch's compiler, which takes four seconds of a
    core before the first step, whether anything is ever compiled or not.
    """

    add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
    zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)


_adamw_step = inspect.unwrap(torch.optim.AdamW.step)


class AdamW(Uncompiled, torch.optim.AdamW):
    """torch's AdamW (Loshchilov and Hutter 2019), see `Uncompiled`."""

    @torch.no_grad()
    def step(  # type: ignore[override]
        self, closure: Callable[[], float] | None = None
    ) -> float | None:
        """Update all parameters that have a gradient."""
        loss: float | None = _adamw_step(self, closure)
        return loss


class LBFGS(Uncompiled, torch.optim.LBFGS):
    """torch's L-BFGS, see `Uncompiled`."""


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide the parameters: matrices and tables decay, biases and norms do not.

    Tied parameters are listed once. Position and segment tables do decay, as in the
    original code.

    Returns:
        Two groups for a torch optimizer.
    """
    norms = {
        id(parameter)
        for part in model.modules()
        if isinstance(part, nn.LayerNorm)
        for parameter in part.parameters()
    }
    decayed: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        is_bias = name.rsplit(".", 1)[-1] == "bias"
        (others if is_bias or id(parameter) in norms else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def linear_schedule(step: int, total: int, warmup: int) -> float:
    """Give the factor on the learning rate: up from 0, then down to 0, in lines.

    The original's decay line starts at step 0, so that its rate drops a little when
    the warm-up ends; here, as in today's libraries, the line starts at the peak.

    Args:
        step: from 0 (rate 0) to total (rate 0).
        total: number of steps.
        warmup: steps of the rise.

    Returns:
        A number from 0 to 1.
    """
    if step < warmup:
        return step / warmup
    if step >= total:
        return 0.0
    return (total - step) / max(1, total - warmup)


def build_optimizer(
    model: nn.Module,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float,
) -> AdamW:
    """Make AdamW (Loshchilov and Hutter 2019) with the groups above, fused.

    Args:
        model: the model.
        learning_rate: the highest one of the schedule.
        betas: of the running means of the gradient and of its square.
        epsilon: is added to the root of the second.
        weight_decay: of the first group; each step takes this share, times the
            learning rate, off a weight.
    """
    return AdamW(
        parameter_groups(model, weight_decay),
        lr=learning_rate,
        betas=betas,
        eps=epsilon,
        fused=True,
    )


def moments(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Give what the optimizer remembers of each parameter, by kind and name.

    AdamW's kinds are `exp_avg`, `exp_avg_sq` and `step`, Muon's is `momentum_buffer`;
    a parameter that was never updated has none.
    """
    return {
        f"{kind}.{name}": value.detach().cpu()
        for name, parameter in model.named_parameters()
        for kind, value in optimizer.state.get(parameter, {}).items()
    }


def load_moments(
    model: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> None:
    """Put back what `moments` gave; torch moves it to the parameters' device."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    known = [names[id(p)] for group in optimizer.param_groups for p in group["params"]]
    values = optimizer.state_dict()
    values["state"] = {
        index: {kind: tensors[f"{kind}.{name}"] for kind in kinds}
        for index, name in enumerate(known)
        if (kinds := [kind for kind in KINDS if f"{kind}.{name}" in tensors])
    }
    optimizer.load_state_dict(values)
