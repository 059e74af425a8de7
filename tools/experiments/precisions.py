"""Learn in float32 and in bfloat16: the loss curves of both.

    python tools/experiments/precisions.py --sources FOLDER --work FOLDER

On a processor that multiplies bfloat16 itself. Three ways on the same batches with the
same masks: float32; bfloat16 (autocast, as `--precision auto`) from the same initial
weights; and, as the control, float32 from other initial weights. A difference between
the precisions says something if it is larger than the control's.

- world: the recipe of `pretrain --world --optimizer muon`; nats of the right word and
  recall of facts in held-out wordings.
- english: the recipe of real_english.py, for `--steps` steps, with the text and the
  vocabulary in its `--work`; the loss on held-out documents.

A run that the output has is not made again.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from real_english import RECIPE, corpus, split_definitions, write_text
from record import RUNS, main
from torch import Tensor

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.run import evaluate_corpus
from bert_tutorial.training.device import has_bfloat16
from bert_tutorial.training.loop import Trainer, TrainingConfig
from bert_tutorial.training.shortcuts import cheapen_dropout
from bert_tutorial.world import World
from bert_tutorial.world.data import WorldData
from bert_tutorial.world.knowledge import answer_probes
from bert_tutorial.world.pretrain import minute_recipe

OUTPUT = RUNS / "precisions.json"
CPU = torch.device("cpu")
CONTROL = "float32, other initial weights"
WAYS = ("float32", "bfloat16", CONTROL)
OTHER = 1_000  # added to the seed of the initial weights, for the control
WORLD_EVERY, ENGLISH_EVERY = 100, 250


def learn(
    model: BertForPreTraining,
    config: TrainingConfig,
    batches: Iterator[dict[str, Tensor]],
    ask: Callable[[], dict[str, float]],
    every: int,
) -> list[dict[str, float]]:
    """Train a model, and ask it every few steps.

    Returns:
        For each time: the `step`, `training` (the mean masked-LM loss since the last
        time, nats), the `seconds` of the process in training until then, and what the
        questions gave.
    """
    cheapen_dropout(model)
    trainer = Trainer(model, config, CPU)
    curve, spent, losses = [], 0.0, []
    model.train()
    for step in range(1, config.steps + 1):
        began = time.process_time()
        group = [next(batches) for _ in range(config.accumulation_steps)]
        losses.append(float(trainer.backward(group)[0]))
        trainer.update(step)
        spent += time.process_time() - began
        if step % every == 0 or step == config.steps:
            training = round(sum(losses) / len(losses), 4)
            curve.append({"step": step, "training": training, "seconds": spent})
            curve[-1] |= ask()
            losses = []
            model.train()
    return [{name: round(value, 4) for name, value in one.items()} for one in curve]


def initial_seed(way: str, seed: int) -> int:
    """Give the seed of a way's initial weights."""
    return seed + OTHER if way == CONTROL else seed


def on_the_world(way: str, seed: int) -> list[dict[str, float]]:
    """Learn a mini-world."""
    recipe = minute_recipe(seed=seed)
    data = WorldData(World(seed), recipe)
    torch.manual_seed(initial_seed(way, seed))
    model = BertForPreTraining(recipe.config(len(data.tokenizer)))
    config = replace(recipe.training_config(), precision=way.split(",")[0])

    def ask() -> dict[str, float]:
        probes = data.world.probes("rephrased")
        answers = answer_probes(model, data.tokenizer, probes)
        nats = [-math.log(max(one.probability, 1e-30)) for one in answers]
        return {
            "nats": sum(nats) / len(nats),
            "recall": sum(one.rank == 1 for one in answers) / len(answers),
        }

    return learn(model, config, data.batches(recipe), ask, WORLD_EVERY)


def on_english(way: str, seed: int, steps: int, work: Path) -> list[dict[str, float]]:
    """Learn real English."""
    recipe = replace(RECIPE, steps=steps, precision=way.split(",")[0])
    data = corpus(work, seed)
    torch.manual_seed(initial_seed(way, seed))
    model = BertForPreTraining(recipe.model_config(len(data.tokenizer)))

    def ask() -> dict[str, float]:
        return {"nats": evaluate_corpus(model, data)["masked_lm"]}

    batches = data.batches(recipe.tokens_per_batch, recipe.mlm_probability)
    return learn(model, recipe.training_config(), batches, ask, ENGLISH_EVERY)


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Make the runs that are not there yet."""
    if not has_bfloat16(CPU):
        raise UserError("this processor has no instructions for bfloat16")
    if "english" in options.parts:
        if options.work is None or options.sources is None:
            raise UserError("english needs --sources and --work; or take --parts world")
        options.work.mkdir(parents=True, exist_ok=True)
        if not (options.work / "definitions").is_dir():
            split_definitions(options.sources, options.work)
        document["text"] = write_text(options.sources, options.work)
    torch.set_num_threads(options.threads)
    runs = document.setdefault("runs", [])
    for part in options.parts:
        for seed in options.seeds:
            for way in WAYS:
                key = {"text": part, "way": way, "seed": seed}
                key |= {"threads": options.threads}
                if any(key.items() <= one.items() for one in runs):
                    continue
                curve = (
                    on_the_world(way, seed)
                    if part == "world"
                    else on_english(way, seed, options.steps, options.work)
                )
                runs.append(key | {"nats": curve[-1]["nats"], "curve": curve})
                print(json.dumps(key), json.dumps(curve[-1]), flush=True)
                yield
    yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--sources", type=Path, help="what english_text.py reads")
    parser.add_argument("--work", type=Path, help="as of real_english.py")
    parser.add_argument("--steps", type=int, default=1_000, help="of English")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=("world", "english"),
        default=["world", "english"],
    )


if __name__ == "__main__":
    main(run, OUTPUT, options=add_options, goes_on=True)
