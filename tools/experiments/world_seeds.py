"""Run the mini-world's recipe on several seeds, or an ablation of it.

    python tools/experiments/world_seeds.py --seeds 0 1 2 3 4 --output world_seeds.json
    python tools/experiments/world_seeds.py --seeds 0 1 2 --variants uniform --output
        FILE

Runs one after the other on one thread; every run's report goes into the file.
"""

import argparse
from collections.abc import Iterator
from typing import Any

from record import main

from bert_tutorial.world import FULL, QUICK
from bert_tutorial.world.data import WorldRecipe
from bert_tutorial.world.pretrain import pretrain_world

VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "uniform": {"masking": "uniform"},
    "always_mask": {"split": (1.0, 0.0, 0.0)},
    "uniform_always_mask": {"masking": "uniform", "split": (1.0, 0.0, 0.0)},
    "bert_scales": {"initializer_range": 0.02, "position_initializer_range": 0.02},
    "loud_positions": {"position_initializer_range": 0.125},
}


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Run the variants on the seeds and collect the reports."""
    mix = FULL if options.mix == "full" else QUICK
    runs = document["runs"] = []
    for variant in options.variants:
        for seed in options.seeds:
            changes = {"seed": seed, "steps": options.steps, **VARIANTS[variant]}
            made = pretrain_world(
                WorldRecipe(**changes),
                mix,
                progress=False,
                probe_every=max(1, options.steps // 12),
            )
            runs.append({"variant": variant, **made.report})
            trained = made.report["trained"]
            print(
                f"{variant} seed {seed}: recall {trained['recall_rephrased']:.3f}"
                f" (majority {trained['majority_answer']:.3f}),"
                f" France: {trained['france_answer']}"
                f" {trained['france_probability']:.2f},"
                f" next sentence {trained['next_sentence']:.3f},"
                f" {made.report['seconds']} s",
                flush=True,
            )
            yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    every = list(VARIANTS)
    parser.add_argument("--variants", nargs="+", choices=every, default=["default"])
    parser.add_argument("--steps", type=int, default=WorldRecipe().steps)
    parser.add_argument("--mix", choices=["quick", "full"], default="quick")


if __name__ == "__main__":
    main(run, None, seeds=range(5), options=add_options)
