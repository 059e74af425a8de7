"""The two sides of a comparison of pretraining steps: this package and transformers.

Both get the same sequences with the same masks and start from the same weights; each
puts them into batches as it does in real use: transformers pads batches of rows in
random order, the package groups rows of like length.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import Tensor

from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.pretraining.batches import length_buckets
from bert_tutorial.training.loop import Trainer, TrainingConfig
from bert_tutorial.training.shortcuts import cheapen_dropout

Batch = dict[str, Tensor]
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Case:
    """One setting: padding is the expected share of places without a token."""

    name: str
    size: str
    rows: int
    length: int
    vocab: int
    padding: float
    attention_dropout: float = 0.1
    batches: int = 16
    threads: int = 1
    demand: float | None = None

    def config(self) -> BertConfig:
        """Describe the model; dropout is 0.1 elsewhere on both sides."""
        return BertConfig.named(
            self.size,
            vocab_size=self.vocab,
            attention_probs_dropout_prob=self.attention_dropout,
        )


def sentence_lengths(count: int, longest: int) -> Tensor:
    """Draw lengths of English sentences in pieces, their logarithms normal.

    The sentences of WikiText-2 (validation part, BERT's uncased vocabulary, with
    [CLS] and [SEP]) have logarithms of mean 3.44 and deviation 0.56.
    """
    lengths = torch.randn(count).mul(0.56).add(3.44).exp()
    return lengths.round().long().clamp(4, longest)


def lengths_of(case: Case) -> Tensor:
    """Draw lengths: full, uniform above 0.4 of the length, or skewed to short ones."""
    shares = torch.rand(case.rows * case.batches)
    if case.padding == 0:
        shares = torch.ones_like(shares)
    elif case.padding < 0.5:
        shares = 1 - 2 * case.padding * shares
    else:
        shares = shares ** (1 / (1 - case.padding) - 1)
    return (shares * case.length).round().long().clamp(8, case.length)


def rows_of(case: Case, lengths: Tensor | None = None) -> Batch:
    """Make all sequences of a case, padded to its length: 15 % to be predicted."""
    lengths = lengths_of(case) if lengths is None else lengths
    is_token = torch.arange(case.length) < lengths[:, None]
    ids = torch.randint(5, case.vocab, is_token.shape)
    chosen = (torch.rand(is_token.shape) < 0.15) & is_token
    chosen[:, 1] = True
    types = torch.arange(case.length) >= lengths[:, None] // 2
    return {
        "input_ids": ids.masked_fill(chosen, 4).masked_fill(~is_token, 0),
        "attention_mask": is_token.long(),
        "token_type_ids": (types & is_token).long(),
        "labels": ids.masked_fill(~chosen, -100),
        "next_sentence_label": torch.randint(0, 2, (len(lengths),)),
    }


def cut(rows: Batch, groups: list[Tensor], is_ours: bool) -> list[Batch]:
    """Deal rows into batches, each as long as its longest row."""
    lengths = rows["attention_mask"].sum(1)
    batches = []
    for group in groups:
        longest = int(lengths[group].max())
        batch = {
            key: value[group] if value.dim() == 1 else value[group, :longest]
            for key, value in rows.items()
        }
        if is_ours and bool((batch["attention_mask"] == 1).all()):
            del batch["attention_mask"]  # as the package's batches have it
        batches.append(batch)
    return batches


def contestants(case: Case, rows: Batch) -> dict[str, list[Batch]]:
    """Give each side its batches of the same rows.

    "ours" fills batches by places, as the package does; "ours, same updates" has as
    many rows in each batch as transformers, so that the number of updates is equal.
    """
    number = case.rows * case.batches
    lengths = rows["attention_mask"].sum(1)
    generator = torch.Generator().manual_seed(0)
    by_tokens = length_buckets(lengths, case.rows * case.length, generator)
    by_rows = list(lengths.argsort(stable=True).split(case.rows))
    given = list(torch.arange(number).split(case.rows))
    return {
        "transformers": cut(rows, given, False),
        "ours": cut(rows, by_tokens, True),
        "ours, same updates": cut(rows, by_rows, True),
    }


def published_twin(model: BertForPreTraining) -> Any:
    """Open a model's weights in transformers, with torch's fused attention."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return transformers.BertForPreTraining.from_pretrained(
            folder, attn_implementation="sdpa"
        )


def ours_step(model: BertForPreTraining) -> Callable[[Batch], None]:
    """Give the package's own step: forward, losses, backward, clipping, AdamW."""
    cheapen_dropout(model)
    trainer = Trainer(model, TrainingConfig(steps=10**6), torch.device("cpu"))
    model.train()
    steps = iter(range(1, 10**6))

    def step(batch: Batch) -> None:
        trainer.backward([batch])
        trainer.update(next(steps))

    return step


def published_step(model: Any, is_fused: bool) -> Callable[[Batch], None]:
    """Give the same step around transformers' model, written in the usual way."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-4, eps=1e-6, weight_decay=0.01, fused=is_fused or None
    )
    model.train()

    def step(batch: Batch) -> None:
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def same_dropout(ours: BertForPreTraining, published: Any) -> None:
    """Make sure that both sides drop as much.

    Raises:
        ValueError: if they do not.
    """
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        here, there = getattr(ours.config, name), getattr(published.config, name)
        if here != there:
            raise ValueError(f"{name} must be the same, got {here} and {there}")


@torch.no_grad()
def same_loss(ours: BertForPreTraining, published: Any, batch: Batch) -> float:
    """Compare the losses of one batch, dropout off.

    Returns:
        The difference in nats.

    Raises:
        ValueError: if it is not of the size of rounding.
    """
    ours.eval()
    published.eval()
    here, there = pretraining_loss(ours, batch).loss, published(**batch).loss
    difference = abs(float(here - there))
    if not difference <= TOLERANCE * float(there):
        raise ValueError(
            f"both sides must have the same loss, got {float(here)} and {float(there)}"
        )
    return difference


def useful_flops(case: Case, rows: Batch) -> float:
    """Count what forward and backward must compute for real tokens alone.

    Matrix products only: 2 operations for each weight and token, attention's two
    products, vocabulary scores at the masked places. The last layer needs keys and
    values of all tokens, and everything else at the masked places and [CLS] alone.
    The backward pass costs twice the forward pass. The same number for both sides.
    """
    config = case.config()
    H, I, L = config.hidden_size, config.intermediate_size, config.num_hidden_layers  # noqa: E741
    lengths = rows["attention_mask"].sum(1).double()
    masked = (rows["labels"] != -100).sum(1).double()
    read = masked + 1  # places of each row that a loss reads
    tokens, scored = float(lengths.sum()), float(masked.sum())
    forward = 2 * (L - 1) * (4 * H * H + 2 * H * I) * tokens
    forward += 2 * (2 * H * H * tokens + (2 * H * H + 2 * H * I) * float(read.sum()))
    forward += 4 * H * float(((L - 1) * lengths**2 + read * lengths).sum())
    forward += scored * (2 * H * H + 2 * H * config.vocab_size)
    forward += len(lengths) * 2 * H * H
    return 3 * forward
