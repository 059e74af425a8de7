"""Measure pretraining on a GPU: tokens a second, share of the peak, loss against cost.

    python tools/experiments/gpu.py --peak 989
    python tools/experiments/gpu.py --peak 989 --corpus FOLDER --minutes 5

`--peak` is what the vendor says of dense bf16 products, in TFLOPS (989: an H100 or an
H200). The first command times a step of each size for three sides: the package's own,
transformers with torch's fused attention, and `lean.py`, plain modules in the manner of
nanoGPT; all of them in bf16, from the same weights, after their losses were found to be
the same. MFU is the share of the peak that the *necessary* operations make, see
`useful_flops` of `bench.py`. With `--corpus` each size is also pretrained for so many
minutes with the package's own loop, and its held-out loss is kept beside its seconds.

`--device cpu` tries the script where there is no GPU; its figures say nothing then.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from bench import (
    BIG,
    Batch,
    Case,
    contestants,
    ours_step,
    published_step,
    published_twin,
    rows_of,
    same_loss,
    tokens_of,
    useful_flops,
)
from lean import lean_twin
from record import RUNS, main

from bert_tutorial.files.errors import UserError
from bert_tutorial.model.config import SIZES
from bert_tutorial.model.objectives import BertForPreTraining
from bert_tutorial.pretraining.recipe import CorpusRecipe
from bert_tutorial.pretraining.run import pretrain_corpus
from bert_tutorial.training.device import has_bfloat16, pick_device

LADDER = ("tiny", "mini", "small", "base")
LENGTH = 128


def timed(work: Callable[[], object], device: torch.device, rounds: int) -> list[float]:
    """Time some work by the clock, after one call that does not count."""
    times = []
    for number in range(rounds + 1):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if number:
            times.append(time.perf_counter() - start)
    return times


def measure_size(size: str, options: argparse.Namespace) -> dict[str, Any]:
    """Time a step of each side."""
    device: torch.device = options.device
    case = Case(size, size, options.rows, LENGTH, BIG, 0.3, batches=options.batches)
    torch.manual_seed(0)
    rows = rows_of(case)
    batches = contestants(case, rows)
    model = BertForPreTraining(case.config())
    published, lean = published_twin(model), lean_twin(model)
    difference = same_loss(model, published, lean, batches["transformers"][0])
    half = torch.bfloat16 if has_bfloat16(device) else None
    precision = "float32" if half is None else "bfloat16"
    for one in (model, published, lean):
        one.to(device)
    steps = {
        "ours": ours_step(model, precision, device),
        "transformers": published_step(published, True, half, device),
        "lean loop": published_step(lean, True, half, device),
    }
    found: dict[str, Any] = {
        "size": size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "precision": precision,
        "loss_difference": difference,
    }
    for name, step in steps.items():
        times = step_times(step, batches[name], options)
        found[name] = speed_of(times, tokens_of(rows), useful_flops(case, rows))
        found[name]["mfu"] = round(found[name].pop("tflops") / options.peak, 4)
    if device.type == "cuda":
        found["peak_mib"] = round(torch.cuda.max_memory_allocated() / 2**20)
    return found


def step_times(
    step: Callable[[Batch], None], batches: list[Batch], options: argparse.Namespace
) -> list[float]:
    """Time a side's steps over all batches, round by round."""
    given = [
        {key: value.to(options.device) for key, value in batch.items()}
        for batch in batches
    ]

    def work() -> None:
        for batch in given:
            step(batch)

    return timed(work, options.device, options.rounds)


def speed_of(times: list[float], tokens: int, flops: float) -> dict[str, Any]:
    """Give tokens a second, the slowest and fastest round's, and TFLOPS."""
    middle = statistics.median(times)
    ends = [round(tokens / one) for one in (max(times), min(times))]
    return {
        "tokens_per_second": round(tokens / middle),
        "lowest_and_highest": ends,
        "tflops": flops / middle / 1e12,
    }


def climb(size: str, speed: float, options: argparse.Namespace) -> dict[str, Any]:
    """Pretrain a size for about so many minutes, at the speed that was measured."""
    tokens_a_batch = options.rows * LENGTH
    recipe = CorpusRecipe(
        config=size,
        steps=max(20, round(options.minutes * 60 * speed / tokens_a_batch)),
        tokens_per_batch=tokens_a_batch,
        max_length=LENGTH,
        learning_rate=options.rate[size],
    )
    start = time.perf_counter()
    run = pretrain_corpus(
        [options.corpus], recipe, output=options.work / size, device=options.device
    )
    return {
        "size": size,
        "steps": recipe.steps,
        "learning_rate": recipe.learning_rate,
        "seconds": round(time.perf_counter() - start, 1),
        "validation": run.report["validation"],
    }


def run(options: argparse.Namespace, document: dict[str, Any]) -> Iterator[None]:
    """Measure the sizes, then climb the ladder."""
    options.device = pick_device(options.device)
    if options.corpus is not None and options.work is None:
        raise UserError("--corpus needs --work, a folder for the models")
    if options.peak <= 0:
        raise UserError(f"--peak must be above 0, got {options.peak:g}")
    if options.device.type == "cuda":
        document["machine"]["gpu"] = torch.cuda.get_device_name()
    transformers.logging.set_verbosity_error()
    document |= {"peak_tflops": options.peak, "rows": options.rows, "steps": []}
    for size in options.sizes:
        document["steps"].append(measure_size(size, options))
        yield
    if options.corpus is None:
        return
    options.rate = {size: 1e-3 if SIZES[size][1] < 512 else 1e-4 for size in SIZES}
    document["ladder"] = []
    for size, one in zip(options.sizes, document["steps"], strict=True):
        speed = one["ours"]["tokens_per_second"]
        document["ladder"].append(climb(size, speed, options))
        yield


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment has."""
    parser.add_argument("--peak", type=float, required=True, metavar="TFLOPS")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=LADDER)
    parser.add_argument("--rows", type=int, default=256, help="of a batch")
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--corpus", type=Path, metavar="FOLDER")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="for the models")
    parser.add_argument("--minutes", type=float, default=5, help="of each size")


if __name__ == "__main__":
    main(run, RUNS / "gpu.json", seeds=None, options=add_options)
