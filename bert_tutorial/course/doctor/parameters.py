"""Checks of the parameters: those listed, those used, those that the gradient reaches.

Chapter: 12
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from bert_tutorial.course.doctor.patient import (
    ROUNDING,
    Diagnosis,
    Patient,
    differs,
)

__all__ = ["check_parameters", "is_steady", "leaves_of"]


def leaves_of(output: Tensor) -> list[Tensor]:
    """Find the tensors with a gradient that a result was computed from."""
    seen: set[object] = set()
    found: list[Tensor] = []
    queue: list[object] = [output.grad_fn]
    while queue:
        node = queue.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        queue += [parent for parent, _ in getattr(node, "next_functions", ())]
    return found


def is_steady(patient: Patient) -> bool:
    """Tell whether two passes in eval mode agree."""
    first = patient.words(patient.ids_asked)
    return differs(first, patient.words(patient.ids_asked)) < ROUNDING


def target(patient: Patient) -> Tensor:
    """Compute a loss on every output, with both segments and all places scored."""
    ids = patient.ids_asked
    scores = patient.ask(ids, types=patient.types_asked)
    loss = F.cross_entropy(scores.words.flatten(0, 1), patient.other(ids).flatten())
    if scores.relation is not None:
        turns = torch.arange(len(ids), device=ids.device) % 2
        loss = loss + F.cross_entropy(scores.relation, turns)
    return loss


def check_parameters(patient: Patient) -> Iterator[Diagnosis]:
    """Compare the parameters that the model lists with those that it uses."""
    loss = target(patient)
    first, second = leaves_of(loss), leaves_of(target(patient))
    strange = [leaf for leaf in first if id(leaf) not in patient.names]
    if strange:
        again = {id(leaf) for leaf in second}
        is_new = not all(id(leaf) in again for leaf in strange)
        how = "made anew in each call" if is_new else "the same in each call"
        numbers = sum(leaf.numel() for leaf in strange)
        yield Diagnosis(
            "parameters-outside",
            f"{len(strange)} tensors of {numbers:,} numbers take part and are not "
            f"among the model's parameters; {how}",
            "make every layer in __init__ and keep lists of layers in nn.ModuleList: "
            "the optimizer and the saved file know the registered ones only",
        )
    if not is_steady(patient):
        if not strange:
            yield Diagnosis(
                "nondeterministic",
                "two passes in eval mode give different scores",
                "use nn.Dropout, or F.dropout(..., training=self.training): chance "
                "must end with eval()",
            )
        return
    gradients = torch.autograd.grad(
        loss,
        [p for p in patient.model.parameters() if p.requires_grad],
        allow_unused=True,
    )
    yield from without_gradient(patient, list(gradients))


def without_gradient(
    patient: Patient, gradients: list[Tensor | None]
) -> Iterator[Diagnosis]:
    """Name the parameters that no output depends on."""
    reached = iter(gradients)
    idle = []
    for name, parameter in patient.model.named_parameters():
        gradient = next(reached) if parameter.requires_grad else None
        # a vector may cancel exactly: the bias of the keys does in the softmax
        if gradient is None or (parameter.ndim > 1 and not gradient.any()):
            idle.append(name)
    positions = [name for name in idle if "position" in name]
    others = [name for name in idle if "position" not in name]
    remedy = (
        "; look for detach(), no_grad(), .data, requires_grad or a layer not called"
    )
    if positions:
        yield Diagnosis(
            "positions-without-gradient",
            f"no gradient reaches {', '.join(positions)}",
            "a learned position table must be learned" + remedy,
        )
    if others:
        yield Diagnosis(
            "parameters-without-gradient",
            f"no gradient reaches {', '.join(others[:4])}"
            + (f" and {len(others) - 4} more" if len(others) > 4 else ""),
            "use them or delete them" + remedy,
        )
