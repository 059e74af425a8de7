"""Checks of what the scores depend on: one thing is changed at a time.

Chapter: 12
"""

from collections.abc import Iterator

import torch
from torch import nn

from bert_tutorial.course.doctor.parameters import leaves_of
from bert_tutorial.course.doctor.patient import (
    ROUNDING,
    Diagnosis,
    Patient,
    differs,
)

__all__ = ["check_flow"]


def check_flow(patient: Patient) -> Iterator[Diagnosis]:
    """Change one thing at a time and see which scores follow; the model is steady."""
    for check in (padding, sides, order, segments, rows, decoder):
        yield from check(patient)


def padding(patient: Patient) -> Iterator[Diagnosis]:
    """Add padding; change real words that a mask lets through."""
    ids, cut = patient.ids_asked, patient.ids_asked.shape[1] - 2
    padded = ids.clone()
    padded[:, cut:] = patient.special.pad
    mask = torch.ones_like(ids)
    mask[:, cut:] = 0
    with torch.no_grad():
        alone = patient.ask(ids[:, :cut])
        beside = patient.ask(padded, mask)
    change = differs(alone.words, beside.words[:, :cut])
    if alone.relation is not None and beside.relation is not None:
        change = max(change, differs(alone.relation, beside.relation))
    if change < ROUNDING:
        return
    changed = padded.clone()
    changed[:, 1] = patient.other(changed[:, 1])
    after = patient.words(changed, mask)
    if differs(beside.words[:, 2:cut], after[:, 2:cut]) < ROUNDING:
        yield Diagnosis(
            "mask-turned",
            "with padding in the batch, real tokens no longer see each other",
            "1 marks real tokens in attention_mask and 0 padding; hide the zeros",
        )
        return
    yield Diagnosis(
        "padding-changes-scores",
        f"two [PAD] more change the scores of real tokens, by {change:.1g} of their "
        "spread",
        "hide padding as a key from every query, before the softmax, by a number far "
        "below every score",
    )


def sides(patient: Patient) -> Iterator[Diagnosis]:
    """Change what stands on one side of a place and look at its scores."""
    ids = patient.ids_asked
    place = ids.shape[1] // 2
    before = patient.words(ids)[:, place]
    sees = {}
    for side, part in (
        ("left", slice(1, place)),
        ("right", slice(place + 1, None)),
    ):
        changed = ids.clone()
        changed[:, part] = patient.other(changed[:, part])
        sees[side] = differs(before, patient.words(changed)[:, place]) > ROUNDING
    if not all(sees.values()):
        blind = " and ".join(side for side, seen in sees.items() if not seen)
        yield Diagnosis(
            "sees-one-side" if any(sees.values()) else "sees-no-neighbour",
            f"words to the {blind} change nothing",
            "BERT reads both sides in one softmax: no causal mask, and attention "
            "along the tokens",
        )


def order(patient: Patient) -> Iterator[Diagnosis]:
    """Turn a text round: only positions can tell."""
    ids = patient.ids_asked
    turn = torch.arange(ids.shape[1] - 1, -1, -1, device=ids.device)
    if differs(patient.words(ids)[:, turn], patient.words(ids[:, turn])) < ROUNDING:
        yield Diagnosis(
            "order-unused",
            "a text turned round gives the same scores, turned round",
            "add position t to token t of every text: look the positions up along "
            "the axis of the tokens",
        )


def segments(patient: Patient) -> Iterator[Diagnosis]:
    """Give some tokens the second segment."""
    if "token_type_ids" not in patient.takes:
        return
    ids = patient.ids_asked
    with torch.no_grad():
        first = patient.ask(ids)
        second = patient.ask(ids, types=patient.types_asked)
    change = differs(first.words, second.words)
    if first.relation is not None and second.relation is not None:
        change = max(change, differs(first.relation, second.relation))
    if change < ROUNDING:
        yield Diagnosis(
            "segments-unused",
            "token_type_ids change no score",
            "add the segment's vector to each token; next-sentence prediction needs "
            "to know which segment is which",
        )


def rows(patient: Patient) -> Iterator[Diagnosis]:
    """Ask for a text alone, then beside others, then in another order."""
    ids = patient.ids_asked
    together = patient.words(ids)
    alone = patient.words(ids[:1])
    turned = patient.words(ids.flip(0)).flip(0)
    change = max(differs(together[:1], alone), differs(together, turned))
    if change > ROUNDING:
        yield Diagnosis(
            "batch-dependent",
            "the scores of a text depend on the texts beside it, by "
            f"{change:.1g} of their spread",
            "look for an operation along the batch's axis: attention without "
            "batch_first, view in place of transpose, positions by row",
        )


def decoder(patient: Patient) -> Iterator[Diagnosis]:
    """Look for the word table and a bias behind the scores."""
    V, ids = patient.vocab_size, patient.ids_asked
    tables = [
        part.weight
        for part in patient.model.modules()
        if isinstance(part, nn.Embedding) and part.num_embeddings == V
    ]
    absent = torch.ones(V, dtype=torch.bool, device=ids.device)
    absent[ids.unique()] = False
    if len(tables) == 1 and absent.any():
        before = patient.words(ids)
        with torch.no_grad():
            tables[0][absent] += 1.0
            after = patient.words(ids)
            tables[0][absent] -= 1.0
        if differs(before, after) < ROUNDING:
            yield Diagnosis(
                "decoder-untied",
                "another word vector does not change that word's score",
                "use the word table as output matrix: V times H numbers fewer, and "
                "each guess teaches the table",
            )
    vectors = {id(p) for p in patient.model.parameters() if p.shape == (V,)}
    used = {id(leaf) for leaf in leaves_of(patient.ask(ids).words)}
    if not vectors & used:
        yield Diagnosis(
            "decoder-without-bias",
            f"no vector of {V} numbers is added to the scores",
            "give each word a bias: by it frequent words start higher",
        )
