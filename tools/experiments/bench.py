"""Measure pretraining steps and sentence encoding against transformers.

    python tools/experiments/bench.py                     all cases, into the
        package's runs
    python tools/experiments/bench.py --cases tiny --rounds 2 --output bench.json

Rounds alternate between the sides; a ratio is that of the medians, transformers with
torch's fused attention being 1.0. One thread is timed by the CPU seconds of the
process, two by the clock: nothing else should run meanwhile. Before anything is timed,
both sides must give the same loss, or the same vectors.

Both sides get the same sequences with the same masks and start from the same weights;
each puts them into batches as it does in real use: transformers pads batches of rows in
random order, the package groups rows of like length. A third side, "lean loop", is
`lean.py`: plain modules in the manner of nanoGPT, on the batches of transformers, with
AdamW in one pass. Where the processor multiplies bfloat16 itself, both the package and
transformers are timed in it, too.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from lean import LeanBert, lean_twin
from record import RUNS, origin, store
from torch import Tensor

from bert_tutorial.model.bert import BertModel
from bert_tutorial.model.checkpoint import published_name
from bert_tutorial.model.config import BertConfig
from bert_tutorial.model.objectives import BertForPreTraining, pretraining_loss
from bert_tutorial.pretraining.batches import length_buckets
from bert_tutorial.training.device import has_bfloat16, mixed
from bert_tutorial.training.loop import Trainer, TrainingConfig
from bert_tutorial.training.shortcuts import cheapen_dropout

CPU = torch.device("cpu")
PRODUCTS = 20  # a round, to be longer than a moment


def seconds(work: Callable[[], object], threads: int = 1) -> float:
    """Time one call: CPU seconds for one thread, seconds by the clock for more."""
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    work()
    return clock() - start


Times = dict[str, list[float]]  # of each side, a number for each round


def alternate(
    works: dict[str, Callable[[], object]], rounds: int, threads: int = 1
) -> Times:
    """Time all in turn, round by round, after one that does not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            spent = seconds(work, threads)
            if number:
                times[name].append(spent)
    return times


def medians_of(times: Times) -> dict[str, float]:
    """Give the median of each side's rounds."""
    return {name: statistics.median(spent) for name, spent in times.items()}


def ranges(times: Times, sides: list[str], unit: str) -> dict[str, list[float]]:
    """Give for each side the lowest and the highest ratio that a round had.

    The ratio of a round is the time of the side `unit` by the side's own.
    """
    found = {}
    for side in sides:
        each = [a / b for a, b in zip(times[unit], times[side], strict=True)]
        found[side] = [round(min(each), 2), round(max(each), 2)]
    return found


def product_speed() -> Callable[[], object]:
    """Give the work of some products of 1024 x 1024 matrices: 2 * 1024^3 each."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return lambda: [a @ b for _ in range(PRODUCTS)]


def resident(key: str) -> int:
    """Read VmRSS or VmHWM (its peak) in bytes; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(x.split()[1]) * 1024 for x in lines if x.startswith(key)), 0)


Batch = dict[str, Tensor]
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Case:
    """One setting: padding is the expected share of places without a token."""

    name: str
    size: str
    rows: int
    length: int
    vocab: int
    padding: float
    attention_dropout: float = 0.1
    batches: int = 16
    threads: int = 1
    demand: float | None = None

    def config(self) -> BertConfig:
        """Describe the model; dropout is 0.1 elsewhere on both sides."""
        return BertConfig.named(
            self.size,
            vocab_size=self.vocab,
            attention_probs_dropout_prob=self.attention_dropout,
        )


def sentence_lengths(count: int, longest: int) -> Tensor:
    """Draw lengths of English sentences in pieces, their logarithms normal.

    The sentences of WikiText-2 (validation part, BERT's uncased vocabulary, with
    [CLS] and [SEP]) have logarithms of mean 3.44 and deviation 0.56.
    """
    lengths = torch.randn(count).mul(0.56).add(3.44).exp()
    return lengths.round().long().clamp(4, longest)


