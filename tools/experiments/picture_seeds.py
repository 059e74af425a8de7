"""Train the picture-BERT of chapter 22 on several seeds, and keep what each can do.

    python tools/experiments/picture_seeds.py --seeds 0 1 2 3 4

Another set of drawings, other captions, weights and questions for each seed; one
thread; half a minute to a minute of one core for a seed. Writes the package's
runs/picture_seeds.json, anew after each seed.
"""

import argparse
import json
from pathlib import Path

import torch
from run_record import origin

from bert_tutorial.labs.pictures.run import PictureRecipe, pretrain_pictures

RESULTS = Path(__file__).resolve().parents[2] / "bert_tutorial/runs/picture_seeds.json"


def main() -> None:
    """Run the seeds and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    runs = []
    for seed in options.seeds:
        run = pretrain_pictures(PictureRecipe(seed=seed), progress=False)
        runs.append(run.report)
        print(f"seed {seed}: {run.report['trained']}", run.report["cpu_seconds"])
        document = {**origin(), "threads": options.threads, "runs": runs}
        text = json.dumps(document, indent=1) + "\n"
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
