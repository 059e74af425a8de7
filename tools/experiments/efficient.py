"""Compare replaced tokens, and a student of a teacher, with masked language modelling.

    python tools/experiments/efficient.py                      # what is committed
    python tools/experiments/efficient.py --seeds 0 --output FILE

The lab's small world of chapter 13, one thread, without a pair task. "replaced tokens"
gets as many operations as "masked LM" takes in its steps. The student has half the
layers of "masked LM" and half its steps, and learns alone, then with that model as its
teacher, and with the teacher's probabilities softened at temperature 2. About a minute
and a half of one core for each seed; seeds that the file has are not run again.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from record import RUNS, main
from torch import Tensor, nn

from bert_tutorial.labs.ablation.lab import LabData, small_world
from bert_tutorial.labs.ablation.variants import LabRecipe
from bert_tutorial.labs.efficiency.candidates import (
    choice_recall,
    masked_scores,
    untouched_scores,
)
from bert_tutorial.labs.efficiency.cost import (
    forward_operations,
    lean_operations,
    step_operations,
)
from bert_tutorial.labs.efficiency.distillation import distilled_masked_lm
from bert_tutorial.labs.efficiency.replaced import (
    ReplacedTokenModel,
    replaced_token_loss,
)
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.training.optimizer import build_optimizer, linear_schedule
from bert_tutorial.world.knowledge import answer_probes, majority_recall, recall

RESULTS = RUNS / "efficient.json"
Batch = dict[str, Tensor]
Run = dict[str, Any]


@dataclass(frozen=True)
class Choices:
    """What the methods add to the lab's recipe; `weight` is the paper's."""

    weight: float = 50.0
    replaced_rate: float = 3e-3
    generator_layers: int = 1
    student_layers: int = 1
    student_steps: float = 0.5  # as a share of the recipe's
    share: float = 0.5


def learn(
    model: nn.Module,
    loss_of: Callable[[Batch], Tensor],
    data: LabData,
    recipe: LabRecipe,
    cost_of: Callable[[Batch], int],
) -> dict[str, float]:
    """Train with the trainer's optimizer and schedule; count operations on the way."""
    config = recipe.training_config()
    rate = config.learning_rate
    optimizer = build_optimizer(
        model, rate, config.betas, config.epsilon, config.weight_decay
    )
    batches, operations = data.batches(recipe), 0
    started = time.process_time()
    model.train()
    for step in range(1, config.steps + 1):
        batch = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = rate * linear_schedule(step, config.steps + 1, config.warmup)
        loss_of(batch).backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.max_gradient_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        operations += cost_of(batch)
    model.eval()
    seconds = round(time.process_time() - started, 1)
    return {"steps": config.steps, "operations": operations, "cpu_seconds": seconds}


def lean_cost(config: BertConfig, batch: Batch) -> dict[str, int]:
    """Count the forward operations of a masked-LM batch."""
    B, T = batch["input_ids"].shape
    is_scored = batch["labels"] != -100
    read = int(is_scored.sum(dim=1).max()) + 1  # and [CLS], which is never chosen
    parts = lean_operations(config, B, T, int(is_scored.sum()), read)
    return parts | {"pooler": 0}


def discriminator_cost(config: BertConfig, batch: Batch) -> int:
    """Count the forward operations of a discriminator: everything, at all positions."""
    B, T = batch["input_ids"].shape
    parts = forward_operations(config, B, T, 0)
    H = config.hidden_size
    return sum(parts.values()) - parts["pooler"] + 2 * B * T * (H * H + H)


def knowledge(model: nn.Module, data: LabData) -> dict[str, float]:
    """Measure facts in held-out wordings, among candidates and freely."""
    probes = data.world.probes("rephrased")
    found = {"majority": majority_recall(probes).share}
    if isinstance(model, ReplacedTokenModel):
        score = untouched_scores(model)
        guesser = masked_scores(model.generator)
        found["generator"] = choice_recall(guesser, data.tokenizer, probes).share
    else:
        assert isinstance(model, BertForPreTraining)
        score = masked_scores(model)
        found["recall"] = recall(answer_probes(model, data.tokenizer, probes)).share
    found["choice"] = choice_recall(score, data.tokenizer, probes).share
    return {name: round(value, 4) for name, value in found.items()}


