"""All of the chapter's measurements on one model, for a table over several seeds.

Chapter: 19
"""

from typing import Any

import torch
from torch import Tensor

from bert_tutorial.labs.inside.interventions import (
    HeadChange,
    ablate_head,
    country_swaps,
    mask_logits,
    patched_heads,
    patched_positions,
    relation_swaps,
    swap_head,
    without_heads,
    zero_head,
)
from bert_tutorial.labs.inside.probing import (
    continent_task,
    probe_states,
    states_at,
)
from bert_tutorial.labs.inside.views import (
    FactBatch,
    answer_ranks,
    fact_batch,
    mask_weights,
    rollout,
    rounded,
)
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import World
from bert_tutorial.world.knowledge import majority_recall
from bert_tutorial.world.ledger import Probe

__all__ = ["country_probes", "inside_report", "sentence_states", "untrained_twin"]


def untrained_twin(model: BertForPreTraining, seed: int = 0) -> BertForPreTraining:
    """Make a model of the same sizes with random weights, in eval mode.

    It is on the model's device.
    """
    torch.manual_seed(seed)
    return BertForPreTraining(model.config).to(model.device).eval()


def country_probes(world: World) -> list[Probe]:
    """List questions about countries whose answer is no continent, in every wording."""
    return [
        probe
        for probe in world.probes()
        if probe.fact.relation in ("capital", "language", "currency")
        and probe.answer == probe.fact.object
    ]


@torch.no_grad()
def sentence_states(
    model: BertModel, tokenizer: BertTokenizer, probes: list[Probe]
) -> Tensor:
    """Collect the vectors of all real tokens after each layer: (L + 1, tokens, H)."""
    batch = fact_batch(tokenizer, probes).to(model.device)
    states = model(batch.ids, batch.mask, output_hidden_states=True).hidden_states
    return torch.stack([state[batch.is_token] for state in states]).cpu()


def _heads(model: BertForPreTraining, batch: FactBatch, replace: HeadChange) -> Tensor:
    """Take out one head after the other: (L, A, N) bool, which answers stay right."""
    L, A = model.config.num_hidden_layers, model.config.num_attention_heads
    right = [
        without_heads(model, batch, [(layer, head)], replace)
        for layer in range(L)
        for head in range(A)
    ]
    return torch.stack(right).unflatten(0, (L, A))


def _pairs(model: BertForPreTraining, batch: FactBatch) -> list[list[float]]:
    """Take out two heads at once: (L * A, L * A), below the diagonal."""
    A = model.config.num_attention_heads
    every = [divmod(i, A) for i in range(model.config.num_hidden_layers * A)]
    return [
        [
            round(without_heads(model, batch, [one, two]).float().mean().item(), 3)
            for two in every[:i]
        ]
        for i, one in enumerate(every)
    ]


def _maps(model: BertForPreTraining, batch: FactBatch) -> dict[str, Any]:
    """Measure what the weights of [MASK] point at."""
    batch = batch.to(model.device)
    with torch.no_grad():
        output = model.bert(batch.ids, batch.mask, output_attentions=True)
    flow = rollout(output.attentions)[batch.rows, batch.at]  # (N, T)
    flow[batch.rows, batch.at] = -1.0  # which other token
    return {
        "weights": rounded(mask_weights(model, batch).mean(dim=0)),
        "even_weight": round((1 / batch.mask.sum(dim=1)).mean().item(), 3),
        "rollout_points": round(
            (flow.argmax(dim=1) == batch.subject).float().mean().item(), 3
        ),
    }


def _relations(batch: FactBatch, right: Tensor) -> dict[str, Any]:
    """Split the answers that stay right by relation."""
    found = {}
    for name in dict.fromkeys(batch.relations):
        own = torch.tensor([relation == name for relation in batch.relations])
        found[name] = rounded(right[..., own].float().mean(dim=-1))
    return found


def _patches(
    model: BertForPreTraining, tokenizer: BertTokenizer, world: World
) -> dict[str, Any]:
    """Patch countries and relations, by state and by head."""
    found = {}
    for name, swaps in (("country", country_swaps), ("relation", relation_swaps)):
        probes, sources = swaps(world)
        batch = fact_batch(tokenizer, probes)
        found[f"{name}_states"] = rounded(patched_positions(model, batch, sources))
        found[f"{name}_heads"] = rounded(patched_heads(model, batch, sources))
        found[f"{name}_weights"] = rounded(mask_weights(model, batch).mean(dim=0))
        found[f"{name}_tokens"] = [
            tokenizer.id_to_token[i] for i in batch.ids[0].tolist()
        ]
    return found


def inside_report(
    model: BertForPreTraining, tokenizer: BertTokenizer, world: World
) -> dict[str, Any]:
    """Look into one model of the mini-world in every way of the chapter.

    Args:
        model: in eval mode.
        tokenizer: its tokenizer.
        world: its world; its questions in held-out wordings are asked.

    Returns:
        Shares from 0 to 1, ready for a file.
    """
    probes = world.probes("rephrased")
    batch = fact_batch(tokenizer, probes)
    right = _heads(model, batch, ablate_head)
    ranks = answer_ranks(model, batch)
    about = fact_batch(tokenizer, country_probes(world))
    task = continent_task(world, [p.fact.subject for p in country_probes(world)])
    twins = {"trained": model, "untrained": untrained_twin(model)}
    whole = mask_logits(model, batch).argmax(dim=-1) == batch.answers
    return {
        "questions": len(probes),
        "majority": round(majority_recall(probes).share, 3),
        "recall": round(whole.float().mean().item(), 3),
        **_maps(model, batch),
        "untrained_weights": rounded(mask_weights(twins["untrained"], batch).mean(0)),
        "ablated": rounded(right.float().mean(dim=-1)),
        "by_relation": _relations(batch, right),
        "zeroed": rounded(_heads(model, batch, zero_head).float().mean(dim=-1)),
        "swapped": rounded(_heads(model, batch, swap_head).float().mean(dim=-1)),
        "pairs": _pairs(model, batch),
        **_patches(model, tokenizer, world),
        "first_choice": rounded((ranks == 1).float().mean(dim=1)),
        "median_rank": ranks.median(dim=1).values.tolist(),
        "probes": {
            name: probe_states(
                states_at(one.bert, about.ids, about.mask, about.subject), task
            )
            for name, one in twins.items()
        },
        "largest_class": round(
            (task.labels.bincount().max() / len(task.labels)).item(), 3
        ),
    }
