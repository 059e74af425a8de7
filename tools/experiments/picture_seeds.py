"""Train the picture-BERT of chapter 22 on several seeds, and keep what each can do.

    python tools/experiments/picture_seeds.py --seeds 0 1 2 3 4

Another set of drawings, other captions, weights and questions for each seed; one
thread; half a minute to a minute of one core for a seed. Writes the package's
runs/picture_seeds.json, anew after each seed.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import torch
from record import RUNS, main

from bert_tutorial.labs.pictures.run import PictureRecipe, pretrain_pictures

RESULTS = RUNS / "picture_seeds.json"


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run the seeds."""
    torch.set_num_threads(options.threads)
    document["threads"] = options.threads
    runs = document["runs"] = []
    for seed in options.seeds:
        made = pretrain_pictures(PictureRecipe(seed=seed), progress=False)
        runs.append(made.report)
        print(f"seed {seed}: {made.report['trained']}", made.report["cpu_seconds"])
        yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--threads", type=int, default=1)


if __name__ == "__main__":
    main(run, RESULTS, seeds=range(5), options=add_options)
