"""Run the mini-world's recipe on several seeds, or an ablation of it.

    python tools/experiments/world_seeds.py --seeds 0 1 2 3 4 --output world_seeds.json
    python tools/experiments/world_seeds.py --seeds 0 1 2 --variants uniform --output
        FILE

Runs one after the other on one thread; every run's report goes into the file.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from run_record import origin

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


def main() -> None:
    """Run variants on seeds and collect the reports."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument(
        "--variants", nargs="+", choices=list(VARIANTS), default=["default"]
    )
    parser.add_argument("--steps", type=int, default=WorldRecipe().steps)
    parser.add_argument("--mix", choices=["quick", "full"], default="quick")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    mix = FULL if arguments.mix == "full" else QUICK
    runs = []
    for variant in arguments.variants:
        for seed in arguments.seeds:
            changes = {"seed": seed, "steps": arguments.steps, **VARIANTS[variant]}
            run = pretrain_world(
                WorldRecipe(**changes),
                mix,
                progress=False,
                probe_every=max(1, arguments.steps // 12),
            )
            runs.append({"variant": variant, **run.report})
            trained = run.report["trained"]
            print(
                f"{variant} seed {seed}: recall {trained['recall_rephrased']:.3f}"
                f" (majority {trained['majority_answer']:.3f}),"
                f" France: {trained['france_answer']}"
                f" {trained['france_probability']:.2f},"
                f" next sentence {trained['next_sentence']:.3f},"
                f" {run.report['seconds']} s",
                flush=True,
            )
            if arguments.output:
                document = {**origin(), "runs": runs}
                arguments.output.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
