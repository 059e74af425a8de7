"""Measure pretraining steps and sentence encoding against transformers.

    python tools/experiments/bench.py                     all cases, into the
        package's runs
    python tools/experiments/bench.py --cases tiny --rounds 2 --output bench.json

Rounds alternate between the sides; a ratio is that of the medians, transformers with
torch's fused attention being 1.0. One thread is timed by the CPU seconds of the
process, two by the clock: nothing else should run meanwhile. Before anything is timed,
both sides must give the same loss, or the same vectors.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench_sides as sides
import torch
import transformers
from bench_encoding import BIG, measure_encoding
from bench_sides import Batch, Case
from bench_timing import PRODUCTS, alternate, product_speed, resident
from run_record import origin

from bert_tutorial.model.objectives import BertForPreTraining

RESULTS = Path(__file__).resolve().parents[2] / "bert_tutorial/runs/bench.json"
CASES = [
    Case("tiny", "tiny", 64, 64, 2_400, 0.3, demand=1.7),
    Case("mini", "mini", 64, 64, 2_400, 0.3, demand=1.7),
    Case("mini, attention dropout 0", "mini", 64, 64, 2_400, 0.3, 0.0, demand=2.0),
    Case("mini, large vocabulary", "mini", 8, 128, BIG, 0.3, demand=3.5),
    Case("mini, large vocabulary, 60 % padding", "mini", 8, 128, BIG, 0.6, demand=5.0),
    Case("base", "base", 4, 128, BIG, 0.3, batches=2),
    Case("mini, two threads", "mini", 64, 64, 2_400, 0.3, threads=2),
]
SENTENCES = {"tiny": 1_000, "mini": 400}


def measure_steps(case: Case, rounds: int, is_fused: bool) -> dict[str, Any]:
    """Compare the pretraining steps of a case."""
    torch.manual_seed(0)
    torch.set_num_threads(case.threads)
    rows = sides.rows_of(case)
    batches = sides.contestants(case, rows)
    model = BertForPreTraining(case.config())
    published = sides.published_twin(model)
    sides.same_dropout(model, published)
    difference = sides.same_loss(model, published, batches["transformers"][0])
    ours = sides.ours_step(model)
    steps = {name: ours for name in batches}
    steps["transformers"] = sides.published_step(published, is_fused)

    def work(name: str) -> Callable[[], object]:
        return lambda: [steps[name](batch) for batch in batches[name]]

    works = {name: work(name) for name in batches}
    works["product"] = product_speed()
    medians = alternate(works, rounds, case.threads)
    return {
        "case": case.name,
        "batch": [case.rows, case.length],
        "vocabulary": case.vocab,
        "padding": round(1 - tokens_of(rows) / rows["labels"].numel(), 3),
        "dropout": [published.config.hidden_dropout_prob, case.attention_dropout],
        "threads": case.threads,
        "timed": "process CPU time" if case.threads == 1 else "clock",
        "loss_difference": difference,
        "updates": {name: len(list_) for name, list_ in batches.items()},
        **speeds(case, rows, medians),
        "peak_mib": {
            side: memory(case.name, side) for side in ("transformers", "ours")
        },
    }


def tokens_of(rows: Batch) -> int:
    """Count the real tokens."""
    return int(rows["attention_mask"].sum())


def speeds(case: Case, rows: Batch, medians: dict[str, float]) -> dict[str, Any]:
    """Say how fast each side was, against the other and against a plain product."""
    peak = PRODUCTS * 2 * 1024**3 / medians.pop("product")
    flops, tokens = sides.useful_flops(case, rows), tokens_of(rows)
    return {
        "tokens_per_second": {n: round(tokens / s) for n, s in medians.items()},
        "ratio": {n: round(medians["transformers"] / s, 2) for n, s in medians.items()},
        "demand": case.demand,
        "product_gflops": round(peak / 1e9, 1),
        "share_of_product_speed": {
            n: round(flops / s / peak, 3) for n, s in medians.items()
        },
    }


def memory(case: str, side: str) -> float | None:
    """Ask a fresh process for the memory of two rounds above that of the model."""
    command = [sys.executable, __file__, "--memory", side, "--cases", case]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def memory_here(case: Case, side: str) -> float | None:
    """Train through the batches in this process; MiB above the built model."""
    torch.manual_seed(0)
    torch.set_num_threads(case.threads)
    batches = sides.contestants(case, sides.rows_of(case))[side]
    model = BertForPreTraining(case.config())
    step = sides.ours_step(model)
    if side == "transformers":
        config = transformers.BertConfig(**case.config().to_dict())
        config._attn_implementation = "sdpa"
        published = transformers.BertForPreTraining(config)
        step = sides.published_step(published, False)
        del model
    before = resident("VmRSS")
    for batch in batches:
        step(batch)
    peak = resident("VmHWM")
    return round((peak - before) / 2**20, 1) if before else None


def main() -> None:
    """Measure the chosen cases one after the other; the file grows with each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    names = [case.name for case in CASES]
    every = [*names, *(f"encode, {size}" for size in SENTENCES)]
    parser.add_argument("--cases", nargs="+", choices=every, default=every)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fused", action="store_true", help="fused AdamW for both")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--memory", choices=["transformers", "ours"])
    options = parser.parse_args()
    chosen = [case for case in CASES if case.name in options.cases]
    if options.memory:
        print(json.dumps(memory_here(chosen[0], options.memory)))
        return
    transformers.logging.set_verbosity_error()
    results: list[dict[str, Any]] = []
    document = {
        **origin(),
        "rounds": options.rounds,
        "baseline_optimizer": "fused" if options.fused else "torch's default AdamW",
        "results": results,
    }
    for case in chosen:
        results.append(measure_steps(case, options.rounds, options.fused))
        show(document, options.output)
    for size, count in SENTENCES.items():
        if f"encode, {size}" in options.cases:
            results.append(measure_encoding(size, count, options.rounds))
            show(document, options.output)


def show(document: dict[str, Any], output: Path) -> None:
    """Print the newest result and write them all."""
    newest = document["results"][-1]
    keys = ("ratio", "demand", "share_of_product_speed", "peak_mib")
    rest = {key: newest[key] for key in keys if key in newest}
    print(f"{newest['case']}: {json.dumps(rest)}", flush=True)
    output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
