"""Train the mini-world and keep the model at some steps, for the page's slider.

    python tools/book/browser_training.py             about 100 s of one core
    python tools/book/browser_training.py --steps 60 --output folder      to try it

Writes `training.js`, what was measured at each kept step, and for each of them
`step_NNNN.js`, the weights with one byte a number, into book/_static/bert. The page
loads a step only when the slider stands on it.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from browser_model import FOLDER, entry, script

from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.training.loop import train
from bert_tutorial.world import QUICK, Mix, World
from bert_tutorial.world.data import WorldData, WorldRecipe
from bert_tutorial.world.knowledge import answer_probes, majority_recall, recall

KEPT = (0, 300, 600, 800, 1000, 1300, 3000)
MEASURED = (*range(0, 1_801, 100), 2_000, 2_200, 2_500, 3_000)
SMALL = Mix(sentences=3_000, documents=600)  # for `--steps` below the book's


class Keeper:
    """Measures the model on the way, and writes it at the kept steps."""

    def __init__(
        self, model: BertForPreTraining, data: WorldData, kept: set[int], folder: Path
    ) -> None:
        self.model, self.data, self.kept, self.folder = model, data, kept, folder
        self.probes = data.world.probes("rephrased")
        self.recall: list[tuple[int, float]] = []

    def after_step(self, step: int, record: dict[str, Any]) -> None:
        """Measure and keep the model, if this is the step for it."""
        if step not in self.kept and step not in MEASURED:
            return
        answers = answer_probes(self.model, self.data.tokenizer, self.probes)
        self.recall.append((step, round(recall(answers).share, 4)))
        if step in self.kept:
            self.write(step)

    def write(self, step: int) -> None:
        """Write the model as it is."""
        name = f"step_{step:04d}"
        values = entry(self.model, self.data.tokenizer, "byte")
        about = (
            f"The mini-world model after {step} steps of training, one byte a number. "
            "Written by tools/book/browser_training.py."
        )
        path = self.folder / f"{name}.js"
        path.write_text(script(name, values, about), encoding="utf-8", newline="\n")
        print(name, self.recall[-1][1], flush=True)


def run(steps: int, kept: set[int], folder: Path, seed: int = 0) -> None:
    """Train, and write all files."""
    torch.set_num_threads(1)
    recipe = WorldRecipe(steps=steps, seed=seed)
    started = time.process_time()
    torch.manual_seed(seed)
    data = WorldData(World(seed, QUICK if steps >= 3_000 else SMALL), recipe)
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    folder.mkdir(parents=True, exist_ok=True)
    keeper = Keeper(model, data, kept, folder)
    keeper.after_step(0, {})
    records = train(
        model,
        data.batches(recipe),
        recipe.training_config(),
        device=torch.device("cpu"),
        progress=False,
        on_step=keeper.after_step,
    )
    curve = [[one["step"], round(one["masked_lm"], 3)] for one in records]
    told = {
        "command": "python tools/book/browser_training.py",
        "seed": seed,
        "kept": sorted(kept),
        "recall": keeper.recall,
        "probes": len(keeper.probes),
        "majority": round(majority_recall(keeper.probes).share, 4),
        "loss": curve,
        "core_seconds": round(time.process_time() - started, 1),
    }
    text = json.dumps(told, separators=(",", ":"))
    path = folder / "training.js"
    path.write_text(f"globalThis.bertTraining = {text};\n", encoding="utf-8")


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--steps", type=int, default=3_000)
    parser.add_argument("--kept", type=int, nargs="+", help="steps to keep")
    parser.add_argument("--output", type=Path, default=FOLDER)
    options = parser.parse_args()
    kept = set(options.kept or [one for one in KEPT if one <= options.steps])
    run(options.steps, kept | {options.steps}, options.output)


if __name__ == "__main__":
    main()
