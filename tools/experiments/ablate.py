"""Run the ablation lab of chapter 13 and collect its runs in one file.

    python tools/experiments/ablate.py                       # what is committed
    python tools/experiments/ablate.py --variants "1 head" --seeds 0 1 2 --output
        lab.json

Runs that the file has are not made again, so that a stopped command goes on where it
was. One change each to the baseline, the same seeds for all, one thread; 30 to 40
seconds of one core for most runs.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from record import RUNS

from bert_tutorial.labs.ablation.run import ablate
from bert_tutorial.labs.ablation.variants import BASELINE, Variant

RESULTS = RUNS / "ablation_lab.json"

VARIANTS = [
    BASELINE,
    # how many of the content words are hidden (baseline: 40 %)
    Variant("hide 5 %", {"content_rate": 0.05}),
    Variant("hide 20 %", {"content_rate": 0.20}),
    Variant("hide 60 %", {"content_rate": 0.60}),
    # which words: all alike
    Variant("all words, 15 %", {"masking": "uniform", "uniform_rate": 0.15}),
    # what happens to a chosen word (baseline: 80 % [MASK], 10 % random, 10 % kept)
    Variant("100/0/0", {"split": (1.0, 0.0, 0.0)}),
    Variant("80/20/0", {"split": (0.8, 0.2, 0.0)}),
    Variant("80/0/20", {"split": (0.8, 0.0, 0.2)}),
    # what is asked of a pair (baseline: next sentence)
    Variant("no pair task", {"pair_task": "none"}),
    Variant("all words, 40 %", {"masking": "uniform", "uniform_rate": 0.40}),
    # positions (baseline: learned, starting at 0.03)
    Variant("sinusoidal positions", {"positions": "sinusoidal"}),
    Variant("no positions", {"positions": "none"}),
    Variant("loud positions", {"position_initializer_range": 0.125}),
    # heads (baseline: 4) and layers (baseline: 2)
    Variant("1 head", {"num_attention_heads": 1}),
    Variant("2 heads", {"num_attention_heads": 2}),
    Variant("8 heads", {"num_attention_heads": 8}),
    Variant("1 layer", {"num_hidden_layers": 1}),
    Variant("3 layers", {"num_hidden_layers": 3}),
    Variant("1 layer, equal work", {"num_hidden_layers": 1}, budget="operations"),
    Variant("3 layers, equal work", {"num_hidden_layers": 3}, budget="operations"),
    # sentence order, and how much text there is (each needs texts of its own)
    Variant("sentence order", {"pair_task": "order"}),
    Variant("a quarter of the text", {"text_share": 1 / 4}),
    Variant("1/16 of the text", {"text_share": 1 / 16}),
]


def say(run: dict[str, Any]) -> None:
    """Print a run in one line."""
    print(
        f"{run['variant']:<22} seed {run['seed']}: recall {run['recall']:.3f}"
        f" (stated {run['recall_stated']:.3f}), paris {run['paris']:.2f},"
        f" pairs {run['pair_accuracy']}, probe {run['pair_probe']:.3f},"
        f" {run['cpu_seconds']} s",
        flush=True,
    )


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", choices=[v.name for v in VARIANTS])
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    chosen = VARIANTS
    if options.variants:
        chosen = [one for one in VARIANTS if one.name in options.variants]
    ablate(chosen, options.seeds, file=options.output, on_run=say)


if __name__ == "__main__":
    main()
