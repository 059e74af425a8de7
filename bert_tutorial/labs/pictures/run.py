"""Train a picture-BERT and measure what its answers rest on.

Chapter: 22
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, NamedTuple

import torch

from bert_tutorial.labs.pictures.data import (
    Pair,
    PictureBatches,
    choose_negatives,
    draw_pairs,
)
from bert_tutorial.labs.pictures.drawings import COLOURS, caption_tokenizer, facts_of
from bert_tutorial.labs.pictures.model import PICTURES, PictureBert
from bert_tutorial.labs.pictures.probes import (
    PictureQuestion,
    ask_pictures,
    colour_questions,
    follows_colour,
    heads_that_point,
    hiding_costs,
    matching_accuracy,
    one_patch,
    text_alone_accuracy,
)
from bert_tutorial.model.config import BertConfig
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.training.config import TrainingConfig
from bert_tutorial.training.loop import train

__all__ = [
    "PictureRecipe",
    "PictureRun",
    "picture_report",
    "pretrain_pictures",
    "with_negatives",
]


@dataclass(frozen=True, kw_only=True)
class PictureRecipe:
    """All choices of a run; the defaults are the book's."""

    steps: int = 1_200
    seed: int = 0
    rows: int = 48
    content_rate: float = 0.4
    other_rate: float = 0.05
    blind_share: float = 0.1
    hidden_size: int = 64
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    learning_rate: float = 4e-3

    def config(self, vocab_size: int) -> BertConfig:
        """Describe the model, at the scales of the mini-world's."""
        return BertConfig(
            vocab_size=vocab_size,
            hidden_size=self.hidden_size,
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.num_attention_heads,
            intermediate_size=4 * self.hidden_size,
            max_position_embeddings=32,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=0.125,
            position_initializer_range=0.03,
        )

    def training(self) -> TrainingConfig:
        """Describe the training, with the mini-world's schedule."""
        return TrainingConfig(
            steps=self.steps,
            learning_rate=self.learning_rate,
            betas=(0.9, 0.98),
            warmup_fraction=0.06,
        )


class PictureRun(NamedTuple):
    """What a run leaves: the model, its tokenizer, the log and the report."""

    model: PictureBert
    tokenizer: BertTokenizer
    records: list[dict[str, Any]]
    report: dict[str, Any]


def with_negatives(
    pairs: Sequence[Pair], random: Random
) -> tuple[list[Pair], list[int]]:
    """Give each caption with its drawing (0) and with one that it is false of (1)."""
    facts = [facts_of(drawing) for drawing, _ in pairs]
    chosen = choose_negatives(facts, [caption.claims for _, caption in pairs], random)
    wrong = [(pairs[i][0], pairs[n][1]) for n, i in enumerate(chosen)]
    return [*pairs, *wrong], [0] * len(pairs) + [1] * len(pairs)


def picture_report(
    model: PictureBert, tokenizer: BertTokenizer, seed: int = 0, number: int = 300
) -> dict[str, float]:
    """Measure a model on drawings that no training sees.

    Args:
        model: the model.
        tokenizer: of the captions.
        seed: draws the drawings.
        number: how many.

    Returns:
        Shares, 0 to 1: own, blind, other: colours named rightly with the question's own
        drawing, none, and another; chance, and text_alone, what the words tell;
        matching and matching_blind; follows and stays, see `follows_colour`;
        without_its_patch and its_patch_only, colours named rightly with that patch
        hidden, or all others; by_hiding, how often hiding the right patch costs
        most; by_weight, how often it has the largest weight, the last layer's heads
        averaged; and best_head and worst_head of all, see `heads_that_point`.
    """
    random = Random(1_000_003 + seed)
    pairs = draw_pairs(number, random, held_out=True)
    questions = colour_questions([drawing for drawing, _ in pairs])
    known = colour_questions([drawing for drawing, _ in draw_pairs(2_000, random)])
    words = [one.answer for one in questions]
    others = [questions[i - 7].drawing for i in range(len(questions))]
    nothing = torch.zeros(len(questions), 6, dtype=torch.long)
    both, labels = with_negatives(pairs, random)

    def share(**shown: Any) -> float:
        answers = ask_pictures(model, tokenizer, questions, **shown)
        return answers.right(tokenizer, words).float().mean().item()

    follows, stays = follows_colour(model, tokenizer, questions)
    only = one_patch(questions)
    found = {
        "own": share(),
        "blind": share(patch_mask=nothing),
        "other": share(drawings=others),
        "chance": 1 / len(COLOURS),
        "text_alone": text_alone_accuracy(
            [(one.text, one.answer) for one in known],
            [(one.text, one.answer) for one in questions],
        ),
        "matching": matching_accuracy(model, tokenizer, both, labels),
        "matching_blind": matching_accuracy(model, tokenizer, both, labels, blind=True),
        "follows": follows,
        "stays": stays,
        "without_its_patch": share(patch_mask=1 - only),
        "its_patch_only": share(patch_mask=only),
        **_looks(model, tokenizer, questions),
    }
    return {name: round(value, 3) for name, value in found.items()}


def _looks(
    model: PictureBert, tokenizer: BertTokenizer, questions: Sequence[PictureQuestion]
) -> dict[str, float]:
    """Say how often hiding, and how often weights, find the right patch."""
    right = one_patch(questions).argmax(dim=1)
    answers = ask_pictures(model, tokenizer, questions)
    weights = answers.attention[:, -1].mean(dim=1)  # (Q, N)
    costs = hiding_costs(model, tokenizer, questions)
    heads = heads_that_point(answers, questions)
    return {
        "by_hiding": (costs.argmax(dim=1) == right).float().mean().item(),
        "by_weight": (weights.argmax(dim=1) == right).float().mean().item(),
        "best_head": heads.max().item(),
        "worst_head": heads.min().item(),
    }


def pretrain_pictures(
    recipe: PictureRecipe | None = None, progress: bool | None = None
) -> PictureRun:
    """Train a model on drawings with captions and measure it.

    Args:
        recipe: all choices; the default is the book's.
        progress: show a bar; None means only on a terminal.

    Returns:
        The model, its tokenizer, the log and the report.
    """
    recipe = recipe or PictureRecipe()
    torch.manual_seed(recipe.seed)
    tokenizer = caption_tokenizer()
    model = PictureBert(recipe.config(len(tokenizer)))
    untrained = picture_report(model, tokenizer, recipe.seed)
    batches = PictureBatches(
        tokenizer,
        recipe.seed,
        recipe.rows,
        recipe.content_rate,
        recipe.other_rate,
        recipe.blind_share,
    )
    started = time.perf_counter(), time.process_time()
    records = train(
        model,
        batches,
        recipe.training(),
        loss=PICTURES,
        device=torch.device("cpu"),
        progress=progress,
    )
    seconds, cpu_seconds = time.perf_counter() - started[0], time.process_time()
    report = {
        "trained": picture_report(model, tokenizer, recipe.seed),
        "untrained": untrained,
        "recipe": asdict(recipe),
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds - started[1], 1),
    }
    return PictureRun(model, tokenizer, records, report)
