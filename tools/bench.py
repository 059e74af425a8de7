"""Measure pretraining steps and sentence encoding against transformers.

    python tools/bench.py                     all cases, into the package's runs
    python tools/bench.py --cases tiny --rounds 2 --output bench.json

Rounds alternate between the sides; a ratio is that of the medians, transformers with
torch's fused attention being 1.0. One thread is timed by the CPU seconds of the
process, two by the clock: nothing else should run meanwhile. Before anything is timed,
both sides must give the same loss, or the same vectors.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bench_sides as sides
import torch
import transformers
from bench_sides import Case

from bert_tutorial.batching import length_buckets
from bert_tutorial.config import BertConfig
from bert_tutorial.model import BertModel
from bert_tutorial.objectives import BertForPreTraining

RESULTS = Path(__file__).resolve().parents[1] / "bert_tutorial/runs/bench.json"
BIG = 30_522
PRODUCTS = 20  # a round, to be longer than a moment
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
LONGEST = 256  # tokens of a sentence


def seconds(work: Callable[[], object], threads: int = 1) -> float:
    """Time one call: CPU seconds for one thread, seconds by the clock for more."""
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    work()
    return clock() - start


def alternate(
    works: dict[str, Callable[[], object]], rounds: int, threads: int = 1
) -> dict[str, float]:
    """Time all in turn, round by round, after one that does not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            spent = seconds(work, threads)
            if number:
                times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items()}


def product_speed() -> Callable[[], object]:
    """Give the work of some products of 1024 x 1024 matrices: 2 * 1024^3 each."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return lambda: [a @ b for _ in range(PRODUCTS)]


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
    peak = PRODUCTS * 2 * 1024**3 / medians.pop("product")
    flops = sides.useful_flops(case, rows)
    tokens = int(rows["attention_mask"].sum())
    ratio = {n: round(medians["transformers"] / s, 2) for n, s in medians.items()}
    return {
        "case": case.name,
        "batch": [case.rows, case.length],
        "vocabulary": case.vocab,
        "padding": round(1 - tokens / rows["labels"].numel(), 3),
        "dropout": [published.config.hidden_dropout_prob, case.attention_dropout],
        "threads": case.threads,
        "timed": "process CPU time" if case.threads == 1 else "clock",
        "loss_difference": difference,
        "updates": {name: len(list_) for name, list_ in batches.items()},
        "tokens_per_second": {n: round(tokens / s) for n, s in medians.items()},
        "ratio": ratio,
        "demand": case.demand,
        "product_gflops": round(peak / 1e9, 1),
        "share_of_product_speed": {
            n: round(flops / s / peak, 3) for n, s in medians.items()
        },
        "peak_mib": {
            side: memory(case.name, side) for side in ("transformers", "ours")
        },
    }


def memory(case: str, side: str) -> float | None:
    """Ask a fresh process for the memory of two rounds above that of the model."""
    command = [sys.executable, __file__, "--memory", side, "--cases", case]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def resident(key: str) -> int:
    """Read VmRSS or VmHWM (its peak) in bytes; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(x.split()[1]) * 1024 for x in lines if x.startswith(key)), 0)


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


def measure_encoding(size: str, count: int, rounds: int) -> dict[str, Any]:
    """Compare the encoding of sentences with lengths as in real text."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    case = Case(f"encode, {size}", size, count, LONGEST, BIG, 0.0, batches=1)
    rows = sides.rows_of(case, sides.sentence_lengths(count, LONGEST))
    lengths = rows["attention_mask"].sum(1)
    model = BertModel(BertConfig.named(size, vocab_size=BIG)).eval()
    config = transformers.BertConfig(**model.config.to_dict())
    config._attn_implementation = "sdpa"
    published = transformers.BertModel(config).eval()
    weights = {sides_name(n): p for n, p in model.state_dict().items()}
    published.load_state_dict(weights)
    groups = {
        "transformers": list(torch.arange(count).split(32)),
        "transformers, sorted": list(lengths.argsort(stable=True).split(32)),
        "ours": length_buckets(
            lengths, 1_024, torch.Generator().manual_seed(0), exact=True
        ),
    }
    keys = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {
        name: sides.cut({key: rows[key] for key in keys}, given, name == "ours")
        for name, given in groups.items()
    }

    def encode(name: str) -> torch.Tensor:
        run = model if name == "ours" else published
        first = torch.empty(count, model.config.hidden_size)
        with torch.inference_mode():
            for group, batch in zip(groups[name], inputs[name], strict=True):
                first[group] = run(**batch).last_hidden_state[:, 0]
        return first

    difference = float((encode("ours") - encode("transformers")).abs().max())
    if not difference < 1e-4:
        raise ValueError(f"vectors must be the same, got a difference of {difference}")
    medians = alternate({n: lambda n=n: encode(n) for n in groups}, rounds)  # type: ignore[misc]
    return {
        "case": case.name,
        "sentences": count,
        "tokens": int(lengths.sum()),
        "vector_difference": difference,
        "sentences_per_second": {n: round(count / s) for n, s in medians.items()},
        "ratio": {n: round(medians[n] / medians["ours"], 2) for n in list(medians)[:2]},
        "demand": {"transformers": 2.5, "transformers, sorted": 1.0},
    }


def sides_name(name: str) -> str:
    """Give a parameter's name in transformers' BertModel."""
    from bert_tutorial.checkpoint_names import published_name

    return published_name(name).removeprefix("bert.")


def machine() -> dict[str, str]:
    """Describe what was measured on, and when."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": names[0] if names else platform.processor(),
        "processors": str(len(names)),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "transformers": transformers.__version__,
    }


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
        "machine": machine(),
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