def lengths_of(case: Case) -> Tensor:
    """Draw lengths: full, uniform above 0.4 of the length, or skewed to short ones."""
    shares = torch.rand(case.rows * case.batches)
    if case.padding == 0:
        shares = torch.ones_like(shares)
    elif case.padding < 0.5:
        shares = 1 - 2 * case.padding * shares
    else:
        shares = shares ** (1 / (1 - case.padding) - 1)
    return (shares * case.length).round().long().clamp(8, case.length)


def rows_of(case: Case, lengths: Tensor | None = None) -> Batch:
    """Make all sequences of a case, padded to its length: 15 % to be predicted."""
    lengths = lengths_of(case) if lengths is None else lengths
    is_token = torch.arange(case.length) < lengths[:, None]
    ids = torch.randint(5, case.vocab, is_token.shape)
    chosen = (torch.rand(is_token.shape) < 0.15) & is_token
    chosen[:, 1] = True
    types = torch.arange(case.length) >= lengths[:, None] // 2
    return {
        "input_ids": ids.masked_fill(chosen, 4).masked_fill(~is_token, 0),
        "attention_mask": is_token.long(),
        "token_type_ids": (types & is_token).long(),
        "labels": ids.masked_fill(~chosen, -100),
        "next_sentence_label": torch.randint(0, 2, (len(lengths),)),
    }


def cut(rows: Batch, groups: list[Tensor], is_ours: bool) -> list[Batch]:
    """Deal rows into batches, each as long as its longest row."""
    lengths = rows["attention_mask"].sum(1)
    batches = []
    for group in groups:
        longest = int(lengths[group].max())
        batch = {
            key: value[group] if value.dim() == 1 else value[group, :longest]
            for key, value in rows.items()
        }
        if is_ours and bool((batch["attention_mask"] == 1).all()):
            del batch["attention_mask"]  # as the package's batches have it
        batches.append(batch)
    return batches


def contestants(case: Case, rows: Batch) -> dict[str, list[Batch]]:
    """Give each side its batches of the same rows.

    "ours" fills batches by places, as the package does; "ours, same updates" has as
    many rows in each batch as transformers, so that the number of updates is equal.
    """
    number = case.rows * case.batches
    lengths = rows["attention_mask"].sum(1)
    generator = torch.Generator().manual_seed(0)
    by_tokens = length_buckets(lengths, case.rows * case.length, generator)
    by_rows = list(lengths.argsort(stable=True).split(case.rows))
    given = list(torch.arange(number).split(case.rows))
    padded, packed = cut(rows, given, False), cut(rows, by_tokens, True)
    sides = {
        "transformers": padded,
        "ours": packed,
        "ours, same updates": cut(rows, by_rows, True),
        "lean loop": padded,
    }
    if has_bfloat16(CPU):
        sides |= {"transformers, bfloat16": padded, "ours, bfloat16": packed}
    return sides


def published_twin(model: BertForPreTraining) -> Any:
    """Open a model's weights in transformers, with torch's fused attention."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return transformers.BertForPreTraining.from_pretrained(
            folder, attn_implementation="sdpa"
        )


def ours_step(
    model: BertForPreTraining, precision: str = "float32", device: torch.device = CPU
) -> Callable[[Batch], None]:
    """Give the package's own step: forward, losses, backward, clipping, AdamW."""
    cheapen_dropout(model)
    config = TrainingConfig(steps=10**6, precision=precision)
    trainer = Trainer(model, config, device)
    model.train()
    steps = iter(range(1, 10**6))

    def step(batch: Batch) -> None:
        trainer.backward([batch])
        trainer.update(next(steps))

    return step


def published_step(
    model: Any,
    is_fused: bool,
    dtype: torch.dtype | None = None,
    device: torch.device = CPU,
) -> Callable[[Batch], None]:
    """Give the same step around transformers' model, written in the usual way.

    The lean model gives its loss itself.
    """
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-4, eps=1e-6, weight_decay=0.01, fused=is_fused or None
    )
    model.train()

    def step(batch: Batch) -> None:
        with mixed(device, dtype):
            output = model(**batch)
        loss = output if isinstance(output, Tensor) else output.loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def same_dropout(ours: BertForPreTraining, published: Any) -> None:
    """Make sure that both sides drop as much.

    Raises:
        ValueError: if they do not.
    """
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        here, there = getattr(ours.config, name), getattr(published.config, name)
        if here != there:
            raise ValueError(f"{name} must be the same, got {here} and {there}")


