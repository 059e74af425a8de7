"""Search a fact by one vector a text: before and after contrastive training.

    python tools/experiments/sentences.py --seeds 0 1 2

Two kinds of pairs of the mini-world: two wordings of a fact, which share its names, and
a question and an answer that share none. The shipped model is trained by contrast on
six facts in ten and searches the others; beside it an untrained encoder that is trained
in the same way, the shipped model trained on shuffled pairs, and TF-IDF, which counts
words. Then the published encoder, where it is installed, searches twelve notes.
"""

import argparse
import copy
import random
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from record import RUNS, main
from torch import Tensor

from bert_tutorial import BertModel, BertTokenizer
from bert_tutorial.files.folder import CheckpointError
from bert_tutorial.files.hub import ENCODER_SHA256, published_encoder
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.real_encoder import ASKED, NOTES, tf_idf
from bert_tutorial.labs.sentences import (
    POOLINGS,
    TextGroup,
    embed_texts,
    first_hits,
    question_groups,
    search_score,
    train_by_contrast,
    wording_groups,
)
from bert_tutorial.world import FULL, World

RESULTS = RUNS / "sentences.json"
KINDS = {"wordings": wording_groups, "questions": question_groups}
ENCODERS = ("pretrained", "untrained", "shuffled")
TRAINED_ON = 0.6  # of the facts


def untrained(model: BertModel, seed: int) -> BertModel:
    """Make an encoder of the same sizes with initial weights."""
    torch.manual_seed(seed)
    return BertModel(model.config).eval()


def rounded(value: float) -> float:
    """Keep four digits."""
    return round(value, 4)


def words_score(groups: Sequence[TextGroup]) -> float:
    """Let TF-IDF search."""
    known = [text for group in groups for side in group for text in side]
    return rounded(search_score(partial(tf_idf, known=known), groups))


def before(
    model: BertModel, tokenizer: BertTokenizer, groups: Sequence[TextGroup]
) -> dict[str, float]:
    """Let an encoder search that no contrast has trained, with each pooling."""
    return {
        pooling: rounded(
            search_score(
                partial(embed_texts, model, tokenizer, pooling=pooling), groups
            )
        )
        for pooling in POOLINGS
    }


def run_one(
    kind: str, seed: int, model: BertModel, tokenizer: BertTokenizer, steps: int
) -> Iterator[dict[str, Any]]:
    """Train and measure each encoder on one division of the facts."""
    groups = KINDS[kind](World(1, FULL))
    random.Random(f"facts {seed}").shuffle(groups)
    number = int(TRAINED_ON * len(groups))
    train, held = groups[:number], groups[number:]
    null = untrained(model, seed)
    common = {"kind": kind, "seed": seed, "trained on": len(train), "held": len(held)}
    for name in ENCODERS:
        encoder = copy.deepcopy(null if name == "untrained" else model)
        embed = partial(embed_texts, encoder, tokenizer)
        start = rounded(search_score(embed, held))
        losses = train_by_contrast(
            encoder,
            tokenizer,
            train,
            steps=steps,
            seed=seed,
            shuffled=name == "shuffled",
        )
        yield common | {
            "encoder": name,
            "steps": steps,
            "before": start,
            "held-out facts": rounded(search_score(embed, held)),
            "facts trained on": rounded(search_score(embed, train)),
            "TF-IDF": words_score(held),
            "last loss": rounded(losses[-1]),
        }


def published() -> dict[str, Any]:
    """Let the published encoder search twelve notes, with each pooling."""
    try:
        folder = published_encoder()
    except CheckpointError:
        return {}
    tokenizer = BertTokenizer.from_pretrained(folder)
    model = BertModel.from_pretrained(folder).eval()

    def score(encoder: BertModel, pooling: str) -> float:
        def embed(texts: Sequence[str]) -> Tensor:
            return embed_texts(encoder, tokenizer, texts, pooling)

        return rounded(first_hits(embed(ASKED), embed(NOTES)))

    null = untrained(model, 0)
    return {
        "sha256": ENCODER_SHA256,
        "notes": len(NOTES),
        "trained": {one: score(model, one) for one in POOLINGS},
        "untrained": {one: score(null, one) for one in POOLINGS},
        "TF-IDF": rounded(first_hits(tf_idf(ASKED, NOTES), tf_idf(NOTES, NOTES))),
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Search before, then train on every seed, then ask the published encoder."""
    folder = shipped_weights()
    tokenizer = BertTokenizer.from_pretrained(folder)
    model = BertModel.from_pretrained(folder).eval()
    document["before"] = {
        kind: {
            "facts": len(groups := make(World(1, FULL))),
            "pretrained": before(model, tokenizer, groups),
            "untrained": before(untrained(model, 0), tokenizer, groups),
            "TF-IDF": words_score(groups),
        }
        for kind, make in KINDS.items()
    }
    runs = document["runs"] = []
    for seed in options.seeds:
        for kind in KINDS:
            for found in run_one(kind, seed, model, tokenizer, options.steps):
                runs.append(found)
                print(found, flush=True)
                yield
    document["published"] = published()
    yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--steps", type=int, default=150)


if __name__ == "__main__":
    main(run, RESULTS, options=add_options)
