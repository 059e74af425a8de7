"""Change one thing inside a run and see what becomes of the answers.

A hook hands over what flows past it and takes back what is to flow on. So the model's
own forward pass runs, not a second one written for the purpose. It runs on the model's
device, where a hook finds what flows past it; the results are brought to the CPU.

Chapter: 19
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from bert_tutorial.labs.inside.views import FactBatch
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.world import World
from bert_tutorial.world.ledger import Probe

__all__ = [
    "Change",
    "HeadChange",
    "ablate_head",
    "changed_run",
    "country_swaps",
    "head_outputs",
    "mask_logits",
    "patch_state",
    "patched_heads",
    "patched_positions",
    "relation_swaps",
    "swap_head",
    "without_heads",
    "zero_head",
]

Change = Callable[[Tensor], Tensor]
# (B, T, H), the head, the number of heads, (B, T) bool -> (B, T, H)
HeadChange = Callable[[Tensor, int, int, Tensor], Tensor]


def ablate_head(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Replace what a head says by its mean: the same at every position of every text.

    Args:
        merged: (B, T, H), the heads' outputs side by side, before the output matrix.
        head: which one, from 0.
        A: how many heads there are.
        is_token: (B, T) bool; padding does not count for the mean.

    Returns:
        (B, T, H), a new tensor; the other heads as they were.
    """
    D = merged.shape[-1] // A
    own = slice(head * D, (head + 1) * D)
    changed = merged.clone()
    changed[..., own] = merged[is_token][:, own].mean(dim=0)  # (D)
    return changed


