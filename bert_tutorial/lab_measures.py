"""What is measured after every run of the lab, the same for all variants.

Losses as trained cannot be compared between variants that hide other words, so one
loss is taken with masks that are the same for all.

Chapter: 13
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_tutorial.batching import pad
from bert_tutorial.knowledge import next_sentence_accuracy
from bert_tutorial.lab_data import LabData
from bert_tutorial.masking import Masker
from bert_tutorial.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.pretrain_world import report
from bert_tutorial.pretraining_data import Pair, pair_to_ids

__all__ = ["linear_probe", "measure", "own_word_share", "same_masks_loss"]


def measure(model: BertForPreTraining, data: LabData, pair_task: str) -> dict[str, Any]:
    """Measure a trained model of the lab.

    Returns:
        recall (of facts in held-out wordings), recall_stated, majority, paris (the
        probability of the right answer to "The capital of France is [MASK]."),
        pair_accuracy (of the variant's own pair task, None without one), pair_probe
        (see `linear_probe`), own_word (see `own_word_share`), same_masks_loss.
    """
    known = report(model, data)
    own = next_sentence_accuracy(model, data.tokenizer, data.validation_pairs)
    values = {
        "recall": known["recall_rephrased"],
        "recall_stated": known["recall_stated"],
        "majority": known["majority_answer"],
        "paris": known["france_probability"],
        "pair_accuracy": None if pair_task == "none" else own,
        "pair_probe": linear_probe(model, data),
        "own_word": own_word_share(model, data),
        "same_masks_loss": same_masks_loss(model, data),
    }
    return {k: v if v is None else round(v, 4) for k, v in values.items()}


def pair_rows(data: LabData, pairs: list[Pair]) -> tuple[Tensor, Tensor, Tensor]:
    """Stack pairs: ids, segments and the mask that is 1 at tokens, each (N, T)."""
    tokenizer = data.tokenizer
    rows = [pair_to_ids(p, tokenizer.cls_id, tokenizer.sep_id) for p in pairs]
    ids, mask = pad([ids for ids, _ in rows], tokenizer.pad_id)
    segments, _ = pad([types for _, types in rows], 0)
    return ids, segments, mask


@torch.no_grad()
def own_word_share(
    model: BertForPreTraining, data: LabData, number: int = 200
) -> float:
    """Say how often an unhidden word's own place still names it.

    A model that was only ever scored at [MASK] need not keep the word that it reads.
    """
    ids, segments, mask = pair_rows(data, data.next_pairs[:number])
    hidden = model.bert(ids, mask, segments).last_hidden_state
    is_word = (mask == 1) & (ids != data.tokenizer.cls_id)
    is_word &= ids != data.tokenizer.sep_id
    best = model.cls.predictions(hidden[is_word]).argmax(dim=-1)
    return (best == ids[is_word]).float().mean().item()


@torch.no_grad()
def same_masks_loss(
    model: BertForPreTraining, data: LabData, number: int = 600
) -> float:
    """Compute the masked-LM loss in nats on held-out texts, 15 % of all words hidden.

    The masks depend on the texts alone, so they are the same for all variants.
    """
    ids, segments, mask = pair_rows(data, data.next_pairs[:number])
    masker = Masker(data.tokenizer, 0.15, split=(1.0, 0.0, 0.0), seed=13)
    input_ids, labels = masker(ids)
    batch = {
        "input_ids": input_ids,
        "attention_mask": mask,
        "token_type_ids": segments,
        "labels": labels,
    }
    return pretraining_loss(model, batch).masked_lm.item()


def linear_probe(model: BertForPreTraining, data: LabData) -> float:
    """Ask of [CLS] whether the second segment follows: a linear probe's accuracy.

    The model is frozen. A logistic regression on the last layer's [CLS] learns from
    two thirds of the held-out next-sentence pairs and is scored on the others: what a
    sentence-pair task would find there, whatever the model was trained on.
    """
    ids, segments, mask = pair_rows(data, data.next_pairs)
    labels = torch.tensor([float(pair.is_random) for pair in data.next_pairs])
    with torch.no_grad():
        features = model.bert(ids, mask, segments).last_hidden_state[:, 0]  # (N, H)
    cut = 2 * len(labels) // 3
    features = (features - features[:cut].mean(0)) / (features[:cut].std(0) + 1e-6)
    torch.manual_seed(0)
    probe = nn.Linear(features.shape[1], 1)
    optimizer = torch.optim.LBFGS(probe.parameters(), max_iter=100)

    def loss() -> Tensor:
        optimizer.zero_grad()
        scores = probe(features[:cut])[:, 0]
        value = F.binary_cross_entropy_with_logits(scores, labels[:cut])
        value = value + 0.003 * probe.weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        guesses = (probe(features[cut:])[:, 0] > 0).float()
    return (guesses == labels[cut:]).float().mean().item()