@torch.no_grad()
def same_loss(
    ours: BertForPreTraining, published: Any, lean: LeanBert, batch: Batch
) -> float:
    """Compare the losses of one batch, dropout off.

    Returns:
        The largest difference from transformers, in nats.

    Raises:
        ValueError: if it is not of the size of rounding.
    """
    for model in (ours, published, lean):
        model.eval()
    there = float(published(**batch).loss)
    losses = [float(pretraining_loss(ours, batch).loss), float(lean(**batch))]
    difference = max(abs(here - there) for here in losses)
    if not difference <= TOLERANCE * there:
        raise ValueError(f"all sides must have the same loss, got {losses} and {there}")
    return difference


def useful_flops(case: Case, rows: Batch) -> float:
    """Count what forward and backward must compute for real tokens alone.

    Matrix products only: 2 operations for each weight and token, attention's two
    products, vocabulary scores at the masked places. The last layer needs keys and
    values of all tokens, and everything else at the masked places and [CLS] alone.
    The backward pass costs twice the forward pass. The same number for both sides.
    """
    config = case.config()
    H, I, L = config.hidden_size, config.intermediate_size, config.num_hidden_layers  # noqa: E741
    lengths = rows["attention_mask"].sum(1).double()
    masked = (rows["labels"] != -100).sum(1).double()
    read = masked + 1  # places of each row that a loss reads
    tokens, scored = float(lengths.sum()), float(masked.sum())
    forward = 2 * (L - 1) * (4 * H * H + 2 * H * I) * tokens
    forward += 2 * (2 * H * H * tokens + (2 * H * H + 2 * H * I) * float(read.sum()))
    forward += 4 * H * float(((L - 1) * lengths**2 + read * lengths).sum())
    forward += scored * (2 * H * H + 2 * H * config.vocab_size)
    forward += len(lengths) * 2 * H * H
    return 3 * forward


BIG = 30_522
LONGEST = 256  # tokens of a sentence