def zero_head(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Replace what a head says by zeros, see `ablate_head`."""
    D = merged.shape[-1] // A
    changed = merged.clone()
    changed[..., head * D : (head + 1) * D] = 0.0
    return changed


def swap_head(merged: Tensor, head: int, A: int, is_token: Tensor) -> Tensor:
    """Replace what a head says by what it says in another text, see `ablate_head`.

    Each text gets another one's outputs, position by position; which one is drawn once
    and for all.
    """
    D = merged.shape[-1] // A
    order = torch.randperm(len(merged), generator=torch.Generator().manual_seed(0))
    others = torch.empty_like(order)
    others[order] = order.roll(1)  # one ring through all texts: none keeps its own
    changed = merged.clone()
    own = slice(head * D, (head + 1) * D)
    changed[..., own] = merged[others][..., own]
    return changed


def patch_state(state: Tensor, source: Tensor, at: Tensor) -> Tensor:
    """Put one vector a text from another run into this one.

    Args:
        state: (B, T, H), hidden states of the run that goes on.
        source: (B, T, H), the same states of another run.
        at: (B,), the position of each text whose vector is replaced.

    Returns:
        (B, T, H), a new tensor.
    """
    rows = torch.arange(len(state))
    changed = state.clone()
    changed[rows, at] = source[rows, at]
    return changed


@contextmanager
def changed_run(
    model: BertModel,
    heads: Mapping[int, Change] | None = None,
    states: Mapping[int, Change] | None = None,
) -> Iterator[None]:
    """Change what flows through a model while the block runs.

    Args:
        model: is as before after the block.
        heads: for a layer, from 0, what to make of its heads' outputs (B, T, H), side
            by side and before the output matrix.
        states: for a hidden state, 0 for the embeddings and n for what the n-th layer
            gives, what to make of it (B, T, H).
    """
    layers = model.encoder.layers
    hooks = []
    for number, change in (heads or {}).items():
        layer: Any = layers[number]  # an EncoderLayer, to a type checker any module
        output = layer.attention.output
        hooks.append(output.register_forward_pre_hook(_first_argument(change)))
    for number, change in (states or {}).items():
        if number == 0:
            hook = model.embeddings.register_forward_hook(_whole(change))
        else:
            hook = layers[number - 1].register_forward_hook(_first_of_pair(change))
        hooks.append(hook)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _first_argument(change: Change) -> Any:
    return lambda module, arguments: (change(arguments[0]), *arguments[1:])


def _whole(change: Change) -> Any:
    return lambda module, arguments, output: change(output)


def _first_of_pair(change: Change) -> Any:
    return lambda module, arguments, output: (change(output[0]), *output[1:])


@torch.no_grad()
def mask_logits(
    model: BertForPreTraining,
    batch: FactBatch,
    heads: Mapping[int, Change] | None = None,
    states: Mapping[int, Change] | None = None,
) -> Tensor:
    """Ask the questions in a run that is changed, see `changed_run`: (N, V)."""
    batch = batch.to(model.device)
    with changed_run(model.bert, heads, states):
        hidden = model.bert(batch.ids, batch.mask).last_hidden_state
    logits: Tensor = model.cls.predictions(hidden[batch.rows, batch.at])
    return logits.cpu()


@torch.no_grad()
def head_outputs(model: BertModel, ids: Tensor, mask: Tensor) -> list[Tensor]:
    """Collect what the heads of every layer say: L tensors (B, T, H).

    They stay on the model's device, to be put into another run.
    """
    seen: list[Tensor] = []

    def note(merged: Tensor) -> Tensor:
        seen.append(merged)
        return merged

    with changed_run(
        model, heads=dict.fromkeys(range(len(model.encoder.layers)), note)
    ):
        model(ids.to(model.device), mask.to(model.device))
    return seen


def without_heads(
    model: BertForPreTraining,
    batch: FactBatch,
    heads: Sequence[tuple[int, int]],
    replace: HeadChange = ablate_head,
) -> Tensor:
    """Take some heads out of the run and say which answers stay right.

    Args:
        model: in eval mode.
        batch: the questions.
        heads: (layer, head) of each, both from 0.
        replace: what stands in for them; their mean by default.

    Returns:
        (N,) bool.
    """
    A, is_token = model.config.num_attention_heads, batch.is_token.to(model.device)

    def change_of(layer: int) -> Change:
        def change(merged: Tensor) -> Tensor:
            for of_layer, head in heads:
                if of_layer == layer:
                    merged = replace(merged, head, A, is_token)
            return merged

        return change

    changes = {layer: change_of(layer) for layer, _ in heads}
    words = mask_logits(model, batch, heads=changes).argmax(dim=-1)
    return words == batch.answers.cpu()


def country_swaps(world: World) -> tuple[list[Probe], Tensor]:
    """Ask for the capital of every country, once for each other country.

    Returns:
        The questions, all in one wording, and for each the number of a question about
        the other country: every ordered pair of countries once.
    """
    asked = _first_wording(world, "capital")
    n = len(asked)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    # the questions about country j begin at j * (n - 1)
    return [asked[i] for i, _ in pairs], torch.tensor([j * (n - 1) for _, j in pairs])


def relation_swaps(world: World) -> tuple[list[Probe], Tensor]:
    """Ask for the capital and the language of every country, in equal sentences.

    Returns:
        The questions, and for each the number of the other one about its country.
    """
    capitals, languages = (_first_wording(world, r) for r in ("capital", "language"))
    numbers = torch.arange(2 * len(capitals))
    return [*capitals, *languages], numbers.roll(len(capitals))


def _first_wording(world: World, relation: str) -> list[Probe]:
    return [
        probe
        for probe in world.probes()
        if probe.fact.relation == relation
        and probe.wording == 0
        and probe.answer == probe.fact.object
    ]


@torch.no_grad()
def patched_positions(
    model: BertForPreTraining, batch: FactBatch, sources: Tensor
) -> Tensor:
    """Patch every state at every position from another question of the batch.

    Args:
        model: in eval mode.
        batch: questions of one wording, so that a position means the same in all.
        sources: (N,), for each question the number of the one that is patched from.

    Returns:
        (L + 1, T): how often the answer becomes that of the other question.
    """
    wanted = batch.answers[sources].cpu()
    batch = batch.to(model.device)
    output = model.bert(batch.ids, batch.mask, output_hidden_states=True)
    moved = torch.zeros(len(output.hidden_states), batch.ids.shape[1])
    for number, state in enumerate(output.hidden_states):
        for position in range(batch.ids.shape[1]):
            at = torch.full((len(sources),), position)

            def change(
                own: Tensor, other: Tensor = state[sources], at: Tensor = at
            ) -> Tensor:
                return patch_state(own, other, at)

            words = mask_logits(model, batch, states={number: change}).argmax(dim=-1)
            moved[number, position] = (words == wanted).float().mean()
    return moved


def patched_heads(
    model: BertForPreTraining, batch: FactBatch, sources: Tensor
) -> Tensor:
    """Patch what one head says at [MASK] from another question of the batch.

    Returns:
        (L, A): how often the answer becomes that of the other question.
    """
    A = model.config.num_attention_heads
    D = model.config.hidden_size // A
    wanted = batch.answers[sources].cpu()
    said = head_outputs(model.bert, batch.ids, batch.mask)
    moved = torch.zeros(len(said), A)
    for layer, merged in enumerate(said):
        for head in range(A):
            other = merged[sources].clone()
            columns = torch.arange(merged.shape[-1], device=merged.device)
            is_head = columns // D == head

            def change(
                own: Tensor, other: Tensor = other, is_head: Tensor = is_head
            ) -> Tensor:
                return patch_state(own, other.where(is_head, own), batch.at)

            words = mask_logits(model, batch, heads={layer: change}).argmax(dim=-1)
            moved[layer, head] = (words == wanted).float().mean()
    return moved
