"""Look into the shipped model, into models of other seeds, and into a real encoder.

    python tools/experiments/looking_inside.py

Trains the two-minute recipe of the mini-world on every seed, or reads from `--models`
what it trained before, and makes every measurement of chapter 19 on each. Then it
compares the vectors of all pairs of models, beside those of pairs without training. It
takes about 110 seconds of one core a seed for training and 15 for looking. What the
output already holds is kept, so that the parts can be run one by one.
"""

import argparse
import tempfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from record import RUNS, main

from bert_tutorial.files.hub import published_encoder
from bert_tutorial.files.shipped import shipped_weights
from bert_tutorial.labs.inside.encoder import encoder_report
from bert_tutorial.labs.inside.probing import states_at
from bert_tutorial.labs.inside.report import (
    country_probes,
    inside_report,
    sentence_states,
    untrained_twin,
)
from bert_tutorial.labs.inside.similarity import linear_cka
from bert_tutorial.labs.inside.views import fact_batch
from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.tokenization.tokenizer import BertTokenizer
from bert_tutorial.world import FULL, World
from bert_tutorial.world.data import WorldRecipe
from bert_tutorial.world.pretrain import pretrain_world


def trained(folder: Path, seed: int) -> Path:
    """Give the folder of a seed's model; train it if it is not there."""
    place = folder / f"seed{seed}"
    if not (place / "model.safetensors").is_file():
        pretrain_world(WorldRecipe(seed=seed), progress=False, output=place)
    return place


def similarity(folders: dict[str, Path]) -> list[dict[str, Any]]:
    """Compare the states of every pair of models: of all tokens, and of [MASK]."""
    world = World(0)
    asked = country_probes(world)
    states = {}
    for number, (name, folder) in enumerate(folders.items()):
        model = BertForPreTraining.from_pretrained(folder).eval()
        tokenizer = BertTokenizer.from_pretrained(folder)
        batch = fact_batch(tokenizer, asked)
        for label, one in (
            (name, model),
            (f"untrained {number}", untrained_twin(model, seed=number)),
        ):
            states[label] = {
                "tokens": sentence_states(one.bert, tokenizer, asked),
                "mask": states_at(one.bert, batch.ids, batch.mask, batch.at),
            }
    return [
        {
            "models": [one, two],
            **{
                kind: [
                    round(linear_cka(a, b), 3)
                    for a, b in zip(states[one][kind], states[two][kind], strict=True)
                ]
                for kind in ("tokens", "mask")
            },
        }
        for one, two in combinations(states, 2)
    ]


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Look into each model, compare all of them, and look into the encoder."""
    runs = document.setdefault("runs", [])
    known = {one["model"] for one in runs}
    folders = {"shipped": shipped_weights()}
    worlds = {"shipped": World(1, FULL)}
    with tempfile.TemporaryDirectory() as made:
        for seed in options.seeds:
            folders[f"seed {seed}"] = trained(options.models or Path(made), seed)
            worlds[f"seed {seed}"] = World(seed)
        for name, folder in folders.items():
            if name in known or "models" not in options.parts:
                continue
            model = BertForPreTraining.from_pretrained(folder).eval()
            tokenizer = BertTokenizer.from_pretrained(folder)
            found = inside_report(model, tokenizer, worlds[name])
            runs.append({"model": name, **found})
            print(name, found["recall"], found["ablated"], flush=True)
            yield
        if "similarity" in options.parts:
            document["similarity"] = similarity(folders)
            yield
    if "encoder" in options.parts:
        folder = published_encoder()
        document["encoder"] = encoder_report(
            BertModel.from_pretrained(folder).eval(),
            BertTokenizer.from_pretrained(folder),
            World(0),
        )
        yield


PARTS = ("models", "similarity", "encoder")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument(
        "--models", type=Path, help="folder in which trained models are kept"
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))


if __name__ == "__main__":
    main(
        run,
        RUNS / "looking_inside.json",
        seeds=(0, 1, 2),
        options=add_options,
        goes_on=True,
    )