def masked_lm(data: LabData, recipe: LabRecipe) -> tuple[BertForPreTraining, Run]:
    """Train with the masked-LM loss alone."""
    torch.manual_seed(recipe.seed)
    config = recipe.config(len(data.tokenizer))
    model = BertForPreTraining(config)
    done = learn(
        model,
        lambda batch: pretraining_loss(model, batch, lean=True).masked_lm,
        data,
        recipe,
        lambda batch: step_operations(lean_cost(config, batch)),
    )
    return model, {**done, **knowledge(model, data)}


def replaced_tokens(data: LabData, recipe: LabRecipe, choices: Choices) -> Run:
    """Train generator and discriminator."""
    torch.manual_seed(recipe.seed)
    config = recipe.config(len(data.tokenizer))
    model = ReplacedTokenModel(config, choices.generator_layers)
    random = torch.Generator().manual_seed(recipe.seed)
    done = learn(
        model,
        lambda batch: replaced_token_loss(model, batch, choices.weight, random).loss,
        data,
        replace(recipe, learning_rate=choices.replaced_rate),
        lambda batch: replaced_cost(config, choices, batch),
    )
    return {**done, **knowledge(model, data)}


def replaced_cost(config: BertConfig, choices: Choices, batch: Batch) -> int:
    """Count a step of both networks."""
    smaller = config.changed(num_hidden_layers=choices.generator_layers)
    guessing = sum(lean_cost(smaller, batch).values())
    return 3 * (guessing + discriminator_cost(config, batch))


def student(
    data: LabData,
    recipe: LabRecipe,
    choices: Choices,
    teacher: BertForPreTraining | None,
    temperature: float = 1.0,
) -> Run:
    """Train a small model, alone or with a teacher."""
    torch.manual_seed(recipe.seed)
    steps = round(recipe.steps * choices.student_steps)
    layers = choices.student_layers
    recipe = replace(recipe, steps=steps, num_hidden_layers=layers)
    config = recipe.config(len(data.tokenizer))
    model = BertForPreTraining(config)

    def loss_of(batch: Batch) -> Tensor:
        if teacher is None:
            return pretraining_loss(model, batch, lean=True).masked_lm
        share = choices.share
        return distilled_masked_lm(model, teacher, batch, share, temperature).loss

    def cost_of(batch: Batch) -> int:
        own = step_operations(lean_cost(config, batch))
        if teacher is None:
            return own
        return own + sum(lean_cost(teacher.config, batch).values())

    done = learn(model, loss_of, data, recipe, cost_of)
    size = sum(p.numel() for p in model.parameters())
    return {**done, "parameters": size, **knowledge(model, data)}


def equal_steps(data: LabData, recipe: LabRecipe, choices: Choices) -> int:
    """Say how many steps of replaced tokens cost as much as those of masked LM."""
    config = recipe.config(len(data.tokenizer))
    batches = data.batches(recipe)
    some = [next(batches) for _ in range(50)]
    ours = sum(step_operations(lean_cost(config, batch)) for batch in some)
    theirs = sum(replaced_cost(config, choices, batch) for batch in some)
    return round(recipe.steps * ours / theirs)


def run_seed(seed: int, steps: int, choices: Choices) -> list[Run]:
    """Make the five runs of a seed."""
    recipe = LabRecipe(seed=seed, steps=steps, pair_task="none")
    data = LabData(small_world(seed), recipe)
    teacher, plain = masked_lm(data, recipe)
    fewer = replace(recipe, steps=equal_steps(data, recipe, choices))
    found = {
        "masked LM": plain,
        "replaced tokens": replaced_tokens(data, fewer, choices),
        "student alone": student(data, recipe, choices, None),
        "student with teacher": student(data, recipe, choices, teacher, 1.0),
        "student with softened teacher": student(data, recipe, choices, teacher, 2.0),
    }
    return [{"variant": name, "seed": seed, **run} for name, run in found.items()]


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Make the runs that the file does not have."""
    choices = Choices(weight=options.weight, replaced_rate=options.rate)
    document["choices"] = vars(choices)
    runs: list[Run] = document.setdefault("runs", [])
    done = {run["seed"] for run in runs}
    for seed in options.seeds:
        if seed not in done:
            runs += run_seed(seed, options.steps, choices)
            print(*map(json.dumps, runs[-5:]), sep="\n", flush=True)
            yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--weight", type=float, default=Choices.weight)
    parser.add_argument("--rate", type=float, default=Choices.replaced_rate)


if __name__ == "__main__":
    main(run, RESULTS, options=add_options, goes_on=True)
