"""Examine a model and a batch for the faults that do not show in the loss.

`python -m bert_tutorial doctor` is another doctor: it examines the machine
(`bert_tutorial.cli.machine`). This one examines a model before a training run is
paid for:

    for fault in doctor(model, batch):
        print(fault.name, "-", fault.seen)

Chapter: 12
"""

import copy
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from bert_tutorial.course.doctor.batches import check_batch
from bert_tutorial.course.doctor.flow import check_flow
from bert_tutorial.course.doctor.losses import check_first_loss, check_loss
from bert_tutorial.course.doctor.parameters import check_parameters, is_steady
from bert_tutorial.course.doctor.patient import (
    Diagnosis,
    Patient,
    Scores,
    SpecialIds,
    ask_model,
)

__all__ = ["FAULTS", "doctor"]

# All that can be found, in the order of the checks.
FAULTS = (
    "attention-mask-turned",
    "padding-unmasked",
    "no-separator",
    "segments-misplaced",
    "next-sentence-share",
    "no-labels",
    "labels-on-special",
    "labels-everywhere",
    "labels-after-replacement",
    "label-leak",
    "mask-split",
    "call-failed",
    "parameters-outside",
    "nondeterministic",
    "positions-without-gradient",
    "parameters-without-gradient",
    "mask-turned",
    "padding-changes-scores",
    "sees-one-side",
    "sees-no-neighbour",
    "order-unused",
    "segments-unused",
    "batch-dependent",
    "decoder-untied",
    "decoder-without-bias",
    "scores-are-probabilities",
    "loss-averages-padding",
    "loss-on-visible",
    "loss-mean-of-means",
    "loss-softmax-twice",
    "next-sentence-class-ignored",
    "next-sentence-missing",
    "labels-turned-in-loss",
    "loss-differs",
    "first-loss",
    "next-sentence-turned",
)


def doctor(
    model: nn.Module | None,
    batch: Mapping[str, Tensor],
    *,
    special_ids: SpecialIds | None = None,
    is_fresh: bool = False,
    split: tuple[float, float, float] = (0.8, 0.1, 0.1),
    ask: Callable[[nn.Module, Mapping[str, Tensor]], Scores] = ask_model,
) -> list[Diagnosis]:
    """Look for silent faults in a model that is pretrained, and in its batch.

    The model, its gradients and the random numbers are left as they were. A fault is
    named only on evidence: an empty list means that none of `FAULTS` was seen, not
    that there is none. A model without next-sentence prediction, or without a loss of
    its own, is asked less.

    Args:
        model: this book's or transformers' BertForPreTraining or BertForMaskedLM, or
            one of your own that `ask_model` can call; None examines the batch alone.
        batch: input_ids (B, T), and what there is of labels (-100: not scored),
            attention_mask, token_type_ids and next_sentence_label. Some thousand
            labels are needed to judge the shares of a masker.
        special_ids: ids of the special tokens; None takes this book's.
        is_fresh: the model was never trained; then its first loss is judged.
        split: wanted shares of [MASK], random and kept.
        ask: calls a model of another form; see `ask_model` and `Scores`.

    Returns:
        What was found, each by its name in `FAULTS`, what was measured, what to do.

    Raises:
        ValueError: the batch has too few columns or no real token.
    """
    ids = special_ids or SpecialIds()
    if model is None:
        return list(check_batch(batch, ids, split, None))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        patient = Patient(model, batch, ids, ask)
        try:
            V = patient.vocab_size
        except (TypeError, RuntimeError, ValueError, IndexError, KeyError) as error:
            return [*check_batch(batch, ids, split, None), _refused(error)]
        found = [*check_batch(batch, ids, split, V), *check_parameters(patient)]
        # chance hides what depends on what
        if is_steady(patient):
            found += check_flow(patient)
            found += check_loss(patient)
            found += _as_it_is(model, batch, ask, is_fresh)
    return found


def _refused(error: Exception) -> Diagnosis:
    """Report a model that cannot be asked."""
    text = " ".join(str(error).split())[:200] or type(error).__name__
    return Diagnosis(
        "call-failed",
        text,
        "read how `ask_model` calls a model, or hand over your own `ask`",
    )


def _as_it_is(
    model: nn.Module,
    batch: Mapping[str, Tensor],
    ask: Callable[[nn.Module, Mapping[str, Tensor]], Scores],
    is_fresh: bool,
) -> Iterator[Diagnosis]:
    """Ask the model itself, with its own weights, about at most 256 texts."""
    device = next(model.parameters()).device
    part = {name: values[:256].to(device) for name, values in batch.items()}
    labels, relation = part.pop("labels", None), part.pop("next_sentence_label", None)
    with torch.no_grad():
        scores = ask(copy.deepcopy(model).eval(), part)
    loss = torch.zeros(())
    if labels is not None and bool((labels != -100).any()):
        loss = nn.functional.cross_entropy(scores.words.flatten(0, 1), labels.flatten())
        pairs = relation is not None and bool((relation != -100).any())
        if pairs and scores.relation is not None and relation is not None:
            loss = loss + nn.functional.cross_entropy(scores.relation, relation)
        judged = scores if pairs else scores._replace(relation=None)
        if is_fresh:
            yield from check_first_loss(judged, float(loss))
    if scores.relation is not None and relation is not None:
        yield from _turned(scores.relation[:, 1] - scores.relation[:, 0], relation)


def _turned(lean: Tensor, relation: Tensor) -> Iterator[Diagnosis]:
    """Say whether random partners (1) score *below* true ones (0) nearly always."""
    following, others = lean[relation == 0], lean[relation == 1]
    if min(len(following), len(others)) < 32:
        return
    above = (others[:, None] > following[None, :]).float().mean()
    if above < 0.1:
        yield Diagnosis(
            "next-sentence-turned",
            f"a random partner scores above a true one in {above:.0%} of the cases",
            "model and data disagree on the order of the classes; 0 is next",
        )