def measure_encoding(size: str, count: int, rounds: int) -> dict[str, Any]:
    """Compare the encoding of sentences with lengths as in real text."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    case = Case(f"encode, {size}", size, count, LONGEST, BIG, 0.0, batches=1)
    rows = rows_of(case, sentence_lengths(count, LONGEST))
    model = BertModel(BertConfig.named(size, vocab_size=BIG)).eval()
    published = published_encoder(model)
    groups = groups_of(rows["attention_mask"].sum(1))
    keys = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {
        name: cut({key: rows[key] for key in keys}, given, name == "ours")
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
    times = alternate({n: lambda n=n: encode(n) for n in groups}, rounds)  # type: ignore[misc]
    medians = medians_of(times)
    return {
        "case": case.name,
        "sentences": count,
        "tokens": int(rows["attention_mask"].sum()),
        "vector_difference": difference,
        "sentences_per_second": {n: round(count / s) for n, s in medians.items()},
        "ratio": {n: round(medians[n] / medians["ours"], 2) for n in list(medians)[:2]},
        "demand": {"transformers": 2.5, "transformers, sorted": 1.0},
    }


def published_encoder(model: BertModel) -> Any:
    """Make transformers' encoder with the same weights and torch's fused attention."""
    config = transformers.BertConfig(**model.config.to_dict())
    config._attn_implementation = "sdpa"
    published = transformers.BertModel(config).eval()
    weights = {
        published_name(name).removeprefix("bert."): value
        for name, value in model.state_dict().items()
    }
    published.load_state_dict(weights)
    return published


def groups_of(lengths: torch.Tensor) -> dict[str, list[torch.Tensor]]:
    """Put sentences into batches: as they come, sorted, and by length as we do."""
    generator = torch.Generator().manual_seed(0)
    return {
        "transformers": list(torch.arange(len(lengths)).split(32)),
        "transformers, sorted": list(lengths.argsort(stable=True).split(32)),
        "ours": length_buckets(lengths, 1_024, generator, exact=True),
    }


RESULTS = RUNS / "bench.json"
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


def steps_of(
    model: BertForPreTraining,
    published: Any,
    lean: LeanBert,
    is_fused: bool,
) -> dict[str, Callable[[Batch], None]]:
    """Give the step of each side."""
    ours = ours_step(model)
    steps = {
        "transformers": published_step(published, is_fused),
        "ours": ours,
        "ours, same updates": ours,
        "lean loop": published_step(lean, is_fused=True),
    }
    if has_bfloat16(CPU):
        half = published_step(published, is_fused, torch.bfloat16)
        steps["transformers, bfloat16"] = half
        steps["ours, bfloat16"] = ours_step(model, "bfloat16")
    return steps


def measure_steps(case: Case, rounds: int, is_fused: bool) -> dict[str, Any]:
    """Compare the pretraining steps of a case."""
    torch.manual_seed(0)
    torch.set_num_threads(case.threads)
    rows = rows_of(case)
    batches = contestants(case, rows)
    model = BertForPreTraining(case.config())
    published = published_twin(model)
    lean = lean_twin(model)
    same_dropout(model, published)
    difference = same_loss(model, published, lean, batches["transformers"][0])
    steps = steps_of(model, published, lean, is_fused)

    def work(name: str) -> Callable[[], object]:
        return lambda: [steps[name](batch) for batch in batches[name]]

    works = {name: work(name) for name in batches}
    works["product"] = product_speed()
    times = alternate(works, rounds, case.threads)
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
        **speeds(case, rows, medians_of(times)),
        "ratio_range": ranges(times, list(batches), "transformers"),
        "share_of_time": {
            side: shares_of_time(works[side]) for side in ("ours", "transformers")
        },
        "peak_mib": {
            side: memory(case.name, side) for side in ("transformers", "ours")
        },
    }


# Where a step's time goes, by the names of torch's operations.
KINDS = {
    "matrix products": ("mm", "bmm", "addmm", "baddbmm", "mkldnn_linear", "linear"),
    "attention": ("flash_attention",),
    "layer norm": ("native_layer_norm",),
    "optimizer and clipping": ("adamw", "unscale", "foreach", "linalg_vector"),
    "GELU": ("gelu",),
    "dropout": ("dropout", "bernoulli", "random", "mask_scale", "where"),
    "softmax and loss": ("softmax", "nll_loss", "cross_entropy"),
    "sums, most of them of biases' gradients": ("sum",),
    "rows of tables": ("index", "embedding", "gather", "scatter"),
}


def kind_of(operation: str) -> str:
    """Name the kind of an operation such as "aten::addmm"."""
    name = operation.removeprefix("aten::").strip("_")
    if name in KINDS["matrix products"]:
        return "matrix products"
    for kind, parts in list(KINDS.items())[1:]:
        if any(part in name for part in parts):
            return kind
    return "element by element, and all else"


def shares_of_time(work: Callable[[], object]) -> dict[str, float]:
    """Profile some work: the share of each kind of operation in the time of all."""
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU]
    ) as seen:
        work()
    found: dict[str, float] = {}
    for event in seen.key_averages():
        kind = kind_of(event.key)
        found[kind] = found.get(kind, 0.0) + event.self_cpu_time_total
    whole = sum(found.values())
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    return {kind: round(spent / whole, 3) for kind, spent in ordered}


def tokens_of(rows: Batch) -> int:
    """Count the real tokens."""
    return int(rows["attention_mask"].sum())


def speeds(case: Case, rows: Batch, medians: dict[str, float]) -> dict[str, Any]:
    """Say how fast each side was, against the other and against a plain product."""
    peak = PRODUCTS * 2 * 1024**3 / medians.pop("product")
    flops, tokens = useful_flops(case, rows), tokens_of(rows)
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
    batches = contestants(case, rows_of(case))[side]
    model = BertForPreTraining(case.config())
    step = ours_step(model)
    if side == "transformers":
        config = transformers.BertConfig(**case.config().to_dict())
        config._attn_implementation = "sdpa"
        published = transformers.BertForPreTraining(config)
        step = published_step(published, False)
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
    keys = ("ratio", "ratio_range", "demand", "share_of_product_speed", "peak_mib")
    rest = {key: newest[key] for key in keys if key in newest}
    print(f"{newest['case']}: {json.dumps(rest)}", flush=True)
    store(output, document)


if __name__ == "__main__":
    main()
